#include "stages/normalize/space.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include "pipeline/batch.hpp"
#include "stages/normalize/unicode.hpp"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace newsmill::normalize {
namespace {

// Scripts whose spelling needs ZWNJ and ZWJ: Arabic, Syriac, N'Ko and the Indic ones up to Khmer
// and Mongolian, with the Arabic presentation forms.
bool script_needs_joiners(char32_t c) noexcept {
    return (c >= 0x0600 && c < 0x1100) || (c >= 0x1780 && c < 0x18B0) ||
           (c >= 0xA8E0 && c < 0xA900) || (c >= 0xFB50 && c < 0xFE00) ||
           (c >= 0xFE70 && c < 0xFEFF) || (c >= 0x11000 && c < 0x12000);
}

bool is_emoji_part(char32_t c) noexcept {
    return c >= 0x1F000 || (c >= 0x2190 && c < 0x2C00) || c == 0xFE0F || c == 0x20E3;
}

bool is_right_to_left(char32_t c) noexcept {
    return (c >= 0x0590 && c < 0x0900) || (c >= 0xFB1D && c < 0xFE00) ||
           (c >= 0xFE70 && c < 0xFEFF) || (c >= 0x10800 && c < 0x11000) ||
           (c >= 0x1E800 && c < 0x1F000);
}

bool has_right_to_left(std::string_view text) noexcept {
    for (std::size_t i = 0; i < text.size();) {
        const CodePoint c = decode_utf8(text, i);
        if (is_right_to_left(c.value)) return true;
        i += c.length == 0 ? 1 : c.length;
    }
    return false;
}

bool is_space(char32_t c) noexcept {
    return c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x202F || c == 0x205F ||
           c == 0x3000;
}

bool is_invisible(char32_t c) noexcept {
    return c == 0xAD || c == 0x61C || c == 0x180E || (c >= 0x200B && c <= 0x200F) ||
           (c >= 0x202A && c <= 0x202E) || (c >= 0x2060 && c <= 0x206F) || c == 0xFEFF ||
           (c >= 0xFFF9 && c <= 0xFFFC) || (c & 0xFFFE) == 0xFFFE || (c >= 0xFDD0 && c <= 0xFDEF) ||
           (c >= 0xE0000 && c < 0xE0080);
}

bool is_plain(char c) noexcept {
    return c == '\n' ||
           (static_cast<unsigned char>(c) >= 0x20 && static_cast<unsigned char>(c) < 0x7F);
}

// The end of the run of printable ASCII and line feeds that begins at `i`.
std::size_t plain_end(std::string_view text, std::size_t i) noexcept {
#if defined(__SSE2__)
    for (; i + 16 <= text.size(); i += 16) {
        const __m128i v = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text.data() + i));
        // Signed: the controls and every byte of a non-ASCII character are below a space.
        const __m128i low = _mm_andnot_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('\n')),
                                             _mm_cmplt_epi8(v, _mm_set1_epi8(' ')));
        const __m128i stop = _mm_or_si128(low, _mm_cmpeq_epi8(v, _mm_set1_epi8(0x7F)));
        const int mask = _mm_movemask_epi8(stop);
        if (mask != 0)
            return i + static_cast<std::size_t>(std::countr_zero(static_cast<unsigned>(mask)));
    }
#endif
    while (i < text.size() && is_plain(text[i])) ++i;
    return i;
}

class CharacterCleaner {
   public:
    CharacterCleaner(std::string_view text, std::string& out) noexcept : text_(text), out_(out) {}

    std::uint32_t run() {
        std::size_t i = 0;
        while (i < text_.size()) {
            const std::size_t start = i;
            i = plain_end(text_, i);
            if (i > start) {
                out_.append(text_.substr(start, i - start));
                last_ = static_cast<unsigned char>(text_[i - 1]);
                if (i == text_.size()) break;
            }
            const CodePoint c = decode_utf8(text_, i);
            i += c.length == 0 ? 1 : c.length;
            if (c.length <= 1) {
                ascii(text_[i - 1], i);
            } else {
                wide(c.value, i);
            }
        }
        return repairs_;
    }

   private:
    // `next` is one past the character.
    void ascii(char c, std::size_t next) {
        if (c == '\n' || c == '\t' || c == '\r') {
            keep(static_cast<unsigned char>(c));
            return;
        }
        repairs_ |= kRepairControls;
        if (c == '\v' || c == '\f') {
            keep('\n');
        } else if (const char32_t sign = sign_cut_to(c, next); sign != 0) {
            keep(sign);
        }
    }

    // U+2013 to U+201D of which a careless conversion has kept the low byte alone; 0 if `c` stands
    // where that sign would not.
    char32_t sign_cut_to(char c, std::size_t next) const noexcept {
        const char32_t after = next < text_.size() ? decode_utf8(text_, next).value : ' ';
        const bool word_before = last_ > ' ' && last_ < 0x2000;
        const bool word_after = is_letter_or_digit(after);
        switch (c) {
            case 0x13:
            case 0x14:
                return last_ == ' ' && after == ' ' ? 0x2000u + static_cast<unsigned char>(c) : 0;
            case 0x18:
            case 0x1C:
                return !word_before && word_after ? 0x2000u + static_cast<unsigned char>(c) : 0;
            case 0x19: return word_before && word_after ? 0x2019 : 0;
            case 0x1D: return word_before && !word_after ? 0x201D : 0;
            default: return 0;
        }
    }

