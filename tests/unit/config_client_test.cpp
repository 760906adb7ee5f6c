// From options to librdkafka's properties, and what librdkafka says of the client tables.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/client_properties.hpp"
#include "pipeline/config_table.hpp"
#include "pipeline/kafka/client.hpp"

namespace newsmill {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// An option that stands for a property, and the factor between their units.
struct Pair {
    const char* option;
    const char* property;
    std::int64_t factor = 1;
};
constexpr Pair kPairs[] = {
    {"input.kafka.fetch_bytes_min", "fetch.min.bytes"},
    {"input.kafka.fetch_bytes_max", "fetch.max.bytes"},
    {"input.kafka.partition_fetch_bytes_max", "fetch.message.max.bytes"},
    {"input.kafka.fetch_wait_ms", "fetch.wait.max.ms"},
    {"input.kafka.queued_bytes_max", "queued.max.messages.kbytes", 1024},
    {"input.kafka.session_timeout_ms", "session.timeout.ms"},
    {"input.kafka.heartbeat_interval_ms", "heartbeat.interval.ms"},
    {"input.kafka.max_poll_interval_ms", "max.poll.interval.ms"},
    {"output.kafka.linger_ms", "linger.ms"},
    {"output.kafka.queued_bytes_max", "queue.buffering.max.kbytes", 1024},
    {"output.kafka.message_bytes_max", "message.max.bytes"},
    {"output.kafka.transaction_timeout_ms", "transaction.timeout.ms"},
};

TEST(ConfigClient, LibrdkafkaTakesEveryOptionAtItsBounds) {
    for (const Pair& pair : kPairs) {
        const OptionInfo* option = find_option(pair.option);
        ASSERT_NE(option, nullptr) << pair.option;
        kafka::Conf conf;
        EXPECT_NO_THROW(conf.set(pair.property, std::to_string(option->min / pair.factor)))
            << pair.option;
        EXPECT_NO_THROW(conf.set(pair.property, std::to_string(option->max / pair.factor)))
            << pair.option;
    }
    for (const std::string_view name : find_option("output.kafka.compression")->choices) {
        kafka::Conf conf;
        EXPECT_NO_THROW(conf.set("compression.type", std::string(name)));
    }
}

// So that a bound of the memory sum can't be set a second time, elsewhere.
TEST(ConfigClient, PropertiesThatAnOptionStandsForAreRefused) {
    for (const Pair& pair : kPairs) {
        const std::string table(find_option(pair.option)->section);
        const LoadedConfig loaded =
            parse_config("[" + table + ".client]\n\"" + pair.property + "\" = \"1\"", "c.toml");
        ASSERT_EQ(loaded.errors.size(), 1u) << pair.option;
        EXPECT_THAT(loaded.errors[0].message,
                    HasSubstr("use '" + std::string(pair.option) + "' instead"));
    }
}

TEST(ConfigClient, RefusedPropertiesHaveTheirPlace) {
    LoadedConfig loaded = parse_config(
        "[input.kafka.client]\n\"securty.protocol\" = \"SSL\"\n"
        "[output.kafka.client]\nacks = 99999\n\"sasl.mechanisms\" = \"\"\n",
        "c.toml");
    ASSERT_TRUE(loaded.ok());
    check_client_properties(loaded);
    ASSERT_GE(loaded.errors.size(), 2u);
    EXPECT_THAT(to_string(loaded.errors[0]),
                HasSubstr("c.toml:2: input.kafka.client.securty.protocol: No such"));
    EXPECT_THAT(to_string(loaded.errors[1]), HasSubstr("c.toml:4: output.kafka.client.acks: "));
    for (const ConfigIssue& issue : loaded.errors) {
        EXPECT_THAT(to_string(issue), Not(HasSubstr("\n")));
    }
}

}  // namespace
}  // namespace newsmill
