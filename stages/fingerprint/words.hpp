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
//     in capitals alone. A text that is mostly in capitals has none.
//
// The blocks of 64 bytes are classified with SSE2 where there is one; a text that is not ASCII is
// rewritten first, so that all of its letters are bytes of a word. The hash reads eight bytes at a
// time (little endian) and multiplies to 128 bits, as wyhash does (Wang Yi, public domain).
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

namespace newsmill {

struct WordList {
    std::span<const std::uint64_t> words;  // hashes, in the order of the text
    std::vector<std::uint64_t> figures;    // hashes; a fact that comes again is there again
    std::vector<std::uint64_t> names;
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
    void scan();
    void capital(std::size_t start, std::size_t end, std::uint64_t hash, bool sentence_start);
    std::size_t figure(std::size_t start, std::size_t end);
    bool is_capital(std::size_t at) noexcept;

    std::vector<std::uint16_t> folded_;    // of code points below kTableEnd; 0: no part of a word
    std::string buffer_;                   // the text to scan, and 64 zero bytes
    std::size_t size_ = 0;                 // without them
    std::vector<std::uint32_t> capitals_;  // places in buffer_ of folded capitals beyond ASCII
    std::size_t next_capital_ = 0;
    // The characters before, of a script without spaces.
    std::array<std::uint32_t, kSpacelessMax - 1> spaceless_{};
    std::size_t figure_end_ = 0;  // words before this place belong to a figure
    std::size_t shouted_ = 0;     // words of capitals alone
    std::unique_ptr<std::uint64_t[]> words_;
    std::size_t words_max_ = 0;
    WordList list_;
};

}  // namespace newsmill
