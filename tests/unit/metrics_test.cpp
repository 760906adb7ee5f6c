// What the engine counts, and how far behind it says it is.
#include "pipeline/metrics.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "daemon/mill.hpp"
#include "pipeline/archive/file_consumer.hpp"
#include "pipeline/lag.hpp"
#include "tests/unit/null_producer.hpp"

namespace newsmill {
namespace {

TEST(TimeHistogram, quantiles_lie_between_the_bounds_of_a_range) {
    TimeHistogram histogram;
    EXPECT_LT(histogram.view().quantile_s(0.5), 0);
    histogram.observe(3 * kMillisecond, 98);  // 2.5 to 5 ms
    histogram.observe(2'000 * kMillisecond, 2);
    const TimeHistogram::View view = histogram.view();
    EXPECT_EQ(view.count(), 100u);
    EXPECT_EQ(view.sum_ns, static_cast<std::uint64_t>((3 * 98 + 2 * 2'000) * kMillisecond));
    EXPECT_GT(view.quantile_s(0.5), 0.0025);
    EXPECT_LT(view.quantile_s(0.5), 0.005);
    EXPECT_GT(view.quantile_s(0.99), 1.0);
    EXPECT_LE(view.quantile_s(0.99), 2.5);
    histogram.observe(3 * kMillisecond);
    EXPECT_EQ(histogram.view().since(view).count(), 1u);
}

TEST(TimeHistogram, ends_and_negative_times_have_a_range) {
    TimeHistogram histogram;
    histogram.observe(-5);
    histogram.observe(INT64_MAX);
    const TimeHistogram::View view = histogram.view();
    EXPECT_EQ(view.ranges.front(), 1u);
    EXPECT_EQ(view.ranges.back(), 1u);
    EXPECT_EQ(view.quantile_s(1), 86'400);
}

TEST(LagReader, counts_from_the_committed_position) {
    LagReader reader;
    const std::vector<PartitionState> one = {{"news.raw", 0, 120, 100}};
    std::vector<PartitionLag> lags = reader.read(one, {}, 50'000);
    ASSERT_EQ(lags.size(), 1u);
    EXPECT_EQ(lags[0].records, 20);
    EXPECT_EQ(lags[0].ms, -1) << "nothing is known of the records' times yet";
    lags = reader.read(one, {{"news.raw", 0, 110, {}, 42'000}}, 50'000);
    EXPECT_EQ(lags[0].records, 10);
    EXPECT_EQ(lags[0].ms, 8'000);
    lags = reader.read(one, {{"news.raw", 0, 121, {}, 49'000}}, 50'000);
    EXPECT_EQ(lags[0].records, 0) << "the position is newer than the end";
    EXPECT_EQ(lags[0].ms, 0);
}

TEST(LagReader, a_quiet_night_is_no_lag) {
    LagReader reader;
    const std::vector<Position> done = {{"news.raw", 0, 100, {}, 1'000}};
    EXPECT_EQ(reader.read({{"news.raw", 0, 100, 90}}, done, 30'000'000)[0].ms, 0);
    EXPECT_EQ(reader.read({{"news.raw", 0, 101, 90}}, done, 30'000'500)[0].ms, 500);
    // Another daemon had it meanwhile: the quiet counts no more.
    EXPECT_TRUE(reader.read({}, done, 30'001'000).empty());
    EXPECT_EQ(reader.read({{"news.raw", 0, 101, 90}}, done, 30'001'000)[0].ms, 30'000'000);
}

TEST(LagReader, reads_the_statistics_of_the_client) {
    const std::vector<PartitionState> states = read_statistics(
        R"({"name": "x", "topics": {"news.raw": {"topic": "news.raw", "partitions": {
            "0": {"partition": 0, "desired": true, "ls_offset": 17, "committed_offset": 12},
            "1": {"partition": 1, "desired": false, "ls_offset": 3, "committed_offset": 1},
            "2": {"partition": 2, "desired": true, "ls_offset": -1001, "committed_offset": -1001},
            "-1": {"partition": -1, "desired": true, "ls_offset": -1001}}}}})");
    ASSERT_EQ(states.size(), 2u);
    EXPECT_EQ(states[0].end_offset, 17);
    EXPECT_EQ(states[0].start_offset, 12);
    EXPECT_EQ(states[1].end_offset, -1);
    EXPECT_EQ(states[1].start_offset, -1);
    for (const char* text : {"", "{", "[]", "{\"topics\": 3}", "{\"topics\": {\"a\": []}}"}) {
        EXPECT_TRUE(read_statistics(text).empty()) << text;
    }
}

class MetricsTest : public testing::Test {
   protected:
    MetricsTest() {
        path_ = testing::TempDir() + "newsmill_metrics_" + std::to_string(getpid()) + ".ndjson";
        std::ofstream out(path_);
        for (int i = 0; i < 40; ++i) {
            out << R"({"title": "Harbour bridge )" << i / 2
                << R"( opens", "body": "The mayor said: \"We are glad\" at the harbour bridge no. )"
                << i / 2 << R"(, which was closed for two years of repairs after a storm."})"
                << '\n';
        }
        out << "{\"title\": \n";
    }
    ~MetricsTest() override { std::filesystem::remove(path_); }
    std::string path_;
};

TEST_F(MetricsTest, what_is_committed_is_counted_by_kind) {
    const LoadedConfig loaded = load_config("", {});
    Mill mill(loaded.config, loaded.hash, Mill::Output::kFiles);
    FileConsumer consumer({path_});
    NullProducer producer;
    MemoryJournal journal;
    Pipeline pipeline(mill.parts(consumer, producer, &journal), mill.pipeline_options(),
                      steady_clock());
    pipeline.start();
    pipeline.join();
    const Metrics& metrics = pipeline.metrics();
    EXPECT_EQ(metrics.articles_out.get(), 40u);
    EXPECT_EQ(metrics.dead_letters_out.get(), 1u);
    EXPECT_EQ(metrics.dead_letters[static_cast<std::size_t>(Code::kParseJson)].get(), 1u);
    std::uint64_t decisions = 0;
    for (const Counter& kind : metrics.decisions) decisions += kind.get();
    EXPECT_EQ(decisions, 40u);
    EXPECT_EQ(metrics.decisions[static_cast<std::size_t>(DedupKind::kExact)].get(), 20u);
    std::uint64_t duplicates = 0;
    for (std::size_t i = 0; i < kDedupKinds; ++i) {
        if (is_duplicate(static_cast<DedupKind>(i))) duplicates += metrics.decisions[i].get();
    }
    EXPECT_EQ(metrics.duplicates_out.get(), duplicates);
    std::uint64_t quotes = 0;
    for (const Counter& type : metrics.quotes) quotes += type.get();
    EXPECT_GE(quotes, 40u) << "one in each article";
    EXPECT_EQ(metrics.transit.view().count(), 41u);
    EXPECT_EQ(metrics.end_to_end.view().count(), 0u) << "files have no time of their own";
    EXPECT_EQ(metrics.transaction.view().count(), metrics.commits.get());

    const std::vector<const AgentMeter*> agents = metrics.agents();
    ASSERT_GE(agents.size(), 5u);
    EXPECT_EQ(agents.front()->name, "source");
    EXPECT_EQ(agents[1]->name, "front0");
    EXPECT_EQ(agents[1]->group, "front");
    EXPECT_GT(agents[1]->busy_ns.get(), 0u);
    EXPECT_EQ(metrics.stages().size(), 8u);
    for (const StageMeter* stage : metrics.stages()) {
        EXPECT_EQ(stage->articles.get(), 41u) << stage->name;
        EXPECT_EQ(stage->batch_time.view().count(), stage->batches.get()) << stage->name;
    }
    for (const Pipeline::Queue& queue : pipeline.queues()) {
        EXPECT_EQ(queue.batches, queue.name == "source" ? pipeline.pool_batches() : 0u)
            << queue.name;
    }
}

TEST_F(MetricsTest, a_pause_holds_the_source_until_it_ends) {
    const LoadedConfig loaded = load_config("", {});
    Mill mill(loaded.config, loaded.hash, Mill::Output::kFiles);
    FileConsumer consumer({path_});
    NullProducer producer;
    MemoryJournal journal;
    Pipeline pipeline(mill.parts(consumer, producer, &journal), mill.pipeline_options(),
                      steady_clock());
    pipeline.control().set_paused(true);
    pipeline.start();
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    EXPECT_EQ(pipeline.metrics().articles_in.get(), 0u);
    EXPECT_FALSE(pipeline.finished());
    pipeline.control().set_paused(false);
    pipeline.join();
    EXPECT_EQ(pipeline.metrics().articles_out.get(), 40u);
}

}  // namespace
}  // namespace newsmill
