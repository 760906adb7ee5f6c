// Sixty-four bytes of a text as bit sets: bit i says whether byte i is of a class. Finding words by
// counting zeros in such sets costs no mispredicted branch a word, which a loop over bytes does.
//
// A value of its own; views nothing. SSE2 where the compiler has it, else a loop that vectorizes
// as well as it can; both give the same sets.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace newsmill {

// The lowest `count` bits.
constexpr std::uint64_t low_bits(unsigned count) noexcept {
    return count >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << count) - 1;
}

class ByteBlock {
   public:
    static constexpr unsigned kBytes = 64;

    // The bytes from `at` on; zeros where the text has no more.
    ByteBlock(std::string_view text, std::size_t at) noexcept {
        if (at + kBytes <= text.size()) {
            load(text.data() + at);
        } else {
            std::array<char, kBytes> rest{};
            if (at < text.size()) std::memcpy(rest.data(), text.data() + at, text.size() - at);
            load(rest.data());
        }
    }

#ifdef __SSE2__
    std::uint64_t equal(char c) const noexcept {
        return collect([c](__m128i bytes) { return _mm_cmpeq_epi8(bytes, _mm_set1_epi8(c)); });
    }
    std::uint64_t high() const noexcept {  // 0x80 and more
        return collect([](__m128i bytes) { return bytes; });
    }
    std::uint64_t lower() const noexcept { return range<'a', 'z'>(0); }
    std::uint64_t letters() const noexcept { return range<'a', 'z'>(0x20); }
    std::uint64_t digits() const noexcept { return range<'0', '9'>(0); }
    bool has_high() const noexcept {
        const __m128i all =
            _mm_or_si128(_mm_or_si128(parts_[0], parts_[1]), _mm_or_si128(parts_[2], parts_[3]));
        return _mm_movemask_epi8(all) != 0;
    }
    // Letters, digits and 0x80 and more, at less than the cost of the three.
    std::uint64_t word_bytes() const noexcept {
        return collect([](__m128i bytes) {
            const __m128i small = _mm_or_si128(bytes, _mm_set1_epi8(0x20));
            return _mm_or_si128(bytes,
                                _mm_or_si128(in_range<'a', 'z'>(small), in_range<'0', '9'>(bytes)));
        });
    }
    // Of 0x80 to `last`; `last` itself too.
    std::uint64_t high_up_to(char last) const noexcept {
        return collect([last](__m128i bytes) {
            return _mm_andnot_si128(_mm_cmpgt_epi8(bytes, _mm_set1_epi8(last)), bytes);
        });
    }
    std::uint64_t either(char a, char b) const noexcept {
        return collect([a, b](__m128i bytes) {
            return _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(a)),
                                _mm_cmpeq_epi8(bytes, _mm_set1_epi8(b)));
        });
    }

   private:
    // At -O2 a loop of four is not unrolled unless it is asked for, and the parts stay in memory.
    void load(const char* from) noexcept {
#pragma GCC unroll 4
        for (std::size_t i = 0; i < 4; ++i) {
            parts_[i] = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + 16 * i));
        }
    }
    // A signed comparison: `Last` is moved to 127, so that all above it turn negative.
    template <char First, char Last>
    static __m128i in_range(__m128i bytes) noexcept {
        return _mm_cmpgt_epi8(_mm_add_epi8(bytes, _mm_set1_epi8(127 - Last)),
                              _mm_set1_epi8(126 - Last + First));
    }
    template <char First, char Last>
    std::uint64_t range(char set) const noexcept {
        return collect([set](__m128i bytes) {
            return in_range<First, Last>(_mm_or_si128(bytes, _mm_set1_epi8(set)));
        });
    }
    template <typename Test>
    std::uint64_t collect(Test test) const noexcept {
        std::uint64_t bits = 0;
#pragma GCC unroll 4
        for (std::size_t i = 0; i < 4; ++i) {
            const auto part = static_cast<std::uint32_t>(_mm_movemask_epi8(test(parts_[i])));
            bits |= std::uint64_t{part} << (16 * i);
        }
        return bits;
    }

    __m128i parts_[4];
#else
    std::uint64_t equal(char c) const noexcept {
        return collect([c](unsigned char byte) { return byte == static_cast<unsigned char>(c); });
    }
    std::uint64_t high() const noexcept {
        return collect([](unsigned char byte) { return byte >= 0x80; });
    }
    std::uint64_t lower() const noexcept {
        return collect([](unsigned char byte) { return byte >= 'a' && byte <= 'z'; });
    }
    std::uint64_t letters() const noexcept {
        return collect([](unsigned char byte) {
            return byte < 0x80 && (byte | 0x20) >= 'a' && (byte | 0x20) <= 'z';
        });
    }
    std::uint64_t digits() const noexcept {
        return collect([](unsigned char byte) { return byte >= '0' && byte <= '9'; });
    }
    bool has_high() const noexcept { return high() != 0; }
    std::uint64_t word_bytes() const noexcept { return letters() | digits() | high(); }
    std::uint64_t high_up_to(char last) const noexcept {
        return collect([last](unsigned char byte) {
            return byte >= 0x80 && byte <= static_cast<unsigned char>(last);
        });
    }
    std::uint64_t either(char a, char b) const noexcept { return equal(a) | equal(b); }

   private:
    void load(const char* from) noexcept { std::memcpy(bytes_.data(), from, kBytes); }
    template <typename Test>
    std::uint64_t collect(Test test) const noexcept {
        std::uint64_t bits = 0;
        for (unsigned i = 0; i < kBytes; ++i) {
            bits |= std::uint64_t{test(bytes_[i])} << i;
        }
        return bits;
    }

    std::array<unsigned char, kBytes> bytes_;
#endif
};

}  // namespace newsmill
