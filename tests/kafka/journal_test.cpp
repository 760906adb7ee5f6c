// Daemons that share a journal on a real Apache Kafka agree, whatever befalls them; and one that
// comes back from a snapshot has the state of one that never stopped.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <map>
#include <memory>
#include <regex>
#include <string>
#include <thread>
#include <vector>

#include "tests/kafka/harness.hpp"

namespace newsmill::kafka_test {
namespace {

using namespace std::chrono_literals;

std::vector<std::string> with_snapshots(const std::string& folder) {
    return {"dedup.snapshot_path=" + folder, "dedup.snapshot_interval_entries=5000",
            "dedup.state_hash_interval_entries=1000", "log.level=debug",
            // A broker that restarts is away for less than a session.
            "input.kafka.session_timeout_ms=15000"};
}

std::size_t count(const std::string& text, const std::string& what) {
    std::size_t found = 0;
    for (std::size_t at = text.find(what); at != text.npos; at = text.find(what, at + 1)) ++found;
    return found;
}

// Waits until the daemon's log has the text.
bool wait_for(const Daemon& daemon, const std::string& text, int timeout_ms) {
    for (int waited = 0; waited < timeout_ms; waited += 50) {
        if (daemon.log().find(text) != std::string::npos) return true;
        std::this_thread::sleep_for(50ms);
    }
    return false;
}

// "position 12, 345 entries, state hash 0123456789abcdef", as the daemon says when it is stopped.
std::string last_state(const Daemon& daemon) {
    const std::string log = daemon.log();
    std::smatch match;
    const std::regex line("journal: (position \\d+, \\d+ entries, state hash [0-9a-f]{16}), 0 dis");
    return std::regex_search(log, match, line) ? match[1].str() : "no such line: " + log;
}

// The state hashes that its lines tell of, by position: those that it compared, and those of its
// snapshots.
void read_states(const Daemon& daemon, std::map<long, std::string>& states) {
    const std::string log = daemon.log();
    const std::regex line(
        "state hash ([0-9a-f]{16}) at position (\\d+) agrees|"
        "at journal position (\\d+): .* state hash ([0-9a-f]{16})");
    for (std::sregex_iterator it(log.begin(), log.end(), line), end; it != end; ++it) {
        const std::smatch& match = *it;
        const bool compared = match[1].matched;
        const long position = std::stol(match[compared ? 2 : 3]);
        const std::string hash = match[compared ? 1 : 4];
        EXPECT_EQ(states.try_emplace(position, hash).first->second, hash)
            << "two daemons differ at position " << position;
    }
}

TEST(Agreement, of_three_daemons_over_twelve_partitions_through_kills_and_a_broker_that_restarts) {
    constexpr int kPartitions = 12;
    const Topics topics = make_topics("agreed", kPartitions);
    ArticleMaker maker(11);
    const std::string folder_a = fresh_folder("agreed-a");
    Service a(topics, "a", with_snapshots(folder_a));
    Service b(topics, "b", with_snapshots(fresh_folder("agreed-b")));
    Service c(topics, "c", with_snapshots(fresh_folder("agreed-c")));
    feed(topics, maker, 25'000);
    ASSERT_TRUE(wait_for(b.daemon(), "snapshot at journal position", 60'000)) << b.log();
    b.kill();
    feed(topics, maker, 15'000);
    b.start();
    Service d(topics, "d", with_snapshots(folder_a));  // may be shared: the state is the same
    feed(topics, maker, 20'000);
    ASSERT_TRUE(wait_for(d.daemon(), "ready: ", 60'000)) << d.log();
    Broker::instance().stop();
    Broker::instance().again();
    feed(topics, maker, 20'000);
    c.tend();
    ASSERT_TRUE(wait_for(c.daemon(), "snapshot at journal position", 60'000)) << c.log();
    c.kill();
    EXPECT_EQ(d.stop(), 0) << d.log();
    feed(topics, maker, 20'000);
    c.start();
    ASSERT_TRUE(wait_until_committed(topics, kPartitions, {&a, &b, &c}, 180'000)) << a.log();
    for (Service* service : {&b, &c}) EXPECT_EQ(service->stop(), 0) << service->log();
    EXPECT_EQ(finish(topics, kPartitions, a), "");
    std::map<long, std::string> states;
    std::size_t restored = 0;
    for (const Service* service : {&a, &b, &c, &d}) {
        for (const auto& daemon : service->starts()) {
            read_states(*daemon, states);
            EXPECT_EQ(count(daemon->log(), "daemons disagree"), 0u) << daemon->log();
            restored += count(daemon->log(), " is taken over: ");
        }
    }
    EXPECT_GT(count(a.log(), " agrees"), 20u);
    EXPECT_GT(states.size(), 50u);
    EXPECT_GE(restored, 2u);
}

TEST(Agreement, one_that_comes_back_from_a_snapshot_has_the_state_of_one_that_never_stopped) {
    constexpr int kPartitions = 2;
    const Topics topics = make_topics("restored", kPartitions);
    const std::string folder = fresh_folder("restored-b");
    ArticleMaker maker(12);
    Daemon a(topics, "a", {"log.level=debug"});
    auto b = std::make_unique<Daemon>(topics, "b", with_snapshots(folder));
    ASSERT_TRUE(wait_for(*b, "ready: ", 60'000)) << b->log();
    feed(topics, maker, 12'000);
    ASSERT_TRUE(wait_for(*b, "snapshot at journal position", 60'000)) << b->log();
    b->signal(SIGKILL);
    EXPECT_EQ(b->wait(10'000), -SIGKILL);
    feed(topics, maker, 6'000);
    // From the snapshot and the tail; then once more, from the one of the drain.
    std::vector<std::string> states;
    for (int i = 0; i < 3; ++i) {
        if (i == 2) {  // the newest one is cut: an older one and a longer tail
            std::filesystem::path newest;
            for (const auto& entry : std::filesystem::directory_iterator(folder)) {
                newest = std::max(newest, entry.path());
            }
            std::filesystem::resize_file(newest, std::filesystem::file_size(newest) / 2);
        }
        b = std::make_unique<Daemon>(topics, "b", with_snapshots(folder));
        ASSERT_TRUE(wait_for(*b, "ready: ", 60'000)) << b->log();
        ASSERT_TRUE(wait_until_committed(topics, kPartitions, a, 120'000)) << a.log();
        std::this_thread::sleep_for(1s);  // the last hashes are in the journal
        b->signal(SIGTERM);
        EXPECT_EQ(b->wait(60'000), 0) << b->log();
        EXPECT_EQ(count(b->log(), " is taken over: "), 1u) << b->log();
        EXPECT_EQ(count(b->log(), "is damaged or cut off"), i == 2 ? 1u : 0u) << b->log();
        states.push_back(last_state(*b));
    }
    EXPECT_EQ(finish(topics, kPartitions, a), "");
    const std::string never_stopped = last_state(a);
    for (const std::string& state : states) EXPECT_EQ(state, never_stopped);
}

}  // namespace
}  // namespace newsmill::kafka_test
