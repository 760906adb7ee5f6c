#include "stages/normalize/scan.hpp"

#include <array>
#include <bit>
#include <cstddef>

#include "stages/normalize/entities.hpp"
#include "stages/normalize/unicode.hpp"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace newsmill::normalize {
namespace {

constexpr std::size_t kBlock = 64;

struct Masks {
    std::uint64_t look = 0;   // bytes that need a closer look
    std::uint64_t space = 0;  // ' '
};

#if defined(__SSE2__)
Masks classify_block(const char* at) noexcept {
    Masks masks;
    for (unsigned i = 0; i < 4; ++i) {
        const __m128i v = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at + 16 * i));
        const __m128i space = _mm_cmpeq_epi8(v, _mm_set1_epi8(' '));
        // Signed: below 0x20 are the controls and every byte of a non-ASCII character.
        __m128i look = _mm_cmplt_epi8(v, _mm_set1_epi8(' '));
        look = _mm_or_si128(look, _mm_cmpeq_epi8(v, _mm_set1_epi8('&')));
        look = _mm_or_si128(look, _mm_cmpeq_epi8(v, _mm_set1_epi8('<')));
        look = _mm_or_si128(look, _mm_cmpeq_epi8(v, _mm_set1_epi8(';')));
        look = _mm_or_si128(look, _mm_cmpeq_epi8(v, _mm_set1_epi8(0x7F)));
        masks.look |= static_cast<std::uint64_t>(static_cast<unsigned>(_mm_movemask_epi8(look)))
                      << (16 * i);
        masks.space |= static_cast<std::uint64_t>(static_cast<unsigned>(_mm_movemask_epi8(space)))
                       << (16 * i);
    }
    return masks;
}
#endif

constexpr bool needs_look(unsigned char c) noexcept {
    return c < 0x20 || c >= 0x7F || c == '&' || c == '<' || c == ';';
}

Masks classify_bytes(const char* at, std::size_t count) noexcept {
    Masks masks;
    for (std::size_t i = 0; i < count; ++i) {
        const auto c = static_cast<unsigned char>(at[i]);
        masks.look |= static_cast<std::uint64_t>(needs_look(c)) << i;
        masks.space |= static_cast<std::uint64_t>(c == ' ') << i;
    }
    return masks;
}

// The blocks of news whose characters are NFC whatever stands beside them: a mark that would
// compose with one of them, or a jamo with a syllable, is looked at itself.
constexpr bool is_always_composed(char32_t c) noexcept {
    if (c < 0x700)
        return (c >= 0x388 && c < 0x400) || (c >= 0x5D0 && c < 0x5EB) || (c >= 0x620 && c < 0x64B);
    if (c < 0x3000)
        return (c >= 0x1EA0 && c < 0x1EFA) || (c >= 0x20A0 && c < 0x20C1) || c == 0x2122 ||
               (c >= 0x2190 && c < 0x21FF) || (c >= 0x25A0 && c < 0x2700);
    return c < 0x302A || (c >= 0x3041 && c < 0x3097) || (c >= 0x30A1 && c < 0x30FB) ||
           (c >= 0xAC00 && c < 0xD7A4) || (c >= 0xFF01 && c < 0xFF5F) ||
           (c >= 0x1F300 && c < 0x1FB00);
}

// Issues of one code point >= U+0080 that are its own, whatever stands beside it.
std::uint32_t issues_of(char32_t c) noexcept {
    if (c < 0x300) {
        if (c < 0xA0) return kIssueControl;
        if (c == 0xA0) return kIssueSpace;
        return c == 0xAD ? std::uint32_t{kIssueInvisible} : 0;
    }
    if (c >= 0x400 && c < 0x480) return 0;  // Cyrillic letters are NFC; the marks are U+0483 on
    if (c >= 0x2010 && c < 0x2028) return 0;
    if (c >= 0x4E00 && c < 0xA000) return 0;
    if (c >= 0x2000 && c < 0x2070) {
        if (c < 0x200B || c == 0x202F || c == 0x205F) return kIssueSpace | kIssueNfc;
        if (c == 0x2028 || c == 0x2029) return kIssueSpace | kIssueBreaks;
        if (c < 0x2010 || (c >= 0x202A && c < 0x202F) || c >= 0x2060) return kIssueInvisible;
        return 0;
    }
    if (c == 0x1680 || c == 0x3000) return kIssueSpace;
    if (c == 0x180E || c == 0x61C || c == 0xFEFF || (c >= 0xFFF9 && c <= 0xFFFC)) {
        return kIssueInvisible;
    }
    if ((c & 0xFFFE) == 0xFFFE || (c >= 0xFDD0 && c <= 0xFDEF)) return kIssueInvisible;
    if (c >= 0xE0000 && c < 0xE0080) return kIssueInvisible;
    return is_always_composed(c) ? 0 : std::uint32_t{kIssueNfc};
}

