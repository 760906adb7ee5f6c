// A bounded lock-free queue between exactly two threads: the hand-off of every lane.
//
// What it is: a ring of `capacity` slots (a power of two, given at construction) and two counters
// that only grow. `tail` counts pushes and is written by the producer alone; `head` counts pops and
// is written by the consumer alone; a slot is `counter & mask`. Each side keeps the value that it
// last saw of the other's counter and looks again only when that value says full (or empty), so in
// a burst the two cores exchange a line per refresh and not per item. This is Lamport's queue with
// the cached indexes of Lee, Bu and Chandranmenon (MCRingBuffer, 2010), as in Rigtorp's SPSCQueue.
//
// Ownership: items are moved in and out; those that are left are destroyed with the queue. An item
// that was not taken (try_push says false) stays with the caller, untouched.
// Threads: "producer" and "consumer" below are one thread each; a role may move to another thread
// if something else orders the two (a join, another queue). Nothing blocks, nothing allocates after
// the constructor. Errors: none at run time; misuse is a NEWSMILL_CHECK.
#pragma once

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

#include "pipeline/check.hpp"

namespace newsmill {

// What two cores must keep apart. x86 lines are 64 bytes but its prefetcher fetches them in pairs;
// arm64 has lines of 64 (Neoverse) and 128 (Apple). std::hardware_destructive_interference_size
// knows neither and may change with the compiler's flags.
inline constexpr std::size_t kInterferenceBytes = 128;

template <typename T>
class SpscQueue {
    static_assert(std::is_nothrow_move_constructible_v<T> && std::is_nothrow_destructible_v<T>);

   public:
    explicit SpscQueue(std::size_t capacity) : mask_(capacity - 1) {
        NEWSMILL_CHECK(std::has_single_bit(capacity), "a queue's capacity is a power of two");
        // Whole interference units, so that no neighbour on the heap shares a slot's line.
        slots_ = static_cast<T*>(::operator new(slots_bytes(), kAlign));
    }
    SpscQueue(const SpscQueue&) = delete;
    SpscQueue& operator=(const SpscQueue&) = delete;
    ~SpscQueue() {
        while (front() != nullptr) pop();
        ::operator delete(slots_, slots_bytes(), kAlign);
    }

    // Producer. False if the queue is full; `item` is moved from only on success.
    [[nodiscard]] bool try_push(T&& item) noexcept {
        NEWSMILL_CHECK(!closed_.load(std::memory_order_relaxed), "push after close");  // own store
        const auto tail = tail_.load(std::memory_order_relaxed);                       // own store
        if (tail - head_seen_ > mask_) {
            // Pairs with the release in pop(): the slot's old item is destroyed before it is
            // reused.
            head_seen_ = head_.load(std::memory_order_acquire);
            if (tail - head_seen_ > mask_) return false;
        }
        std::construct_at(slot(tail), std::move(item));
        // Pairs with the acquire in front(): who sees the count sees the item.
        tail_.store(tail + 1, std::memory_order_release);
        return true;
    }

    // Producer. No push may follow. May be called again.
    void close() noexcept {
        // Pairs with the acquire in closed(): who sees the close sees every push before it.
        closed_.store(true, std::memory_order_release);
    }

    // Consumer. The oldest item, which stays in the queue until pop(); null if there is none.
    T* front() noexcept {
        const auto head = head_.load(std::memory_order_relaxed);  // own store
        if (head == tail_seen_) {
            // Pairs with the release in try_push().
            tail_seen_ = tail_.load(std::memory_order_acquire);
            if (head == tail_seen_) return nullptr;
        }
        return slot(head);
    }

    // Consumer. Destroys the item that front() showed.
    void pop() noexcept {
        const auto head = head_.load(std::memory_order_relaxed);  // own store
        NEWSMILL_CHECK(head != tail_seen_, "pop without front");
        std::destroy_at(slot(head));
        // Pairs with the acquire in try_push(): the slot is free once the count says so.
        head_.store(head + 1, std::memory_order_release);
    }

    // Consumer. False if the queue is empty; `out` is written only on success.
    [[nodiscard]] bool try_pop(T& out) noexcept {
        static_assert(std::is_nothrow_move_assignable_v<T>);
        T* item = front();
        if (item == nullptr) return false;
        out = std::move(*item);
        pop();
        return true;
    }

    // Any thread. The producer has closed the queue; items may still be in it.
    bool closed() const noexcept { return closed_.load(std::memory_order_acquire); }  // see close()

    // Consumer. Closed, and every item is taken: nothing will ever come again.
    bool drained() noexcept { return closed() && front() == nullptr; }  // in this order

    // Any thread. Exact for a side whose other side rests; else it was true a moment ago. Head is
    // read first: the acquire keeps the order, so the difference is never negative, and a head that
    // is older than the tail can only make it too large.
    std::size_t size() const noexcept {
        const auto head = head_.load(std::memory_order_acquire);  // pairs with pop()'s release
        const auto tail = tail_.load(std::memory_order_acquire);  // pairs with try_push()'s release
        return std::min<std::size_t>(tail - head, capacity());
    }
    bool empty() const noexcept { return size() == 0; }
    std::size_t capacity() const noexcept { return mask_ + 1; }

   private:
    static constexpr std::align_val_t kAlign{std::max(kInterferenceBytes, alignof(T))};

    std::size_t slots_bytes() const noexcept {
        const std::size_t unit = static_cast<std::size_t>(kAlign);
        return (capacity() * sizeof(T) + unit - 1) / unit * unit;
    }
    T* slot(std::uint64_t count) noexcept { return slots_ + (count & mask_); }

    // Read by both, written by none.
    const std::size_t mask_;
    T* slots_;

    // The producer's line. head_seen_ may share it: the producer writes both or none.
    alignas(kInterferenceBytes) std::atomic<std::uint64_t> tail_{0};
    std::uint64_t head_seen_ = 0;
    std::atomic<bool> closed_{false};

    // The consumer's line.
    alignas(kInterferenceBytes) std::atomic<std::uint64_t> head_{0};
    std::uint64_t tail_seen_ = 0;
};

}  // namespace newsmill
