// `newsmill enrich`: articles in files or on standard input, records on standard output; no broker.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <csignal>
#include <fstream>
#include <memory>

#include "daemon/cli.hpp"
#include "daemon/html_page.hpp"
#include "daemon/journal_wiring.hpp"
#include "daemon/mill.hpp"
#include "daemon/process.hpp"
#include "daemon/progress.hpp"
#include "pipeline/archive/file_consumer.hpp"
#include "pipeline/archive/stream_producer.hpp"
#include "pipeline/log.hpp"
#include "pipeline/start_error.hpp"

namespace newsmill {
namespace {

constexpr std::int64_t kForeverMs = 10'000LL * 366 * 24 * 3600 * 1000;

struct Args {
    ConfigArgs config;
    std::vector<std::string> paths;
    std::string dead_letters;
    std::string notices;
    std::string format = "ndjson";
    bool quiet = false;
};

// Dead letters of files: one readable line each on standard error, or NDJSON in a file.
class DeadLetterFile {
   public:
    explicit DeadLetterFile(const std::string& path) {
        if (!path.empty()) file_.open(path, std::ios::binary | std::ios::trunc);
        to_file_ = !path.empty();
    }
    bool good() { return !to_file_ || file_.good(); }
    bool finish() {
        if (to_file_) file_.flush();
        return good();
    }
    void write(const Article& article) {
        if (to_file_) {
            file_ << article.output.value << '\n';
            return;
        }
        const Verdict& verdict = article.verdict;
        std::string line(article.origin.topic);
        line.append(":").append(std::to_string(article.origin.offset)).append(": ");
        line.append(code_name(verdict.code)).append(": ").append(verdict.message).append("\n");
        std::fwrite(line.data(), 1, line.size(), stderr);
    }

   private:
    std::ofstream file_;
    bool to_file_;
};

// Notices as NDJSON in a file; without one there is no place for them beside the records.
class NoticeFile {
   public:
    explicit NoticeFile(const std::string& path) {
        if (!path.empty()) file_.open(path, std::ios::binary | std::ios::trunc);
        open_ = !path.empty();
    }
    bool good() { return !open_ || file_.good(); }
    bool finish() {
        if (open_) file_.flush();
        return good();
    }
    void write(const Output& notice) {
        if (open_) file_ << notice.value << '\n';
    }

