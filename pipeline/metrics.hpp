// Counters of one pipeline. Each may be read by anyone at any time and is written by the agents, so
// relaxed order is enough: a number never decides anything. Agents count once a batch, not once an
// article.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/batch.hpp"

namespace newsmill {

class Counter {
   public:
    void add(std::uint64_t n = 1) noexcept { value_.fetch_add(n, std::memory_order_relaxed); }
    std::uint64_t get() const noexcept { return value_.load(std::memory_order_relaxed); }

   private:
    std::atomic<std::uint64_t> value_{0};
};

// A number that goes up and down: how something stands now.
class Gauge {
   public:
    void set(std::int64_t value) noexcept { value_.store(value, std::memory_order_relaxed); }
    std::int64_t get() const noexcept { return value_.load(std::memory_order_relaxed); }

   private:
    std::atomic<std::int64_t> value_{0};
};

// How often times fell into which of a fixed set of ranges; the last range has no upper bound.
class TimeHistogram {
   public:
    // Upper bounds, inclusive. From a batch of one short article to a feed that was down for a day.
    static constexpr std::array<std::int64_t, 22> kBoundsNs = {50'000,
                                                               100'000,
                                                               250'000,
                                                               500'000,
                                                               1'000'000,
                                                               2'500'000,
                                                               5'000'000,
                                                               10'000'000,
                                                               25'000'000,
                                                               50'000'000,
                                                               100'000'000,
                                                               250'000'000,
                                                               500'000'000,
                                                               1'000'000'000,
                                                               2'500'000'000,
                                                               5'000'000'000,
                                                               10'000'000'000,
                                                               30'000'000'000,
                                                               60'000'000'000,
                                                               300'000'000'000,
                                                               3'600'000'000'000,
                                                               86'400'000'000'000};
    static constexpr std::size_t kRanges = kBoundsNs.size() + 1;
    static std::size_t range_of(std::int64_t ns) noexcept;

    void observe(std::int64_t ns, std::uint64_t times = 1) noexcept {
        add_to(range_of(ns), times, ns < 0 ? 0 : static_cast<std::uint64_t>(ns) * times);
    }
    // For who counts many times first: `times` in a range, and the sum of them.
    void add_to(std::size_t range, std::uint64_t times, std::uint64_t sum_ns) noexcept {
        ranges_[range].add(times);
        sum_ns_.add(sum_ns);
    }

    // A copy that can be compared with an earlier one.
    struct View {
        std::array<std::uint64_t, kRanges> ranges{};
        std::uint64_t sum_ns = 0;
        std::uint64_t count() const noexcept;
        View since(const View& before) const noexcept;
        // Seconds below which `part` (0 to 1) of the times lie, by linear interpolation within a
        // range; negative if there are none.
        double quantile_s(double part) const noexcept;
    };
    View view() const noexcept;

   private:
    std::array<Counter, kRanges> ranges_;
    Counter sum_ns_;
};

// What one agent's thread does. Busy is the time in calls that found work, so the time in which the
// thread waits for its input does not count; the sink's waiting for the broker's commit does.
struct AgentMeter {
    std::string name;   // "front0"
    std::string group;  // "front": all lanes of it
    Counter busy_ns;
    Counter batches;  // lanes only
};

// One stage, over all of its lanes.
struct StageMeter {
    std::string name;
    std::string group;  // of the agents that run it
    Counter busy_ns, batches, articles;
    TimeHistogram batch_time;

    void count(std::size_t articles_of_batch, std::int64_t ns) noexcept {
        busy_ns.add(static_cast<std::uint64_t>(ns));
        batches.add();
        articles.add(articles_of_batch);
        batch_time.observe(ns);
    }
};

struct Metrics {
    // source
    Counter articles_in, bytes_in, batches_issued, rewinds, rebalances;
    // journal: records, and entries in them; entries also count what a snapshot stood for
    Counter journal_appended, journal_read, journal_ignored;
    Gauge journal_position, journal_entries, journal_state_hash;
    // Of state hashes in the journal: like our own at that place, or not.
    Counter journal_agreements, journal_disagreements;
    TimeHistogram journal_wait;  // of a batch: from its arrival until it is decided
    // snapshots; the gauges tell of the last one that was written (0: none yet)
    Counter snapshots_written, snapshots_failed;
    Gauge snapshot_at_ns;  // of the engine's clock
    Gauge snapshot_bytes, snapshot_ms, snapshot_position;
    Gauge restored_entries, restored_ms;  // at the start; 0: no snapshot was taken over
    // sink: only what is committed
    Counter articles_out, duplicates_out, dead_letters_out, bytes_out;
    Counter notices_out, notices_dropped;  // dropped: the output refuses them for good
    Counter commits, aborts, batches_dropped;
    // archive: records that are kept of what is committed, and those that it had no room for
    Counter archived, archive_skipped;
    std::array<Counter, kDedupKinds> decisions;
    std::array<Counter, kCodes> dead_letters;  // by code; [0] (kOk) stays 0
    std::array<Counter, kQuoteTypes> quotes;
    Counter topics;
    // From the record's own time (Kafka's timestamp) to the commit; from the source's hand-off to
    // the commit. Both of each article.
    TimeHistogram end_to_end, transit;
    TimeHistogram transaction, commit;  // from begin to the commit's end; positions and commit

    // The meters of that name, made when they are first asked for; they live as long as the
    // metrics, also those of lanes that are no more.
    AgentMeter& agent(std::string_view name, std::string_view group);
    StageMeter& stage(std::string_view name, std::string_view group);
    std::vector<const AgentMeter*> agents() const;
    std::vector<const StageMeter*> stages() const;

   private:
    mutable std::mutex mutex_;  // guards the lists, not what they hold
    std::vector<std::unique_ptr<AgentMeter>> agents_;
    std::vector<std::unique_ptr<StageMeter>> stages_;
};

}  // namespace newsmill
