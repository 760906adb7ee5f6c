#include "pipeline/archive/file_journal.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <random>
#include <utility>

#include "pipeline/byte_codec.hpp"
#include "pipeline/log.hpp"
#include "pipeline/start_error.hpp"

namespace newsmill {
namespace {

constexpr int kExitTryAgain = 75;
constexpr int kExitConfig = 78;
constexpr std::string_view kMagic = "NMJFILE1";
constexpr std::int64_t kHeaderBytes = 8 + 8 + 8 + 8;
constexpr std::int64_t kFrameBytes = 4 + 8;
constexpr std::size_t kRecordBytesMax = 64 << 20;
constexpr std::size_t kReadBytes = 256 << 10;
constexpr std::string_view kSuffix = ".nmj";
constexpr int kDigits = 20;

std::uint64_t record_hash(std::string_view record, std::int64_t position) {
    return XXH3_64bits_withSeed(record.data(), record.size(), static_cast<std::uint64_t>(position));
}

std::string header_of(std::uint64_t id, std::int64_t begin) {
    std::string out(kMagic);
    put_fixed(out, id);
    put_fixed(out, begin);
    put_fixed(out, static_cast<std::uint64_t>(XXH3_64bits(out.data(), out.size())));
    return out;
}

std::uint64_t random_id() {
    std::random_device device;
    return static_cast<std::uint64_t>(device()) << 32 | device();
}

// The position that a segment's name says; -1 if it is none.
std::int64_t position_of(const std::string& name) {
    if (name.size() != kDigits + kSuffix.size() || !name.ends_with(kSuffix)) return -1;
    std::int64_t position = -1;
    const char* end = name.data() + kDigits;
    const auto [rest, error] = std::from_chars(name.data(), end, position);
    return error == std::errc() && rest == end ? position : -1;
}

}  // namespace

// ---- Opening
// -----------------------------------------------------------------------------------------

FileJournal::FileJournal(FileJournalOptions options) : options_(std::move(options)) {
    std::error_code error;
    if (!options_.read_only) {
        std::filesystem::create_directories(options_.path, error);
        if (error) {
            throw StartError(kExitConfig, "journal: folder '" + options_.path +
                                              "' can't be made: " + error.message());
        }
        lock_folder();
    }
    find_segments();
    if (segments_.empty()) {
        if (options_.read_only)
            throw StartError(kExitConfig, "journal: '" + options_.path + "' holds no journal");
        id_ = random_id();
        if (const int wrong = create_segment(0); wrong != 0) {
            throw StartError(kExitConfig, "journal: '" + segment_path(0) +
                                              "' can't be written: " + error_text(wrong));
        }
    } else {
        repair_tail();
    }
    char text[32];
    std::snprintf(text, sizeof(text), "file:%016llx", static_cast<unsigned long long>(id_));
    identity_ = text;
    written_ = to_sync_ = end_at_start_ = segments_.back().end;
    synced_.store(written_, std::memory_order_relaxed);  // no other thread yet
    if (options_.read_only) {
        position_ = segments_.front().begin;
        return;
    }
    delete_old(INT64_MAX);
    position_ = segments_.front().begin;
    if (options_.sync) flusher_ = std::thread([this] { sync_loop(); });
}

FileJournal::~FileJournal() {
    if (!flusher_.joinable()) return;
    {
        const std::lock_guard lock(mutex_);
        stop_ = true;
    }
    work_.notify_one();
    flusher_.join();
}

std::string FileJournal::segment_path(std::int64_t begin) const {
    char name[32];
    std::snprintf(name, sizeof(name), "%020lld", static_cast<long long>(begin));
    return options_.path + "/" + name + std::string(kSuffix);
}

void FileJournal::lock_folder() {
    const std::string path = options_.path + "/lock";
    lock_ = open_file(path, O_RDWR | O_CREAT);
    if (!lock_) {
        throw StartError(kExitConfig,
                         "journal: '" + path + "' can't be written: " + error_text(errno));
    }
    if (flock(lock_.get(), LOCK_EX | LOCK_NB) != 0) {
        char owner[32] = {};
        const ssize_t size = read_at(lock_.get(), owner, sizeof(owner) - 1, 0);
        throw StartError(kExitTryAgain,
                         "journal: '" + options_.path + "' is in use by another process" +
                             (size > 0 ? " (" + std::string(owner) + ")" : std::string()) +
                             "; a journal in files is for one daemon");
    }
    const std::string pid = std::to_string(getpid());
    if (ftruncate(lock_.get(), 0) == 0) static_cast<void>(write_all(lock_.get(), {pid}));
}

void FileJournal::find_segments() {
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(options_.path, error)) {
        const std::int64_t begin = position_of(entry.path().filename().string());
        if (begin >= 0) segments_.push_back({begin, begin});
    }
    if (error) {
        throw StartError(kExitConfig,
                         "journal: '" + options_.path + "' can't be read: " + error.message());
    }
    std::sort(segments_.begin(), segments_.end(),
              [](const Segment& a, const Segment& b) { return a.begin < b.begin; });
    for (std::size_t i = 0; i < segments_.size(); ++i) {
        Segment& segment = segments_[i];
        const std::string path = segment_path(segment.begin);
        if (!read_header(path, segment.begin)) {
            // A crash while it was made: nothing can be in it yet.
            std::error_code none;
            const bool torn =
                i + 1 == segments_.size() &&
                std::filesystem::file_size(path, none) <= static_cast<std::uintmax_t>(kHeaderBytes);
            if (!torn) {
                throw StartError(kExitConfig, "journal: '" + path +
                                                  "' is damaged at its beginning, "
                                                  "or of another journal");
            }
            if (!options_.read_only) std::filesystem::remove(path, none);
            segments_.pop_back();
            break;
        }
        segment.end = segment.begin + static_cast<std::int64_t>(std::filesystem::file_size(path)) -
                      kHeaderBytes;
        if (i > 0 && segments_[i - 1].end != segment.begin) {
            throw StartError(kExitConfig, "journal: '" + options_.path +
                                              "': records are missing before '" + path + "'");
        }
    }
}

