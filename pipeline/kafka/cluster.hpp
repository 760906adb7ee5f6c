// Around a cluster: topics, whole-topic reads and writes for the demo and the tests, and
// librdkafka's in-process mock cluster. None of it is on the pipeline's path. Blocking; throws
// StartError.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pipeline/kafka/client.hpp"
#include "pipeline/sink.hpp"

struct rd_kafka_mock_cluster_s;

namespace newsmill::kafka {

// Creates a topic if it is not there. `partitions` -1: the broker's default. `config`: topic
// properties.
void ensure_topic(const std::string& brokers, const std::string& topic, int partitions,
                  const Properties& config, const Properties& client, int timeout_ms);

// How many partitions a topic has; 0 if it is not there. Joins no group and creates nothing.
int topic_partitions(const std::string& brokers, const std::string& topic, const Properties& client,
                     int timeout_ms);

struct Record {
    std::optional<std::string> key;
    std::optional<std::string> value;
    std::int32_t partition = -1;
    std::int64_t offset = -1;
    std::int64_t timestamp_ms = -1;
    std::vector<std::pair<std::string, std::string>> headers;

    std::string_view header(std::string_view name) const;
};

// Hands a record to a producer, and waits while its queue is full. Null, or an error that the
// caller owns.
rd_kafka_error_s* produce_record(rd_kafka_s* client, const std::string& topic,
                                 const Record& record);

class Writer {
   public:
    Writer(const std::string& brokers, const Properties& properties = {});
    ~Writer();  // flushes
    // Partition -1: by the key. Waits when the client's queue is full.
    void write(const std::string& topic, const Record& record);
    // False if something was not delivered.
    bool flush(int timeout_ms);

   private:
    static void on_failed_delivery(void* opaque);
    Client client_;
    std::uint64_t failed_ = 0;
};

// Reads all partitions of a topic from their beginning up to their end as a read_committed reader
// sees them, until `wanted` says that it has enough (called with each record) or `idle_ms` pass
// without one.
void read_topic(const std::string& brokers, const std::string& topic, int idle_ms,
                const std::function<bool(const Record&)>& wanted);

// Sum over the partitions of the committed positions of a group, and of the ends of the log.
struct Lag {
    std::int64_t committed = 0;
    std::int64_t end = 0;
};
Lag group_lag(const std::string& brokers, const std::string& group, const std::string& topic,
              int partitions);

// The committed positions of a group: those of `wanted` that it has, with their notes.
// `settled`: waits for transactions of the group that are open; else what they hold is not seen.
std::vector<Position> group_positions(const std::string& brokers, const std::string& group,
                                      const std::vector<Position>& wanted, bool settled,
                                      const Properties& client, int timeout_ms);
// What stands for a group without members in a transaction.
GroupToken group_without_members(const std::string& group);

// librdkafka's mock: speaks groups and transactions, keeps 5 MB a partition, forgets positions that
// were committed in transactions, does not fence. Good for a demo, not for a proof.
class MockCluster {
   public:
    explicit MockCluster(int brokers = 1);
    ~MockCluster();
    MockCluster(const MockCluster&) = delete;
    MockCluster& operator=(const MockCluster&) = delete;
    std::string brokers() const;
    void create_topic(const std::string& topic, int partitions);
    // The answer to the next request to produce is this error of Kafka's protocol.
    void fail_produce(int error);

   private:
    Client client_;
    rd_kafka_mock_cluster_s* cluster_;
};

}  // namespace newsmill::kafka
