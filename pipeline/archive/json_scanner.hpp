// Finds where one JSON value ends, byte by byte, without parsing it: it knows strings, escapes and
// nesting and nothing else, so that a broken value still has an end and the next one is found. A
// raw line break ends a string (JSON forbids it there), which confines a missing quote to its line.
//
// Resumable: feed() may be called with any cut of the text. Threads: one. Errors: none.
#pragma once

#include <cstddef>
#include <string_view>

namespace newsmill {

inline bool is_json_blank(char c) noexcept {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

class JsonScanner {
   public:
    // Begins a new value.
    void reset() noexcept { *this = JsonScanner(); }

    // Goes on with `text`, which starts where the last call stopped. Returns how many of its bytes
    // belong to the value; done() says whether the value ended there.
    std::size_t feed(std::string_view text) noexcept;

    bool done() const noexcept { return done_; }
    // A string was broken by a line break.
    bool broken() const noexcept { return broken_; }

   private:
    std::size_t feed_string(std::string_view text, std::size_t at) noexcept;

    std::size_t depth_ = 0;
    bool started_ = false;
    bool in_string_ = false;
    bool escaped_ = false;
    bool in_scalar_ = false;  // a number, a literal, or garbage: ends at a delimiter
    bool done_ = false;
    bool broken_ = false;
};

}  // namespace newsmill
