// TLS, client certificates and SASL through the client tables, against a real Apache Kafka: what is
// right works, and what is wrong ends the daemon soon, with one line that says why.
#include <gtest/gtest.h>

#include <csignal>

#include "pipeline/kafka/cluster.hpp"
#include "tests/kafka/harness.hpp"

namespace newsmill::kafka_test {
namespace {

using Sets = std::vector<std::string>;

constexpr int kPartitions = 2;
constexpr int kConfig = 78;

// The same in all three client tables.
Sets everywhere(const std::string& brokers, const Sets& properties) {
    Sets sets = {"input.kafka.brokers=" + brokers};
    for (const std::string table : {"input", "output", "dedup"}) {
        for (const std::string& property : properties)
            sets.push_back(table + ".kafka.client." + property);
    }
    return sets;
}

Sets tls(const std::string& ca, const std::string& certificate) {
    const Broker& broker = Broker::instance();
    Sets properties = {"security.protocol=SSL", "ssl.ca.location=" + broker.tls_file(ca)};
    if (!certificate.empty()) {
        properties.push_back("ssl.certificate.location=" + broker.tls_file(certificate + ".pem"));
        properties.push_back("ssl.key.location=" + broker.tls_file(certificate + ".key"));
    }
    return everywhere(broker.tls_address(), properties);
}

Sets sasl(const std::string& mechanism, const std::string& password) {
    const Broker& broker = Broker::instance();
    return everywhere(
        broker.sasl_address(),
        {"security.protocol=SASL_SSL", "ssl.ca.location=" + broker.tls_file("ca.pem"),
         "sasl.mechanism=" + mechanism, "sasl.username=newsmill", "sasl.password=" + password});
}

std::string run_through(const std::string& name, const Sets& sets) {
    const Topics topics = make_topics(name, kPartitions);
    ArticleMaker maker(21);
    feed(topics, maker, 800);
    Daemon daemon(topics, "a", sets);
    if (!wait_until_committed(topics, kPartitions, daemon, 60'000)) return daemon.log();
    daemon.signal(SIGTERM);
    if (daemon.wait(40'000) != 0) return daemon.log();
    int published = 0;
    for (const std::string& topic : {topics.out, topics.dead}) {
        kafka::read_topic(Broker::instance().address(), topic, 1'000, [&](const kafka::Record&) {
            ++published;
            return true;
        });
    }
    return published == 800 ? "" : std::to_string(published) + " are published\n" + daemon.log();
}

TEST(Security, tls_with_a_client_certificate) {
    EXPECT_EQ(run_through("tls", tls("ca.pem", "client")), "");
}

TEST(Security, a_password_over_tls) {
    EXPECT_EQ(run_through("sasl", sasl("PLAIN", "mill-secret")), "");
}

TEST(Security, scram_over_tls) {
    const Broker::Older older;
    EXPECT_EQ(run_through("scram", sasl("SCRAM-SHA-512", "mill-secret")), "");
    const Topics topics = make_topics("wrong_scram", kPartitions);
    Daemon daemon(topics, "a", sasl("SCRAM-SHA-512", "mill-guess"));
    EXPECT_EQ(daemon.wait(20'000), kConfig);
    EXPECT_NE(daemon.log().find("the broker refuses the credentials"), std::string::npos)
        << daemon.log();
}

TEST(Security, what_is_wrong_is_one_line_and_an_exit_code) {
    const Topics topics = make_topics("insecure", kPartitions);
    const Broker& broker = Broker::instance();
    Sets journal_alone = sasl("PLAIN", "mill-secret");
    journal_alone.push_back("dedup.kafka.client.sasl.password=mill-guess");
    Sets no_tls_there = tls("ca.pem", "client");
    no_tls_there.push_back("input.kafka.brokers=" + broker.address());
    Sets no_file = tls("none.pem", "client");
    const std::vector<std::pair<Sets, std::string>> wrong = {
        {sasl("PLAIN", "mill-guess"), "the broker refuses the credentials"},
        {journal_alone, "topic 'insecure.journal' at"},
        {tls("other-ca.pem", "client"), "the broker's certificate is not trusted"},
        {tls("ca.pem", "expired"), "the broker refuses this client's certificate"},
        {tls("ca.pem", ""), "the broker refuses this client's certificate"},
        {no_tls_there, "no TLS with the broker"},
        {no_file, "ssl.ca.location"},
    };
    for (const auto& [sets, why] : wrong) {
        Daemon daemon(topics, "a", sets);
        EXPECT_EQ(daemon.wait(20'000), kConfig) << why << "\n" << daemon.log();
        const std::string log = daemon.log();
        EXPECT_NE(log.find(why), std::string::npos) << log;
        std::size_t complaints = 0;
        for (const std::string level : {" error ", " warning "}) {
            for (std::size_t at = log.find(level); at != std::string::npos;
                 at = log.find(level, at + 1)) {
                ++complaints;
            }
        }
        EXPECT_EQ(complaints, 1u) << log;
        EXPECT_EQ(log.find("mill-guess"), std::string::npos) << "the log tells a secret";
    }
}

}  // namespace
}  // namespace newsmill::kafka_test
