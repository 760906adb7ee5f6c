// `newsmill replay`: an archive, files or topics through the mill once more: to compare with what
// was published, to publish beside it, or to publish it.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <csignal>
#include <memory>
#include <mutex>
#include <utility>

#include "daemon/cli.hpp"
#include "daemon/journal_wiring.hpp"
#include "daemon/kafka_wiring.hpp"
#include "daemon/mill.hpp"
#include "daemon/process.hpp"
#include "daemon/progress.hpp"
#include "daemon/replay_wiring.hpp"
#include "pipeline/archive/replay_consumer.hpp"
#include "pipeline/kafka/cluster.hpp"
#include "pipeline/kafka/topic_source.hpp"
#include "pipeline/log.hpp"
#include "pipeline/start_error.hpp"

namespace newsmill {
namespace {

constexpr int kTimeoutMs = 30'000;

struct Args {
    ConfigArgs config;
    ReplaySpec spec;
    std::string mode = "verify";
    std::vector<std::string> published;
    std::string rate;
    double speed = 0;
    bool resume = false;
    bool json = false;
    bool quiet = false;
};

// "500", "500/s", "30000/min"
double articles_per_s(const std::string& text) {
    if (text.empty()) return 0;
    std::size_t used = 0;
    double number = 0;
    try {
        number = std::stod(text, &used);
    } catch (const std::exception&) {
        used = 0;
    }
    const std::string unit = text.substr(used);
    if (used > 0 && number > 0 && (unit.empty() || unit == "/s")) return number;
    if (used > 0 && number > 0 && unit == "/min") return number / 60;
    throw StartError(kExitUsage, "--rate '" + text + "': expected articles a second, as in 500/s");
}

class Replay {
   public:
    Replay(const Args& args, const LoadedConfig& loaded)
        : args_(args),
          loaded_(loaded),
          config_(replay_config(loaded, args.spec)),
          mill_(config_, config_hash(config_), Mill::Output::kKafka),
          progress_(!args.quiet) {}

    int run() {
        if (!mill_.memory().fits()) {
            say_error("the configuration may need " + rough_bytes(mill_.memory().total_bytes) +
                      " of memory, more than pipeline.memory_bytes_max; see `newsmill check`");
            return kExitConfig;
        }
        source_ = open_source(loaded_.config, args_.spec, mill_);
        return args_.spec.mode == ReplayMode::kVerify ? verify() : publish();
    }

   private:
    bool is_bounded() const { return !args_.spec.from.empty() || !args_.spec.to.empty(); }

    ReplayOptions consumer_options() const {
        ReplayOptions options;
        options.articles_per_s = articles_per_s(args_.rate);
        options.speed = args_.speed;
        if (!args_.spec.from.empty()) options.from_ms = replay_time_ms(args_.spec.from, "--from");
        if (!args_.spec.to.empty()) options.to_ms = replay_time_ms(args_.spec.to, "--to");
        // Reading a date takes most of what reading an article does.
        if (is_bounded() || args_.speed > 0) {
            options.time = record_time(mill_.front(), args_.spec.order == "published");
        }
        return options;
    }

    // Runs the pipeline to its end; an exit code.
    int drive(Consumer& consumer, Producer& producer, Journal* journal) {
        started_ = std::chrono::steady_clock::now();
        Pipeline pipeline(mill_.parts(consumer, producer, journal), mill_.pipeline_options(),
                          steady_clock());
        ProcessOptions options;
        options.drain_deadline_ms = config_.pipeline.drain_deadline_ms;
        options.tick = [&] {
            const std::lock_guard lock(terminal_);
            const RecordSource::Progress read = source_->progress();
            const Metrics& metrics = pipeline.metrics();
            progress_.draw(
                {read.read, read.total, metrics.articles_in.get(), metrics.bytes_in.get()});
        };
        run_process(pipeline, options);
        progress_.clear();
        stopped_ = pipeline.control().stop_requested();
        articles_ = pipeline.metrics().articles_in.get();
        bytes_ = pipeline.metrics().bytes_in.get();
        committed_ = pipeline.metrics().articles_out.get();
        dead_letters_ = pipeline.metrics().dead_letters_out.get();
        duplicates_ = pipeline.metrics().duplicates_out.get();
        if (!pipeline.control().failed()) return say_file_errors();
        const Failure failure = pipeline.control().failure();
        say_error(failure.message);
        return failure.exit_code;
    }

