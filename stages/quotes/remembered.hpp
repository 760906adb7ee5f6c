// The quotes of an article as bytes that know nothing of its memory, for a TextMemo: the structs,
// their spans, the letters of names and roles.
//
// Ownership: unpacked quotes live in the arena. Threads: any. Errors: none; only what was packed by
// the same process is unpacked.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "pipeline/batch.hpp"

namespace newsmill {

std::size_t packed_bytes(std::span<const Quote> quotes) noexcept;
void pack(std::span<const Quote> quotes, char* out) noexcept;  // room for packed_bytes()
std::span<const Quote> unpack_quotes(std::string_view packed, Arena& arena) noexcept;

}  // namespace newsmill
