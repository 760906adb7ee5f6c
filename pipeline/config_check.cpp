#include <regex.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <set>

#include "pipeline/config_entries.hpp"
#include "pipeline/config_table.hpp"

namespace newsmill {
namespace {

// As librdkafka reads a topic that begins with ^.
class Regex {
   public:
    explicit Regex(const std::string& pattern)
        : good_(regcomp(&regex_, pattern.c_str(), REG_EXTENDED | REG_NOSUB) == 0) {}
    ~Regex() {
        if (good_) regfree(&regex_);
    }
    Regex(const Regex&) = delete;
    Regex& operator=(const Regex&) = delete;

    bool good() const { return good_; }
    bool matches(const std::string& text) const {
        return good_ && regexec(&regex_, text.c_str(), 0, nullptr, 0) == 0;
    }

   private:
    regex_t regex_{};
    bool good_;
};

class Checker {
   public:
    explicit Checker(LoadedConfig& loaded) : loaded_(loaded), config_(loaded.config) {}

    void run() {
        check_times();
        check_sizes();
        check_names();
        check_topics();
        check_modes();
        check_admin();
    }

   private:
    // `other` is an option that has part in it: it may be the one that was given.
    void error(std::string_view path, const std::string& message, std::string_view other = "") {
        std::string at = where(path);
        if (at.empty()) at = where(other);
        loaded_.errors.push_back({at, std::string(path) + ": " + message});
    }
    void warning(std::string_view path, const std::string& message) {
        loaded_.warnings.push_back({where(path), std::string(path) + ": " + message});
    }
    // Two options contradict each other: the place is where one of them was given.
    void conflict(std::string_view path, std::string_view rule, std::string_view other,
                  std::string_view why = "") {
        std::string at = where(path);
        if (at.empty()) at = where(other);
        loaded_.errors.push_back({at, std::string(path) + " (" + text(path) + ") " +
                                          std::string(rule) + " " + std::string(other) + " (" +
                                          text(other) + ")" + std::string(why)});
    }
    std::string where(std::string_view path) const {
        const auto origin = loaded_.origins.find(path);
        return origin == loaded_.origins.end() ? std::string() : origin->second;
    }
    std::string text(std::string_view path) const {
        return option_text(*find_option(path), config_);
    }
    bool uses_kafka_input() const { return config_.input.type == InputType::kKafka; }
    bool uses_kafka_output() const { return config_.output.type == OutputType::kKafka; }

    void check_times() {
        const auto& kafka = config_.input.kafka;
        if (kafka.heartbeat_interval_ms >= kafka.session_timeout_ms) {
            conflict("input.kafka.heartbeat_interval_ms", "must be less than",
                     "input.kafka.session_timeout_ms");
        } else if (kafka.heartbeat_interval_ms * 3 > kafka.session_timeout_ms) {
            warning("input.kafka.heartbeat_interval_ms",
                    "is more than a third of session_timeout_ms: one lost heartbeat may cost the "
                    "partitions");
        }
        if (kafka.max_poll_interval_ms < kafka.session_timeout_ms) {
            conflict("input.kafka.max_poll_interval_ms", "must not be less than",
                     "input.kafka.session_timeout_ms");
        }
        const auto& out = config_.output.kafka;
        if (out.commit_interval_ms >= out.transaction_timeout_ms) {
            conflict("output.kafka.commit_interval_ms", "must be less than",
                     "output.kafka.transaction_timeout_ms");
        }
    }

    void check_sizes() {
        if (uses_kafka_output() &&
            config_.output.kafka.message_bytes_max <= config_.input.article_bytes_max) {
            conflict("output.kafka.message_bytes_max", "must be more than",
                     "input.article_bytes_max", ", since a dead letter holds the whole article");
        }
        if (config_.input.kafka.partition_fetch_bytes_max > config_.input.kafka.fetch_bytes_max) {
            conflict("input.kafka.partition_fetch_bytes_max", "must not be more than",
                     "input.kafka.fetch_bytes_max");
        }
        // A batch makes one record of the journal: 10 MB at most, and an entry up to 5 kB.
        constexpr std::int64_t kJournalArticlesMax = 2000;
        if (config_.dedup.enabled && config_.dedup.journal != JournalType::kMemory &&
            config_.pipeline.batch_articles_max > kJournalArticlesMax) {
            error("pipeline.batch_articles_max",
                  "must not be more than " + std::to_string(kJournalArticlesMax) +
                      " with a journal in Kafka or in files, where a batch makes one record",
                  "dedup.journal");
        }
    }

