// An agent's parking place: where its thread sleeps when there is nothing to do, and where others
// wake it. One per agent; everyone who hands it work (or room) calls wake() afterwards.
//
//     agent                                   anyone else
//     parker.prepare();                       queue.try_push(batch);
//     if (do_work() != 0) parker.cancel();    parker.wake();
//     else parker.park(timeout_ns);
//
// No wake-up is lost. This is Dekker's problem: the agent announces itself, then looks for work;
// the other leaves work, then looks for an announcement; at least one must see the other. Plain
// loads and stores don't promise that (a store may still sit in the core's buffer when the load
// after it runs), and fences would hide the order from ThreadSanitizer. So state_ is changed by
// read-modify-writes alone, which have one total order, each reading the newest value:
//   - wake()'s comes after prepare()'s: it reads kWaiting and wakes the agent (or somebody did
//     since, and the agent looks again before it sleeps again).
//   - wake()'s comes first: prepare()'s acquire reads it, or a later link of the same release
//     sequence, so the look for work after prepare() sees all that came before wake().
// Nothing is asked of the queue's own memory orders.
//
// Cost: wake() is one uncontended locked exchange while the agent runs (its line stays with the
// waker) and a system call only if the agent waits. Call it per batch, not per item.
// Threads: prepare, cancel and park belong to the agent's thread; wake is for any thread.
// Errors: none. park() may return early (a late wake, a signal); the caller looks for work anyway.
#pragma once

#include <atomic>
#include <cstdint>

#ifndef __linux__
#include <condition_variable>
#include <mutex>
#endif

namespace newsmill {

class Parker {
   public:
    static constexpr std::int64_t kForever = -1;

    Parker() = default;
    Parker(const Parker&) = delete;
    Parker& operator=(const Parker&) = delete;

    // Announces that the agent is about to sleep. Look for work once more after it.
    void prepare() noexcept {
        // Acquire pairs with the release of wake(); release keeps the sequence whole for TSan.
        state_.exchange(kWaiting, std::memory_order_acq_rel);
    }

    // Work was found after prepare(): takes the announcement back.
    void cancel() noexcept {
        // Acquire pairs with the release of wake().
        state_.exchange(kAwake, std::memory_order_acq_rel);
    }

    // Sleeps until a wake() since prepare(), or `timeout_ns` nanoseconds (kForever: no bound).
    // True if a wake() was seen, false on a timeout or an early return. Ends the announcement.
    bool park(std::int64_t timeout_ns) noexcept;

    void wake() noexcept {
        // Release pairs with the acquire of prepare(), cancel() and park(); acquire with
        // prepare()'s.
        if (state_.exchange(kAwake, std::memory_order_acq_rel) == kWaiting) wake_slow();
    }

   private:
    static constexpr std::uint32_t kAwake = 0;
    static constexpr std::uint32_t kWaiting = 1;

    void wake_slow() noexcept;

    // Alone on its lines (two, for the prefetcher): wakers write it while the agent is busy beside.
    alignas(128) std::atomic<std::uint32_t> state_{kAwake};
#ifndef __linux__
    std::mutex mutex_;
    std::condition_variable changed_;
#endif
};

}  // namespace newsmill
