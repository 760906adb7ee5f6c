#include "stages/topics/trainer.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <map>
#include <stdexcept>
#include <unordered_map>

#include "stages/topics/features.hpp"
#include "stages/topics/model.hpp"

namespace newsmill::topics {
namespace {

// The same sequence everywhere (splitmix64).
class Shuffler {
   public:
    std::uint64_t next() noexcept {
        state_ += 0x9e3779b97f4a7c15u;
        std::uint64_t z = state_;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        return z ^ (z >> 31);
    }
    void shuffle(std::vector<std::uint32_t>& order) noexcept {
        for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[next() % i]);
    }

   private:
    std::uint64_t state_ = 42;
};

struct Value {
    std::uint32_t feature;
    float value;
};

double tf_weight(std::uint32_t count) { return count == 0 ? 0 : 1 + std::log(count); }

class Trainer {
   public:
    Trainer(const std::vector<LabelledArticle>& articles, const TrainOptions& options)
        : options_(options) {
        read_labels(articles);
        read_features(articles);
    }

    TrainResult train() {
        TrainResult result;
        result.articles = static_cast<std::uint32_t>(rows_.size());
        result.labels = static_cast<std::uint32_t>(labels_.size());
        result.features = static_cast<std::uint32_t>(idf_.size());
        if (options_.folds > 1 && rows_.size() >= options_.folds) cross_validate(result);
        std::vector<std::uint32_t> all(rows_.size());
        for (std::uint32_t i = 0; i < all.size(); ++i) all[i] = i;
        result.bytes = write(descend(all), result);
        return result;
    }

   private:
    using Weights = std::vector<float>;  // by feature, then label; the bias has no feature

    void read_labels(const std::vector<LabelledArticle>& articles) {
        std::map<std::string, std::uint32_t> found;
        for (const LabelledArticle& article : articles) {
            for (const std::string& label : article.labels) found.emplace(label, 0);
        }
        if (found.size() < 2) throw std::invalid_argument("less than two different labels");
        if (found.size() > kModelLabelsMax) throw std::invalid_argument("more than 256 labels");
        for (auto& [label, index] : found) {
            index = static_cast<std::uint32_t>(labels_.size());
            labels_.push_back(label);
        }
        for (const LabelledArticle& article : articles) {
            std::vector<std::uint32_t> targets;
            for (const std::string& label : article.labels) targets.push_back(found.at(label));
            targets_.push_back(std::move(targets));
        }
    }

    void read_features(const std::vector<LabelledArticle>& articles) {
        std::unordered_map<std::uint64_t, std::uint32_t> indices;
        std::vector<std::uint32_t> documents;
        std::vector<std::vector<std::pair<std::uint32_t, std::uint32_t>>> counts;
        for (const LabelledArticle& article : articles) {
            std::map<std::uint32_t, std::uint32_t> found;
            const auto on_feature = [&](std::uint64_t feature) {
                const auto [at, is_new] =
                    indices.try_emplace(feature, static_cast<std::uint32_t>(documents.size()));
                if (is_new) {
                    documents.push_back(0);
                    hashes_.push_back(feature);
                }
                ++found[at->second];
            };
            for_each_feature(article.headline, on_feature);
            for_each_feature(article.body, on_feature);
            for (const auto& [feature, count] : found) ++documents[feature];
            counts.emplace_back(found.begin(), found.end());
        }
        keep_common(documents);
        const double total = static_cast<double>(articles.size());
        for (const std::uint32_t feature : kept_) {
            idf_.push_back(std::log((1 + total) / (1 + documents[feature])) + 1);
        }
        for (const auto& row : counts) add_row(row);
    }

    void keep_common(const std::vector<std::uint32_t>& documents) {
        new_index_.assign(documents.size(), ~0u);
        for (std::uint32_t i = 0; i < documents.size(); ++i) {
            if (documents[i] < 2) continue;
            new_index_[i] = static_cast<std::uint32_t>(kept_.size());
            kept_.push_back(i);
        }
    }

