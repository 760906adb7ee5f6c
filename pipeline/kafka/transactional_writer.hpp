// A few records in one transaction, with positions of a group without members: for commands that
// move records from one topic to another. Not on the pipeline's path. Blocking; throws StartError,
// after which the open transaction is the broker's to abort, or the next writer's of that name.
// Threads: one.
#pragma once

#include <string>
#include <vector>

#include "pipeline/kafka/client.hpp"
#include "pipeline/kafka/cluster.hpp"

struct rd_kafka_message_s;

namespace newsmill::kafka {

class TransactionalWriter {
   public:
    // Fences an earlier writer with the same id, and settles what it left open.
    TransactionalWriter(const std::string& brokers, const std::string& transactional_id,
                        const Properties& properties, int timeout_ms = 30'000);
    ~TransactionalWriter();

    void begin();
    // Copies; partition -1: by the key.
    void write(const std::string& topic, const Record& record);
    // `positions` may be none.
    void commit(const std::vector<Position>& positions, const std::string& group);

   private:
    void check(rd_kafka_error_s* error, const char* doing);

    Client client_;
    int timeout_ms_;
    std::string refused_;  // by the broker, of this transaction
};

}  // namespace newsmill::kafka
