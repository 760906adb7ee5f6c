#include "pipeline/kafka/topic_source.hpp"

#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <utility>

#include "pipeline/kafka/cluster.hpp"
#include "pipeline/kafka/group_token.hpp"
#include "pipeline/kafka/message.hpp"

namespace newsmill::kafka {
namespace {

std::int64_t timestamp_of(const rd_kafka_message_t* message) noexcept {
    rd_kafka_timestamp_type_t type{};
    const std::int64_t timestamp = rd_kafka_message_timestamp(message, &type);
    return type == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE ? kNoTime : timestamp;
}

}  // namespace

TopicSource::TopicSource(TopicSourceOptions options) : options_(std::move(options)) {
    for (const std::string& topic : options_.topics) {
        const int count =
            topic_partitions(options_.brokers, topic, options_.properties, options_.timeout_ms);
        if (count == 0) {
            throw StartError(kExitUnavailable,
                             "topic '" + topic + "' does not exist at " + options_.brokers);
        }
        for (int number = 0; number < count; ++number) {
            Partition partition;
            partition.topic = topic;
            partition.number = number;
            partitions_.push_back(std::move(partition));
        }
    }
    if (!options_.offsets.empty()) {
        std::erase_if(partitions_, [this](const Partition& partition) {
            return std::none_of(
                options_.offsets.begin(), options_.offsets.end(),
                [&](const OffsetRange& range) { return range.partition == partition.number; });
        });
    }
    make_client();
    find_ranges();
}

TopicSource::~TopicSource() {
    drop_heads();
    for (Partition& partition : partitions_) partition.queue.reset();
    if (client_ != nullptr) rd_kafka_consumer_close(client_.get());
}

void TopicSource::make_client() {
    Conf conf;
    conf.set_reader("newsmill-replay");
    conf.set("group.id", "newsmill-replay-unused");  // librdkafka wants one; nothing is committed
    conf.set("isolation.level", "read_committed");
    conf.set("auto.offset.reset", "error");
    conf.set("enable.partition.eof", "true");
    conf.set("fetch.wait.max.ms", "100");
    conf.set_all(options_.properties);
    // Where partitions have queues of their own, the bound is one of each.
    const auto count = static_cast<std::int64_t>(std::max<std::size_t>(1, partitions_.size()));
    conf.set("queued.max.messages.kbytes", std::to_string(std::max<std::int64_t>(
                                               1024, options_.queued_bytes_max / 1024 / count)));
    conf.set("bootstrap.servers", options_.brokers);
    client_ = conf.make_consumer();
}

void TopicSource::find_ranges() {
    for (Partition& partition : partitions_) {
        std::int64_t low = 0;
        std::int64_t high = 0;
        const rd_kafka_resp_err_t error =
            rd_kafka_query_watermark_offsets(client_.get(), std::string(partition.topic).c_str(),
                                             partition.number, &low, &high, options_.timeout_ms);
        if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
            throw StartError(kExitUnavailable, "topic '" + std::string(partition.topic) +
                                                   "': " + rd_kafka_err2str(error));
        }
        partition.begin = low;
        partition.end = high;
        for (const OffsetRange& range : options_.offsets) {
            if (range.partition != partition.number) continue;
            partition.begin = std::max(low, range.from);
            partition.end = std::min(high, range.to);
        }
    }
    if (options_.from_ms != INT64_MIN) find_times(options_.from_ms, false);
    if (options_.to_ms != INT64_MAX) find_times(options_.to_ms, true);
    std::uint64_t total = 0;
    for (Partition& partition : partitions_) {
        partition.begin = std::min(partition.begin, partition.end);
        total += static_cast<std::uint64_t>(partition.end - partition.begin);
    }
    total_.store(total, std::memory_order_relaxed);
}

