#include "pipeline/kafka/journal.hpp"

#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <utility>

#include "pipeline/kafka/group_token.hpp"

namespace newsmill::kafka {
namespace {

// Each try waits for an answer of the broker, or kQueryMs: a broker has half a minute to recover.
constexpr int kQueryMs = 1'000;
constexpr int kOutOfRangeMax = 60;

}  // namespace

KafkaJournal::KafkaJournal(JournalOptions options) : options_(std::move(options)) {
    if (!options_.read_only) open_producer();
    open_consumer();
}

KafkaJournal::~KafkaJournal() {
    drop_current();
    if (topic_ == nullptr) return;
    rd_kafka_topic_destroy(topic_);
    rd_kafka_purge(producer_.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
}

void KafkaJournal::open_producer() {
    Conf conf;
    conf.set("client.id", "newsmill-journal");
    conf.set("linger.ms", "1");  // a batch waits for its record to come back
    conf.set("compression.type", "lz4");
    conf.set("message.max.bytes", std::to_string(kJournalRecordBytesMax));
    conf.set_all(options_.properties);
    conf.set("bootstrap.servers", options_.brokers);
    conf.set("enable.idempotence", "true");
    conf.set("message.timeout.ms",
             "0");  // tries for ever: a batch waits for as long as the broker is away
    conf.set("delivery.report.only.error", "true");
    rd_kafka_conf_set_opaque(conf.get(), this);
    rd_kafka_conf_set_dr_msg_cb(
        conf.get(), [](rd_kafka_t* /*client*/, const rd_kafka_message_t* message, void* opaque) {
            on_failed_delivery(message, opaque);
        });
    producer_ = conf.make_producer();
    topic_ = rd_kafka_topic_new(producer_.get(), options_.topic.c_str(), nullptr);

    const rd_kafka_metadata_t* metadata = nullptr;
    const rd_kafka_resp_err_t error =
        rd_kafka_metadata(producer_.get(), 0, topic_, &metadata, options_.start_timeout_ms);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
        throw StartError(kExitUnavailable, "journal: no answer from " + options_.brokers + ": " +
                                               rd_kafka_err2str(error));
    }
    const int partitions = metadata->topic_cnt > 0 ? metadata->topics[0].partition_cnt : 0;
    rd_kafka_metadata_destroy(metadata);
    if (partitions > 1) {
        throw StartError(kExitConfig, "journal: topic '" + options_.topic + "' has " +
                                          std::to_string(partitions) +
                                          " partitions; its one order needs exactly one");
    }
}

void KafkaJournal::open_consumer() {
    Conf conf;
    conf.set_reader("newsmill-journal");
    conf.set("group.id", "newsmill-journal-unused");  // librdkafka wants one; nothing is committed
    conf.set("auto.offset.reset", "error");
    conf.set("fetch.wait.max.ms", "100");
    conf.set("fetch.message.max.bytes", std::to_string(kJournalRecordBytesMax));
    conf.set("queued.max.messages.kbytes", std::to_string(kJournalQueueBytes / 1024));
    conf.set_all(options_.properties);
    conf.set("bootstrap.servers", options_.brokers);
    consumer_ = conf.make_consumer();
    rd_kafka_poll_set_consumer(consumer_.get());
    queue_.reset(rd_kafka_queue_get_consumer(consumer_.get()));
    const rd_kafka_resp_err_t error = rd_kafka_query_watermark_offsets(
        consumer_.get(), options_.topic.c_str(), 0, &begin_at_start_, &end_at_start_,
        options_.start_timeout_ms);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
        throw StartError(kExitUnavailable,
                         "journal: topic '" + options_.topic + "': " + rd_kafka_err2str(error));
    }
    char* cluster = rd_kafka_clusterid(consumer_.get(), options_.start_timeout_ms);
    identity_ = options_.topic + "@" + (cluster == nullptr ? "" : cluster);
    if (cluster != nullptr) rd_kafka_mem_free(consumer_.get(), cluster);
    assign(begin_at_start_);
}

