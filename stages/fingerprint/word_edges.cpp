#include "stages/fingerprint/word_edges.hpp"

#include <array>
#include <bit>

#if defined(__x86_64__)
#if defined(__GNUC__) && !defined(__clang__)
// GCC 12 warns of the undefined registers in its own header (GCC bug 105593).
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <immintrin.h>
#endif

namespace newsmill {
namespace {

std::size_t count_bits(std::uint64_t bits) noexcept {
    bits -= bits >> 1 & 0x5555555555555555ull;
    bits = (bits & 0x3333333333333333ull) + (bits >> 2 & 0x3333333333333333ull);
    bits = (bits + (bits >> 4)) & 0x0F0F0F0F0F0F0F0Full;
    return bits * 0x0101010101010101ull >> 56;
}

// Writes the places of the bits, eight at a time: how many there are is hard to predict.
[[gnu::always_inline]] inline void write_edges(std::uint64_t bits, std::size_t base,
                                               std::uint32_t* out) noexcept {
    for (; bits != 0; out += 8) {
        for (int i = 0; i < 8; ++i) {
            const int bit = std::countr_zero(bits | std::uint64_t{1} << 63);
            out[i] = static_cast<std::uint32_t>(base) + static_cast<std::uint32_t>(bit);
            bits &= bits - 1;
        }
    }
}

struct Masks {
    std::uint64_t word = 0;
    std::uint64_t symbols = 0;
};

void note_symbols(std::uint64_t bits, std::size_t base, std::vector<std::uint32_t>& symbols) {
    for (; bits != 0; bits &= bits - 1) {
        symbols.push_back(static_cast<std::uint32_t>(base) +
                          static_cast<std::uint32_t>(std::countr_zero(bits)));
    }
}

Masks classify_plainly(const char* at) noexcept {
    Masks masks;
    for (unsigned i = 0; i < kEdgeBlock; ++i) {
        const auto c = static_cast<unsigned char>(at[i]);
        const bool word = c >= 0x80 || static_cast<unsigned char>((c | 0x20) - 'a') < 26 ||
                          static_cast<unsigned char>(c - '0') < 10;
        masks.word |= static_cast<std::uint64_t>(word) << i;
        masks.symbols |= static_cast<std::uint64_t>(c == '$' || c == '%') << i;
    }
    return masks;
}

static_assert(('$' | 1) == '%' && ('%' | 1) == '%', "one comparison finds both");

#if defined(__SSE2__)
std::uint64_t bits_of(__m128i bytes) noexcept {
    return static_cast<std::uint64_t>(static_cast<unsigned>(_mm_movemask_epi8(bytes)));
}

Masks classify(const char* at) noexcept {
    Masks masks;
    for (unsigned i = 0; i < kEdgeBlock / 16; ++i) {
        const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at + 16 * i));
        // Signed comparisons: bytes beyond ASCII are below zero.
        const __m128i lower = _mm_or_si128(bytes, _mm_set1_epi8(0x20));
        const __m128i letter = _mm_and_si128(_mm_cmpgt_epi8(lower, _mm_set1_epi8('a' - 1)),
                                             _mm_cmplt_epi8(lower, _mm_set1_epi8('z' + 1)));
        const __m128i digit = _mm_and_si128(_mm_cmpgt_epi8(bytes, _mm_set1_epi8('0' - 1)),
                                            _mm_cmplt_epi8(bytes, _mm_set1_epi8('9' + 1)));
        const __m128i word = _mm_or_si128(_mm_or_si128(letter, digit), bytes);
        const __m128i symbol =
            _mm_cmpeq_epi8(_mm_or_si128(bytes, _mm_set1_epi8(1)), _mm_set1_epi8('%'));
        masks.word |= bits_of(word) << (16 * i);
        masks.symbols |= bits_of(symbol) << (16 * i);
    }
    return masks;
}
#else
Masks classify(const char* at) noexcept { return classify_plainly(at); }
#endif

template <typename Classify>
std::size_t find_edges(const char* text, std::size_t size, std::uint32_t* edges,
                       std::vector<std::uint32_t>& symbols, Classify classify) {
    std::size_t count = 0;
    std::uint64_t inside = 0;
    // The zero bytes at the end close the last word.
    for (std::size_t base = 0; base < size + 1; base += kEdgeBlock) {
        const Masks masks = classify(text + base);
        const std::uint64_t bits = masks.word ^ (masks.word << 1 | inside);
        inside = masks.word >> 63;
        write_edges(bits, base, edges + count);
        count += count_bits(bits);
        if (masks.symbols != 0) note_symbols(masks.symbols, base, symbols);
    }
    return count;
}

#if defined(__x86_64__)
#define NEWSMILL_AVX2 [[gnu::target("avx2,bmi,bmi2,popcnt")]]

NEWSMILL_AVX2 inline std::uint64_t bits_of(__m256i bytes) noexcept {
    return static_cast<std::uint32_t>(_mm256_movemask_epi8(bytes));
}

