#include "pipeline/memory_plan.hpp"

#include <algorithm>
#include <cstdio>

#include "pipeline/batch.hpp"

namespace newsmill {
namespace {

// Code, lexicons, ICU's and CLD2's tables, thread stacks; measured with all stages on.
constexpr std::int64_t kBaseBytes = 96 << 20;
// An entry of the journal: hashes, numbers, a sketch and a uri.
constexpr std::int64_t kJournalEntryBytes = 1 << 10;
// What the journal's consumer fetches ahead (pipeline/kafka/journal.hpp), and one more answer.
constexpr std::int64_t kJournalFetchBytes = (16 << 20) + 2 * 10'000'000;
constexpr std::int64_t kJournalFileBytes = 1 << 20;
// A chunk in the making, and those that wait for the disk (pipeline/archive/snapshot_folder.hpp).
constexpr std::int64_t kSnapshotBytes = 10 * (256 << 10);

void set_lanes(const Config& config, unsigned cores, MemoryPlan& plan) {
    // Source, dedup and sink have a thread each, but mostly wait; parsing and normalizing cost
    // about as much as tagging and encoding.
    const int half = std::max(1, static_cast<int>(std::min(cores, 64u)) / 2);
    plan.lanes_front =
        config.pipeline.lanes_front > 0 ? static_cast<int>(config.pipeline.lanes_front) : half;
    plan.lanes_back =
        config.pipeline.lanes_back > 0 ? static_cast<int>(config.pipeline.lanes_back) : half;
    // One batch in work and a few waiting for each lane, and as many again held for a commit,
    // during which the lanes must not run dry: with 12 for two lanes they did for a tenth of the
    // time.
    plan.pool_batches = config.pipeline.pool_batches > 0
                            ? static_cast<int>(config.pipeline.pool_batches)
                            : 4 * (plan.lanes_front + plan.lanes_back) + 16;
}

void add(MemoryPlan& plan, std::string name, std::string formula, std::int64_t bytes) {
    plan.parts.push_back({std::move(name), std::move(formula), bytes});
    plan.total_bytes += bytes;
}

void add_batches(const Config& config, MemoryPlan& plan) {
    const auto& pipeline = config.pipeline;
    const std::int64_t payload = std::max(pipeline.batch_bytes_max, config.input.article_bytes_max);
    const std::int64_t arena = std::max(pipeline.arena_bytes, 3 * payload);
    const std::int64_t articles =
        pipeline.batch_articles_max * static_cast<std::int64_t>(sizeof(Article));
    add(plan, "batches",
        std::to_string(plan.pool_batches) + " x (" + rough_bytes(payload) + " payload + " +
            rough_bytes(arena) + " arena + " + rough_bytes(articles) + " articles)",
        plan.pool_batches * (payload + arena + articles));
}

// Every batch may have its record on the way.
void add_journal(const Config& config, MemoryPlan& plan) {
    const bool kafka = config.dedup.journal == JournalType::kKafka;
    const std::int64_t records =
        plan.pool_batches * config.pipeline.batch_articles_max * kJournalEntryBytes;
    const std::int64_t read = kafka                                        ? kJournalFetchBytes
                              : config.dedup.journal == JournalType::kFile ? kJournalFileBytes
                                                                           : 0;
    add(plan, "journal",
        std::to_string(plan.pool_batches) + " x " +
            std::to_string(config.pipeline.batch_articles_max) + " entries x 1 KiB" +
            (read > 0 ? " + " + rough_bytes(read) + " read" : std::string()),
        records + read);
    if (config.dedup.journal == JournalType::kMemory || config.dedup.snapshot_path.empty()) return;
    add(plan, "snapshots", "chunks on their way to the disk", kSnapshotBytes);
}

}  // namespace

std::string rough_bytes(std::int64_t bytes) {
    struct Unit {
        std::int64_t bytes;
        const char* name;
    };
    constexpr Unit kUnits[] = {{Config::kGiB, "GiB"}, {Config::kMiB, "MiB"}, {Config::kKiB, "KiB"}};
    for (const Unit& unit : kUnits) {
        if (bytes < unit.bytes) continue;
        const std::int64_t tenths = (bytes * 10 + unit.bytes / 2) / unit.bytes;
        std::string text = std::to_string(tenths / 10);
        if (tenths % 10 != 0) text += "." + std::to_string(tenths % 10);
        return text + " " + unit.name;
    }
    return std::to_string(bytes) + " B";
}

MemoryPlan plan_memory(const Config& config, unsigned cores, std::int64_t index_bytes) {
    MemoryPlan plan;
    plan.bytes_max = config.pipeline.memory_bytes_max;
    set_lanes(config, cores, plan);
    add(plan, "program", "code, lexicons, stacks", kBaseBytes);
    add_batches(config, plan);
    if (config.input.type == InputType::kKafka) {
        const auto& kafka = config.input.kafka;
        add(plan, "consumer",
            rough_bytes(kafka.queued_bytes_max) + " queued + 2 x " +
                rough_bytes(kafka.fetch_bytes_max) + " fetched",
            kafka.queued_bytes_max + 2 * kafka.fetch_bytes_max);
    }
    if (config.output.type == OutputType::kKafka) {
        add(plan, "producer", rough_bytes(config.output.kafka.queued_bytes_max) + " queued",
            config.output.kafka.queued_bytes_max);
    }
    const std::int64_t memos = config.quotes.enabled + config.topics.enabled;
    if (memos * config.pipeline.memo_bytes > 0) {
        add(plan, "memos",
            std::to_string(plan.lanes_back) + " x " + std::to_string(memos) + " x " +
                rough_bytes(config.pipeline.memo_bytes) + ", and a sixth for places",
            plan.lanes_back * memos * (config.pipeline.memo_bytes * 7 / 6));
    }
    if (config.dedup.enabled) {
        add(plan, "duplicates",
            std::to_string(config.dedup.capacity) + " articles x " +
                std::to_string(index_bytes / config.dedup.capacity) + " B",
            index_bytes);
        add_journal(config, plan);
    }
    return plan;
}

}  // namespace newsmill
