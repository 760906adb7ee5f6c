// The sink's side of Kafka: one transactional producer (exactly once), or an idempotent one that
// flushes before it commits positions (at least once).
//
// Messages are not copied: librdkafka sends from the batch's memory, which the sink holds until the
// transaction ends. A message that the broker refuses for good (too large for its topic, invalid)
// voids the transaction; its article is remembered, and refuses() makes the sink send a dead letter
// instead. A dead letter that is too large itself goes with the beginning of its value, and a
// header
// `__newsmill.errors.value_bytes` that says how long the whole is: it still stands in the input
// topic, at the coordinates that the other headers give. Notices that are refused are left out, all
// of their article: refuses_notices() says so.
//
// A client that a restarted broker made useless (its transaction or its sequence is gone) voids the
// transaction too; abort() then makes a new client, as it does when no answer comes in 20 seconds.
// One that was fenced is at its end.
// Threads: the sink's. Errors: as in pipeline/sink.hpp.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "pipeline/kafka/client.hpp"
#include "pipeline/sink.hpp"

struct rd_kafka_topic_s;
struct rd_kafka_message_s;

namespace newsmill::kafka {

struct ProducerOptions {
    std::string brokers;
    std::string topics[kChannels];  // by Channel; empty: nothing goes there
    std::string transactional_id;   // empty: at least once
    std::int64_t transaction_timeout_ms = 60'000;
    std::int64_t message_bytes_max = 8 << 20;
    int start_timeout_ms = 30'000;  // for the broker to answer at the start
    Properties properties;
};

class KafkaProducer final : public Producer {
   public:
    // Throws StartError. Fences an earlier producer with the same transactional id, and aborts what
    // it left open, so it is made before the consumer asks for positions.
    explicit KafkaProducer(ProducerOptions options);
    ~KafkaProducer() override;

    Outcome begin() noexcept override;
    Outcome send(const Article& article) noexcept override;
    Outcome send_notice(const Article& article, const Output& notice) noexcept override;
    Outcome send_positions(const std::vector<Position>& positions,
                           const GroupToken& token) noexcept override;
    Outcome commit() noexcept override;
    Outcome abort() noexcept override;
    bool refuses(const Article& article) const noexcept override;
    bool refuses_notices(const Article& article) const noexcept override;
    Failure failure() const override { return failure_; }
    void close() noexcept override;

   private:
    using Id = std::tuple<std::string, std::int32_t, std::int64_t>;

    void open();
    void drop_client() noexcept;
    Outcome reopen() noexcept;
    bool is_worn_out() const noexcept;  // only reopen() helps
    void init_transactions();
    Outcome commit_positions() noexcept;
    Outcome produce(const Article& article, const Output& output) noexcept;
    // A message that is never taken: what becomes of it next time.
    void note_refusal(const Article& article, Channel channel) noexcept;
    Outcome outcome_of(Trouble trouble, const char* doing) noexcept;
    std::size_t cut_bytes() const noexcept;
    bool is_cut(const Article& article) const noexcept;
    static void on_failed_delivery(const rd_kafka_message_s* message, void* opaque);
    bool has_fatal_error() const noexcept;
    bool transactional() const noexcept { return !options_.transactional_id.empty(); }

    ProducerOptions options_;
    Client client_;
    rd_kafka_topic_s* topics_[kChannels] = {};
    std::set<Id> refused_;
    std::set<Id> cut_;              // dead letters that have to be cut
    std::set<Id> refused_notices_;  // articles whose notices are left out
    bool delivery_failed_ = false;  // at least once: something of this round was not delivered
    std::vector<Position> positions_;
    GroupToken token_;
    Failure failure_;
};

}  // namespace newsmill::kafka
