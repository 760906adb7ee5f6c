#include "daemon/replay_wiring.hpp"

#include <unistd.h>
#include <xxhash.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <thread>
#include <utility>

#include "daemon/cli.hpp"
#include "daemon/journal_reader.hpp"
#include "daemon/kafka_wiring.hpp"
#include "pipeline/kafka/cluster.hpp"
#include "pipeline/kafka/topic_source.hpp"
#include "pipeline/log.hpp"
#include "pipeline/start_error.hpp"
#include "stages/normalize/dates.hpp"

namespace newsmill {
namespace {

constexpr std::string_view kTopicPrefix = "topic:";
constexpr std::int64_t kForeverMs = 10'000LL * 366 * 24 * 3600 * 1000;

bool is_topic(std::string_view source) { return source.starts_with(kTopicPrefix); }

std::int64_t now_ms() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
}

template <typename Number>
bool read_number(std::string_view text, Number& number) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc() && end == text.data() + text.size();
}

// "2h": milliseconds, or -1.
std::int64_t duration_ms(std::string_view text) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || number < 0) return -1;
    const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
    if (unit == "s") return number * 1000;
    if (unit == "m" || unit == "min") return number * 60'000;
    if (unit == "h") return number * 3'600'000;
    if (unit == "d") return number * 86'400'000;
    return -1;
}

kafka::OffsetRange offset_range(const std::string& text) {
    kafka::OffsetRange range;
    const std::size_t colon = text.find(':');
    const std::size_t dash = text.find('-', colon == text.npos ? 0 : colon);
    bool good = colon != text.npos && dash != text.npos;
    if (good) {
        const std::string from = text.substr(colon + 1, dash - colon - 1);
        const std::string to = text.substr(dash + 1);
        good = read_number(text.substr(0, colon), range.partition) && range.partition >= 0;
        if (!from.empty()) good &= read_number(from, range.from) && range.from >= 0;
        if (!to.empty()) good &= read_number(to, range.to) && range.to >= range.from;
    }
    if (!good) {
        throw StartError(kExitUsage, "--offsets '" + text +
                                         "': expected PARTITION:FROM-TO, for example 0:1200-1900 "
                                         "or 0:1200-");
    }
    return range;
}

// The places of a journal's entries in these topics.
std::vector<kafka::JournalPlace> journal_order(const Config& config,
                                               const std::vector<std::string>& topics) {
    std::vector<kafka::JournalPlace> order;
    JournalSummary summary;
    const auto note = [&](const JournalRecord& record) {
        if (record.kind != JournalRecordKind::kEntries) return true;
        for (const JournalEntry& entry : record.entries) {
            const auto topic = std::find(topics.begin(), topics.end(), entry.origin.topic);
            if (topic == topics.end()) continue;
            order.push_back({static_cast<std::int32_t>(topic - topics.begin()),
                             entry.origin.partition, entry.origin.offset});
        }
        return true;
    };
    const std::string wrong = read_journal(config, nullptr, false, note, summary);
    if (!wrong.empty()) throw StartError(kExitUnavailable, "replay: the journal's order: " + wrong);
    return order;
}

std::unique_ptr<RecordSource> open_topics(const Config& config, const ReplaySpec& spec) {
    kafka::TopicSourceOptions options;
    options.brokers = config.input.kafka.brokers;
    options.properties = input_properties(config);
    options.queued_bytes_max = config.input.kafka.queued_bytes_max;
    for (const std::string& source : spec.sources)
        options.topics.push_back(source.substr(kTopicPrefix.size()));
    if (!spec.from.empty()) options.from_ms = replay_time_ms(spec.from, "--from");
    if (!spec.to.empty()) options.to_ms = replay_time_ms(spec.to, "--to");
    for (const std::string& range : spec.offsets) options.offsets.push_back(offset_range(range));
    const bool has_journal = config.dedup.enabled && config.dedup.journal != JournalType::kMemory;
    if (spec.order == "journal" && !has_journal) {
        throw StartError(kExitUsage, "--order journal: the configuration has no journal to read");
    }
    const bool by_journal = spec.order == "journal" ||
                            (spec.order.empty() && spec.mode == ReplayMode::kVerify && has_journal);
    if (by_journal) options.order = journal_order(config, options.topics);
    return std::make_unique<kafka::TopicSource>(std::move(options));
}

