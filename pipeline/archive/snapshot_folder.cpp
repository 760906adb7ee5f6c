#include "pipeline/archive/snapshot_folder.hpp"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <utility>

#include "pipeline/archive/durable_file.hpp"
#include "pipeline/check.hpp"
#include "pipeline/start_error.hpp"

namespace newsmill {
namespace {

namespace fs = std::filesystem;

constexpr int kExitConfig = 78;
constexpr std::string_view kPrefix = "snapshot-";
constexpr std::string_view kSuffix = ".nms";
constexpr std::string_view kUnfinished = ".nms.part-";  // then the writer's process id
constexpr std::size_t kKept = 2;
// What waits in the page cache is flushed on the way, so that the last flush is no burst that other
// files on the disk wait for.
constexpr std::size_t kFlushBytes = 8 << 20;
constexpr std::size_t kReadBytes = 256 << 10;

class FileSnapshotReader final : public SnapshotReader {
   public:
    explicit FileSnapshotReader(FileDescriptor file) : file_(std::move(file)) {
        posix_fadvise(file_.get(), 0, 0, POSIX_FADV_SEQUENTIAL);
    }
    std::size_t read(char* to, std::size_t size) override {
        std::size_t done = 0;
        while (done < size) {
            if (at_ == buffer_.size() && !fill()) break;
            const std::size_t part = std::min(size - done, buffer_.size() - at_);
            buffer_.copy(to + done, part, at_);
            at_ += part;
            done += part;
        }
        return done;
    }

   private:
    bool fill() {
        buffer_.resize(kReadBytes);
        const ssize_t got = read_at(file_.get(), buffer_.data(), kReadBytes, offset_);
        buffer_.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
        offset_ += static_cast<off_t>(buffer_.size());
        at_ = 0;
        return !buffer_.empty();
    }

    FileDescriptor file_;
    off_t offset_ = 0;
    std::string buffer_;
    std::size_t at_ = 0;
};

std::string name_of(std::int64_t position) {
    char text[32];
    std::snprintf(text, sizeof(text), "%020lld", static_cast<long long>(position));
    return std::string(kPrefix) + text + std::string(kSuffix);
}

}  // namespace

SnapshotFolder::SnapshotFolder(std::string path) : path_(std::move(path)) {
    std::error_code error;
    fs::create_directories(path_, error);
    if (error || access(path_.c_str(), R_OK | W_OK | X_OK) != 0) {
        throw StartError(kExitConfig, "snapshots: folder '" + path_ + "' can't be made or written" +
                                          (error ? ": " + error.message() : std::string()));
    }
    remove_leftovers();
}

SnapshotFolder::~SnapshotFolder() {
    if (!writer_.joinable()) return;
    {
        const std::lock_guard lock(mutex_);
        stop_ = true;
    }
    work_.notify_one();
    writer_.join();
}

// Of processes that ended amid a snapshot.
void SnapshotFolder::remove_leftovers() {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(path_, error)) {
        const std::string name = entry.path().filename().string();
        const std::size_t at = name.find(kUnfinished);
        if (!name.starts_with(kPrefix) || at == std::string::npos) continue;
        const int pid = std::atoi(name.c_str() + at + kUnfinished.size());
        const bool alive = pid > 0 && pid != getpid() && (kill(pid, 0) == 0 || errno != ESRCH);
        std::error_code none;
        if (!alive) fs::remove(entry.path(), none);
    }
}

// ---- The agent's side
// --------------------------------------------------------------------------------

void SnapshotFolder::begin(std::int64_t position) noexcept {
    {
        const std::lock_guard lock(mutex_);
        NEWSMILL_CHECK(state_ != State::kWriting, "one snapshot at a time");
        state_ = State::kWriting;
        position_ = position;
        begun_ = true;
        committed_ = abandoned_ = false;
        if (!writer_.joinable()) writer_ = std::thread([this] { writer_loop(); });
    }
    work_.notify_one();
}

bool SnapshotFolder::try_append(std::string& bytes) noexcept {
    {
        const std::lock_guard lock(mutex_);
        // What failed takes all and drops it; state() tells.
        if (state_ == State::kWriting) {
            if (chunks_.size() >= kQueueChunks) return false;
            std::string spare;
            if (!spare_.empty()) {
                spare = std::move(spare_.back());
                spare_.pop_back();
            }
            chunks_.push_back(std::exchange(bytes, std::move(spare)));
        }
    }
    bytes.clear();
    work_.notify_one();
    return true;
}

