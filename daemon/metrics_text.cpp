#include "daemon/metrics_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <initializer_list>
#include <utility>

#include "pipeline/build_info.hpp"

namespace newsmill {
namespace {

using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '\n') {
            out += "\\n";
        } else {
            if (c == '\\' || c == '"') out += '\\';
            out += c;
        }
    }
    return out;
}

// Writes families one after the other; samples belong to the last one.
class Writer {
   public:
    explicit Writer(MetricsFormat format) : format_(format) {}

    // `labels`: for the documentation, "a, b".
    void family(std::string_view name, std::string_view type, std::string_view unit,
                std::string_view labels, std::string_view help) {
        name_ = name;
        counter_ = type == "counter";
        if (format_ == MetricsFormat::kMarkdown) {
            const char* total = counter_ ? "_total" : "";
            out_ += fmt::format("| `{}{}` | {} | {} | {} | {} |\n", name, total, type,
                                unit.empty() ? "" : unit, labels, help);
            return;
        }
        if (format_ == MetricsFormat::kOpenMetrics) {
            out_ += fmt::format("# TYPE {} {}\n", name, type);
            if (!unit.empty()) out_ += fmt::format("# UNIT {} {}\n", name, unit);
            out_ += fmt::format("# HELP {} {}\n", name, help);
        } else {
            const char* total = counter_ ? "_total" : "";
            out_ += fmt::format("# HELP {}{} {}\n# TYPE {}{} {}\n", name, total, help, name, total,
                                type);
        }
    }
    void sample(std::uint64_t value, Labels labels = {}) {
        line("", std::to_string(value), labels);
    }
    void sample(std::int64_t value, Labels labels = {}) { line("", std::to_string(value), labels); }
    void sample(bool value, Labels labels = {}) { line("", value ? "1" : "0", labels); }
    void sample(double value, Labels labels = {}) { line("", fmt::format("{}", value), labels); }
    void seconds(std::uint64_t ns, Labels labels = {}) {
        sample(static_cast<double>(ns) / 1e9, labels);
    }
    void histogram(const TimeHistogram::View& view, Labels labels = {}) {
        std::uint64_t below = 0;
        for (std::size_t i = 0; i < view.ranges.size(); ++i) {
            below += view.ranges[i];
            const std::string bound =
                i < TimeHistogram::kBoundsNs.size()
                    ? fmt::format("{}", static_cast<double>(TimeHistogram::kBoundsNs[i]) / 1e9)
                    : "+Inf";
            line("_bucket", std::to_string(below), labels, bound);
        }
        line("_sum", fmt::format("{}", static_cast<double>(view.sum_ns) / 1e9), labels);
        line("_count", std::to_string(below), labels);
    }
    std::string take() {
        if (format_ == MetricsFormat::kOpenMetrics) out_ += "# EOF\n";
        return std::move(out_);
    }

   private:
    void line(std::string_view suffix, std::string_view value, Labels labels,
              std::string_view bound = {}) {
        if (format_ == MetricsFormat::kMarkdown) return;
        out_ += name_;
        out_ += counter_ ? "_total" : suffix;
        const char* parting = "{";
        for (const auto& [name, text] : labels) {
            out_ += fmt::format("{}{}=\"{}\"", parting, name, escaped(text));
            parting = ",";
        }
        if (!bound.empty()) {
            out_ += fmt::format("{}le=\"{}\"", parting, bound);
            parting = ",";
        }
        if (*parting == ',') out_ += '}';
        out_.append(" ").append(value).append("\n");
    }

    MetricsFormat format_;
    std::string_view name_;
    bool counter_ = false;
    std::string out_;
};

void write_state(Writer& out, const MetricsSource& source) {
    out.family("newsmill_build_info", "gauge", "", "version, build",
               "Always 1; what this program is.");
    out.sample(std::uint64_t{1}, {{"version", build_version()}, {"build", build_id()}});
    out.family("newsmill_ready", "gauge", "", "",
               "1 if articles are taken: the journal is read, and no drain is under way.");
    out.sample(source.ready);
    out.family("newsmill_paused", "gauge", "", "", "1 while a pause holds the source.");
    out.sample(source.paused);
    out.family("newsmill_draining", "gauge", "", "", "1 from the first sign to stop.");
    out.sample(source.draining);
    out.family("newsmill_config_reloads", "counter", "", "outcome",
               "Reloads of the configuration, `applied` or `refused`.");
    out.sample(source.reloads_applied, {{"outcome", "applied"}});
    out.sample(source.reloads_refused, {{"outcome", "refused"}});
}

