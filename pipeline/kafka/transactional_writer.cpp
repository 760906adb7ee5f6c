#include "pipeline/kafka/transactional_writer.hpp"

#include <librdkafka/rdkafka.h>

#include "pipeline/kafka/group_token.hpp"
#include "pipeline/kafka/message.hpp"

namespace newsmill::kafka {

TransactionalWriter::TransactionalWriter(const std::string& brokers,
                                         const std::string& transactional_id,
                                         const Properties& properties, int timeout_ms)
    : timeout_ms_(timeout_ms) {
    Conf conf;
    conf.set("client.id", "newsmill-writer");
    conf.set("partitioner", "murmur2_random");  // as the Java clients
    conf.set_all(properties);
    conf.set("bootstrap.servers", brokers);
    conf.set("transactional.id", transactional_id);
    conf.set("enable.idempotence", "true");
    conf.set("delivery.report.only.error", "true");
    rd_kafka_conf_set_opaque(conf.get(), &refused_);
    rd_kafka_conf_set_dr_msg_cb(
        conf.get(), [](rd_kafka_t* /*client*/, const rd_kafka_message_t* message, void* opaque) {
            *static_cast<std::string*>(opaque) = rd_kafka_err2str(message->err);
        });
    client_ = conf.make_producer();
    check(rd_kafka_init_transactions(client_.get(), timeout_ms_), "start of transactions");
}

TransactionalWriter::~TransactionalWriter() {
    rd_kafka_purge(client_.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
}

void TransactionalWriter::check(rd_kafka_error_s* error, const char* doing) {
    const Trouble trouble = take_error(error);
    if (trouble.kind == Trouble::Kind::kNone) return;
    const bool away = trouble.kind == Trouble::Kind::kRetry;
    throw StartError(away ? kExitUnavailable : kExitTryAgain,
                     std::string(doing) + ": " + trouble.message +
                         (refused_.empty() ? std::string() : " (" + refused_ + ")"));
}

void TransactionalWriter::begin() {
    refused_.clear();
    check(rd_kafka_begin_transaction(client_.get()), "begin of a transaction");
}

void TransactionalWriter::write(const std::string& topic, const Record& record) {
    check(produce_record(client_.get(), topic, record), "write");
}

void TransactionalWriter::commit(const std::vector<Position>& positions, const std::string& group) {
    if (!positions.empty()) {
        const PartitionList list(
            rd_kafka_topic_partition_list_new(static_cast<int>(positions.size())));
        for (const Position& position : positions) {
            rd_kafka_topic_partition_list_add(list.get(), position.topic.c_str(),
                                              position.partition)
                ->offset = position.next_offset;
        }
        const GroupMembership member(group);
        check(rd_kafka_send_offsets_to_transaction(client_.get(), list.get(), member.metadata(),
                                                   timeout_ms_),
              "positions");
    }
    check(rd_kafka_commit_transaction(client_.get(), timeout_ms_), "commit");
}

}  // namespace newsmill::kafka
