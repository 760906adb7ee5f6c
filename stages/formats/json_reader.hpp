// Reads one JSON article of any provider, ninjs 1.x-3.1 among them, into Article::raw.
//
// simdjson's first stage (SIMD; it also checks UTF-8) finds the tokens; one walk over them checks
// the grammar, follows the field map's tree and notes the best value of every field; then only the
// values that won are unescaped. A string without a backslash stays a view of the payload, so a
// body that holds no escape is never copied, and no byte past the payload's end is read.
//
// What a value may be: a string; a number where numbers make sense (ids, dates, titles); a list of
// strings or of objects with a name or a value (authors are joined by ", ", paragraphs by a blank
// line; of ninjs's renditions plain text and the main role win); an object with a name or a value
// ({"rendered": …}). null, empty strings and other types count as absent. Of two equal members
// the first wins.
//
// A feed (JSON Feed, an API's answer) that has no story of its own is read if it holds one article;
// what an item leaves out (language, authors, source) is then the feed's.
//
// Ownership: values point into the payload or the arena. One reader a thread; it reuses its
// memory. Errors: as a result, with the byte at which the text went wrong.
#pragma once

#include <memory>
#include <string_view>

#include "pipeline/batch.hpp"
#include "stages/formats/field_map.hpp"

namespace newsmill {

inline constexpr int kJsonDepthMax = 256;

struct JsonOutcome {
    enum class Kind : std::uint8_t {
        kRead,         // the fields are filled in
        kNotAnObject,  // valid JSON of another kind
        kSeveral,      // a feed or an answer of several articles
        kNotText,      // ninjs of a picture, a film, …
        kBadUtf8,      // not UTF-8: repair it and call again
        kRawControls,  // control characters inside strings: escape them and call again
        kError,        // not JSON
    };
    Kind kind = Kind::kRead;
    std::size_t offset = 0;      // of the error
    std::string_view what = {};  // the error, static
};

class JsonReader {
   public:
    JsonReader(const FieldPointers& overrides, bool passthrough);
    ~JsonReader();

    // Any JSON text up to 4 GiB. `fields` is filled for kRead only.
    JsonOutcome read(std::string_view json, Arena& arena, Fields& fields) noexcept;

   private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

// Copies the text, writing control characters inside strings as the escapes they should have been.
std::string_view escape_raw_controls(std::string_view json, Arena& arena) noexcept;

}  // namespace newsmill
