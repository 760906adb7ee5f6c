#include "pipeline/archive/spool.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <utility>

namespace newsmill {
namespace {

constexpr int kExitTryAgain = 75;
constexpr std::size_t kBufferBytes = 1 << 20;

}  // namespace

Spool::Spool(std::unique_ptr<RecordSource> source, RecordTime time, std::string folder)
    : source_(std::move(source)), time_(std::move(time)), folder_(std::move(folder)) {}

std::uint64_t Spool::open(std::uint64_t done, const std::vector<Position>& positions) {
    if (!filled_) source_->open(0, positions);
    at_.store(0, std::memory_order_relaxed);  // a progress bar: orders nothing, here and below
    return done;
}

RecordSource::Progress Spool::progress() const noexcept {
    const std::uint64_t total = total_.load(std::memory_order_relaxed);
    if (total == 0) return {0, 0};
    return {at_.load(std::memory_order_relaxed), total};
}

RecordSource::Pull Spool::fail(int error) noexcept {
    failure_ = {kExitTryAgain, "replay: a file in '" + folder_ +
                                   "' to sort the input in can't be written: " + error_text(error)};
    return Pull::kFailed;
}

bool Spool::write_out() noexcept {
    if (!file_) file_ = open_file(folder_, O_TMPFILE | O_RDWR);
    if (!file_) return false;
    if (const int wrong = write_all(file_.get(), {buffer_}); wrong != 0) {
        errno = wrong;
        return false;
    }
    buffer_.clear();
    return true;
}

bool Spool::keep(const SourceRecord& record) noexcept {
    const std::int64_t time_ms = time_(record);
    if (time_ms != kNoTime) last_time_ms_ = time_ms;
    Article article;
    article.origin = record.origin;
    article.has_key = record.has_key;
    article.key = record.key;
    article.has_payload = record.has_value;
    article.payload = record.value;
    article.headers = record.headers;
    const std::size_t before = buffer_.size();
    put_archive_record(article, 0, record.journal_position, buffer_);
    const auto bytes = static_cast<std::uint32_t>(buffer_.size() - before);
    entries_.push_back({last_time_ms_, file_bytes_, bytes, record.is_json, record.oversized});
    file_bytes_ += bytes;
    return buffer_.size() < kBufferBytes || write_out();
}

RecordSource::Pull Spool::fill() noexcept {
    SourceRecord record;
    for (;;) {
        const Pull pull = source_->next(record);
        if (pull == Pull::kEnd) break;
        if (pull != Pull::kRecord) return pull;
        if (!keep(record)) return fail(errno);
    }
    if (!write_out()) return fail(errno);
    std::stable_sort(entries_.begin(), entries_.end(),
                     [](const Entry& a, const Entry& b) { return a.time_ms < b.time_ms; });
    filled_ = true;
    total_.store(entries_.size(), std::memory_order_relaxed);
    return Pull::kEnd;
}

RecordSource::Pull Spool::next(SourceRecord& record) noexcept {
    if (!filled_) {
        if (const Pull pull = fill(); pull != Pull::kEnd) return pull;
    }
    const std::uint64_t at = at_.load(std::memory_order_relaxed);
    if (at == entries_.size()) return Pull::kEnd;
    const Entry& entry = entries_[at];
    auto block = std::make_shared<Block>(entry.bytes);
    const ssize_t got =
        read_at(file_.get(), block->data(), entry.bytes, static_cast<off_t>(entry.at));
    ArchivedRecord read;
    std::string_view rest = block->view(entry.bytes);
    if (got != static_cast<ssize_t>(entry.bytes) || !take_archive_record(rest, 0, read))
        return fail(got < 0 ? errno : EIO);
    std::fill_n(block->data() + entry.bytes, Block::kPaddingBytes, '\0');
    at_.store(at + 1, std::memory_order_relaxed);
    record = {};
    record.origin = read.origin;
    if (names_.empty() || names_.back() != read.origin.topic) {
        const auto known = std::find(names_.begin(), names_.end(), read.origin.topic);
        record.origin.topic = known != names_.end()
                                  ? std::string_view(*known)
                                  : std::string_view(names_.emplace_back(read.origin.topic));
    } else {
        record.origin.topic = names_.back();
    }
    record.journal_position = read.journal_position;
    record.has_key = read.has_key;
    record.has_value = read.has_value;
    record.is_json = entry.is_json;
    record.oversized = entry.oversized;
    record.padded = true;
    record.key = read.key;
    record.value = read.value;
    record.headers = std::move(read.headers);
    record.pin = std::move(block);
    return Pull::kRecord;
}

}  // namespace newsmill