void write_articles(Writer& out, const Metrics* m) {
    const auto count = [&](std::string_view name, std::string_view unit, std::string_view help,
                           const Counter Metrics::*counter) {
        out.family(name, "counter", unit, "", help);
        if (m != nullptr) out.sample((m->*counter).get());
    };
    count("newsmill_articles_read", "",
          "Articles read from the input, those that are read again too.", &Metrics::articles_in);
    count("newsmill_read_bytes", "bytes", "Bytes of their values.", &Metrics::bytes_in);
    count("newsmill_articles_committed", "",
          "Articles whose records are committed, without dead letters.", &Metrics::articles_out);
    count("newsmill_committed_bytes", "bytes", "Bytes of committed values.", &Metrics::bytes_out);
    out.family("newsmill_decisions", "counter", "", "kind",
               "Committed articles by what they are to others: unique, exact, near, contained, "
               "contains, update or kill.");
    for (std::size_t i = 0; m != nullptr && i < kDedupKinds; ++i) {
        out.sample(m->decisions[i].get(), {{"kind", dedup_kind_name(static_cast<DedupKind>(i))}});
    }
    out.family("newsmill_dead_letters", "counter", "", "code", "Committed dead letters.");
    for (std::size_t i = 1; m != nullptr && i < kCodes; ++i) {
        out.sample(m->dead_letters[i].get(), {{"code", code_name(static_cast<Code>(i))}});
    }
    out.family("newsmill_quotes", "counter", "", "type",
               "Statements in committed records: direct, mixed, indirect or transcript.");
    for (std::size_t i = 0; m != nullptr && i < kQuoteTypes; ++i) {
        out.sample(m->quotes[i].get(), {{"type", quote_type_name(static_cast<QuoteType>(i))}});
    }
    count("newsmill_topics", "", "Topics in committed records.", &Metrics::topics);
    count("newsmill_notices", "", "Committed notices of kills and elections.",
          &Metrics::notices_out);
    count("newsmill_notices_dropped", "", "Notices that the output refuses for good.",
          &Metrics::notices_dropped);
    count("newsmill_archived", "", "Records that the archive has kept.", &Metrics::archived);
    count("newsmill_archive_skipped", "", "Records that the archive had no room for.",
          &Metrics::archive_skipped);
}

void write_transactions(Writer& out, const Metrics* m) {
    out.family("newsmill_transactions", "counter", "", "outcome",
               "Transactions, `committed` or `aborted`; what an aborted one held is read again.");
    if (m != nullptr) {
        out.sample(m->commits.get(), {{"outcome", "committed"}});
        out.sample(m->aborts.get(), {{"outcome", "aborted"}});
    }
    const auto count = [&](std::string_view name, std::string_view help,
                           const Counter Metrics::*counter) {
        out.family(name, "counter", "", "", help);
        if (m != nullptr) out.sample((m->*counter).get());
    };
    count("newsmill_batches_read", "Batches that the source has issued.", &Metrics::batches_issued);
    count("newsmill_batches_dropped", "Batches of aborted transactions and lost partitions.",
          &Metrics::batches_dropped);
    count("newsmill_rewinds", "Times that the source went back to the committed positions.",
          &Metrics::rewinds);
    count("newsmill_rebalances", "Changes of this daemon's partitions.", &Metrics::rebalances);
    const auto times = [&](std::string_view name, std::string_view help,
                           const TimeHistogram Metrics::*histogram) {
        out.family(name, "histogram", "seconds", "", help);
        if (m != nullptr) out.histogram((m->*histogram).view());
    };
    times("newsmill_end_to_end_seconds",
          "From a record's Kafka timestamp to the commit of what became of it.",
          &Metrics::end_to_end);
    times("newsmill_transit_seconds", "From the source's hand-off of an article to its commit.",
          &Metrics::transit);
    times("newsmill_transaction_seconds", "From the begin of a transaction to its commit.",
          &Metrics::transaction);
    times("newsmill_commit_seconds", "Of that, positions and commit: the broker's answer.",
          &Metrics::commit);
}

