// `newsmill demo`: the whole mill over librdkafka's in-process mock cluster, with the sample
// articles that the program carries. Articles go in and records come out through Kafka's protocol;
// then a table.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "daemon/admin_wiring.hpp"
#include "daemon/cli.hpp"
#include "daemon/kafka_wiring.hpp"
#include "daemon/mill.hpp"
#include "daemon/process.hpp"
#include "daemon/record_view.hpp"
#include "pipeline/kafka/cluster.hpp"
#include "pipeline/log.hpp"

namespace newsmill {
namespace embedded {
extern const std::string_view sample_articles;
}

namespace {

constexpr int kPartitions = 1;  // one order, so that what copies another one comes after it
constexpr int kIdleMs = 1'500;

struct Args {
    ConfigArgs config;
    bool json = false;
    bool serve = false;
    bool no_serve = false;
};

Config demo_config(Config config, const std::string& brokers) {
    config.input.kafka.brokers = brokers;
    config.input.kafka.topics = {"demo.raw"};
    config.input.kafka.group = "demo";
    config.output.kafka.topic = "demo.enriched";
    config.output.kafka.dead_letter_topic = "demo.dead-letters";
    config.output.kafka.notices_topic = "demo.notices";
    config.dedup.journal = JournalType::kKafka;
    config.dedup.kafka.topic = "demo.journal";
    config.run.mode = RunMode::kDemo;
    config.run.id = "demo";
    if (config.input.kafka.instance.empty()) config.input.kafka.instance = "demo";
    if (config.admin.token.empty()) {
        config.admin.token = fmt::format("{:016x}{:016x}", random_writer(), random_writer());
    }
    return config;
}

std::vector<std::string> lines_of(std::string_view articles) {
    std::vector<std::string> lines;
    while (!articles.empty()) {
        const std::size_t end = std::min(articles.find('\n'), articles.size());
        if (end > 0) lines.emplace_back(articles.substr(0, end));
        articles.remove_prefix(std::min(end + 1, articles.size()));
    }
    return lines;
}

kafka::Record record_of(const std::string& article, std::size_t number, std::int64_t timestamp_ms) {
    kafka::Record record;
    record.value = article;
    record.partition = static_cast<std::int32_t>(number % kPartitions);
    record.timestamp_ms = timestamp_ms;
    return record;
}

// One record a line, over all partitions; returns how many.
std::uint64_t feed(const Config& config, const std::vector<std::string>& articles) {
    kafka::Writer writer(config.input.kafka.brokers);
    // The last one is of now, the others came one after the other before.
    const auto count = static_cast<std::int64_t>(articles.size());
    constexpr std::int64_t kApartMs = 40;
    const std::int64_t first_ms = steady_clock().unix_ms() - count * kApartMs;
    for (std::size_t i = 0; i < articles.size(); ++i) {
        writer.write(config.input.kafka.topics.front(),
                     record_of(articles[i], i, first_ms + static_cast<std::int64_t>(i) * kApartMs));
    }
    writer.flush(10'000);
    return articles.size();
}

std::string cell(std::string_view text, std::size_t width) {
    std::string out = first_columns(text, width);
    out.append(width - std::min(width, columns(out)), ' ');
    return out;
}

void print_table(std::vector<RecordView>& records) {
    std::sort(records.begin(), records.end(), [](const RecordView& a, const RecordView& b) {
        return std::tuple(a.offset, a.partition) < std::tuple(b.offset, b.partition);
    });
    std::string out = fmt::format("{}  {}  {}  {}\n", cell("HEADLINE", 44), cell("DECISION", 9),
                                  cell("TOPICS", 24), "WHO SAID WHAT");
    for (const RecordView& record : records) {
        std::string topics;
        for (const std::string& topic : record.topics)
            topics += (topics.empty() ? "" : ", ") + topic;
        std::string lead = fmt::format("{}  {}  {}  ", cell(record.headline, 44),
                                       cell(record.decision, 9), cell(topics, 24));
        if (record.quotes.empty()) out += lead + "\n";
        for (const auto& [speaker, words] : record.quotes) {
            out +=
                lead + (speaker.empty() ? "?" : speaker) + ": " + first_columns(words, 34) + "\n";
            lead = std::string(44 + 2 + 9 + 2 + 24 + 2, ' ');
        }
    }
    write_out(out);
}

// What the topics hold, as a table and a line of counts; false if articles are missing.
bool print_results(const Config& config, const Metrics& metrics, std::uint64_t fed) {
    std::vector<RecordView> records;
    kafka::read_topic(config.input.kafka.brokers, config.output.kafka.topic, kIdleMs,
                      [&](const kafka::Record& record) {
                          records.push_back(view_record(record.value.value_or("")));
                          return records.size() < metrics.articles_out.get();
                      });
    std::string dead;
    std::uint64_t dead_count = 0;
    if (metrics.dead_letters_out.get() > 0) {
        kafka::read_topic(config.input.kafka.brokers, config.output.kafka.dead_letter_topic,
                          kIdleMs, [&](const kafka::Record& record) {
                              dead += fmt::format("dead letter  {}  {}\n",
                                                  record.header("__newsmill.errors.code"),
                                                  record.header("__newsmill.errors.message"));
                              return ++dead_count < metrics.dead_letters_out.get();
                          });
    }
    std::uint64_t quotes = 0;
    for (const RecordView& record : records) quotes += record.quotes.size();
    print_table(records);
    write_out("\n" + dead + (dead.empty() ? "" : "\n") +
              fmt::format("{} articles in: {} records out, {} of them duplicates, {} statements, "
                          "{} dead letters; {} transactions\n",
                          fed, records.size(), metrics.duplicates_out.get(), quotes, dead_count,
                          metrics.commits.get()));
    return records.size() + dead_count == fed;
}

// The dead letter of the article at {"topic", "partition", "offset"}.
std::optional<kafka::Record> find_letter(const Config& config, std::string_view body) {
    const std::optional<ArticlePlace> place = article_place(body);
    if (!place) return std::nullopt;
    std::optional<kafka::Record> found;
    kafka::read_topic(
        config.input.kafka.brokers, config.output.kafka.dead_letter_topic, kIdleMs,
        [&](const kafka::Record& record) {
            if (record.header("__newsmill.errors.topic") == place->topic &&
                record.header("__newsmill.errors.partition") == std::to_string(place->partition) &&
                record.header("__newsmill.errors.offset") == std::to_string(place->offset)) {
                found = record;
            }
            return !found;
        });
    return found;
}

// Sends a dead letter's article to the input again.
AdminReply replay(const Config& config, std::string_view body) {
    const std::optional<kafka::Record> letter = find_letter(config, body);
    if (!letter) return {404, R"({"error":"there is no such dead letter"})"};
    kafka::Writer writer(config.input.kafka.brokers);
    writer.write(config.input.kafka.topics.front(),
                 record_of(letter->value.value_or(""), 0, steady_clock().unix_ms()));
    if (!writer.flush(5'000)) return {503, R"({"error":"the input topic did not take it"})"};
    return {200, R"({"message":"Sent to the input again; see what becomes of it above."})"};
}

// The page of a demo that stays open: after the samples, one of them comes again now and then, over
// another feed, as copies do.
class Show {
   public:
    Show(const Config& config, Pipeline& pipeline, const std::vector<std::string>& articles,
         std::string link)
        : config_(config),
          pipeline_(pipeline),
          articles_(articles),
          link_(std::move(link)),
          writer_(config.input.kafka.brokers) {}

    void tick() {
        const Metrics& metrics = pipeline_.metrics();
        if (!printed_) {
            if (metrics.articles_out.get() + metrics.dead_letters_out.get() < articles_.size()) {
                return;
            }
            whole_ = print_results(config_, metrics, articles_.size());
            printed_ = true;
            write_out("\nThe live page: " + link_ +
                      "\nIt stays open, and some articles come again, until Ctrl-C.\n");
        }
        if (++ticks_ % kTicksBetween != 0) return;
        writer_.write(
            config_.input.kafka.topics.front(),
            record_of(articles_[next_++ % articles_.size()], 0, steady_clock().unix_ms()));
        writer_.flush(1'000);
    }
    bool whole() const { return whole_; }

   private:
    static constexpr std::uint64_t kTicksBetween = 20;  // two seconds

    const Config& config_;
    Pipeline& pipeline_;
    const std::vector<std::string>& articles_;
    std::string link_;
    kafka::Writer writer_;
    bool printed_ = false;
    bool whole_ = false;
    std::uint64_t ticks_ = 0;
    std::size_t next_ = 0;
};

// The port of the configuration, or any that is free.
std::unique_ptr<Admin> serve(const LoadedConfig& loaded, const Mill& mill, Pipeline& pipeline) {
    AdminHooks hooks;
    hooks.dlq = [config = loaded.config](std::string_view verb, std::string_view body) {
        return verb == "replay" ? replay(config, body)
                                : AdminReply{501, R"({"error":"not in a demo"})"};
    };
    auto admin = std::make_unique<Admin>(loaded, mill, pipeline, hooks, admin_port(loaded.config));
    if (admin->url().empty()) {
        admin.reset();  // gives the socket back
        admin = std::make_unique<Admin>(loaded, mill, pipeline, hooks, 0);
    }
    admin->start();
    return admin;
}

int run_show(const LoadedConfig& loaded, Mill& mill, Pipeline& pipeline,
             const std::vector<std::string>& articles) {
    const std::unique_ptr<Admin> admin = serve(loaded, mill, pipeline);
    Show show(loaded.config, pipeline, articles,
              admin->url() + "#token=" + loaded.config.admin.token);
    ProcessOptions options;
    options.tick = [&show] { show.tick(); };
    run_process(pipeline, options);
    admin->stop();
    return show.whole() ? kExitOk : kExitTryAgain;
}

int demo(const Args& args) {
    std::optional<LoadedConfig> loaded = load_config_or_say(args.config);
    if (!loaded) return kExitConfig;
    const bool serve = args.serve || (!args.no_serve && isatty(STDOUT_FILENO) == 1);
    kafka::MockCluster cluster;
    loaded->config = demo_config(loaded->config, cluster.brokers());
    const Config& config = loaded->config;
    cluster.create_topic(config.input.kafka.topics.front(), kPartitions);
    cluster.create_topic(config.output.kafka.topic, kPartitions);
    cluster.create_topic(config.output.kafka.dead_letter_topic, 1);
    cluster.create_topic(config.output.kafka.notices_topic, 1);
    cluster.create_topic(config.dedup.kafka.topic, 1);
    const std::vector<std::string> articles = lines_of(embedded::sample_articles);
    const std::uint64_t fed = feed(config, articles);
    std::fprintf(stderr, "newsmill demo: %d articles through an in-process Kafka at %s\n",
                 static_cast<int>(fed), cluster.brokers().c_str());

    Mill mill(config, loaded->hash, Mill::Output::kKafka);
    KafkaParts kafka = connect(config, !serve);
    Pipeline pipeline(
        mill.parts(*kafka.consumer, *kafka.producer, kafka.journal.get(), kafka.snapshots.get()),
        mill.pipeline_options(), steady_clock());
    int exit_code = kExitOk;
    if (serve) {
        exit_code = run_show(*loaded, mill, pipeline, articles);
    } else {
        run_process(pipeline, ProcessOptions{});
    }
    if (pipeline.control().failed()) {
        say_error(pipeline.control().failure().message);
        return pipeline.control().failure().exit_code;
    }
    if (!serve && !print_results(config, pipeline.metrics(), fed)) {
        say_error("some articles are missing");
        return kExitTryAgain;
    }
    return exit_code;
}

int run_demo(const Args& args) {
    try {
        return demo(args);
    } catch (const StartError& error) {
        say_error(error.what());
        return error.exit_code();
    }
}

}  // namespace

Action command_demo(CLI::App& app) {
    auto args = std::make_shared<Args>();
    add_config_options(app, args->config, false);
    app.add_flag("--serve", args->serve,
                 "Leave the live page open until Ctrl-C; so it is on a terminal");
    app.add_flag("--no-serve", args->no_serve, "End when the table is printed")
        ->excludes("--serve");
    return [args] { return run_demo(*args); };
}

}  // namespace newsmill
