// Cuts a text into words for the topic rules, and hashes them in lower case.
//
//   - A word is a run of ASCII letters, digits and bytes of other scripts. Blanks and hyphens part
//     words and leave them neighbours; so does a dot in "m.l.s" or "U.S. troops". Anything else
//     between two words is a gap, which no phrase crosses. A genitive's 's is dropped.
//   - Lower case: ASCII, Latin-1, Latin Extended-A, Greek, Cyrillic.
//
// Words are found by counting zeros in bit sets of 64 bytes (stages/tagging/byte_block.hpp).
// Apostrophes and the lead bytes of U+2000… and U+0080… end a block early and are looked at by
// themselves. Linear in the text, whatever it is. Views only; no allocation for words of up to 16
// bytes. Errors: none; invalid UTF-8 is read as letters.
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

// Eight bytes in lower case; only ASCII changes.
constexpr std::uint64_t lower_case(std::uint64_t bytes) noexcept {
    constexpr std::uint64_t kEach = 0x0101010101010101u;
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
            parts[0] &= kMasks[size].low;
            parts[1] &= kMasks[size].high;
        } else if (size != 0) {
            std::memcpy(parts.data(), raw.data(), size);
        }
        const std::uint64_t beyond = (parts[0] | parts[1]) & 0x8080808080808080u;
        parts[0] = lower_case(parts[0]);
        parts[1] = lower_case(parts[1]);
        if (beyond != 0) [[unlikely]] {
            lower_case_beyond_ascii(reinterpret_cast<char*>(parts.data()), size);
        }
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
};
inline constexpr std::array<Word::Mask, Word::kBytesMax + 1> Word::kMasks = Word::make_masks();

// The hash of a word that is in lower case already, of any length. That of a short one is
// Word::hash().
std::uint64_t hash_of(std::string_view lower) noexcept;

// Calls on_word(raw word, its first byte, whether a gap lies before it).
template <typename OnWord>
class WordReader {
   public:
    WordReader(std::string_view text, OnWord on_word) noexcept : text_(text), on_word_(on_word) {}

    void read() noexcept {
        std::size_t at = 0;
        while (at < text_.size()) {
            const ByteBlock block(text_, at);
            const std::uint64_t high = block.high();
            const std::uint64_t special =
                block.equal('\'') | (high == 0 ? 0 : block.equal('\xC2') | block.equal('\xE2'));
            std::size_t size = std::min<std::size_t>(ByteBlock::kBytes, text_.size() - at);
            if (special != 0) size = std::min<std::size_t>(size, std::countr_zero(special));
            const std::uint64_t letters = block.letters() | block.digits() | high;
            const std::uint64_t joints = joints_of(block, at, letters);
            const std::uint64_t spaces = block.equal(' ') | block.equal('-') | joints;
            read_block(at, low_bits(static_cast<unsigned>(size)), letters, ~(letters | spaces));
            at += size;
            // Several in a row are not worth a block each.
            while (special != 0 && at < text_.size() && is_special(text_[at])) {
                at = read_special(at);
            }
        }
        end_word(text_.size());
    }

   private:
    static constexpr std::size_t kNone = ~std::size_t{0};
    enum class Kind : std::uint8_t { kLetter, kSpace, kSeparator, kApostrophe };

    void word(std::size_t start, std::size_t end, bool gap) noexcept {
        on_word_(std::string_view(text_.data() + start, end - start), start, gap);
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

    void read_block(std::size_t at, std::uint64_t within, std::uint64_t letters,
                    std::uint64_t gaps) noexcept {
        letters &= within;
        gaps &= within;
        const std::uint64_t before = letters << 1 | (start_ != kNone ? 1u : 0u);
        std::uint64_t starts = letters & ~before;
        std::uint64_t ends = ~letters & before & within;
        if (start_ != kNone) {
            if (ends == 0) return;
            end_word(at + std::countr_zero(ends));
            ends &= ends - 1;
        }
        for (; ends != 0; ends &= ends - 1, starts &= starts - 1) {
            const std::uint64_t below = (starts & (0 - starts)) - 1;
            const bool gap = (gaps & below) != 0 || gap_;
            gap_ = false;
            gaps &= ~below;
            word(at + std::countr_zero(starts), at + std::countr_zero(ends), gap);
        }
        if (starts != 0) {
            const std::uint64_t below = (starts & (0 - starts)) - 1;
            start_ = at + std::countr_zero(starts);
            start_gap_ = gap_ || (gaps & below) != 0;
            gap_ = false;
        } else {
            gap_ |= gaps != 0;
        }
    }

    static bool is_letter(unsigned char byte) noexcept {
        const unsigned char low = byte | 0x20;
        return byte >= 0x80 || (low >= 'a' && low <= 'z') || (byte >= '0' && byte <= '9');
    }

    static bool is_special(char c) noexcept { return c == '\'' || c == '\xC2' || c == '\xE2'; }

    // An apostrophe, or 0xC2 or 0xE2; returns where to go on.
    std::size_t read_special(std::size_t at) noexcept {
        const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text_[i]); };
        std::size_t width = 1;
        Kind kind = Kind::kApostrophe;
        if (byte(at) != '\'') {
            kind = Kind::kLetter;
            if (byte(at) == 0xE2 && at + 2 < text_.size() && byte(at + 1) == 0x80) {
                const unsigned char third = byte(at + 2);
                width = 3;
                kind = third == 0x99 ? Kind::kApostrophe
                                     : (third <= 0x91 ? Kind::kSpace : Kind::kSeparator);
            } else if (byte(at) == 0xC2 && at + 1 < text_.size()) {
                width = 2;
                kind = byte(at + 1) == 0xA0 ? Kind::kSpace : Kind::kSeparator;
            }
        }
        if (kind == Kind::kLetter) {
            if (start_ == kNone) {
                start_ = at;
                start_gap_ = gap_;
                gap_ = false;
            }
            return at + width;
        }
        const bool in_word = start_ != kNone;
        end_word(at);
        const std::size_t next = at + width;
        if (kind == Kind::kApostrophe && in_word && next < text_.size() &&
            (byte(next) | 0x20) == 's' &&
            (next + 1 >= text_.size() || !is_letter(byte(next + 1)))) {
            return next + 1;  // the genitive's s is no word
        }
        gap_ |= kind != Kind::kSpace;
        return next;
    }

    void end_word(std::size_t end) noexcept {
        if (start_ != kNone) word(start_, end, start_gap_);
        start_ = kNone;
    }

    std::string_view text_;
    OnWord on_word_;
    std::size_t start_ = kNone;  // of the word that the last block left open
    bool start_gap_ = false;     // a gap lies before it
    bool gap_ = true;            // a gap since the last word
};

template <typename OnWord>
void for_each_word(std::string_view text, OnWord on_word) noexcept {
    WordReader<OnWord>(text, on_word).read();
}

}  // namespace newsmill::topics
