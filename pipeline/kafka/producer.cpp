#include "pipeline/kafka/producer.hpp"

#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <ctime>
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
        rd_kafka_topic_partition_t* one = rd_kafka_topic_partition_list_add(
            list.get(), position.topic.c_str(), position.partition);
        one->offset = position.next_offset;
        if (position.note.empty()) continue;
        one->metadata = strndup(position.note.data(), position.note.size());  // the list frees it
        one->metadata_size = position.note.size();
    }
    return list;
}

// A broker that is there answers sooner, one that restarts under load hardly later.
constexpr int kAbortTimeoutMs = 20'000;

// Of a dead letter that is too large: enough to see what it was, and less than any broker's bound.
constexpr std::size_t kCutBytes = 256 * 1024;

std::tuple<std::string, std::int32_t, std::int64_t> id_of(const Article& article) {
    return {std::string(article.origin.topic), article.origin.partition, article.origin.offset};
}

// What a delivery report brings back: the article, and in the lowest bit whether the message was a
// notice of it.
constexpr std::uintptr_t kNoticeBit = 1;
static_assert(alignof(Article) > kNoticeBit);

const void* opaque_of(const Article& article, const Output& output) noexcept {
    const auto address = reinterpret_cast<std::uintptr_t>(&article);
    const bool is_notice = output.channel == Channel::kNotices;
    return reinterpret_cast<const void*>(is_notice ? address | kNoticeBit : address);
}

std::pair<const Article*, bool> sender_of(const void* opaque) noexcept {
    const auto address = reinterpret_cast<std::uintptr_t>(opaque);
    return {reinterpret_cast<const Article*>(address & ~kNoticeBit), (address & kNoticeBit) != 0};
}

// The broker will never take this very message.
bool is_refusal(rd_kafka_resp_err_t error) noexcept {
    return error == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE ||
           error == RD_KAFKA_RESP_ERR_INVALID_RECORD || error == RD_KAFKA_RESP_ERR_INVALID_MSG ||
           error == RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE;
}

// "2026-11-24T03:41:07.220Z"
std::string now_text() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
    const auto seconds = static_cast<std::time_t>(ms / 1000);
    std::tm utc{};
    gmtime_r(&seconds, &utc);
    char text[40];
    const std::size_t size = std::strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &utc);
    std::snprintf(text + size, sizeof(text) - size, ".%03dZ", static_cast<int>(ms % 1000));
    return text;
}

void add_header(rd_kafka_headers_t* headers, const char* name, const std::string& value) {
    rd_kafka_header_add(headers, name, -1, value.data(), static_cast<ssize_t>(value.size()));
}

rd_kafka_headers_t* make_headers(const Output& output, bool cut) {
    if (output.headers.empty() && output.channel != Channel::kDeadLetters) return nullptr;
    rd_kafka_headers_t* headers = rd_kafka_headers_new(output.headers.size() + 2);
    for (const Header& header : output.headers) {
        rd_kafka_header_add(headers, header.name.data(), static_cast<ssize_t>(header.name.size()),
                            header.value.data(), static_cast<ssize_t>(header.value.size()));
    }
    // When it was given up: a clock's word, so it stands in a header and comes from here, not a
    // stage.
    if (output.channel == Channel::kDeadLetters)
        add_header(headers, "__newsmill.errors.at", now_text());
    if (cut)
        add_header(headers, "__newsmill.errors.value_bytes", std::to_string(output.value.size()));
    return headers;
}

}  // namespace

KafkaProducer::KafkaProducer(ProducerOptions options) : options_(std::move(options)) { open(); }

