// Keeps what came in: appends the articles of each transaction to segments of a folder, in the
// order of the journal, packed by zstd (pipeline/archive/archive_format.hpp; docs/archive.md).
//
// One transaction: add() its articles, seal() before the transaction is committed, then confirm(),
// or undo() if it was aborted. So what is committed is in the archive, and what a crash leaves
// between the two is read again and known again: the records of a transaction that was sealed but
// not confirmed are remembered at the next start, and are not added a second time.
//
// A crash may leave a part of a block at the end: the writer keeps its whole records and cuts off
// the rest when it opens the folder, with a log line. Segments are never appended to later.
//
// Ownership: the folder's lock is held for the writer's life, by one process. Threads: one, the
// sink's. Errors: StartError when opened (75: in use; 78: the folder can't be made or written);
// seal() and undo() return an errno value later.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_set>
#include <vector>

#include "pipeline/archive/archive_format.hpp"
#include "pipeline/archive/durable_file.hpp"

namespace newsmill {

struct ArchiveWriterOptions {
    std::string path;  // the folder; made if it is not there
    std::int64_t segment_bytes = 256 << 20;
    int level = 3;
    bool sync = true;  // flush to the disk in each seal(); else when a segment is finished
    // Finished segments are deleted when they are older, or when there are more bytes of them.
    std::int64_t keep_ms = INT64_MAX;
    std::int64_t keep_bytes = INT64_MAX;
    std::size_t block_bytes = 1 << 20;  // of records before they are packed
};

class ArchiveWriter {
   public:
    explicit ArchiveWriter(ArchiveWriterOptions options);
    ~ArchiveWriter();  // finishes the segment
    ArchiveWriter(const ArchiveWriter&) = delete;
    ArchiveWriter& operator=(const ArchiveWriter&) = delete;

    void add(const Article& article, std::int64_t journal_position) noexcept;
    // All that was added is written, and flushed if that is wished; 0, or what went wrong.
    int seal() noexcept;
    void confirm() noexcept;
    // As if nothing had been added since the last confirm().
    void undo() noexcept;

    std::uint64_t records() const noexcept { return next_record_; }  // the next one's number
    std::int64_t repaired_bytes() const noexcept { return repaired_bytes_; }
    // Records that an earlier process has left unconfirmed, and that did not come again yet.
    std::size_t remembered() const noexcept { return remembered_.size(); }

   private:
    void lock_folder();
    void open_folder();
    void repair(const std::string& path);
    void remember(const std::string& path, const std::vector<ArchiveBlock>& blocks);
    int begin_segment() noexcept;
    int write_block() noexcept;
    void end_segment(bool settled) noexcept;
    void delete_old() noexcept;

    ArchiveWriterOptions options_;
    FileDescriptor lock_;
    std::uint64_t archive_ = 0;
    std::uint64_t transaction_ = 0;
    std::uint64_t next_record_ = 0;
    std::int64_t repaired_bytes_ = 0;

    // The open segment.
    FileDescriptor file_;
    std::string file_path_;
    std::int64_t file_bytes_ = 0;
    ArchiveFoot foot_;

    // The block in the making.
    ArchiveBlock block_;
    std::string plain_;
    std::string packed_;

    // The open transaction, and where it began.
    int error_ = 0;
    bool open_ = false;
    std::uint64_t begin_record_ = 0;
    std::int64_t begin_bytes_ = 0;
    std::size_t begin_blocks_ = 0;

    std::unordered_set<std::uint64_t> remembered_;  // hashes of id and value
    std::vector<std::uint64_t> known_again_;        // in the open transaction
};

}  // namespace newsmill
