// What a provider says of an article's version: its number, and whether it still stands.
// Pure; any thread.
#pragma once

#include <cstdint>
#include <string_view>

namespace newsmill::normalize {

// ninjs's pubStatus in its own spelling: "usable", "withheld" or "canceled"; empty for anything
// else. Takes NewsML-G2's codes too ("stat:canceled", the code's URI), "cancelled", and any case.
std::string_view pub_status(std::string_view text) noexcept;

// The number of a version: "3", "v3", "3.0" are 3. 0 for anything else; what is too large for 32
// bits is their largest number.
std::uint32_t version_number(std::string_view text) noexcept;

}  // namespace newsmill::normalize
