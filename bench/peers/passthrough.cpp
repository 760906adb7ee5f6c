// The ceiling: the same bytes from one topic to another with librdkafka and nothing between.
//
//     peers_passthrough plain|transactions BROKERS IN OUT GROUP COMPRESSION
//
// One thread reads in batches and writes key and value on, to the same partition. "transactions"
// puts output and input positions into one transaction every 200 ms, as newsmill does; "plain" is
// an idempotent producer that never commits a position. Ends when every partition has been read to
// its end and all is delivered; exit code 1 with a line on stderr if something goes wrong.
#include <librdkafka/rdkafka.h>

#include <chrono>
#include <cstdio>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "pipeline/kafka/client.hpp"
#include "pipeline/kafka/group_token.hpp"
#include "pipeline/kafka/message.hpp"

namespace newsmill::bench {
namespace {

constexpr int kTimeoutMs = 30'000;
constexpr std::chrono::milliseconds kCommitInterval{200};

struct Args {
    bool transactions = false;
    std::string brokers;
    std::string in;
    std::string out;
    std::string group;
    std::string compression;
};

void expect(rd_kafka_error_t* error, const char* what) {
    if (error == nullptr) return;
    const std::string message = std::string(what) + ": " + rd_kafka_error_string(error);
    rd_kafka_error_destroy(error);
    throw std::runtime_error(message);
}

void expect(rd_kafka_resp_err_t error, const char* what) {
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return;
    throw std::runtime_error(std::string(what) + ": " + rd_kafka_err2str(error));
}

class Passthrough {
   public:
    explicit Passthrough(const Args& args)
        : args_(args), consumer_(make_consumer(args)), producer_(make_producer(args, &failed_)) {
        if (args.transactions) {
            expect(rd_kafka_init_transactions(producer_.get(), kTimeoutMs), "init transactions");
        }
        rd_kafka_poll_set_consumer(consumer_.get());
        const kafka::PartitionList topics(rd_kafka_topic_partition_list_new(1));
        rd_kafka_topic_partition_list_add(topics.get(), args.in.c_str(), RD_KAFKA_PARTITION_UA);
        expect(rd_kafka_subscribe(consumer_.get(), topics.get()), "subscribe");
        queue_.reset(rd_kafka_queue_get_consumer(consumer_.get()));
    }
    ~Passthrough() { rd_kafka_consumer_close(consumer_.get()); }
    Passthrough(const Passthrough&) = delete;
    Passthrough& operator=(const Passthrough&) = delete;

    void run() {
        std::vector<rd_kafka_message_t*> messages(2'000);
        while (partitions_ == 0 || ended_ < partitions_) {
            const ssize_t count =
                rd_kafka_consume_batch_queue(queue_.get(), 100, messages.data(), messages.size());
            for (ssize_t i = 0; i < count; ++i) take(messages[static_cast<std::size_t>(i)]);
            rd_kafka_poll(producer_.get(), 0);
            if (in_transaction_ && std::chrono::steady_clock::now() - begun_ > kCommitInterval) {
                commit();
            }
        }
        if (in_transaction_) commit();
        expect(rd_kafka_flush(producer_.get(), kTimeoutMs), "flush");
        if (failed_ != 0) throw std::runtime_error("messages were not delivered");
    }

   private:
    static kafka::Client make_consumer(const Args& args) {
        kafka::Conf conf;
        conf.set_all({{"bootstrap.servers", args.brokers},
                      {"group.id", args.group},
                      {"auto.offset.reset", "earliest"},
                      {"enable.auto.commit", "false"},
                      {"enable.partition.eof", "true"},
                      {"isolation.level", "read_committed"},
                      {"fetch.message.max.bytes", "1048576"},
                      {"queued.max.messages.kbytes", "65536"}});
        return conf.make_consumer();
    }

    static kafka::Client make_producer(const Args& args, std::uint64_t* failed) {
        kafka::Conf conf;
        conf.set_all({{"bootstrap.servers", args.brokers},
                      {"linger.ms", "5"},
                      {"batch.size", "1000000"},
                      {"queue.buffering.max.kbytes", "65536"},
                      {"message.max.bytes", "8388608"},
                      {"compression.type", args.compression},
                      {"delivery.report.only.error", "true"},
                      {"enable.idempotence", "true"}});
        if (args.transactions) conf.set("transactional.id", args.group);
        rd_kafka_conf_set_opaque(conf.get(), failed);
        rd_kafka_conf_set_dr_msg_cb(
            conf.get(), [](rd_kafka_t* /*client*/, const rd_kafka_message_t* /*m*/, void* opaque) {
                ++*static_cast<std::uint64_t*>(opaque);
            });
        return conf.make_producer();
    }

    void take(rd_kafka_message_t* message) {
        if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
            ++ended_;
            if (partitions_ == 0) partitions_ = assigned_partitions();
        } else {
            expect(message->err, "consume");
            if (args_.transactions && !in_transaction_) begin();
            pass(*message);
            positions_[message->partition] = message->offset + 1;
        }
        rd_kafka_message_destroy(message);
    }

