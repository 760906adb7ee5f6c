// Undoes the escapes of JSON strings (RFC 8259, section 7). Lone surrogates, which are common in
// scraped text that was cut in the middle of an emoji, become U+FFFD.
#pragma once

#include <string_view>

#include "pipeline/batch.hpp"

namespace newsmill {

bool escapes_are_valid(std::string_view escaped) noexcept;

// For valid escapes: writes at most escaped.size() bytes to `out`, returns how many.
std::size_t unescape_json(std::string_view escaped, char* out) noexcept;

// The same text if it holds no escape, else a copy in the arena.
std::string_view unescape_json(std::string_view escaped, Arena& arena) noexcept;

}  // namespace newsmill
