// The journal as a Kafka topic of one partition: appended by an idempotent producer outside of any
// transaction (a record must be seen by all daemons whether or not its articles commit; its first
// occurrence is the one that counts), read back from its beginning, or from a snapshot's place, and
// then followed. Records that the topic loses before this daemon has read them are a failure: to go
// on without them would be to disagree with the others. Threads: the journal agent's, but for
// set_waker. Errors: as in pipeline/journal.hpp.
#pragma once

#include <cstdint>
#include <string>

#include "pipeline/journal.hpp"
#include "pipeline/kafka/client.hpp"

struct rd_kafka_message_s;
struct rd_kafka_topic_s;

namespace newsmill::kafka {

struct JournalOptions {
    std::string brokers;
    std::string topic;
    int start_timeout_ms = 30'000;
    Properties properties;
    bool read_only = false;  // makes no producer
};

// How much the journal's consumer may hold of what the broker sent: one fetch in the queue's bound,
// one on its way.
inline constexpr std::int64_t kJournalQueueBytes = 16 << 20;
inline constexpr std::int64_t kJournalRecordBytesMax = 10'000'000;

class KafkaJournal final : public Journal {
   public:
    // Throws StartError: unreachable, or a topic with more than one partition.
    explicit KafkaJournal(JournalOptions options);
    ~KafkaJournal() override;

    Outcome append(std::string_view record) noexcept override;
    Outcome poll(std::string_view& record) noexcept override;
    bool caught_up() noexcept override { return next_ >= end_at_start_; }
    std::string_view identity() const noexcept override { return identity_; }
    std::int64_t begin_position() const noexcept override { return begin_at_start_; }
    std::int64_t end_position() const noexcept override { return end_at_start_; }
    std::int64_t position() const noexcept override { return next_; }  // an offset
    bool seek(std::int64_t position) noexcept override;
    Failure failure() const override { return failure_; }
    void set_waker(Parker* parker) noexcept override;
    void close() noexcept override { set_waker(nullptr); }

   private:
    void open_producer();
    void open_consumer();
    void assign(std::int64_t offset) noexcept;
    bool reads_again() noexcept;
    void drop_current() noexcept;
    static void on_failed_delivery(const rd_kafka_message_s* message, void* opaque);

    JournalOptions options_;
    std::string identity_;  // topic@cluster
    Client producer_;
    rd_kafka_topic_s* topic_ = nullptr;
    Client consumer_;
    Queue queue_;
    rd_kafka_message_s* current_ = nullptr;  // what poll() gave out last
    std::int64_t next_ = 0;                  // the offset after it
    int out_of_range_ = 0;                   // answers since the last record
    std::int64_t begin_at_start_ = 0;
    std::int64_t end_at_start_ = 0;
    Failure failure_;
};

}  // namespace newsmill::kafka