void write_journal(Writer& out, const Metrics* m) {
    const auto count = [&](std::string_view name, std::string_view help,
                           const Counter Metrics::*counter) {
        out.family(name, "counter", "", "", help);
        if (m != nullptr) out.sample((m->*counter).get());
    };
    const auto gauge = [&](std::string_view name, std::string_view unit, std::string_view help,
                           const Gauge Metrics::*of) {
        out.family(name, "gauge", unit, "", help);
        if (m != nullptr) out.sample((m->*of).get());
    };
    count("newsmill_journal_records_read", "Records read from the journal.",
          &Metrics::journal_read);
    count("newsmill_journal_records_appended", "Records appended by this daemon.",
          &Metrics::journal_appended);
    count("newsmill_journal_records_ignored", "Records that are damaged or foreign.",
          &Metrics::journal_ignored);
    gauge("newsmill_journal_position", "", "Where this daemon stands in the journal.",
          &Metrics::journal_position);
    gauge("newsmill_journal_entries", "", "Articles in the journal up to there.",
          &Metrics::journal_entries);
    out.family("newsmill_journal_wait_seconds", "histogram", "seconds", "",
               "Of a batch, until its record has come back and it is decided.");
    if (m != nullptr) out.histogram(m->journal_wait.view());
    out.family("newsmill_journal_comparisons", "counter", "", "outcome",
               "State hashes of other daemons compared with this one's: `agree` or `disagree`.");
    if (m != nullptr) {
        out.sample(m->journal_agreements.get(), {{"outcome", "agree"}});
        out.sample(m->journal_disagreements.get(), {{"outcome", "disagree"}});
    }
    out.family("newsmill_snapshots", "counter", "", "outcome",
               "Snapshots of the state, `written` or `failed`.");
    if (m != nullptr) {
        out.sample(m->snapshots_written.get(), {{"outcome", "written"}});
        out.sample(m->snapshots_failed.get(), {{"outcome", "failed"}});
    }
    gauge("newsmill_snapshot_bytes", "bytes", "Size of the newest one; 0: none yet.",
          &Metrics::snapshot_bytes);
    gauge("newsmill_snapshot_position", "", "The journal's position of the newest one.",
          &Metrics::snapshot_position);
}

void write_agents(Writer& out, const Pipeline* pipeline) {
    const Metrics* m = pipeline == nullptr ? nullptr : &pipeline->metrics();
    out.family("newsmill_agent_busy_seconds", "counter", "seconds", "agent, group",
               "Time in which an agent's thread was at work; its rate is the utilization, and the "
               "highest is the bottleneck.");
    if (m != nullptr) {
        for (const AgentMeter* agent : m->agents()) {
            out.seconds(agent->busy_ns.get(), {{"agent", agent->name}, {"group", agent->group}});
        }
    }
    out.family("newsmill_stage_busy_seconds", "counter", "seconds", "stage, group",
               "Of that, in a stage, over all of its lanes.");
    if (m != nullptr) {
        for (const StageMeter* stage : m->stages()) {
            out.seconds(stage->busy_ns.get(), {{"stage", stage->name}, {"group", stage->group}});
        }
    }
    out.family("newsmill_stage_articles", "counter", "", "stage",
               "Articles that a stage has seen.");
    if (m != nullptr) {
        for (const StageMeter* stage : m->stages()) {
            out.sample(stage->articles.get(), {{"stage", stage->name}});
        }
    }
    out.family("newsmill_stage_batch_seconds", "histogram", "seconds", "stage",
               "Time that a stage takes for a batch.");
    if (m != nullptr) {
        for (const StageMeter* stage : m->stages()) {
            out.histogram(stage->batch_time.view(), {{"stage", stage->name}});
        }
    }
    out.family("newsmill_queue_batches", "gauge", "", "queue, lane",
               "Batches that wait for the agents of a group; `source` is the pool of free ones.");
    if (pipeline != nullptr) {
        for (const Pipeline::Queue& queue : pipeline->queues()) {
            out.sample(static_cast<std::uint64_t>(queue.batches),
                       {{"queue", queue.name}, {"lane", std::to_string(queue.lane)}});
        }
    }
    out.family("newsmill_pool_batches", "gauge", "", "", "All batches that there are.");
    if (pipeline != nullptr) out.sample(static_cast<std::uint64_t>(pipeline->pool_batches()));
}

