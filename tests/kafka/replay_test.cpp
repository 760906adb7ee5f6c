// Archive, replay and dead letters on a real Apache Kafka.
#include <fcntl.h>
#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <set>
#include <sstream>
#include <thread>

#include "daemon/dead_letter_box.hpp"
#include "pipeline/archive/archive_reader.hpp"
#include "pipeline/kafka/cluster.hpp"
#include "tests/kafka/harness.hpp"

namespace newsmill::kafka_test {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr int kPartitions = 3;

std::vector<std::string> sets_of(const Topics& topics) {
    return {"input.kafka.brokers=" + Broker::instance().address(),
            "input.kafka.topics=[\"" + topics.in + "\"]",
            "input.kafka.group=" + topics.group,
            "output.kafka.topic=" + topics.out,
            "output.kafka.dead_letter_topic=" + topics.dead,
            "output.kafka.notices_topic=" + topics.notices,
            "output.kafka.commit_interval_ms=50",
            "output.kafka.transactional_prefix=" + topics.group,
            "dedup.kafka.topic=" + topics.journal};
}

// Any command of newsmill as a child process.
class Child {
   public:
    Child(const std::string& name, std::vector<std::string> words) {
        const std::string folder = std::string(NEWSMILL_SOURCE_DIR) + "/build/kafka/";
        log_path_ = folder + name + "-" + std::to_string(getpid()) + ".log";
        words.insert(words.begin(), std::string(NEWSMILL_BINARY_DIR) + "/bin/newsmill");
        std::vector<char*> argv;
        for (std::string& word : words) argv.push_back(word.data());
        argv.push_back(nullptr);
        pid_ = fork();
        if (pid_ != 0) return;
        const int fd = open(log_path_.c_str(), O_CREAT | O_WRONLY | O_TRUNC, 0644);
        dup2(fd, STDOUT_FILENO);
        dup2(fd, STDERR_FILENO);
        execv(argv[0], argv.data());
        _exit(127);
    }
    ~Child() {
        if (pid_ > 0) {
            kill(pid_, SIGKILL);
            waitpid(pid_, nullptr, 0);
        }
    }
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;

    bool running() {
        if (pid_ <= 0) return false;
        if (waitpid(pid_, &status_, WNOHANG) == 0) return true;
        pid_ = -1;
        return false;
    }
    void signal(int number) {
        if (running()) kill(pid_, number);
    }
    int wait(int timeout_ms = 120'000) {
        for (int waited = 0; running(); waited += 5) {
            if (waited > timeout_ms) return -1000;
            std::this_thread::sleep_for(5ms);
        }
        return WIFEXITED(status_) ? WEXITSTATUS(status_) : -WTERMSIG(status_);
    }
    std::string output() const {
        std::ifstream file(log_path_);
        std::stringstream text;
        text << file.rdbuf();
        return text.str();
    }

   private:
    pid_t pid_ = -1;
    int status_ = 0;
    std::string log_path_;
};

std::vector<std::string> replay_words(const Topics& topics, const std::string& source,
                                      std::vector<std::string> more) {
    std::vector<std::string> words = {"replay", "-c",
                                      std::string(NEWSMILL_SOURCE_DIR) + "/tests/kafka/empty.toml",
                                      "--source", source};
    for (const std::string& set : sets_of(topics)) {
        words.emplace_back("--set");
        words.push_back(set);
    }
    words.insert(words.end(), more.begin(), more.end());
    return words;
}

// Each partition's records in order, with the run's name taken out.
std::map<int, std::vector<std::string>> contents(const std::string& topic, const std::string& run) {
    std::map<int, std::vector<std::string>> all;
    kafka::read_topic(Broker::instance().address(), topic, 1'000, [&](const kafka::Record& record) {
        std::string text = record.key.value_or("") + "\n" + record.value.value_or("");
        for (std::size_t at = text.find(run); at != text.npos; at = text.find(run, at))
            text.replace(at, run.size(), "RUN");
        all[record.partition].push_back(std::move(text));
        return true;
    });
    return all;
}

