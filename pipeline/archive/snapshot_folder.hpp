// Snapshots as files of one folder: "snapshot-POSITION.nms". One is written under another name by a
// thread of its own, flushed, renamed, and the folder flushed; the two newest are kept. Several
// daemons of one journal may share a folder: their snapshots are alike.
//
// Threads: as in pipeline/snapshot.hpp. Errors: StartError (78) if the folder can't be made or
// written; later ones through state() and failure().
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "pipeline/snapshot.hpp"

namespace newsmill {

class SnapshotFolder final : public SnapshotStore {
   public:
    // Chunks that wait to be written, at most.
    static constexpr std::size_t kQueueChunks = 4;

    explicit SnapshotFolder(std::string path);
    ~SnapshotFolder() override;  // abandons what is not complete

    void begin(std::int64_t position) noexcept override;
    bool try_append(std::string& bytes) noexcept override;
    void commit() noexcept override;
    void abandon() noexcept override;
    State state() noexcept override;
    std::string failure() override;
    std::vector<std::string> names() override;
    std::unique_ptr<SnapshotReader> open(const std::string& name) override;

    // For a snapshot that lies anywhere; null if it can't be opened.
    static std::unique_ptr<SnapshotReader> open_file_at(const std::string& path);

   private:
    void writer_loop() noexcept;
    // Writes one snapshot; the error's text, or empty. The lock is held but while it writes.
    std::string write_one(std::unique_lock<std::mutex>& lock, bool& abandoned);
    void remove_leftovers();
    void prune() noexcept;

    const std::string path_;
    std::mutex mutex_;
    std::condition_variable work_;
    State state_ = State::kIdle;
    std::string failure_;
    std::int64_t position_ = 0;
    bool begun_ = false;  // a snapshot that the thread has yet to see
    bool committed_ = false;
    bool abandoned_ = false;
    bool stop_ = false;
    std::deque<std::string> chunks_;
    std::vector<std::string> spare_;  // buffers to be used again
    std::thread writer_;
};

}  // namespace newsmill
