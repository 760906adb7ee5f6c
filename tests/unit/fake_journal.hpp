// For tests of what stands around a journal: a log that several readers share, a follower that is
// its own proof, and a store of snapshots in memory.
#pragma once

#include <xxhash.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "pipeline/journal.hpp"
#include "pipeline/log.hpp"
#include "pipeline/snapshot.hpp"
#include "pipeline/stage.hpp"

namespace newsmill {

// Faults on purpose need no lines.
struct QuietLog {
    QuietLog() { log_set_level(LogLevel::kOff); }
    ~QuietLog() { log_set_level(LogLevel::kInfo); }
};

struct SharedLog {
    std::vector<std::string> records;
    std::string identity = "log";
    std::int64_t begin = 0;  // what is before it is gone
};

class LogJournal final : public Journal {
   public:
    explicit LogJournal(SharedLog& log)
        : log_(log),
          begin_(log.begin),
          end_(static_cast<std::int64_t>(log.records.size())),
          next_(log.begin) {}
    Outcome append(std::string_view record) noexcept override {
        log_.records.emplace_back(record);
        return Outcome::kOk;
    }
    Outcome poll(std::string_view& record) noexcept override {
        if (next_ >= static_cast<std::int64_t>(log_.records.size()) || next_ >= hold_)
            return Outcome::kRetry;
        current_ = log_.records[static_cast<std::size_t>(next_++)];
        record = current_;
        return Outcome::kOk;
    }
    bool caught_up() noexcept override { return next_ >= end_; }
    std::string_view identity() const noexcept override { return log_.identity; }
    std::int64_t begin_position() const noexcept override { return begin_; }
    std::int64_t end_position() const noexcept override { return end_; }
    std::int64_t position() const noexcept override { return next_; }
    bool seek(std::int64_t position) noexcept override {
        if (position < begin_ || position > static_cast<std::int64_t>(log_.records.size()))
            return false;
        next_ = position;
        return true;
    }
    // Gives nothing out from this place on.
    void hold(std::int64_t position) { hold_ = position; }

   private:
    SharedLog& log_;
    std::int64_t begin_;
    std::int64_t end_;
    std::int64_t next_;
    std::int64_t hold_ = INT64_MAX;
    std::string current_;
};

// Remembers a number for each entry; its state hash is over all of them and the settings.
class FakeFollower final : public JournalFollower, public Stage {
   public:
    explicit FakeFollower(std::string wanted = "capacity 10") : wanted_(std::move(wanted)) {}

    std::string_view name() const noexcept override { return "fake"; }
    void process(Batch& batch) noexcept override {
        for (Article& article : batch.articles) article.decision.cluster_id = numbers_.size();
    }
    void apply(std::span<const JournalEntry> record) noexcept override {
        for (const JournalEntry& entry : record) {
            numbers_.push_back(static_cast<std::uint64_t>(entry.origin.offset));
            hash_ = XXH3_64bits_withSeed(&numbers_.back(), 8, hash_ + seed());
        }
    }
    std::string_view settings_wanted() const noexcept override { return wanted_; }
    void want(std::string settings) { wanted_ = std::move(settings); }
    bool adopt(std::string_view settings) noexcept override {
        if (settings.find("unknown") != std::string_view::npos) return false;
        settings_ = settings;
        return true;
    }
    std::uint64_t state_hash() const noexcept override { return hash_ + seed(); }

    void begin_snapshot() noexcept override {
        snapshot_ = numbers_.size();
        snapshot_hash_ = hash_;
        at_ = 0;
        ++snapshots;
    }
    bool next_snapshot_chunk(std::string& chunk) noexcept override {
        chunk.clear();
        if (at_ == snapshot_) return false;
        const std::size_t count = std::min<std::size_t>(snapshot_ - at_, 100);
        chunk.assign(reinterpret_cast<const char*>(&snapshot_hash_), 8);
        chunk.append(reinterpret_cast<const char*>(&numbers_[at_]), count * 8);
        at_ += count;
        return true;
    }
    bool restore(std::string_view chunk) noexcept override {
        if (chunk.size() % 8 != 0 || chunk.size() < 8) return false;
        std::memcpy(&hash_, chunk.data(), 8);
        for (std::size_t i = 8; i < chunk.size(); i += 8) {
            std::memcpy(&numbers_.emplace_back(), chunk.data() + i, 8);
        }
        return true;
    }
    bool finish_restore() noexcept override { return true; }
    void reset() noexcept override {
        numbers_.clear();
        hash_ = 0;
        settings_.clear();
        ++resets;
    }

    void spoil() { hash_ += 1; }  // as a bug would
    const std::vector<std::uint64_t>& numbers() const { return numbers_; }
    const std::string& settings() const { return settings_; }
    int snapshots = 0;
    int resets = 0;

   private:
    std::uint64_t seed() const { return XXH3_64bits(settings_.data(), settings_.size()); }
    std::string wanted_;
    std::string settings_;
    std::vector<std::uint64_t> numbers_;
    std::uint64_t hash_ = 0;
    std::size_t snapshot_ = 0;
    std::uint64_t snapshot_hash_ = 0;
    std::size_t at_ = 0;
};

class StringReader final : public SnapshotReader {
   public:
    explicit StringReader(std::string bytes) : bytes_(std::move(bytes)) {}
    std::size_t read(char* to, std::size_t size) override {
        const std::size_t part = bytes_.copy(to, size, at_);
        at_ += part;
        return part;
    }

   private:
    std::string bytes_;
    std::size_t at_ = 0;
};

class MemorySnapshots final : public SnapshotStore {
   public:
    void begin(std::int64_t position) noexcept override {
        position_ = position;
        open_.clear();
        state_ = State::kWriting;
    }
    bool try_append(std::string& bytes) noexcept override {
        if (slow && (++calls_ % 3) != 0) return false;
        open_ += bytes;
        bytes.clear();
        if (full) state_ = State::kFailed;
        return true;
    }
    void commit() noexcept override {
        kept.emplace_back(std::to_string(position_), open_);
        state_ = State::kDone;
    }
    void abandon() noexcept override { state_ = State::kIdle; }
    State state() noexcept override { return state_; }
    std::string failure() override { return full ? "no space left" : ""; }
    std::vector<std::string> names() override {
        std::vector<std::string> names;
        for (auto it = kept.rbegin(); it != kept.rend(); ++it) names.push_back(it->first);
        return names;
    }
    std::unique_ptr<SnapshotReader> open(const std::string& name) override {
        for (const auto& [key, bytes] : kept) {
            if (key == name) return std::make_unique<StringReader>(bytes);
        }
        return nullptr;
    }

    bool slow = false;
    bool full = false;
    std::vector<std::pair<std::string, std::string>> kept;  // name, bytes; the newest last

   private:
    State state_ = State::kIdle;
    std::int64_t position_ = 0;
    std::string open_;
    int calls_ = 0;
};

}  // namespace newsmill
