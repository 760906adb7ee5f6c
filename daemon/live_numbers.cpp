#include "daemon/live_numbers.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>

namespace newsmill {
namespace {

double part(const std::map<std::string, double>& of, const std::string& name) {
    const auto at = of.find(name);
    return at == of.end() ? 0 : at->second;
}

std::int64_t boot_unix_s() {
    std::ifstream in("/proc/stat");
    std::string word;
    std::int64_t value = 0;
    for (std::string line; std::getline(in, line);) {
        std::istringstream words(line);
        if (words >> word >> value && word == "btime") return value;
    }
    return 0;
}

// The fields of /proc/self/stat after the name, which may hold anything: [0] is the third.
std::vector<std::int64_t> stat_fields() {
    std::ifstream in("/proc/self/stat");
    std::string line;
    std::getline(in, line);
    const std::size_t close = line.rfind(')');
    std::vector<std::int64_t> fields;
    if (close == std::string::npos) return fields;
    std::istringstream words(line.substr(close + 1));
    std::string state;
    words >> state;
    fields.push_back(0);
    for (std::int64_t value = 0; words >> value;) fields.push_back(value);
    return fields;
}

}  // namespace

ProcessNumbers read_process() {
    ProcessNumbers numbers;
    const std::vector<std::int64_t> fields = stat_fields();
    const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
    if (fields.size() > 21) {
        numbers.cpu_s = static_cast<double>(fields[11] + fields[12]) / ticks;
        numbers.threads = fields[17];
        numbers.started_unix_s =
            static_cast<double>(boot_unix_s()) + static_cast<double>(fields[19]) / ticks;
        numbers.virtual_bytes = fields[20];
        numbers.resident_bytes = fields[21] * sysconf(_SC_PAGESIZE);
    }
    std::error_code error;
    const std::filesystem::directory_iterator files("/proc/self/fd", error);
    if (!error) {
        numbers.open_files = std::distance(begin(files), end(files)) - 1;  // without this look
    }
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        numbers.open_files_max = static_cast<std::int64_t>(limit.rlim_cur);
    }
    return numbers;
}

LiveNumbers::Totals LiveNumbers::totals(const Metrics& metrics, std::int64_t at_ns, double cpu_s) {
    Totals now;
    now.at_ns = at_ns;
    now.dead_letters = metrics.dead_letters_out.get();
    now.articles = metrics.articles_out.get() + now.dead_letters;
    now.bytes = metrics.bytes_in.get();
    now.duplicates = metrics.duplicates_out.get();
    now.cpu_s = cpu_s;
    now.latency = metrics.end_to_end.view();
    now.transit = metrics.transit.view();
    for (const AgentMeter* agent : metrics.agents()) {
        now.agent_busy_ns[agent->name] = agent->busy_ns.get();
    }
    for (const StageMeter* stage : metrics.stages()) {
        now.stage_busy_ns[stage->name] = stage->busy_ns.get();
    }
    return now;
}

void LiveNumbers::note_utilization(const Metrics& metrics, const Totals& now, LiveSample& sample) {
    const auto span_ns = static_cast<double>(std::max<std::int64_t>(1, now.at_ns - before_.at_ns));
    // A call that began before the last sample is counted when it ends: never more than all.
    const auto busy = [&](std::uint64_t after, std::uint64_t before, double lanes) {
        return std::min(1.0, static_cast<double>(after - before) / (span_ns * lanes));
    };
    std::map<std::string, double> lanes;
    double highest = 0;
    for (const AgentMeter* agent : metrics.agents()) {
        const double used =
            busy(now.agent_busy_ns.at(agent->name), before_.agent_busy_ns[agent->name], 1);
        agent_utilization_[agent->name] = used;
        lanes[agent->group] += 1;
        auto& groups = sample.utilization;
        if (groups.empty() || groups.back().first != agent->group) {
            groups.emplace_back(agent->group, used);
        } else {
            groups.back().second = std::max(groups.back().second, used);
        }
    }
    for (const auto& [group, used] : sample.utilization) {
        if (used <= highest) continue;
        highest = used;
        sample.busiest_group = group;
    }
    double most = 0;
    for (const StageMeter* stage : metrics.stages()) {
        const double used =
            busy(now.stage_busy_ns.at(stage->name), before_.stage_busy_ns[stage->name],
                 std::max(1.0, lanes[stage->group]));
        stage_utilization_[stage->name] = used;
        if (stage->group != sample.busiest_group || used <= most) continue;
        most = used;
        sample.busiest_stage = stage->name;
    }
}

void LiveNumbers::note_lag(LiveSample& sample) const {
    for (const PartitionLag& lag : lags_) {
        if (lag.records >= 0) {
            sample.lag_records = std::max<std::int64_t>(0, sample.lag_records) + lag.records;
        }
        sample.lag_ms = std::max(sample.lag_ms, lag.ms);
    }
}

void LiveNumbers::sample(const Pipeline& pipeline, const Clock& clock) {
    process_ = read_process();
    LiveSample sample;
    sample.unix_ms = clock.unix_ms();
    lags_ = lag_reader_.read(pipeline.partitions(), pipeline.committed(), sample.unix_ms);
    note_lag(sample);
    sample.resident_bytes = process_.resident_bytes;
    Totals now = totals(pipeline.metrics(), clock.now_ns(), process_.cpu_s);
    if (before_.at_ns != 0) {
        const double seconds =
            static_cast<double>(std::max<std::int64_t>(1, now.at_ns - before_.at_ns)) / 1e9;
        const auto rate = [seconds](std::uint64_t after, std::uint64_t before) {
            return static_cast<double>(after - before) / seconds;
        };
        sample.articles_per_s = rate(now.articles, before_.articles);
        sample.bytes_per_s = rate(now.bytes, before_.bytes);
        sample.duplicates_per_s = rate(now.duplicates, before_.duplicates);
        sample.dead_letters_per_s = rate(now.dead_letters, before_.dead_letters);
        sample.cpu = (now.cpu_s - before_.cpu_s) / seconds;
        const TimeHistogram::View latency = now.latency.since(before_.latency);
        sample.latency_p50_s = latency.quantile_s(0.5);
        sample.latency_p99_s = latency.quantile_s(0.99);
        const TimeHistogram::View transit = now.transit.since(before_.transit);
        sample.transit_p50_s = transit.quantile_s(0.5);
        sample.transit_p99_s = transit.quantile_s(0.99);
        note_utilization(pipeline.metrics(), now, sample);
        samples_.push_back(std::move(sample));
        if (samples_.size() > kSamples) samples_.pop_front();
    }
    before_ = std::move(now);
}

double LiveNumbers::agent_utilization(const std::string& name) const {
    return part(agent_utilization_, name);
}

double LiveNumbers::stage_utilization(const std::string& name) const {
    return part(stage_utilization_, name);
}

}  // namespace newsmill
