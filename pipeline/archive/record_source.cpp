#include "pipeline/archive/record_source.hpp"

#include <algorithm>
#include <atomic>
#include <deque>
#include <utility>

namespace newsmill {
namespace {

using SharedPin = std::shared_ptr<const void>;

void release_pin(void* pin) noexcept { delete static_cast<SharedPin*>(pin); }

class FilesSource final : public RecordSource {
   public:
    FilesSource(std::vector<std::string> paths, FileReaderLimits limits)
        : paths_(std::move(paths)), limits_(limits) {
        begin();
    }

    std::uint64_t open(std::uint64_t done, const std::vector<Position>& /*positions*/) override {
        if (std::exchange(begun_, true)) begin();
        return done;
    }
    Pull next(SourceRecord& record) noexcept override {
        FileRecord read;
        switch (reader().try_next(read)) {
            case FileReader::Pull::kRecord: break;
            case FileReader::Pull::kWait: return Pull::kWait;
            case FileReader::Pull::kEnd: return Pull::kEnd;
        }
        record = {};
        record.origin.topic = read.file;
        record.origin.offset = read.number;
        record.value = read.bytes;
        record.is_json = !read.is_text;
        record.oversized = (read.flags & FileRecord::kOversized) != 0;
        record.padded = true;
        record.pin = std::move(read.block);
        return Pull::kRecord;
    }
    Progress progress() const noexcept override {
        return {reader().bytes_read(), reader().bytes_total()};
    }
    std::vector<FileError> errors() const override { return reader().errors(); }
    std::string identity() const override {
        std::string text = "files";
        for (const std::string& file : reader().files()) text.append(" ").append(file);
        return text + " " + std::to_string(reader().bytes_total());
    }

   private:
    FileReader& reader() const noexcept {
        return *reader_.load(std::memory_order_acquire);  // pairs with begin()'s release
    }
    // Earlier readers stay: names are views of them, and progress() may be looking at one.
    void begin() {
        readers_.push_back(std::make_unique<FileReader>(paths_, limits_));
        // Release: whoever sees the reader sees it whole; pairs with reader().
        reader_.store(readers_.back().get(), std::memory_order_release);
    }

    std::vector<std::string> paths_;
    FileReaderLimits limits_;
    bool begun_ = false;
    std::vector<std::unique_ptr<FileReader>> readers_;
    std::atomic<FileReader*> reader_{nullptr};
};

// Some archives as one. Each is in the order of the journal; so is what is taken from them by the
// smallest place.
class ArchiveSource final : public RecordSource {
   public:
    ArchiveSource(std::vector<std::string> paths, std::int64_t from_ms, std::int64_t to_ms)
        : paths_(std::move(paths)), from_ms_(from_ms), to_ms_(to_ms) {
        begin();
    }

    std::uint64_t open(std::uint64_t done, const std::vector<Position>& /*positions*/) override {
        begin();
        return done;
    }
    Pull next(SourceRecord& record) noexcept override {
        Part* first = nullptr;
        for (Part& part : parts_) {
            if (!part.ready && !part.ended) {
                part.ready = part.reader->next(part.record);
                part.ended = !part.ready;
            }
            // One without a place is taken at once: it stands behind what came before it.
            if (part.ready && (first == nullptr ||
                               part.record.journal_position < first->record.journal_position)) {
                first = &part;
            }
        }
        std::uint64_t read = 0;
        for (const Part& part : parts_) read += part.reader->bytes_read();
        read_.store(read, std::memory_order_relaxed);  // a progress bar: orders nothing
        if (first == nullptr) return Pull::kEnd;
        give(*first, record);
        return Pull::kRecord;
    }
    Progress progress() const noexcept override {
        return {read_.load(std::memory_order_relaxed), total_};
    }
    std::vector<FileError> errors() const override {
        std::vector<FileError> all;
        for (const Part& part : parts_)
            all.insert(all.end(), part.reader->errors().begin(), part.reader->errors().end());
        return all;
    }
    // Without sizes: an archive grows at its end while a replay reads it.
    std::string identity() const override {
        std::string text = "archives";
        for (const std::string& path : paths_) text.append(" ").append(path);
        return text;
    }

   private:
    struct Part {
        std::unique_ptr<ArchiveReader> reader;
        ArchivedRecord record;
        bool ready = false;
        bool ended = false;
    };