std::unique_ptr<RecordSource> open_files(const Config& config, const ReplaySpec& spec) {
    for (const std::string& path : spec.sources) {
        if (access(path.c_str(), R_OK) == 0) continue;
        throw StartError(kExitUsage, path + ": " + std::strerror(errno));
    }
    if (!spec.offsets.empty()) throw StartError(kExitUsage, "--offsets is for a topic");
    FileReaderLimits limits;
    limits.record_bytes_max = static_cast<std::size_t>(config.input.article_bytes_max);
    const std::int64_t from = spec.from.empty() ? INT64_MIN : replay_time_ms(spec.from, "--from");
    const std::int64_t to = spec.to.empty() ? INT64_MAX : replay_time_ms(spec.to, "--to");
    return make_file_source(spec.sources, limits, from, to);
}

// Letters that a topic, a group and a transactional id may have.
bool is_plain_name(std::string_view name) {
    return !name.empty() && name.size() <= 64 &&
           std::all_of(name.begin(), name.end(), [](unsigned char c) {
               return c < 128 && (std::isalnum(c) || c == '.' || c == '_' || c == '-');
           });
}

std::unique_ptr<RecordSource> published_topics(const Config& config) {
    const auto& output = config.output.kafka;
    kafka::TopicSourceOptions options;
    options.brokers = output_brokers(config);
    options.properties = output_reader_properties(config);
    options.topics = {output.topic};
    std::vector<std::string> more = {output.dead_letter_topic};
    if (config.output.duplicates == Duplicates::kRoute) more.push_back(output.duplicates_topic);
    for (const std::string& topic : more) {
        if (kafka::topic_partitions(options.brokers, topic, options.properties,
                                    options.timeout_ms) > 0)
            options.topics.push_back(topic);
    }
    return std::make_unique<kafka::TopicSource>(std::move(options));
}

std::string_view header_of(const SourceRecord& record, std::string_view name) {
    for (const Header& header : record.headers) {
        if (header.name == name) return header.value;
    }
    return {};
}

// From a topic: a dead letter has its reason in headers, and a record without `enrichment` its
// input and its decision.
bool facts_of(const SourceRecord& record, RecordReader& reader, RecordFacts& facts) {
    const std::string_view code = header_of(record, "__newsmill.errors.code");
    if (!code.empty()) {
        facts = {};
        Origin origin{header_of(record, "__newsmill.errors.topic"), 0, 0, kNoTime};
        read_number(header_of(record, "__newsmill.errors.partition"), origin.partition);
        read_number(header_of(record, "__newsmill.errors.offset"), origin.offset);
        facts.input = input_name(origin);
        facts.decision = "dead letter " + std::string(code);
        return true;
    }
    if (reader.read(record.value, facts)) return true;
    facts = {};
    facts.input = header_of(record, "newsmill-input");
    facts.decision = header_of(record, "newsmill-dedup");
    return !facts.input.empty();
}

}  // namespace

bool ReplaySpec::of_topics() const { return !sources.empty() && is_topic(sources.front()); }

std::int64_t replay_time_ms(const std::string& text, const char* option) {
    std::int64_t number = 0;
    if (text.starts_with('-')) {
        const std::int64_t ago = duration_ms(std::string_view(text).substr(1));
        if (ago >= 0) return now_ms() - ago;
    } else if (read_number(std::string_view(text), number) && number >= 100'000'000) {
        return number;
    } else if (const std::int64_t ms = normalize::parse_date_ms(text, "en-GB"); ms != kNoTime) {
        return ms;
    }
    throw StartError(kExitUsage, std::string(option) + " '" + text +
                                     "' is no time: expected 2026-03-01T12:00:00Z, a date, Unix "
                                     "milliseconds, or so long ago, -2h or -7d");
}

// ---- The run
// ------------------------------------------------------------------------------

std::string replay_run_id(const LoadedConfig& loaded, const ReplaySpec& spec) {
    if (!spec.run.empty()) {
        if (is_plain_name(spec.run)) return spec.run;
        throw StartError(kExitUsage,
                         "--run '" + spec.run + "': letters, digits, '.', '_' and '-', at most 64");
    }
    std::string text = spec.mode == ReplayMode::kShadow ? "shadow" : "publish";
    for (const std::string& source : spec.sources) text += "\n" + source;
    for (const std::string& range : spec.offsets) text += "\n" + range;
    text += "\n" + spec.from + "\n" + spec.to + "\n" + spec.order + "\n" + spec.topic + "\n" +
            loaded.config.output.kafka.topic + "\n" + loaded.hash;
    char name[32];
    std::snprintf(name, sizeof(name), "%016llx",
                  static_cast<unsigned long long>(XXH3_64bits(text.data(), text.size())));
    return name;
}

std::string replay_group(const Config& config) {
    return config.output.kafka.transactional_prefix + "-replay-" + config.run.id;
}

