// The journal's agent: settings, state hashes and snapshots among several daemons of one log.
#include "pipeline/journal_agent.hpp"

#include <gtest/gtest.h>

#include <deque>

#include "tests/unit/fake_journal.hpp"

namespace newsmill {
namespace {

class ManualClock final : public Clock {
   public:
    std::int64_t now_ns() const noexcept override { return now; }
    std::int64_t now = 1;
};

JournalAgentOptions agent_options(std::uint64_t writer) {
    JournalAgentOptions options;
    options.writer = writer;
    options.state_hash_interval_entries = 10;
    options.snapshot_interval_entries = 1'000'000;
    return options;
}

// One daemon's journal agent, with a lane in and a lane out.
class Rig {
   public:
    Rig(SharedLog& log, std::uint64_t writer, std::string wanted = "capacity 10",
        SnapshotStore* snapshots = nullptr)
        : Rig(log, agent_options(writer), std::move(wanted), snapshots) {}
    Rig(SharedLog& log, JournalAgentOptions options, std::string wanted,
        SnapshotStore* snapshots = nullptr)
        : follower(std::move(wanted)), journal(log), in_(16), out_(16) {
        JournalParts parts{&journal, &follower, &follower, snapshots, {}};
        if (snapshots != nullptr) parts.state = restore_newest(*snapshots, journal, follower, 50);
        state = parts.state;
        agent =
            std::make_unique<JournalAgent>(parts, options, control, clock, std::vector<Link*>{&in_},
                                           std::vector<Link*>{&out_}, metrics);
    }

    void step(int calls = 20) {
        for (int i = 0; i < calls; ++i) agent->do_work();
    }
    // One batch of `count` articles through the journal.
    void send(int count) {
        batch_.reset();
        batch_.sequence = sequence_++;
        batch_.epoch = control.epoch();
        for (int i = 0; i < count; ++i) {
            Article& article = batch_.add("{}");
            article.origin = {"raw", 0, offset_++, 1'764'000'000'000};
            article.uri = "urn:x";
        }
        Link& in = next_in_ ? *next_in_ : in_;
        Link& out = next_out_ ? *next_out_ : out_;
        in.push(&batch_);
        for (int i = 0; i < 1000 && out.size() == 0 && !control.failed(); ++i) agent->do_work();
        EXPECT_TRUE(control.failed() || out.pop() != nullptr);
    }
    void close() { (next_in_ ? *next_in_ : in_).close(); }
    // Comes to rest in place, and goes on with other links.
    void rebuild(const JournalAgentOptions& options) {
        control.request_handover();
        control.begin_handover();
        drain();
        control.end_handover();
        auto in = std::make_unique<Link>(16);
        auto out = std::make_unique<Link>(16);
        agent->rewire(options, {in.get()}, {out.get()});
        next_in_ = std::move(in);
        next_out_ = std::move(out);
    }
    void drain() {
        close();
        for (int i = 0; i < 10'000; ++i) {
            if (agent->do_work() == Agent::Work::kDone) return;
        }
        ADD_FAILURE() << "does not end";
    }

    ManualClock clock;
    Control control;
    Metrics metrics;
    FakeFollower follower;
    QuietLog quiet;
    LogJournal journal;
    FollowedState state;
    std::unique_ptr<JournalAgent> agent;

