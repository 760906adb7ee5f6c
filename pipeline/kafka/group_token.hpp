// The meaning of the source's GroupToken within this folder: a membership of a consumer group.
#pragma once

#include <librdkafka/rdkafka.h>

#include <memory>
#include <string>
#include <utility>

#include "pipeline/kafka/client.hpp"

namespace newsmill::kafka {

struct ListDeleter {
    void operator()(rd_kafka_topic_partition_list_t* list) const noexcept {
        rd_kafka_topic_partition_list_destroy(list);
    }
};
using PartitionList = std::unique_ptr<rd_kafka_topic_partition_list_t, ListDeleter>;

// Taken when an assignment is accepted, so that its generation is that of what is read under it.
class GroupMembership {
   public:
    // `consumer` outlives the token.
    explicit GroupMembership(rd_kafka_t* consumer)
        : consumer_(consumer), metadata_(rd_kafka_consumer_group_metadata(consumer)) {}
    // Of a group without members: positions are committed in its name by transactions alone.
    explicit GroupMembership(const std::string& group)
        : consumer_(nullptr), metadata_(rd_kafka_consumer_group_metadata_new(group.c_str())) {}
    GroupMembership(const GroupMembership&) = delete;
    GroupMembership& operator=(const GroupMembership&) = delete;
    ~GroupMembership() { rd_kafka_consumer_group_metadata_destroy(metadata_); }

    static const GroupMembership& of(const GroupToken& token) noexcept {
        return *static_cast<const GroupMembership*>(token.get());
    }
    const rd_kafka_consumer_group_metadata_t* metadata() const noexcept { return metadata_; }
    rd_kafka_t* consumer() const noexcept { return consumer_; }

   private:
    rd_kafka_t* consumer_;
    rd_kafka_consumer_group_metadata_t* metadata_;
};

}  // namespace newsmill::kafka
