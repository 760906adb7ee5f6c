#include "stages/topics.hpp"

#include <gmock/gmock.h>

#include <string>

#include "stages/topics/taxonomy.hpp"
#include "stages/topics/trainer.hpp"

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
    const Topic* find(std::string_view code) const {
        for (const Topic& topic : topics) {
            if (topic.code == code) return &topic;
        }
        return nullptr;
    }
};

std::shared_ptr<const topics::Rules> rules_of(const std::string& text) {
    return topics::Rules::compile({topics::read_pack({"x.topics", text})});
}

TopicsOptions options_of(const std::string& text) {
    TopicsOptions options;
    options.confidence_min = 0;
    options.relevance_min = 0;
    options.rules = rules_of(text);
    return options;
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

TEST(Topics, PicksTheTopicOfGermanStories) {
    TopicsStage stage{TopicsOptions{}};
    EXPECT_EQ(Tagged(stage, "Bundestag stimmt ab",
                     "Die Abgeordneten der Koalition haben das Gesetz der Bundesregierung "
                     "angenommen, die Opposition stimmte dagegen.",
                     "de")
                  .first(),
              "politics");
    EXPECT_EQ(Tagged(stage, "Überschwemmungen nach Dauerregen",
                     "Die Feuerwehr musste nach dem Hochwasser Dutzende Menschen retten.", "de")
                  .first(),
              "disaster, accident and emergency incident");
}

TEST(Topics, ATopicBelowComesWithThoseAbove) {
    TopicsStage stage{TopicsOptions{}};
    const Tagged tagged(stage, "Striker fires City into cup final",
                        "The midfielder crossed and the striker beat the goalkeeper from close "
                        "range. The Premier League club meet the holders in the FA Cup final.");
    ASSERT_NE(tagged.find("20001065"), nullptr);  // soccer
    ASSERT_NE(tagged.find("20000822"), nullptr);  // competition discipline
    ASSERT_EQ(tagged.topics[0].code, "15000000");
    EXPECT_EQ(tagged.topics[0].relevance, 100);
    for (const Topic& topic : tagged.topics) {
        const topics::MediaTopic* known = topics::find_media_topic(topic.code);
        ASSERT_NE(known, nullptr);
        EXPECT_EQ(known->name, topic.name);
        if (known->parent.empty()) continue;
        const Topic* above = tagged.find(known->parent);
        ASSERT_NE(above, nullptr) << topic.code;
        EXPECT_LT(above, &topic) << "the higher topic comes first";
        EXPECT_GE(above->relevance, topic.relevance);
        EXPECT_GE(above->confidence, topic.confidence);
    }
}

TEST(Topics, OrdersByStrengthAndKeepsTheBounds) {
    TopicsOptions options;
    options.topics_max = 3;
    options.confidence_min = 0;
    options.relevance_min = 0;
    TopicsStage stage(options);
    const Tagged tagged(stage, "Hospital strike ends",
                        "Nurses at the hospital ended their strike after the union agreed a pay "
                        "rise with the health ministry. Patients were treated again on Friday.");
    ASSERT_EQ(tagged.topics.size(), 3u);
    EXPECT_EQ(tagged.topics[0].relevance, 100);
    for (std::size_t i = 1; i < tagged.topics.size(); ++i) {
        EXPECT_GE(tagged.topics[i - 1].relevance, tagged.topics[i].relevance);
    }
    for (const Topic& topic : tagged.topics) {
        EXPECT_EQ(topic.code.size(), 8u);
        EXPECT_LE(topic.confidence, 100);
        EXPECT_EQ(topic.creator, "newsmill/topics-rules@2");
        EXPECT_EQ(topic.scheme, "http://cv.iptc.org/newscodes/mediatopic/");
        EXPECT_EQ(topic.alias, "medtop");
    }
}

TEST(Topics, FoldsInflectionsCaseAndGenitives) {
    TopicsStage stage(options_of(
        "keep: aids\ntopic 07000000\n9: aids, vote, prime minister, =imports, ^WHO, econom*\n"));
    for (const char* text :
         {"voting", "Votes", "VOTED", "the Prime Minister’s car", "prime-ministers",
          "prime\u00a0minister", "AIDS", "Imports", "the WHO", "economists", "socio-economic"}) {
        EXPECT_EQ(Tagged(stage, "", text).topics.size(), 1u) << text;
    }
    for (const char* text : {"aid", "prime, minister", "prime. Minister", "devoted", "", "import",
                             "those who", "WHOM", "ecology"}) {
        EXPECT_EQ(Tagged(stage, "", text).topics.size(), 0u) << text;
    }
}

TEST(Topics, TheLongestTermWins) {
    TopicsStage stage(options_of("topic 15000000\n9: world cup\ntopic 13000000\n9: cup\n"));
    const Tagged tagged(stage, "", "the world cup");
    ASSERT_EQ(tagged.topics.size(), 1u);
    EXPECT_EQ(tagged.topics[0].name, "sport");
}

TEST(Topics, AnAssigningRuleGivesItsConfidence) {
    TopicsStage stage(
        options_of("topic 20000940\nrule golf 85%: (and (title any \"golf\") (not (body adj \"gulf "
                   "war\")))\n"));
    const Tagged tagged(stage, "Golf returns", "The club opens.");
    ASSERT_EQ(tagged.topics.size(), 3u);  // golf, and the two above it
    EXPECT_EQ(tagged.topics[0].code, "15000000");
    EXPECT_EQ(tagged.topics[2].code, "20000940");
    EXPECT_EQ(tagged.topics[2].confidence, 85);
    EXPECT_TRUE(Tagged(stage, "Golf returns", "The Gulf War veteran").topics.empty());
}

TEST(Topics, ASchemeOfOnesOwn) {
    TopicsStage stage(options_of(
        "pack acme\nversion 7\nscheme https://acme.example/desk/\nalias acme\n"
        "topic 1 Shipping\n9: harbour\ntopic 12 > 1 Container ships\n9: container ship\n"));
    const Tagged tagged(stage, "", "A container ship left the harbour.");
    ASSERT_EQ(tagged.topics.size(), 2u);
    EXPECT_EQ(tagged.topics[0].name, "Shipping");
    EXPECT_EQ(tagged.topics[0].scheme, "https://acme.example/desk/");
    EXPECT_EQ(tagged.topics[1].code, "12");
    EXPECT_EQ(tagged.topics[1].creator, "newsmill/topics-rules@acme-7");
}

TEST(Topics, ShowsWhichTermsSpeakForATopic) {
    TopicsOptions options = options_of(
        "pack p\ntopic 11000000\n9: election\nrule ballots 5: (body adj \"ballot paper\")\n");
    options.matches_max = 10;
    TopicsStage stage(options);
    const Tagged tagged(stage, "Elections near", "The ballot paper of the election is long.");
    ASSERT_EQ(tagged.topics.size(), 1u);
    const std::span<const TopicMatch> matches = tagged.topics[0].matches;
    ASSERT_EQ(matches.size(), 3u);
    EXPECT_TRUE(matches[0].in_headline);
    EXPECT_EQ(matches[0].span, (Span{0, 9}));
    EXPECT_EQ(matches[0].rule, "11000000");
    EXPECT_EQ(matches[1].rule, "p/ballots");
    EXPECT_EQ(matches[1].span, (Span{4, 16}));
    EXPECT_EQ(matches[2].span, (Span{24, 32}));
}

TEST(Topics, LeavesOtherLanguagesAndRejectedArticlesAlone) {
    TopicsStage stage{TopicsOptions{}};
    EXPECT_TRUE(Tagged(stage, "", "El ministro del parliament election", "es").topics.empty());
    EXPECT_FALSE(Tagged(stage, "", "parliament election", "und").topics.empty());
    Batch batch{BatchLimits{}};
    Article& article = batch.add("");
    article.body = "parliament election";
    reject(article, Code::kNoText, "test", "test");
    stage.process(batch);
    EXPECT_TRUE(article.topics.empty());
}

// The same text gets the same topics, whatever the instance saw before.
TEST(Topics, DoesNotRememberTexts) {
    TopicsStage used{TopicsOptions{}};
    for (int i = 0; i < 200; ++i) {
        Tagged(used, "", "word" + std::to_string(i) + " elections in the " + std::string(i, 'x'));
    }
    TopicsStage fresh{TopicsOptions{}};
    const std::string body = "Voters elected a new mayor after a close campaign for city hall.";
    const Tagged one(used, "Mayor elected", body);
    const Tagged two(fresh, "Mayor elected", body);
    ASSERT_EQ(one.topics.size(), two.topics.size());
    for (std::size_t i = 0; i < one.topics.size(); ++i) {
        EXPECT_EQ(one.topics[i].code, two.topics[i].code);
        EXPECT_EQ(one.topics[i].confidence, two.topics[i].confidence);
    }
}

TEST(Topics, TheBuiltInPacksAreWhole) {
    for (const topics::Pack& pack : topics::built_in_packs()) {
        for (const topics::PackIssue& issue : pack.issues) ADD_FAILURE() << to_string(issue);
        std::size_t top = 0;
        for (const topics::PackTopic& topic : pack.topics) top += topic.parent.empty() ? 1 : 0;
        EXPECT_EQ(top, 17u) << pack.name;
        if (pack.language == "en") {
            EXPECT_GE(pack.topics.size(), 167u);
        }
    }
    EXPECT_EQ(topics::media_topics().size(), 1100u);
}

TEST(Topics, RulesAreReplacedBetweenBatches) {
    TopicsOptions options = options_of("topic 15000000\n9: match\n");
    const auto live = std::make_shared<LiveTopics>(TopicsData{options.rules, nullptr});
    options.live = live;
    TopicsStage stage(options);
    const Tagged before(stage, "", "The match");
    EXPECT_EQ(before.first(), "sport");
    live->replace({rules_of("topic 10000000\n9: match\n"), nullptr});
    const Tagged after(stage, "", "The match");
    EXPECT_EQ(after.first(), "lifestyle and leisure");
    EXPECT_EQ(before.first(), "sport") << "the names of the last batch stay";
    live->replace({nullptr, nullptr});
    EXPECT_EQ(Tagged(stage, "", "Parliament and the prime minister").first(), "politics");
}

// ---- With a model ----------------------------------------------------------------------------

std::shared_ptr<const topics::Model> two_label_model() {
    std::vector<topics::LabelledArticle> articles;
    for (int i = 0; i < 20; ++i) {
        articles.push_back({"", "kettle boils water for tea", {"medtop:10000000"}});
        articles.push_back({"", "piston drives the steam engine", {"engines"}});
    }
    topics::TrainOptions train;
    train.name = "kitchen";
    const auto bytes = std::make_shared<std::string>(train_model(articles, train).bytes);
    return topics::Model::open(bytes, *bytes, "test");
}

TEST(Topics, RulesAndModelAreCombined) {
    TopicsOptions options = options_of("topic 10000000\n9: teapot\ntopic 15000000\n3: match\n");
    options.model = two_label_model();
    TopicsStage stage(options);
    const Tagged both(stage, "", "The kettle boils water for the teapot.");
    ASSERT_FALSE(both.topics.empty());
    EXPECT_EQ(both.topics[0].code, "10000000");
    const Tagged model_alone(stage, "", "The kettle boils water.");
    ASSERT_FALSE(model_alone.topics.empty());
    EXPECT_EQ(model_alone.topics[0].code, "10000000");
    EXPECT_EQ(model_alone.topics[0].creator, "kitchen");
    EXPECT_LE(model_alone.topics[0].confidence, both.topics[0].confidence);
    const Tagged own(stage, "", "The piston drives the engine.");
    ASSERT_FALSE(own.topics.empty());
    EXPECT_EQ(own.topics[0].name, "engines");
    EXPECT_EQ(own.topics[0].scheme, "urn:newsmill:label:");
    const Tagged unknown(stage, "", "Match abandoned.");
    ASSERT_EQ(unknown.topics.size(), 1u) << "the model knows no word of it";
    EXPECT_EQ(unknown.topics[0].code, "15000000");
}

}  // namespace
}  // namespace newsmill
