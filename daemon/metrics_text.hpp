// The daemon's metrics in the text formats of Prometheus (0.0.4) and OpenMetrics (1.0), and as the
// table of docs/metrics.md. Names follow Prometheus's conventions: base units, `_total` for
// counters.
//
// Threads: any; the same as LiveNumbers for what it is given. No errors.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/live_numbers.hpp"
#include "pipeline/memory_plan.hpp"
#include "pipeline/pipeline.hpp"

namespace newsmill {

enum class MetricsFormat : std::uint8_t { kPrometheus, kOpenMetrics, kMarkdown };
// By the Accept header of a scrape.
MetricsFormat metrics_format(std::string_view accept) noexcept;
std::string_view content_type(MetricsFormat format) noexcept;

// What is not there (null) gives its families' heads, but no samples.
struct MetricsSource {
    const Pipeline* pipeline = nullptr;
    const MemoryPlan* memory = nullptr;
    std::vector<PartitionLag> lags;
    ProcessNumbers process;
    std::uint64_t log_lines_lost = 0;
    std::uint64_t tap_skipped = 0;
    std::uint64_t admin_requests = 0, admin_refused = 0;
    std::uint64_t admin_connections = 0;
    std::uint64_t reloads_applied = 0, reloads_refused = 0;
    bool ready = false, paused = false, draining = false;
};

std::string metrics_text(const MetricsSource& source, MetricsFormat format);

// Rows "| name | type | unit | labels | meaning |" of all families, for docs/metrics.md.
std::string metrics_markdown();

}  // namespace newsmill