class Scanner {
   public:
    explicit Scanner(std::string_view text) noexcept : text_(text) {}

    Scan run() noexcept {
        for (std::size_t base = 0; base < text_.size(); base += kBlock) {
            const std::size_t count = text_.size() - base;
#if defined(__SSE2__)
            block(base, count >= kBlock ? classify_block(text_.data() + base)
                                        : classify_bytes(text_.data() + base, count));
#else
            block(base, classify_bytes(text_.data() + base, count < kBlock ? count : kBlock));
#endif
        }
        if (!text_.empty() && (text_.front() == ' ' || text_.back() == ' ')) {
            scan_.issues |= kIssueSpace;
        }
        return scan_;
    }

   private:
    void block(std::size_t base, Masks masks) noexcept {
        if ((masks.space & ((masks.space << 1) | space_carry_)) != 0) scan_.issues |= kIssueSpace;
        space_carry_ = masks.space >> 63;
        while (masks.look != 0) {
            const std::size_t at = base + static_cast<std::size_t>(std::countr_zero(masks.look));
            masks.look &= masks.look - 1;
            if (at < resume_) continue;
            const char c = text_[at];
            if (static_cast<unsigned char>(c) >= 0x80) {
                high(at);
                if (resume_ >= base + kBlock) return;
                masks.look &= ~std::uint64_t{0} << (resume_ - base);
            } else {
                ascii(at, c);
            }
        }
    }

    void high(std::size_t at) noexcept {
        scan_.ascii = false;
        while (at < text_.size() && static_cast<unsigned char>(text_[at]) >= 0x80) {
            const CodePoint c = decode_utf8(text_, at);
            if (c.length == 0) {
                scan_.issues |= kIssueUtf8;
                ++at;
                continue;
            }
            scan_.issues |= issues_of(c.value);
            at += c.length;
            if (c.value >= 0xC2 && c.value <= 0xF4 && at < text_.size() &&
                may_continue(text_[at])) {
                scan_.issues |= kIssueMojibake;
            }
        }
        resume_ = at;
    }

    // First bytes of the characters that cp1252 and latin1 show for a UTF-8 continuation byte.
    static bool may_continue(char c) noexcept {
        const auto byte = static_cast<unsigned char>(c);
        return byte == 0xC2 || byte == 0xC5 || byte == 0xC6 || byte == 0xCB || byte == 0xE2;
    }

    void ascii(std::size_t at, char c) noexcept {
        switch (c) {
            case '\n': newline(at); break;
            case '\r': scan_.issues |= kIssueSpace | kIssueNewline; break;
            case '\t': scan_.issues |= kIssueSpace; break;
            case '&':
                if (may_be_entity(text_, at)) scan_.issues |= kIssueEntity;
                break;
            case ';':
                if (ends_broken_entity(text_, at)) scan_.issues |= kIssueEntity;
                break;
            case '<': tag(at); break;
            default: scan_.issues |= kIssueControl;
        }
    }

    void newline(std::size_t at) noexcept {
        scan_.issues |= kIssueNewline;
        std::size_t end = at + 1;
        while (end < text_.size() && text_[end] == '\n') ++end;
        if (end - at != 2 || at == 0 || end == text_.size()) scan_.issues |= kIssueBreaks;
        if ((at > 0 && text_[at - 1] == ' ') || (end < text_.size() && text_[end] == ' ')) {
            scan_.issues |= kIssueSpace | kIssueBreaks;
        }
        resume_ = end;
    }

    void tag(std::size_t at) noexcept {
        if (at + 1 == text_.size()) return;
        const char next = text_[at + 1];
        if (is_ascii_letter(next) || next == '/' || next == '!' || next == '?') {
            scan_.issues |= kIssueTag;
        }
    }

    std::string_view text_;
    Scan scan_;
    std::uint64_t space_carry_ = 0;
    std::size_t resume_ = 0;  // everything before it has been looked at
};

}  // namespace

Scan scan_text(std::string_view text) noexcept { return Scanner(text).run(); }

}  // namespace newsmill::normalize
