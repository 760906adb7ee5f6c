// The archive's format: what the records, blocks, heads and feet of its segments are made of. The
// page docs/archive.md has it byte by byte.
//
// A segment is a row of zstd frames, so that any zstd reads it: a skippable frame with the
// segment's head, then for each block a skippable frame that says what is in it and a frame with
// its records, then, once the segment is finished, a skippable frame with an index.
//
// Ownership: what is decoded views the bytes that were given. Threads: none of its own. Errors:
// a false return; nothing is ever read past the given bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/batch.hpp"

namespace newsmill {

// One article as it came in.
struct ArchivedRecord {
    std::uint64_t number = 0;  // in the archive, from 0, without a gap but for what was deleted
    Origin origin;
    std::int64_t journal_position = -1;  // after the journal record that decided it; -1: unknown
    bool has_key = false;
    bool has_value = true;
    std::string_view key;
    std::string_view value;
    std::vector<Header> headers;
};

// What is known of a block without unpacking it.
struct ArchiveBlock {
    std::uint64_t transaction = 0;  // counts in the archive; its blocks stand beside each other
    std::uint64_t first_record = 0;
    std::uint32_t records = 0;
    std::uint32_t plain_bytes = 0;
    std::uint32_t packed_bytes = 0;
    std::int64_t time_min_ms = INT64_MAX;  // of the records' timestamps; min > max: none has one
    std::int64_t time_max_ms = INT64_MIN;
    std::uint64_t packed_hash = 0;  // XXH3-64
    std::uint64_t at = 0;           // where its skippable frame begins in the file; not in it

    void note_time(std::int64_t timestamp_ms) noexcept;
};

struct ArchiveHead {
    std::uint64_t archive = 0;  // random: segments of one archive have the same
    std::uint64_t first_record = 0;
};

struct ArchiveFoot {
    bool settled = false;  // all transactions in the segment were committed
    std::vector<ArchiveBlock> blocks;
    std::uint64_t at = 0;  // where its frame begins
};

inline constexpr std::size_t kArchiveHeadBytes = 8 + 8 + 8 + 8 + 8;
inline constexpr std::size_t kArchiveBlockHeadBytes = 8 + 8 + 8 + 4 + 4 + 4 + 8 + 8 + 8 + 8;
inline constexpr std::size_t kArchiveTailBytes = 4 + 8;  // of a foot, at the file's end
// More are no block of ours: reading stops before it allocates.
inline constexpr std::uint32_t kArchivePlainBytesMax = 1u << 30;
inline constexpr std::string_view kArchiveSuffix = ".nma";

std::string archive_segment_name(std::uint64_t first_record);
// The number in a segment's name; nothing if it is none.
std::optional<std::uint64_t> archive_segment_number(std::string_view name);

// ---- Records within a block
// ------------------------------------------------------------------------------

void put_archive_record(const Article& article, std::uint64_t number, std::int64_t journal_position,
                        std::string& out);
// Takes the next record off `rest`. False, and `rest` stays: there is none, or it is not whole.
bool take_archive_record(std::string_view& rest, std::uint64_t number, ArchivedRecord& record);

// ---- Frames
// ------------------------------------------------------------------------------

void put_archive_head(const ArchiveHead& head, std::string& out);
bool read_archive_head(std::string_view bytes, ArchiveHead& head);
void put_archive_block_head(const ArchiveBlock& block, std::string& out);
bool read_archive_block_head(std::string_view bytes, ArchiveBlock& block);
void put_archive_foot(const ArchiveFoot& foot, std::string& out);
// From the file's last kArchiveTailBytes: how long the foot's frame is; 0 if there is none.
std::uint64_t archive_foot_bytes(std::string_view tail);
// `bytes` are the whole frame.
bool read_archive_foot(std::string_view bytes, ArchiveFoot& foot);

// ---- Packing
// ------------------------------------------------------------------------------

// Appends the block's head and its packed records to `out`; fills in what the head says of them.
bool pack_archive_block(ArchiveBlock& block, std::string_view plain, int level, std::string& out);
// `packed` unpacked into `to`, which has room for block.plain_bytes. False: damaged.
bool unpack_archive_block(const ArchiveBlock& block, std::string_view packed, char* to);
// As much of a block that was cut off as can be read.
std::string salvage_archive_block(std::string_view packed);

}  // namespace newsmill
