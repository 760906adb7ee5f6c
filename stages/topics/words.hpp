// Cuts a text into words for the topic rules, and hashes them in lower case.
//
//   - A word is a run of ASCII letters, digits and bytes of other scripts. Blanks and hyphens part
//     words and leave them neighbours; so does a dot in "m.l.s" or "U.S. troops". Anything else
//     between two words is a gap, which no phrase crosses. A genitive's 's is dropped.
//   - Lower case: ASCII, Latin-1, Latin Extended-A, Greek, Cyrillic.
//
// Words are found by counting zeros in bit sets of 64 bytes (stages/tagging/byte_block.hpp). Linear
// in the text, whatever it is. Views only; no allocation for words of up to 16 bytes. Errors: none;
// invalid UTF-8 is read as letters.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "stages/tagging/byte_block.hpp"

namespace newsmill::topics {

static_assert(std::endian::native == std::endian::little, "words are loaded as integers");

inline constexpr std::uint64_t kEach = 0x0101010101010101u;

// Eight bytes in lower case; only ASCII changes.
constexpr std::uint64_t lower_case(std::uint64_t bytes) noexcept {
    const std::uint64_t low = bytes & kEach * 0x7f;
    const std::uint64_t from_a = low + kEach * (0x80 - 'A');
    const std::uint64_t past_z = low + kEach * (0x7f - 'Z');
    return bytes | (((from_a ^ past_z) & ~bytes & kEach * 0x80) >> 2);
}

// Two-byte sequences beyond ASCII in lower case, in place; none changes its length.
void lower_case_beyond_ascii(char* text, std::size_t size) noexcept;

// A whole word in lower case.
std::string lower_case(std::string_view word);

// A word of at most 16 bytes in lower case, zero-padded, so that equal words have equal bytes. Made
// without a branch that depends on the word, which would be guessed wrong too often.
struct Word {
    static constexpr std::size_t kBytesMax = 16;
    std::array<std::uint64_t, 2> parts{};
    std::size_t size = 0;

    // `readable`: so many bytes from its start on may be read.
    Word(std::string_view raw, std::size_t readable) noexcept : size(raw.size()) {
        if (readable >= kBytesMax) [[likely]] {
            std::memcpy(parts.data(), raw.data(), kBytesMax);
            parts[0] &= masks_of(size).low;
            parts[1] &= masks_of(size).high;
        } else if (size != 0) {
            std::memcpy(parts.data(), raw.data(), size);
        }
        if (((parts[0] | parts[1]) & kEach * 0x80) != 0) [[unlikely]] {
            parts = lower_case_of_any(parts, size);
            return;
        }
        // Of letters and digits only capitals lack this bit.
        parts[0] |= kEach * 0x20 & masks_of(size).low;
        parts[1] |= kEach * 0x20 & masks_of(size).high;
    }

    std::string_view text() const noexcept {
        return {reinterpret_cast<const char*>(parts.data()), size};
    }
    std::uint64_t hash() const noexcept {
        std::uint64_t h = (parts[0] ^ 0x9e3779b97f4a7c15u) * 0xbf58476d1ce4e5b9u;
        h = (std::rotl(h, 29) ^ parts[1]) * 0x94d049bb133111ebu;
        return h ^ (h >> 32);
    }