    void check_names() {
        check_brokers("input.kafka.brokers", config_.input.kafka.brokers);
        check_brokers("output.kafka.brokers", config_.output.kafka.brokers);
        check_brokers("dedup.kafka.brokers", config_.dedup.kafka.brokers);
        for (const std::string& topic : config_.input.kafka.topics) {
            if (!topic.starts_with('^')) {
                check_topic("input.kafka.topics", topic);
            } else if (!Regex(topic).good()) {
                error("input.kafka.topics", "'" + topic + "' is no POSIX regular expression");
            }
        }
        check_topic("output.kafka.topic", config_.output.kafka.topic);
        check_topic("output.kafka.duplicates_topic", config_.output.kafka.duplicates_topic);
        check_topic("output.kafka.dead_letter_topic", config_.output.kafka.dead_letter_topic);
        check_topic("output.kafka.notices_topic", config_.output.kafka.notices_topic);
        check_topic("dedup.kafka.topic", config_.dedup.kafka.topic);
    }

    void check_topic(std::string_view path, const std::string& topic) {
        const bool legal =
            topic.size() <= 249 && topic != "." && topic != ".." &&
            std::all_of(topic.begin(), topic.end(), [](unsigned char c) {
                return c < 128 && (std::isalnum(c) || c == '.' || c == '_' || c == '-');
            });
        if (!legal) {
            error(path, "'" + topic +
                            "' is no topic name: letters, digits, '.', '_' and '-', at "
                            "most 249");
        }
    }

    void check_brokers(std::string_view path, std::string_view brokers) {
        while (!brokers.empty()) {
            const auto comma = brokers.find(',');
            std::string_view broker = brokers.substr(0, comma);
            brokers = comma == brokers.npos ? std::string_view() : brokers.substr(comma + 1);
            while (broker.starts_with(' ')) broker.remove_prefix(1);
            while (broker.ends_with(' ')) broker.remove_suffix(1);
            if (!is_broker(broker)) {
                error(path, "'" + std::string(broker) + "' is no broker: expected host:port");
            }
        }
    }

    // [protocol://]host[:port], with [::1] for IPv6.
    static bool is_broker(std::string_view broker) {
        if (const auto scheme = broker.find("://"); scheme != broker.npos) {
            broker.remove_prefix(scheme + 3);
        }
        if (broker.empty() || broker.find_first_of(" \t/") != broker.npos) return false;
        const auto bracket = broker.rfind(']');
        const auto colon = broker.rfind(':');
        if (colon == broker.npos || (bracket != broker.npos && colon < bracket)) return true;
        const std::string_view digits = broker.substr(colon + 1);
        unsigned port = 0;
        const auto [end, failure] =
            std::from_chars(digits.data(), digits.data() + digits.size(), port);
        return colon > 0 && failure == std::errc() && end == digits.data() + digits.size() &&
               port >= 1 && port <= 65535;
    }

    static bool matches(const std::string& pattern, const std::string& topic) {
        return pattern.starts_with('^') && Regex(pattern).matches(topic);
    }

