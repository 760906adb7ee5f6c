// `newsmill run`: the daemon. From Kafka to Kafka, exactly once.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <utility>

#include "daemon/admin_wiring.hpp"
#include "daemon/archive_wiring.hpp"
#include "daemon/cli.hpp"
#include "daemon/dead_letter_box.hpp"
#include "daemon/kafka_wiring.hpp"
#include "daemon/main_calls.hpp"
#include "daemon/mill.hpp"
#include "daemon/process.hpp"
#include "daemon/progress.hpp"
#include "daemon/reloader.hpp"
#include "daemon/service_manager.hpp"
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
    // The line, or nothing if there is nothing new.
    std::string tick(const Metrics& metrics) {
        const std::uint64_t out = metrics.articles_out.get() + metrics.dead_letters_out.get();
        const auto now = std::chrono::steady_clock::now();
        const double seconds = std::chrono::duration<double>(now - at_).count();
        std::string line;
        if (out != before_) {
            line = fmt::format(
                "committed {} articles ({:.0f}/s): {} duplicates, {} notices, {} dead letters; {} "
                "aborts, {} rewinds",
                out, static_cast<double>(out - before_) / seconds, metrics.duplicates_out.get(),
                metrics.notices_out.get(), metrics.dead_letters_out.get(), metrics.aborts.get(),
                metrics.rewinds.get());
            log_info("{}", line);
        }
        if (const std::uint64_t dropped = metrics.notices_dropped.get(); dropped != dropped_) {
            log_warning(
                "{} notices were too large for output.kafka.notices_topic, and are left out; raise "
                "its max.message.bytes",
                dropped - std::exchange(dropped_, dropped));
        }
        before_ = out;
        at_ = now;
        return line;
    }

   private:
    std::uint64_t before_ = 0;
    std::uint64_t dropped_ = 0;
    std::chrono::steady_clock::time_point at_ = std::chrono::steady_clock::now();
};

// The daemon around its pipeline: reports, reloads, and the service manager that is told of both.
class Service {
   public:
    // `admin` may be null.
    Service(const Config& config, Pipeline& pipeline, Reloader& reloader, MainCalls& calls,
            Admin* admin)
        : pipeline_(pipeline),
          reloader_(reloader),
          calls_(calls),
          admin_(admin),
          // Looked at twice before the manager's patience is over.
          liveness_(manager_.watchdog_ms() / 2,
                    config.output.kafka.transaction_timeout_ms + 10'000) {
        options_.drain_deadline_ms = config.pipeline.drain_deadline_ms;
        options_.tick_ms = kTickMs;
        options_.tick = [this] { tick(); };
        options_.stopping = [this] {
            manager_.stopping();
            if (!pipeline_.control().failed()) log_info("stopping: draining what is in flight");
        };
        options_.reload = [this] {
            if (ready_) manager_.reloading();
            reloader_.request();
            announce();
        };
        options_.poll = [this] {
            calls_.run();
            reloader_.poll();
            announce();
        };
        options_.rebuild = [this] {
            reloader_.rebuild();
            options_.drain_deadline_ms = reloader_.running().config.pipeline.drain_deadline_ms;
        };
    }

    // Lives as long as this.
    const ProcessOptions& options() noexcept { return options_; }

    void report() {
        const std::string line = reporter_.tick(pipeline_.metrics());
        if (!line.empty()) manager_.status(line);
    }

   private:
    static constexpr std::int64_t kTickMs = 250;
    static constexpr std::int64_t kStartMoreMs = 60'000;

    void tick() {
        if (!ready_ && pipeline_.ready()) {
            ready_ = true;
            log_info("ready: the journal is read ({} records)",
                     pipeline_.metrics().journal_read.get());
            manager_.ready();
            manager_.status("ready: the journal is read");
        }
        ++ticks_;
        if (!ready_ && ticks_ % (kStartMoreMs / 2 / kTickMs) == 1) {
            manager_.extend_start(kStartMoreMs);
            manager_.status(fmt::format("reading the journal: {} records",
                                        pipeline_.metrics().journal_read.get()));
        }
        if (ticks_ % (kReportMs / kTickMs) == 0) report();
        feed_watchdog();
    }

    // The end of a reload, whatever came of it.
    void announce() {
        const std::uint64_t done = reloader_.applied() + reloader_.refused();
        if (reloader_.busy() || done == announced_) return;
        if (admin_ != nullptr) {
            if (reloader_.applied() != applied_) {
                admin_->set_setup(reloader_.running(), reloader_.mill());
            }
            admin_->set_reloads(reloader_.applied(), reloader_.refused());
        }
        applied_ = reloader_.applied();
        announced_ = done;
        if (ready_) manager_.ready();
    }

    void feed_watchdog() {
        if (manager_.watchdog_ms() == 0) return;
        const std::int64_t now_ms = steady_clock().now_ns() / kMillisecond;
        const std::string_view stalled = liveness_.stalled(pipeline_.progress(), now_ms);
        if (!stalled.empty()) {
            if (const LogPass pass = stall_gate_.try_pass()) {
                log_error("the thread '{}' stands still; the service manager's watchdog is not fed",
                          stalled);
            }
        } else if (now_ms - fed_ms_ >= manager_.watchdog_ms() / 4) {
            fed_ms_ = now_ms;
            manager_.alive();
        }
    }

