// Exactly once, proven by faults on a real Apache Kafka.
#include <fmt/core.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <memory>
#include <random>
#include <thread>

#include "pipeline/kafka/cluster.hpp"
#include "tests/kafka/harness.hpp"

namespace newsmill::kafka_test {
namespace {

using namespace std::chrono_literals;

constexpr int kPartitions = 4;
constexpr int kCommitTimeoutMs = 180'000;

void pause_random(std::mt19937& random, int ms_min, int ms_max) {
    std::this_thread::sleep_for(std::chrono::milliseconds(
        ms_min + static_cast<int>(random() % static_cast<unsigned>(ms_max - ms_min))));
}

TEST(ExactlyOnce, a_daemon_that_is_killed_ten_times) {
    const Topics topics = make_topics("killed", kPartitions);
    ArticleMaker maker(1);
    std::mt19937 random(std::random_device{}());
    auto daemon = std::make_unique<Daemon>(topics, "a");
    int amid_work = 0;
    for (int i = 0; i < 10; ++i) {
        // 5,000 articles in slices over two seconds; the kill comes a moment after a random slice,
        // from the middle of the daemon's start to the middle of its work, on a machine of any
        // speed. What is left of them waits for the next daemon.
        constexpr int kSlices = 20;
        const int kill_after = static_cast<int>(random() % kSlices);
        for (int slice = 0; slice < kSlices; ++slice) {
            feed(topics, maker, 5'000 / kSlices);
            if (slice != kill_after) {
                if (slice < kill_after) std::this_thread::sleep_for(100ms);
                continue;
            }
            pause_random(random, 0, 60);
            daemon->signal(SIGKILL);
            EXPECT_EQ(daemon->wait(10'000), -SIGKILL);
            amid_work += is_committed(topics, kPartitions) ? 0 : 1;
            daemon = std::make_unique<Daemon>(topics, "a");
        }
    }
    EXPECT_GE(amid_work, 3) << "the kills came too late to prove anything";
    feed(topics, maker, 2'000);
    EXPECT_EQ(finish(topics, kPartitions, *daemon), "");
}

// A member that waits for its answer while the broker dies may be taken for its own double and be
// fenced: it has to end then, and not to stand still.
TEST(ExactlyOnce, a_broker_that_restarts) {
    const Topics topics = make_topics("restarted", kPartitions);
    ArticleMaker maker(2);
    Service service(topics, "a");
    feed(topics, maker, 25'000);
    std::this_thread::sleep_for(1500ms);
    Broker::instance().stop();
    Broker::instance().again();
    feed(topics, maker, 15'000);
    std::this_thread::sleep_for(700ms);
    Broker::instance().kill();
    Broker::instance().again();
    feed(topics, maker, 12'000);
    EXPECT_EQ(finish(topics, kPartitions, service), "");
}

TEST(ExactlyOnce, a_second_daemon_that_joins_and_leaves) {
    const Topics topics = make_topics("joined", kPartitions);
    ArticleMaker maker(3);
    Daemon first(topics, "a");
    feed(topics, maker, 15'000);
    std::this_thread::sleep_for(1s);
    Daemon second(topics, "b");
    for (int i = 0; i < 4; ++i) {
        feed(topics, maker, 6'000);
        std::this_thread::sleep_for(500ms);
    }
    second.signal(SIGTERM);
    EXPECT_EQ(second.wait(40'000), 0) << second.log();
    feed(topics, maker, 6'000);
    Daemon third(topics, "c");
    feed(topics, maker, 6'000);
    std::this_thread::sleep_for(2s);
    third.signal(SIGKILL);  // leaves without a word: its session has to end
    EXPECT_EQ(finish(topics, kPartitions, first), "");
    // The second one did take part.
    EXPECT_NE(second.log().find("committed"), std::string::npos) << second.log();
}

TEST(ExactlyOnce, a_zombie_is_fenced) {
    const Topics topics = make_topics("zombie", kPartitions);
    ArticleMaker maker(4);
    Daemon zombie(topics, "a");
    feed(topics, maker, 30'000);
    std::this_thread::sleep_for(1500ms);
    zombie.signal(SIGSTOP);  // in the middle of a transaction, as a machine that hangs
    Daemon successor(topics, "a");
    feed(topics, maker, 10'000);
    std::this_thread::sleep_for(3s);
    zombie.signal(SIGCONT);
    EXPECT_EQ(zombie.wait(60'000), 75) << zombie.log();
    feed(topics, maker, 12'000);
    EXPECT_EQ(finish(topics, kPartitions, successor), "");
}

// Records, duplicates and dead letters that are too large for their topics never stop the line.
TEST(Refusal, what_the_output_refuses_becomes_a_dead_letter) {
    const Topics topics = make_topics("refused", 1);
    kafka::Writer writer(Broker::instance().address());
    const std::string text = "We say it again, said the mayor of the town. ";
    std::string large;
    while (large.size() < 7'000) large += text;
    std::string huge;
    while (huge.size() < 900'000) huge += text;
    for (const std::string& body : {text, large, large, huge, text + "More."}) {
        kafka::Record record;
        record.value = R"({"headline": "A record", "text": ")" + body + "\"}";
        writer.write(topics.in, record);
    }
    ASSERT_TRUE(writer.flush(10'000));
    // A record holds its article and more: the large one fits in, not out. The huge one fits
    // nowhere.
    Daemon daemon(topics, "a",
                  {"output.duplicates=route", "output.kafka.duplicates_topic=" + topics.out,
                   "output.kafka.message_bytes_max=400000", "input.article_bytes_max=7500",
                   "output.kafka.client.message.max.bytes=0"});
    EXPECT_EQ(daemon.wait(30'000), 78) << "the client table may not set what an option stands for";
    Daemon good(topics, "a",
                {"output.duplicates=route", "output.kafka.duplicates_topic=refused.duplicates",
                 "output.kafka.message_bytes_max=8000", "input.article_bytes_max=7500"});
    ASSERT_TRUE(wait_until_committed(topics, 1, good, 30'000)) << good.log();
    good.signal(SIGTERM);
    EXPECT_EQ(good.wait(40'000), 0) << good.log();
    std::vector<std::string> codes;
    kafka::read_topic(Broker::instance().address(), topics.dead, 2'000,
                      [&](const kafka::Record& record) {
                          codes.emplace_back(record.header("__newsmill.errors.code"));
                          return true;
                      });
    std::sort(codes.begin(), codes.end());
    EXPECT_EQ(codes, (std::vector<std::string>{"OUTPUT_REJECTED", "OUTPUT_REJECTED", "TOO_LARGE"}));
}

TEST(Idle, costs_no_cpu) {
    const Topics topics = make_topics("idle", kPartitions);
    Daemon daemon(topics, "a");
    ArticleMaker maker(5);
    feed(topics, maker, 100);
    ASSERT_TRUE(wait_until_committed(topics, kPartitions, daemon, kCommitTimeoutMs))
        << daemon.log();
    std::this_thread::sleep_for(1s);
    const double before = daemon.cpu_seconds();
    std::this_thread::sleep_for(5s);
    const double share = (daemon.cpu_seconds() - before) / 5;
    fmt::print("  {:.2f} % of a core while idle\n", share * 100);
    EXPECT_LT(share, 0.02);
    daemon.signal(SIGTERM);
    EXPECT_EQ(daemon.wait(40'000), 0) << daemon.log();
}

}  // namespace
}  // namespace newsmill::kafka_test
