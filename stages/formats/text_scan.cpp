#include "stages/formats/text_scan.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace newsmill {
namespace {

constexpr std::uint64_t kOnes = 0x0101010101010101u;
constexpr std::uint64_t kHighs = 0x8080808080808080u;

std::uint64_t load_eight(const char* at) noexcept {
    std::uint64_t word;
    std::memcpy(&word, at, sizeof word);
    return word;
}

// The high bit of each byte that is zero. Exact: no borrow leaves a byte.
constexpr std::uint64_t zero_bytes(std::uint64_t word) noexcept {
    return ~(((word & ~kHighs) + ~kHighs) | word | ~kHighs);
}

bool needs_escape(char c) noexcept {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == '"' || byte == '\\';
}

// Goes on at `i`, byte by byte.
std::size_t copy_plain_tail(std::string_view text, std::size_t i, char* out) noexcept {
    for (; i < text.size() && !needs_escape(text[i]); ++i) out[i] = text[i];
    return i;
}

// The high bit of each byte that needs an escape.
std::uint64_t escapes_of(std::uint64_t word) noexcept {
    // A byte below 0x20 has its three top bits clear.
    return zero_bytes(word ^ (kOnes * '"')) | zero_bytes(word ^ (kOnes * '\\')) |
           zero_bytes(word & (kOnes * 0xE0));
}

// Two words that overlap, of a text that is no longer than both: true if none needs an escape.
template <typename Word>
bool copy_both_ends(std::string_view text, char* out) noexcept {
    Word first, last;
    const std::size_t at = text.size() - sizeof first;
    std::memcpy(&first, text.data(), sizeof first);
    std::memcpy(&last, text.data() + at, sizeof last);
    std::memcpy(out, &first, sizeof first);
    std::memcpy(out + at, &last, sizeof last);
    // What stands in a half that is filled up with spaces needs none.
    const std::uint64_t fill = sizeof first == 4 ? (kOnes * ' ') << 32 : 0;
    return (escapes_of(first | fill) | escapes_of(last | fill)) == 0;
}

// Of texts under 16 bytes, which most names and codes are.
std::size_t copy_plain_short(std::string_view text, char* out) noexcept {
    if (text.size() >= 8) {
        if (copy_both_ends<std::uint64_t>(text, out)) return text.size();
    } else if (text.size() >= 4) {
        if (copy_both_ends<std::uint32_t>(text, out)) return text.size();
    }
    return copy_plain_tail(text, 0, out);
}

bool is_space(char c) noexcept { return static_cast<unsigned char>(c) <= 0x20; }

// Words that begin in text[i..]; `was_space` is of the byte before.
std::size_t count_words_from(std::string_view text, std::size_t i, bool was_space) noexcept {
    std::size_t count = 0;
    for (; i < text.size(); ++i) {
        const bool space = is_space(text[i]);
        count += static_cast<std::size_t>(was_space & !space);
        was_space = space;
    }
    return count;
}

}  // namespace

namespace portable {

std::size_t copy_plain(std::string_view text, char* out) noexcept {
    std::size_t i = 0;
    for (; i + 8 <= text.size(); i += 8) {
        const std::uint64_t word = load_eight(text.data() + i);
        if (escapes_of(word) != 0) break;
        std::memcpy(out + i, &word, sizeof word);
    }
    return copy_plain_tail(text, i, out);
}

std::size_t count_words(std::string_view text) noexcept { return count_words_from(text, 0, true); }

std::size_t count_code_points(std::string_view text) noexcept {
    // Bytes that begin a code point are those that are not 10xxxxxx.
    std::size_t continuations = 0;
    std::size_t i = 0;
    for (; i + 8 <= text.size(); i += 8) {
        const std::uint64_t word = load_eight(text.data() + i);
        const std::uint64_t marks = (word >> 7) & (~word >> 6) & kOnes;
        continuations += static_cast<std::size_t>((marks * kOnes) >> 56);
    }
    for (; i < text.size(); ++i) {
        continuations += (static_cast<unsigned char>(text[i]) & 0xC0) == 0x80 ? 1 : 0;
    }
    return text.size() - continuations;
}

}  // namespace portable

#if defined(__SSE2__)

