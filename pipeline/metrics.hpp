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

struct Metrics {
    // source
    Counter articles_in, bytes_in, batches_issued, rewinds, rebalances;
    // journal
    Counter journal_appended, journal_read, journal_ignored;
    // sink: only what is committed
    Counter articles_out, duplicates_out, dead_letters_out, bytes_out;
    Counter notices_out, notices_dropped;  // dropped: the output refuses them for good
    Counter commits, aborts, batches_dropped;
};

}  // namespace newsmill
