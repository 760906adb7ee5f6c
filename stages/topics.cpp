#include "stages/topics.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <deque>
#include <optional>
#include <stdexcept>
#include <vector>

#include "stages/topics/matcher.hpp"
#include "stages/topics/taxonomy.hpp"

namespace newsmill {
namespace {

using topics::kNone;
using topics::LanguageRules;
using topics::Matcher;
using topics::TopicInfo;

constexpr std::uint32_t kTopicsMax = 50;
constexpr std::uint64_t kEvidenceBase = 300;
constexpr std::uint64_t kEvidencePerRoot = 60;
// An assigned topic without points is about as much of the story as its rule is sure.
constexpr std::uint32_t kAssignedRelevance = 60;

std::uint32_t isqrt(std::uint64_t value) noexcept {
    std::uint64_t root = 0;
    for (std::uint64_t bit = 1u << 30; bit != 0; bit >>= 1) {
        if ((root | bit) * (root | bit) <= value) root |= bit;
    }
    return static_cast<std::uint32_t>(root);
}

// Log-odds of a percentage in 1/16, from 1 to 99.
std::int32_t log_odds(std::uint32_t percent) noexcept {
    constexpr std::array<std::int8_t, 50> kUpper = {
        0,  1,  1,  2,  3,  3,  4,  5,  5,  6,  6,  7,  8,  9,  9,  10, 11,
        11, 12, 13, 14, 14, 15, 16, 17, 18, 18, 19, 20, 21, 22, 23, 24, 25,
        27, 28, 29, 30, 32, 33, 35, 37, 39, 41, 44, 47, 51, 56, 62, 74};
    percent = std::clamp<std::uint32_t>(percent, 1, 99);
    return percent >= 50 ? kUpper[percent - 50] : -kUpper[50 - percent];
}

std::uint32_t percent_of(std::int32_t odds) noexcept {
    std::uint32_t percent = 1;
    while (percent < 99 && log_odds(percent + 1) <= odds) ++percent;
    return percent;
}

struct Found {
    std::uint32_t topic = kNone;
    std::uint32_t confidence = 0;
    std::uint32_t relevance = 0;
    std::uint64_t points = 0;
    bool labelled = false;  // the model has a label for it, or for one below it
    bool by_model = false;  // the model is surer than the rules
};

}  // namespace

class TopicsStage::Tagger {
   public:
    explicit Tagger(const TopicsOptions& options)
        : options_(options),
          rules_(options.rules != nullptr ? options.rules : topics::Rules::built_in()) {
        if (options_.topics_max < 1 || options_.topics_max > kTopicsMax) {
            throw std::invalid_argument("topics_max is not between 1 and 50");
        }
        for (const LanguageRules& language : rules_->languages()) {
            matchers_.emplace_back(language, rules_->topics());
        }
        topics_ = rules_->topics();
        if (options_.model != nullptr) add_labels();
        by_topic_.resize(topics_.size());
        for (const TopicInfo& topic : topics_) parents_.push_back(topic.parent);
    }

    void tag(Article& article, Arena& arena) noexcept {
        Matcher* matcher = matcher_of(article.language);
        if (matcher != nullptr) {
            matcher->match(article.headline, article.body, options_.matches_max != 0);
            judge(*matcher);
        }
        if (options_.model != nullptr &&
            options_.model->classify(article.headline, article.body, model_scratch_, percent_)) {
            combine();
        }
        rank();
        publish(matcher, article, arena);
    }

   private:
    Matcher* matcher_of(std::string_view language) noexcept {
        const std::string_view wanted = language.empty() || language == "und" ? "en" : language;
        for (Matcher& matcher : matchers_) {
            if (matcher.rules().vocabulary.language() == wanted) return &matcher;
        }
        return nullptr;
    }

    // 0-100; see the header. The evidence that a text of some length should show grows as the
    // square root of its length, as the terms' scores do.
    static std::uint32_t confidence(std::uint64_t points, std::uint64_t total,
                                    std::uint64_t expected) noexcept {
        const std::uint64_t evidence = 1000 * points / (points + expected);
        const std::uint64_t share = 1000 * points / std::max<std::uint64_t>(total, 1);
        const std::uint64_t value = evidence * std::min<std::uint64_t>(1000, share * 3 / 2 + 100);
        return static_cast<std::uint32_t>(std::min<std::uint64_t>(99, value / 10000));
    }

