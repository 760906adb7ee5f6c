// A daemon's numbers over time: what the live page draws, what `newsmill top` prints. Once a second
// the counters of the pipeline are read and compared with those of a second before; ten minutes are
// kept.
//
// Threads: one, the admin server's; what it reads of the pipeline may be read by any.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "pipeline/pipeline.hpp"

namespace newsmill {

// Of the process, from /proc; what can't be read is 0.
struct ProcessNumbers {
    double cpu_s = 0;  // user and system
    std::int64_t resident_bytes = 0;
    std::int64_t virtual_bytes = 0;
    std::int64_t open_files = 0;
    std::int64_t open_files_max = 0;
    std::int64_t threads = 0;
    double started_unix_s = 0;
};
ProcessNumbers read_process();

// One second. Negative: not known, or there was nothing to measure.
struct LiveSample {
    std::int64_t unix_ms = 0;
    double articles_per_s = 0;  // committed, dead letters too
    double bytes_per_s = 0;     // read
    double duplicates_per_s = 0;
    double dead_letters_per_s = 0;
    // From the record's own time, and from the source's hand-off, to the commit.
    double latency_p50_s = -1, latency_p99_s = -1;
    double transit_p50_s = -1, transit_p99_s = -1;
    std::int64_t lag_records = -1;  // over all partitions
    std::int64_t lag_ms = -1;       // of the partition that is furthest behind
    double cpu = 0;                 // cores
    std::int64_t resident_bytes = 0;
    // Busy part of the time, 0 to 1: of the busiest agent of each group, in the pipeline's order.
    std::vector<std::pair<std::string, double>> utilization;
    // What limits the rate most: the group with the highest utilization, and of it the stage that
    // takes most of its time (empty for a group without stages).
    std::string busiest_group, busiest_stage;
};

class LiveNumbers {
   public:
    static constexpr std::size_t kSamples = 600;

    void sample(const Pipeline& pipeline, const Clock& clock);

    const std::deque<LiveSample>& samples() const noexcept { return samples_; }
    const std::vector<PartitionLag>& lags() const noexcept { return lags_; }
    // Busy part of the last second: of an agent, and of a stage's share in its lanes' time.
    double agent_utilization(const std::string& name) const;
    double stage_utilization(const std::string& name) const;
    const ProcessNumbers& process() const noexcept { return process_; }

   private:
    struct Totals {
        std::int64_t at_ns = 0;
        std::uint64_t articles = 0, bytes = 0, duplicates = 0, dead_letters = 0;
        double cpu_s = 0;
        TimeHistogram::View latency, transit;
        std::map<std::string, std::uint64_t> agent_busy_ns, stage_busy_ns;
    };
    static Totals totals(const Metrics& metrics, std::int64_t at_ns, double cpu_s);
    void note_utilization(const Metrics& metrics, const Totals& now, LiveSample& sample);
    void note_lag(LiveSample& sample) const;

    std::deque<LiveSample> samples_;
    LagReader lag_reader_;
    std::vector<PartitionLag> lags_;
    ProcessNumbers process_;
    Totals before_;
    std::map<std::string, double> agent_utilization_, stage_utilization_;
};

}  // namespace newsmill
