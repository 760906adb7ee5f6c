// What the Kafka parts share: properties, errors, and handles to librdkafka's clients.
// Only the files of this folder include rdkafka.h; its types are named here by their structs.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "pipeline/agent.hpp"
#include "pipeline/start_error.hpp"

struct rd_kafka_s;
struct rd_kafka_conf_s;
struct rd_kafka_queue_s;
struct rd_kafka_error_s;

namespace newsmill::kafka {

// librdkafka's own property names.
using Properties = std::map<std::string, std::string>;

using newsmill::StartError;

inline constexpr int kExitUnavailable = 69;
inline constexpr int kExitTryAgain = 75;
inline constexpr int kExitConfig = 78;

// What librdkafka says of itself and of the brokers, a line each; any thread of librdkafka's.
// `level` is syslog's: 0 emergency … 7 debug.
using LogCallback = std::function<void(int level, std::string_view line)>;
void set_log_callback(LogCallback callback);

struct ClientDeleter {
    void operator()(rd_kafka_s* client) const noexcept;
};
using Client = std::unique_ptr<rd_kafka_s, ClientDeleter>;

struct QueueDeleter {
    void operator()(rd_kafka_queue_s* queue) const noexcept;
};
using Queue = std::unique_ptr<rd_kafka_queue_s, QueueDeleter>;

// What a client that only asks was told by no call: why it gets no answer.
struct Refusal {
    std::string last;      // the newest reason of any kind; empty: none
    std::string security;  // why credentials or certificates are refused; empty: they are not
    bool ours = false;     // and that the fault is in this side's configuration
};

// A configuration under construction. Later properties replace earlier ones.
class Conf {
   public:
    Conf();
    ~Conf();
    Conf(const Conf&) = delete;
    Conf& operator=(const Conf&) = delete;
    // Throws StartError(kExitConfig) for a name or value that librdkafka refuses.
    void set(const std::string& name, const std::string& value);
    void set_all(const Properties& properties);
    // What all consumers here share: positions are never committed by the client.
    void set_reader(const std::string& client_id);
    // For a client that asks once: what goes wrong is noted there instead of logged line by line.
    // Whoever waits serves the client by rd_kafka_poll(). `refusal` outlives the client.
    void set_asker(Refusal& refusal);
    rd_kafka_conf_s* get() noexcept { return conf_; }
    Client make_consumer() { return make(true); }
    Client make_producer() { return make(false); }

   private:
    Client make(bool consumer);
    rd_kafka_conf_s* conf_;
};

// librdkafka's three classes of errors, and what they mean to an agent. Frees `error`.
struct Trouble {
    enum class Kind : std::uint8_t { kNone, kRetry, kAbort, kFatal } kind = Kind::kNone;
    std::string message;
};
Trouble take_error(rd_kafka_error_s* error);

// Wakes `parker` whenever `queue` turns from empty to not empty; null ends that.
void wake_on(rd_kafka_queue_s* queue, Parker* parker);

}  // namespace newsmill::kafka
