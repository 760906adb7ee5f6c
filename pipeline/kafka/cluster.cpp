#include "pipeline/kafka/cluster.hpp"

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "pipeline/kafka/group_token.hpp"
#include "pipeline/kafka/message.hpp"

namespace newsmill::kafka {
namespace {

Record to_record(const rd_kafka_message_t* message) {
    Record record;
    if (message->key != nullptr)
        record.key.emplace(static_cast<const char*>(message->key), message->key_len);
    if (message->payload != nullptr) {
        record.value.emplace(static_cast<const char*>(message->payload), message->len);
    }
    record.partition = message->partition;
    record.offset = message->offset;
    rd_kafka_timestamp_type_t type{};
    record.timestamp_ms = rd_kafka_message_timestamp(message, &type);
    for_each_header(
        message, [&](std::size_t count) { record.headers.reserve(count); },
        [&](std::string_view name, std::string_view value) {
            record.headers.emplace_back(name, value);
        });
    return record;
}

Client make_reader(const std::string& brokers, const std::string& group) {
    Conf conf;
    conf.set_reader("newsmill-reader");
    conf.set("bootstrap.servers", brokers);
    conf.set("group.id", group);
    conf.set("isolation.level", "read_committed");
    conf.set("auto.offset.reset", "earliest");
    return conf.make_consumer();
}

int partition_count(rd_kafka_t* client, const std::string& brokers, const std::string& topic,
                    int timeout_ms) {
    rd_kafka_topic_t* handle = rd_kafka_topic_new(client, topic.c_str(), nullptr);
    const rd_kafka_metadata_t* metadata = nullptr;
    const rd_kafka_resp_err_t error = rd_kafka_metadata(client, 0, handle, &metadata, timeout_ms);
    rd_kafka_topic_destroy(handle);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
        throw StartError(kExitUnavailable, "topic '" + topic + "': no answer from " + brokers +
                                               ": " + rd_kafka_err2str(error));
    }
    const int count = metadata->topic_cnt > 0 ? metadata->topics[0].partition_cnt : 0;
    rd_kafka_metadata_destroy(metadata);
    return count;
}

// The admin call's answer for one topic; empty if it exists now.
std::string await_creation(rd_kafka_queue_t* queue, int timeout_ms) {
    rd_kafka_event_t* event = rd_kafka_queue_poll(queue, timeout_ms);
    if (event == nullptr) return "no answer in time";
    std::string wrong;
    if (rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        wrong = rd_kafka_event_error_string(event);
    } else {
        std::size_t count = 0;
        const rd_kafka_topic_result_t** results =
            rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count);
        const rd_kafka_resp_err_t error =
            count == 0 ? RD_KAFKA_RESP_ERR_NO_ERROR : rd_kafka_topic_result_error(results[0]);
        if (error != RD_KAFKA_RESP_ERR_NO_ERROR &&
            error != RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) {
            wrong = rd_kafka_err2str(error);
        }
    }
    rd_kafka_event_destroy(event);
    return wrong;
}

// As partition_count(), by a client that serves its own errors and gives up at once where waiting
// does not help.
int ask_partition_count(rd_kafka_t* client, const Refusal& refusal, const std::string& brokers,
                        const std::string& topic, int timeout_ms) {
    constexpr int kTryMs = 500;
    rd_kafka_topic_t* handle = rd_kafka_topic_new(client, topic.c_str(), nullptr);
    const rd_kafka_metadata_t* metadata = nullptr;
    rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR__TIMED_OUT;
    const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms);
    do {
        error = rd_kafka_metadata(client, 0, handle, &metadata, std::min(kTryMs, timeout_ms));
        rd_kafka_poll(client, 0);
    } while (error != RD_KAFKA_RESP_ERR_NO_ERROR && refusal.security.empty() &&
             std::chrono::steady_clock::now() < until);
    rd_kafka_topic_destroy(handle);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
        const std::string begin = "topic '" + topic + "' at " + brokers + ": ";
        if (!refusal.security.empty())
            throw StartError(refusal.ours ? kExitConfig : kExitUnavailable,
                             begin + refusal.security);
        throw StartError(kExitUnavailable,
                         begin + "no answer: " +
                             (refusal.last.empty() ? rd_kafka_err2str(error) : refusal.last));
    }
    const int count = metadata->topic_cnt > 0 ? metadata->topics[0].partition_cnt : 0;
    rd_kafka_metadata_destroy(metadata);
    return count;
}

}  // namespace

