// The most memory that a configuration lets the daemon use, as a sum that can be read: the batches
// of the pool, what the Kafka clients queue, the duplicates' index. `newsmill check` prints it, and
// the daemon refuses to start if it is more than pipeline.memory_bytes_max.
//
// The bound of one batch: its arena, its articles, and its payload. Stages make at most about three
// times the payload (repaired text, record, scratch), so a batch that holds one article of
// input.article_bytes_max may outgrow a smaller arena. Batches hold their messages by pins, and a
// pin keeps its whole fetch response alive: since batches in flight are neighbours in the log, all
// pins together keep at most two responses more than their payloads.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "pipeline/config.hpp"

namespace newsmill {

struct MemoryPart {
    std::string name;
    std::string formula;  // "16 batches x (4MiB arena + ...)"
    std::int64_t bytes;
};

struct MemoryPlan {
    // What the zeros in the config stand for.
    int lanes_front = 1;
    int lanes_back = 1;
    int pool_batches = 0;

    std::vector<MemoryPart> parts;
    std::int64_t total_bytes = 0;
    std::int64_t bytes_max = 0;
    bool fits() const noexcept { return total_bytes <= bytes_max; }
};

// `cores` >= 1; `index_bytes` is what the window of duplicates takes when it is full.
MemoryPlan plan_memory(const Config& config, unsigned cores, std::int64_t index_bytes);

// "1.5 GiB": for people, rounded.
std::string rough_bytes(std::int64_t bytes);

}  // namespace newsmill
