#include "pipeline/archive/archive_writer.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>
#include <xxhash.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <random>
#include <utility>

#include "pipeline/archive/archive_reader.hpp"
#include "pipeline/log.hpp"
#include "pipeline/start_error.hpp"

namespace newsmill {
namespace {

namespace fs = std::filesystem;

constexpr int kExitTryAgain = 75;
constexpr int kExitConfig = 78;

std::uint64_t random_id() {
    std::random_device device;
    return static_cast<std::uint64_t>(device()) << 32 | device();
}

std::uint64_t hash_of(const Origin& origin, std::string_view value) {
    std::uint64_t hash = XXH3_64bits(origin.topic.data(), origin.topic.size());
    for (const std::int64_t number : {std::int64_t{origin.partition}, origin.offset})
        hash = XXH3_64bits_withSeed(&number, sizeof(number), hash);
    return XXH3_64bits_withSeed(value.data(), value.size(), hash);
}

struct Segment {
    std::uint64_t first_record;
    fs::path path;
};

std::vector<Segment> segments_of(const std::string& folder, std::error_code& error) {
    std::vector<Segment> segments;
    for (const auto& entry : fs::directory_iterator(folder, error)) {
        const auto number = archive_segment_number(entry.path().filename().native());
        if (number) segments.push_back({*number, entry.path()});
    }
    std::sort(segments.begin(), segments.end(),
              [](const Segment& a, const Segment& b) { return a.first_record < b.first_record; });
    return segments;
}

}  // namespace

// ---- Opening
// ------------------------------------------------------------------------------

ArchiveWriter::ArchiveWriter(ArchiveWriterOptions options) : options_(std::move(options)) {
    std::error_code error;
    fs::create_directories(options_.path, error);
    if (error) {
        throw StartError(kExitConfig, "archive: folder '" + options_.path +
                                          "' can't be made: " + error.message());
    }
    lock_folder();
    open_folder();
    delete_old();
}

ArchiveWriter::~ArchiveWriter() {
    // A transaction that was never confirmed may have been committed all the same.
    if (open_ && seal() != 0) undo();
    end_segment(!open_);
}

void ArchiveWriter::lock_folder() {
    const std::string path = options_.path + "/lock";
    lock_ = open_file(path, O_RDWR | O_CREAT);
    if (!lock_) {
        throw StartError(kExitConfig,
                         "archive: '" + path + "' can't be written: " + error_text(errno));
    }
    if (flock(lock_.get(), LOCK_EX | LOCK_NB) != 0) {
        throw StartError(kExitTryAgain, "archive: '" + options_.path +
                                            "' is in use by another process; each daemon needs an "
                                            "output.archive.path of its own");
    }
}

void ArchiveWriter::open_folder() {
    std::error_code error;
    std::vector<Segment> segments = segments_of(options_.path, error);
    if (error) {
        throw StartError(kExitConfig,
                         "archive: '" + options_.path + "' can't be read: " + error.message());
    }
    archive_ = random_id();
    if (segments.empty()) return;
    const Segment& last = segments.back();
    next_record_ = last.first_record;
    repair(last.path.native());
    // Another name than the last segment's, also where nothing of it could be read.
    if (fs::exists(last.path, error)) next_record_ = std::max(next_record_, last.first_record + 1);
}

// The newest segment: what is known of it, and its end mended if a crash has left it open.
void ArchiveWriter::repair(const std::string& path) {
    ArchiveSegment segment(path);
    const ArchiveSegment::Look look = segment.look();
    if (!look.has_head) {  // a crash while it was made, or a foreign file
        std::error_code none;
        if (fs::file_size(path, none) <= kArchiveHeadBytes) {
            fs::remove(path, none);
            return;
        }
        throw StartError(kExitConfig,
                         "archive: '" + path + "' is damaged at its beginning; move it away");
    }
    archive_ = look.head.archive;
    std::vector<ArchiveBlock> blocks = look.blocks;
    if (!blocks.empty()) {
        transaction_ = blocks.back().transaction;
        next_record_ = blocks.back().first_record + blocks.back().records;
    }
    if (look.has_foot) {
        if (!look.settled) remember(path, blocks);
        return;
    }
    if (look.damaged_inside) {
        log_warning(
            "archive: '{}' is damaged at byte {}, amid good blocks: left as it is, a new segment "
            "begins",
            path, look.end);
        return;
    }
    file_path_ = path;
    file_ = open_file(path, O_RDWR);
    std::string plain;
    ArchiveBlock cut;
    if (segment.salvage(look.end, cut, plain)) {
        transaction_ = cut.transaction;
        cut.first_record = next_record_;
    }
    repaired_bytes_ = look.file_bytes - look.end;
    file_bytes_ = look.end;
    foot_.blocks = std::move(blocks);
    const bool cut_off = file_ && ftruncate(file_.get(), file_bytes_) == 0 &&
                         lseek(file_.get(), file_bytes_, SEEK_SET) == file_bytes_;
    if (!cut_off) {
        throw StartError(kExitConfig,
                         "archive: '" + path + "' can't be mended: " + error_text(errno));
    }
    if (repaired_bytes_ > 0) {
        log_warning(
            "archive: '{}' ends in {} bytes that are no whole block, as after a crash: {} whole "
            "records of them are kept, the rest is cut off",
            path, repaired_bytes_, cut.records);
    }
    if (cut.records > 0) {
        block_ = cut;
        plain_ = std::move(plain);
        next_record_ += cut.records;
        if (const int wrong = write_block(); wrong != 0) {
            throw StartError(kExitConfig,
                             "archive: '" + path + "' can't be mended: " + error_text(wrong));
        }
    }
    const std::vector<ArchiveBlock> all = foot_.blocks;
    end_segment(false);
    remember(path, all);
}

// The records of the last transaction, which may come again.
void ArchiveWriter::remember(const std::string& path, const std::vector<ArchiveBlock>& blocks) {
    ArchiveSegment segment(path);
    ArchivedRecord record;
    for (const ArchiveBlock& block : blocks) {
        if (block.transaction != transaction_) continue;
        const std::shared_ptr<const Block> plain = segment.read(block);
        if (plain == nullptr) continue;
        std::string_view rest = plain->view(block.plain_bytes);
        for (std::uint64_t i = 0; i < block.records; ++i) {
            if (!take_archive_record(rest, block.first_record + i, record)) break;
            remembered_.insert(hash_of(record.origin, record.value));
        }
    }
}

// ---- Segments
// ------------------------------------------------------------------------------

int ArchiveWriter::begin_segment() noexcept {
    file_path_ = options_.path + "/" + archive_segment_name(begin_record_);
    file_ = open_file(file_path_, O_RDWR | O_CREAT | O_TRUNC);
    if (!file_) return errno;
    std::string head;
    put_archive_head({archive_, begin_record_}, head);
    if (const int wrong = write_all(file_.get(), {head}); wrong != 0) {
        unlink(file_path_.c_str());
        file_ = FileDescriptor();
        return wrong;
    }
    file_bytes_ = static_cast<std::int64_t>(head.size());
    begin_bytes_ = file_bytes_;
    begin_blocks_ = 0;
    foot_ = {};
    if (options_.sync) sync_folder(options_.path);
    return 0;
}

int ArchiveWriter::write_block() noexcept {
    if (block_.records == 0) return 0;
    if (!file_) {
        if (const int wrong = begin_segment(); wrong != 0) return wrong;
    }
    packed_.clear();
    block_.transaction = transaction_;
    block_.at = static_cast<std::uint64_t>(file_bytes_);
    if (!pack_archive_block(block_, plain_, options_.level, packed_)) return ENOMEM;
    if (const int wrong = write_all(file_.get(), {packed_}); wrong != 0) return wrong;
    file_bytes_ += static_cast<std::int64_t>(packed_.size());
    foot_.blocks.push_back(block_);
    block_ = {};
    plain_.clear();
    return 0;
}

// Without a foot, if it can't be written, the segment is walked by whoever reads it.
void ArchiveWriter::end_segment(bool settled) noexcept {
    if (!file_) return;
    if (foot_.blocks.empty()) {
        unlink(file_path_.c_str());
    } else {
        foot_.settled = settled;
        std::string foot;
        put_archive_foot(foot_, foot);
        if (write_all(file_.get(), {foot}) != 0 || fsync(file_.get()) != 0) {
            const int wrong = errno;
            const bool cut = ftruncate(file_.get(), file_bytes_) == 0;
            log_warning("archive: '{}' is not finished{}: {}", file_path_,
                        cut ? "" : ", and ends in a part of its foot", error_text(wrong));
        }
    }
    file_ = FileDescriptor();
    foot_ = {};
}

void ArchiveWriter::delete_old() noexcept {
    std::error_code error;
    const std::vector<Segment> segments = segments_of(options_.path, error);
    std::int64_t bytes = 0;
    for (const Segment& segment : segments)
        bytes += static_cast<std::int64_t>(fs::file_size(segment.path, error));
    const auto now = fs::file_time_type::clock::now();
    for (const Segment& segment : segments) {
        if (file_ && segment.path.native() == file_path_) break;
        const auto age = std::chrono::duration_cast<std::chrono::milliseconds>(
            now - fs::last_write_time(segment.path, error));
        if (error || (age.count() <= options_.keep_ms && bytes <= options_.keep_bytes)) break;
        bytes -= static_cast<std::int64_t>(fs::file_size(segment.path, error));
        if (fs::remove(segment.path, error))
            log_info("archive: '{}' is deleted, by keep_ms or keep_bytes", segment.path.native());
    }
}

// ---- A transaction
// ------------------------------------------------------------------------------

void ArchiveWriter::add(const Article& article, std::int64_t journal_position) noexcept {
    if (!std::exchange(open_, true)) {
        ++transaction_;
        begin_record_ = next_record_;
        begin_bytes_ = file_bytes_;
        begin_blocks_ = foot_.blocks.size();
        error_ = 0;
    }
    if (!remembered_.empty()) {
        const std::uint64_t hash =
            hash_of(article.origin, article.has_payload ? article.payload : std::string_view());
        if (remembered_.erase(hash) > 0) {
            known_again_.push_back(hash);
            return;
        }
    }
    if (error_ != 0) return;
    if (block_.records == 0) block_.first_record = next_record_;
    put_archive_record(article, next_record_, journal_position, plain_);
    block_.note_time(article.origin.timestamp_ms);
    ++block_.records;
    ++next_record_;
    if (plain_.size() >= options_.block_bytes) error_ = write_block();
}

int ArchiveWriter::seal() noexcept {
    if (error_ == 0) error_ = write_block();
    if (error_ == 0 && options_.sync && file_ && fdatasync(file_.get()) != 0) error_ = errno;
    return error_;
}

void ArchiveWriter::confirm() noexcept {
    open_ = false;
    known_again_.clear();
    if (!file_ || file_bytes_ < options_.segment_bytes) return;
    end_segment(true);
    sync_folder(options_.path);
    delete_old();
}

void ArchiveWriter::undo() noexcept {
    if (!std::exchange(open_, false)) return;
    block_ = {};
    plain_.clear();
    next_record_ = begin_record_;
    for (const std::uint64_t hash : known_again_) remembered_.insert(hash);
    known_again_.clear();
    if (!file_ || file_bytes_ < begin_bytes_) return;
    foot_.blocks.resize(begin_blocks_);
    if (ftruncate(file_.get(), begin_bytes_) != 0 ||
        lseek(file_.get(), begin_bytes_, SEEK_SET) != begin_bytes_) {
        log_warning("archive: '{}' can't be cut back: {}; it may hold articles twice", file_path_,
                    error_text(errno));
        file_ = FileDescriptor();
        foot_ = {};
    }
    file_bytes_ = begin_bytes_;
}

}  // namespace newsmill
