#include "pipeline/kafka/client.hpp"

#include <librdkafka/rdkafka.h>

#include <mutex>
#include <utility>

namespace newsmill::kafka {
namespace {

std::mutex log_mutex;
LogCallback log_callback;  // guarded by log_mutex

void log_line(const rd_kafka_t* client, int level, const char* facility, const char* text) {
    const std::lock_guard lock(log_mutex);
    if (!log_callback) return;
    std::string line(client != nullptr ? rd_kafka_name(client) : "kafka");
    line.append(" ").append(facility).append(": ").append(text);
    log_callback(level, line);
}

// Errors that no call returns: brokers down, authentication, topics that are not there.
void error_callback(rd_kafka_t* client, int code, const char* reason, void* /*opaque*/) {
    const auto error = static_cast<rd_kafka_resp_err_t>(code);
    log_line(client, error == RD_KAFKA_RESP_ERR__FATAL ? 2 : 4, rd_kafka_err2name(error), reason);
}

}  // namespace

void set_log_callback(LogCallback callback) {
    const std::lock_guard lock(log_mutex);
    log_callback = std::move(callback);
}

void ClientDeleter::operator()(rd_kafka_s* client) const noexcept { rd_kafka_destroy(client); }

void QueueDeleter::operator()(rd_kafka_queue_s* queue) const noexcept {
    rd_kafka_queue_cb_event_enable(queue, nullptr, nullptr);
    rd_kafka_queue_destroy(queue);
}

Conf::Conf() : conf_(rd_kafka_conf_new()) {
    rd_kafka_conf_set_log_cb(conf_, log_line);
    rd_kafka_conf_set_error_cb(conf_, error_callback);
}

Conf::~Conf() {
    if (conf_ != nullptr) rd_kafka_conf_destroy(conf_);
}

void Conf::set(const std::string& name, const std::string& value) {
    char text[512];
    if (rd_kafka_conf_set(conf_, name.c_str(), value.c_str(), text, sizeof(text)) !=
        RD_KAFKA_CONF_OK) {
        throw StartError(kExitConfig, text);
    }
}

void Conf::set_all(const Properties& properties) {
    for (const auto& [name, value] : properties) set(name, value);
}

void Conf::set_reader(const std::string& client_id) {
    set("client.id", client_id);
    set("enable.auto.commit", "false");
    set("enable.auto.offset.store", "false");
}

Client Conf::make(bool consumer) {
    char text[512];
    rd_kafka_t* client =
        rd_kafka_new(consumer ? RD_KAFKA_CONSUMER : RD_KAFKA_PRODUCER, conf_, text, sizeof(text));
    if (client == nullptr) throw StartError(kExitConfig, text);
    conf_ = nullptr;  // the client owns it now
    return Client(client);
}

Trouble take_error(rd_kafka_error_s* error) {
    if (error == nullptr) return {};
    Trouble trouble;
    if (rd_kafka_error_is_fatal(error) != 0) {
        trouble.kind = Trouble::Kind::kFatal;
    } else if (rd_kafka_error_txn_requires_abort(error) != 0) {
        trouble.kind = Trouble::Kind::kAbort;
    } else if (rd_kafka_error_is_retriable(error) != 0) {
        trouble.kind = Trouble::Kind::kRetry;
    } else {
        trouble.kind = Trouble::Kind::kFatal;
    }
    trouble.message = std::string(rd_kafka_error_name(error)) + ": " + rd_kafka_error_string(error);
    rd_kafka_error_destroy(error);
    return trouble;
}

void wake_on(rd_kafka_queue_s* queue, Parker* parker) {
    if (parker == nullptr) {
        rd_kafka_queue_cb_event_enable(queue, nullptr, nullptr);
        return;
    }
    rd_kafka_queue_cb_event_enable(
        queue, [](rd_kafka_t* /*client*/, void* opaque) { static_cast<Parker*>(opaque)->wake(); },
        parker);
}

}  // namespace newsmill::kafka
