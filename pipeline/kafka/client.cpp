#include "pipeline/kafka/client.hpp"

#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <initializer_list>
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

bool contains(std::string_view text, std::initializer_list<std::string_view> any) {
    return std::any_of(any.begin(), any.end(), [&](std::string_view part) {
        return text.find(part) != std::string_view::npos;
    });
}

// librdkafka's own words are long, and end in what it did meanwhile: "(after 312ms in state …)".
std::string shortened(std::string_view reason) {
    if (const auto end = reason.find(" (after "); end != std::string_view::npos)
        reason = reason.substr(0, end);
    return std::string(reason);
}

// The broker's alerts about this side's certificate, as OpenSSL words them.
bool is_about_own_certificate(std::string_view reason) {
    return contains(
        reason, {"alert certificate", "alert bad certificate", "alert unknown ca",
                 "alert unsupported certificate", "alert access denied", "alert decrypt error"});
}

// Before 2.6.1 librdkafka sent its nonce once more than RFC 5802 has it; Kafka 4 looks.
std::string scram_hint(std::string_view reason) {
    constexpr int kMended = 0x02060100;
    if (rd_kafka_version() >= kMended || !contains(reason, {"SCRAM"})) return {};
    return std::string(". With Kafka 4 SCRAM needs librdkafka 2.6.1, and this is ") +
           rd_kafka_version_str() + ": take PLAIN or a certificate there";
}

void note_refusal(rd_kafka_t* /*client*/, int code, const char* reason, void* opaque) {
    auto& refusal = *static_cast<Refusal*>(opaque);
    const auto error = static_cast<rd_kafka_resp_err_t>(code);
    if (error == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) return;  // says nothing of the reason
    const std::string text = shortened(reason);
    refusal.last = text;
    if (error == RD_KAFKA_RESP_ERR__AUTHENTICATION ||
        error == RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED ||
        error == RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM) {
        refusal.security = "the broker refuses the credentials: " + text + scram_hint(text);
        refusal.ours = true;
    } else if (is_about_own_certificate(text)) {
        refusal.security =
            "the broker refuses this client's certificate; is there one "
            "(ssl.certificate.location), "
            "has it expired, is it signed by whom the broker trusts? " +
            text;
        refusal.ours = true;
    } else if (contains(text, {"certificate has expired", "certificate is not yet valid"})) {
        refusal.security = "the broker's certificate is out of date: " + text;
    } else if (contains(text, {"certificate verify failed", "could not be verified"})) {
        refusal.security = "the broker's certificate is not trusted; see ssl.ca.location: " + text;
        refusal.ours = true;
    } else if (error == RD_KAFKA_RESP_ERR__SSL) {
        refusal.security = "no TLS with the broker; see security.protocol and the port: " + text;
        refusal.ours = true;
    }
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

void Conf::set_asker(Refusal& refusal) {
    set("log_level", "2");
    rd_kafka_conf_set_opaque(conf_, &refusal);
    rd_kafka_conf_set_error_cb(conf_, note_refusal);
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