    // What the rules say.
    void judge(const Matcher& matcher) noexcept {
        std::uint64_t total = 0;
        std::uint64_t best = 0;
        for (const std::uint32_t topic : matcher.topics()) {
            if (parents_[topic] != kNone) continue;
            const std::uint64_t points = points_of(matcher, topic);
            total += points;
            best = std::max(best, points);
        }
        const std::uint64_t expected = kEvidenceBase + kEvidencePerRoot * isqrt(matcher.words());
        // What rank() would drop is not looked at: most of the topics. A model may raise any.
        const std::uint64_t least =
            options_.model != nullptr ? 0 : best * std::max(1u, options_.relevance_min);
        for (const std::uint32_t topic : matcher.topics()) {
            const Matcher::Score& score = matcher.score(topic);
            const std::uint64_t points = points_below_parents(matcher, topic);
            if (score.assigned == 0 && 100 * points < least) continue;
            Found& found = found_at(topic);
            found.points = points;
            found.relevance = best == 0 ? 0 : static_cast<std::uint32_t>(100 * found.points / best);
            found.confidence = confidence(found.points, total, expected);
            if (score.assigned != 0) {
                found.confidence = std::max<std::uint32_t>(found.confidence, score.assigned);
                found.relevance = std::max(found.relevance, kAssignedRelevance);
            }
        }
    }

    // A topic below the top has a shorter list of terms, so its points are worth more; but at most
    // those of each topic above it, whose own lists may weigh less.
    std::uint64_t points_below_parents(const Matcher& matcher, std::uint32_t topic) const noexcept {
        std::uint64_t points = ~std::uint64_t{0};
        for (; topic != kNone; topic = parents_[topic]) {
            const std::uint64_t worth = parents_[topic] == kNone ? 1 : kBelowWorth;
            points = std::min(points, worth * points_of(matcher, topic));
        }
        return points;
    }

    static std::uint64_t points_of(const Matcher& matcher, std::uint32_t topic) noexcept {
        return static_cast<std::uint64_t>(matcher.score(topic).points);
    }

    Found& found_at(std::uint32_t topic) noexcept {
        Found& found = by_topic_[topic];
        if (found.topic == kNone) {
            found.topic = topic;
            met_.push_back(topic);
        }
        return found;
    }

    // The topics of the model's labels, and those above them, that no rule has.
    void add_labels() {
        percent_.resize(options_.model->labels().size());
        creator_ = options_.model->name();
        for (const topics::ModelLabel& label : options_.model->labels()) {
            label_topics_.push_back(topic_of(label.scheme, label.alias, label.code, label.name));
        }
    }

    std::uint32_t topic_of(const std::string& scheme, const std::string& alias,
                           const std::string& code, const std::string& name) {
        for (std::uint32_t i = 0; i < topics_.size(); ++i) {
            if (topics_[i].code == code && topics_[i].scheme == scheme) return i;
        }
        TopicInfo info{scheme, alias, code, name, creator_, kNone, 0};
        const topics::MediaTopic* known =
            scheme == topics::kMediaTopicScheme ? topics::find_media_topic(code) : nullptr;
        if (known != nullptr && !known->parent.empty()) {
            const topics::MediaTopic* above = topics::find_media_topic(known->parent);
            info.parent =
                topic_of(scheme, alias, std::string(above->code), std::string(above->name));
            info.depth = topics_[info.parent].depth + 1;
        }
        topics_.push_back(std::move(info));
        return static_cast<std::uint32_t>(topics_.size() - 1);
    }

    // The model's confidence and the rules' make one: their log-odds are added, the rules' at half
    // weight, since they know less of a label than what was trained for it. Then the labels'
    // topics are ranked by it, and what is below a topic keeps its part of it.
    void combine() noexcept {
        std::uint32_t best = 1;
        for (std::size_t k = 0; k < label_topics_.size(); ++k) {
            const std::uint32_t topic = label_topics_[k];
            if (percent_[k] == 0 && by_topic_[topic].topic == kNone) continue;
            Found& found = found_at(topic);
            const std::uint32_t rules = std::max(found.confidence, kRulesLeast);
            found.by_model = percent_[k] > found.confidence;
            found.confidence = percent_of(log_odds(percent_[k]) + log_odds(rules) / 2 + kRulesBias);
            found.labelled = true;
            best = std::max(best, found.confidence);
        }
        for (std::size_t i = 0; i < met_.size(); ++i) {
            Found& found = by_topic_[met_[i]];
            if (found.labelled) {
                found.relevance = 100 * found.confidence / best;
                raise_above(found);
            } else {
                found.relevance = std::min<std::uint32_t>(found.relevance, 99);
            }
        }
        for (const std::uint32_t topic : met_) lower_below(by_topic_[topic]);
    }

