#include "pipeline/kafka/consumer.hpp"

#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "pipeline/kafka/group_token.hpp"
#include "pipeline/kafka/message.hpp"

namespace newsmill::kafka {
namespace {

void release_message(void* message) noexcept {
    rd_kafka_message_destroy(static_cast<rd_kafka_message_t*>(message));
}

// They view the message, which the batch pins.
std::span<const Header> copy_headers(const rd_kafka_message_t* message, Arena& arena) noexcept {
    std::span<Header> out;
    std::size_t next = 0;
    for_each_header(
        message, [&](std::size_t count) { out = arena.array<Header>(count); },
        [&](std::string_view name, std::string_view value) {
            out[next++] = {name, value};
        });
    return out;
}

}  // namespace

KafkaConsumer::KafkaConsumer(ConsumerOptions options) : options_(std::move(options)) {
    Conf conf;
    conf.set_reader("newsmill-source");
    conf.set("isolation.level", "read_committed");
    conf.set("partition.assignment.strategy", "range");
    conf.set("statistics.interval.ms", "1000");
    conf.set_all(options_.properties);
    conf.set("bootstrap.servers", options_.brokers);
    conf.set("group.id", options_.group);
    if (!options_.instance.empty()) conf.set("group.instance.id", options_.instance);
    conf.set("auto.offset.reset", options_.from_earliest ? "earliest" : "latest");
    if (options_.until_eof) conf.set("enable.partition.eof", "true");
    rd_kafka_conf_set_stats_cb(conf.get(),
                               [](rd_kafka_t*, char* json, std::size_t size, void* opaque) {
                                   auto& self = *static_cast<KafkaConsumer*>(opaque);
                                   const std::lock_guard lock(self.statistics_mutex_);
                                   self.statistics_.assign(json, size);
                                   return 0;
                               });
    rd_kafka_conf_set_opaque(conf.get(), this);
    rd_kafka_conf_set_rebalance_cb(
        conf.get(), [](rd_kafka_t* client, rd_kafka_resp_err_t error,
                       rd_kafka_topic_partition_list_t* partitions,
                       void* opaque) { on_rebalance(client, error, partitions, opaque); });
    client_ = conf.make_consumer();
    rd_kafka_poll_set_consumer(client_.get());
    queue_.reset(rd_kafka_queue_get_consumer(client_.get()));

    const PartitionList topics(
        rd_kafka_topic_partition_list_new(static_cast<int>(options_.topics.size())));
    for (const std::string& topic : options_.topics) {
        rd_kafka_topic_partition_list_add(topics.get(), topic.c_str(), RD_KAFKA_PARTITION_UA);
    }
    const rd_kafka_resp_err_t error = rd_kafka_subscribe(client_.get(), topics.get());
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
        throw StartError(kExitConfig, std::string("subscribe: ") + rd_kafka_err2str(error));
    }
}

KafkaConsumer::~KafkaConsumer() { close(); }

void KafkaConsumer::set_waker(Parker* parker) noexcept { wake_on(queue_.get(), parker); }

std::string_view KafkaConsumer::topic_name(const char* name) {
    for (const std::string& known : topic_names_) {
        if (known == name) return known;
    }
    return topic_names_.emplace_back(name);
}

// Runs inside rd_kafka_consumer_poll() or rd_kafka_consumer_close(), so in the source's thread.
void KafkaConsumer::on_rebalance(rd_kafka_s* client, int error,
                                 rd_kafka_topic_partition_list_s* partitions, void* opaque) {
    auto& self = *static_cast<KafkaConsumer*>(opaque);
    if (self.closing_) {
        rd_kafka_assign(client, nullptr);
        return;
    }
    if (error == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
        self.assigned_.clear();
        for (int i = 0; i < partitions->cnt; ++i) {
            self.assigned_.emplace_back(partitions->elems[i].topic, partitions->elems[i].partition);
        }
        self.pending_ = Event::kAssigned;
    } else if (rd_kafka_assignment_lost(client) != 0) {
        self.pending_ = Event::kLost;
    } else {
        self.pending_ = Event::kRevoked;
    }
}