std::size_t count_of(const std::map<int, std::vector<std::string>>& partitions) {
    std::size_t count = 0;
    for (const auto& [partition, records] : partitions) count += records.size();
    return count;
}

// ---- Archive and replay
// ------------------------------------------------------------------------------

TEST(Replay, that_is_killed_ten_times_is_the_one_that_ran_through) {
    constexpr int kArticles = 50'000;
    const Topics topics = make_topics("replayed", kPartitions);
    const std::string archive = fresh_folder("replayed-archive");
    ArticleMaker maker(21);
    feed(topics, maker, kArticles);
    Child live("replayed-live", [&] {
        std::vector<std::string> words = {
            "run", "-c", std::string(NEWSMILL_SOURCE_DIR) + "/tests/kafka/empty.toml",
            "--until-eof"};
        for (const std::string& set : sets_of(topics)) {
            words.emplace_back("--set");
            words.push_back(set);
        }
        words.insert(words.end(), {"--set", "output.archive.path=" + archive});
        return words;
    }());
    ASSERT_EQ(live.wait(), 0) << live.output();

    // The archive holds each article once, in the order of the journal.
    ArchiveReader reader(archive);
    ArchivedRecord record;
    std::set<std::pair<int, std::int64_t>> ids;
    std::int64_t place = -1;
    while (reader.next(record)) {
        ids.emplace(record.origin.partition, record.origin.offset);
        EXPECT_GE(record.journal_position, place);
        place = record.journal_position;
    }
    EXPECT_THAT(ids, SizeIs(kArticles));
    EXPECT_EQ(reader.errors().size(), 0u);

    // What was published is what a replay decides, from the archive and from the topic.
    for (const std::string& source : {archive, "topic:" + topics.in}) {
        Child verify("replayed-verify", replay_words(topics, source, {}));
        EXPECT_EQ(verify.wait(), 0) << verify.output();
        EXPECT_THAT(verify.output(), HasSubstr("50,000 articles: 50,000 as published"));
    }

    Child whole("replayed-whole", replay_words(topics, archive,
                                               {"--mode", "shadow", "--run", "whole-run", "--topic",
                                                topics.group + ".whole"}));
    ASSERT_EQ(whole.wait(), 0) << whole.output();

    std::mt19937 random(5);
    const std::vector<std::string> words =
        replay_words(topics, archive,
                     {"--mode", "shadow", "--run", "killed-run", "--resume", "--topic",
                      topics.group + ".killed"});
    int killed = 0;
    for (int i = 0; i < 10; ++i) {
        Child child("replayed-killed-" + std::to_string(i), words);
        // From the start of the process to the middle of its work.
        std::this_thread::sleep_for(std::chrono::milliseconds(200 + random() % 1300));
        child.signal(SIGKILL);
        const int code = child.wait();
        ASSERT_TRUE(code == -SIGKILL || code == 0) << code << child.output();
        killed += code == 0 ? 0 : 1;
    }
    Child last("replayed-last", words);
    ASSERT_EQ(last.wait(), 0) << last.output();
    fmt::print("  {} of 10 kills before the end\n", killed);

    const auto expected = contents(topics.group + ".whole", "whole-run");
    const auto got = contents(topics.group + ".killed", "killed-run");
    EXPECT_GT(count_of(expected), kArticles * 9u / 10);
    EXPECT_EQ(count_of(got), count_of(expected));
    EXPECT_TRUE(got == expected);
    EXPECT_EQ(count_of(contents(topics.group + ".killed.dead-letters", "killed-run")),
              count_of(contents(topics.group + ".whole.dead-letters", "whole-run")));

    // It can't be published a second time, nor go on with something else.
    Child again("replayed-again", replay_words(topics, archive,
                                               {"--mode", "shadow", "--run", "whole-run", "--topic",
                                                topics.group + ".whole"}));
    EXPECT_EQ(again.wait(), 2) << again.output();
    EXPECT_THAT(again.output(), HasSubstr("has published 50,000 articles already"));
    Child other("replayed-other", replay_words(topics, archive,
                                               {"--mode", "shadow", "--run", "whole-run", "--topic",
                                                topics.group + ".whole", "--resume", "--set",
                                                "dedup.near.containment_min=600"}));
    EXPECT_EQ(other.wait(), 2) << other.output();
    std::filesystem::remove_all(archive);
}