    void wide(char32_t c, std::size_t next) {
        if (c < 0xA0) {
            repairs_ |= kRepairControls;
            const char32_t sign = cp1252_to_unicode(static_cast<unsigned char>(c));
            if (sign >= 0xA0) keep(sign);
        } else if (is_space(c)) {
            repairs_ |= kRepairSpace;
            keep(' ');
        } else if (c == 0x2028 || c == 0x2029) {
            repairs_ |= kRepairSpace;
            keep('\n');
        } else if (is_invisible(c) && !needed(c, next)) {
            repairs_ |= kRepairInvisible;
        } else {
            keep(c);
        }
    }

    // May the invisible `c` stay? It stands before text_[next].
    bool needed(char32_t c, std::size_t next) {
        if (c == 0x200C || c == 0x200D) {
            const char32_t after = next < text_.size() ? decode_utf8(text_, next).value : 0;
            if (script_needs_joiners(last_) && script_needs_joiners(after)) return true;
            // Forms that end in a joiner ("ه‍" for an abbreviation) have no letter after it.
            if (c == 0x200D && script_needs_joiners(last_)) return true;
            return c == 0x200D && is_emoji_part(last_) && is_emoji_part(after);
        }
        if (c == 0x200E || c == 0x200F || c == 0x61C) {
            if (right_to_left_ < 0) right_to_left_ = has_right_to_left(text_) ? 1 : 0;
            return right_to_left_ == 1;
        }
        // Tag characters spell the flags of regions; alone they are hidden text.
        return c >= 0xE0020 && c < 0xE0080 &&
               (last_ == 0x1F3F4 || (last_ >= 0xE0020 && last_ < 0xE0080));
    }

    void keep(char32_t c) {
        append_utf8(out_, c);
        last_ = c;
    }

    std::string_view text_;
    std::string& out_;
    std::uint32_t repairs_ = 0;
    char32_t last_ = 0;
    int right_to_left_ = -1;  // not known yet
};

bool is_blank(char c) noexcept { return c == ' ' || c == '\t' || c == '\r'; }

std::string_view trim_blanks(std::string_view line) noexcept {
    while (!line.empty() && is_blank(line.front())) line.remove_prefix(1);
    while (!line.empty() && is_blank(line.back())) line.remove_suffix(1);
    return line;
}

// Where the next tab, CR or doubled blank begins, or the line's end. A single space is no break.
std::size_t find_blank_run(std::string_view line, std::size_t i) noexcept {
#if defined(__SSE2__)
    // 16 places a step, each looked at with the byte after it.
    for (; i + 17 <= line.size(); i += 16) {
        const auto load = [&](std::size_t at) {
            return _mm_loadu_si128(reinterpret_cast<const __m128i*>(line.data() + at));
        };
        const __m128i here = load(i), next = load(i + 1);
        const __m128i space = _mm_set1_epi8(' ');
        const __m128i others = _mm_or_si128(_mm_cmpeq_epi8(here, _mm_set1_epi8('\t')),
                                            _mm_cmpeq_epi8(here, _mm_set1_epi8('\r')));
        // A space before a space or a control character gets the closer look below.
        const __m128i pair = _mm_and_si128(_mm_cmpeq_epi8(here, space),
                                           _mm_cmpeq_epi8(_mm_max_epu8(next, space), space));
        const int mask = _mm_movemask_epi8(_mm_or_si128(others, pair));
        if (mask != 0) {
            i += static_cast<std::size_t>(std::countr_zero(static_cast<unsigned>(mask)));
            break;
        }
    }
#endif
    while (i < line.size() && line[i] != '\t' && line[i] != '\r' &&
           !(line[i] == ' ' && i + 1 < line.size() && is_blank(line[i + 1]))) {
        ++i;
    }
    return i;
}

// Appends `line`, trimmed, with its runs of blanks as single spaces.
void append_collapsed(std::string_view line, std::string& out) {
    std::size_t i = 0;
    while (i < line.size()) {
        const std::size_t start = i;
        i = find_blank_run(line, i);
        out.append(line.substr(start, i - start));
        if (i == line.size()) return;
        while (i < line.size() && is_blank(line[i])) ++i;
        out.push_back(' ');
    }
}

std::uint32_t count_code_points(std::string_view line) noexcept {
    std::uint32_t count = 0;
    for (const char c : line) count += !is_continuation(c);
    return count;
}

std::uint32_t first_word_length(std::string_view line) noexcept {
    // Text without spaces (Chinese, Thai) has no first word: a bound keeps its lines from looking
    // wrapped.
    constexpr std::size_t kWordMax = 24;
    return std::min<std::uint32_t>(count_code_points(line.substr(0, line.find(' '))), kWordMax);
}

