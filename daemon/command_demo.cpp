// `newsmill demo`: the whole mill over librdkafka's in-process mock cluster, with the sample
// articles that the program carries. Articles go in and records come out through Kafka's protocol;
// then a table.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>
#include <memory>

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
    return config;
}

// One record a line, over all partitions; returns how many.
std::uint64_t feed(const Config& config, std::string_view articles) {
    kafka::Writer writer(config.input.kafka.brokers);
    std::uint64_t count = 0;
    while (!articles.empty()) {
        const std::size_t end = std::min(articles.find('\n'), articles.size());
        const std::string_view line = articles.substr(0, end);
        articles.remove_prefix(std::min(end + 1, articles.size()));
        if (line.empty()) continue;
        kafka::Record record;
        record.value = std::string(line);
        record.partition = static_cast<std::int32_t>(count % kPartitions);
        record.timestamp_ms = 1'764'000'000'000 + static_cast<std::int64_t>(count) * 60'000;
        writer.write(config.input.kafka.topics.front(), record);
        ++count;
    }
    writer.flush(10'000);
    return count;
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

int demo(const Args& args) {
    const std::optional<LoadedConfig> loaded = load_config_or_say(args.config);
    if (!loaded) return kExitConfig;
    kafka::MockCluster cluster;
    const Config config = demo_config(loaded->config, cluster.brokers());
    cluster.create_topic(config.input.kafka.topics.front(), kPartitions);
    cluster.create_topic(config.output.kafka.topic, kPartitions);
    cluster.create_topic(config.output.kafka.dead_letter_topic, 1);
    cluster.create_topic(config.output.kafka.notices_topic, 1);
    cluster.create_topic(config.dedup.kafka.topic, 1);
    const std::uint64_t fed = feed(config, embedded::sample_articles);
    std::fprintf(stderr, "newsmill demo: %d articles through an in-process Kafka at %s\n",
                 static_cast<int>(fed), cluster.brokers().c_str());

    Mill mill(config, loaded->hash, Mill::Output::kKafka);
    KafkaParts kafka = connect(config, true);
    Pipeline pipeline(
        mill.parts(*kafka.consumer, *kafka.producer, kafka.journal.get(), kafka.snapshots.get()),
        mill.pipeline_options(), steady_clock());
    run_process(pipeline, ProcessOptions{});
    if (pipeline.control().failed()) {
        say_error(pipeline.control().failure().message);
        return pipeline.control().failure().exit_code;
    }

    std::vector<RecordView> records;
    kafka::read_topic(cluster.brokers(), config.output.kafka.topic, kIdleMs,
                      [&](const kafka::Record& record) {
                          records.push_back(view_record(record.value.value_or("")));
                          return records.size() < pipeline.metrics().articles_out.get();
                      });
    std::string dead;
    std::uint64_t dead_count = 0;
    if (pipeline.metrics().dead_letters_out.get() > 0) {
        kafka::read_topic(cluster.brokers(), config.output.kafka.dead_letter_topic, kIdleMs,
                          [&](const kafka::Record& record) {
                              dead += fmt::format("dead letter  {}  {}\n",
                                                  record.header("__newsmill.errors.code"),
                                                  record.header("__newsmill.errors.message"));
                              return ++dead_count < pipeline.metrics().dead_letters_out.get();
                          });
    }
    std::uint64_t quotes = 0;
    for (const RecordView& record : records) quotes += record.quotes.size();
    print_table(records);
    write_out(
        "\n" + dead + (dead.empty() ? "" : "\n") +
        fmt::format("{} articles in: {} records out, {} of them duplicates, {} statements, {} "
                    "dead letters; {} transactions\n",
                    fed, records.size(), pipeline.metrics().duplicates_out.get(), quotes,
                    dead_count, pipeline.metrics().commits.get()));
    const bool whole = records.size() + dead_count == fed;
    if (!whole) say_error("some articles are missing");
    return whole ? kExitOk : kExitTryAgain;
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
    return [args] { return run_demo(*args); };
}

}  // namespace newsmill