    Pipeline& pipeline_;
    Reloader& reloader_;
    MainCalls& calls_;
    Admin* admin_;
    ServiceManager manager_;
    Liveness liveness_;
    Reporter reporter_;
    LogGate stall_gate_;
    ProcessOptions options_;
    bool ready_ = false;
    std::int64_t ticks_ = 0;
    std::uint64_t announced_ = 0;
    std::uint64_t applied_ = 0;
    std::int64_t fed_ms_ = 0;
};

AdminReply reload_reply(const ReloadResult& result) {
    const unsigned status = result.outcome == ReloadResult::Outcome::kRefused    ? 422
                            : result.outcome == ReloadResult::Outcome::kDraining ? 202
                                                                                 : 200;
    return {status, reload_json(result)};
}

// Sends a dead letter again, or gives it up: that of the article at {"topic", "partition",
// "offset"}. In a thread of the admin server's that may wait.
AdminReply handle_letter(const Config& config, std::string_view verb, std::string_view body) {
    const std::optional<ArticlePlace> place = article_place(body);
    if (!place) return {400, R"({"error":"the body must be {topic, partition, offset}"})"};
    const DeadLetterBox box(config);
    DeadLetterFilter filter;
    box.visit({}, [&](const DeadLetter& letter) {
        if (letter.topic == place->topic && letter.partition == place->partition &&
            letter.offset == place->offset)
            filter.ids = {letter.id};
        return filter.ids.empty();
    });
    if (filter.ids.empty()) {
        return {404, R"({"error":"there is no such dead letter that waits"})"};
    }
    const DeadLetterOutcome outcome =
        verb == "replay" ? box.replay(filter, {}) : box.discard(filter, false);
    if (outcome.done == 0) {
        return {409,
                outcome.held_back > 0
                    ? R"({"error":"held back: it was sent again too often before"})"
                    : R"({"error":"it can't be sent again: the whole is not there any more"})"};
    }
    return {200, verb == "replay" ? R"({"message":"It was sent to the input again."})"
                                  : R"({"message":"It was given up."})"};
}

// Lives as long as the pipeline runs; null if it is not wanted.
std::unique_ptr<Admin> serve(const LoadedConfig& loaded, Reloader& reloader, Pipeline& pipeline,
                             MainCalls& calls) {
    if (!loaded.config.admin.enabled) return nullptr;
    AdminHooks hooks;
    hooks.tune = [&](const std::vector<std::string>& sets) {
        return calls.call([&] { return reload_reply(reloader.reload(sets)); });
    };
    hooks.reload = [tune = hooks.tune] { return tune({}); };
    hooks.dlq = [config = loaded.config](std::string_view verb, std::string_view body) {
        return handle_letter(config, verb, body);
    };
    auto admin = std::make_unique<Admin>(loaded, reloader.mill(), pipeline, std::move(hooks),
                                         admin_port(loaded.config));
    for (const std::string& problem : admin->problems()) log_warning("{}", problem);
    const std::string url = admin->url();
    const std::string socket = admin->socket();
    if (!url.empty() || !socket.empty()) {
        log_info("admin: {}{}{}", url, url.empty() || socket.empty() ? "" : " and ", socket);
    }
    admin->start();
    return admin;
}

bool fits(const MemoryPlan& memory) {
    if (!memory.fits()) {
        log_error(
            "the configuration may need {} of memory, more than pipeline.memory_bytes_max {}; see "
            "`newsmill check`",
            rough_bytes(memory.total_bytes), rough_bytes(memory.bytes_max));
        return false;
    }
    log_info("memory: at most {} of {} (pipeline.memory_bytes_max)",
             rough_bytes(memory.total_bytes), rough_bytes(memory.bytes_max));
    return true;
}

int run_pipeline(const LoadedConfig& loaded, const Args& args) {
    const Config& config = loaded.config;
    auto mill = std::make_unique<Mill>(config, loaded.hash, Mill::Output::kKafka);
    if (!fits(mill->memory())) return kExitConfig;
    log_kafka_lines();
    KafkaParts kafka = connect(config, args.until_eof);
    ArchivedOutput output(config, *kafka.producer);
    Pipeline pipeline(
        mill->parts(*kafka.consumer, output.producer(), kafka.journal.get(), kafka.snapshots.get()),
        mill->pipeline_options(), steady_clock());
    output.count_in(pipeline.metrics());
    Reloader reloader(args.config, loaded, std::move(mill), pipeline);
    MainCalls calls;
    const std::unique_ptr<Admin> admin = serve(loaded, reloader, pipeline, calls);
    Service service(config, pipeline, reloader, calls, admin.get());
    run_process(pipeline, service.options());
    calls.close();
    if (admin != nullptr) admin->stop();
    service.report();
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
        exit_code = run_pipeline(*loaded, args);
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
