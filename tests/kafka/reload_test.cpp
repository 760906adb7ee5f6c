// A running daemon takes over other configurations, on a real Apache Kafka: nothing is lost or
// doubled, it stays in its group, and a bad file changes nothing.
#include <fmt/core.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <thread>

#include "tests/kafka/harness.hpp"

namespace newsmill::kafka_test {
namespace {

using namespace std::chrono_literals;
using Sets = std::vector<std::string>;

constexpr int kPartitions = 4;

std::size_t count(const std::string& text, const std::string& of) {
    std::size_t times = 0;
    for (std::size_t at = text.find(of); at != std::string::npos; at = text.find(of, at + 1))
        ++times;
    return times;
}

// Until the log has the line so often.
bool wait_for(const Daemon& daemon, const std::string& line, std::size_t times) {
    for (int waited_ms = 0; waited_ms < 20'000; waited_ms += 5) {
        if (count(daemon.log(), line) >= times) return true;
        std::this_thread::sleep_for(5ms);
    }
    return false;
}

// What each reload takes over, in turn. The first two name the same records as the file does.
std::vector<Sets> variants(const std::string& pack) {
    return {
        {"pipeline.lanes_front=2", "pipeline.lanes_back=2", "log.level=debug"},
        {"pipeline.batch_articles_max=17", "pipeline.pool_batches=12",
         "output.kafka.commit_interval_ms=40"},
        {"dedup.near.containment_min=300", "topics.confidence_min=40"},
        {"topics.packs=[\"" + pack + "\"]", "pipeline.lanes_back=3", "dedup.window_ms=3d"},
        {"output.kafka.commit_interval_ms=150"},
    };
}

TEST(Reload, a_hundred_under_load_lose_and_double_nothing) {
    constexpr std::size_t kReloads = 100;
    const Topics topics = make_topics("reloaded", kPartitions);
    const std::string folder = fresh_folder("reload");
    const std::string pack = folder + "/harbour.topics";
    std::ofstream(pack) << "pack harbours\nversion 1\nlanguage en\n\n"
                           "topic 04000000 economy, business and finance\n9: harbour, railway\n";
    const std::vector<Sets> each = variants(pack);
    const Daemon::File file{folder + "/newsmill.toml"};
    write_config(file, topics, "a", {});
    ArticleMaker maker(11);
    Daemon daemon(file, topics, "a");
    feed(topics, maker, 500);
    ASSERT_TRUE(wait_for(daemon, "ready: ", 1)) << daemon.log();
    for (std::size_t i = 0; i < kReloads; ++i) {
        feed(topics, maker, 100);
        write_config(file, topics, "a", each[i % each.size()]);
        daemon.signal(SIGHUP);
        ASSERT_TRUE(wait_for(daemon, "config hash", i + 1)) << i << ": " << daemon.log();
    }
    EXPECT_EQ(count(daemon.log(), "refused"), 0u) << daemon.log();
    ASSERT_TRUE(wait_until_committed(topics, kPartitions, daemon, 60'000)) << daemon.log();
    daemon.signal(SIGTERM);
    EXPECT_EQ(daemon.wait(40'000), 0) << daemon.log();
    std::vector<Sets> all = each;
    all.emplace_back();
    EXPECT_EQ(verify_each(topics, all), "");
    const std::string log = daemon.log();
    EXPECT_NE(log.find("0 aborts, 0 rewinds"), std::string::npos) << log;
    EXPECT_GE(count(log, "the journal's settings are changed"), 20u) << log;
}

TEST(Reload, what_is_wrong_changes_nothing) {
    const Topics topics = make_topics("reload_refused", kPartitions);
    const std::string folder = fresh_folder("reload_refused");
    const Daemon::File file{folder + "/newsmill.toml"};
    write_config(file, topics, "a", {});
    Daemon daemon(file, topics, "a");
    ASSERT_TRUE(wait_for(daemon, "ready: ", 1)) << daemon.log();
    const std::vector<std::pair<Sets, std::string>> wrong = {
        {{"pipeline.lanes_frnt=2", "log.level=debug"}, "did you mean 'pipeline.lanes_front'"},
        {{"output.kafka.topic=elsewhere", "log.level=debug"}, "output.kafka.topic needs a restart"},
        {{"topics.packs=[\"" + folder + "/none.topics\"]", "log.level=debug"}, "none.topics"},
        {{"pipeline.memory_bytes_max=64MiB", "pipeline.lanes_back=2"}, "of memory, more than"},
    };
    std::size_t refused = 0;
    for (const auto& [sets, why] : wrong) {
        write_config(file, topics, "a", sets);
        daemon.signal(SIGHUP);
        ASSERT_TRUE(wait_for(daemon, "reload refused, all stays as it was: ", ++refused)) << why;
        EXPECT_NE(daemon.log().find(why), std::string::npos) << daemon.log();
    }
    EXPECT_EQ(count(daemon.log(), "config hash"), 0u) << daemon.log();
    EXPECT_EQ(count(daemon.log(), "debug"), 2u) << "only in the differences: " << daemon.log();
    ArticleMaker maker(12);
    feed(topics, maker, 300);
    EXPECT_EQ(finish(topics, kPartitions, daemon), "");
}

}  // namespace
}  // namespace newsmill::kafka_test