void SnapshotFolder::commit() noexcept {
    {
        const std::lock_guard lock(mutex_);
        committed_ = true;
    }
    work_.notify_one();
}

void SnapshotFolder::abandon() noexcept {
    {
        const std::lock_guard lock(mutex_);
        abandoned_ = true;
    }
    work_.notify_one();
}

SnapshotStore::State SnapshotFolder::state() noexcept {
    const std::lock_guard lock(mutex_);
    return state_;
}

std::string SnapshotFolder::failure() {
    const std::lock_guard lock(mutex_);
    return failure_;
}

// ---- The thread's side
// -------------------------------------------------------------------------------

void SnapshotFolder::writer_loop() noexcept {
    std::unique_lock lock(mutex_);
    for (;;) {
        work_.wait(lock, [this] { return stop_ || begun_; });
        if (stop_) return;
        begun_ = false;
        bool abandoned = false;
        std::string wrong = write_one(lock, abandoned);
        chunks_.clear();
        failure_ = std::move(wrong);
        state_ = !failure_.empty() ? State::kFailed : abandoned ? State::kIdle : State::kDone;
    }
}

std::string SnapshotFolder::write_one(std::unique_lock<std::mutex>& lock, bool& abandoned) {
    const std::string name = name_of(position_);
    const std::string path = path_ + "/" + name;
    const std::string unfinished = path_ + "/" + name.substr(0, name.size() - kSuffix.size()) +
                                   std::string(kUnfinished) + std::to_string(getpid());
    const FileDescriptor file = open_file(unfinished, O_WRONLY | O_CREAT | O_TRUNC);
    int error = file ? 0 : errno;
    std::size_t unflushed = 0;
    while (error == 0) {
        work_.wait(lock, [this] { return stop_ || abandoned_ || committed_ || !chunks_.empty(); });
        if (stop_ || abandoned_) {
            abandoned = true;
            unlink(unfinished.c_str());
            return {};
        }
        if (chunks_.empty()) break;  // committed, and all is written
        std::string chunk = std::move(chunks_.front());
        chunks_.pop_front();
        lock.unlock();
        error = write_all(file.get(), {chunk});
        unflushed += chunk.size();
        if (error == 0 && unflushed >= kFlushBytes) {
            unflushed = 0;
            if (fdatasync(file.get()) != 0) error = errno;
        }
        chunk.clear();
        lock.lock();
        if (spare_.size() < kQueueChunks) spare_.push_back(std::move(chunk));
    }
    lock.unlock();
    if (error == 0 && fsync(file.get()) != 0) error = errno;
    if (error == 0 && rename(unfinished.c_str(), path.c_str()) != 0) error = errno;
    if (error == 0) error = sync_folder(path_);
    if (error != 0) unlink(unfinished.c_str());
    if (error == 0) prune();
    lock.lock();
    return error == 0 ? std::string() : "'" + path + "': " + error_text(error);
}

void SnapshotFolder::prune() noexcept {
    const std::vector<std::string> all = names();
    for (std::size_t i = kKept; i < all.size(); ++i) unlink((path_ + "/" + all[i]).c_str());
}

// ---- Reading
// -----------------------------------------------------------------------------------------

// By the time of writing: those of an older journal may have higher positions.
std::vector<std::string> SnapshotFolder::names() {
    std::vector<std::pair<fs::file_time_type, std::string>> found;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(path_, error)) {
        const std::string name = entry.path().filename().string();
        if (!name.starts_with(kPrefix) || !name.ends_with(kSuffix)) continue;
        std::error_code gone;
        const auto time = entry.last_write_time(gone);
        if (!gone) found.emplace_back(time, name);
    }
    std::sort(found.rbegin(), found.rend());
    std::vector<std::string> names;
    for (auto& [time, name] : found) names.push_back(std::move(name));
    return names;
}

std::unique_ptr<SnapshotReader> SnapshotFolder::open(const std::string& name) {
    return open_file_at(path_ + "/" + name);
}

std::unique_ptr<SnapshotReader> SnapshotFolder::open_file_at(const std::string& path) {
    FileDescriptor file = open_file(path, O_RDONLY);
    if (!file) return nullptr;
    return std::make_unique<FileSnapshotReader>(std::move(file));
}

}  // namespace newsmill
