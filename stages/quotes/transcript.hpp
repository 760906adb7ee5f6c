// Finds transcripts: lines that only name who speaks, and the paragraphs of that speaker's words.
//
// A speaker's line is a paragraph "Name, Title:", "Name:", "Name (agency):", "Name -- Title" or
// "Statement by Name:", or one of them, "NAME:", "Q:" and "A:" before the words of a paragraph; a
// dialogue is two paragraphs or more that start with a dash. What else ends in a colon (times,
// labels, headings, lead-ins of a quotation) is told apart by the form of the name and by evidence
// from the rest of the body: a single word must come back, or name somebody whom the body knows.
// The one who answers is the only person whom the paragraphs before the questions introduce. One
// thread; results live until the next call.
#pragma once

#include <cstdint>
#include <vector>

#include "stages/quotes/speakers.hpp"
#include "stages/quotes/tokens.hpp"

namespace newsmill {

struct Turn {
    std::uint32_t paragraph = 0;
    std::uint32_t first = 0;  // tokens of the words, half-open
    std::uint32_t last = 0;
    std::uint32_t statement = 0;  // paragraphs of one turn share it
    Mention speaker;              // kNone if nothing tells it
    std::uint32_t cue = 0;        // the token of a cue behind the words; 0: none
};

class TranscriptReader {
   public:
    const std::vector<Turn>& read(const Tokens& tokens, const People& people) noexcept;

   private:
    enum class Trust : std::uint8_t {
        kNone,  // no speaker's line
        kWeak,  // one word, or the name of a body: must come back, and needs company
        kFair,  // needs company
        kSure,
    };
    enum class Role : std::uint8_t { kNamed, kQuestion, kAnswer, kDash };
    struct Line {
        Mention speaker;
        std::uint32_t words_first = 0;  // first token after the colon
        std::uint32_t head_end = 0;     // one past the name
        Trust trust = Trust::kNone;
        Role role = Role::kNamed;
        bool inline_words = false;
    };
    Line read_line(std::uint32_t paragraph) const noexcept;
    Line read_dash(const Paragraph& paragraph) const noexcept;
    Line read_dashed_role(const Paragraph& paragraph) const noexcept;
    Line read_statement_by(const Paragraph& paragraph, std::uint32_t colon) const noexcept;
    bool read_role(std::uint32_t end, std::uint32_t colon, Line& line) const noexcept;
    void weigh(const Paragraph& paragraph, std::uint32_t end, bool says_role,
               Line& line) const noexcept;
    void confirm_lines() noexcept;
    bool is_heading(std::size_t index) const noexcept;
    bool comes_back(std::size_t index) const noexcept;
    Mention who_answers() const noexcept;
    void cut_incise(Turn& turn) const noexcept;
    void read_turns() noexcept;
    bool is_narration(std::uint32_t paragraph, bool first) const noexcept;
    bool goes_on(std::uint32_t paragraph) const noexcept;
    bool is_speech(std::uint32_t paragraph) const noexcept;

    const Tokens* tokens_ = nullptr;
    const People* people_ = nullptr;
    std::vector<Line> lines_;
    std::vector<Turn> turns_;
};

}  // namespace newsmill