// The first offsets with that time or a later one. Timestamps need not grow along a partition: what
// lies within the offsets and outside of the times is left out by whoever reads.
void TopicSource::find_times(std::int64_t time_ms, bool is_end) {
    const PartitionList list(
        rd_kafka_topic_partition_list_new(static_cast<int>(partitions_.size())));
    for (const Partition& partition : partitions_) {
        rd_kafka_topic_partition_list_add(list.get(), std::string(partition.topic).c_str(),
                                          partition.number)
            ->offset = std::max<std::int64_t>(time_ms, 0);
    }
    const rd_kafka_resp_err_t error =
        rd_kafka_offsets_for_times(client_.get(), list.get(), options_.timeout_ms);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
        throw StartError(kExitUnavailable,
                         std::string("replay: offsets by time: ") + rd_kafka_err2str(error));
    }
    for (int i = 0; i < list->cnt; ++i) {
        Partition* partition = find(list->elems[i].topic, list->elems[i].partition);
        const std::int64_t offset = list->elems[i].offset;
        if (partition == nullptr) continue;
        if (is_end) {
            if (offset >= 0) partition->end = std::min(partition->end, offset);
        } else {  // none: all are older
            partition->begin = offset < 0 ? partition->end : std::max(partition->begin, offset);
        }
    }
}

std::string TopicSource::identity() const {
    std::string text = "topics";
    for (const std::string& topic : options_.topics) text.append(" ").append(topic);
    for (const OffsetRange& range : options_.offsets) {
        text += " " + std::to_string(range.partition) + ":" + std::to_string(range.from) + "-" +
                std::to_string(range.to);
    }
    return text;
}

std::vector<Position> TopicSource::partitions() const {
    std::vector<Position> all;
    for (const Partition& partition : partitions_)
        all.push_back({std::string(partition.topic), partition.number, partition.begin, {}});
    return all;
}

TopicSource::Partition* TopicSource::find(std::string_view topic, std::int32_t number) noexcept {
    for (Partition& partition : partitions_) {
        if (partition.number == number && partition.topic == topic) return &partition;
    }
    return nullptr;
}

// ---- Reading
// ------------------------------------------------------------------------------

std::uint64_t TopicSource::open(std::uint64_t /*done*/, const std::vector<Position>& positions) {
    drop_heads();
    std::uint64_t read = 0;
    for (Partition& partition : partitions_) partition.next = partition.begin;
    for (const Position& position : positions) {
        Partition* partition = find(position.topic, position.partition);
        if (partition == nullptr) continue;
        partition->next = std::max(partition->next, position.next_offset);
    }
    for (Partition& partition : partitions_) {
        partition.ended = partition.next >= partition.end;
        read += static_cast<std::uint64_t>(partition.next - partition.begin);
    }
    read_.store(read, std::memory_order_relaxed);
    next_place_ = 0;
    begin_reading();
    return 0;
}

void TopicSource::begin_reading() {
    // An empty assignment first: librdkafka takes nothing over from the one before.
    const PartitionList none(rd_kafka_topic_partition_list_new(0));
    rd_kafka_assign(client_.get(), none.get());
    const PartitionList list(rd_kafka_topic_partition_list_new(0));
    for (Partition& partition : partitions_) {
        const std::string topic(partition.topic);
        partition.queue.reset();
        if (partition.ended) continue;
        // Before the assignment: the client forwards no queue that was taken out of its hands.
        partition.queue.reset(
            rd_kafka_queue_get_partition(client_.get(), topic.c_str(), partition.number));
        rd_kafka_queue_forward(partition.queue.get(), nullptr);
        rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), partition.number)->offset =
            partition.next;
    }
    rd_kafka_assign(client_.get(), list.get());
}

void TopicSource::drop_heads() noexcept {
    for (Partition& partition : partitions_) {
        if (partition.head != nullptr)
            rd_kafka_message_destroy(std::exchange(partition.head, nullptr));
    }
}