void KafkaProducer::open() {
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

KafkaProducer::~KafkaProducer() { drop_client(); }

// Nothing waits for an answer any more: what was not committed must not be.
void KafkaProducer::drop_client() noexcept {
    for (rd_kafka_topic_t*& topic : topics_) {
        if (topic != nullptr) rd_kafka_topic_destroy(std::exchange(topic, nullptr));
    }
    if (client_ != nullptr)
        rd_kafka_purge(client_.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    client_.reset();
}

// The client is of no use any more, yet nobody fenced it: a broker that restarted knows nothing of
// its transaction or its sequence (https://github.com/confluentinc/librdkafka/issues/4849). A new
// one, which aborts what may be open, stands where a restart of the daemon would. kRetry while the
// broker is away.
Outcome KafkaProducer::reopen() noexcept {
    drop_client();
    try {
        open();
    } catch (const StartError& error) {
        if (error.exit_code() == kExitUnavailable) return Outcome::kRetry;
        failure_ = {error.exit_code(), error.what()};
        return Outcome::kFailed;
    }
    return Outcome::kOk;
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
    if (is_worn_out()) return Outcome::kAborted;
    failure_ = {kExitTryAgain, std::string("output: ") + doing + ": " + trouble.message};
    return Outcome::kFailed;
}

bool KafkaProducer::is_worn_out() const noexcept {
    if (!transactional()) return false;
    if (client_ == nullptr) return true;
    switch (rd_kafka_fatal_error(client_.get(), nullptr, 0)) {
        case RD_KAFKA_RESP_ERR_INVALID_TXN_STATE:
        case RD_KAFKA_RESP_ERR_INVALID_PRODUCER_ID_MAPPING:
        case RD_KAFKA_RESP_ERR_UNKNOWN_PRODUCER_ID:
        case RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER: return true;
        default: return false;  // none, fenced, not allowed
    }
}

Outcome KafkaProducer::begin() noexcept {
    delivery_failed_ = false;
    if (!transactional()) return Outcome::kOk;
    return outcome_of(take_error(rd_kafka_begin_transaction(client_.get())),
                      "begin of a transaction");
}

Outcome KafkaProducer::send(const Article& article) noexcept {
    return produce(article, article.output);
}

Outcome KafkaProducer::send_notice(const Article& article, const Output& notice) noexcept {
    return produce(article, notice);
}

Outcome KafkaProducer::produce(const Article& article, const Output& output) noexcept {
    rd_kafka_topic_t* topic = topics_[static_cast<int>(output.channel)];
    if (topic == nullptr) return Outcome::kOk;
    const bool cut = output.channel == Channel::kDeadLetters && is_cut(article);
    rd_kafka_headers_t* headers = make_headers(output, cut);
    Message message;
    message.topic(topic);
    if (output.has_value) message.value(cut ? output.value.substr(0, cut_bytes()) : output.value);
    if (output.has_key) message.key(output.key);
    message.opaque(opaque_of(article, output));
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
    if (is_refusal(code) && !cut) {
        rd_kafka_error_destroy(error);
        // The sink asks again, and sends the dead letter, or that cut, or leaves the notices out.
        note_refusal(article, output.channel);
        return Outcome::kRetry;
    }
    // The transaction failed since the last call (say, a broker came back without its sequence
    // numbers): no flag of the error says so, but only an abort leads on.
    if (code == RD_KAFKA_RESP_ERR__STATE && transactional() && !has_fatal_error()) {
        rd_kafka_error_destroy(error);
        return Outcome::kAborted;
    }
    return outcome_of(take_error(error), "send");
}

bool KafkaProducer::has_fatal_error() const noexcept {
    return rd_kafka_fatal_error(client_.get(), nullptr, 0) != RD_KAFKA_RESP_ERR_NO_ERROR;
}

void KafkaProducer::note_refusal(const Article& article, Channel channel) noexcept {
    std::set<Id>& kind = channel == Channel::kDeadLetters ? cut_
                         : channel == Channel::kNotices   ? refused_notices_
                                                          : refused_;
    kind.insert(id_of(article));
}

std::size_t KafkaProducer::cut_bytes() const noexcept {
    return std::min(kCutBytes, static_cast<std::size_t>(options_.message_bytes_max) / 2);
}

bool KafkaProducer::is_cut(const Article& article) const noexcept {
    return !cut_.empty() && cut_.contains(id_of(article));
}

bool KafkaProducer::refuses(const Article& article) const noexcept {
    return !refused_.empty() && refused_.contains(id_of(article));
}

bool KafkaProducer::refuses_notices(const Article& article) const noexcept {
    return !refused_notices_.empty() && refused_notices_.contains(id_of(article));
}

// Served by flush, commit, abort and poll, all in the sink's thread; the batch is still held.
void KafkaProducer::on_failed_delivery(const rd_kafka_message_s* message, void* opaque) {
    auto& self = *static_cast<KafkaProducer*>(opaque);
    const auto [article, is_notice] = sender_of(message->_private);
    self.delivery_failed_ = true;
    if (!is_refusal(message->err)) return;
    if (is_notice) {
        self.note_refusal(*article, Channel::kNotices);
    } else if (article->output.channel != Channel::kDeadLetters || !self.is_cut(*article)) {
        self.note_refusal(*article, article->output.channel);
    } else {
        self.failure_ = {
            kExitConfig,
            std::string("output: the dead-letter topic refuses a record even when it is cut: ") +
                rd_kafka_err2str(message->err) + "; raise its max.message.bytes"};
    }
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
    if (is_worn_out()) {
        outcome = reopen();
    } else if (transactional()) {
        outcome = outcome_of(take_error(rd_kafka_abort_transaction(client_.get(), kAbortTimeoutMs)),
                             "abort");
        // A client that can't get an answer any more is worth no more than one that failed.
        if (outcome == Outcome::kRetry || is_worn_out()) outcome = reopen();
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
