#include "pipeline/parker.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "pipeline/queue.hpp"

namespace newsmill {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::int64_t kMillisecond = 1'000'000;

constexpr int kRounds = 100'000;

TEST(Parker, SleepsUntilTheTimeout) {
    Parker parker;
    parker.prepare();
    const auto start = Clock::now();
    EXPECT_FALSE(parker.park(20 * kMillisecond));
    EXPECT_GE(Clock::now() - start, std::chrono::milliseconds(19));
}

TEST(Parker, AWakeBeforeTheSleepIsNotLost) {
    Parker parker;
    parker.prepare();
    parker.wake();
    EXPECT_TRUE(parker.park(Parker::kForever));
}

TEST(Parker, AWakeBeforeTheAnnouncementIsNotKept) {
    Parker parker;
    parker.wake();
    parker.prepare();
    EXPECT_FALSE(parker.park(kMillisecond));
}

TEST(Parker, WakesASleeper) {
    Parker parker;
    std::atomic<bool> work{false};
    std::thread waker([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
        work.store(true, std::memory_order_relaxed);
        parker.wake();
    });
    while (true) {
        parker.prepare();
        if (work.load(std::memory_order_relaxed)) break;
        parker.park(Parker::kForever);
    }
    parker.cancel();
    waker.join();
}

// Takes `rounds` items from `in` and gives each to `out`, parking whenever `in` is empty. A lost
// wake-up costs a whole timeout; they are counted.
int relay(SpscQueue<int>& in, Parker& own, SpscQueue<int>& out, Parker& other, int rounds,
          std::int64_t timeout_ns) {
    int timeouts = 0;
    for (int i = 0; i < rounds; ++i) {
        int item = 0;
        while (!in.try_pop(item)) {
            own.prepare();
            if (!in.empty()) {
                own.cancel();
                continue;
            }
            const auto start = Clock::now();
            own.park(timeout_ns);
            if (Clock::now() - start >= std::chrono::nanoseconds(timeout_ns)) ++timeouts;
        }
        EXPECT_EQ(item, i);
        while (!out.try_push(int{i})) std::this_thread::yield();
        other.wake();
    }
    return timeouts;
}

// Two threads bounce one item and park in between, so that every round races prepare() with
// wake(). The timeout is so long that a single lost wake-up fails the test by its count.
TEST(Parker, PingPongLosesNoWake) {
    constexpr std::int64_t kTimeout = 10'000 * kMillisecond;
    SpscQueue<int> ping(1);
    SpscQueue<int> pong(2);
    Parker left;
    Parker right;
    int right_timeouts = 0;
    std::thread thread([&] { right_timeouts = relay(ping, right, pong, left, kRounds, kTimeout); });
    int left_timeouts = 0;
    for (int i = 0; i < kRounds; ++i) {
        EXPECT_TRUE(ping.try_push(int{i}));
        right.wake();
        int item = -1;
        while (!pong.try_pop(item)) {
            left.prepare();
            if (!pong.empty()) {
                left.cancel();
                continue;
            }
            const auto start = Clock::now();
            left.park(kTimeout);
            if (Clock::now() - start >= std::chrono::nanoseconds(kTimeout)) ++left_timeouts;
        }
        ASSERT_EQ(item, i);
    }
    thread.join();
    EXPECT_EQ(left_timeouts, 0);
    EXPECT_EQ(right_timeouts, 0);
}

// A bounded queue whose both ends park: the consumer for items, the producer for room.
TEST(Parker, BothEndsOfAFullQueuePark) {
    constexpr int kItems = kRounds;
    SpscQueue<int> queue(4);
    Parker items;
    Parker room;
    std::thread producer([&] {
        for (int i = 0; i < kItems; ++i) {
            while (!queue.try_push(int{i})) {
                room.prepare();
                if (queue.size() < queue.capacity()) {
                    room.cancel();
                } else {
                    room.park(Parker::kForever);
                }
            }
            items.wake();
        }
        queue.close();
        items.wake();
    });
    int expected = 0;
    while (!queue.drained()) {
        int item = -1;
        if (queue.try_pop(item)) {
            EXPECT_EQ(item, expected++);
            room.wake();
            continue;
        }
        items.prepare();
        if (queue.empty() && !queue.closed()) {
            items.park(Parker::kForever);
        } else {
            items.cancel();
        }
    }
    producer.join();
    EXPECT_EQ(expected, kItems);
}

// Many wakers, one sleeper: no wake-up may hide another.
TEST(Parker, ManyWakersLoseNothing) {
    constexpr int kWakers = 3;
    constexpr int kEach = kRounds / 10;
    Parker parker;
    std::atomic<int> given{0};
    std::vector<std::thread> wakers;
    for (int w = 0; w < kWakers; ++w) {
        wakers.emplace_back([&] {
            for (int i = 0; i < kEach; ++i) {
                given.fetch_add(1, std::memory_order_relaxed);  // wake() orders it
                parker.wake();
            }
        });
    }
    while (given.load(std::memory_order_relaxed) < kWakers * kEach) {
        parker.prepare();
        if (given.load(std::memory_order_relaxed) < kWakers * kEach) {
            parker.park(Parker::kForever);
        } else {
            parker.cancel();
        }
    }
    for (auto& waker : wakers) waker.join();
}

}  // namespace
}  // namespace newsmill