// Partitions have positions of their own, and are merged in the same order after each kill.
TEST(Replay, of_a_topic_goes_on_where_it_was_killed) {
    const Topics topics = make_topics("topic-replayed", kPartitions);
    ArticleMaker maker(23);
    feed(topics, maker, 9'000);
    const std::string source = "topic:" + topics.in;
    const auto words = [&](const std::string& run, std::vector<std::string> more) {
        more.insert(more.end(), {"--mode", "shadow", "--resume", "--run", run + "-run", "--topic",
                                 topics.group + "." + run});
        return replay_words(topics, source, more);
    };
    Child whole("topic-whole", words("whole", {}));
    ASSERT_EQ(whole.wait(), 0) << whole.output();
    for (int i = 0; i < 4; ++i) {
        Child child("topic-killed-" + std::to_string(i), words("killed", {"--rate", "2000/s"}));
        std::this_thread::sleep_for(std::chrono::milliseconds(900 + 150 * i));
        child.signal(SIGKILL);
        ASSERT_EQ(child.wait(), -SIGKILL) << child.output();
    }
    Child last("topic-last", words("killed", {}));
    ASSERT_EQ(last.wait(), 0) << last.output();
    EXPECT_THAT(last.output(), HasSubstr(", behind "));
    const auto expected = contents(topics.group + ".whole", "whole-run");
    EXPECT_GT(count_of(expected), 8'500u);
    EXPECT_TRUE(contents(topics.group + ".killed", "killed-run") == expected);
}

TEST(Replay, says_what_another_threshold_decides) {
    const Topics topics = make_topics("differs", kPartitions);
    ArticleMaker maker(22);
    feed(topics, maker, 2'000);
    {
        Daemon daemon(topics, "a", {"output.kafka.transactional_prefix=" + topics.group});
        ASSERT_TRUE(wait_until_committed(topics, kPartitions, daemon, 60'000)) << daemon.log();
        daemon.signal(SIGTERM);
        ASSERT_EQ(daemon.wait(40'000), 0) << daemon.log();
    }
    const std::string source = "topic:" + topics.in;
    Child same("differs-same", replay_words(topics, source, {}));
    EXPECT_EQ(same.wait(), 0) << same.output();
    Child other("differs-other",
                replay_words(topics, source,
                             {"--set", "dedup.near.containment_min=20", "--set",
                              "dedup.near.few_containment_min=100", "--set",
                              "dedup.near.uneven_containment_min=100", "--set",
                              "dedup.near.figures_min=0", "--set", "dedup.near.facts_min=0"}));
    EXPECT_EQ(other.wait(), 1) << other.output();
    EXPECT_THAT(other.output(), HasSubstr("unique -> near of "));
    // A part of a partition, and times.
    Child part("differs-part", replay_words(topics, source, {"--offsets", "1:10-60"}));
    part.wait();
    EXPECT_THAT(part.output(), HasSubstr(" 50 articles: "));
    Child none("differs-none", replay_words(topics, source, {"--to", "2001-01-01"}));
    none.wait();
    EXPECT_THAT(none.output(), HasSubstr(" 0 articles: "));
}

// ---- Dead letters
// ------------------------------------------------------------------------------

class Letters {
   public:
    explicit Letters(const Topics& topics)
        : topics_(topics), loaded_(load_config("", sets_of(topics))), box_(loaded_.config) {}

    void run_daemon() {
        Child daemon("letters-daemon", [&] {
            std::vector<std::string> words = {
                "run", "-c", std::string(NEWSMILL_SOURCE_DIR) + "/tests/kafka/empty.toml",
                "--until-eof"};
            for (const std::string& set : sets_of(topics_)) {
                words.emplace_back("--set");
                words.push_back(set);
            }
            return words;
        }());
        ASSERT_EQ(daemon.wait(), 0) << daemon.output();
    }
    DeadLetterBox& box() { return box_; }
    std::size_t waiting() { return box_.list({}, 1000).size(); }

   private:
    const Topics& topics_;
    LoadedConfig loaded_;
    DeadLetterBox box_;
};

TEST(DeadLetters, are_sent_again_once_and_not_for_ever) {
    const Topics topics = make_topics("letters", kPartitions);
    {
        kafka::Writer writer(Broker::instance().address());
        for (int i = 0; i < 30; ++i) {
            kafka::Record record;
            record.value = i % 3 == 0   ? std::string("{\"title\": \"cut off")
                           : i % 3 == 1 ? std::string("{\"id\": 7}")
                                        : R"({"title": "A good one", "text": "Words."})";
            record.key = "k" + std::to_string(i);
            record.headers = {{"traceparent", "00-" + std::to_string(i)}};
            record.timestamp_ms = 1'700'000'000'000 + i;
            writer.write(topics.in, record);
        }
        ASSERT_TRUE(writer.flush(10'000));
    }
    Letters letters(topics);
    letters.run_daemon();
    ASSERT_EQ(letters.waiting(), 20u);
    DeadLetterFilter broken;
    broken.codes = {"PARSE_JSON"};
    const std::vector<DeadLetter> list = letters.box().list(broken, 100);
    ASSERT_EQ(list.size(), 10u);
    EXPECT_EQ(list[0].topic, topics.in);
    EXPECT_EQ(list[0].value, "{\"title\": \"cut off");
    EXPECT_EQ(list[0].headers[0].first, "traceparent");
    EXPECT_EQ(list[0].stage, "parse");

    EXPECT_EQ(letters.box().replay(broken, {.replays_max = 3, .topic = {}, .dry_run = true}).done,
              10u);
    EXPECT_EQ(letters.waiting(), 20u);
    EXPECT_EQ(letters.box().replay(broken, {}).done, 10u);
    EXPECT_EQ(letters.box().replay(broken, {}).done, 0u) << "they are handled";
    EXPECT_EQ(letters.waiting(), 10u);

    // They fail again, and count on; after the third time they are held back.
    for (int round = 1; round <= 3; ++round) {
        letters.run_daemon();
        const std::vector<DeadLetter> again = letters.box().list(broken, 100);
        ASSERT_EQ(again.size(), 10u);
        EXPECT_EQ(again[0].replays, round);
        EXPECT_EQ(again[0].timestamp_ms / 1000, 1'700'000'000);
        const DeadLetterOutcome outcome = letters.box().replay(broken, {});
        EXPECT_EQ(outcome.done, round < 3 ? 10u : 0u);
        EXPECT_EQ(outcome.held_back, round < 3 ? 0u : 10u);
    }
    DeadLetterFilter one;
    one.ids = {letters.box().list(broken, 1).at(0).id};
    EXPECT_EQ(letters.box().discard(one, true).done, 1u);
    EXPECT_EQ(letters.box().discard(one, false).done, 1u);
    EXPECT_EQ(letters.box().show(one.ids[0])->handled, "discarded");
    EXPECT_EQ(letters.box().discard({}, false).done, 19u);
    EXPECT_EQ(letters.waiting(), 0u);
    // The group says that nothing waits: its positions are behind the last letter.
    const kafka::Lag lag = kafka::group_lag(Broker::instance().address(), topics.group + "-dlq",
                                            topics.dead, kPartitions);
    EXPECT_GT(lag.committed, 0);
}

}  // namespace
}  // namespace newsmill::kafka_test
