// What a person wants to see of an output record: for the demo's table and for the tests.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace newsmill {

struct RecordView {
    std::string uri;
    std::string headline;
    std::string decision;
    std::vector<std::string> topics;                          // names, strongest first
    std::vector<std::pair<std::string, std::string>> quotes;  // speaker (or empty) and words
    std::int32_t partition = -1;
    std::int64_t offset = -1;
};

// Of one line of JSON; what is not there stays empty.
RecordView view_record(std::string_view json);

// Columns of a terminal, one a code point (wide scripts take two; a table of a demo forgives that).
std::size_t columns(std::string_view text);
// The first `width` columns, the last of them "…" if something was cut.
std::string first_columns(std::string_view text, std::size_t width);

}  // namespace newsmill