   private:
    std::ofstream file_;
    bool open_;
};

// The closing line. Of notices only if there are any: most archives have none.
void say_done(const Metrics& metrics, double seconds, bool notices_kept) {
    const std::uint64_t notices = metrics.notices_out.get();
    const std::string of_notices = notices == 0
                                       ? ""
                                       : ", " + grouped(notices) + " notices" +
                                             (notices_kept ? "" : " (--notices FILE keeps them)");
    std::fprintf(stderr,
                 "newsmill: %s articles: %s records (%s duplicates among them)%s, %s dead letters; "
                 "%.1f s, %.1f MB/s\n",
                 grouped(metrics.articles_in.get()).c_str(),
                 grouped(metrics.articles_out.get()).c_str(),
                 grouped(metrics.duplicates_out.get()).c_str(), of_notices.c_str(),
                 grouped(metrics.dead_letters_out.get()).c_str(), seconds,
                 static_cast<double>(metrics.bytes_in.get()) / 1e6 / seconds);
}

int enrich(const Args& args) {
    const std::optional<LoadedConfig> loaded = load_config_or_say(args.config);
    if (!loaded) return kExitConfig;
    std::vector<std::string> paths = args.paths;
    if (paths.empty()) paths.emplace_back("-");
    for (const std::string& path : paths) {
        if (path == "-" || access(path.c_str(), R_OK) == 0) continue;
        say_error(path + ": " + std::strerror(errno));
        return kExitUsage;
    }
    DeadLetterFile dead_letters(args.dead_letters);
    if (!dead_letters.good()) {
        say_error(args.dead_letters + ": can't be written");
        return kExitUsage;
    }
    NoticeFile notices(args.notices);
    if (!notices.good()) {
        say_error(args.notices + ": can't be written");
        return kExitUsage;
    }
    std::signal(SIGPIPE, SIG_IGN);  // a reader that goes away is an error of write(), not a death

    // Archives hold articles of all times in any order: unless somebody asked for a window, all
    // copies among them count, up to dedup.capacity.
    Config config = loaded->config;
    if (!loaded->origins.contains("dedup.window_ms")) config.dedup.window_ms = kForeverMs;
    // No broker: the journal is in memory, or in files for runs that know of each other.
    if (config.dedup.journal == JournalType::kKafka) config.dedup.journal = JournalType::kMemory;
    const bool html = args.format == "html";
    if (html) {  // a page shows what a record of its own profile would not hold
        config.output.profile = OutputProfile::kNinjs31Ext;
        if (!loaded->origins.contains("topics.matches_max")) config.topics.matches_max = 8;
    }
    log_set_level(LogLevel::kWarning);  // the journal's lines; standard error is for people here
    Mill mill(config, config_hash(config), Mill::Output::kFiles);
    FileReaderLimits limits;
    limits.record_bytes_max = static_cast<std::size_t>(loaded->config.input.article_bytes_max);
    FileConsumer consumer(paths, limits);
    const std::unique_ptr<Journal> journal = open_journal(config);
    const std::unique_ptr<SnapshotStore> snapshots = open_snapshots(config);
    ProgressLine progress(!args.quiet);
    HtmlPage page;
    StreamProducer::Writer writer;
    if (html) {
        writer = [&page](std::string_view record, std::string& out) {
            out += page.article(record);
        };
    }
    // In the sink's thread; the progress line is main's, so a line of it may be overwritten: drawn
    // again.
    StreamProducer producer(
        STDOUT_FILENO, [&dead_letters](const Article& article) { dead_letters.write(article); },
        [&notices](const Output& notice) { notices.write(notice); }, writer);
    if (html && !write_out(HtmlPage::head())) return kExitTryAgain;
    const auto started = std::chrono::steady_clock::now();
    Pipeline pipeline(mill.parts(consumer, producer, journal.get(), snapshots.get()),
                      mill.pipeline_options(), steady_clock());
    ProcessOptions options;
    options.drain_deadline_ms = loaded->config.pipeline.drain_deadline_ms;
    options.tick = [&] {
        const FileConsumer::Progress read = consumer.progress();
        const Metrics& metrics = pipeline.metrics();
        progress.draw(
            {read.bytes_read, read.bytes_total, metrics.articles_in.get(), metrics.bytes_in.get()});
    };
    run_process(pipeline, options);
    progress.clear();

    const Metrics& metrics = pipeline.metrics();
    if (html && !pipeline.control().failed() && !write_out(page.foot())) return kExitTryAgain;
    if (pipeline.control().failed()) {
        say_error(pipeline.control().failure().message);
        return pipeline.control().failure().exit_code;
    }
    for (const FileError& error : consumer.errors()) {
        say_error(error.file + ": at byte " + std::to_string(error.position) + ": " +
                  error.message);
    }
    if (!dead_letters.finish()) {
        say_error(args.dead_letters + ": can't be written");
        return kExitTryAgain;
    }
    if (!notices.finish()) {
        say_error(args.notices + ": can't be written");
        return kExitTryAgain;
    }
    if (!args.quiet) {
        const double seconds =
            std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
        say_done(metrics, seconds, !args.notices.empty());
    }
    const bool all_good = metrics.dead_letters_out.get() == 0 && consumer.errors().empty();
    return all_good ? kExitOk : kExitDeadLetters;
}

}  // namespace

Action command_enrich(CLI::App& app) {
    auto args = std::make_shared<Args>();
    add_config_options(app, args->config, false);
    app.add_option("FILE", args->paths,
                   "Files or folders: NDJSON, JSON arrays, XML, HTML, feeds, text, .gz and .zst; - "
                   "or nothing is "
                   "standard input");
    app.add_option(
        "--dead-letters", args->dead_letters,
        "Write dead letters to this file as NDJSON instead of a line each to standard error");
    app.add_option(
        "--notices", args->notices,
        "Write notices (copies of what is withdrawn, changes of the canonical article) to "
        "this file as NDJSON; else they are only counted");
    app.add_option("--format", args->format,
                   "ndjson: a record a line (the default); html: one page for people, with "
                   "statements, speakers and topics marked")
        ->check(CLI::IsMember({"ndjson", "html"}));
    app.add_flag("-q,--quiet", args->quiet, "No progress bar, no closing line");
    return [args] {
        try {
            return enrich(*args);
        } catch (const StartError& error) {
            say_error(error.what());
            return error.exit_code();
        }
    };
}

}  // namespace newsmill
