#include "pipeline/archive/archive_reader.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <utility>

namespace newsmill {
namespace {

namespace fs = std::filesystem;

bool is_segment(const fs::path& path) {
    return archive_segment_number(path.filename().native()).has_value();
}

}  // namespace

bool is_archive(const std::string& path) {
    std::error_code error;
    if (!fs::is_directory(path, error)) return is_segment(path);
    for (const auto& entry : fs::directory_iterator(path, error)) {
        if (is_segment(entry.path())) return true;
    }
    return false;
}

// ---- A segment
// ------------------------------------------------------------------------------

ArchiveSegment::ArchiveSegment(std::string path)
    : path_(std::move(path)), file_(open_file(path_, O_RDONLY)) {}

std::string ArchiveSegment::bytes_at(std::int64_t at, std::size_t size) {
    std::string bytes(size, '\0');
    const ssize_t got = read_at(file_.get(), bytes.data(), size, at);
    bytes.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
    return bytes;
}

bool ArchiveSegment::read_foot(Look& look) {
    const auto tail = static_cast<std::int64_t>(kArchiveTailBytes);
    if (look.file_bytes < tail) return false;
    const auto size = static_cast<std::int64_t>(
        archive_foot_bytes(bytes_at(look.file_bytes - tail, kArchiveTailBytes)));
    if (size == 0 || size > look.file_bytes) return false;
    ArchiveFoot foot;
    const std::int64_t at = look.file_bytes - size;
    if (!read_archive_foot(bytes_at(at, static_cast<std::size_t>(size)), foot)) return false;
    look.has_foot = true;
    look.settled = foot.settled;
    look.blocks = std::move(foot.blocks);
    look.end = at;
    return true;
}

bool ArchiveSegment::block_at(std::int64_t at, std::int64_t file_bytes, ArchiveBlock& block) {
    if (!read_archive_block_head(bytes_at(at, kArchiveBlockHeadBytes), block)) return false;
    block.at = static_cast<std::uint64_t>(at);
    return at + static_cast<std::int64_t>(kArchiveBlockHeadBytes + block.packed_bytes) <=
               file_bytes &&
           read(block) != nullptr;
}

ArchiveSegment::Look ArchiveSegment::look() {
    Look look;
    std::error_code error;
    if (!file_) {
        look.error = "cannot open: " + error_text(errno);
        return look;
    }
    look.file_bytes = static_cast<std::int64_t>(fs::file_size(path_, error));
    look.has_head = read_archive_head(bytes_at(0, kArchiveHeadBytes), look.head);
    if (!look.has_head) {
        look.error = "it does not begin as a segment of an archive does";
        return look;
    }
    if (read_foot(look)) return look;
    look.end = static_cast<std::int64_t>(kArchiveHeadBytes);
    ArchiveBlock block;
    while (block_at(look.end, look.file_bytes, block)) {
        look.blocks.push_back(block);
        look.end += static_cast<std::int64_t>(kArchiveBlockHeadBytes + block.packed_bytes);
    }
    // A head that is good, behind it a block that is not, and then one that is: no torn end.
    if (read_archive_block_head(bytes_at(look.end, kArchiveBlockHeadBytes), block)) {
        const auto next =
            look.end + static_cast<std::int64_t>(kArchiveBlockHeadBytes + block.packed_bytes);
        ArchiveBlock behind;
        look.damaged_inside = next < look.file_bytes && block_at(next, look.file_bytes, behind);
    }
    return look;
}

std::shared_ptr<const Block> ArchiveSegment::read(const ArchiveBlock& block) {
    // Nothing is allocated for sizes that a file only claims: zstd packs at most 1 to 10,000 or so.
    const std::string packed =
        bytes_at(static_cast<std::int64_t>(block.at + kArchiveBlockHeadBytes), block.packed_bytes);
    if (packed.size() != block.packed_bytes ||
        block.plain_bytes / 32768 > std::uint64_t{block.packed_bytes}) {
        return nullptr;
    }
    auto plain = std::make_shared<Block>(block.plain_bytes);
    if (!unpack_archive_block(block, packed, plain->data())) return nullptr;
    std::fill_n(plain->data() + block.plain_bytes, Block::kPaddingBytes, '\0');
    return plain;
}

bool ArchiveSegment::salvage(std::int64_t at, ArchiveBlock& block, std::string& plain) {
    if (!read_archive_block_head(bytes_at(at, kArchiveBlockHeadBytes), block)) {
        block = {};
        return false;
    }
    const std::string packed =
        bytes_at(at + static_cast<std::int64_t>(kArchiveBlockHeadBytes), block.packed_bytes);
    plain = salvage_archive_block(packed);
    const std::uint32_t claimed = block.records;
    block.records = 0;
    block.time_min_ms = INT64_MAX;
    block.time_max_ms = INT64_MIN;
    std::string_view rest = plain;
    ArchivedRecord record;
    while (block.records < claimed &&
           take_archive_record(rest, block.first_record + block.records, record)) {
        block.note_time(record.origin.timestamp_ms);
        ++block.records;
    }
    plain.resize(plain.size() - rest.size());
    return block.records > 0;
}

// ---- A folder
// ------------------------------------------------------------------------------

ArchiveReader::ArchiveReader(const std::string& path, std::int64_t from_ms, std::int64_t to_ms)
    : from_ms_(from_ms), to_ms_(to_ms) {
    std::error_code error;
    std::vector<fs::path> paths;
    if (fs::is_directory(path, error)) {
        for (const auto& entry : fs::directory_iterator(path, error)) {
            if (is_segment(entry.path())) paths.push_back(entry.path());
        }
    } else {
        paths.emplace_back(path);
    }
    if (error) errors_.push_back({path, 0, "cannot list: " + error.message()});
    std::sort(paths.begin(), paths.end());  // names are numbers with leading zeros
    for (const fs::path& one : paths) {
        const auto bytes = static_cast<std::uint64_t>(fs::file_size(one, error));
        files_.push_back({one.native(), error ? 0 : bytes});
        bytes_total_ += files_.back().bytes;
    }
}

void ArchiveReader::report(std::uint64_t at, std::string message) {
    errors_.push_back({files_[next_file_ - 1].path, at, std::move(message)});
}

bool ArchiveReader::is_wanted(const ArchiveBlock& block) const noexcept {
    if (block.time_min_ms > block.time_max_ms) return true;  // no times
    return block.time_max_ms >= from_ms_ && block.time_min_ms < to_ms_;
}

bool ArchiveReader::open_next() {
    if (next_file_ > 0) bytes_before_ += files_[next_file_ - 1].bytes;
    bytes_read_.store(bytes_before_, std::memory_order_relaxed);
    if (next_file_ == files_.size()) return false;
    const bool newest = next_file_ + 1 == files_.size();
    segment_ = std::make_unique<ArchiveSegment>(files_[next_file_++].path);
    ArchiveSegment::Look look = segment_->look();
    if (!look.error.empty()) {
        report(0, look.error);
    } else if (!look.has_foot && look.end < look.file_bytes && (!newest || look.damaged_inside)) {
        report(static_cast<std::uint64_t>(look.end), "it is damaged from here on");
    }
    blocks_ = std::move(look.blocks);
    next_block_ = 0;
    return true;
}

bool ArchiveReader::next_block() {
    for (;;) {
        while (next_block_ == blocks_.size()) {
            if (!open_next()) {
                blocks_.clear();
                next_block_ = 0;
                return false;
            }
        }
        const ArchiveBlock& block = blocks_[next_block_++];
        bytes_read_.store(bytes_before_ + block.at, std::memory_order_relaxed);
        if (!is_wanted(block)) continue;
        plain_ = segment_->read(block);
        if (plain_ == nullptr) {
            report(block.at,
                   "a block is damaged: " + std::to_string(block.records) + " records are lost");
            continue;
        }
        rest_ = plain_->view(block.plain_bytes);
        number_ = block.first_record;
        left_ = block.records;
        return true;
    }
}

bool ArchiveReader::next(ArchivedRecord& record) {
    for (;;) {
        if (left_ == 0) {
            if (!next_block()) return false;
            continue;
        }
        if (!take_archive_record(rest_, number_, record)) {
            report(blocks_[next_block_ - 1].at, "a record is damaged, and those behind it");
            left_ = 0;
            continue;
        }
        ++number_;
        --left_;
        const std::int64_t time = record.origin.timestamp_ms;
        if (time == kNoTime || (time >= from_ms_ && time < to_ms_)) return true;
    }
}

}  // namespace newsmill
