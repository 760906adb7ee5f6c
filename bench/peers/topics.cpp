// What the comparison needs of a cluster, without a Kafka library for its driver.
//
//     peers_topics create BROKERS PARTITIONS TOPIC…     the broker stamps their records on arrival
//     peers_topics delete BROKERS TOPIC…
//     peers_topics load   BROKERS TOPIC PARTITIONS COMPRESSION FILE    a record a line, key "N" of
//                                                       line N, over the partitions in turn
//     peers_topics read   BROKERS TOPIC     reads all as a read_committed reader sees it, and
//     prints
//                                           one line of JSON: how many records, how many distinct
//                                           keys, marked duplicates, bytes of values, and when
//                                           (Unix ms) the first, the middle and the last one
//                                           arrived
//
// Exit code 1 with a line on stderr if something goes wrong.
#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <stdexcept>
#include <string>
#include <unordered_set>
#include <vector>

#include "pipeline/kafka/client.hpp"
#include "pipeline/kafka/cluster.hpp"

namespace newsmill::bench {
namespace {

constexpr int kTimeoutMs = 30'000;

void create(const std::string& brokers, int partitions, const std::vector<std::string>& topics) {
    for (const std::string& topic : topics) {
        kafka::ensure_topic(brokers, topic, partitions,
                            {{"message.timestamp.type", "LogAppendTime"},
                             {"max.message.bytes", "10485760"},
                             {"file.delete.delay.ms", "1000"}},
                            {}, kTimeoutMs);
    }
}

// A topic that is not there is no error.
void remove(const std::string& brokers, const std::vector<std::string>& topics) {
    kafka::Conf conf;
    conf.set("bootstrap.servers", brokers);
    const kafka::Client admin = conf.make_producer();
    const kafka::Queue queue(rd_kafka_queue_new(admin.get()));
    for (const std::string& topic : topics) {
        rd_kafka_DeleteTopic_t* wish = rd_kafka_DeleteTopic_new(topic.c_str());
        rd_kafka_DeleteTopics(admin.get(), &wish, 1, nullptr, queue.get());
        rd_kafka_DeleteTopic_destroy(wish);
        rd_kafka_event_t* event = rd_kafka_queue_poll(queue.get(), kTimeoutMs);
        if (event == nullptr) throw std::runtime_error("delete: no answer in time");
        rd_kafka_event_destroy(event);
    }
}

void load(const std::string& brokers, const std::string& topic, int partitions,
          const std::string& compression, const std::string& path) {
    std::ifstream file(path);
    if (!file) throw std::runtime_error("can't read " + path);
    kafka::Writer writer(brokers, {{"linger.ms", "20"}, {"compression.type", compression}});
    std::int32_t number = 0;
    for (std::string line; std::getline(file, line); ++number) {
        kafka::Record record;
        record.key = std::to_string(number);
        record.value = std::move(line);
        record.partition = number % partitions;
        writer.write(topic, record);
    }
    if (!writer.flush(120'000)) throw std::runtime_error("not all articles were delivered");
}

// Every system marks a duplicate in a header; their names end alike.
bool is_duplicate(const kafka::Record& record) {
    return std::any_of(record.headers.begin(), record.headers.end(), [](const auto& header) {
        return header.first.ends_with("dedup") && header.second == "exact";
    });
}

void read(const std::string& brokers, const std::string& topic) {
    std::vector<std::int64_t> arrived_ms;
    std::unordered_set<std::string> keys;
    std::size_t duplicates = 0;
    std::size_t bytes = 0;
    kafka::read_topic(brokers, topic, 2'000, [&](const kafka::Record& record) {
        arrived_ms.push_back(record.timestamp_ms);
        keys.insert(record.key.value_or(""));
        duplicates += is_duplicate(record) ? 1 : 0;
        bytes += record.value ? record.value->size() : 0;
        return true;
    });
    std::sort(arrived_ms.begin(), arrived_ms.end());
    const std::size_t count = arrived_ms.size();
    const auto at = [&](std::size_t i) -> long long { return count == 0 ? 0 : arrived_ms[i]; };
    // A batch of records has one stamp: those of the first are not part of the time after it.
    const auto with_first =
        std::upper_bound(arrived_ms.begin(), arrived_ms.end(), at(0)) - arrived_ms.begin();
    std::printf(
        "{\"records\": %zu, \"distinct_keys\": %zu, \"duplicates\": %zu, \"bytes\": %zu, "
        "\"first_ms\": %lld, \"first_records\": %lld, \"middle_ms\": %lld, \"last_ms\": %lld}\n",
        count, keys.size(), duplicates, bytes, at(0), static_cast<long long>(with_first),
        at(count / 2), at(count == 0 ? 0 : count - 1));
}

int run(const std::vector<std::string>& args) {
    const std::string command = args.size() > 2 ? args[0] : "";
    if (command == "create" && args.size() > 3) {
        create(args[1], std::stoi(args[2]), {args.begin() + 3, args.end()});
    } else if (command == "delete") {
        remove(args[1], {args.begin() + 2, args.end()});
    } else if (command == "load" && args.size() == 6) {
        load(args[1], args[2], std::stoi(args[3]), args[4], args[5]);
    } else if (command == "read" && args.size() == 3) {
        read(args[1], args[2]);
    } else {
        std::fputs("usage: peers_topics create|delete|load|read BROKERS …; see topics.cpp\n",
                   stderr);
        return 2;
    }
    return 0;
}

}  // namespace
}  // namespace newsmill::bench

int main(int argc, char** argv) {
    try {
        return newsmill::bench::run({argv + 1, argv + argc});
    } catch (const std::exception& error) {
        std::fprintf(stderr, "peers_topics: %s\n", error.what());
        return 1;
    }
}
