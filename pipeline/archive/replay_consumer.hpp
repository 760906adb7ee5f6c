// The source's side of a replay: the records of a RecordSource as articles, within times, at a
// rate, from where the last transaction was committed. A rewind reads the source anew.
//
// ReplayProducer is the sink's side: it counts what is committed, and has the count committed in
// the same transaction, as the position of a partition of its own (the checkpoint).
//
// Threads: the consumer's methods the source's, the producer's the sink's; ReplayCheckpoint stands
// between them, and is for any.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "pipeline/archive/record_source.hpp"
#include "pipeline/archive/spool.hpp"
#include "pipeline/clock.hpp"
#include "pipeline/source.hpp"

namespace newsmill {

// How far the replay is committed.
class ReplayCheckpoint {
   public:
    void set(std::uint64_t articles, std::vector<Position> positions);
    std::uint64_t articles() const noexcept {
        return articles_.load(std::memory_order_relaxed);  // the mutex orders what depends on it
    }
    std::vector<Position> positions() const;  // of the input's partitions

   private:
    std::atomic<std::uint64_t> articles_{0};
    mutable std::mutex mutex_;
    std::vector<Position> positions_;
};

struct ReplayOptions {
    // Of a record; a record without one is left out where there are bounds. Null: no bounds.
    RecordTime time;
    std::int64_t from_ms = INT64_MIN;  // half-open
    std::int64_t to_ms = INT64_MAX;
    double articles_per_s = 0;  // 0: as fast as it goes
    double speed = 0;           // of the records' time; 0: as fast as it goes
    GroupToken token;           // for the positions
};

class ReplayConsumer final : public Consumer {
   public:
    // All outlive it.
    ReplayConsumer(RecordSource& source, const ReplayCheckpoint& checkpoint, const Clock& clock,
                   ReplayOptions options);

    Event poll(Batch* batch) noexcept override;
    GroupToken accept_assignment() noexcept override;
    void release_assignment() noexcept override {}
    bool rewind() noexcept override;
    Failure failure() const override { return source_.failure(); }
    void set_waker(Parker* parker) noexcept override { source_.set_waker(parker); }
    std::int64_t poll_interval_ns() const noexcept override;

    // Any thread: records that were read, also those outside of the times.
    std::uint64_t left_out() const noexcept { return left_out_.load(std::memory_order_relaxed); }

   private:
    RecordSource::Pull pull() noexcept;
    bool is_due() noexcept;

    RecordSource& source_;
    const ReplayCheckpoint& checkpoint_;
    const Clock& clock_;
    ReplayOptions options_;
    bool assigned_ = false;
    std::uint64_t pass_over_ = 0;  // records that are committed already
    SourceRecord record_;
    bool held_ = false;  // record_ waits for its time
    std::int64_t record_time_ms_ = kNoTime;
    const void* pinned_ = nullptr;
    // Pace: articles since a moment, or times since a first one.
    std::int64_t began_ns_ = 0;
    std::int64_t began_time_ms_ = kNoTime;
    std::uint64_t given_ = 0;
    std::atomic<std::uint64_t> left_out_{0};
};

class ReplayProducer final : public Producer {
   public:
    // `place`: topic and partition of the checkpoint; its note is committed with it. Without a
    // topic there are no positions. `inputs`: positions of the articles' own partitions too.
    ReplayProducer(Producer& producer, ReplayCheckpoint& checkpoint, Position place, bool inputs);

    Outcome begin() noexcept override { return producer_.begin(); }
    Outcome send(const Article& article) noexcept override { return producer_.send(article); }
    Outcome send_notice(const Article& article, const Output& notice) noexcept override {
        return producer_.send_notice(article, notice);
    }
    void sent(const Batch& batch) noexcept override;
    Outcome send_positions(const std::vector<Position>& positions,
                           const GroupToken& token) noexcept override;
    Outcome commit() noexcept override;
    Outcome abort() noexcept override;
    bool refuses(const Article& article) const noexcept override {
        return producer_.refuses(article);
    }
    bool refuses_notices(const Article& article) const noexcept override {
        return producer_.refuses_notices(article);
    }
    Failure failure() const override { return producer_.failure(); }
    void set_waker(Parker* parker) noexcept override { producer_.set_waker(parker); }
    void close() noexcept override { producer_.close(); }

   private:
    Producer& producer_;
    ReplayCheckpoint& checkpoint_;
    Position place_;
    bool inputs_;
    std::uint64_t pending_ = 0;         // articles of the open transaction
    std::vector<Position> positions_;   // of its input
    std::vector<Position> with_place_;  // what is committed
};

}  // namespace newsmill
