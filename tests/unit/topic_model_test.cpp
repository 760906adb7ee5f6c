// The trained classifier: what it learns, and that a damaged file is refused.
#include <gmock/gmock.h>

#include <cstring>
#include <string>
#include <vector>

#include "stages/topics/model.hpp"
#include "stages/topics/trainer.hpp"

namespace newsmill::topics {
namespace {

using testing::HasSubstr;

std::vector<LabelledArticle> articles() {
    const std::vector<std::string> sport = {"the striker scored a late goal",
                                            "the coach praised the team",
                                            "a goal in the final minute won the match"};
    const std::vector<std::string> money = {"the bank raised its interest rate",
                                            "shares of the bank fell on the market",
                                            "the market expects a higher rate"};
    std::vector<LabelledArticle> all;
    for (int i = 0; i < 10; ++i) {
        for (const auto& text : sport) all.push_back({"", text, {"sport"}});
        for (const auto& text : money) all.push_back({"", text, {"04000000"}});
    }
    return all;
}

std::shared_ptr<const Model> open(const std::string& bytes) {
    const auto kept = std::make_shared<std::string>(bytes);
    return Model::open(kept, *kept, "m.model");
}

std::string error_of(const std::string& bytes) {
    try {
        open(bytes);
    } catch (const ModelError& error) {
        return error.what();
    }
    return "";
}

TEST(TopicModel, LearnsAndSaysHowSureItIs) {
    const TrainResult result = train_model(articles(), {});
    EXPECT_EQ(result.articles, 60u);
    EXPECT_EQ(result.labels, 2u);
    EXPECT_GT(result.fold_accuracy, 0.99);
    const auto model = open(result.bytes);
    ASSERT_EQ(model->labels().size(), 2u);
    EXPECT_EQ(model->labels()[0].name, "economy, business and finance");
    EXPECT_EQ(model->labels()[1].code, "15000000");
    EXPECT_EQ(model->name(), "topics");
    Model::Scratch scratch;
    std::vector<std::uint8_t> percent(2);
    EXPECT_TRUE(model->classify("Goal", "The team won the match", scratch, percent));
    EXPECT_GT(percent[1], percent[0]);
    EXPECT_NEAR(percent[0] + percent[1], 100, 1);
    EXPECT_TRUE(model->classify("", "a higher rate of the bank", scratch, percent));
    EXPECT_GT(percent[0], percent[1]);
    EXPECT_FALSE(model->classify("", "völlig andere Wörter hier", scratch, percent));
    EXPECT_EQ(percent[0], 0);
    EXPECT_FALSE(model->classify("", "", scratch, percent));
}

TEST(TopicModel, IsTheSameEachTime) {
    EXPECT_EQ(train_model(articles(), {}).bytes, train_model(articles(), {}).bytes);
}

TEST(TopicModel, AnyDamageIsRefused) {
    const std::string good = train_model(articles(), {}).bytes;
    EXPECT_EQ(error_of(good), "");
    EXPECT_THAT(error_of(""), HasSubstr("m.model: no topic model"));
    EXPECT_THAT(error_of("something else that is long enough to have a header, but is no model at "
                         "all, to be quite sure"),
                HasSubstr("does not begin with"));
    EXPECT_THAT(error_of(good.substr(0, good.size() - 1)), HasSubstr("damaged: it has"));
    EXPECT_THAT(error_of(good + "x"), HasSubstr("damaged"));
    for (std::size_t at = 0; at < good.size(); at += 1 + at / 40) {
        std::string bad = good;
        bad[at] = static_cast<char>(bad[at] ^ 0x10);
        EXPECT_NE(error_of(bad), "") << at;
    }
    std::string other = good;
    other[8] = 9;
    EXPECT_THAT(error_of(other), HasSubstr("of version 9; this newsmill reads version 1"));
}

TEST(TopicModel, RefusesWhatTeachesNothing) {
    EXPECT_THROW(train_model({}, {}), std::invalid_argument);
    EXPECT_THROW(train_model({{"", "a", {"x"}}, {"", "b", {"x"}}}, {}), std::invalid_argument);
    EXPECT_THROW(train_model({{"", "a", {"x"}}, {"", "b", {}}}, {}), std::invalid_argument);
}

}  // namespace
}  // namespace newsmill::topics
