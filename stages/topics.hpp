// The topics stage: tags every article with IPTC Media Topics, or topics of a newsroom's own.
//
// Rules (docs/topics.md) give evidence: weighted terms, and queries in the language of IPTC's
// EXTRA. A topic's score is the sum over its terms, and over those of the topics below it, of
// weight * sqrt(occurrences), where the headline and the opening count more; so a topic below the
// top always brings those above it. A query with a percentage assigns its topic, with that
// confidence, whatever the scores. A trained model (stages/topics/model.hpp), if there is one, has
// its own confidence in its labels; the two are combined (combine_confidence).
//
// Results in Article::topics, strongest first (ties: the higher topic, then the code):
//   confidence  0-100: how sure the tag is right, from the evidence (the score against the text's
//               length) and from its share among all topics' scores.
//   relevance   0-100: how much of the article is about the topic, relative to the strongest (100).
// An article in a language without rules gets no topics; an unknown language is read as English.
//
// Rules and model may be replaced while instances run (LiveTopics): each takes the new ones over
// before its next batch.
//
// Ownership: Article::topics lives in batch.arena; codes and names live as long as the rules, which
// an instance keeps until the batch after the next replacement. Threads: an instance belongs to one
// agent; rules and model are shared. Errors: a bad pack throws topics::PackError when it is
// compiled.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

#include "pipeline/batch.hpp"
#include "pipeline/stage.hpp"
#include "stages/tagging/text_memo.hpp"
#include "stages/topics/model.hpp"
#include "stages/topics/rules.hpp"

namespace newsmill {

// What instances of the stage share and what may be replaced under them.
struct TopicsData {
    std::shared_ptr<const topics::Rules> rules;  // the built-in ones if null
    std::shared_ptr<const topics::Model> model;  // none if null
};

// Threads: any, none of which waits.
class LiveTopics {
   public:
    explicit LiveTopics(TopicsData data) { replace(std::move(data)); }

    void replace(TopicsData data) {
        data_.store(std::make_shared<const TopicsData>(std::move(data)));  // pairs with get()
    }
    // Never null; another one after each replacement.
    std::shared_ptr<const TopicsData> get() const noexcept { return data_.load(); }

   private:
    std::atomic<std::shared_ptr<const TopicsData>> data_;
};

struct TopicsOptions {
    std::uint32_t topics_max = 8;       // at most so many tags an article; 1-50
    std::uint32_t confidence_min = 25;  // weaker tags are left out; 0-100
    std::uint32_t relevance_min = 30;   // so are those that the strongest outweighs; 0-100
    // Topic::matches: the terms that speak for a topic, at most so many each; 0: none.
    std::uint32_t matches_max = 0;
    std::shared_ptr<const topics::Rules> rules;  // the built-in ones if null
    std::shared_ptr<const topics::Model> model;  // none if null
    std::shared_ptr<const LiveTopics> live;      // if there is one, rules and model are from it
    // An instance remembers what it found in so many bytes of results, if matches_max is 0.
    std::size_t memo_bytes = 0;
};

class TopicsStage final : public Stage {
   public:
    explicit TopicsStage(const TopicsOptions& options);
    ~TopicsStage() override;

    std::string_view name() const noexcept override { return "topics"; }
    void process(Batch& batch) noexcept override;

   private:
    class Tagger;
    void take_over(std::shared_ptr<const TopicsData> data);
    void tag(Article& article, Arena& arena) noexcept;

    TopicsOptions options_;
    std::shared_ptr<const TopicsData> data_;
    std::unique_ptr<Tagger> tagger_;
    std::unique_ptr<Tagger> previous_;  // whose names the last batch may hold
    TextMemo memo_;                     // of tagger_
};

}  // namespace newsmill