void ensure_topic(const std::string& brokers, const std::string& topic, int partitions,
                  const Properties& config, const Properties& client, int timeout_ms) {
    // Asked by a consumer: a producer that asks makes the broker create the topic in its own way.
    if (topic_partitions(brokers, topic, client, timeout_ms) > 0) return;
    Conf conf;
    conf.set_all(client);
    conf.set("bootstrap.servers", brokers);
    const Client admin = conf.make_producer();
    char text[512];
    rd_kafka_NewTopic_t* wish =
        rd_kafka_NewTopic_new(topic.c_str(), partitions, -1, text, sizeof(text));
    if (wish == nullptr) throw StartError(kExitConfig, "topic '" + topic + "': " + text);
    for (const auto& [name, value] : config) {
        rd_kafka_NewTopic_set_config(wish, name.c_str(), value.c_str());
    }
    const Queue queue(rd_kafka_queue_new(admin.get()));
    rd_kafka_CreateTopics(admin.get(), &wish, 1, nullptr, queue.get());
    const std::string wrong = await_creation(queue.get(), timeout_ms);
    rd_kafka_NewTopic_destroy(wish);
    if (!wrong.empty()) {
        throw StartError(kExitUnavailable, "topic '" + topic + "' can't be created: " + wrong);
    }
    // The controller has it; wait until the broker that is asked knows it too.
    for (int waited = 0; topic_partitions(brokers, topic, client, timeout_ms) == 0; waited += 50) {
        if (waited > timeout_ms) {
            throw StartError(kExitUnavailable, "topic '" + topic + "' does not appear");
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
}

int topic_partitions(const std::string& brokers, const std::string& topic, const Properties& client,
                     int timeout_ms) {
    Conf conf;
    conf.set_all(client);
    conf.set("bootstrap.servers", brokers);
    conf.set("allow.auto.create.topics", "false");
    Refusal refusal;
    conf.set_asker(refusal);
    const Client asker = conf.make_consumer();
    return ask_partition_count(asker.get(), refusal, brokers, topic, timeout_ms);
}

std::string_view Record::header(std::string_view name) const {
    for (const auto& [key_name, value_text] : headers) {
        if (key_name == name) return value_text;
    }
    return {};
}

// ---- Writer
// ------------------------------------------------------------------------------------------

Writer::Writer(const std::string& brokers, const Properties& properties) {
    Conf conf;
    conf.set("linger.ms", "5");
    conf.set("message.max.bytes", "10000000");
    conf.set_all(properties);
    conf.set("bootstrap.servers", brokers);
    conf.set("enable.idempotence", "true");
    conf.set("delivery.report.only.error", "true");
    rd_kafka_conf_set_opaque(conf.get(), this);
    rd_kafka_conf_set_dr_msg_cb(
        conf.get(), [](rd_kafka_t* /*client*/, const rd_kafka_message_t* /*m*/, void* opaque) {
            on_failed_delivery(opaque);
        });
    client_ = conf.make_producer();
}

Writer::~Writer() { flush(10'000); }

void Writer::on_failed_delivery(void* opaque) { ++static_cast<Writer*>(opaque)->failed_; }

rd_kafka_error_t* produce_record(rd_kafka_t* client, const std::string& topic,
                                 const Record& record) {
    rd_kafka_headers_t* headers = rd_kafka_headers_new(record.headers.size());
    for (const auto& [name, value] : record.headers) {
        rd_kafka_header_add(headers, name.c_str(), static_cast<ssize_t>(name.size()), value.data(),
                            static_cast<ssize_t>(value.size()));
    }
    Message message;
    message.topic(topic.c_str());
    message.partition(record.partition);
    message.copy();
    if (record.key) message.key(*record.key);
    if (record.value) message.value(*record.value);
    if (record.timestamp_ms >= 0) message.timestamp(record.timestamp_ms);
    message.headers(headers);
    while (rd_kafka_error_t* error = message.produce(client)) {
        if (rd_kafka_error_code(error) != RD_KAFKA_RESP_ERR__QUEUE_FULL) {
            rd_kafka_headers_destroy(headers);
            return error;
        }
        rd_kafka_error_destroy(error);
        rd_kafka_poll(client, 50);
    }
    return nullptr;
}

void Writer::write(const std::string& topic, const Record& record) {
    rd_kafka_error_t* error = produce_record(client_.get(), topic, record);
    if (error == nullptr) return;
    const rd_kafka_resp_err_t code = rd_kafka_error_code(error);
    rd_kafka_error_destroy(error);
    throw StartError(kExitUnavailable, std::string("write: ") + rd_kafka_err2str(code));
}

bool Writer::flush(int timeout_ms) {
    return rd_kafka_flush(client_.get(), timeout_ms) == RD_KAFKA_RESP_ERR_NO_ERROR && failed_ == 0;
}

// ---- Reading
// -----------------------------------------------------------------------------------------

void read_topic(const std::string& brokers, const std::string& topic, int idle_ms,
                const std::function<bool(const Record&)>& wanted) {
    const Client client = make_reader(brokers, "newsmill-reader");
    rd_kafka_poll_set_consumer(client.get());
    const int partitions = partition_count(client.get(), brokers, topic, 10'000);
    const PartitionList list(rd_kafka_topic_partition_list_new(partitions));
    for (int p = 0; p < partitions; ++p) {
        rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), p)->offset =
            RD_KAFKA_OFFSET_BEGINNING;
    }
    rd_kafka_assign(client.get(), list.get());
    for (;;) {
        rd_kafka_message_t* message = rd_kafka_consumer_poll(client.get(), idle_ms);
        if (message == nullptr) break;
        bool more = true;
        if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) more = wanted(to_record(message));
        rd_kafka_message_destroy(message);
        if (!more) break;
    }
    rd_kafka_consumer_close(client.get());
}

Lag group_lag(const std::string& brokers, const std::string& group, const std::string& topic,
              int partitions) {
    const Client client = make_reader(brokers, group);
    const PartitionList list(rd_kafka_topic_partition_list_new(partitions));
    for (int p = 0; p < partitions; ++p)
        rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), p);
    Lag lag;
    if (rd_kafka_committed(client.get(), list.get(), 10'000) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return lag;
    for (int p = 0; p < partitions; ++p) {
        std::int64_t low = 0;
        std::int64_t high = 0;
        rd_kafka_query_watermark_offsets(client.get(), topic.c_str(), p, &low, &high, 10'000);
        lag.end += high;
        if (list->elems[p].offset > 0) lag.committed += list->elems[p].offset;
    }
    return lag;
}

namespace {

// A broker that has just started says for a while that it is not the group's coordinator.
rd_kafka_resp_err_t ask_committed(rd_kafka_t* client, rd_kafka_topic_partition_list_t* list,
                                  int timeout_ms) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms);
    for (;;) {
        const rd_kafka_resp_err_t error = rd_kafka_committed(client, list, timeout_ms);
        const bool passes = error == RD_KAFKA_RESP_ERR_NOT_COORDINATOR ||
                            error == RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE ||
                            error == RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS ||
                            error == RD_KAFKA_RESP_ERR__WAIT_COORD;
        if (!passes || std::chrono::steady_clock::now() > until) return error;
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
}

}  // namespace

std::vector<Position> group_positions(const std::string& brokers, const std::string& group,
                                      const std::vector<Position>& wanted, bool settled,
                                      const Properties& client, int timeout_ms) {
    Conf conf;
    conf.set_reader("newsmill-positions");
    conf.set_all(client);
    conf.set("bootstrap.servers", brokers);
    conf.set("group.id", group);
    conf.set("isolation.level", settled ? "read_committed" : "read_uncommitted");
    const Client reader = conf.make_consumer();
    const PartitionList list(rd_kafka_topic_partition_list_new(static_cast<int>(wanted.size())));
    for (const Position& position : wanted)
        rd_kafka_topic_partition_list_add(list.get(), position.topic.c_str(), position.partition);
    const rd_kafka_resp_err_t error = ask_committed(reader.get(), list.get(), timeout_ms);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
        throw StartError(kExitUnavailable, "group '" + group +
                                               "': its positions can't be read at " + brokers +
                                               ": " + rd_kafka_err2str(error));
    }
    std::vector<Position> found;
    for (int i = 0; i < list->cnt; ++i) {
        const rd_kafka_topic_partition_t& one = list->elems[i];
        if (one.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
            throw StartError(kExitUnavailable, "group '" + group + "': its position in '" +
                                                   one.topic +
                                                   "' can't be read: " + rd_kafka_err2str(one.err));
        }
        if (one.offset < 0) continue;
        found.push_back({one.topic,
                         one.partition,
                         one.offset,
                         {static_cast<const char*>(one.metadata), one.metadata_size}});
    }
    return found;
}

GroupToken group_without_members(const std::string& group) {
    return std::make_shared<GroupMembership>(group);
}

// ---- MockCluster
// -------------------------------------------------------------------------------------

MockCluster::MockCluster(int brokers) {
    Conf conf;
    conf.set("client.id", "newsmill-mock");
    client_ = conf.make_producer();
    cluster_ = rd_kafka_mock_cluster_new(client_.get(), brokers);
    if (cluster_ == nullptr) throw StartError(kExitUnavailable, "the mock cluster does not start");
}

MockCluster::~MockCluster() { rd_kafka_mock_cluster_destroy(cluster_); }

std::string MockCluster::brokers() const { return rd_kafka_mock_cluster_bootstraps(cluster_); }

void MockCluster::create_topic(const std::string& topic, int partitions) {
    const rd_kafka_resp_err_t error =
        rd_kafka_mock_topic_create(cluster_, topic.c_str(), partitions, 1);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
        throw StartError(kExitUnavailable,
                         "mock topic '" + topic + "': " + rd_kafka_err2str(error));
    }
}

void MockCluster::fail_produce(int error) {
    constexpr std::int16_t kProduceRequest = 0;
    rd_kafka_mock_push_request_errors(cluster_, kProduceRequest, 1,
                                      static_cast<rd_kafka_resp_err_t>(error));
}

}  // namespace newsmill::kafka
