// The producer over librdkafka's mock cluster, which can be told what to answer.
#include "pipeline/kafka/producer.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <deque>
#include <string>
#include <thread>

#include "pipeline/kafka/cluster.hpp"

namespace newsmill::kafka_test {
namespace {

// Codes of Kafka's protocol. After the first the client goes on, after the second it is useless.
constexpr int kMessageTooLarge = 10;
constexpr int kOutOfOrderSequenceNumber = 45;

Article article_at(std::int64_t offset) {
    Article article;
    article.origin.topic = "in";
    article.origin.partition = 0;
    article.origin.offset = offset;
    article.output.channel = Channel::kMain;
    article.output.value = "{}";
    article.output.has_value = true;
    return article;
}

// As the sink does: again and again until the producer has an answer.
template <typename Call>
Outcome until_answered(Call call) {
    Outcome outcome = Outcome::kRetry;
    for (int i = 0; i < 1'000 && outcome == Outcome::kRetry; ++i) {
        outcome = call();
        if (outcome == Outcome::kRetry) std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return outcome;
}

class KafkaProducer : public testing::TestWithParam<int> {};

TEST_P(KafkaProducer, aborts_what_fails_between_two_sends_and_goes_on) {
    kafka::MockCluster cluster;
    cluster.create_topic("out", 1);
    kafka::ProducerOptions options;
    options.brokers = cluster.brokers();
    options.topics[static_cast<int>(Channel::kMain)] = "out";
    options.transactional_id = "test";
    options.properties = {{"linger.ms", "0"}};
    kafka::KafkaProducer producer(options);

    ASSERT_EQ(producer.begin(), Outcome::kOk);
    const Article first = article_at(0);
    ASSERT_EQ(producer.send(first), Outcome::kOk);
    std::this_thread::sleep_for(std::chrono::milliseconds(500));  // the topic is known by now
    cluster.fail_produce(GetParam());
    // The refusal comes at some later send, whose message was fine.
    Outcome outcome = Outcome::kOk;
    std::deque<Article> sent;  // a failed delivery names its article
    for (int i = 1; i < 500 && outcome == Outcome::kOk; ++i) {
        outcome = producer.send(sent.emplace_back(article_at(i)));
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    ASSERT_EQ(outcome, Outcome::kAborted) << producer.failure().message;
    ASSERT_EQ(until_answered([&] { return producer.abort(); }), Outcome::kOk)
        << producer.failure().message;

    // The one after it may find a gap in the sequence numbers, and start a new epoch of them.
    Outcome committed = Outcome::kAborted;
    const Article last = article_at(1'000);
    for (int i = 0; i < 3 && committed == Outcome::kAborted; ++i) {
        ASSERT_EQ(until_answered([&] { return producer.begin(); }), Outcome::kOk);
        ASSERT_EQ(until_answered([&] { return producer.send(last); }), Outcome::kOk);
        committed = until_answered([&] { return producer.commit(); });
        if (committed != Outcome::kAborted) break;
        ASSERT_EQ(until_answered([&] { return producer.abort(); }), Outcome::kOk);
    }
    EXPECT_EQ(committed, Outcome::kOk) << producer.failure().message;
    int records = 0;
    kafka::read_topic(cluster.brokers(), "out", 1'000, [&](const kafka::Record&) {
        ++records;
        return true;
    });
    EXPECT_GE(records, 1);
}

INSTANTIATE_TEST_SUITE_P(Errors, KafkaProducer,
                         testing::Values(kMessageTooLarge, kOutOfOrderSequenceNumber));

}  // namespace
}  // namespace newsmill::kafka_test
