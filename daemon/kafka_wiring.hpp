// From the configuration to Kafka's clients, in the order that exactly-once asks for.
#pragma once

#include <memory>
#include <string>

#include "pipeline/config.hpp"
#include "pipeline/journal.hpp"
#include "pipeline/kafka/consumer.hpp"
#include "pipeline/kafka/producer.hpp"
#include "pipeline/snapshot.hpp"

namespace newsmill {

struct KafkaParts {
    std::unique_ptr<kafka::KafkaConsumer> consumer;
    std::unique_ptr<kafka::KafkaProducer> producer;
    std::unique_ptr<Journal> journal;          // null if dedup is off
    std::unique_ptr<SnapshotStore> snapshots;  // null if none are asked for
};

// Creates the output and journal topics that are missing, then connects: the producer first, which
// fences an earlier life of this daemon and settles its transaction, then the journal, then the
// consumer. Blocking; throws StartError.
KafkaParts connect(const Config& config, bool until_eof);

// The same for the output alone, under a transactional id of its own: for replays.
std::unique_ptr<kafka::KafkaProducer> connect_output(const Config& config,
                                                     const std::string& transactional_id);
// What a consumer of the input's cluster is tuned by: [input.kafka], and its free table.
kafka::Properties input_properties(const Config& config);
// For a consumer of what the daemon publishes.
kafka::Properties output_reader_properties(const Config& config);

// librdkafka's lines into the log.
void log_kafka_lines();

// For `newsmill check --connect`: asks the brokers for all that `run` needs; prints to standard
// output.
int check_connection(const Config& config, bool json);

}  // namespace newsmill
