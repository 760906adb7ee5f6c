#include "stages/normalize/encoding.hpp"

#include <cstddef>
#include <cstdint>

#include "stages/normalize/unicode.hpp"

namespace newsmill::normalize {
namespace {

// The UTF-8 form of a surrogate (ED A0 80 - ED BF BF), as CESU-8 and Java's "modified UTF-8" write.
std::uint32_t surrogate_at(std::string_view text, std::size_t at) noexcept {
    if (text.size() - at < 3 || text[at] != '\xED' || !is_continuation(text[at + 1]) ||
        !is_continuation(text[at + 2])) {
        return 0;
    }
    const auto middle = static_cast<unsigned char>(text[at + 1]);
    if (middle < 0xA0) return 0;
    return 0xD000 | ((middle & 0x3Fu) << 6) | (static_cast<unsigned char>(text[at + 2]) & 0x3Fu);
}

// One UTF-8 sequence that is spelt in characters of cp1252/latin1.
struct Sequence {
    std::size_t end = 0;   // one past its last byte in the text; 0: there is none
    char32_t value = 0;    // what it means
    unsigned lead = 0;     // its first byte
    unsigned second = 0;   // its second byte
    bool closing = false;  // its last sign is one that may stand after a word by right
};

bool may_close_word(char32_t c) noexcept {
    switch (c) {
        case 0xA0:
        case 0xAA:
        case 0xAE:
        case 0xB0:
        case 0xB9:
        case 0xB2:
        case 0xB3:
        case 0xBA:
        case 0xBB:
        case 0xAB:
        case 0xB7:
        case 0x2018:
        case 0x2019:
        case 0x201A:
        case 0x201C:
        case 0x201D:
        case 0x201E:
        case 0x2013:
        case 0x2014:
        case 0x2022:
        case 0x2026:
        case 0x2122:
        case 0x203A:
        case 0x2039: return true;
        default: return c >= 0x80 && c < 0xA0;  // cp1252's signs as raw bytes
    }
}

// `c` is the code point at text[at], the lead.
Sequence read_sequence(std::string_view text, std::size_t at, CodePoint c) noexcept {
    Sequence s;
    if (c.value < 0xC2 || c.value > 0xF4) return s;
    s.lead = c.value;
    const unsigned count = s.lead < 0xE0 ? 1 : s.lead < 0xF0 ? 2 : 3;
    s.value = s.lead & (0x3Fu >> count);
    std::size_t i = at + c.length;
    for (unsigned k = 0; k < count; ++k) {
        if (i >= text.size()) return s;
        const CodePoint next = decode_utf8(text, i);
        const int byte = next.length == 0 ? -1 : unicode_to_cp1252(next.value);
        if (byte < 0x80 || byte > 0xBF) return s;
        if (k == 0) s.second = static_cast<unsigned>(byte);
        s.closing = may_close_word(next.value);
        s.value = (s.value << 6) | (static_cast<unsigned>(byte) & 0x3F);
        i += next.length;
    }
    static constexpr char32_t kLeast[] = {0x80, 0x800, 0x10000};
    const bool surrogate = s.value >= 0xD800 && s.value < 0xE000;
    if (s.value < kLeast[count - 1] || s.value > 0x10FFFF || surrogate) return s;
    s.end = i;
    return s;
}

enum class Doubt : std::uint8_t { kNone, kSome, kMuch };

// How sure is it that a sequence that stands alone is mojibake?
Doubt doubt_of(std::string_view text, std::size_t at, const Sequence& s) noexcept {
    const CodePoint before = at == 0 ? CodePoint{} : decode_utf8_before(text, at);
    const bool after_upper = before.length != 0 && is_upper(before.value);
    if (s.lead >= 0xF0) return s.lead == 0xF0 && s.value < 0x20000 ? Doubt::kNone : Doubt::kMuch;
    if (s.lead == 0xE2) return s.second < 0xA0 ? Doubt::kNone : Doubt::kMuch;
    if (s.value == 0xFEFF || s.value == 0xFFFD) return Doubt::kNone;
    if (s.lead >= 0xE0) return Doubt::kMuch;
    if (s.lead == 0xD7 || s.lead == 0xDF) return Doubt::kMuch;  // "3×“", "Spaß“"
    if (s.closing && after_upper) return Doubt::kSome;
    if (s.lead <= 0xC3) return Doubt::kNone;
    const bool after_lower = before.length == 1 && is_ascii_lower(static_cast<char>(before.value));
    return after_lower ? Doubt::kNone : Doubt::kSome;
}

struct Evidence {
    std::size_t sure = 0;  // sequences that leave no doubt
    std::size_t wide = 0;  // those of them that stand in runs and mean CJK, Indic, …
};

// Sequences from text[at] on that follow each other without a gap.
struct Run {
    std::size_t end = 0;
    std::size_t count = 0;
    std::size_t wide = 0;
};

Run read_run(std::string_view text, std::size_t at, const Sequence& first) noexcept {
    Run run{first.end, 1, first.value >= 0x800 && first.lead != 0xE2};
    while (run.end < text.size()) {
        const CodePoint c = decode_utf8(text, run.end);
        if (c.length < 2) break;
        const Sequence next = read_sequence(text, run.end, c);
        if (next.end == 0) break;
        run.end = next.end;
        ++run.count;
        run.wide += next.value >= 0x800 && next.lead != 0xE2;
    }
    static_cast<void>(at);
    return run;
}

std::size_t skip_ascii(std::string_view text, std::size_t at) noexcept {
    while (at < text.size() && static_cast<unsigned char>(text[at]) < 0x80) ++at;
    return at;
}

Evidence weigh(std::string_view text) noexcept {
    Evidence evidence;
    std::size_t i = 0;
    while ((i = skip_ascii(text, i)) < text.size()) {
        const CodePoint c = decode_utf8(text, i);
        const Sequence s = c.length < 2 ? Sequence{} : read_sequence(text, i, c);
        if (s.end == 0) {
            i += c.length == 0 ? 1 : c.length;
            continue;
        }
        const Run run = read_run(text, i, s);
        if (run.count > 1) {
            evidence.sure += run.count;
            evidence.wide += run.wide;
        } else if (doubt_of(text, i, s) == Doubt::kNone) {
            ++evidence.sure;
        }
        i = run.end;
    }
    return evidence;
}

// In a text that is known to be broken: the remains of sequences that lost their last byte.
// Returns the bytes to skip, 0 if there is nothing to mend.
std::size_t mend_remains(std::string_view text, std::size_t at, CodePoint c, std::string& out) {
    const std::string_view rest = text.substr(at + c.length);
    const bool space_next = rest.empty() || rest.front() == ' ' || rest.front() == '\n';
    const bool after_word = at > 0 && is_ascii_alnum(text[at - 1]);
    if (c.value == 0xE2 && rest.starts_with("\xE2\x82\xAC")) {  // "â€" was ”, E2 80 9D
        out.append("\xE2\x80\x9D");
        return c.length + 3;
    }
    if (c.value == 0xC2 && space_next && !after_word) return c.length;  // was NBSP
    const bool after_lower = at > 0 && is_ascii_lower(text[at - 1]);
    if (c.value == 0xC3 && !rest.empty() && rest.front() == ' ' &&
        (after_lower || (at > 0 && text[at - 1] == ' '))) {
        out.append("\xC3\xA0");  // "à", C3 A0, whose A0 became a space
        return c.length;
    }
    return 0;
}

bool believe(std::string_view text, std::size_t at, const Sequence& s, const Run& run,
             const Evidence& evidence) noexcept {
    if (run.count > 1) return true;
    switch (doubt_of(text, at, s)) {
        case Doubt::kNone: return true;
        case Doubt::kSome: return evidence.sure > 0;
        default: return evidence.wide >= 2 && s.second != 0xA0 && s.lead != 0xDF;
    }
}

}  // namespace

void repair_utf8(std::string_view text, std::string& out) {
    std::size_t i = 0;
    while (i < text.size()) {
        const std::size_t run = i;
        CodePoint c;
        while (i < text.size() && (c = decode_utf8(text, i)).length != 0) i += c.length;
        out.append(text.substr(run, i - run));
        if (i == text.size()) return;
        const std::uint32_t high = surrogate_at(text, i);
        if (high == 0) {
            append_utf8(out, cp1252_to_unicode(static_cast<unsigned char>(text[i++])));
            continue;
        }
        const std::uint32_t low = text.size() - i > 3 ? surrogate_at(text, i + 3) : 0;
        if (high < 0xDC00 && low >= 0xDC00) {
            append_utf8(out, 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00));
            i += 6;
        } else {
            append_utf8(out, 0xFFFD);
            i += 3;
        }
    }
}

bool repair_mojibake(std::string_view text, std::string& out) {
    const Evidence evidence = weigh(text);
    if (evidence.sure == 0) return false;
    std::size_t i = 0;
    while (i < text.size()) {
        const std::size_t run_start = i;
        i = skip_ascii(text, i);
        out.append(text.substr(run_start, i - run_start));
        if (i == text.size()) break;
        const CodePoint c = decode_utf8(text, i);
        if (c.length == 0) {  // the caller repairs UTF-8 first; keep what it left
            out.push_back(text[i++]);
            continue;
        }
        const Sequence s = read_sequence(text, i, c);
        const Run run = s.end == 0 ? Run{} : read_run(text, i, s);
        if (s.end != 0 && believe(text, i, s, run, evidence)) {
            while (i < run.end) {
                const Sequence next = read_sequence(text, i, decode_utf8(text, i));
                append_utf8(out, next.value);
                i = next.end;
            }
            continue;
        }
        const std::size_t mended = mend_remains(text, i, c, out);
        if (mended == 0) out.append(text.substr(i, c.length));
        i += mended == 0 ? c.length : mended;
    }
    return true;
}

}  // namespace newsmill::normalize
