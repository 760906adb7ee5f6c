// Splits a text into words and hashes them, for shingles; and notes the facts among them: figures,
// and names, which are the capitalised words inside sentences.
//
//   - A word is a run of letters, marks and digits. All else parts words, apostrophes and hyphens
//     too, so that typography makes no difference. Letters are folded by Unicode's simple case
//     folding.
//   - Scripts that put no space between words: a Han or kana character makes a word with the two
//     before it, one of Thai, Lao, Khmer or Burmese with the five before it; so a shingle of three
//     words spans five or eight characters.
//   - A figure is a number without its thousands separators (1,000 = 1.000 = 1000); a decimal
//     point stays (1.5). Spelled-out numbers, months and weekdays are names or plain words.
//   - A name begins with a capital letter, does not follow a sentence's end, and is no longer word
//     in capitals alone. Its first five letters tell it: endings are inflected, and long words
//     mistyped. If the word before it has a capital too, the two make another name: many have the
//     first name or the last, few have both. A text that is mostly in capitals has none.
//
// The same pass gives the text's letters, marks and digits in order, folded, as the exact hash
// takes them (fingerprint.hpp has the rules), wherever the words tell them.
//
// A text that is not ASCII is rewritten first, so that all of its letters are bytes of a word.
// Their edges are found in blocks of 64 bytes (word_edges.hpp). Words are then hashed one after the
// other, 16 bytes at a time (little endian), with a multiplication to 128 bits, as wyhash does
// (Wang Yi, public domain); and what begins with no small letter is looked at for facts. Three
// passes with hardly a branch that depends on the text are faster than one with many.
//
// Memory: buffers that grow to the largest text; no allocation an article in the steady state.
// Threads: an instance belongs to one. Errors: none; invalid UTF-8 reads as separators.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "stages/fingerprint/word_edges.hpp"

namespace newsmill {

inline constexpr int kFactBits = 24;  // of a fact's hash, the highest, that a sketch keeps
// The last of these bits tells, of a name, whether it is two words.
inline constexpr std::uint64_t kFullName = std::uint64_t{1} << (64 - kFactBits);

struct WordList {
    std::span<const std::uint64_t> words;  // hashes, in the order of the text
    std::vector<std::uint64_t> figures;    // hashes; a fact that comes again is there again
    std::vector<std::uint64_t> names;
    std::string_view letters;    // what an exact hash is of, if letters_known
    bool letters_known = false;  // false for scripts without spaces, and for odd digits
};

class WordReader {
   public:
    WordReader();
    // The list lives until the next call.
    const WordList& read(std::string_view text, bool ascii);

   private:
    static constexpr std::uint32_t kTableEnd = 0x600;
    static constexpr int kSpacelessMax = 6;

    void rewrite(std::string_view text);
    void rewrite_point(std::uint32_t c);
    void make_room();
    void find_words();
    void hash_words();
    char* keep_symbols(std::size_t end, char* out) noexcept;
    void find_facts();
    std::size_t start_of(std::size_t word) const noexcept { return edges_[2 * word]; }
    std::size_t end_of(std::size_t word) const noexcept { return edges_[2 * word + 1]; }
    bool begins_sentence(std::size_t word) const noexcept;
    std::size_t figure(std::size_t start, std::size_t end);

    struct Symbol {
        std::uint32_t at;  // in buffer_, where a '$' stands for it
        std::uint32_t point;
    };

    std::vector<std::uint16_t> folded_;  // of code points below kTableEnd; 0: no part of a word
    FindWordEdges find_edges_;
    std::string buffer_;                   // the text to scan, and 64 zero bytes
    std::size_t size_ = 0;                 // without them
    std::vector<std::uint32_t> capitals_;  // places in buffer_ of folded capitals beyond ASCII
    std::vector<Symbol> symbols_;          // of currencies, beyond ASCII
    bool letters_known_ = true;
    // The characters before, of a script without spaces.
    std::array<std::uint32_t, kSpacelessMax - 1> spaceless_{};
    std::vector<std::uint32_t> places_;       // in buffer_: of '$' and '%', and UINT32_MAX
    std::size_t next_place_ = 0;              // of places_, that was not kept yet
    std::size_t next_symbol_ = 0;             // of symbols_
    std::size_t room_ = 0;                    // bytes of text that there is room for below
    std::unique_ptr<std::uint32_t[]> edges_;  // in buffer_: where each word begins and ends
    std::size_t count_ = 0;                   // of words
    std::unique_ptr<std::uint64_t[]> words_;
    std::unique_ptr<std::uint32_t[]> special_;  // words that begin with no small ASCII letter
    std::size_t specials_ = 0;
    std::unique_ptr<char[]> letters_;
    WordList list_;
};

}  // namespace newsmill
