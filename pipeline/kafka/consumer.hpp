// The source's side of Kafka: a member of a consumer group, with eager assignment, whose positions
// are committed by somebody else (the sink, in its transactions).
//
// Rebalance is an event, answered when the source is ready: librdkafka's callback only notes it,
// and rd_kafka_assign() is called later, from accept_assignment() or release_assignment(). A revoke
// that is overtaken by a new assignment (librdkafka joins again at once when a topic's partitions
// change) is never answered late: the newest event counts. A rewind assigns the same partitions
// anew, which makes librdkafka fetch their committed positions from the group, waiting for
// transactions that are not settled (KIP-447), and drop what it had prefetched.
//
// Messages are read one by one with rd_kafka_consumer_poll(): the batch calls of librdkafka 2.0 can
// skip offsets when a partition is paused, sought or revoked in the middle of one. Threads: the
// source's, but for set_waker (before the start), partitions() (any) and pins (released anywhere).
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <vector>

#include "pipeline/kafka/client.hpp"
#include "pipeline/source.hpp"

struct rd_kafka_message_s;
struct rd_kafka_topic_partition_list_s;

namespace newsmill::kafka {

struct ConsumerOptions {
    std::string brokers;
    std::vector<std::string> topics;
    std::string group;
    std::string instance;  // static membership (KIP-345); empty: dynamic
    bool from_earliest = true;
    bool until_eof = false;  // end when all assigned partitions have been read to their end
    std::int64_t poll_interval_ms = 100;
    Properties properties;  // of the tuning options, then of the free table
};

class KafkaConsumer final : public Consumer {
   public:
    // Throws StartError. Joins the group at the first poll.
    explicit KafkaConsumer(ConsumerOptions options);
    ~KafkaConsumer() override;

    Event poll(Batch* batch) noexcept override;
    GroupToken accept_assignment() noexcept override;
    void release_assignment() noexcept override;
    bool rewind() noexcept override;
    bool set_paused(bool paused) noexcept override;
    // As of the client's last statistics, which come every second. While it is paused the broker is
    // asked, for at most 200 ms.
    std::vector<PartitionState> partitions() const override;
    Failure failure() const override { return failure_; }
    void set_waker(Parker* parker) noexcept override;
    std::int64_t poll_interval_ns() const noexcept override {
        return options_.poll_interval_ms * kMillisecond;
    }
    void close() noexcept override;

   private:
    struct Partition {
        std::string_view topic;  // in topic_names_
        std::int32_t partition;
        std::int64_t seen;  // the last offset that was delivered; -1 for none
        bool at_end;
    };

    static void on_rebalance(rd_kafka_s* client, int error,
                             rd_kafka_topic_partition_list_s* partitions, void* opaque);
    Event take_rebalance() noexcept;
    bool has_failed() noexcept;
    Event handle_error(rd_kafka_message_s* message) noexcept;
    bool add(Batch& batch, rd_kafka_message_s* message) noexcept;
    bool at_end() const noexcept;
    Partition* find(std::string_view topic, std::int32_t partition) noexcept;
    void assign(const rd_kafka_topic_partition_list_s* partitions) noexcept;
    std::string_view topic_name(const char* name);
    void ask_for_ends(std::vector<PartitionState>& partitions) const;

    ConsumerOptions options_;
    std::deque<std::string> topic_names_;  // articles view them until the process ends
    Client client_;
    Queue queue_;
    std::vector<Partition> partitions_;
    std::vector<std::pair<std::string, std::int32_t>> assigned_;  // by the newest kAssigned
    Event pending_ = Event::kNone;  // a rebalance that poll() has yet to report
    bool closing_ = false;
    mutable std::mutex statistics_mutex_;  // guards statistics_; taken once a second
    std::string statistics_;               // librdkafka's JSON
    std::atomic<bool> is_paused_{false};   // for partitions()
    Failure failure_;
};

}  // namespace newsmill::kafka
