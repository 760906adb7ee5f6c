// The memory sum of a configuration.
#include <gtest/gtest.h>

#include <numeric>

#include "pipeline/memory_plan.hpp"

namespace newsmill {
namespace {

TEST(MemoryPlan, TheSumIsTheSumOfItsParts) {
    const MemoryPlan plan = plan_memory(Config{}, 4, 300 << 20);
    std::int64_t sum = 0;
    for (const MemoryPart& part : plan.parts) sum += part.bytes;
    EXPECT_EQ(sum, plan.total_bytes);
    EXPECT_TRUE(plan.fits());
    EXPECT_EQ(plan.lanes_front, 2);
    EXPECT_EQ(plan.lanes_back, 2);
    EXPECT_GE(plan.pool_batches, plan.lanes_front + plan.lanes_back + 2);
}

TEST(MemoryPlan, GrowsWithEachBound) {
    const Config base;
    const std::int64_t total = plan_memory(base, 2, 300 << 20).total_bytes;
    Config config = base;
    config.pipeline.pool_batches = 400;
    EXPECT_GT(plan_memory(config, 2, 300 << 20).total_bytes, total);
    config = base;
    config.input.article_bytes_max *= 4;
    EXPECT_GT(plan_memory(config, 2, 300 << 20).total_bytes, total);
    config = base;
    EXPECT_FALSE(plan_memory(config, 2, 30LL << 30).fits());
    config.dedup.enabled = false;
    EXPECT_TRUE(plan_memory(config, 2, 30LL << 30).fits());
}

TEST(MemoryPlan, FilesNeedNoClients) {
    Config config;
    config.input.type = InputType::kFiles;
    config.output.type = OutputType::kStdout;
    for (const MemoryPart& part : plan_memory(config, 1, 300 << 20).parts) {
        EXPECT_NE(part.name, "consumer");
        EXPECT_NE(part.name, "producer");
    }
}

TEST(MemoryPlan, RoughBytes) {
    EXPECT_EQ(rough_bytes(0), "0 B");
    EXPECT_EQ(rough_bytes(1023), "1023 B");
    EXPECT_EQ(rough_bytes(1536), "1.5 KiB");
    EXPECT_EQ(rough_bytes(2 * Config::kGiB), "2 GiB");
}

}  // namespace
}  // namespace newsmill
