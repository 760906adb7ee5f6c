#include "daemon/kafka_wiring.hpp"

#include <algorithm>

#include "daemon/cli.hpp"
#include "daemon/journal_wiring.hpp"
#include "pipeline/json_quote.hpp"
#include "pipeline/kafka/cluster.hpp"
#include "pipeline/log.hpp"

namespace newsmill {
namespace {

constexpr int kStartTimeoutMs = 30'000;

std::string number(std::int64_t value) { return std::to_string(value); }

void merge(kafka::Properties& into, const PropertyMap& from) {
    for (const auto& [name, value] : from) into[name] = value;
}

kafka::ConsumerOptions consumer_options(const Config& config, bool until_eof) {
    const auto& input = config.input.kafka;
    kafka::ConsumerOptions options;
    options.brokers = input.brokers;
    options.topics = input.topics;
    options.group = input.group;
    options.instance = instance_name(config);
    options.from_earliest = input.offset_reset == OffsetReset::kEarliest;
    options.until_eof = until_eof;
    options.properties = input_properties(config);
    return options;
}

kafka::ProducerOptions producer_options(const Config& config) {
    const auto& output = config.output.kafka;
    kafka::ProducerOptions options;
    options.brokers = output_brokers(config);
    options.topics[static_cast<int>(Channel::kMain)] = output.topic;
    if (config.output.duplicates == Duplicates::kRoute) {
        options.topics[static_cast<int>(Channel::kDuplicates)] = output.duplicates_topic;
    }
    options.topics[static_cast<int>(Channel::kDeadLetters)] = output.dead_letter_topic;
    if (config.dedup.enabled) {
        options.topics[static_cast<int>(Channel::kNotices)] = output.notices_topic;
    }
    if (output.delivery == Delivery::kExactlyOnce) {
        options.transactional_id = output.transactional_prefix + "-" + config.input.kafka.group +
                                   "-" + instance_name(config);
    }
    options.transaction_timeout_ms = output.transaction_timeout_ms;
    options.message_bytes_max = output.message_bytes_max;
    options.start_timeout_ms = kStartTimeoutMs;
    options.properties = {
        {"linger.ms", number(output.linger_ms)},
        {"compression.type", std::string(choice_name(output.compression))},
        {"queue.buffering.max.kbytes", number(output.queued_bytes_max / 1024)},
        {"batch.size", "1000000"},
    };
    merge(options.properties, output.client);
    return options;
}

void check_input(const Config& config, int timeout_ms) {
    const auto& input = config.input.kafka;
    for (const std::string& topic : input.topics) {
        if (topic.starts_with('^')) continue;  // a pattern may match nothing yet
        if (kafka::topic_partitions(input.brokers, topic, input.client, timeout_ms) > 0) continue;
        throw kafka::StartError(kExitUnavailable,
                                "input: topic '" + topic + "' does not exist at " + input.brokers);
    }
}

void ensure_topics(const Config& config) {
    const kafka::ProducerOptions output = producer_options(config);
    for (const std::string& topic : output.topics) {
        if (topic.empty()) continue;
        kafka::ensure_topic(output.brokers, topic, -1, {}, config.output.kafka.client,
                            kStartTimeoutMs);
    }
    if (!config.dedup.enabled || config.dedup.journal != JournalType::kKafka) return;
    // Kept twice as long as the window, so that a daemon that starts anew finds all of it.
    kafka::ensure_topic(journal_brokers(config), config.dedup.kafka.topic, 1,
                        {{"retention.ms", number(2 * config.dedup.window_ms)},
                         {"cleanup.policy", "delete"},
                         {"max.message.bytes", "10485760"}},
                        config.dedup.kafka.client, kStartTimeoutMs);
}

}  // namespace

kafka::Properties input_properties(const Config& config) {
    const auto& input = config.input.kafka;
    kafka::Properties properties = {
        {"fetch.min.bytes", number(input.fetch_bytes_min)},
        {"fetch.max.bytes", number(input.fetch_bytes_max)},
        {"fetch.message.max.bytes", number(input.partition_fetch_bytes_max)},
        {"fetch.wait.max.ms", number(input.fetch_wait_ms)},
        {"queued.max.messages.kbytes", number(input.queued_bytes_max / 1024)},
        {"session.timeout.ms", number(input.session_timeout_ms)},
        {"heartbeat.interval.ms", number(input.heartbeat_interval_ms)},
        {"max.poll.interval.ms", number(input.max_poll_interval_ms)},
    };
    // librdkafka wants room for one fetch response.
    properties["receive.message.max.bytes"] =
        number(std::max<std::int64_t>(100'000'000, 2 * input.fetch_bytes_max));
    merge(properties, input.client);
    return properties;
}

// Of another cluster's properties those of security only: the free table of a producer has some
// that no consumer knows.
kafka::Properties output_reader_properties(const Config& config) {
    if (output_brokers(config) == config.input.kafka.brokers) return input_properties(config);
    kafka::Properties properties;
    for (const auto& [name, value] : config.output.kafka.client) {
        const std::string_view key = name;
        if (key.starts_with("security.") || key.starts_with("sasl.") || key.starts_with("ssl."))
            properties[name] = value;
    }
    return properties;
}

std::unique_ptr<kafka::KafkaProducer> connect_output(const Config& config,
                                                     const std::string& transactional_id) {
    ensure_topics(config);
    kafka::ProducerOptions options = producer_options(config);
    options.transactional_id = transactional_id;
    return std::make_unique<kafka::KafkaProducer>(std::move(options));
}

KafkaParts connect(const Config& config, bool until_eof) {
    check_input(config, kStartTimeoutMs);
    ensure_topics(config);
    KafkaParts parts;
    parts.producer = std::make_unique<kafka::KafkaProducer>(producer_options(config));
    parts.journal = open_journal(config);
    parts.snapshots = open_snapshots(config);
    parts.consumer = std::make_unique<kafka::KafkaConsumer>(consumer_options(config, until_eof));
    return parts;
}

void log_kafka_lines() {
    kafka::set_log_callback([](int level, std::string_view line) {
        static LogGate errors(1000);
        static LogGate others(1000);
        const LogLevel at = level <= 3   ? LogLevel::kError
                            : level <= 4 ? LogLevel::kWarning
                            : level <= 6 ? LogLevel::kInfo
                                         : LogLevel::kDebug;
        if (at == LogLevel::kDebug || level <= 2) {
            log_line(at, "{}", line);
        } else if (const LogPass pass = (level == 3 ? errors : others).try_pass()) {
            log_line(at, "{}{}", line, pass.suffix());
        }
    });
}

int check_connection(const Config& config, bool json) {
    std::string wrong;
    int exit_code = kExitOk;
    try {
        check_input(config, 10'000);
    } catch (const kafka::StartError& error) {
        wrong = error.what();
        exit_code = error.exit_code();
    }
    if (json) {
        write_out(std::string("{\"connected\": ") + (wrong.empty() ? "true" : "false") +
                  (wrong.empty() ? "" : ", \"error\": " + json_quoted(wrong)) + "}\n");
    } else {
        write_out(wrong.empty() ? "connection    all input topics are there\n"
                                : "connection    " + wrong + "\n");
    }
    return exit_code;
}

}  // namespace newsmill