bool FileJournal::read_header(const std::string& path, std::int64_t begin) {
    const FileDescriptor file = open_file(path, O_RDONLY);
    char bytes[kHeaderBytes];
    if (!file || read_at(file.get(), bytes, sizeof(bytes), 0) != kHeaderBytes) return false;
    ByteReader reader{std::string_view(bytes, sizeof(bytes))};
    if (reader.take(kMagic.size()) != kMagic) return false;
    const auto id = reader.fixed<std::uint64_t>();
    if (std::string_view(bytes, sizeof(bytes)) != header_of(id, begin)) return false;
    if (id_ != 0 && id_ != id) return false;
    id_ = id;
    return true;
}

// Walks the newest segment; what is behind its last whole record is cut off.
void FileJournal::repair_tail() {
    Segment& last = segments_.back();
    const std::string path = segment_path(last.begin);
    std::int64_t at = last.begin;
    std::string wrong;
    while (at < last.end) {
        const std::string_view record = record_at(at, last.end, wrong);
        if (record.data() == nullptr) break;
        at += kFrameBytes + static_cast<std::int64_t>(record.size());
    }
    if (at < last.end) {
        // Damage amid good records is no torn end: cutting there would lose the good ones.
        const std::string_view head = bytes_at(at, kFrameBytes, last.end);
        if (head.size() == kFrameBytes) {
            ByteReader reader{head};
            const std::int64_t next = at + kFrameBytes + reader.fixed<std::uint32_t>();
            std::string none;
            if (next < last.end && record_at(next, last.end, none).data() != nullptr) {
                throw StartError(
                    kExitConfig,
                    "journal: '" + path + "' is damaged at byte " +
                        std::to_string(at - last.begin + kHeaderBytes) +
                        ", amid good records; put back a copy, or move the folder away "
                        "and start with an empty journal");
            }
        }
        repaired_bytes_ = last.end - at;
        last.end = at;
        if (!options_.read_only) {
            log_warning(
                "journal: '{}' ends in {} bytes that are no whole record, as after a crash: cut "
                "off",
                path, repaired_bytes_);
        }
    }
    read_segment_ = {-1, -1};
    buffer_.clear();
    if (options_.read_only) return;
    write_file_ = std::make_shared<FileDescriptor>(open_file(path, O_RDWR | O_APPEND));
    const off_t size = last.end - last.begin + kHeaderBytes;
    if (!*write_file_ ||
        (repaired_bytes_ > 0 && (ftruncate(write_file_->get(), size) != 0 ||
                                 (options_.sync && fsync(write_file_->get()) != 0)))) {
        throw StartError(kExitConfig,
                         "journal: '" + path + "' can't be written: " + error_text(errno));
    }
    dirty_ = {write_file_};
}