   private:
    struct Mask {
        std::uint64_t low = 0;
        std::uint64_t high = 0;
    };
    static constexpr std::array<Mask, kBytesMax + 1> make_masks() noexcept {
        std::array<Mask, kBytesMax + 1> masks{};
        for (unsigned i = 0; i <= kBytesMax; ++i) {
            masks[i].low = low_bits(8 * std::min(i, 8u));
            masks[i].high = i > 8 ? low_bits(8 * (i - 8)) : 0;
        }
        return masks;
    }
    static const std::array<Mask, kBytesMax + 1> kMasks;
    static const Mask& masks_of(std::size_t size) noexcept { return kMasks[size]; }
    static std::array<std::uint64_t, 2> lower_case_of_any(std::array<std::uint64_t, 2> parts,
                                                          std::size_t size) noexcept;
};
inline constexpr std::array<Word::Mask, Word::kBytesMax + 1> Word::kMasks = Word::make_masks();

// The hash of a word that is in lower case already, of any length. That of a short one is
// Word::hash().
std::uint64_t hash_of(std::string_view lower) noexcept;

// For tables in which 0 is a free slot: never less than 2^63.
constexpr std::uint64_t key_of_hash(std::uint64_t hash) noexcept {
    return hash | std::uint64_t{1} << 63;
}
inline std::uint64_t key_of(std::string_view lower) noexcept { return key_of_hash(hash_of(lower)); }

// Cuts a text into words and tells where they start and end, as bit sets:
//
//     on_block(at, starts, gaps, ends)
//
// Bit n of `starts` is a word's first byte, at + n; of `ends` one behind its last; of `gaps` a
// start with a gap before it. The n-th start and the n-th end of a text belong to the same word,
// but a word may end in a later call than it starts in.
template <typename OnBlock>
class WordReader {
   public:
    WordReader(std::string_view text, OnBlock on_block) noexcept
        : text_(text), on_block_(on_block) {}

    void read() noexcept {
        std::size_t at = 0;
        while (at < text_.size()) {
            const ByteBlock block(text_, at);
            Classes classes;
            classes.letters = block.word_bytes();
            classes.spaces = block.either(' ', '-') | joints_of(block, at, classes.letters);
            std::uint64_t marks = block.equal('\'');
            if (block.has_high()) marks |= read_high(block, classes);
            if (marks != 0) read_genitives(block, marks, classes);
            // What ends behind the block is left to the next one.
            std::size_t size = std::min<std::size_t>(ByteBlock::kBytes, text_.size() - at);
            if (const std::uint64_t late = classes.multiple >> kWhole << kWhole; late != 0) {
                size = std::min<std::size_t>(size, std::countr_zero(late));
            }
            read_block(at, low_bits(static_cast<unsigned>(size)), classes);
            at += size;
        }
        if (open_) on_block_(text_.size(), 0, 0, 1);
    }

   private:
    // Of bytes of a block; what is neither is a gap.
    struct Classes {
        std::uint64_t letters;
        std::uint64_t spaces;
        std::uint64_t multiple = 0;  // more bytes behind it must be seen
    };
    // From a mark's first byte to that behind a genitive's s there are five at most.
    static constexpr unsigned kWhole = ByteBlock::kBytes - 5;

    // U+0080 to U+00BF, and U+2000 to U+203F, are no letters, though their bytes are high. Returns
    // the first bytes of U+2019, which are apostrophes.
    static std::uint64_t read_high(const ByteBlock& block, Classes& classes) noexcept {
        const std::uint64_t two = block.equal('\xC2');
        std::uint64_t three = block.equal('\xE2');
        if ((two | three) == 0) return 0;
        classes.multiple |= two | three;
        three &= block.equal('\x80') >> 1;
        classes.letters &= ~(two | two << 1 | three | three << 1 | three << 2);
        const std::uint64_t two_spaces = two & block.equal('\xA0') >> 1;
        const std::uint64_t three_spaces = three & block.high_up_to('\x91') >> 2;
        classes.spaces |= two_spaces | two_spaces << 1;
        classes.spaces |= three_spaces | three_spaces << 1 | three_spaces << 2;
        return three & block.equal('\x99') >> 2;
    }

    // Genitives: the 's is no gap, and its s no word. `marks`: the first bytes of apostrophes;
    // those that are high have three.
    void read_genitives(const ByteBlock& block, std::uint64_t marks, Classes& classes) noexcept {
        classes.multiple |= marks;
        const std::uint64_t high = marks & block.high();
        const std::uint64_t before = marks & (classes.letters << 1 | (open_ ? 1u : 0u));
        std::uint64_t s = block.either('s', 'S') & ~(classes.letters >> 1) &
                          ((before & ~high) << 1 | (before & high) << 3);
        const std::uint64_t high_s = s & high << 3;
        if ((s & (s << 2 | s << 4)) != 0) [[unlikely]]
            s = first_of_chains(s, high_s);
        classes.letters &= ~s;
        const std::uint64_t after_three = s & high_s;
        classes.spaces |= s | s >> 1 | after_three >> 2 | after_three >> 3;
    }

