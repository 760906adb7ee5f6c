#include "daemon/client_properties.hpp"

#include <algorithm>

#include "pipeline/config_table.hpp"
#include "pipeline/kafka/client.hpp"

namespace newsmill {
namespace {

// librdkafka's messages quote the value and may end in a newline.
std::string reason(const LoadedConfig& loaded, const std::string& path, const std::string& name,
                   std::string message) {
    const auto& secrets = loaded.secret_paths;
    if (is_secret_property(name) ||
        std::find(secrets.begin(), secrets.end(), path) != secrets.end()) {
        return "librdkafka refuses the value";
    }
    while (!message.empty() && message.back() == '\n') message.pop_back();
    return message;
}

void check_table(LoadedConfig& loaded, const std::string& path, const PropertyMap& table) {
    kafka::Conf conf;
    for (const auto& [name, value] : table) {
        try {
            conf.set(name, value);
        } catch (const kafka::StartError& error) {
            const std::string full = path + "." + name;
            const auto origin = loaded.origins.find(full);
            loaded.errors.push_back(
                {origin == loaded.origins.end() ? std::string() : origin->second,
                 full + ": " + reason(loaded, full, name, error.what())});
        }
    }
}

}  // namespace

void check_client_properties(LoadedConfig& loaded) {
    check_table(loaded, "input.kafka.client", loaded.config.input.kafka.client);
    check_table(loaded, "output.kafka.client", loaded.config.output.kafka.client);
    check_table(loaded, "dedup.kafka.client", loaded.config.dedup.kafka.client);
}

}  // namespace newsmill