// An empty assignment first: librdkafka throws away what it had fetched ahead.
void KafkaJournal::assign(std::int64_t offset) noexcept {
    next_ = offset;
    const PartitionList none(rd_kafka_topic_partition_list_new(0));
    rd_kafka_assign(consumer_.get(), none.get());
    const PartitionList list(rd_kafka_topic_partition_list_new(1));
    rd_kafka_topic_partition_list_add(list.get(), options_.topic.c_str(), 0)->offset = offset;
    rd_kafka_assign(consumer_.get(), list.get());
}

bool KafkaJournal::seek(std::int64_t position) noexcept {
    if (position < begin_at_start_ || position > std::max(end_at_start_, next_)) return false;
    drop_current();
    assign(position);
    return true;
}

// The broker says that there is nothing at next_. One that has just started again may say so of
// what it has not recovered yet; only what lies before its first record is lost for certain.
bool KafkaJournal::reads_again() noexcept {
    std::int64_t begin = 0, end = 0;
    const rd_kafka_resp_err_t error = rd_kafka_query_watermark_offsets(
        consumer_.get(), options_.topic.c_str(), 0, &begin, &end, kQueryMs);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR && next_ < begin) return false;
    if (++out_of_range_ > kOutOfRangeMax) return false;
    assign(next_);
    return true;
}

void KafkaJournal::drop_current() noexcept {
    if (current_ != nullptr) rd_kafka_message_destroy(std::exchange(current_, nullptr));
}

void KafkaJournal::set_waker(Parker* parker) noexcept { wake_on(queue_.get(), parker); }

Outcome KafkaJournal::append(std::string_view record) noexcept {
    if (!producer_) failure_ = {kExitConfig, "journal: it is open for reading only"};
    if (failure_.exit_code != 0) return Outcome::kFailed;
    rd_kafka_poll(producer_.get(), 0);
    if (failure_.exit_code != 0) return Outcome::kFailed;
    const int result =
        rd_kafka_produce(topic_, 0, RD_KAFKA_MSG_F_COPY, const_cast<char*>(record.data()),
                         record.size(), nullptr, 0, nullptr);
    if (result == 0) return Outcome::kOk;
    const rd_kafka_resp_err_t error = rd_kafka_last_error();
    if (error == RD_KAFKA_RESP_ERR__QUEUE_FULL) return Outcome::kRetry;
    failure_ = {kExitTryAgain, std::string("journal: append: ") + rd_kafka_err2str(error)};
    return Outcome::kFailed;
}

// Only what can't be tried again fails here.
void KafkaJournal::on_failed_delivery(const rd_kafka_message_s* message, void* opaque) {
    auto& self = *static_cast<KafkaJournal*>(opaque);
    if (message->err == RD_KAFKA_RESP_ERR__PURGE_QUEUE ||
        message->err == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT) {
        return;
    }
    self.failure_ = {kExitTryAgain,
                     std::string("journal: append refused: ") + rd_kafka_err2str(message->err)};
}

Outcome KafkaJournal::poll(std::string_view& record) noexcept {
    drop_current();
    if (producer_) rd_kafka_poll(producer_.get(), 0);
    if (failure_.exit_code != 0) return Outcome::kFailed;
    rd_kafka_message_t* message = rd_kafka_consumer_poll(consumer_.get(), 0);
    if (message == nullptr) return Outcome::kRetry;
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        const rd_kafka_resp_err_t error = message->err;
        const std::string text = rd_kafka_message_errstr(message);
        rd_kafka_message_destroy(message);
        if (error == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET) {
            if (reads_again()) return Outcome::kRetry;
            failure_ = {kExitTryAgain, "journal: topic '" + options_.topic +
                                           "' has lost its records at " + std::to_string(next_) +
                                           ", which were not yet read here: " + text};
            return Outcome::kFailed;
        }
        if (error != RD_KAFKA_RESP_ERR__FATAL &&
            error != RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED) {
            return Outcome::kRetry;  // passes, and librdkafka tries again by itself
        }
        failure_ = {kExitTryAgain, "journal: " + text};
        return Outcome::kFailed;
    }
    if (message->offset < next_) {  // fetched ahead of a seek
        rd_kafka_message_destroy(message);
        return Outcome::kRetry;
    }
    current_ = message;
    next_ = message->offset + 1;
    out_of_range_ = 0;
    record = {static_cast<const char*>(message->payload), message->len};
    return Outcome::kOk;
}

}  // namespace newsmill::kafka
