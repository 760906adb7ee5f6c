// How far behind its input a daemon is, by partition: in records, and in seconds.
//
// Records: from the committed position to the partition's end, as the client last heard of it.
// Seconds: the age of the newest committed record; but if the partition was caught up meanwhile, no
// more than the time since then, so that the first record after a quiet night is not a lag of a
// night. Threads: one, the reader's.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace newsmill {

// The next offset to read of one input partition.
struct Position {
    std::string topic;
    std::int32_t partition = 0;
    std::int64_t next_offset = 0;
    std::string note = {};                  // kept beside it
    std::int64_t timestamp_ms = INT64_MIN;  // kNoTime, or that of the newest record before it
};

// An input partition that is assigned to this daemon, as the client knows it.
struct PartitionState {
    std::string topic;
    std::int32_t partition = 0;
    std::int64_t end_offset = -1;    // of the next record to come; -1: not known yet
    std::int64_t start_offset = -1;  // committed in the group when it was assigned; -1: none
};

struct PartitionLag {
    std::string topic;
    std::int32_t partition = 0;
    std::int64_t position = -1;  // committed; -1: not known yet
    std::int64_t end_offset = -1;
    std::int64_t records = -1;  // -1: not known yet
    std::int64_t ms = -1;       // -1: not known yet
};

class LagReader {
   public:
    std::vector<PartitionLag> read(const std::vector<PartitionState>& partitions,
                                   const std::vector<Position>& committed, std::int64_t unix_ms);

   private:
    using Id = std::pair<std::string, std::int32_t>;
    std::map<Id, std::int64_t> caught_up_ms_;  // when the lag was last seen to be none
};

// From librdkafka's statistics (its STATISTICS.md). What is no such thing gives nothing.
std::vector<PartitionState> read_statistics(std::string_view json);

}  // namespace newsmill
