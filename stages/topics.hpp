// The topics stage: tags every article with the top-level IPTC Media Topics that it is about.
//
// A lexicon gives each of the 17 topics weighted terms: single words, which match in all their
// inflections by a light suffix folding, and phrases of two or three words. One pass turns the
// headline and the body into folded words and looks each up in a hash table; the longest phrase
// wins and its words don't count again. A topic's score is the sum over its terms of
// weight * sqrt(occurrences), where the headline and the opening count more. The cost is linear
// in the text.
//
// Results in Article::topics, strongest first (ties by code):
//   confidence  0-100: how sure the tag is right, from the evidence (the score against the text's
//               length) and from its share among all topics' scores. On held-out news a first
//               topic of 70 is right about nine times in ten, one of 30 about every second time.
//   relevance   0-100: how much of the article is about the topic, relative to the strongest (100).
// An article in a language without a lexicon gets no topics; an unknown language is read as
// English.
//
// Ownership: Article::topics lives in batch.arena; codes and names live as long as the stage.
// Threads: an instance belongs to one agent. Errors: a bad lexicon throws LexiconError (with its
// line) in the constructor.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/batch.hpp"
#include "pipeline/stage.hpp"
#include "stages/tagging/lexicon.hpp"

namespace newsmill {

struct TopicsOptions {
    std::uint32_t topics_max = 4;       // at most so many tags an article; 1-17
    std::uint32_t confidence_min = 30;  // weaker tags are left out; 0-100
    std::uint32_t relevance_min = 30;   // so are those that the strongest outweighs; 0-100
    // Language code and text of each lexicon (configs/topics/README.md); the built-in ones if
    // empty.
    std::vector<LexiconSource> lexicons;
};

class TopicsStage final : public Stage {
   public:
    explicit TopicsStage(const TopicsOptions& options);
    ~TopicsStage() override;

    std::string_view name() const noexcept override { return "topics"; }
    void process(Batch& batch) noexcept override;

   private:
    class Tagger;
    std::unique_ptr<Tagger> tagger_;
};

}  // namespace newsmill
