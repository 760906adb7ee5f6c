// Builds HTML of plain paragraphs out of the text of an XML body, for the normalizer.
//
// White space is what HTML takes it for, but where it shows wire text: an empty line ends a
// paragraph, and where some lines are indented and others are not, an indented one begins one.
// Lines that were wrapped with <br/> at the width of a wire (all but the last of much the same
// length) are joined; other <br/> stay line ends. "<" and ">" are escaped; "&" is left alone, since
// agencies escape twice ("&amp;amp;#39;") and a lone "&" does no harm.
#pragma once

#include <string>
#include <string_view>

namespace newsmill {

class ParagraphWriter {
   public:
    // Appends to `html`, which must outlive the writer.
    explicit ParagraphWriter(std::string& html) : html_(html) {}

    void text(std::string_view text) { paragraph_.append(text); }
    void line() { paragraph_.push_back(kBreak); }
    void cell();
    void end_paragraph();

   private:
    static constexpr char kBreak = '\x1e';  // no character of XML

    bool is_wire_text() const noexcept;
    bool is_wrapped() const noexcept;
    void write(std::string_view text, bool wire, bool wrapped);
    void put(char c);

    std::string& html_;
    std::string paragraph_;
};

}  // namespace newsmill
