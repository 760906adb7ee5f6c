#include "pipeline/kafka/producer.hpp"

#include <librdkafka/rdkafka.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "pipeline/kafka/group_token.hpp"
#include "pipeline/kafka/message.hpp"

namespace newsmill::kafka {

namespace {

PartitionList to_list(const std::vector<Position>& positions) {
    PartitionList list(rd_kafka_topic_partition_list_new(static_cast<int>(positions.size())));
    for (const Position& position : positions) {
        rd_kafka_topic_partition_list_add(list.get(), position.topic.c_str(), position.partition)
            ->offset = position.next_offset;
    }
    return list;
}

// The broker will never take this very message.
bool is_refusal(rd_kafka_resp_err_t error) noexcept {
    return error == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE ||
           error == RD_KAFKA_RESP_ERR_INVALID_RECORD || error == RD_KAFKA_RESP_ERR_INVALID_MSG ||
           error == RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE;
}

std::string now_text() {
    return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(
                              std::chrono::system_clock::now().time_since_epoch())
                              .count());
}

rd_kafka_headers_t* make_headers(const Output& output) {
    if (output.headers.empty() && output.channel != Channel::kDeadLetters) return nullptr;
    rd_kafka_headers_t* headers = rd_kafka_headers_new(output.headers.size() + 1);
    for (const Header& header : output.headers) {
        rd_kafka_header_add(headers, header.name.data(), static_cast<ssize_t>(header.name.size()),
                            header.value.data(), static_cast<ssize_t>(header.value.size()));
    }
    // When it was given up: a clock's word, so it stands in a header and comes from here, not a
    // stage.
    if (output.channel == Channel::kDeadLetters) {
        const std::string at = now_text();
        rd_kafka_header_add(headers, "__newsmill.errors.at", -1, at.data(),
                            static_cast<ssize_t>(at.size()));
    }
    return headers;
}

}  // namespace

KafkaProducer::KafkaProducer(ProducerOptions options) : options_(std::move(options)) {
    Conf conf;
    conf.set("client.id", "newsmill-sink");
    conf.set("partitioner",
             "murmur2_random");  // as the Java clients: the same uri, the same partition
    conf.set("queue.buffering.max.messages", "500000");
    conf.set_all(options_.properties);
    conf.set("bootstrap.servers", options_.brokers);
    conf.set("enable.idempotence", "true");
    conf.set("message.max.bytes", std::to_string(options_.message_bytes_max));
    conf.set("delivery.report.only.error", "true");
    if (transactional()) {
        conf.set("transactional.id", options_.transactional_id);
        conf.set("transaction.timeout.ms", std::to_string(options_.transaction_timeout_ms));
    }
    rd_kafka_conf_set_opaque(conf.get(), this);
    rd_kafka_conf_set_dr_msg_cb(
        conf.get(), [](rd_kafka_t* /*client*/, const rd_kafka_message_t* message, void* opaque) {
            on_failed_delivery(message, opaque);
        });
    client_ = conf.make_producer();
    for (int i = 0; i < kChannels; ++i) {
        if (options_.topics[i].empty()) continue;
        topics_[i] = rd_kafka_topic_new(client_.get(), options_.topics[i].c_str(), nullptr);
    }
    if (transactional()) init_transactions();
}