// Sees to it that the partition has a head or has ended. False: neither, for now.
bool TopicSource::fetch(Partition& partition) noexcept {
    while (partition.head == nullptr && !partition.ended) {
        rd_kafka_message_t* message = rd_kafka_consume_queue(partition.queue.get(), 0);
        if (message == nullptr) return false;
        if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR && message->offset >= partition.next &&
            message->offset < partition.end) {
            partition.head = message;
            return true;
        }
        const bool behind =
            message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF ||
            (message->err == RD_KAFKA_RESP_ERR_NO_ERROR && message->offset >= partition.end);
        if (behind) partition.ended = true;
        if (message->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET ||
            message->err == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED) {
            failure_ = {kExitTryAgain, "replay: topic '" + std::string(partition.topic) +
                                           "': " + rd_kafka_message_errstr(message)};
        }
        rd_kafka_message_destroy(message);
        if (failure_.exit_code != 0) return false;
    }
    return true;
}

// The partition from which the journal says that the next record comes; null: it says no more.
TopicSource::Partition* TopicSource::by_journal() noexcept {
    while (next_place_ < options_.order.size()) {
        const JournalPlace& place = options_.order[next_place_];
        Partition* partition =
            find(options_.topics[static_cast<std::size_t>(place.topic)], place.partition);
        if (partition != nullptr && place.offset >= partition->next &&
            place.offset < partition->end) {
            return partition;
        }
        ++next_place_;  // out of the range, or given already
    }
    return nullptr;
}

// Null: one of the partitions has no head yet.
TopicSource::Partition* TopicSource::by_time() noexcept {
    Partition* first = nullptr;
    std::int64_t first_ms = 0;
    bool all = true;
    for (Partition& partition : partitions_) {
        if (!fetch(partition)) all = false;
        if (partition.head == nullptr) continue;
        const std::int64_t time_ms = timestamp_of(partition.head);
        if (first != nullptr && time_ms >= first_ms) continue;
        first = &partition;
        first_ms = time_ms;
    }
    return all ? first : nullptr;
}

void TopicSource::give(Partition& partition, SourceRecord& record) noexcept {
    rd_kafka_message_t* message = std::exchange(partition.head, nullptr);
    record = {};
    record.origin = {partition.topic, partition.number, message->offset, timestamp_of(message)};
    record.has_key = message->key != nullptr;
    record.key = {static_cast<const char*>(message->key), message->key_len};
    record.has_value = message->payload != nullptr;
    record.value = {static_cast<const char*>(message->payload), message->len};
    for_each_header(
        message, [&](std::size_t count) { record.headers.reserve(count); },
        [&](std::string_view name, std::string_view value) {
            record.headers.push_back({name, value});
        });
    record.pin = std::shared_ptr<const void>(message, [](const void* pin) {
        rd_kafka_message_destroy(static_cast<rd_kafka_message_t*>(const_cast<void*>(pin)));
    });
    const std::int64_t before = std::exchange(partition.next, message->offset + 1);
    partition.ended = partition.next >= partition.end;
    read_.fetch_add(static_cast<std::uint64_t>(partition.next - before), std::memory_order_relaxed);
}

RecordSource::Pull TopicSource::next(SourceRecord& record) noexcept {
    if (failure_.exit_code != 0) return Pull::kFailed;
    // Errors that belong to no partition; there is no other message in this queue.
    if (rd_kafka_message_t* message = rd_kafka_consumer_poll(client_.get(), 0); message != nullptr)
        rd_kafka_message_destroy(message);
    Partition* partition = by_journal();
    if (partition != nullptr) {
        if (!fetch(*partition)) return failure_.exit_code != 0 ? Pull::kFailed : Pull::kWait;
        if (partition->head == nullptr) {  // ended: the records there are gone
            partition->next = partition->end;
            return next(record);
        }
    } else {
        partition = by_time();
        if (failure_.exit_code != 0) return Pull::kFailed;
        const bool ended = std::all_of(partitions_.begin(), partitions_.end(),
                                       [](const Partition& p) { return p.ended && !p.head; });
        if (ended) return Pull::kEnd;
        if (partition == nullptr) return Pull::kWait;
    }
    give(*partition, record);
    return Pull::kRecord;
}

}  // namespace newsmill::kafka