    void pass(const rd_kafka_message_t& in) {
        kafka::Message out;
        out.topic(args_.out.c_str());
        out.partition(in.partition);
        out.copy();
        out.key({static_cast<const char*>(in.key), in.key_len});
        out.value({static_cast<const char*>(in.payload), in.len});
        while (rd_kafka_error_t* error = out.produce(producer_.get())) {
            if (rd_kafka_error_code(error) != RD_KAFKA_RESP_ERR__QUEUE_FULL) {
                expect(error, "produce");
            }
            rd_kafka_error_destroy(error);
            rd_kafka_poll(producer_.get(), 20);
        }
    }

    void begin() {
        expect(rd_kafka_begin_transaction(producer_.get()), "begin");
        in_transaction_ = true;
        begun_ = std::chrono::steady_clock::now();
    }

    void commit() {
        const kafka::PartitionList list(
            rd_kafka_topic_partition_list_new(static_cast<int>(positions_.size())));
        for (const auto& [partition, position] : positions_) {
            rd_kafka_topic_partition_list_add(list.get(), args_.in.c_str(), partition)->offset =
                position;
        }
        const kafka::GroupMembership group(consumer_.get());
        expect(rd_kafka_send_offsets_to_transaction(producer_.get(), list.get(), group.metadata(),
                                                    kTimeoutMs),
               "send offsets");
        expect(rd_kafka_commit_transaction(producer_.get(), kTimeoutMs), "commit");
        in_transaction_ = false;
    }

    int assigned_partitions() {
        rd_kafka_topic_partition_list_t* list = nullptr;
        expect(rd_kafka_assignment(consumer_.get(), &list), "assignment");
        const kafka::PartitionList owned(list);
        return list->cnt;
    }

    const Args& args_;
    std::uint64_t failed_ = 0;
    kafka::Client consumer_;
    kafka::Client producer_;
    kafka::Queue queue_;
    std::map<std::int32_t, std::int64_t> positions_;
    int partitions_ = 0;  // assigned; known from the first end of a partition on
    int ended_ = 0;
    bool in_transaction_ = false;
    std::chrono::steady_clock::time_point begun_;
};

}  // namespace
}  // namespace newsmill::bench

int main(int argc, char** argv) {
    const std::string mode = argc == 7 ? argv[1] : "";
    if (mode != "plain" && mode != "transactions") {
        std::fputs("usage: peers_passthrough plain|transactions BROKERS IN OUT GROUP COMPRESSION\n",
                   stderr);
        return 2;
    }
    try {
        const newsmill::bench::Args args{
            mode == "transactions", argv[2], argv[3], argv[4], argv[5], argv[6]};
        newsmill::bench::Passthrough(args).run();
    } catch (const std::exception& error) {
        std::fprintf(stderr, "peers_passthrough: %s\n", error.what());
        return 1;
    }
    return 0;
}
