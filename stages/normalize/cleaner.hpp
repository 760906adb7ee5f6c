// A text on its way from what a feed sent to what newsmill publishes: valid UTF-8, references
// decoded, mojibake repaired, markup and invisible characters gone, NFC, in the shape of a line or
// of paragraphs. Nothing is reworded.
//
// A text that is in that form already costs one scan and comes back as a view of itself. Any other
// is repaired in scratch buffers that are kept from text to text, and copied to the arena once.
// Every step is linear in the text, and the steps run at most kRoundsMax times (escaped markup in
// escaped markup needs a second round).
//
// Threads: one at a time. Errors: none; what can't be repaired stays.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "pipeline/batch.hpp"
#include "stages/normalize/space.hpp"

namespace newsmill::normalize {

enum class Form : std::uint8_t { kLine, kParagraphs };

struct Cleaned {
    std::string_view text;      // the input itself, or in the arena
    std::uint32_t repairs = 0;  // bits of Repair
    bool ascii = true;
};

class TextCleaner {
   public:
    static constexpr int kRoundsMax = 6;

    // `html`: the source says that the text is HTML.
    Cleaned clean(std::string_view text, Form form, bool html, Arena& arena) noexcept;
    // The same by the slow path alone, for tests: its result must equal clean()'s.
    Cleaned clean_slowly(std::string_view text, Form form, bool html, Arena& arena) noexcept;

   private:
    // Runs every step that `issues` asks for over `text`; the result is in current_.
    std::uint32_t round(std::string_view text, Form form, bool html, std::uint32_t issues);
    void shape(Form form);
    bool compose();
    template <typename Step>
    void apply(Step step);
    void trim_buffers();

    std::string current_;
    std::string next_;
    std::string previous_;
    ParagraphShaper shaper_;
};

}  // namespace newsmill::normalize