    // A topic above one of a label is at least as sure.
    void raise_above(const Found& found) noexcept {
        const Found low = found;  // found_at may add to met_, by_topic_ stays where it is
        for (std::uint32_t above = topics_[low.topic].parent; above != kNone;
             above = topics_[above].parent) {
            Found& high = found_at(above);
            high.confidence = std::max(high.confidence, low.confidence);
            high.relevance = std::max(high.relevance, low.relevance);
            high.by_model |= low.by_model;
            high.labelled = true;
        }
    }

    // What is not labelled itself is at most as sure as the nearest topic above it that is.
    void lower_below(Found& found) noexcept {
        if (found.labelled) return;
        for (std::uint32_t above = topics_[found.topic].parent; above != kNone;
             above = topics_[above].parent) {
            const Found& high = by_topic_[above];
            if (!high.labelled) continue;
            found.confidence = std::min(found.confidence, high.confidence);
            found.relevance = static_cast<std::uint32_t>(high.relevance * found.points /
                                                         std::max<std::uint64_t>(1, high.points));
            found.relevance = std::min(found.relevance, high.relevance);
            return;
        }
    }

    void rank() noexcept {
        found_.clear();
        for (const std::uint32_t topic : met_) {
            Found& found = by_topic_[topic];
            if (found.confidence >= options_.confidence_min &&
                found.relevance >= options_.relevance_min && found.relevance > 0) {
                found_.push_back(found);
            }
            found = {};
        }
        met_.clear();
        std::sort(found_.begin(), found_.end(), [&](const Found& a, const Found& b) {
            const TopicInfo& one = topics_[a.topic];
            const TopicInfo& two = topics_[b.topic];
            if (a.relevance != b.relevance) return a.relevance > b.relevance;
            if (one.depth != two.depth) return one.depth < two.depth;
            if (a.points != b.points) return a.points > b.points;
            return one.code != two.code ? one.code < two.code : a.topic < b.topic;
        });
        if (found_.size() > options_.topics_max) found_.resize(options_.topics_max);
    }

    void publish(const Matcher* matcher, Article& article, Arena& arena) noexcept {
        const std::span<Topic> out = arena.array<Topic>(found_.size());
        for (std::size_t i = 0; i < found_.size(); ++i) {
            const TopicInfo& info = topics_[found_[i].topic];
            Topic& topic = out[i];
            topic.code = info.code;
            topic.name = info.name;
            topic.scheme = info.scheme;
            topic.alias = info.alias;
            topic.creator = found_[i].by_model ? std::string_view(creator_) : info.creator;
            topic.confidence = static_cast<std::uint8_t>(found_[i].confidence);
            topic.relevance = static_cast<std::uint8_t>(found_[i].relevance);
            if (options_.matches_max != 0 && matcher != nullptr) {
                topic.matches = matches_of(*matcher, found_[i].topic, arena);
            }
        }
        article.topics = out;
    }

    // The terms that speak for a topic, in the order of the text, the headline first.
    std::span<const TopicMatch> matches_of(const Matcher& matcher, std::uint32_t topic,
                                           Arena& arena) noexcept {
        matches_.clear();
        const LanguageRules& rules = matcher.rules();
        for (const topics::Occurrence& found : matcher.occurrences()) {
            if (found.is_atom) continue;
            for (std::uint32_t i = rules.evidence_at[found.id]; i < rules.evidence_at[found.id + 1];
                 ++i) {
                const topics::Evidence& evidence = rules.evidence[i];
                if (evidence.topic != topic) continue;
                add_match(found, topics_[evidence.origin].code);
            }
        }
        for (const std::uint32_t index : matcher.fired()) {
            const LanguageRules::Rule& rule = rules.rules[index];
            if (is_within(rule.topic, topic)) add_rule(matcher, rule);
        }
        std::sort(matches_.begin(), matches_.end(), [](const TopicMatch& a, const TopicMatch& b) {
            if (a.in_headline != b.in_headline) return a.in_headline;
            if (a.span.start != b.span.start) return a.span.start < b.span.start;
            return a.span.end != b.span.end ? a.span.end < b.span.end : a.rule < b.rule;
        });
        matches_.erase(std::unique(matches_.begin(), matches_.end()), matches_.end());
        if (matches_.size() > options_.matches_max) matches_.resize(options_.matches_max);
        const std::span<TopicMatch> out = arena.array<TopicMatch>(matches_.size());
        std::copy(matches_.begin(), matches_.end(), out.begin());
        return out;
    }

