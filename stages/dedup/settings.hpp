// What decisions depend on beside the journal's entries, as one line of text that stands in the
// journal as a control record:
//
//   format=2 capacity=1000000 window_ms=604800000 clock_jump_ms_max=3600000 notices_max=1000
//   containment_min=260 common_min=4 … (each of MatchOptions) check_facts=1
//   trust=wire.example,associated%20press
//
// One text for one meaning: fixed order, decimal numbers, lower-case names with all but letters,
// digits, '.', '-', '_' and bytes past ASCII per cent encoded. Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "stages/dedup/match.hpp"

namespace newsmill::dedup {

struct Settings {
    std::uint64_t capacity = 1'000'000;
    std::int64_t window_ms = 7LL * 24 * 3600 * 1000;
    std::int64_t clock_jump_ms_max = 3600 * 1000;
    std::uint32_t notices_max = 1000;
    MatchOptions match;
    std::vector<std::string> trust;  // as Trust folds them
};

inline constexpr std::uint64_t kCapacityMax = 1'000'000'000;
inline constexpr std::int64_t kWindowMsMax = 100'000LL * 366 * 24 * 3600 * 1000;

std::string settings_text(const Settings& settings);

// False for anything but a text that settings_text() gives: an unknown or a missing key, a later
// format, a number out of bounds. Then `settings` is untouched.
bool parse_settings(std::string_view text, Settings& settings);

}  // namespace newsmill::dedup