   private:
    Link in_;
    Link out_;
    std::unique_ptr<Link> next_in_;  // after a rebuild
    std::unique_ptr<Link> next_out_;
    Batch batch_{BatchLimits{}};
    std::uint64_t sequence_ = 0;
    std::int64_t offset_ = 0;
};

std::vector<JournalRecordKind> kinds(const SharedLog& log) {
    std::vector<JournalRecordKind> out;
    JournalRecord record;
    for (const std::string& bytes : log.records) {
        EXPECT_TRUE(decode_journal_record(bytes, record));
        out.push_back(record.kind);
    }
    return out;
}

std::size_t count(const SharedLog& log, JournalRecordKind kind) {
    const auto all = kinds(log);
    return static_cast<std::size_t>(std::count(all.begin(), all.end(), kind));
}

TEST(JournalSettings, stand_in_the_journal_before_the_first_entry) {
    SharedLog log;
    Rig rig(log, 1);
    rig.send(3);
    EXPECT_EQ(kinds(log), (std::vector{JournalRecordKind::kSettings, JournalRecordKind::kEntries}));
    EXPECT_EQ(rig.follower.settings(), "capacity 10");
    EXPECT_TRUE(rig.agent->ready());
}

TEST(JournalSettings, a_daemon_that_is_rebuilt_in_place_can_change_them) {
    SharedLog log;
    Rig rig(log, 1);
    rig.send(3);
    JournalAgentOptions options = agent_options(99);
    rig.rebuild(options);
    rig.send(3);
    EXPECT_EQ(count(log, JournalRecordKind::kSettings), 1u) << "nothing has changed";
    options.change_settings = true;
    rig.follower.want("capacity 20");
    rig.rebuild(options);
    EXPECT_FALSE(rig.agent->ready());
    rig.send(3);
    EXPECT_TRUE(rig.agent->ready());
    EXPECT_EQ(rig.follower.settings(), "capacity 20");
    EXPECT_EQ(rig.agent->settings(), "capacity 20");
    EXPECT_EQ(kinds(log), (std::vector{JournalRecordKind::kSettings, JournalRecordKind::kEntries,
                                       JournalRecordKind::kEntries, JournalRecordKind::kSettings,
                                       JournalRecordKind::kEntries}));
}

TEST(JournalSettings, of_two_that_start_at_once_the_first_in_the_log_counts) {
    SharedLog log;
    Rig a(log, 1, "capacity 10");
    Rig b(log, 2, "capacity 20");
    a.journal.hold(0);
    b.journal.hold(0);
    a.step();
    b.step();
    EXPECT_EQ(log.records.size(), 2u);
    EXPECT_FALSE(a.agent->ready());
    EXPECT_FALSE(b.agent->ready());
    a.journal.hold(INT64_MAX);
    b.journal.hold(INT64_MAX);
    a.step();
    b.step();
    EXPECT_TRUE(a.agent->ready() && b.agent->ready());
    EXPECT_EQ(a.follower.settings(), "capacity 10");
    EXPECT_EQ(b.follower.settings(), "capacity 10");
    Rig c(log, 3, "capacity 30");
    c.step();
    EXPECT_EQ(c.follower.settings(), "capacity 10");
    EXPECT_EQ(log.records.size(), 2u) << "a third finds them";
}

TEST(JournalSettings, a_change_holds_for_all_from_its_place_on) {
    SharedLog log;
    Rig a(log, 1, "capacity 10");
    a.send(3);
    JournalAgentOptions options = agent_options(2);
    options.change_settings = true;
    Rig b(log, options, "capacity 20");
    b.send(2);
    a.send(1);
    EXPECT_EQ(a.follower.settings(), "capacity 20");
    EXPECT_EQ(b.follower.settings(), "capacity 20");
    a.step();
    b.step();
    EXPECT_EQ(a.follower.state_hash(), b.follower.state_hash());
    Rig late(log, 3, "capacity 10");
    late.step();
    EXPECT_EQ(late.follower.state_hash(), a.follower.state_hash());
    // The same wish again is no change.
    Rig again(log, options, "capacity 20");
    again.step();
    EXPECT_TRUE(again.agent->ready());
    EXPECT_EQ(count(log, JournalRecordKind::kSettings), 2u);
}

TEST(JournalSettings, that_are_not_understood_stop_the_daemon) {
    SharedLog log;
    std::string record;
    encode_settings_record(9, false, "unknown 7", record);
    log.records.push_back(record);
    Rig rig(log, 1);
    rig.step();
    ASSERT_TRUE(rig.control.failed());
    EXPECT_EQ(rig.control.failure().exit_code, 78);
    EXPECT_NE(rig.control.failure().message.find("'unknown 7'"), std::string::npos);
}

TEST(JournalSettings, come_from_a_state_hash_where_the_journal_lost_its_beginning) {
    SharedLog log;
    Rig a(log, 1, "capacity 10");
    for (int i = 0; i < 5; ++i) a.send(4);
    ASSERT_GE(count(log, JournalRecordKind::kStateHash), 1u);
    log.begin = 2;
    Rig b(log, 2, "capacity 99");
    b.step();
    EXPECT_EQ(b.follower.settings(), "capacity 10");
    EXPECT_EQ(count(log, JournalRecordKind::kSettings), 1u);
}

TEST(StateHash, one_daemon_appends_it_and_all_compare) {
    SharedLog log;
    Rig a(log, 1);
    Rig b(log, 2);
    for (int i = 0; i < 50; ++i) {
        a.send(1);
        b.send(1);
    }
    for (int i = 0; i < 3; ++i) {
        a.step();
        b.step();
    }
    const std::size_t hashes = count(log, JournalRecordKind::kStateHash);
    EXPECT_GE(hashes, 8u);
    EXPECT_LE(hashes, 10u) << "100 entries, one hash every 10, not one a daemon";
    EXPECT_GE(a.metrics.journal_agreements.get(), 8u);
    EXPECT_EQ(a.metrics.journal_agreements.get(), b.metrics.journal_agreements.get());
    EXPECT_EQ(a.metrics.journal_disagreements.get() + b.metrics.journal_disagreements.get(), 0u);
}

TEST(StateHash, a_disagreement_is_seen_by_the_other_side) {
    SharedLog log;
    Rig a(log, 1);
    Rig b(log, 2);
    a.send(4);
    b.send(4);
    b.follower.spoil();
    for (int i = 0; i < 5; ++i) a.send(4);
    b.step();
    EXPECT_EQ(a.metrics.journal_disagreements.get(), 0u) << "its own hashes are its own";
    EXPECT_GE(b.metrics.journal_disagreements.get(), 2u);
    EXPECT_FALSE(b.control.failed());
}

TEST(StateHash, comes_each_hour_where_little_is_new) {
    SharedLog log;
    Rig a(log, 1);
    a.send(1);
    a.clock.now += 3601ll * 1'000'000'000;
    a.send(1);
    a.send(1);
    a.step();
    EXPECT_EQ(count(log, JournalRecordKind::kStateHash), 1u);
}

TEST(Snapshots, are_written_on_the_way_and_at_the_drain_and_taken_over) {
    for (const bool slow : {false, true}) {
        SharedLog log;
        MemorySnapshots store;
        store.slow = slow;
        JournalAgentOptions options = agent_options(1);
        options.snapshot_interval_entries = 300;
        Rig a(log, options, "capacity 10", &store);
        Rig never_stopped(log, 9);
        // The first ones are written while entries go on coming.
        for (int i = 0; i < 100; ++i) a.send(10);
        EXPECT_GE(store.kept.size(), 2u);
        a.drain();
        EXPECT_EQ(a.metrics.snapshots_written.get(), store.kept.size());
        EXPECT_EQ(a.metrics.snapshot_bytes.get(),
                  static_cast<std::int64_t>(store.kept.back().second.size()));
        never_stopped.send(7);
        never_stopped.step(100);
        // From each of them, the newest and the older ones, with the tail: the same state.
        while (!store.kept.empty()) {
            const std::string name = store.kept.back().first;
            Rig b(log, 2, "capacity 10", &store);
            EXPECT_TRUE(b.state.restored);
            EXPECT_EQ(b.state.name, name);
            EXPECT_GT(b.metrics.restored_entries.get(), 0);
            b.step(100);
            EXPECT_TRUE(b.agent->ready());
            EXPECT_EQ(b.follower.state_hash(), never_stopped.follower.state_hash());
            EXPECT_EQ(b.follower.numbers(), never_stopped.follower.numbers());
            EXPECT_EQ(b.metrics.journal_disagreements.get(), 0u);
            store.kept.pop_back();
        }
    }
}

TEST(Snapshots, that_can_not_be_written_are_a_warning) {
    SharedLog log;
    MemorySnapshots store;
    store.full = true;
    JournalAgentOptions options = agent_options(1);
    options.snapshot_interval_entries = 100;
    Rig a(log, options, "capacity 10", &store);
    for (int i = 0; i < 50; ++i) a.send(10);
    EXPECT_GE(a.metrics.snapshots_failed.get(), 2u);
    EXPECT_EQ(a.metrics.snapshots_written.get(), 0u);
    EXPECT_FALSE(a.control.failed());
    store.full = false;
    a.drain();
    EXPECT_EQ(a.metrics.snapshots_written.get(), 1u);
}

TEST(Snapshots, one_at_the_drain_that_takes_too_long_is_given_up) {
    class StuckStore final : public SnapshotStore {
       public:
        void begin(std::int64_t /*position*/) noexcept override { state_ = State::kWriting; }
        bool try_append(std::string& /*bytes*/) noexcept override { return false; }
        void commit() noexcept override {}
        void abandon() noexcept override { state_ = State::kIdle; }
        State state() noexcept override { return state_; }
        std::vector<std::string> names() override { return {}; }
        std::unique_ptr<SnapshotReader> open(const std::string& /*name*/) override {
            return nullptr;
        }

       private:
        State state_ = State::kIdle;
    } store;
    SharedLog log;
    Rig a(log, 1, "capacity 10", &store);
    a.send(10);
    a.close();
    for (int i = 0; i < 20; ++i) EXPECT_NE(a.agent->do_work(), Agent::Work::kDone);
    a.clock.now += agent_options(1).snapshot_drain_ns_max + 1;
    EXPECT_EQ(a.agent->do_work(), Agent::Work::kDone);
    EXPECT_EQ(a.metrics.snapshots_written.get(), 0u);
}

}  // namespace
}  // namespace newsmill