    int say_file_errors() {
        const std::vector<FileError> errors = source_->errors();
        for (const FileError& error : errors) {
            say_error(error.file + ": at byte " + std::to_string(error.position) + ": " +
                      error.message);
        }
        return errors.empty() ? kExitOk : kExitDeadLetters;
    }

    std::string pace() const {
        const double seconds = std::max(
            1e-3,
            std::chrono::duration<double>(std::chrono::steady_clock::now() - started_).count());
        return fmt::format(
            "{:.1f} s, {}/s, {:.1f} MB/s", seconds,
            grouped(static_cast<std::uint64_t>(static_cast<double>(articles_) / seconds)),
            static_cast<double>(bytes_) / 1e6 / seconds);
    }

    // ---- verify: compares, and publishes nothing.

    void say(const RecordChange& change) {
        const std::string line = (args_.json ? change_json(change) : change_text(change)) + "\n";
        const std::lock_guard lock(terminal_);
        progress_.clear();
        write_out(line);
    }

    int verify() {
        PublishedRecords published;
        read_published(loaded_.config, args_.published, published);
        if (!args_.quiet)
            std::fprintf(stderr, "newsmill: compared with %s published records\n",
                         grouped(published.size()).c_str());
        const ReplayCheckpoint checkpoint;
        ReplayConsumer consumer(*source_, checkpoint, steady_clock(), consumer_options());
        CompareProducer producer(published, [this](const RecordChange& change) {
            if (change.decision) say(change);
        });
        const std::unique_ptr<Journal> journal = open_journal(config_);
        const int code = drive(consumer, producer, journal.get());
        published.count_rest();
        const VerifyCounts& counts = published.counts();
        if (!args_.quiet) say_counts(counts, consumer.left_out());
        if (code != kExitOk || stopped_) return code != kExitOk ? code : kExitTryAgain;
        return counts.differences() == 0 ? kExitOk : kExitDeadLetters;
    }

    void say_counts(const VerifyCounts& counts, std::uint64_t left_out) const {
        std::string text = fmt::format(
            "{} articles: {} as published, {} with another decision, {} never published; other "
            "topics in {}, other statements in {}, another text in {}",
            grouped(articles_), grouped(counts.same), grouped(counts.decisions),
            grouped(counts.not_published), grouped(counts.topics), grouped(counts.quotes),
            grouped(counts.text));
        if (counts.not_replayed > 0)
            text += fmt::format("; {} published ones are not in the source",
                                grouped(counts.not_replayed));
        if (left_out > 0) text += fmt::format("; {} out of the times", grouped(left_out));
        std::fprintf(stderr, "newsmill: %s; %s\n", text.c_str(), pace().c_str());
    }

    // ---- shadow and publish: exactly once, from a checkpoint that stands in the transactions.

    // Positions of the source's own partitions, where they say all about how far it was read.
    std::vector<Position> source_partitions() const {
        const auto* topics = dynamic_cast<const kafka::TopicSource*>(source_.get());
        return topics == nullptr ? std::vector<Position>() : topics->partitions();
    }

