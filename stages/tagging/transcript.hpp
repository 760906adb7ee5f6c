// Finds transcripts: a line that only names who speaks, and the paragraphs of that speaker's words.
//
// A speaker's line is a paragraph "Name, Title:", "Name:", "Name (agency):", or "NAME: words" and
// "Q: words" at the head of a paragraph. What else ends in a colon (times, labels, headings,
// lead-ins of a quotation) is told apart by the form of the name and by evidence from the rest of
// the body. One thread; results live until the next call.
#pragma once

#include <cstdint>
#include <vector>

#include "stages/tagging/speakers.hpp"
#include "stages/tagging/tokens.hpp"

namespace newsmill {

struct Turn {
    std::uint32_t paragraph = 0;
    std::uint32_t first = 0;  // tokens of the words, half-open
    std::uint32_t last = 0;
    std::uint32_t statement = 0;  // paragraphs of one turn share it
    Mention speaker;              // kNone for "Q:" and "A:"
};

class TranscriptReader {
   public:
    const std::vector<Turn>& read(const Tokens& tokens, const People& people) noexcept;

   private:
    struct Line {
        Mention speaker;
        std::uint32_t words_first = 0;  // first token after the colon
        std::uint8_t trust = 0;         // 0: no speaker's line; 2: sure; 1: needs company
        bool inline_words = false;
    };
    Line speaker_line(const Tokens& tokens, std::uint32_t paragraph,
                      const People& people) const noexcept;
    bool is_narration(const Tokens& tokens, std::uint32_t paragraph, bool first) const noexcept;

    std::vector<Line> lines_;
    std::vector<Turn> turns_;
};

}  // namespace newsmill