void write_lags(Writer& out, const std::vector<PartitionLag>& lags) {
    const auto each = [&](std::string_view name, std::string_view unit, std::string_view help,
                          auto value) {
        out.family(name, "gauge", unit, "topic, partition", help);
        for (const PartitionLag& lag : lags) {
            if (value(lag) < 0) continue;  // not known yet
            const std::string number = std::to_string(lag.partition);
            out.sample(value(lag), {{"topic", lag.topic}, {"partition", number}});
        }
    };
    each("newsmill_consumer_lag_records", "",
         "Records from the committed position to the end of the partition.",
         [](const PartitionLag& lag) { return lag.records; });
    each("newsmill_consumer_lag_seconds", "seconds",
         "Age of the newest committed record, or time since the partition was read to its end.",
         [](const PartitionLag& lag) { return static_cast<double>(lag.ms) / 1000; });
    each("newsmill_consumer_position", "", "The committed position.",
         [](const PartitionLag& lag) { return lag.position; });
    each("newsmill_consumer_end_offset", "", "The end of the partition.",
         [](const PartitionLag& lag) { return lag.end_offset; });
}

void write_memory(Writer& out, const MemoryPlan* memory) {
    out.family("newsmill_memory_bound_bytes", "gauge", "bytes", "part",
               "The most that a part of the daemon may use, as `newsmill check` has it.");
    if (memory != nullptr) {
        for (const MemoryPart& one : memory->parts) out.sample(one.bytes, {{"part", one.name}});
    }
    out.family("newsmill_memory_ceiling_bytes", "gauge", "bytes", "", "pipeline.memory_bytes_max.");
    if (memory != nullptr) out.sample(memory->bytes_max);
}

void write_rest(Writer& out, const MetricsSource& source) {
    out.family("newsmill_log_lines_lost", "counter", "", "",
               "Log lines lost to a full queue (log.queue_lines).");
    out.sample(source.log_lines_lost);
    out.family("newsmill_tap_skipped", "counter", "", "",
               "Records and dead letters that the tap's sample left out.");
    out.sample(source.tap_skipped);
    out.family("newsmill_admin_requests", "counter", "", "", "Requests to the admin server.");
    out.sample(source.admin_requests);
    out.family("newsmill_admin_refused", "counter", "", "",
               "Of them, refused: no token, a foreign host, too large.");
    out.sample(source.admin_refused);
    out.family("newsmill_admin_connections", "gauge", "", "", "Open connections to it.");
    out.sample(source.admin_connections);
}

// The names that Prometheus's own clients use.
void write_process(Writer& out, const ProcessNumbers& process) {
    out.family("process_cpu_seconds", "counter", "seconds", "", "User and system time.");
    out.sample(process.cpu_s);
    out.family("process_start_time_seconds", "gauge", "seconds", "", "Start, in Unix time.");
    out.sample(process.started_unix_s);
    out.family("process_resident_memory_bytes", "gauge", "bytes", "", "Resident memory.");
    out.sample(process.resident_bytes);
    out.family("process_virtual_memory_bytes", "gauge", "bytes", "", "Virtual memory.");
    out.sample(process.virtual_bytes);
    out.family("process_open_fds", "gauge", "", "", "Open file descriptors.");
    out.sample(process.open_files);
    out.family("process_max_fds", "gauge", "", "", "Their limit.");
    out.sample(process.open_files_max);
}

}  // namespace

MetricsFormat metrics_format(std::string_view accept) noexcept {
    return accept.find("application/openmetrics-text") != std::string_view::npos
               ? MetricsFormat::kOpenMetrics
               : MetricsFormat::kPrometheus;
}

std::string_view content_type(MetricsFormat format) noexcept {
    return format == MetricsFormat::kOpenMetrics
               ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
               : "text/plain; version=0.0.4; charset=utf-8";
}

std::string metrics_text(const MetricsSource& source, MetricsFormat format) {
    Writer out(format);
    const Metrics* metrics = source.pipeline == nullptr ? nullptr : &source.pipeline->metrics();
    write_state(out, source);
    write_articles(out, metrics);
    write_transactions(out, metrics);
    write_lags(out, source.lags);
    write_agents(out, source.pipeline);
    write_journal(out, metrics);
    write_memory(out, source.memory);
    write_rest(out, source);
    write_process(out, source.process);
    return out.take();
}

std::string metrics_markdown() { return metrics_text({}, MetricsFormat::kMarkdown); }

}  // namespace newsmill
