// Trains the topic model (stages/topics/model.hpp): multinomial logistic regression by stochastic
// gradient descent with a decaying step and L2, over words and pairs of words that two articles or
// more have; the temperature of its percentages is fitted on the predictions of five held-out
// folds. One thread, no clock, no chance: the same articles in the same order give the same bytes
// on the same kind of machine.
//
// Memory: about 100 bytes a distinct feature and 8 a feature of an article. Errors: throws
// std::invalid_argument with what is wrong with the articles.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace newsmill::topics {

struct LabelledArticle {
    std::string headline;
    std::string body;
    std::vector<std::string> labels;
};

struct TrainOptions {
    std::string name = "topics";  // at most 31 bytes
    std::uint32_t epochs = 20;
    double step = 3;
    double l2 = 3e-6;
    std::uint32_t folds = 5;  // 0: none; the temperature is then 1
};

struct TrainResult {
    std::string bytes;
    std::uint32_t articles = 0;
    std::uint32_t labels = 0;
    std::uint32_t features = 0;
    double fold_accuracy = 0;  // of held-out articles; 0 without folds
    double temperature = 1;
};

TrainResult train_model(const std::vector<LabelledArticle>& articles, const TrainOptions& options);

}  // namespace newsmill::topics
