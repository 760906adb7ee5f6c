// Counters of one pipeline. Each is written by one agent and read by anyone, so relaxed order is
// enough: a number never decides anything.
#pragma once

#include <atomic>
#include <cstdint>

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

struct Metrics {
    // source
    Counter articles_in, bytes_in, batches_issued, rewinds, rebalances;
    // journal: records, and entries in them; entries also count what a snapshot stood for
    Counter journal_appended, journal_read, journal_ignored;
    Gauge journal_position, journal_entries, journal_state_hash;
    // Of state hashes in the journal: like our own at that place, or not.
    Counter journal_agreements, journal_disagreements;
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
};

}  // namespace newsmill
