// Kafka topics as a bounded input for a replay: from offsets or times to offsets, times, or the end
// that the topics had when they were opened. Joins no group.
//
// Order: the partitions are merged. By time: the record with the smallest (timestamp, topic,
// partition) among the first ones of all partitions comes next; within a partition the order is
// that of the log. Or in the order of a journal: its places say from which partition the next
// record comes; what stands before it in that partition (articles that could not be read have no
// entry) comes first, and what the journal does not know comes last, by time.
//
// Each partition has a queue of its own in the client, so a slow one holds the others up, but none
// fills the memory: the bound is shared. Threads: one, but for progress(). Errors: StartError from
// open(); failure() later.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "pipeline/archive/record_source.hpp"
#include "pipeline/kafka/client.hpp"

struct rd_kafka_message_s;

namespace newsmill::kafka {

struct OffsetRange {
    std::int32_t partition = 0;
    std::int64_t from = 0;
    std::int64_t to = INT64_MAX;  // half-open
};

// Of an entry of a journal.
struct JournalPlace {
    std::int32_t topic = 0;  // in TopicSourceOptions::topics
    std::int32_t partition = 0;
    std::int64_t offset = 0;
};

struct TopicSourceOptions {
    std::string brokers;
    std::vector<std::string> topics;
    Properties properties;
    std::int64_t from_ms = INT64_MIN;  // half-open
    std::int64_t to_ms = INT64_MAX;
    std::vector<OffsetRange> offsets;  // partitions that are not named are not read; none: all
    std::vector<JournalPlace> order;   // none: by time
    std::int64_t queued_bytes_max = 64 << 20;
    int timeout_ms = 30'000;
};

class TopicSource final : public RecordSource {
   public:
    // Asks the broker for the ranges. Throws StartError.
    explicit TopicSource(TopicSourceOptions options);
    ~TopicSource() override;

    std::uint64_t open(std::uint64_t done, const std::vector<Position>& positions) override;
    Pull next(SourceRecord& record) noexcept override;
    Progress progress() const noexcept override {
        return {read_.load(std::memory_order_relaxed), total_.load(std::memory_order_relaxed)};
    }
    Failure failure() const override { return failure_; }
    std::string identity() const override;
    // The partitions that are read, for whoever asks for committed positions.
    std::vector<Position> partitions() const;

   private:
    struct Partition {
        std::string_view topic;  // in options_
        std::int32_t number = 0;
        std::int64_t begin = 0;
        std::int64_t end = 0;   // half-open; the range
        std::int64_t next = 0;  // offset
        bool ended = false;
        Queue queue;
        rd_kafka_message_s* head = nullptr;
    };

    void make_client();
    void find_ranges();
    void find_times(std::int64_t time_ms, bool is_end);
    void begin_reading();
    void drop_heads() noexcept;
    bool fetch(Partition& partition) noexcept;
    Partition* by_journal() noexcept;
    Partition* by_time() noexcept;
    void give(Partition& partition, SourceRecord& record) noexcept;
    Partition* find(std::string_view topic, std::int32_t number) noexcept;

    TopicSourceOptions options_;
    Client client_;
    std::vector<Partition> partitions_;
    std::size_t next_place_ = 0;  // in options_.order
    std::atomic<std::uint64_t> read_{0};
    std::atomic<std::uint64_t> total_{0};
    Failure failure_;
};

}  // namespace newsmill::kafka
