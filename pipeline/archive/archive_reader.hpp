// Reads what an ArchiveWriter has kept: one segment, or a folder of them in order.
//
// A folder may be read while a daemon writes to it; then the newest records may belong to a
// transaction that is not committed yet, and an unfinished block at the end is passed over.
//
// Ownership: records view a block that the reader shares; hold block() to keep them. Threads: one,
// but for bytes_read(). Errors: what can't be read is an entry in errors(), and the next block or
// segment goes on.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "pipeline/archive/archive_format.hpp"
#include "pipeline/archive/durable_file.hpp"
#include "pipeline/archive/file_reader.hpp"

namespace newsmill {

// A segment of an archive (by its name), or a folder that holds one.
bool is_archive(const std::string& path);

class ArchiveSegment {
   public:
    explicit ArchiveSegment(std::string path);

    struct Look {
        bool has_head = false;
        bool has_foot = false;
        bool settled = false;
        ArchiveHead head;
        std::vector<ArchiveBlock> blocks;  // the whole ones
        std::int64_t end = 0;              // after the last of them
        std::int64_t file_bytes = 0;
        // Without a foot: behind `end` come bytes that are no block, and then good ones again.
        bool damaged_inside = false;
        std::string error;  // of reading the file
    };
    // The foot's index if there is a good one, else a walk over the blocks, whose records are
    // checked too.
    Look look();
    // The block's records, unpacked; null if they are damaged.
    std::shared_ptr<const Block> read(const ArchiveBlock& block);
    // What is whole of the records of a block that was cut off at the file's end. False: nothing.
    bool salvage(std::int64_t at, ArchiveBlock& block, std::string& plain);

   private:
    std::string bytes_at(std::int64_t at, std::size_t size);
    bool read_foot(Look& look);
    bool block_at(std::int64_t at, std::int64_t file_bytes, ArchiveBlock& block);

    std::string path_;
    FileDescriptor file_;
};

class ArchiveReader {
   public:
    // `path`: as in is_archive(). Records with a timestamp before `from_ms`, or not before
    // `to_ms`, are left out; those without one are not.
    explicit ArchiveReader(const std::string& path, std::int64_t from_ms = INT64_MIN,
                           std::int64_t to_ms = INT64_MAX);

    // The next record; its views live as long as block(). False at the end.
    bool next(ArchivedRecord& record);
    const std::shared_ptr<const Block>& block() const noexcept { return plain_; }

    const std::vector<FileError>& errors() const noexcept { return errors_; }
    // Bytes on the disk, and how many were used or passed over.
    std::uint64_t bytes_total() const noexcept { return bytes_total_; }
    std::uint64_t bytes_read() const noexcept {
        return bytes_read_.load(std::memory_order_relaxed);  // a progress bar: orders nothing
    }

   private:
    bool open_next();
    bool next_block();
    bool is_wanted(const ArchiveBlock& block) const noexcept;
    void report(std::uint64_t at, std::string message);

    struct File {
        std::string path;
        std::uint64_t bytes;
    };
    std::int64_t from_ms_;
    std::int64_t to_ms_;
    std::vector<File> files_;
    std::uint64_t bytes_total_ = 0;
    std::uint64_t bytes_before_ = 0;
    std::atomic<std::uint64_t> bytes_read_{0};
    std::vector<FileError> errors_;

    std::size_t next_file_ = 0;
    std::unique_ptr<ArchiveSegment> segment_;
    std::vector<ArchiveBlock> blocks_;
    std::size_t next_block_ = 0;
    std::shared_ptr<const Block> plain_;
    std::string_view rest_;
    std::uint64_t number_ = 0;
    std::uint32_t left_ = 0;  // records of the block
};

}  // namespace newsmill
