#include "pipeline/clock.hpp"

#include <chrono>

namespace newsmill {
namespace {

class SteadyClock final : public Clock {
   public:
    std::int64_t now_ns() const noexcept override {
        return std::chrono::duration_cast<std::chrono::nanoseconds>(
                   std::chrono::steady_clock::now().time_since_epoch())
            .count();
    }
};

}  // namespace

std::int64_t Clock::unix_ms() const noexcept {
    return std::chrono::duration_cast<std::chrono::milliseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
}

const Clock& steady_clock() noexcept {
    static const SteadyClock clock;
    return clock;
}

}  // namespace newsmill