Consumer::Event KafkaConsumer::take_rebalance() noexcept {
    return std::exchange(pending_, Event::kNone);
}

Consumer::Event KafkaConsumer::poll(Batch* batch) noexcept {
    bool any = false;
    while (batch == nullptr || !batch->full()) {
        rd_kafka_message_t* message = rd_kafka_consumer_poll(client_.get(), 0);
        if (pending_ != Event::kNone) {
            // What came with it is read again from the committed positions.
            if (message != nullptr) rd_kafka_message_destroy(message);
            return has_failed() ? Event::kFailed : take_rebalance();
        }
        if (message == nullptr) break;
        if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
            const Event event = handle_error(message);
            if (event != Event::kNone) return event;
            continue;
        }
        if (batch == nullptr) {
            rd_kafka_message_destroy(message);
            any = true;
            continue;
        }
        any |= add(*batch, message);
    }
    if (!any && has_failed()) return Event::kFailed;
    if (!any && at_end()) return Event::kEnd;
    return any ? Event::kArticles : Event::kNone;
}

// The message that tells of a fatal error comes once, and may come with a rebalance: who only waits
// for it can wait for ever.
bool KafkaConsumer::has_failed() noexcept {
    char text[512];
    if (rd_kafka_fatal_error(client_.get(), text, sizeof(text)) == RD_KAFKA_RESP_ERR_NO_ERROR)
        return false;
    failure_ = {kExitTryAgain, std::string("input: the consumer was fenced or failed: ") + text};
    return true;
}

Consumer::Event KafkaConsumer::handle_error(rd_kafka_message_s* message) noexcept {
    const rd_kafka_resp_err_t error = message->err;
    if (error == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        Partition* partition = find(rd_kafka_topic_name(message->rkt), message->partition);
        if (partition != nullptr) partition->at_end = true;
    } else if (error == RD_KAFKA_RESP_ERR__FATAL) {
        has_failed();
    } else if (error == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED ||
               error == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED ||
               error == RD_KAFKA_RESP_ERR__AUTHENTICATION) {
        failure_ = {kExitConfig, std::string("input: ") + rd_kafka_message_errstr(message)};
    }
    // All else passes, and librdkafka tries again by itself; its log callback has told.
    rd_kafka_message_destroy(message);
    return failure_.exit_code == 0 ? Event::kNone : Event::kFailed;
}

KafkaConsumer::Partition* KafkaConsumer::find(std::string_view topic,
                                              std::int32_t partition) noexcept {
    for (Partition& p : partitions_) {
        if (p.partition == partition && p.topic == topic) return &p;
    }
    return nullptr;
}

bool KafkaConsumer::add(Batch& batch, rd_kafka_message_s* message) noexcept {
    Partition* partition = find(rd_kafka_topic_name(message->rkt), message->partition);
    // Not ours any more, or older than what was delivered: a leftover of a prefetch.
    if (partition == nullptr || message->offset <= partition->seen) {
        rd_kafka_message_destroy(message);
        return false;
    }
    partition->seen = message->offset;
    partition->at_end = false;
    Article& article = batch.add({static_cast<const char*>(message->payload), message->len});
    article.has_payload = message->payload != nullptr;
    article.has_key = message->key != nullptr;
    article.key = {static_cast<const char*>(message->key), message->key_len};
    article.origin.topic = partition->topic;
    article.origin.partition = message->partition;
    article.origin.offset = message->offset;
    rd_kafka_timestamp_type_t type{};
    const std::int64_t timestamp = rd_kafka_message_timestamp(message, &type);
    article.origin.timestamp_ms = type == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE ? kNoTime : timestamp;
    article.headers = copy_headers(message, batch.arena);
    batch.pin({message, release_message});
    return true;
}

