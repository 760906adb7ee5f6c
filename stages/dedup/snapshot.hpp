// The bytes of dedup's snapshots; what is in them is written in snapshot.cpp. A chunk is
//   u8 kind, payload, u64 XXH3-64 of all before, little endian
// Numbers are LEB128; signed ones zigzag first. Private to dedup.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "stages/dedup.hpp"

namespace newsmill {

// An open snapshot: the state at begin_snapshot() as far as it changes later. Entries don't, and
// stay where they are as long as it is open.
struct DedupStage::Snapshot {
    std::uint64_t first;
    std::uint64_t next;
    std::uint64_t end;
    std::uint64_t state_hash;
    std::uint64_t high_water;
    std::int64_t now_ms;
    std::int64_t first_ms;
    std::string settings;
    std::vector<std::string> sources;
    bool header_written = false;
    std::unordered_map<std::string, std::uint64_t> topics;  // written: their numbers
    std::unordered_set<std::uint64_t> outlived;             // written
};

struct DedupStage::Restore {
    bool header_read = false;
    std::uint64_t first = 0;
    std::uint64_t end = 0;
    std::uint64_t state_hash = 0;
    std::vector<dedup::SourceNumber> sources;
    std::deque<std::string> topics;  // stable: entries that are read view them
};

}  // namespace newsmill
