// A message on its way to rd_kafka_produceva(), put together part by part; and the headers of one
// that came.
#pragma once

#include <librdkafka/rdkafka.h>

#include <cstdint>
#include <string_view>

namespace newsmill::kafka {

class Message {
   public:
    void topic(rd_kafka_topic_t* topic) { add(RD_KAFKA_VTYPE_RKT).u.rkt = topic; }
    void topic(const char* name) { add(RD_KAFKA_VTYPE_TOPIC).u.cstr = name; }
    void partition(std::int32_t partition) { add(RD_KAFKA_VTYPE_PARTITION).u.i32 = partition; }
    void copy() { add(RD_KAFKA_VTYPE_MSGFLAGS).u.i = RD_KAFKA_MSG_F_COPY; }
    void value(std::string_view bytes) { bytes_of(add(RD_KAFKA_VTYPE_VALUE), bytes); }
    void key(std::string_view bytes) { bytes_of(add(RD_KAFKA_VTYPE_KEY), bytes); }
    void timestamp(std::int64_t ms) { add(RD_KAFKA_VTYPE_TIMESTAMP).u.i64 = ms; }
    void opaque(const void* p) { add(RD_KAFKA_VTYPE_OPAQUE).u.ptr = const_cast<void*>(p); }
    // The client owns them if produce() returns null, else the caller still does.
    void headers(rd_kafka_headers_t* headers) { add(RD_KAFKA_VTYPE_HEADERS).u.headers = headers; }

    rd_kafka_error_t* produce(rd_kafka_t* client) const {
        return rd_kafka_produceva(client, parts_, count_);
    }

   private:
    rd_kafka_vu_t& add(rd_kafka_vtype_t type) {
        parts_[count_].vtype = type;
        return parts_[count_++];
    }
    static void bytes_of(rd_kafka_vu_t& part, std::string_view bytes) {
        part.u.mem.ptr = const_cast<char*>(bytes.data());
        part.u.mem.size = bytes.size();
    }

    rd_kafka_vu_t parts_[9];
    std::size_t count_ = 0;
};

// Calls `reserve(count)` first, then `each(name, value)` for every header, in order. Names and
// values live as long as the message.
template <typename Reserve, typename Each>
void for_each_header(const rd_kafka_message_t* message, Reserve reserve, Each each) {
    rd_kafka_headers_t* headers = nullptr;
    if (rd_kafka_message_headers(message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return;
    const std::size_t count = rd_kafka_header_cnt(headers);
    reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
        const char* name = nullptr;
        const void* value = nullptr;
        std::size_t size = 0;
        rd_kafka_header_get_all(headers, i, &name, &value, &size);
        each(std::string_view(name),
             std::string_view(static_cast<const char*>(value), value == nullptr ? 0 : size));
    }
}

}  // namespace newsmill::kafka