    bool is_within(std::uint32_t topic, std::uint32_t above) const noexcept {
        while (topic != kNone && topic != above) topic = topics_[topic].parent;
        return topic == above;
    }

    void add_rule(const Matcher& matcher, const LanguageRules::Rule& rule) noexcept {
        const LanguageRules& rules = matcher.rules();
        for (const topics::Occurrence& found : matcher.occurrences()) {
            if (!found.is_atom) continue;
            for (std::uint32_t i = rules.atom_leaves_at[found.id];
                 i < rules.atom_leaves_at[found.id + 1]; ++i) {
                const std::uint32_t index = rules.atom_leaves[i];
                const LanguageRules::Leaf& leaf = rules.leaves[index];
                if (index < rule.first_leaf || index >= rule.first_leaf + rule.leaf_count ||
                    leaf.negated || (leaf.fields & found.field) == 0) {
                    continue;
                }
                add_match(found, rule.id);
            }
        }
    }

    void add_match(const topics::Occurrence& found, std::string_view rule) noexcept {
        matches_.push_back({rule, {found.start, found.end}, found.field == topics::kInTitle});
    }

    static constexpr std::uint64_t kBelowWorth = 2;
    static constexpr std::uint32_t kRulesLeast = 10;  // what no evidence is worth
    static constexpr std::int32_t kRulesBias = 0;

    TopicsOptions options_;
    std::shared_ptr<const topics::Rules> rules_;
    std::vector<TopicInfo> topics_;  // those of the rules, then those of the model alone
    std::vector<std::uint32_t> parents_;
    std::vector<std::uint32_t> label_topics_;
    std::string creator_;           // of the model's topics
    std::deque<Matcher> matchers_;  // one a language
    // Scratch, kept for its capacity.
    std::vector<Found> by_topic_;
    std::vector<std::uint32_t> met_;
    std::vector<Found> found_;
    std::vector<TopicMatch> matches_;
    std::vector<std::uint8_t> percent_;
    topics::Model::Scratch model_scratch_;
};

TopicsStage::TopicsStage(const TopicsOptions& options)
    : options_(options), memo_(options.matches_max == 0 ? options.memo_bytes : 0) {
    if (options_.live != nullptr) {
        take_over(options_.live->get());
    } else {
        tagger_ = std::make_unique<Tagger>(options_);
    }
}
TopicsStage::~TopicsStage() = default;

void TopicsStage::take_over(std::shared_ptr<const TopicsData> data) {
    data_ = std::move(data);
    options_.rules = data_->rules;
    options_.model = data_->model;
    previous_ = std::move(tagger_);
    memo_.clear();
    tagger_ = std::make_unique<Tagger>(options_);
}

void TopicsStage::process(Batch& batch) noexcept {
    if (options_.live != nullptr) {
        std::shared_ptr<const TopicsData> data = options_.live->get();
        if (data != data_) [[unlikely]]
            take_over(std::move(data));
    }
    for (Article& article : batch.articles) {
        if (article.ok()) tag(article, batch.arena);
    }
}

// A text that is word for word one of those before has its topics: names and codes are the
// tagger's, and only numbers differ.
void TopicsStage::tag(Article& article, Arena& arena) noexcept {
    if (!memo_.enabled()) return tagger_->tag(article, arena);
    const Hash128 key = TextMemo::key_of(article.language, article.headline, article.body);
    if (const std::string_view known = memo_.find(key); known.data() != nullptr) {
        const std::span<Topic> topics = arena.array<Topic>(known.size() / sizeof(Topic));
        if (!topics.empty()) std::memcpy(topics.data(), known.data(), topics.size_bytes());
        article.topics = topics;
        return;
    }
    tagger_->tag(article, arena);
    const std::span<char> room = memo_.keep(key, article.topics.size_bytes());
    if (!room.empty()) std::memcpy(room.data(), article.topics.data(), room.size());
}

}  // namespace newsmill