    // How far the run is; its note, or nothing if it has not begun.
    std::string read_checkpoint(ReplayCheckpoint& checkpoint, bool settled) const {
        std::vector<Position> wanted = source_partitions();
        wanted.push_back(place_);
        std::vector<Position> found =
            kafka::group_positions(output_brokers(config_), replay_group(config_), wanted, settled,
                                   config_.input.kafka.client, kTimeoutMs);
        std::string note;
        std::uint64_t articles = 0;
        std::vector<Position> inputs;
        for (Position& position : found) {
            if (position.topic == place_.topic && position.partition == place_.partition) {
                note = position.note;
                articles = static_cast<std::uint64_t>(position.next_offset);
            } else {
                inputs.push_back(std::move(position));
            }
        }
        checkpoint.set(articles, std::move(inputs));
        return note;
    }

    // Empty, or why the run must not go on; `code` then.
    std::string refusal(const ReplayCheckpoint& checkpoint, const std::string& note,
                        int& code) const {
        code = kExitUsage;
        if (checkpoint.articles() == 0) return {};
        if (!args_.resume) {
            return fmt::format(
                "run '{}' has published {} articles already: --resume goes on behind them, --run "
                "NAME begins another run",
                config_.run.id, grouped(checkpoint.articles()));
        }
        if (note != place_.note) {
            return fmt::format(
                "run '{}' began with another source or another configuration: it can't go on with "
                "this one; --run NAME begins another run",
                config_.run.id);
        }
        return {};
    }

    // The same source and the same rules give the same order and the same records.
    std::string note_of_run() const {
        const std::string text = source_->identity() + "\n" + args_.spec.from + "\n" +
                                 args_.spec.to + "\n" + config_hash(config_);
        return fmt::format("{:016x}", std::hash<std::string>{}(text));
    }

    int publish() {
        if (config_.dedup.enabled && config_.dedup.journal == JournalType::kMemory && args_.resume)
            throw StartError(kExitConfig,
                             "--resume needs dedup.journal = \"kafka\" or \"file\": a journal in "
                             "memory has forgotten what was decided");
        place_ = {config_.output.kafka.topic, 0, 0, note_of_run()};
        const std::string group = replay_group(config_);
        ReplayCheckpoint checkpoint;
        // Asked twice: before anybody is fenced, and again when nobody else can move it any more.
        // A killed run's open transaction is settled by the fence alone, so only then waited for.
        int code = kExitOk;
        std::string wrong = refusal(checkpoint, read_checkpoint(checkpoint, false), code);
        std::unique_ptr<kafka::KafkaProducer> kafka;
        if (wrong.empty()) {
            kafka = connect_output(config_, group);
            wrong = refusal(checkpoint, read_checkpoint(checkpoint, true), code);
        }
        if (!wrong.empty()) {
            say_error(wrong);
            return code;
        }
        if (!args_.quiet) {
            std::fprintf(
                stderr, "newsmill: run '%s' to %s%s\n", config_.run.id.c_str(),
                config_.output.kafka.topic.c_str(),
                checkpoint.articles() == 0
                    ? ""
                    : (", behind " + grouped(checkpoint.articles()) + " articles").c_str());
        }
        ReplayOptions options = consumer_options();
        options.token = kafka::group_without_members(group);
        ReplayConsumer consumer(*source_, checkpoint, steady_clock(), std::move(options));
        ReplayProducer producer(*kafka, checkpoint, place_, !source_partitions().empty());
        const std::unique_ptr<Journal> journal = open_journal(config_);
        code = drive(consumer, producer, journal.get());
        if (!args_.quiet) say_published(checkpoint, consumer.left_out());
        return code == kExitOk && stopped_ ? kExitTryAgain : code;
    }

    void say_published(const ReplayCheckpoint& checkpoint, std::uint64_t left_out) const {
        std::string text = fmt::format(
            "run '{}': {} articles committed in all, {} now ({} duplicates, {} dead letters)",
            config_.run.id, grouped(checkpoint.articles()), grouped(committed_ + dead_letters_),
            grouped(duplicates_), grouped(dead_letters_));
        if (left_out > 0) text += fmt::format("; {} out of the times", grouped(left_out));
        if (stopped_) text += "; stopped: --resume goes on";
        std::fprintf(stderr, "newsmill: %s; %s\n", text.c_str(), pace().c_str());
    }

