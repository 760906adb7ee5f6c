// The log: formats, escaping, the queue's loss, the gate.
#include "pipeline/log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <vector>

#include "pipeline/json_quote.hpp"

namespace newsmill {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;

class LogTest : public testing::Test {
   protected:
    LogTest() : path_(testing::TempDir() + "/newsmill_log_test.log") { std::remove(path_.c_str()); }
    ~LogTest() override {
        log_stop();
        log_set_level(LogLevel::kInfo);
    }

    void start(LogFormat format, LogLevel level = LogLevel::kInfo, std::size_t lines = 8192) {
        log_start({level, format, path_, lines});
    }
    std::vector<std::string> stop() {
        log_stop();
        std::ifstream file(path_);
        std::vector<std::string> lines;
        for (std::string line; std::getline(file, line);) lines.push_back(line);
        return lines;
    }

    std::string path_;
};

TEST_F(LogTest, TextLines) {
    start(LogFormat::kText);
    log_info("batch {} of {}", 3, "raw");
    log_debug("not seen");
    log_event(LogLevel::kWarning, "rebalance", {{"topic", "raw"}, {"partitions", "4"}});
    const auto lines = stop();
    ASSERT_EQ(lines.size(), 2u);
    EXPECT_THAT(lines[0], MatchesRegex("....-..-..T..:..:..\\....Z info    batch 3 of raw"));
    EXPECT_THAT(lines[1], MatchesRegex(".*Z warning rebalance topic=raw partitions=4"));
}

TEST_F(LogTest, JsonLines) {
    start(LogFormat::kJson, LogLevel::kDebug);
    log_debug("said \"{}\"", "a\\b\n\x01");
    log_event(LogLevel::kError, "gone", {{"broker", "a:1"}});
    const auto lines = stop();
    ASSERT_EQ(lines.size(), 2u);
    EXPECT_THAT(lines[0], HasSubstr(R"(,"level":"debug","message":"said \"a\\b\n\u0001\""})"));
    EXPECT_THAT(lines[1], HasSubstr(R"("message":"gone","broker":"a:1"})"));
}

TEST_F(LogTest, NoInputForgesALine) {
    start(LogFormat::kText);
    log_info("{}", "a\n2026-01-01T00:00:00.000Z error   forged \x1b[31m\xC2\x9B \xFF \xE2\x82");
    const auto lines = stop();
    ASSERT_EQ(lines.size(), 1u);
    EXPECT_THAT(lines[0], HasSubstr("a\\n2026"));
    EXPECT_THAT(lines[0], HasSubstr("\\x1b[31m"));
    EXPECT_THAT(lines[0], Not(HasSubstr("\xFF")));
    EXPECT_THAT(lines[0], Not(HasSubstr("\xC2\x9B")));
}

TEST_F(LogTest, TheOldestLinesAreLostAndCounted) {
    start(LogFormat::kText, LogLevel::kInfo, 16);
    constexpr int kThreads = 4, kLines = 5000;
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
        threads.emplace_back([] {
            for (int i = 0; i < kLines; ++i) log_info("line {}", i);
        });
    }
    for (std::thread& thread : threads) thread.join();
    const std::uint64_t lost = log_lines_lost();
    const auto lines = stop();
    // The last word about losses takes a place in the queue itself.
    EXPECT_GE(lines.size() + lost, static_cast<std::size_t>(kThreads * kLines));
    if (lost > 0) {
        EXPECT_THAT(lines.back(), HasSubstr("log lines were lost"));
    }
}

TEST_F(LogTest, AFileThatCantBeOpenedIsAnErrorAtTheStart) {
    EXPECT_THROW(log_start({LogLevel::kInfo, LogFormat::kText, "/dev/null/x.log", 16}),
                 std::runtime_error);
}

TEST(LogGate, LetsOneOfManyPass) {
    LogGate gate(1000);
    EXPECT_TRUE(gate.try_pass_at(5000));
    EXPECT_FALSE(gate.try_pass_at(5001));
    EXPECT_FALSE(gate.try_pass_at(5999));
    const LogPass pass = gate.try_pass_at(6000);
    EXPECT_TRUE(pass);
    EXPECT_EQ(pass.held_back(), 2u);
    EXPECT_EQ(pass.suffix(), " (2 more)");
    EXPECT_EQ(gate.try_pass_at(7000).suffix(), "");
}

TEST(JsonQuote, IsValidWhateverComesIn) {
    EXPECT_EQ(json_quoted("a\"b\\c\n\r\t\x02\x7F"), R"("a\"b\\c\n\r\t\u0002\u007f")");
    EXPECT_EQ(json_quoted("é € 𝄞"), "\"é € 𝄞\"");
    EXPECT_EQ(json_quoted("\xC0\x80"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\"");   // overlong
    EXPECT_EQ(json_quoted("\xED\xA0\x80").substr(1, 3), "\xEF\xBF\xBD");  // a surrogate
    EXPECT_EQ(json_quoted("\xF4\x90\x80\x80").substr(1, 3), "\xEF\xBF\xBD");
    EXPECT_EQ(json_quoted("\xE2\x82"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\"");  // cut off
}

}  // namespace
}  // namespace newsmill