    void begin() {
        parts_.clear();
        std::uint64_t total = 0;
        for (const std::string& path : paths_) {
            parts_.push_back({std::make_unique<ArchiveReader>(path, from_ms_, to_ms_), {}});
            total += parts_.back().reader->bytes_total();
        }
        total_ = total;
        read_.store(0, std::memory_order_relaxed);
    }
    void give(Part& part, SourceRecord& record) noexcept {
        ArchivedRecord& read = part.record;
        record = {};
        record.origin = read.origin;
        record.origin.topic = name_of(read.origin.topic);
        record.journal_position = read.journal_position;
        record.has_key = read.has_key;
        record.has_value = read.has_value;
        record.key = read.key;
        record.value = read.value;
        record.headers = std::move(read.headers);
        record.pin = part.reader->block();
        record.padded = true;
        part.ready = false;
    }
    // Outlives the blocks: articles are known by it longer than they are in flight.
    std::string_view name_of(std::string_view topic) {
        for (const std::string& known : names_) {
            if (known == topic) return known;
        }
        return names_.emplace_back(topic);
    }

    std::vector<std::string> paths_;
    std::int64_t from_ms_;
    std::int64_t to_ms_;
    std::vector<Part> parts_;
    std::deque<std::string> names_;
    std::atomic<std::uint64_t> total_{0};
    std::atomic<std::uint64_t> read_{0};
};

class Chain final : public RecordSource {
   public:
    explicit Chain(std::vector<std::unique_ptr<RecordSource>> parts) : parts_(std::move(parts)) {}

    std::uint64_t open(std::uint64_t done, const std::vector<Position>& positions) override {
        for (const auto& part : parts_) part->open(0, positions);
        at_ = 0;
        return done;
    }
    Pull next(SourceRecord& record) noexcept override {
        for (; at_ < parts_.size(); ++at_) {
            const Pull pull = parts_[at_]->next(record);
            if (pull != Pull::kEnd) return pull;
        }
        return Pull::kEnd;
    }
    Progress progress() const noexcept override {
        Progress sum;
        for (const auto& part : parts_) {
            const Progress one = part->progress();
            sum.read += one.read;
            sum.total += one.total;
        }
        return sum;
    }
    std::vector<FileError> errors() const override {
        std::vector<FileError> all;
        for (const auto& part : parts_) {
            const std::vector<FileError> some = part->errors();
            all.insert(all.end(), some.begin(), some.end());
        }
        return all;
    }
    std::string identity() const override {
        std::string text;
        for (const auto& part : parts_) text.append(part->identity()).append("\n");
        return text;
    }

   private:
    std::vector<std::unique_ptr<RecordSource>> parts_;
    std::size_t at_ = 0;
};

}  // namespace

Article& add_record(Batch& batch, const SourceRecord& record, const void*& pinned) {
    if (batch.articles.empty()) pinned = nullptr;
    Article& article = batch.add(record.value);
    article.origin = record.origin;
    article.has_payload = record.has_value;
    article.has_key = record.has_key;
    article.key = record.key;
    article.payload_padded = record.padded;
    article.payload_is_json = record.is_json;
    article.payload_oversized = record.oversized;
    const std::span<Header> headers = batch.arena.array<Header>(record.headers.size());
    std::copy(record.headers.begin(), record.headers.end(), headers.begin());
    article.headers = headers;
    if (record.pin != nullptr && record.pin.get() != pinned) {
        pinned = record.pin.get();
        batch.pin({new SharedPin(record.pin), release_pin});
    }
    return article;
}

std::unique_ptr<RecordSource> make_file_source(const std::vector<std::string>& paths,
                                               FileReaderLimits limits, std::int64_t from_ms,
                                               std::int64_t to_ms) {
    std::vector<std::unique_ptr<RecordSource>> parts;
    for (std::size_t i = 0; i < paths.size();) {
        const bool archives = is_archive(paths[i]);
        std::vector<std::string> alike;
        while (i < paths.size() && is_archive(paths[i]) == archives) alike.push_back(paths[i++]);
        if (archives) {
            parts.push_back(std::make_unique<ArchiveSource>(std::move(alike), from_ms, to_ms));
        } else {
            parts.push_back(std::make_unique<FilesSource>(std::move(alike), limits));
        }
    }
    if (parts.size() == 1) return std::move(parts.front());
    return std::make_unique<Chain>(std::move(parts));
}

}  // namespace newsmill