    void add_row(const std::vector<std::pair<std::uint32_t, std::uint32_t>>& counts) {
        std::vector<Value> row;
        double norm = 0;
        for (const auto& [feature, count] : counts) {
            const std::uint32_t index = new_index_[feature];
            if (index == ~0u) continue;
            const double value =
                tf_weight(std::min<std::uint32_t>(count, kModelCounts - 1)) * idf_[index];
            norm += value * value;
            row.push_back({index, static_cast<float>(value)});
        }
        const auto length = static_cast<float>(std::sqrt(norm));
        for (Value& value : row) value.value /= length;
        rows_.push_back(std::move(row));
    }

    std::vector<double> scores(const Weights& weights, const std::vector<Value>& row) const {
        const std::size_t labels = labels_.size();
        std::vector<double> sums(labels);
        for (const Value& value : row) {
            const float* weight = weights.data() + value.feature * labels;
            for (std::size_t k = 0; k < labels; ++k) sums[k] += value.value * weight[k];
        }
        return sums;
    }

    static void softmax(std::vector<double>& sums, double temperature) {
        const double best = *std::max_element(sums.begin(), sums.end());
        double total = 0;
        for (double& sum : sums) total += sum = std::exp((sum - best) / temperature);
        for (double& sum : sums) sum /= total;
    }

    Weights descend(const std::vector<std::uint32_t>& articles) const {
        const std::size_t labels = labels_.size();
        Weights weights(idf_.size() * labels);
        Shuffler shuffler;
        std::vector<std::uint32_t> order = articles;
        const double steps =
            static_cast<double>(options_.epochs) * static_cast<double>(order.size());
        double done = 0;
        for (std::uint32_t epoch = 0; epoch < options_.epochs; ++epoch) {
            shuffler.shuffle(order);
            for (const std::uint32_t article : order) {
                const double step = options_.step * (1 - done++ / steps);
                std::vector<double> parts = scores(weights, rows_[article]);
                softmax(parts, 1);
                const auto& targets = targets_[article];
                for (const std::uint32_t target : targets) {
                    parts[target] -= 1.0 / static_cast<double>(targets.size());
                }
                for (const Value& value : rows_[article]) {
                    float* weight = weights.data() + value.feature * labels;
                    for (std::size_t k = 0; k < labels; ++k) {
                        weight[k] -= static_cast<float>(
                            step * (parts[k] * value.value + options_.l2 * weight[k]));
                    }
                }
            }
        }
        return weights;
    }

    void cross_validate(TrainResult& result) {
        std::vector<std::vector<double>> held(rows_.size());
        for (std::uint32_t fold = 0; fold < options_.folds; ++fold) {
            std::vector<std::uint32_t> rest;
            for (std::uint32_t i = 0; i < rows_.size(); ++i) {
                if (i % options_.folds != fold) rest.push_back(i);
            }
            const Weights weights = descend(rest);
            for (std::uint32_t i = fold; i < rows_.size(); i += options_.folds) {
                held[i] = scores(weights, rows_[i]);
            }
        }
        std::size_t right = 0;
        for (std::size_t i = 0; i < held.size(); ++i) {
            const auto best = std::max_element(held[i].begin(), held[i].end()) - held[i].begin();
            right += std::count(targets_[i].begin(), targets_[i].end(), best) > 0;
        }
        result.fold_accuracy = static_cast<double>(right) / static_cast<double>(held.size());
        double least = INFINITY;
        for (double temperature = 0.1; temperature < 8; temperature *= 1.05) {
            double loss = 0;
            for (std::size_t i = 0; i < held.size(); ++i) {
                std::vector<double> parts = held[i];
                softmax(parts, temperature);
                for (const std::uint32_t target : targets_[i]) {
                    loss -= std::log(std::max(parts[target], 1e-9));
                }
            }
            if (loss < least) {
                least = loss;
                result.temperature = temperature;
            }
        }
    }