int FileJournal::create_segment(std::int64_t begin) noexcept {
    const std::string path = segment_path(begin);
    auto file =
        std::make_shared<FileDescriptor>(open_file(path, O_RDWR | O_CREAT | O_TRUNC | O_APPEND));
    if (!*file) return errno;
    if (const int wrong = write_all(file->get(), {header_of(id_, begin)}); wrong != 0) {
        unlink(path.c_str());
        return wrong;
    }
    segments_.push_back({begin, begin});
    const std::lock_guard lock(mutex_);
    write_file_ = file;
    dirty_.push_back(std::move(file));
    dirty_folder_ = true;
    return 0;
}

void FileJournal::delete_old(std::int64_t read_up_to) noexcept {
    const auto now_ms = std::chrono::duration_cast<std::chrono::milliseconds>(
                            std::chrono::system_clock::now().time_since_epoch())
                            .count();
    while (segments_.size() > 1) {
        const std::string path = segment_path(segments_.front().begin);
        struct stat status {};
        if (stat(path.c_str(), &status) != 0) return;
        const std::int64_t written_ms = static_cast<std::int64_t>(status.st_mtim.tv_sec) * 1000;
        if (now_ms - written_ms < options_.keep_ms) return;
        if (segments_.front().end > read_up_to) return;
        if (unlink(path.c_str()) != 0) return;
        segments_.erase(segments_.begin());
    }
}

// ---- Reading
// -----------------------------------------------------------------------------------------

bool FileJournal::open_for_reading(std::int64_t position) {
    if (read_segment_.begin <= position && position < read_segment_.end && read_file_) return true;
    for (const Segment& segment : segments_) {
        if (position < segment.begin || position >= segment.end) continue;
        if (segment.begin != read_segment_.begin || !read_file_) {
            read_file_ = open_file(segment_path(segment.begin), O_RDONLY);
            buffer_.clear();
        }
        read_segment_ = segment;
        return static_cast<bool>(read_file_);
    }
    return false;
}

// `size` bytes of the log, in the buffer; fewer if they are not there. None past `end`, nor past
// the segment.
std::string_view FileJournal::bytes_at(std::int64_t position, std::size_t size, std::int64_t end) {
    if (!open_for_reading(position)) return {};
    const std::int64_t buffer_end = buffer_begin_ + static_cast<std::int64_t>(buffer_.size());
    if (position < buffer_begin_ || position + static_cast<std::int64_t>(size) > buffer_end) {
        const std::int64_t there = std::min(end, read_segment_.end) - position;
        if (there <= 0) return {};
        const std::size_t wanted =
            std::min(static_cast<std::size_t>(there), std::max(size, kReadBytes));
        buffer_.resize(wanted);
        const ssize_t got = read_at(read_file_.get(), buffer_.data(), wanted,
                                    position - read_segment_.begin + kHeaderBytes);
        buffer_.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
        buffer_begin_ = position;
    }
    return std::string_view(buffer_).substr(static_cast<std::size_t>(position - buffer_begin_),
                                            size);
}

std::string_view FileJournal::record_at(std::int64_t position, std::int64_t end,
                                        std::string& wrong) {
    const std::string_view head = bytes_at(position, kFrameBytes, end);
    wrong = "a record is cut off";
    if (head.size() < kFrameBytes) return {};
    ByteReader reader{head};
    const auto size = reader.fixed<std::uint32_t>();
    const auto hash = reader.fixed<std::uint64_t>();
    wrong = "a record fails its checksum";
    if (size > kRecordBytesMax) return {};
    const std::size_t wanted = static_cast<std::size_t>(kFrameBytes) + size;
    const std::string_view whole = bytes_at(position, wanted, end);
    if (whole.size() < wanted) return {};
    const std::string_view record = whole.substr(kFrameBytes);
    return record_hash(record, position) == hash ? record : std::string_view();
}