    const Args& args_;
    const LoadedConfig& loaded_;
    Config config_;
    Mill mill_;
    std::unique_ptr<RecordSource> source_;
    Position place_;
    std::mutex terminal_;  // the sink's thread prints changes, main's the progress line
    ProgressLine progress_;
    std::chrono::steady_clock::time_point started_;
    bool stopped_ = false;
    std::uint64_t articles_ = 0;
    std::uint64_t bytes_ = 0;
    std::uint64_t committed_ = 0;
    std::uint64_t dead_letters_ = 0;
    std::uint64_t duplicates_ = 0;
};

int replay(Args& args) {
    args.spec.mode = args.mode == "verify"   ? ReplayMode::kVerify
                     : args.mode == "shadow" ? ReplayMode::kShadow
                                             : ReplayMode::kPublish;
    const std::optional<LoadedConfig> loaded = load_config_or_say(args.config);
    if (!loaded) return kExitConfig;
    if (!args.rate.empty() && args.speed > 0)
        throw StartError(kExitUsage, "--rate or --speed, not both");
    articles_per_s(args.rate);
    std::signal(SIGPIPE, SIG_IGN);  // a reader that goes away is an error of write(), not a death
    log_set_level(LogLevel::kWarning);  // standard error is for people here
    log_kafka_lines();
    const int code = Replay(args, *loaded).run();
    kafka::set_log_callback(nullptr);
    return code;
}

void add_options(CLI::App& app, Args& args) {
    ReplaySpec& spec = args.spec;
    add_config_options(app, args.config, true);
    app.add_option("-s,--source", spec.sources,
                   "What to replay: files, folders, archives, or topic:NAME; as often as needed")
        ->required()
        ->type_name("FILE|DIR|topic:NAME");
    app.add_option("--mode", args.mode,
                   "verify: compare with what was published (the default); shadow: publish to "
                   "another topic; publish: publish to the output topic")
        ->check(CLI::IsMember({"verify", "shadow", "publish"}));
    app.add_option("--from", spec.from, "Articles from this time on: 2026-03-01T12:00Z, or -2h")
        ->type_name("TIME");
    app.add_option("--to", spec.to, "Articles before this time")->type_name("TIME");
    app.add_option("--offsets", spec.offsets,
                   "Of a topic: only these offsets of a partition, half-open; as often as needed")
        ->type_name("PARTITION:FROM-TO");
    app.add_option("--order", spec.order,
                   "name: files by name, topics by timestamp (the default); published: by the "
                   "date of the article; journal: topics as they were decided (verify's default)")
        ->check(CLI::IsMember({"name", "published", "journal"}));
    app.add_option("--rate", args.rate, "At most so many articles a second")->type_name("N/s");
    app.add_option("--speed", args.speed, "At so many times the articles' own pace")
        ->check(CLI::PositiveNumber)
        ->type_name("X");
    app.add_option("--run", spec.run,
                   "Name of the run; else made from source, mode and configuration, so that the "
                   "same command is the same run")
        ->type_name("NAME");
    app.add_flag("--resume", args.resume, "Go on behind what the run has committed");
    app.add_option("--topic", spec.topic, "For shadow: the topic; else OUTPUT.shadow")
        ->type_name("NAME");
    app.add_option("--published", args.published,
                   "For verify: files of records and dead letters to compare with; else the "
                   "output topics")
        ->type_name("FILE");
    app.add_flag("--json", args.json, "For verify: each change as a line of JSON");
    app.add_flag("-q,--quiet", args.quiet, "No progress bar, no closing line");
}

}  // namespace

Action command_replay(CLI::App& app) {
    auto args = std::make_shared<Args>();
    add_options(app, *args);
    return [args] {
        try {
            return replay(*args);
        } catch (const StartError& error) {
            kafka::set_log_callback(nullptr);
            say_error(error.what());
            return error.exit_code();
        }
    };
}

}  // namespace newsmill
