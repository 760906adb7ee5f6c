// The journal as files of one folder, for one daemon that has no broker to keep it: appended,
// flushed to the disk in groups, read back after a restart.
//
// Segments: a file is named after the position of its first record ("00000000000000000000.nmj");
// positions count bytes of records over all segments. Format, little endian: "NMJFILE1", u64 the
// journal's random id, i64 the position, u64 XXH3-64 of all before; then records: u32 bytes, u64
// XXH3-64 of them (its seed: the record's position), bytes.
//
// A record is given out by poll() once it is on the disk, so that no decision is published that a
// power cut could take back. A crash may leave an unfinished record at the end: it is cut off when
// the journal is opened, with a log line. Damage anywhere else is an error, since what was decided
// by it can't be found out again. A segment is deleted once it is `keep_ms` old, as Kafka does it.
//
// Ownership: the folder's lock is held for the journal's life, by one process. Threads: the journal
// agent's; one of its own that flushes. Errors: StartError when opened (75: in use; 78: damaged, or
// the folder can't be made); failure() with 75 later (a full disk).
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "pipeline/archive/durable_file.hpp"
#include "pipeline/journal.hpp"

namespace newsmill {

struct FileJournalOptions {
    std::string path;                   // the folder; made if it is not there
    std::int64_t sync_interval_ms = 5;  // between two flushes at least
    std::int64_t segment_bytes = 64 << 20;
    std::int64_t keep_ms = INT64_MAX;
    // Never flushes, and gives records out at once: for tests, which crash a process but no
    // machine.
    bool sync = true;
    // Takes no lock, changes nothing, ends where the last whole record does. For looking at a
    // journal, also while a daemon writes it.
    bool read_only = false;
};

class FileJournal final : public Journal {
   public:
    explicit FileJournal(FileJournalOptions options);
    ~FileJournal() override;  // flushes

    Outcome append(std::string_view record) noexcept override;
    Outcome poll(std::string_view& record) noexcept override;
    bool caught_up() noexcept override { return position_ >= end_at_start_; }
    std::string_view identity() const noexcept override { return identity_; }
    std::int64_t begin_position() const noexcept override { return segments_.front().begin; }
    std::int64_t end_position() const noexcept override { return end_at_start_; }
    std::int64_t position() const noexcept override { return position_; }
    bool seek(std::int64_t position) noexcept override;
    Failure failure() const override { return failure_; }
    void set_waker(Parker* parker) noexcept override;
    void close() noexcept override { set_waker(nullptr); }

    // Bytes that were cut off the end when it was opened.
    std::int64_t repaired_bytes() const noexcept { return repaired_bytes_; }

   private:
    struct Segment {
        std::int64_t begin = 0;
        std::int64_t end = 0;
    };
    using SharedFile = std::shared_ptr<FileDescriptor>;

    std::string segment_path(std::int64_t begin) const;
    void lock_folder();
    void find_segments();
    bool read_header(const std::string& path, std::int64_t begin);
    void repair_tail();
    int create_segment(std::int64_t begin) noexcept;
    // Segments past keep_ms, if all of them has been read.
    void delete_old(std::int64_t read_up_to) noexcept;

    // The record at `position`, or null text with the reason in `wrong` (empty: there is none yet).
    std::string_view record_at(std::int64_t position, std::int64_t end, std::string& wrong);
    std::string_view bytes_at(std::int64_t position, std::size_t size, std::int64_t end);
    bool open_for_reading(std::int64_t position);
    Outcome fail(std::string message) noexcept;

    std::int64_t visible() const noexcept;
    void sync_loop() noexcept;

    FileJournalOptions options_;
    FileDescriptor lock_;
    std::uint64_t id_ = 0;
    std::string identity_;
    std::vector<Segment> segments_;
    std::int64_t end_at_start_ = 0;
    std::int64_t repaired_bytes_ = 0;
    Failure failure_;

    // Reading.
    std::int64_t position_ = 0;
    FileDescriptor read_file_;
    Segment read_segment_{-1, -1};
    std::string buffer_;  // bytes of the log from buffer_begin_
    std::int64_t buffer_begin_ = 0;

    // Writing; what follows the mutex is shared with the thread that flushes.
    SharedFile write_file_;
    std::int64_t written_ = 0;
    std::string head_;
    std::mutex mutex_;
    std::condition_variable work_;
    std::int64_t to_sync_ = 0;       // written_, as the flusher may see it
    std::vector<SharedFile> dirty_;  // files that may have bytes not yet flushed
    bool dirty_folder_ = false;
    bool stop_ = false;
    int sync_error_ = 0;
    Parker* waker_ = nullptr;
    std::atomic<std::int64_t> synced_{0};
    std::atomic<bool> sync_failed_{false};
    std::thread flusher_;
};

}  // namespace newsmill