Outcome FileJournal::poll(std::string_view& record) noexcept {
    if (failure_.exit_code != 0) return Outcome::kFailed;
    // Acquire: pairs with the flusher's release after it has noted the error.
    if (sync_failed_.load(std::memory_order_acquire))
        return fail("can't be flushed to the disk: " + error_text(sync_error_));
    const std::int64_t end = visible();
    if (position_ >= end) return Outcome::kRetry;
    std::string wrong;
    const std::string_view found = record_at(position_, end, wrong);
    if (found.data() == nullptr)
        return fail("is damaged at position " + std::to_string(position_) + ": " + wrong);
    position_ += kFrameBytes + static_cast<std::int64_t>(found.size());
    record = found;
    return Outcome::kOk;
}

bool FileJournal::seek(std::int64_t position) noexcept {
    if (position < segments_.front().begin || position > written_) return false;
    std::string wrong;
    // A place amid a record fails the checksum, which knows the place.
    if (position < written_ && record_at(position, written_, wrong).data() == nullptr) return false;
    position_ = position;
    return true;
}

// ---- Writing
// -----------------------------------------------------------------------------------------

Outcome FileJournal::fail(std::string message) noexcept {
    if (failure_.exit_code == 0)
        failure_ = {kExitTryAgain, "journal: '" + options_.path + "' " + std::move(message)};
    return Outcome::kFailed;
}

Outcome FileJournal::append(std::string_view record) noexcept {
    if (failure_.exit_code != 0) return Outcome::kFailed;
    if (options_.read_only) return fail("is open for reading only");
    if (record.size() > kRecordBytesMax) return fail("takes no record of that size");
    if (written_ - segments_.back().begin >= options_.segment_bytes) {
        if (const int wrong = create_segment(written_); wrong != 0)
            return fail("can't begin a segment: " + error_text(wrong));
        delete_old(position_);
    }
    head_.clear();
    put_fixed(head_, static_cast<std::uint32_t>(record.size()));
    put_fixed(head_, record_hash(record, written_));
    if (const int wrong = write_all(write_file_->get(), {head_, record}); wrong != 0)
        return fail("can't be written: " + error_text(wrong));
    written_ += kFrameBytes + static_cast<std::int64_t>(record.size());
    segments_.back().end = written_;
    if (!options_.sync) return Outcome::kOk;
    {
        const std::lock_guard lock(mutex_);
        to_sync_ = written_;
    }
    work_.notify_one();
    return Outcome::kOk;
}

std::int64_t FileJournal::visible() const noexcept {
    if (!options_.sync || options_.read_only) return written_;
    return synced_.load(std::memory_order_acquire);  // pairs with sync_loop()'s release
}

void FileJournal::set_waker(Parker* parker) noexcept {
    const std::lock_guard lock(mutex_);
    waker_ = parker;
}

// One flush for all that was written while the one before ran, or while the interval lasted.
void FileJournal::sync_loop() noexcept {
    const auto interval = std::chrono::milliseconds(options_.sync_interval_ms);
    auto next = std::chrono::steady_clock::now();
    std::unique_lock lock(mutex_);
    for (;;) {
        work_.wait(lock, [this] {
            return stop_ || to_sync_ > synced_.load(std::memory_order_relaxed);  // own value
        });
        if (to_sync_ <= synced_.load(std::memory_order_relaxed)) return;  // stop_, all is flushed
        work_.wait_until(lock, next, [this] { return stop_; });
        const std::int64_t target = to_sync_;
        const std::vector<SharedFile> files = dirty_;
        dirty_.erase(dirty_.begin(), dirty_.end() - 1);
        const bool folder = std::exchange(dirty_folder_, false);
        lock.unlock();
        next = std::chrono::steady_clock::now() + interval;
        int error = folder ? sync_folder(options_.path) : 0;
        for (const SharedFile& file : files) {
            if (fdatasync(file->get()) != 0) error = errno;
        }
        lock.lock();
        if (error != 0) {
            // What was written is in doubt for good: a second flush would only say that it is well.
            sync_error_ = error;
            sync_failed_.store(true, std::memory_order_release);  // pairs with poll()
        } else {
            synced_.store(target, std::memory_order_release);  // pairs with visible()
        }
        if (waker_ != nullptr) waker_->wake();
        if (error != 0) return;
    }
}

}  // namespace newsmill
