#include "pipeline/queue.hpp"

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <string>
#include <thread>

namespace newsmill {
namespace {

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
constexpr std::uint64_t kItems = 1'500'000;
#else
constexpr std::uint64_t kItems = 12'000'000;
#endif

std::uint64_t mix(std::uint64_t value) {
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
    return value ^ (value >> 31);
}

struct Numbered {
    std::uint64_t number = 0;
    std::array<std::uint64_t, 3> payload{};

    static Numbered make(std::uint64_t number) {
        return {number, {mix(number), mix(number + 1), ~number}};
    }
    bool operator==(const Numbered&) const = default;
};

// Every item is there, once, in order and whole; the stop comes by close() alone.
void run_dense_sequence(std::size_t capacity, std::uint64_t items) {
    SpscQueue<Numbered> queue(capacity);
    std::thread producer([&] {
        for (std::uint64_t i = 0; i < items; ++i) {
            while (!queue.try_push(Numbered::make(i))) std::this_thread::yield();
        }
        queue.close();
    });
    std::uint64_t expected = 0;
    std::uint64_t wrong = 0;
    Numbered item;
    while (!queue.drained()) {
        if (!queue.try_pop(item)) {
            std::this_thread::yield();
            continue;
        }
        wrong += item == Numbered::make(expected) ? 0 : 1;
        ++expected;
        if (expected % 4096 == 0) {
            EXPECT_LE(queue.size(), capacity);
        }
    }
    producer.join();
    EXPECT_EQ(expected, items);
    EXPECT_EQ(wrong, 0u);
    EXPECT_TRUE(queue.empty());
}

TEST(SpscQueue, KeepsADenseSequence) { run_dense_sequence(1024, kItems); }
TEST(SpscQueue, KeepsADenseSequenceWithFourSlots) { run_dense_sequence(4, kItems / 20); }
TEST(SpscQueue, KeepsADenseSequenceWithOneSlot) { run_dense_sequence(1, kItems / 100); }

TEST(SpscQueue, FillsToItsCapacityAndWraps) {
    for (const std::size_t capacity : {1u, 2u, 8u}) {
        SpscQueue<int> queue(capacity);
        EXPECT_EQ(queue.capacity(), capacity);
        int next_in = 0;
        int next_out = 0;
        for (int round = 0; round < 5; ++round) {
            for (std::size_t i = 0; i < capacity; ++i) EXPECT_TRUE(queue.try_push(int{next_in++}));
            EXPECT_EQ(queue.size(), capacity);
            EXPECT_FALSE(queue.try_push(-1));
            int out = -1;
            EXPECT_TRUE(queue.try_pop(out));
            EXPECT_EQ(out, next_out++);
            EXPECT_TRUE(queue.try_push(int{next_in++}));
            EXPECT_FALSE(queue.try_push(-1));
            while (queue.try_pop(out)) EXPECT_EQ(out, next_out++);
            EXPECT_TRUE(queue.empty());
        }
        EXPECT_EQ(next_out, next_in);
    }
}

TEST(SpscQueue, MovesItemsThatCannotBeCopied) {
    SpscQueue<std::unique_ptr<std::string>> queue(2);
    auto first = std::make_unique<std::string>("Council votes on the new tram line");
    EXPECT_TRUE(queue.try_push(std::move(first)));
    EXPECT_EQ(first, nullptr);
    EXPECT_TRUE(queue.try_push(std::make_unique<std::string>("second")));

    auto refused = std::make_unique<std::string>("third");
    EXPECT_FALSE(queue.try_push(std::move(refused)));
    ASSERT_NE(refused, nullptr) << "a refused item stays with its owner";
    EXPECT_EQ(*refused, "third");

    std::unique_ptr<std::string> out;
    EXPECT_TRUE(queue.try_pop(out));
    EXPECT_EQ(*out, "Council votes on the new tram line");
}

TEST(SpscQueue, DestroysWhatIsLeft) {
    const auto shared = std::make_shared<int>(7);
    {
        SpscQueue<std::shared_ptr<int>> queue(4);
        for (int i = 0; i < 3; ++i) EXPECT_TRUE(queue.try_push(std::shared_ptr<int>(shared)));
        ASSERT_NE(queue.front(), nullptr);
        queue.pop();
        EXPECT_EQ(shared.use_count(), 3);
    }
    EXPECT_EQ(shared.use_count(), 1);
}

TEST(SpscQueue, FrontShowsTheItemUntilPop) {
    SpscQueue<int> queue(4);
    EXPECT_EQ(queue.front(), nullptr);
    EXPECT_TRUE(queue.try_push(5));
    EXPECT_TRUE(queue.try_push(6));
    ASSERT_NE(queue.front(), nullptr);
    EXPECT_EQ(*queue.front(), 5);
    EXPECT_EQ(*queue.front(), 5);
    queue.pop();
    EXPECT_EQ(*queue.front(), 6);
    EXPECT_EQ(queue.size(), 1u);
}

TEST(SpscQueue, IsDrainedOnlyAfterTheLastItem) {
    SpscQueue<int> queue(4);
    EXPECT_FALSE(queue.closed());
    EXPECT_FALSE(queue.drained());
    EXPECT_TRUE(queue.try_push(1));
    queue.close();
    queue.close();
    EXPECT_TRUE(queue.closed());
    EXPECT_FALSE(queue.drained()) << "an item is left";
    int out = 0;
    EXPECT_TRUE(queue.try_pop(out));
    EXPECT_TRUE(queue.drained());
    EXPECT_FALSE(queue.try_pop(out));
}

struct alignas(256) Wide {
    std::uint64_t value = 0;
};

TEST(SpscQueue, RespectsAWideAlignment) {
    SpscQueue<Wide> queue(2);
    EXPECT_TRUE(queue.try_push(Wide{3}));
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(queue.front()) % 256, 0u);
}

TEST(SpscQueueDeathTest, MisuseIsABug) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_DEATH(SpscQueue<int>(3), "power of two");
    EXPECT_DEATH(SpscQueue<int>(0), "power of two");
    EXPECT_DEATH(
        {
            SpscQueue<int> queue(2);
            queue.close();
            static_cast<void>(queue.try_push(1));
        },
        "push after close");
    EXPECT_DEATH(
        {
            SpscQueue<int> queue(2);
            queue.pop();
        },
        "pop without front");
}

}  // namespace
}  // namespace newsmill