bool ends_sentence(std::string_view line) noexcept {
    static constexpr std::string_view kClosers[] = {"\"",           "'",       ")", "\xE2\x80\x9D",
                                                    "\xE2\x80\x99", "\xC2\xBB"};
    for (bool again = true; again;) {
        again = false;
        for (const std::string_view closer : kClosers) {
            if (line.ends_with(closer)) {
                line.remove_suffix(closer.size());
                again = true;
            }
        }
    }
    static constexpr std::string_view kEnds[] = {".",
                                                 "!",
                                                 "?",
                                                 ":",
                                                 ";",
                                                 "\xE2\x80\xA6",
                                                 "\xE3\x80\x82",
                                                 "\xEF\xBC\x81",
                                                 "\xEF\xBC\x9F",
                                                 "\xE0\xA5\xA4",
                                                 "\xD8\x9F",
                                                 "\xDB\x94"};
    return line.empty() || std::any_of(std::begin(kEnds), std::end(kEnds),
                                       [&](std::string_view end) { return line.ends_with(end); });
}

}  // namespace

std::uint32_t clean_characters(std::string_view text, std::string& out) {
    return CharacterCleaner(text, out).run();
}

void shape_line(std::string_view text, std::string& out) {
    std::size_t at = 0;
    bool first = true;
    while (at < text.size()) {
        const std::size_t end = std::min(text.find_first_of("\n\r", at), text.size());
        const std::string_view line = trim_blanks(text.substr(at, end - at));
        if (!line.empty()) {
            if (!first) out.push_back(' ');
            append_collapsed(line, out);
            first = false;
        }
        at = end + 1;
    }
}

// CR LF, LF and a lone CR each end a line.
void ParagraphShaper::split(std::string_view text) {
    lines_.clear();
    bool after_blank = true;
    std::size_t next_cr = text.find('\r');
    for (std::size_t at = 0; at < text.size();) {
        const void* lf = std::memchr(text.data() + at, '\n', text.size() - at);
        std::size_t end =
            lf == nullptr ? text.size()
                          : static_cast<std::size_t>(static_cast<const char*>(lf) - text.data());
        if (next_cr < at) next_cr = text.find('\r', at);
        std::size_t next = end + 1;
        if (next_cr < end) {
            next = next_cr + 1 == end ? end + 1 : next_cr + 1;
            end = next_cr;
        }
        Line line;
        const std::string_view whole = text.substr(at, end - at);
        line.text = trim_blanks(whole);
        if (line.text.empty()) {
            after_blank = true;
        } else {
            line.after_blank = after_blank;
            line.indented = whole.starts_with("  ") || whole.starts_with("\t");
            after_blank = false;
            lines_.push_back(line);
        }
        at = next;
    }
}

bool ParagraphShaper::joins(const Line& line, const Line& next) const noexcept {
    return !next.after_blank && !next.indented && line.length <= width_ &&
           line.length + 1 + first_word_length(next.text) > width_;
}

bool ParagraphShaper::hard_wrapped() {
    constexpr std::uint32_t kWidthMin = 45, kWidthMax = 100;
    constexpr std::size_t kPairsMin = 3;
    std::size_t pairs = 0, too_long = 0;
    width_ = 0;
    for (std::size_t i = 0; i < lines_.size(); ++i) {
        Line& line = lines_[i];
        const bool last = i + 1 == lines_.size() || lines_[i + 1].after_blank;
        if (!last) ++pairs;
        if (last && line.after_blank) continue;  // a line alone says nothing of the width
        // Lines of more bytes than any width can have need no counting.
        line.length =
            line.text.size() > 4 * kWidthMax ? kWidthMax + 1 : count_code_points(line.text);
        if (line.length > kWidthMax) {
            ++too_long;
        } else {
            width_ = std::max(width_, line.length);
        }
    }
    if (pairs < kPairsMin || width_ < kWidthMin || too_long * 20 > pairs) return false;
    std::size_t joined = 0, within = 0, odd = 0;
    for (std::size_t i = 0; i + 1 < lines_.size(); ++i) {
        if (lines_[i + 1].after_blank) continue;
        const bool ends = ends_sentence(lines_[i].text);
        if (joins(lines_[i], lines_[i + 1])) {
            ++joined;
            within += !ends;
        } else {
            odd += !ends;
        }
    }
    return joined >= kPairsMin && within * 2 >= joined && odd * 8 <= pairs;
}

void ParagraphShaper::shape(std::string_view text, std::string& out) {
    split(text);
    const bool wrapped = hard_wrapped();
    for (std::size_t i = 0; i < lines_.size(); ++i) {
        if (i > 0) {
            if (wrapped && joins(lines_[i - 1], lines_[i])) {
                out.push_back(' ');
            } else {
                out.append("\n\n");
            }
        }
        append_collapsed(lines_[i].text, out);
    }
}

}  // namespace newsmill::normalize