std::size_t count_code_points(std::string_view text) noexcept {
    const __m128i last_continuation = _mm_set1_epi8(static_cast<char>(0xBF));
    std::size_t starts = 0;
    std::size_t i = 0;
    while (i + 16 <= text.size()) {
        // One byte a lane counts up to 255 steps before its sum is taken.
        const std::size_t steps = std::min<std::size_t>((text.size() - i) / 16, 255);
        __m128i sums = _mm_setzero_si128();
        for (std::size_t step = 0; step < steps; ++step, i += 16) {
            const __m128i bytes =
                _mm_loadu_si128(reinterpret_cast<const __m128i*>(text.data() + i));
            // As signed bytes, continuations are the least.
            sums = _mm_sub_epi8(sums, _mm_cmpgt_epi8(bytes, last_continuation));
        }
        const __m128i total = _mm_sad_epu8(sums, _mm_setzero_si128());
        starts += static_cast<std::size_t>(_mm_cvtsi128_si32(total)) +
                  static_cast<std::size_t>(_mm_extract_epi16(total, 4));
    }
    return starts + portable::count_code_points(text.substr(i));
}

std::size_t copy_plain(std::string_view text, char* out) noexcept {
    const __m128i quote = _mm_set1_epi8('"');
    const __m128i backslash = _mm_set1_epi8('\\');
    const __m128i last_control = _mm_set1_epi8(0x1F);
    std::size_t i = 0;
    for (; i + 16 <= text.size(); i += 16) {
        const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text.data() + i));
        _mm_storeu_si128(reinterpret_cast<__m128i*>(out + i), bytes);
        // max(byte, 0x1F) == 0x1F holds for unsigned bytes up to 0x1F.
        const __m128i found = _mm_or_si128(
            _mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, backslash)),
            _mm_cmpeq_epi8(_mm_max_epu8(bytes, last_control), last_control));
        const auto mask = static_cast<std::uint32_t>(_mm_movemask_epi8(found));
        if (mask != 0) return i + static_cast<std::size_t>(std::countr_zero(mask));
    }
    return i + copy_plain_short(text.substr(i), out + i);
}

std::size_t count_words(std::string_view text) noexcept {
    if (text.empty()) return 0;
    const __m128i last_space = _mm_set1_epi8(0x20);
    std::size_t count = is_space(text[0]) ? 0 : 1;
    std::size_t i = 1;
    while (i + 16 <= text.size()) {
        // One byte a lane counts up to 255 steps before its sum is taken.
        const std::size_t steps = std::min<std::size_t>((text.size() - i) / 16, 255);
        __m128i sums = _mm_setzero_si128();
        for (std::size_t step = 0; step < steps; ++step, i += 16) {
            const char* at = text.data() + i;
            const __m128i here = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
            const __m128i before = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at - 1));
            const __m128i is = _mm_cmpeq_epi8(_mm_max_epu8(here, last_space), last_space);
            const __m128i was = _mm_cmpeq_epi8(_mm_max_epu8(before, last_space), last_space);
            sums = _mm_sub_epi8(sums, _mm_andnot_si128(is, was));
        }
        const __m128i total = _mm_sad_epu8(sums, _mm_setzero_si128());
        count += static_cast<std::size_t>(_mm_cvtsi128_si32(total)) +
                 static_cast<std::size_t>(_mm_extract_epi16(total, 4));
    }
    return count + count_words_from(text, i, is_space(text[i - 1]));
}

#else

std::size_t copy_plain(std::string_view text, char* out) noexcept {
    return portable::copy_plain(text, out);
}
std::size_t count_words(std::string_view text) noexcept { return portable::count_words(text); }
std::size_t count_code_points(std::string_view text) noexcept {
    return portable::count_code_points(text);
}

#endif

void CodePointIndex::build(std::string_view text, bool ascii) {
    text_ = text;
    ascii_ = ascii;
    counts_.clear();
    if (ascii) {
        total_ = static_cast<std::uint32_t>(text.size());
        return;
    }
    total_ = 0;
    for (std::size_t i = 0; i < text.size(); i += kBlockBytes) {
        counts_.push_back(total_);
        total_ += static_cast<std::uint32_t>(count_code_points(text.substr(i, kBlockBytes)));
    }
}

std::uint32_t CodePointIndex::at(std::uint32_t byte_offset) const noexcept {
    if (byte_offset >= text_.size()) return total_;
    if (ascii_) return byte_offset;
    const std::size_t block = byte_offset / kBlockBytes;
    const std::size_t start = block * kBlockBytes;
    return counts_[block] +
           static_cast<std::uint32_t>(count_code_points(text_.substr(start, byte_offset - start)));
}

}  // namespace newsmill
