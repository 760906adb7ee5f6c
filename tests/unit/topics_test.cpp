#include "stages/topics.hpp"

#include <gmock/gmock.h>

#include <string>

namespace newsmill {
namespace {

struct Tagged {
    Batch batch{BatchLimits{}};
    std::span<const Topic> topics;

    Tagged(TopicsStage& stage, std::string_view headline, std::string_view body,
           std::string_view language = "en") {
        Article& article = batch.add("");
        article.headline = headline;
        article.body = body;
        article.language = language;
        stage.process(batch);
        topics = article.topics;
    }
    std::string first() const { return topics.empty() ? "" : std::string(topics[0].name); }
};

std::string error_of(std::string_view text) {
    TopicsOptions options;
    options.lexicons = {{"en", "x.topics", text}};
    try {
        TopicsStage stage(options);
    } catch (const LexiconError& error) {
        return error.what();
    }
    return "";
}

TEST(Topics, PicksTheTopicOfPlainStories) {
    TopicsStage stage{TopicsOptions{}};
    EXPECT_EQ(Tagged(stage, "Parliament backs coalition",
                     "The prime minister won a confidence vote on Monday after the opposition "
                     "party failed to win over four lawmakers.")
                  .first(),
              "politics");
    EXPECT_EQ(Tagged(stage, "Late goal sends Rovers through",
                     "A header in the final minute of the cup semi-final settled the match, and "
                     "the coach praised his players.")
                  .first(),
              "sport");
    EXPECT_EQ(Tagged(stage, "Snow closes roads",
                     "Heavy snow and freezing temperatures are forecast for the north, the "
                     "weather service said.")
                  .first(),
              "weather");
    EXPECT_EQ(Tagged(stage, "Shares slip as rates rise",
                     "The central bank raised its interest rate and investors sold bank stocks.")
                  .first(),
              "economy, business and finance");
}

TEST(Topics, OrdersByStrengthAndKeepsTheBounds) {
    TopicsOptions options;
    options.topics_max = 2;
    options.confidence_min = 0;
    options.relevance_min = 0;
    TopicsStage stage(options);
    const Tagged tagged(stage, "Hospital strike ends",
                        "Nurses at the hospital ended their strike after the union agreed a pay "
                        "rise with the health ministry. Patients were treated again on Friday.");
    ASSERT_EQ(tagged.topics.size(), 2u);
    EXPECT_EQ(tagged.topics[0].relevance, 100);
    EXPECT_GE(tagged.topics[0].relevance, tagged.topics[1].relevance);
    EXPECT_GE(tagged.topics[0].confidence, tagged.topics[1].confidence);
    for (const Topic& topic : tagged.topics) {
        EXPECT_EQ(topic.code.size(), 8u);
        EXPECT_LE(topic.confidence, 100);
        EXPECT_EQ(topic.creator, "newsmill/topics-rules@1");
    }
}

TEST(Topics, FoldsSuffixesCaseAndGenitives) {
    TopicsOptions options;
    options.confidence_min = 0;
    options.lexicons = {
        {"en", "x.topics", "keep: aids\ntopic 07000000 health\n9: aids, vote, prime minister\n"}};
    TopicsStage stage(options);
    for (const char* text : {"voting", "Votes", "VOTED", "the Prime Minister’s car",
                             "prime-ministers", "prime\u00a0minister", "AIDS"}) {
        EXPECT_EQ(Tagged(stage, "", text).topics.size(), 1u) << text;
    }
    for (const char* text : {"aid", "prime, minister", "prime. Minister", "devoted", ""}) {
        EXPECT_EQ(Tagged(stage, "", text).topics.size(), 0u) << text;
    }
}

TEST(Topics, TheLongestTermWins) {
    TopicsOptions options;
    options.confidence_min = 0;
    options.relevance_min = 0;
    options.lexicons = {
        {"en", "x.topics", "topic 15000000 sport\n9: world cup\ntopic 13000000 science\n9: cup\n"}};
    TopicsStage stage(options);
    const Tagged tagged(stage, "", "the world cup");
    ASSERT_EQ(tagged.topics.size(), 1u);
    EXPECT_EQ(tagged.topics[0].name, "sport");
}

TEST(Topics, LeavesOtherLanguagesAndRejectedArticlesAlone) {
    TopicsStage stage{TopicsOptions{}};
    EXPECT_TRUE(Tagged(stage, "", "Der Minister im Parliament", "de").topics.empty());
    EXPECT_FALSE(Tagged(stage, "", "parliament election", "und").topics.empty());
    Batch batch{BatchLimits{}};
    Article& article = batch.add("");
    article.body = "parliament election";
    reject(article, Code::kNoText, "test", "test");
    stage.process(batch);
    EXPECT_TRUE(article.topics.empty());
}

TEST(Topics, ABadLexiconSaysWhere) {
    EXPECT_THAT(error_of("9: x\n"), testing::HasSubstr("x.topics:1: terms before"));
    EXPECT_THAT(error_of("topic 1 x\n"), testing::HasSubstr("x.topics:1: a topic needs"));
    EXPECT_THAT(error_of("topic 11000000 a\n\n9: vote, voted\n"),
                testing::HasSubstr("x.topics:3: 'voted' stands here twice"));
    EXPECT_THAT(error_of("topic 11000000 a\n0: vote\n"), testing::HasSubstr("x.topics:2"));
    EXPECT_THAT(error_of("topic 11000000 a\n9: a b c d\n"), testing::HasSubstr("more than three"));
    EXPECT_THAT(error_of("# nothing\n"), testing::HasSubstr("no topic"));
    EXPECT_EQ(error_of("topic 11000000 a\n9: vote # why\n"), "");
}

}  // namespace
}  // namespace newsmill
