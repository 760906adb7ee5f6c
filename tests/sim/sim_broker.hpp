// A fake broker for the simulator: one process, one thread, every fault that a real one shows, at
// the whim of a seeded generator. It models what exactly-once leans on: the group's generations and
// eager hand-over, session expiry, static members that replace each other, transactions with
// fencing, positions that stay pending until their transaction ends (and that a fetch of positions
// waits for), and the journal's log with appends that arrive late, twice, or not at all when their
// writer dies.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/journal.hpp"
#include "pipeline/sink.hpp"
#include "pipeline/source.hpp"

namespace newsmill::sim {

class Random {
   public:
    explicit Random(std::uint64_t seed) : engine_(seed) {}
    std::uint64_t below(std::uint64_t bound) { return bound == 0 ? 0 : engine_() % bound; }
    bool one_in(std::uint64_t n) { return below(n) == 0; }

   private:
    std::mt19937_64 engine_;
};

struct InputRecord {
    std::string payload;
    std::int64_t timestamp_ms;
};

struct OutputRecord {
    std::string value;
    Channel channel;
    std::int32_t partition;  // of the input
    std::int64_t offset;
    std::size_t part;  // 0: the article's own; from 1: its notices
    std::uint64_t transaction;
};

// How often things go wrong: one in n calls; 0 for never.
struct Faults {
    std::uint64_t idle_poll = 4;
    std::uint64_t retry = 6;
    std::uint64_t abort = 60;
    std::uint64_t ambiguous_commit = 25;
    std::uint64_t late_append = 3;
    std::uint64_t twice_append = 10;
};

struct Membership {
    std::string instance;
    std::uint64_t incarnation = 0;
    std::uint64_t generation = 0;
};

class SimBroker {
   public:
    static constexpr const char* kTopic = "raw";

    SimBroker(std::uint64_t seed, std::vector<std::vector<InputRecord>> input, Faults faults);

    // ---- Time: one tick a step of the simulation.
    void tick();
    void stop_faults() { faulty_ = false; }

    // ---- The group.
    void join(const std::string& instance, std::uint64_t incarnation);
    void leave(const std::string& instance, std::uint64_t incarnation);
    // The coordinator takes a member for dead, rightly or not.
    void expire(const std::string& instance);
    Consumer::Event poll_group(const std::string& instance, std::uint64_t incarnation);
    std::vector<std::int32_t> accept(const std::string& instance, Membership& membership);
    void released(const std::string& instance);
    // The committed position, or nothing while a transaction holds one that is pending.
    std::optional<std::int64_t> committed(std::int32_t partition) const;
    bool member(const Membership& membership) const;

    // ---- Transactions.
    std::uint64_t init_transactions(const std::string& id);  // the producer's epoch
    bool fenced(const std::string& id, std::uint64_t epoch) const;
    void begin(const std::string& id);
    // False if the transaction has timed out.
    bool append(const std::string& id, OutputRecord record);
    bool add_positions(const std::string& id, const std::vector<Position>& positions);
    bool end(const std::string& id, bool commit);

    // ---- The journal.
    void append_journal(std::string_view record);
    const std::vector<std::string>& journal() const { return journal_; }

    // ---- What a read_committed reader sees, and how far the input has got.
    std::vector<OutputRecord> committed_output() const;
    bool all_committed() const;
    const std::vector<std::vector<InputRecord>>& input() const { return input_; }
    std::uint64_t ticks() const { return ticks_; }

    bool fault(std::uint64_t one_in) { return faulty_ && one_in != 0 && random_.one_in(one_in); }
    const Faults& faults() const { return faults_; }
    Random& random() { return random_; }

   private:
    struct Member {
        std::uint64_t incarnation = 0;
        bool holds = false;  // has an assignment that it has not released
        bool told = false;   // has been told to release it
        bool news = false;   // has an assignment to accept
        bool lost = false;   // was expired, and has to be told
        std::vector<std::int32_t> partitions;
        std::uint64_t asked_at = 0;
    };
    struct Transaction {
        std::uint64_t epoch = 0;
        bool open = false;
        std::uint64_t number = 0;
        std::uint64_t since = 0;
        std::map<std::int32_t, std::int64_t> positions;
    };

    void rebalance();
    void try_assign();
    void finish(Transaction& transaction, bool commit);

    Random random_;
    std::vector<std::vector<InputRecord>> input_;
    Faults faults_;
    bool faulty_ = true;
    std::uint64_t ticks_ = 0;

    std::map<std::string, Member> members_;
    std::map<std::string, std::uint64_t> expired_;  // instance -> incarnation to be told
    bool rebalancing_ = false;
    std::uint64_t generation_ = 0;
    std::map<std::int32_t, std::int64_t> positions_;

    std::map<std::string, Transaction> transactions_;
    std::uint64_t next_transaction_ = 1;
    std::set<std::uint64_t> committed_;
    std::vector<OutputRecord> output_;

    std::vector<std::string> journal_;
    std::deque<std::pair<std::uint64_t, std::string>> late_;  // tick, record
};

// ---- The three seams of one daemon
// ------------------------------------------------------------------

class SimConsumer final : public Consumer {
   public:
    SimConsumer(SimBroker& broker, std::string instance, std::uint64_t incarnation);
    Event poll(Batch* batch) noexcept override;
    GroupToken accept_assignment() noexcept override;
    void release_assignment() noexcept override;
    bool rewind() noexcept override;
    Failure failure() const override { return {75, "fenced: another member has this instance id"}; }
    void close() noexcept override;

   private:
    SimBroker& broker_;
    std::string instance_;
    std::uint64_t incarnation_;
    bool closed_ = false;
    std::map<std::int32_t, std::optional<std::int64_t>> next_;  // nothing: to be fetched
};

class SimProducer final : public Producer {
   public:
    SimProducer(SimBroker& broker, std::string id);
    Outcome begin() noexcept override;
    Outcome send(const Article& article) noexcept override;
    Outcome send_notice(const Article& article, const Output& notice) noexcept override;
    Outcome send_positions(const std::vector<Position>& positions,
                           const GroupToken& token) noexcept override;
    Outcome commit() noexcept override;
    Outcome abort() noexcept override;
    Failure failure() const override { return {75, "fenced: another producer has this id"}; }

   private:
    Outcome trouble() noexcept;
    Outcome append(const Article& article, const Output& output, std::size_t part) noexcept;

    SimBroker& broker_;
    std::string id_;
    std::uint64_t epoch_;
    bool open_ = false;
};

class SimJournal final : public Journal {
   public:
    explicit SimJournal(SimBroker& broker) : broker_(broker), end_(broker.journal().size()) {}
    Outcome append(std::string_view record) noexcept override;
    Outcome poll(std::string_view& record) noexcept override;
    bool caught_up() noexcept override { return next_ >= end_; }
    std::string_view identity() const noexcept override { return "sim"; }
    std::int64_t begin_position() const noexcept override { return 0; }
    std::int64_t end_position() const noexcept override { return static_cast<std::int64_t>(end_); }
    std::int64_t position() const noexcept override { return static_cast<std::int64_t>(next_); }
    bool seek(std::int64_t position) noexcept override {
        if (position < 0 || position > static_cast<std::int64_t>(broker_.journal().size()))
            return false;
        next_ = static_cast<std::size_t>(position);
        return true;
    }

   private:
    SimBroker& broker_;
    std::size_t end_;
    std::size_t next_ = 0;
};

}  // namespace newsmill::sim
