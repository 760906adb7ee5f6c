// Time as the engine sees it, behind a seam so that a test can own it. Stages never see a clock.
#pragma once

#include <cstdint>

namespace newsmill {

class Clock {
   public:
    virtual ~Clock() = default;
    // Monotonic nanoseconds; any thread.
    virtual std::int64_t now_ns() const noexcept = 0;
    // Unix milliseconds, for measuring how old a record is; the system's, unless a test owns it.
    virtual std::int64_t unix_ms() const noexcept;
};

// std::chrono::steady_clock. One for the process.
const Clock& steady_clock() noexcept;

inline constexpr std::int64_t kMillisecond = 1'000'000;
inline constexpr std::int64_t kNever = INT64_MAX;

}  // namespace newsmill
