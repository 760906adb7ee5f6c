// A text as a JSON string, quotes included: for log lines and what commands print with --json.
// Bytes that are no UTF-8 become U+FFFD, so that the output is valid JSON whatever came in. (The
// encode stage has its own, faster writer.)
#pragma once

#include <string>
#include <string_view>

namespace newsmill {

void append_json_quoted(std::string& out, std::string_view text);
std::string json_quoted(std::string_view text);

// The length of the well-formed UTF-8 sequence at `at`, 0 if there is none (RFC 3629).
std::size_t utf8_length(std::string_view text, std::size_t at) noexcept;

}  // namespace newsmill
