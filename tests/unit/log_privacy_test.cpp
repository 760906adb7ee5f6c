// No line of the log above level debug holds text of an article, whatever becomes of the article.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "daemon/mill.hpp"
#include "pipeline/log.hpp"
#include "pipeline/pipeline.hpp"

namespace newsmill {
namespace {

// A word that no line but an article's has.
constexpr std::string_view kWord = "Quixelbrandt";

std::vector<std::string> articles() {
    const std::string word(kWord);
    const std::string body = "The " + word + " bridge was closed, said " + word +
                             ", the mayor. \\\"We mend " + word + " now,\\\" she said.";
    return {
        R"({"title": ")" + word + R"( closes", "text": ")" + body + R"(", "authors": [")" + word +
            R"("], "url": "https://desk.example/)" + word + R"(", "source": ")" + word + R"("})",
        R"({"title": ")" + word + R"( closes", "text": ")" + body + R"("})",  // a copy
        R"({"title": ")" + word + R"(", "text": "cut )" + word,
        R"({"title": ")" + word + R"(", "text": 7, "published": ")" + word + R"("})",
        R"(["a list", ")" + word + R"("])",
        "<nitf><body>" + word + "<p>not closed " + word + "</body></nitf>",
        "<unknown><p>" + word + "</p></unknown>",
        "<html><body><p>" + word + "</p></body></html>",
        word + "\n\n" + word + " in plain text.",
        std::string("\xff\xfe\x00\x01", 4) + word,
        R"({"headline": ")" + word + R"(", "body": "", "pubStatus": "canceled", "uri": ")" + word +
            R"("})",
    };
}

class ListConsumer final : public Consumer {
   public:
    explicit ListConsumer(const std::vector<std::string>& payloads) : payloads_(payloads) {}
    Event poll(Batch* batch) noexcept override {
        if (!std::exchange(assigned_, true)) return Event::kAssigned;
        if (next_ == payloads_.size()) return Event::kEnd;
        if (batch == nullptr) return Event::kNone;
        Article& article = batch->add(payloads_[next_]);
        article.origin = {"raw", 0, static_cast<std::int64_t>(next_++), 1'764'000'000'000};
        return Event::kArticles;
    }
    GroupToken accept_assignment() noexcept override { return nullptr; }
    void release_assignment() noexcept override {}
    bool rewind() noexcept override { return true; }

   private:
    const std::vector<std::string>& payloads_;
    std::size_t next_ = 0;
    bool assigned_ = false;
};

// Takes everything, and notes why articles were given up.
class NotingProducer final : public Producer {
   public:
    Outcome begin() noexcept override { return Outcome::kOk; }
    Outcome send(const Article& article) noexcept override {
        ++sent;
        if (!article.ok()) verdicts.append(article.verdict.message).push_back('\n');
        return Outcome::kOk;
    }
    Outcome send_notice(const Article&, const Output&) noexcept override { return Outcome::kOk; }
    Outcome send_positions(const std::vector<Position>&, const GroupToken&) noexcept override {
        return Outcome::kOk;
    }
    Outcome commit() noexcept override { return Outcome::kOk; }
    Outcome abort() noexcept override { return Outcome::kOk; }

    std::size_t sent = 0;
    std::string verdicts;
};

TEST(LogPrivacy, no_text_of_an_article_above_level_debug) {
    const std::string path =
        testing::TempDir() + "/newsmill_privacy_" + std::to_string(getpid()) + ".log";
    std::filesystem::remove(path);
    LogOptions log;
    log.file = path;
    log_start(log);
    const LoadedConfig loaded = load_config("", {"dedup.journal=memory"});
    Mill mill(loaded.config, loaded.hash, Mill::Output::kKafka);
    const std::vector<std::string> payloads = articles();
    ListConsumer consumer(payloads);
    NotingProducer producer;
    MemoryJournal journal;
    Pipeline pipeline(mill.parts(consumer, producer, &journal), mill.pipeline_options(),
                      steady_clock());
    pipeline.run_inline();
    log_info("the end");
    log_stop();
    std::ifstream file(path);
    std::stringstream text;
    text << file.rdbuf();
    std::filesystem::remove(path);
    EXPECT_EQ(producer.sent, payloads.size());
    EXPECT_NE(text.str().find("the end"), std::string::npos);
    EXPECT_EQ(text.str().find(kWord), std::string::npos) << text.str();
    EXPECT_FALSE(producer.verdicts.empty());
    EXPECT_EQ(producer.verdicts.find(kWord), std::string::npos) << producer.verdicts;
}

}  // namespace
}  // namespace newsmill