    // A daemon that reads what it writes never ends.
    void check_topics() {
        if (!uses_kafka_output()) return;
        const auto& out = config_.output.kafka;
        struct Role {
            std::string_view path;
            const std::string& topic;
            bool used;
        };
        const Role roles[] = {
            {"output.kafka.topic", out.topic, true},
            {"output.kafka.dead_letter_topic", out.dead_letter_topic, true},
            {"output.kafka.notices_topic", out.notices_topic, config_.dedup.enabled},
            {"output.kafka.duplicates_topic", out.duplicates_topic,
             config_.output.duplicates == Duplicates::kRoute},
            {"dedup.kafka.topic", config_.dedup.kafka.topic,
             config_.dedup.enabled && config_.dedup.journal == JournalType::kKafka},
        };
        const auto& inputs = config_.input.kafka.topics;
        const bool same_cluster =
            uses_kafka_input() && output_brokers(config_) == config_.input.kafka.brokers;
        for (const Role& role : roles) {
            if (!role.used) continue;
            const auto reads = [&](const std::string& input) {
                return input == role.topic || matches(input, role.topic);
            };
            if (same_cluster && std::any_of(inputs.begin(), inputs.end(), reads)) {
                error(role.path,
                      "input.kafka.topics has '" + role.topic +
                          "' too: newsmill would read what it writes",
                      "input.kafka.topics");
            }
            for (const Role& other : roles) {
                if (&other == &role) break;
                if (other.used && other.topic == role.topic) {
                    error(role.path,
                          "'" + role.topic + "' is " + std::string(other.path) + " already",
                          other.path);
                }
            }
        }
    }

    void check_modes() {
        if (config_.input.type == InputType::kFiles && config_.input.files.paths.empty()) {
            warning("input.type", "files, but input.files.paths is empty: nothing to read");
        }
        if (config_.input.type == InputType::kKafka && !config_.input.files.paths.empty()) {
            warning("input.files.paths", "has no effect: input.type is kafka");
        }
        if (uses_kafka_input() && uses_kafka_output() &&
            config_.output.kafka.delivery == Delivery::kExactlyOnce &&
            output_brokers(config_) != config_.input.kafka.brokers) {
            warning("output.kafka.brokers",
                    "differs from input.kafka.brokers: exactly_once needs one cluster for both");
        }
        if (config_.dedup.journal == JournalType::kMemory && !config_.dedup.snapshot_path.empty()) {
            warning("dedup.snapshot_path",
                    "has no effect: a journal in memory does not outlive its daemon");
        }
        if (config_.pipeline.pool_batches != 0) {
            const std::int64_t lanes = config_.pipeline.lanes_front + config_.pipeline.lanes_back;
            if (config_.pipeline.pool_batches < lanes + 2) {
                warning("pipeline.pool_batches",
                        "fewer than lanes_front + lanes_back + 2: lanes will wait for batches");
            }
        }
    }

    void check_admin() {
        const auto& admin = config_.admin;
        if (!admin.token.empty() && admin.token.size() < 16) {
            error("admin.token", "shorter than 16 characters");
        }
        const std::string& address = admin.address;
        const bool loopback =
            address == "localhost" || address == "::1" || address.starts_with("127.");
        if (admin.enabled && admin.port != 0 && !loopback && admin.token.empty()) {
            error("admin.address",
                  "'" + address + "' can be reached by other machines: set admin.token",
                  "admin.token");
        }
        if (admin.enabled && admin.port == 0 && admin.socket.empty()) {
            warning("admin.enabled", "neither admin.port nor admin.socket: nothing is served");
        }
    }

    LoadedConfig& loaded_;
    const Config& config_;
};

// Optimal string alignment: insert, delete, replace, swap neighbours.
std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
    for (std::size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
    for (std::size_t j = 0; j <= b.size(); ++j) d[0][j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t cost = a[i - 1] == b[j - 1] ? 0 : 1;
            d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + cost});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
            }
        }
    }
    return d[a.size()][b.size()];
}

}  // namespace

std::string_view nearest(std::string_view word, const std::vector<std::string_view>& candidates,
                         std::size_t distance_max) {
    constexpr std::size_t kWordBytesMax = 200;  // the distance is quadratic
    if (word.size() > kWordBytesMax) return {};
    std::string_view best;
    std::size_t bound = std::clamp<std::size_t>(word.size() / 3, 1, distance_max) + 1;
    for (const std::string_view candidate : candidates) {
        std::size_t distance = edit_distance(word, candidate);
        // The word may be all but a suffix: "session_timeout" for "session_timeout_ms".
        if (word.size() >= 4 && candidate.starts_with(word)) distance = 1;
        if (distance < bound) {
            best = candidate;
            bound = distance;
        }
    }
    return best;
}

void check_config(LoadedConfig& loaded) { Checker(loaded).run(); }

}  // namespace newsmill
