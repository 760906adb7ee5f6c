// What the lexicons of the quotes and topics stages share: where their text comes from, and the
// error that a bad one raises.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace newsmill {

// One lexicon's text. `language` is an ISO 639 code as in Article::language; `name` (a file's path)
// only serves messages. The views must outlive the stage's constructor, not the stage.
struct LexiconSource {
    std::string_view language;
    std::string_view name;
    std::string_view text;
};

// "configs/topics/en.topics:12: weight 11 is not between 1 and 9". Thrown by constructors only.
class LexiconError : public std::runtime_error {
   public:
    LexiconError(std::string_view name, int line, std::string_view why)
        : std::runtime_error(std::string(name) + ":" + std::to_string(line) + ": " +
                             std::string(why)) {}
};

// Walks the lines of a text; comments (from '#') and white space at the ends are cut off.
class LexiconLines {
   public:
    explicit LexiconLines(std::string_view text) noexcept : rest_(text) {}
    // The next line that is not empty; false at the end.
    bool next(std::string_view& line) noexcept;
    int number() const noexcept { return number_; }

   private:
    std::string_view rest_;
    int number_ = 0;
};

}  // namespace newsmill
