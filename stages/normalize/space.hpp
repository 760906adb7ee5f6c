// Characters that nobody sees, and the shape of a body.
//
// clean_characters: controls of cp1252 become the signs they stood for, other controls and
// invisible characters go, Unicode's spaces become ' ', its line and paragraph separators '\n'.
// Joiners stay where a script or an emoji needs them, direction marks where there is right-to-left
// text.
//
// shape_paragraphs: every line that is not empty becomes a paragraph; paragraphs are parted by
// exactly "\n\n"; spaces are single and never at an end. Lines of hard-wrapped text are joined
// first: a text counts as hard-wrapped if its lines are as full as a width of at most 100 allows
// and most of them end within a sentence.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace newsmill::normalize {

// Appends to `out`; returns what was done, as bits of Repair.
std::uint32_t clean_characters(std::string_view text, std::string& out);

// Collapses `text`, which may hold line ends, to one line.
void shape_line(std::string_view text, std::string& out);

class ParagraphShaper {
   public:
    // Appends the paragraphs of `text` to `out`.
    void shape(std::string_view text, std::string& out);

   private:
    struct Line {
        std::string_view text;     // trimmed
        std::uint32_t length = 0;  // code points, with single spaces
        bool after_blank = false;  // the line before is blank, or there is none
        bool indented = false;
    };
    void split(std::string_view text);
    bool hard_wrapped();
    bool joins(const Line& line, const Line& next) const noexcept;

    std::vector<Line> lines_;
    std::uint32_t width_ = 0;
};

}  // namespace newsmill::normalize
