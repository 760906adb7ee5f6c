// The quotes stage: finds what people are quoted with, and who they are.
//
// Four forms are read. Statements in quotation marks of any style, nested and running over
// paragraphs, with their cue ("said") and speaker; statements of the report's own words with parts
// in marks (mixed); statements without marks, where a verb of saying governs a clause (indirect);
// and transcripts, where a line "Name, Title:" stands before the words. Marks that hold a title, a
// nickname or a scare word are left out. Names are completed from earlier mentions; he and she are
// resolved only when exactly one person fits; an unsure speaker is left empty, never guessed. The
// cost is linear in the text. Source of the method: surface patterns over word classes, as in
// O'Keefe et al., "A Sequence Labelling Approach to Quote Attribution" (2012), rule baseline; the
// frames of verbs after Pareti et al., "Automatically Detecting and Attributing Indirect
// Quotations" (2013). See docs/quotes.md.
//
// Results in Article::quotes, in the order of the text; spans are bytes of Article::body on code
// point borders and do not overlap. `span` is the statement with its marks, `quoted` what is inside
// them. Fragments of one statement (cut by its cue, or running over paragraphs) share `statement`.
//   type        direct: the marks hold all that is said; mixed: the marks hold parts of it;
//               indirect: no marks; transcript: no marks, the lines after a speaker's line
//   resolved    explicit: named with the cue; pronoun: he, she or who, resolved; title: a role or a
//               body without a name: the speaker is the only person with that role ("the bishop"),
//               else the description itself ("spokesman for the ministry"), which is `role` too;
//               none: the speaker is unknown (mention may point to the pronoun)
//   confidence  0-100, about the share of such speakers that are right: 90 and more for a cue
//   beside
//               the marks, 72-85 for a cue in the sentence or a clause of a verb of saying, 60-78
//               for a speaker carried over from the sentences around, 50 for verbs of thought,
//               under 50 without a speaker
//
// The lexicon is picked by Article::language, English for languages that have none.
//
// Ownership: the arrays live in batch.arena, names and roles are views of the body. Threads: an
// instance belongs to one agent. Errors: a bad lexicon throws LexiconError in the constructor.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "pipeline/batch.hpp"
#include "pipeline/stage.hpp"
#include "stages/tagging/lexicon.hpp"
#include "stages/tagging/text_memo.hpp"

namespace newsmill {

struct QuotesOptions {
    std::uint32_t confidence_min = 30;  // weaker statements are left out; 0-100
    bool transcripts = true;            // read "Name, Title:" lines
    // Cue lexicons (configs/quotes/README.md) that take the place of the built-in ones of their
    // languages, or add to them.
    std::vector<LexiconSource> lexicons;
    // An instance remembers what it found in so many bytes of results; 0: nothing.
    std::size_t memo_bytes = 0;
};

class QuotesStage final : public Stage {
   public:
    explicit QuotesStage(const QuotesOptions& options);
    ~QuotesStage() override;

    std::string_view name() const noexcept override { return "quotes"; }
    void process(Batch& batch) noexcept override;

   private:
    class Finder;
    void find(Article& article, Arena& arena) noexcept;

    std::unique_ptr<Finder> finder_;
    TextMemo memo_;
};

}  // namespace newsmill
