#include "daemon/journal_wiring.hpp"

#include "pipeline/archive/file_journal.hpp"
#include "pipeline/archive/snapshot_folder.hpp"
#include "pipeline/kafka/journal.hpp"

namespace newsmill {
namespace {

constexpr int kStartTimeoutMs = 30'000;

kafka::JournalOptions kafka_options(const Config& config) {
    kafka::JournalOptions options;
    options.brokers = journal_brokers(config);
    options.topic = config.dedup.kafka.topic;
    options.start_timeout_ms = kStartTimeoutMs;
    options.properties = config.dedup.kafka.client;
    return options;
}

FileJournalOptions file_options(const Config& config) {
    FileJournalOptions options;
    options.path = config.dedup.file.path;
    options.sync_interval_ms = config.dedup.file.sync_interval_ms;
    options.segment_bytes = config.dedup.file.segment_bytes;
    // Twice the window, as the topic's retention is.
    options.keep_ms = 2 * config.dedup.window_ms;
    return options;
}

}  // namespace

std::unique_ptr<Journal> open_journal(const Config& config, bool read_only) {
    if (!config.dedup.enabled) return nullptr;
    if (config.dedup.journal == JournalType::kMemory) return std::make_unique<MemoryJournal>();
    if (config.dedup.journal == JournalType::kFile) {
        FileJournalOptions options = file_options(config);
        options.read_only = read_only;
        return std::make_unique<FileJournal>(std::move(options));
    }
    kafka::JournalOptions options = kafka_options(config);
    options.read_only = read_only;
    return std::make_unique<kafka::KafkaJournal>(std::move(options));
}

std::unique_ptr<SnapshotStore> open_snapshots(const Config& config) {
    if (!config.dedup.enabled || config.dedup.journal == JournalType::kMemory ||
        config.dedup.snapshot_path.empty()) {
        return nullptr;
    }
    return std::make_unique<SnapshotFolder>(config.dedup.snapshot_path);
}

}  // namespace newsmill