    // In "x's's" the second s is a word: none stands before its apostrophe any more.
    static std::uint64_t first_of_chains(std::uint64_t s, std::uint64_t high_s) noexcept {
        std::uint64_t first = 0;
        for (; s != 0; s &= s - 1) {
            const std::uint64_t bit = s & (0 - s);
            if ((first & bit >> ((bit & high_s) != 0 ? 4 : 2)) == 0) first |= bit;
        }
        return first;
    }

    // Dots that part no sentences: right before a letter ("m.l.s"), or after a single one ("U.S.").
    std::uint64_t joints_of(const ByteBlock& block, std::size_t at,
                            std::uint64_t letters) const noexcept {
        const std::uint64_t dots = block.equal('.');
        if (dots == 0) return 0;
        const auto letter_at = [&](std::size_t i) {
            return i < text_.size() && is_letter(static_cast<unsigned char>(text_[i]));
        };
        std::uint64_t before_letter = letters >> 1;
        if (dots >> 63 != 0 && letter_at(at + ByteBlock::kBytes)) {
            before_letter |= std::uint64_t{1} << 63;
        }
        const std::uint64_t open = at > 0 && letter_at(at - 1) ? 1 : 0;
        std::uint64_t after_one = (letters & ~(letters << 1 | open)) << 1;
        if (open != 0 && (at < 2 || !letter_at(at - 2))) after_one |= 1;
        return dots & (before_letter | after_one);
    }

    // `within`: the bytes that are read, from the first on.
    void read_block(std::size_t at, std::uint64_t within, const Classes& classes) noexcept {
        const std::uint64_t letters = classes.letters & within;
        const std::uint64_t others = ~letters & within;
        const std::uint64_t gaps = others & ~classes.spaces;
        const std::uint64_t before = letters << 1 | (open_ ? 1u : 0u);
        const std::uint64_t starts = letters & ~before;
        // A gap is carried through what else parts two words up to the start of the second: that
        // is what an addition does.
        const std::uint64_t carried = (gaps | (gap_ ? others & 1 : 0)) + others;
        const std::uint64_t first = gap_ && !open_ ? letters & 1 : 0;
        on_block_(at, starts, (carried | first) & starts, others & before);
        if (letters == 0) {
            gap_ |= gaps != 0;
        } else {
            gap_ = gaps >> (63 - std::countl_zero(letters)) != 0;
        }
        open_ = (letters & ~(within >> 1)) != 0;
    }

    static bool is_letter(unsigned char byte) noexcept {
        const unsigned char low = byte | 0x20;
        return byte >= 0x80 || (low >= 'a' && low <= 'z') || (byte >= '0' && byte <= '9');
    }

    std::string_view text_;
    OnBlock on_block_;
    bool open_ = false;  // a word has no end yet
    bool gap_ = true;    // a gap since the last word
};

// Calls on_word(raw word, its first byte, whether a gap lies before it).
template <typename OnWord>
void for_each_word(std::string_view text, OnWord on_word) noexcept {
    std::size_t start = 0;
    bool gap = false;
    const auto on_block = [&](std::size_t at, std::uint64_t starts, std::uint64_t gaps,
                              std::uint64_t ends) {
        while ((starts | ends) != 0) {
            const std::uint64_t first_start = starts & (0 - starts);
            const std::uint64_t first_end = ends & (0 - ends);
            if (ends == 0 || (starts != 0 && first_start < first_end)) {
                start = at + static_cast<std::size_t>(std::countr_zero(starts));
                gap = (gaps & first_start) != 0;
                starts ^= first_start;
            } else {
                const std::size_t end = at + static_cast<std::size_t>(std::countr_zero(ends));
                on_word(std::string_view(text.data() + start, end - start), start, gap);
                ends ^= first_end;
            }
        }
    };
    WordReader<decltype(on_block)>(text, on_block).read();
}

}  // namespace newsmill::topics
