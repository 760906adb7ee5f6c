// `newsmill run`: the daemon. From Kafka to Kafka, exactly once.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>

#include "daemon/archive_wiring.hpp"
#include "daemon/cli.hpp"
#include "daemon/kafka_wiring.hpp"
#include "daemon/mill.hpp"
#include "daemon/process.hpp"
#include "daemon/progress.hpp"
#include "pipeline/build_info.hpp"
#include "pipeline/log.hpp"

namespace newsmill {
namespace {

constexpr std::int64_t kReportMs = 10'000;

struct Args {
    ConfigArgs config;
    bool until_eof = false;
};

// A line every ten seconds in which something happened.
class Reporter {
   public:
    void tick(const Metrics& metrics) {
        const std::uint64_t out = metrics.articles_out.get() + metrics.dead_letters_out.get();
        const auto now = std::chrono::steady_clock::now();
        const double seconds = std::chrono::duration<double>(now - at_).count();
        if (out != before_) {
            log_info(
                "committed {} articles ({:.0f}/s): {} duplicates, {} notices, {} dead letters; {} "
                "aborts, {} rewinds",
                out, static_cast<double>(out - before_) / seconds, metrics.duplicates_out.get(),
                metrics.notices_out.get(), metrics.dead_letters_out.get(), metrics.aborts.get(),
                metrics.rewinds.get());
        }
        if (const std::uint64_t dropped = metrics.notices_dropped.get(); dropped != dropped_) {
            log_warning(
                "{} notices were too large for output.kafka.notices_topic, and are left out; raise "
                "its max.message.bytes",
                dropped - std::exchange(dropped_, dropped));
        }
        before_ = out;
        at_ = now;
    }

   private:
    std::uint64_t before_ = 0;
    std::uint64_t dropped_ = 0;
    std::chrono::steady_clock::time_point at_ = std::chrono::steady_clock::now();
};

// What is wrong with the new files is one line; the old ones stay in use.
void reload_topics(Mill& mill, const Config& config) {
    if (!config.topics.enabled) return log_info("reload: topics are not enabled");
    try {
        mill.reload_topics();
        log_info("reload: {} rule packs, {}", config.topics.packs.size(),
                 config.topics.model.empty() ? "no model" : "model " + config.topics.model);
    } catch (const StartError& error) {
        std::string why = error.what();
        std::replace(why.begin(), why.end(), '\n', ';');
        log_error("reload refused, the running rules and model stay: {}", why);
    }
}

void reload_quotes(Mill& mill, const Config& config) {
    if (!config.quotes.enabled || config.quotes.lexicons.empty()) return;
    try {
        mill.reload_quotes();
        log_info("reload: cue lexicons of {}", config.quotes.lexicons);
    } catch (const StartError& error) {
        log_error("reload refused, the running cue lexicons stay: {}", error.what());
    }
}

int run_pipeline(const LoadedConfig& loaded, bool until_eof) {
    const Config& config = loaded.config;
    Mill mill(config, loaded.hash, Mill::Output::kKafka);
    if (!mill.memory().fits()) {
        log_error(
            "the configuration may need {} of memory, more than pipeline.memory_bytes_max {}; see "
            "`newsmill check`",
            rough_bytes(mill.memory().total_bytes), rough_bytes(mill.memory().bytes_max));
        return kExitConfig;
    }
    log_info("memory: at most {} of {} (pipeline.memory_bytes_max)",
             rough_bytes(mill.memory().total_bytes), rough_bytes(mill.memory().bytes_max));
    log_kafka_lines();
    KafkaParts kafka = connect(config, until_eof);
    ArchivedOutput output(config, *kafka.producer);
    Pipeline pipeline(
        mill.parts(*kafka.consumer, output.producer(), kafka.journal.get(), kafka.snapshots.get()),
        mill.pipeline_options(), steady_clock());
    output.count_in(pipeline.metrics());
    Reporter reporter;
    bool ready = false;
    ProcessOptions options;
    options.drain_deadline_ms = config.pipeline.drain_deadline_ms;
    options.tick_ms = 250;
    std::int64_t ticks = 0;
    options.tick = [&] {
        if (!ready && pipeline.ready()) {
            ready = true;
            log_info("ready: the journal is read ({} records)",
                     pipeline.metrics().journal_read.get());
        }
        if (++ticks % (kReportMs / 250) == 0) reporter.tick(pipeline.metrics());
    };
    options.stopping = [&pipeline] {
        if (!pipeline.control().failed()) log_info("stopping: draining what is in flight");
    };
    options.reload = [&] {
        reload_topics(mill, config);
        reload_quotes(mill, config);
    };
    run_process(pipeline, options);
    reporter.tick(pipeline.metrics());
    if (pipeline.control().failed()) {
        const Failure failure = pipeline.control().failure();
        log_error("{}", failure.message);
        return failure.exit_code;
    }
    const Metrics& metrics = pipeline.metrics();
    if (kafka.journal != nullptr) {
        log_info("journal: position {}, {} entries, state hash {:016x}, {} disagreements",
                 metrics.journal_position.get(), metrics.journal_entries.get(),
                 static_cast<std::uint64_t>(metrics.journal_state_hash.get()),
                 metrics.journal_disagreements.get());
    }
    if (!config.output.archive.path.empty()) {
        log_info("archive: {} articles are kept, {} are missing", metrics.archived.get(),
                 metrics.archive_skipped.get());
    }
    log_info("stopped: all that was read is committed");
    return kExitOk;
}

int run(const Args& args) {
    const std::optional<LoadedConfig> loaded = load_config_or_say(args.config);
    if (!loaded) return kExitConfig;
    const Config& config = loaded->config;
    if (config.input.type != InputType::kKafka || config.output.type != OutputType::kKafka) {
        say_error("run reads from Kafka and writes to Kafka; for files there is `newsmill enrich`");
        return kExitConfig;
    }
    log_start(log_options(config));
    log_info("newsmill {}: {} to {} as {} in group {}, {}, config {}", build_id(),
             fmt::join(config.input.kafka.topics, ","), config.output.kafka.topic,
             instance_name(config), config.input.kafka.group,
             choice_name(config.output.kafka.delivery), loaded->hash);
    int exit_code = kExitOk;
    try {
        exit_code = run_pipeline(*loaded, args.until_eof);
    } catch (const StartError& error) {
        log_error("{}", error.what());
        exit_code = error.exit_code();
    } catch (const std::exception& error) {
        log_error("{}", error.what());
        exit_code = kExitConfig;
    }
    kafka::set_log_callback(nullptr);
    log_stop();
    return exit_code;
}

}  // namespace

Action command_run(CLI::App& app) {
    auto args = std::make_shared<Args>();
    add_config_options(app, args->config, true);
    app.add_flag("--until-eof", args->until_eof,
                 "End, with exit code 0, when all partitions have been read to their end");
    return [args] { return run(*args); };
}

}  // namespace newsmill