    std::string write(const Weights& weights, const TrainResult& result) const {
        const std::size_t labels = labels_.size();
        ModelHeader header{};
        header.magic = kModelMagic;
        header.version = kModelVersion;
        header.label_count = static_cast<std::uint32_t>(labels);
        header.article_count = result.articles;
        header.slot_count = static_cast<std::uint32_t>(std::bit_ceil(2 * idf_.size() + 2));
        std::string text;
        for (const std::string& label : labels_) text += label + '\0';
        header.labels_at = sizeof header;
        header.tables_at = static_cast<std::uint32_t>((sizeof header + text.size() + 63) / 64 * 64);
        header.slots_at = static_cast<std::uint32_t>(
            (header.tables_at + 4 * (kModelCounts + kModelExps) + 63) / 64 * 64);
        std::memcpy(header.name.data(), options_.name.data(),
                    std::min(options_.name.size(), header.name.size() - 1));
        float largest = 1e-6f;
        for (const float weight : weights) largest = std::max(largest, std::abs(weight));
        // The largest weight is 32,000; a score of 1 is `unit`, and of the temperature the divisor.
        const double unit = 32000.0 / largest;
        header.score_divisor =
            static_cast<std::uint32_t>(std::max(1.0, std::round(unit * result.temperature)));
        std::string bytes(header.slots_at + header.slot_count * model_slot_bytes(labels), '\0');
        std::memcpy(bytes.data() + header.labels_at, text.data(), text.size());
        write_tables(bytes.data() + header.tables_at);
        for (std::uint32_t i = 0; i < idf_.size(); ++i) {
            write_slot(bytes.data() + header.slots_at, header.slot_count, i, weights, unit);
        }
        header.bytes = bytes.size();
        std::memcpy(bytes.data(), &header, sizeof header);
        header.checksum = model_checksum(bytes);
        std::memcpy(bytes.data(), &header, sizeof header);
        return bytes;
    }

    static void write_tables(char* at) {
        for (std::uint32_t i = 0; i < kModelCounts; ++i, at += 4) {
            const auto value = static_cast<std::uint32_t>(std::lround(256 * tf_weight(i)));
            std::memcpy(at, &value, 4);
        }
        for (std::uint32_t i = 0; i < kModelExps; ++i, at += 4) {
            const auto value = static_cast<std::uint32_t>(
                std::lround((1 << 20) * std::exp(-static_cast<double>(i) / kModelExpStep)));
            std::memcpy(at, &value, 4);
        }
    }

    void write_slot(char* slots, std::uint32_t count, std::uint32_t feature, const Weights& weights,
                    double unit) const {
        const std::size_t labels = labels_.size();
        const std::uint64_t hash = hashes_[kept_[feature]];
        const std::uint32_t check = static_cast<std::uint32_t>(hash >> 32) | 1u;
        std::uint32_t at = static_cast<std::uint32_t>(hash) & (count - 1);
        char* slot = nullptr;
        while (true) {
            slot = slots + at * model_slot_bytes(labels);
            std::uint32_t taken;
            std::memcpy(&taken, slot, 4);
            if (taken == 0) break;
            at = (at + 1) & (count - 1);
        }
        std::memcpy(slot, &check, 4);
        const auto idf = static_cast<std::uint16_t>(std::lround(256 * idf_[feature]));
        std::memcpy(slot + 4, &idf, 2);
        for (std::size_t k = 0; k < labels; ++k) {
            const auto weight =
                static_cast<std::int16_t>(std::lround(unit * weights[feature * labels + k]));
            std::memcpy(slot + 6 + 2 * k, &weight, 2);
        }
    }

    TrainOptions options_;
    std::vector<std::string> labels_;
    std::vector<std::vector<std::uint32_t>> targets_;
    std::vector<std::uint64_t> hashes_;
    std::vector<std::uint32_t> new_index_;
    std::vector<std::uint32_t> kept_;
    std::vector<double> idf_;
    std::vector<std::vector<Value>> rows_;
};

}  // namespace

TrainResult train_model(const std::vector<LabelledArticle>& articles, const TrainOptions& options) {
    if (articles.empty()) throw std::invalid_argument("no labelled article");
    for (const LabelledArticle& article : articles) {
        if (article.labels.empty()) throw std::invalid_argument("an article without a label");
    }
    return Trainer(articles, options).train();
}

}  // namespace newsmill::topics