NEWSMILL_AVX2 inline Masks classify_half(const char* at) noexcept {
    const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
    const __m256i lower = _mm256_or_si256(bytes, _mm256_set1_epi8(0x20));
    const __m256i letter = _mm256_and_si256(_mm256_cmpgt_epi8(lower, _mm256_set1_epi8('a' - 1)),
                                            _mm256_cmpgt_epi8(_mm256_set1_epi8('z' + 1), lower));
    const __m256i digit = _mm256_and_si256(_mm256_cmpgt_epi8(bytes, _mm256_set1_epi8('0' - 1)),
                                           _mm256_cmpgt_epi8(_mm256_set1_epi8('9' + 1), bytes));
    const __m256i symbol =
        _mm256_cmpeq_epi8(_mm256_or_si256(bytes, _mm256_set1_epi8(1)), _mm256_set1_epi8('%'));
    return {bits_of(_mm256_or_si256(_mm256_or_si256(letter, digit), bytes)), bits_of(symbol)};
}

// The loop again: a template cannot be for one kind of processor.
NEWSMILL_AVX2 std::size_t find_word_edges_avx2(const char* text, std::size_t size,
                                               std::uint32_t* edges,
                                               std::vector<std::uint32_t>& symbols) {
    std::size_t count = 0;
    std::uint64_t inside = 0;
    for (std::size_t base = 0; base < size + 1; base += kEdgeBlock) {
        const Masks low = classify_half(text + base), high = classify_half(text + base + 32);
        const std::uint64_t word = low.word | high.word << 32;
        const std::uint64_t bits = word ^ (word << 1 | inside);
        inside = word >> 63;
        write_edges(bits, base, edges + count);
        count += static_cast<std::size_t>(std::popcount(bits));
        const std::uint64_t found = low.symbols | high.symbols << 32;
        if (found != 0) note_symbols(found, base, symbols);
    }
    return count;
}
#undef NEWSMILL_AVX2

// The places come from one compression of the numbers 0 to 63 by the bits, in place of a loop.
[[gnu::target("avx512f,avx512bw,avx512vbmi2,popcnt")]] std::size_t find_word_edges_avx512(
    const char* text, std::size_t size, std::uint32_t* edges, std::vector<std::uint32_t>& symbols) {
    alignas(64) static constexpr auto kNumbers = [] {
        std::array<std::uint8_t, kEdgeBlock> numbers{};
        for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<std::uint8_t>(i);
        return numbers;
    }();
    const __m512i numbers = _mm512_load_si512(kNumbers.data());
    std::uint32_t* out = edges;
    std::uint64_t inside = 0;
    for (std::size_t base = 0; base < size + 1; base += kEdgeBlock) {
        const __m512i bytes = _mm512_loadu_si512(text + base);
        const __m512i from_a =
            _mm512_sub_epi8(_mm512_or_si512(bytes, _mm512_set1_epi8(0x20)), _mm512_set1_epi8('a'));
        const __m512i from_0 = _mm512_sub_epi8(bytes, _mm512_set1_epi8('0'));
        const std::uint64_t word = _mm512_cmplt_epu8_mask(from_a, _mm512_set1_epi8(26)) |
                                   _mm512_cmplt_epu8_mask(from_0, _mm512_set1_epi8(10)) |
                                   _mm512_movepi8_mask(bytes);
        const std::uint64_t bits = word ^ (word << 1 | inside);
        inside = word >> 63;
        __m512i places = _mm512_maskz_compress_epi8(bits, numbers);
        const __m512i first = _mm512_set1_epi32(static_cast<int>(base));
        const auto count = static_cast<std::size_t>(std::popcount(bits));
        for (std::size_t i = 0; i < count; i += 16) {
            const __m512i wide = _mm512_cvtepu8_epi32(_mm512_castsi512_si128(places));
            _mm512_storeu_si512(out + i, _mm512_add_epi32(wide, first));
            places = _mm512_alignr_epi64(places, places, 2);
        }
        out += count;
        const std::uint64_t found = _mm512_cmpeq_epi8_mask(
            _mm512_or_si512(bytes, _mm512_set1_epi8(1)), _mm512_set1_epi8('%'));
        if (found != 0) note_symbols(found, base, symbols);
    }
    return static_cast<std::size_t>(out - edges);
}
#endif

}  // namespace

std::size_t find_word_edges(const char* text, std::size_t size, std::uint32_t* edges,
                            std::vector<std::uint32_t>& symbols) {
    return find_edges(text, size, edges, symbols, classify);
}

std::size_t find_word_edges_plainly(const char* text, std::size_t size, std::uint32_t* edges,
                                    std::vector<std::uint32_t>& symbols) {
    return find_edges(text, size, edges, symbols, classify_plainly);
}

std::span<const FindWordEdges> word_edges_here() noexcept {
    static const std::vector<FindWordEdges> here = [] {
        std::vector<FindWordEdges> ways;
#if defined(__x86_64__)
        if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vbmi2"))
            ways.push_back(find_word_edges_avx512);
        if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
            __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("popcnt")) {
            ways.push_back(find_word_edges_avx2);
        }
#endif
        ways.push_back(find_word_edges);
        ways.push_back(find_word_edges_plainly);
        return ways;
    }();
    return here;
}

}  // namespace newsmill