bool KafkaConsumer::at_end() const noexcept {
    if (!options_.until_eof || partitions_.empty()) return false;
    for (const Partition& partition : partitions_) {
        if (!partition.at_end) return false;
    }
    return true;
}

void KafkaConsumer::assign(const rd_kafka_topic_partition_list_s* partitions) noexcept {
    const rd_kafka_resp_err_t error = rd_kafka_assign(client_.get(), partitions);
    // Only a fatal error of the client stands behind a refusal: the next poll returns it.
    static_cast<void>(error);
}

GroupToken KafkaConsumer::accept_assignment() noexcept {
    partitions_.clear();
    const PartitionList list(rd_kafka_topic_partition_list_new(static_cast<int>(assigned_.size())));
    for (const auto& [topic, partition] : assigned_) {
        rd_kafka_topic_partition_list_add(list.get(), topic.c_str(),
                                          partition);  // at its committed offset
        partitions_.push_back({topic_name(topic.c_str()), partition, -1, false});
    }
    assign(list.get());
    is_paused_.store(false, std::memory_order_relaxed);
    return std::make_shared<GroupMembership>(client_.get());
}

void KafkaConsumer::release_assignment() noexcept {
    partitions_.clear();
    assigned_.clear();
    assign(nullptr);
}

bool KafkaConsumer::rewind() noexcept {
    const PartitionList list(
        rd_kafka_topic_partition_list_new(static_cast<int>(partitions_.size())));
    for (Partition& partition : partitions_) {
        rd_kafka_topic_partition_list_add(list.get(), std::string(partition.topic).c_str(),
                                          partition.partition);
        partition.seen = -1;
        partition.at_end = false;
    }
    // An empty assignment first: librdkafka takes nothing over from the one before.
    const PartitionList none(rd_kafka_topic_partition_list_new(0));
    assign(none.get());
    assign(list.get());
    is_paused_.store(false, std::memory_order_relaxed);
    return true;
}

// The client keeps what it delivered last, drops what waits, and goes on from there.
bool KafkaConsumer::set_paused(bool paused) noexcept {
    const PartitionList list(
        rd_kafka_topic_partition_list_new(static_cast<int>(partitions_.size())));
    for (const Partition& partition : partitions_) {
        rd_kafka_topic_partition_list_add(list.get(), std::string(partition.topic).c_str(),
                                          partition.partition);
    }
    const auto change = paused ? rd_kafka_pause_partitions : rd_kafka_resume_partitions;
    static_cast<void>(change(client_.get(), list.get()));  // only fails for unknown partitions
    is_paused_.store(paused, std::memory_order_relaxed);   // a number alone
    return true;
}

std::vector<PartitionState> KafkaConsumer::partitions() const {
    std::string json;
    {
        const std::lock_guard lock(statistics_mutex_);
        json = statistics_;
    }
    std::vector<PartitionState> partitions = read_statistics(json);
    if (is_paused_.load(std::memory_order_relaxed)) ask_for_ends(partitions);
    return partitions;
}

// The client learns of new records by fetching, which a pause stops.
void KafkaConsumer::ask_for_ends(std::vector<PartitionState>& partitions) const {
    constexpr int kPatienceMs = 200;
    for (PartitionState& partition : partitions) {
        std::int64_t begin = 0, end = 0;
        if (rd_kafka_query_watermark_offsets(client_.get(), partition.topic.c_str(),
                                             partition.partition, &begin, &end,
                                             kPatienceMs) != RD_KAFKA_RESP_ERR_NO_ERROR) {
            return;  // the next look may have more luck
        }
        partition.end_offset = std::max(partition.end_offset, end);
    }
}

void KafkaConsumer::close() noexcept {
    if (std::exchange(closing_, true)) return;
    rd_kafka_consumer_close(client_.get());
}

}  // namespace newsmill::kafka
