#include "stages/tagging/text_memo.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>

#include "stages/quotes.hpp"
#include "stages/topics.hpp"

namespace newsmill {
namespace {

Hash128 key(std::uint64_t number) { return {number, number * 0x9e3779b97f4a7c15u}; }

void keep(TextMemo& memo, std::uint64_t number, const std::string& bytes) {
    const std::span<char> room = memo.keep(key(number), bytes.size());
    ASSERT_EQ(room.size(), bytes.size());
    std::copy(bytes.begin(), bytes.end(), room.begin());
}

TEST(TextMemo, KeepsTheNewestInItsBytes) {
    TextMemo memo(1 << 16);
    EXPECT_EQ(memo.find(key(1)).data(), nullptr);
    std::size_t known = 0;
    for (std::uint64_t number = 0; number < 10'000; ++number) {
        keep(memo, number, std::string(100 + number % 57, static_cast<char>('a' + number % 26)));
        // Of the newest hundred all but those whose slot another one took.
        for (std::uint64_t back = 0; back < 100 && back <= number; ++back) {
            const std::uint64_t of = number - back;
            const std::string_view found = memo.find(key(of));
            if (found.data() == nullptr) continue;
            ++known;
            ASSERT_EQ(found, std::string(100 + of % 57, static_cast<char>('a' + of % 26)));
        }
        if (number < 1'000) continue;
        ASSERT_EQ(memo.find(key(number - 1'000)).data(), nullptr);
    }
    EXPECT_GT(known, 700'000u);
    memo.clear();
    EXPECT_EQ(memo.find(key(9'999)).data(), nullptr);
}

TEST(TextMemo, EmptyResultsAreKnownAndLargeOnesAreNotKept) {
    TextMemo memo(1 << 12);
    memo.keep(key(1), 0);
    EXPECT_NE(memo.find(key(1)).data(), nullptr);
    EXPECT_TRUE(memo.find(key(1)).empty());
    EXPECT_TRUE(memo.keep(key(2), 1 << 11).empty());
    EXPECT_EQ(memo.find(key(2)).data(), nullptr);
    TextMemo none(0);
    EXPECT_TRUE(none.keep(key(1), 10).empty());
    EXPECT_EQ(none.find(key(1)).data(), nullptr);
}

TEST(TextMemo, KeysTellTextsHeadlinesAndLanguagesApart) {
    const Hash128 one = TextMemo::key_of("en", "head", "body");
    EXPECT_EQ(one, TextMemo::key_of("en", "head", "body"));
    EXPECT_NE(one, TextMemo::key_of("de", "head", "body"));
    EXPECT_NE(one, TextMemo::key_of("en", "heads", "body"));
    EXPECT_NE(one, TextMemo::key_of("en", "headb", "ody"));
}

constexpr std::string_view kBody =
    "The council of Lindby voted for the new tram line on Monday.\n\n"
    "\"We have waited for ten years,\" said Mayor Anna Berg, who had fought for it. \"Now we "
    "build.\"\n\n"
    "Critics called it \"a waste of money\". Berg said that the election would be won by trams.";

struct Tagged {
    Tagged(Stage& stage, std::string_view body) : batch(BatchLimits{}) {
        for (int i = 0; i < 2; ++i) {
            Article& article = batch.add("{}");
            article.uri = "urn:a";
            article.headline = "Council votes for tram line";
            article.body = body;
            article.body_is_ascii = true;
            article.language = "en";
        }
        stage.process(batch);
    }
    Batch batch;
};

// What is remembered is what would be found, in memory of the article's own.
TEST(TextMemo, CopiesHaveTheQuotesOfTheFirst) {
    QuotesOptions options;
    options.memo_bytes = 1 << 20;
    QuotesStage remembers(options);
    QuotesStage reads(QuotesOptions{});
    const Tagged expected(reads, kBody);
    auto first = std::make_unique<Tagged>(remembers, kBody);
    ASSERT_GE(first->batch.articles[0].quotes.size(), 3u);
    first.reset();
    const std::string elsewhere(kBody);
    const Tagged again(remembers, elsewhere);
    for (const Article& article : again.batch.articles) {
        const auto& wanted = expected.batch.articles[0].quotes;
        ASSERT_EQ(article.quotes.size(), wanted.size());
        for (std::size_t i = 0; i < wanted.size(); ++i) {
            const Quote& quote = article.quotes[i];
            EXPECT_EQ(quote.speaker, wanted[i].speaker);
            EXPECT_EQ(quote.role, wanted[i].role);
            EXPECT_EQ(quote.statement, wanted[i].statement);
            EXPECT_EQ(quote.span, wanted[i].span);
            EXPECT_EQ(quote.cue, wanted[i].cue);
            EXPECT_EQ(quote.mention, wanted[i].mention);
            EXPECT_EQ(quote.confidence, wanted[i].confidence);
            EXPECT_TRUE(std::equal(quote.quoted.begin(), quote.quoted.end(),
                                   wanted[i].quoted.begin(), wanted[i].quoted.end()));
        }
    }
}

TEST(TextMemo, OtherRulesForgetTheTopics) {
    TopicsOptions options;
    options.memo_bytes = 1 << 20;
    const auto live = std::make_shared<LiveTopics>(TopicsData{});
    options.live = live;
    TopicsStage stage(options);
    const Tagged before(stage, kBody);
    ASSERT_FALSE(before.batch.articles[0].topics.empty());
    EXPECT_EQ(before.batch.articles[1].topics[0].code, before.batch.articles[0].topics[0].code);
    live->replace({topics::Rules::compile({}), nullptr});
    const Tagged after(stage, kBody);
    EXPECT_TRUE(after.batch.articles[0].topics.empty());
}

}  // namespace
}  // namespace newsmill
