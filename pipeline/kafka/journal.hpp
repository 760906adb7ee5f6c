// The journal as a Kafka topic of one partition: appended by an idempotent producer outside of any
// transaction (a record must be seen by all daemons whether or not its articles commit; its first
// occurrence is the one that counts), read back from the beginning at the start and then followed.
// Threads: the journal agent's, but for set_waker. Errors: as in pipeline/journal.hpp.
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
};

class KafkaJournal final : public Journal {
   public:
    // Throws StartError: unreachable, or a topic with more than one partition.
    explicit KafkaJournal(JournalOptions options);
    ~KafkaJournal() override;

    Outcome append(std::string_view record) noexcept override;
    Outcome poll(std::string_view& record) noexcept override;
    bool caught_up() noexcept override { return next_ >= end_at_start_; }
    Failure failure() const override { return failure_; }
    void set_waker(Parker* parker) noexcept override;

    std::int64_t end_at_start() const noexcept { return end_at_start_; }

   private:
    void open_producer();
    void open_consumer();
    static void on_failed_delivery(const rd_kafka_message_s* message, void* opaque);

    JournalOptions options_;
    Client producer_;
    rd_kafka_topic_s* topic_ = nullptr;
    Client consumer_;
    Queue queue_;
    rd_kafka_message_s* current_ = nullptr;  // what poll() gave out last
    std::int64_t next_ = 0;                  // the offset after it
    std::int64_t end_at_start_ = 0;
    Failure failure_;
};

}  // namespace newsmill::kafka
