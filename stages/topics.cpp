#include "stages/topics.hpp"

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <vector>

#include "stages/topics/matcher.hpp"

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

struct Found {
    std::uint32_t topic = kNone;
    std::uint32_t confidence = 0;
    std::uint32_t relevance = 0;
    std::uint64_t points = 0;
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
    }

    void tag(Article& article, Arena& arena) noexcept {
        Matcher* matcher = matcher_of(article.language);
        if (matcher == nullptr) return;
        matcher->match(article.headline, article.body, options_.matches_max != 0);
        rank(*matcher);
        publish(*matcher, article, arena);
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

    void rank(const Matcher& matcher) noexcept {
        found_.clear();
        std::uint64_t total = 0;
        std::uint64_t best = 0;
        for (const std::uint32_t topic : matcher.topics()) {
            const std::uint64_t points = matcher.score(topic).points;
            if (rules_->topics()[topic].parent == kNone) total += points;
            best = std::max(best, points);
        }
        const std::uint64_t expected = kEvidenceBase + kEvidencePerRoot * isqrt(matcher.words());
        for (const std::uint32_t topic : matcher.topics()) {
            const Matcher::Score& score = matcher.score(topic);
            Found found;
            found.topic = topic;
            found.points = score.points;
            found.relevance = best == 0 ? 0 : static_cast<std::uint32_t>(100 * score.points / best);
            found.confidence = confidence(score.points, total, expected);
            if (score.assigned != 0) {
                found.confidence = std::max<std::uint32_t>(found.confidence, score.assigned);
                found.relevance = std::max(found.relevance, kAssignedRelevance);
            }
            if (found.confidence < options_.confidence_min ||
                found.relevance < options_.relevance_min) {
                continue;
            }
            found_.push_back(found);
        }
        std::sort(found_.begin(), found_.end(), [&](const Found& a, const Found& b) {
            const TopicInfo& one = rules_->topics()[a.topic];
            const TopicInfo& two = rules_->topics()[b.topic];
            if (a.relevance != b.relevance) return a.relevance > b.relevance;
            if (one.depth != two.depth) return one.depth < two.depth;
            if (a.points != b.points) return a.points > b.points;
            return one.code != two.code ? one.code < two.code : a.topic < b.topic;
        });
        if (found_.size() > options_.topics_max) found_.resize(options_.topics_max);
    }

    void publish(const Matcher& matcher, Article& article, Arena& arena) noexcept {
        const std::span<Topic> out = arena.array<Topic>(found_.size());
        for (std::size_t i = 0; i < found_.size(); ++i) {
            const TopicInfo& info = rules_->topics()[found_[i].topic];
            Topic& topic = out[i];
            topic.code = info.code;
            topic.name = info.name;
            topic.scheme = info.scheme;
            topic.alias = info.alias;
            topic.creator = info.creator;
            topic.confidence = static_cast<std::uint8_t>(found_[i].confidence);
            topic.relevance = static_cast<std::uint8_t>(found_[i].relevance);
            if (options_.matches_max != 0) {
                topic.matches = matches_of(matcher, found_[i].topic, arena);
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
            for (std::uint32_t i = rules.evidence_at[found.id];
                 i < rules.evidence_at[found.id + 1]; ++i) {
                const topics::Evidence& evidence = rules.evidence[i];
                if (evidence.topic != topic) continue;
                add_match(found, rules_->topics()[evidence.origin].code);
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
        while (topic != kNone && topic != above) topic = rules_->topics()[topic].parent;
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

    TopicsOptions options_;
    std::shared_ptr<const topics::Rules> rules_;
    std::vector<Matcher> matchers_;  // one a language
    // Scratch, kept for its capacity.
    std::vector<Found> found_;
    std::vector<TopicMatch> matches_;
};

TopicsStage::TopicsStage(const TopicsOptions& options)
    : tagger_(std::make_unique<Tagger>(options)) {}
TopicsStage::~TopicsStage() = default;

void TopicsStage::process(Batch& batch) noexcept {
    for (Article& article : batch.articles) {
        if (article.ok()) tagger_->tag(article, batch.arena);
    }
}

}  // namespace newsmill