KafkaProducer::~KafkaProducer() {
    for (rd_kafka_topic_t* topic : topics_) {
        if (topic != nullptr) rd_kafka_topic_destroy(topic);
    }
    // Nothing waits for an answer any more: what was not committed must not be.
    rd_kafka_purge(client_.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
}

void KafkaProducer::init_transactions() {
    const Trouble trouble =
        take_error(rd_kafka_init_transactions(client_.get(), options_.start_timeout_ms));
    if (trouble.kind == Trouble::Kind::kNone) return;
    const bool again = trouble.kind == Trouble::Kind::kRetry;
    throw StartError(again ? kExitUnavailable : kExitTryAgain,
                     "output: can't start transactions as '" + options_.transactional_id + "' at " +
                         options_.brokers + ": " + trouble.message);
}

Outcome KafkaProducer::outcome_of(Trouble trouble, const char* doing) noexcept {
    switch (trouble.kind) {
        case Trouble::Kind::kNone: return Outcome::kOk;
        case Trouble::Kind::kRetry: return Outcome::kRetry;
        case Trouble::Kind::kAbort: return Outcome::kAborted;
        case Trouble::Kind::kFatal: break;
    }
    failure_ = {kExitTryAgain, std::string("output: ") + doing + ": " + trouble.message};
    return Outcome::kFailed;
}

Outcome KafkaProducer::begin() noexcept {
    delivery_failed_ = false;
    if (!transactional()) return Outcome::kOk;
    return outcome_of(take_error(rd_kafka_begin_transaction(client_.get())),
                      "begin of a transaction");
}

Outcome KafkaProducer::send(const Article& article) noexcept {
    const Output& output = article.output;
    rd_kafka_topic_t* topic = topics_[static_cast<int>(output.channel)];
    if (topic == nullptr) return Outcome::kOk;
    rd_kafka_headers_t* headers = make_headers(output);
    Message message;
    message.topic(topic);
    if (output.has_value) message.value(output.value);
    if (output.has_key) message.key(output.key);
    message.opaque(&article);
    if (headers != nullptr) message.headers(headers);
    rd_kafka_error_t* error = message.produce(client_.get());
    if (error == nullptr) return Outcome::kOk;
    if (headers != nullptr) rd_kafka_headers_destroy(headers);  // ours again, on an error
    const rd_kafka_resp_err_t code = rd_kafka_error_code(error);
    if (code == RD_KAFKA_RESP_ERR__QUEUE_FULL) {
        rd_kafka_error_destroy(error);
        rd_kafka_poll(client_.get(), 0);
        return Outcome::kRetry;
    }
    if (is_refusal(code) && output.channel != Channel::kDeadLetters) {
        rd_kafka_error_destroy(error);
        refuse(article);
        return Outcome::kRetry;  // the sink asks refuses() and sends the dead letter
    }
    return outcome_of(take_error(error), "send");
}

void KafkaProducer::refuse(const Article& article) noexcept {
    refused_.emplace(article.origin.topic, article.origin.partition, article.origin.offset);
}

bool KafkaProducer::refuses(const Article& article) const noexcept {
    if (refused_.empty()) return false;
    return refused_.contains(
        Id(article.origin.topic, article.origin.partition, article.origin.offset));
}

// Served by flush, commit, abort and poll, all in the sink's thread; the batch is still held.
void KafkaProducer::on_failed_delivery(const rd_kafka_message_s* message, void* opaque) {
    auto& self = *static_cast<KafkaProducer*>(opaque);
    const auto* article = static_cast<const Article*>(message->_private);
    self.delivery_failed_ = true;
    if (!is_refusal(message->err)) return;
    if (article->output.channel == Channel::kDeadLetters) {
        self.failure_ = {kExitConfig,
                         std::string("output: the dead-letter topic refuses a record: ") +
                             rd_kafka_err2str(message->err) + "; raise its max.message.bytes"};
        return;
    }
    self.refuse(*article);
}

Outcome KafkaProducer::send_positions(const std::vector<Position>& positions,
                                      const GroupToken& token) noexcept {
    if (token == nullptr || positions.empty())
        return Outcome::kOk;  // the input is no consumer group
    if (!transactional()) {
        positions_ = positions;
        token_ = token;
        return Outcome::kOk;
    }
    const PartitionList list = to_list(positions);
    return outcome_of(take_error(rd_kafka_send_offsets_to_transaction(
                          client_.get(), list.get(), GroupMembership::of(token).metadata(), -1)),
                      "positions of a transaction");
}

Outcome KafkaProducer::commit() noexcept {
    if (transactional()) {
        // -1: up to what is left of the transaction's time, as librdkafka advises; the sink's
        // thread has nothing else to do, and the drain deadline ends the process if it must.
        return outcome_of(take_error(rd_kafka_commit_transaction(client_.get(), -1)), "commit");
    }
    if (rd_kafka_flush(client_.get(), 100) == RD_KAFKA_RESP_ERR__TIMED_OUT) return Outcome::kRetry;
    if (failure_.exit_code != 0) return Outcome::kFailed;
    if (delivery_failed_) return Outcome::kAborted;
    return commit_positions();
}

// At least once: all is delivered, so the group may move on. What fails here is read again.
Outcome KafkaProducer::commit_positions() noexcept {
    if (token_ == nullptr || positions_.empty()) return Outcome::kOk;
    const PartitionList list = to_list(positions_);
    const rd_kafka_resp_err_t error =
        rd_kafka_commit(GroupMembership::of(token_).consumer(), list.get(), 0);
    positions_.clear();
    return error == RD_KAFKA_RESP_ERR_NO_ERROR ? Outcome::kOk : Outcome::kAborted;
}

Outcome KafkaProducer::abort() noexcept {
    Outcome outcome = Outcome::kOk;
    if (transactional()) {
        outcome = outcome_of(take_error(rd_kafka_abort_transaction(client_.get(), -1)), "abort");
    } else {
        rd_kafka_purge(client_.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
        if (rd_kafka_flush(client_.get(), 100) == RD_KAFKA_RESP_ERR__TIMED_OUT)
            return Outcome::kRetry;
    }
    if (outcome == Outcome::kOk && failure_.exit_code != 0) return Outcome::kFailed;
    return outcome;
}

void KafkaProducer::close() noexcept {
    // An open transaction is not aborted here: on a failure the broker, or the next start, does it.
}

}  // namespace newsmill::kafka
