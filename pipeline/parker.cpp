#include "pipeline/parker.hpp"

#ifdef __linux__
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#else
#include <chrono>
#endif

namespace newsmill {

#ifdef __linux__

namespace {

long futex(std::atomic<std::uint32_t>& word, int operation, std::uint32_t value,
           const timespec* timeout) noexcept {
    static_assert(sizeof(word) == sizeof(std::uint32_t) &&
                  std::atomic<std::uint32_t>::is_always_lock_free);
    return syscall(SYS_futex, &word, operation | FUTEX_PRIVATE_FLAG, value, timeout, nullptr, 0);
}

}  // namespace

bool Parker::park(std::int64_t timeout_ns) noexcept {
    constexpr std::int64_t kSecond = 1'000'000'000;
    timespec timeout{};
    if (timeout_ns > 0) {
        timeout.tv_sec = timeout_ns / kSecond;
        timeout.tv_nsec = timeout_ns % kSecond;
    }
    // The kernel sleeps only if state_ still is kWaiting, checked under the lock that the waker's
    // call takes too: a wake() between prepare() and here makes it return at once. The timeout is
    // relative, by the monotonic clock.
    futex(state_, FUTEX_WAIT, kWaiting, timeout_ns < 0 ? nullptr : &timeout);
    // Acquire pairs with the release of wake().
    return state_.exchange(kAwake, std::memory_order_acq_rel) == kAwake;
}

void Parker::wake_slow() noexcept { futex(state_, FUTEX_WAKE, 1, nullptr); }

#else

bool Parker::park(std::int64_t timeout_ns) noexcept {
    std::unique_lock lock(mutex_);
    // Acquire pairs with the release of wake().
    const auto woken = [this] { return state_.load(std::memory_order_acquire) == kAwake; };
    if (timeout_ns < 0) {
        changed_.wait(lock, woken);
    } else {
        changed_.wait_for(lock, std::chrono::nanoseconds(timeout_ns), woken);
    }
    return state_.exchange(kAwake, std::memory_order_acq_rel) == kAwake;
}

void Parker::wake_slow() noexcept {
    // Through the mutex: the agent is either before its check of state_ or already waiting.
    { const std::lock_guard lock(mutex_); }
    changed_.notify_one();
}

#endif

}  // namespace newsmill