namespace {

std::vector<std::string> taken_topics(const Config& config) {
    std::vector<std::string> topics = config.input.kafka.topics;
    const auto& output = config.output.kafka;
    topics.insert(topics.end(), {output.topic, output.duplicates_topic, output.dead_letter_topic,
                                 output.notices_topic, config.dedup.kafka.topic});
    return topics;
}

}  // namespace

Config replay_config(const LoadedConfig& loaded, const ReplaySpec& spec) {
    Config config = loaded.config;
    config.dedup.snapshot_path.clear();
    // Plain files hold articles of all times in any order, as for `enrich`.
    const bool plain =
        !spec.of_topics() && !std::any_of(spec.sources.begin(), spec.sources.end(), is_archive);
    if (plain && !loaded.origins.contains("dedup.window_ms")) config.dedup.window_ms = kForeverMs;
    if (spec.mode == ReplayMode::kVerify) {
        config.dedup.journal = JournalType::kMemory;
        config.output.profile = OutputProfile::kNinjs31Ext;
        return config;
    }
    config.run.id = replay_run_id(loaded, spec);
    config.run.mode = spec.mode == ReplayMode::kShadow ? RunMode::kShadow : RunMode::kReplay;
    // What was decided lives as long as the run: a resumed one reads it back.
    const std::string suffix = ".replay." + config.run.id;
    config.dedup.kafka.topic += suffix;
    config.dedup.file.path += suffix;
    if (config.output.type != OutputType::kKafka) {
        throw StartError(kExitConfig,
                         "replay publishes to Kafka, but output.type is stdout; for lines of JSON "
                         "there is `newsmill enrich`");
    }
    if (spec.mode == ReplayMode::kShadow) {
        auto& output = config.output.kafka;
        const std::string base = spec.topic.empty() ? output.topic + ".shadow" : spec.topic;
        for (const std::string& taken : taken_topics(loaded.config)) {
            if (taken == base)
                throw StartError(kExitUsage, "--topic '" + base + "' is a topic of the daemon's");
        }
        output.topic = base;
        output.duplicates_topic = base + ".duplicates";
        output.dead_letter_topic = base + ".dead-letters";
        output.notices_topic = base + ".notices";
    }
    return config;
}

// ---- The source
// ------------------------------------------------------------------------------

RecordTime record_time(StageChain front, bool by_date) {
    struct Reader {
        StageChain front;
        Batch batch{{.articles_max = 1}};
        const void* pinned = nullptr;
    };
    auto reader = std::make_shared<Reader>();
    reader->front = std::move(front);
    return [reader, by_date](const SourceRecord& record) {
        const std::int64_t timestamp = record.origin.timestamp_ms;
        if (!by_date && timestamp != kNoTime) return timestamp;
        reader->batch.reset();
        const Article& article = add_record(reader->batch, record, reader->pinned);
        for (const auto& stage : reader->front) {
            if (stage->name() != "fingerprint") stage->process(reader->batch);
        }
        const std::int64_t date = article.first_created_ms;
        reader->batch.reset();
        return date != kNoTime ? date : timestamp;
    };
}

std::unique_ptr<RecordSource> open_source(const Config& config, const ReplaySpec& spec,
                                          const Mill& mill) {
    for (const std::string& source : spec.sources) {
        if (is_topic(source) == spec.of_topics()) continue;
        throw StartError(kExitUsage, "--source: files or topics, not both");
    }
    std::unique_ptr<RecordSource> source =
        spec.of_topics() ? open_topics(config, spec) : open_files(config, spec);
    if (spec.order != "published") return source;
    const char* folder = std::getenv("TMPDIR");
    return std::make_unique<Spool>(std::move(source), record_time(mill.front(), true),
                                   folder != nullptr && *folder != '\0' ? folder : "/var/tmp");
}

void read_published(const Config& config, const std::vector<std::string>& files,
                    PublishedRecords& published) {
    const std::unique_ptr<RecordSource> source =
        files.empty() ? published_topics(config) : make_file_source(files, {});
    source->open(0, {});
    RecordReader reader;
    SourceRecord record;
    for (;;) {
        switch (source->next(record)) {
            case RecordSource::Pull::kRecord: break;
            case RecordSource::Pull::kWait:
                std::this_thread::sleep_for(std::chrono::milliseconds(2));
                continue;
            case RecordSource::Pull::kEnd: return;
            case RecordSource::Pull::kFailed: {
                const Failure failure = source->failure();
                throw StartError(failure.exit_code, failure.message);
            }
        }
        RecordFacts facts;
        if (facts_of(record, reader, facts)) published.add(std::move(facts));
    }
}

}  // namespace newsmill
