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
// The lexicon is picked by Article::language, English for languages that have none. Lexicons may be
// replaced while instances run (LiveLexicons): each takes the new ones over before its next batch.
//
// Ownership: the arrays live in batch.arena, names and roles are views of the body. Threads: an
// instance belongs to one agent; lexicons are shared. Errors: a bad lexicon throws LexiconError
// from compile_lexicons() and from the constructor.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "pipeline/batch.hpp"
#include "pipeline/stage.hpp"
#include "stages/tagging/lexicon.hpp"
#include "stages/tagging/text_memo.hpp"

namespace newsmill {

class CueLexicon;
using CueLexicons = std::vector<CueLexicon>;  // one a language, English first

// The built-in lexicons (configs/quotes/README.md); those given take the places of the built-in
// ones of their languages, or are added to them.
std::shared_ptr<const CueLexicons> compile_lexicons(std::span<const LexiconSource> given);

// The lexicons that instances share, and that may be replaced under them. Threads: any, none of
// which waits.
class LiveLexicons {
   public:
    explicit LiveLexicons(std::shared_ptr<const CueLexicons> lexicons)
        : lexicons_(std::move(lexicons)) {}

    void replace(std::shared_ptr<const CueLexicons> lexicons) noexcept {
        lexicons_.store(std::move(lexicons));  // pairs with get()
    }
    std::shared_ptr<const CueLexicons> get() const noexcept { return lexicons_.load(); }

   private:
    std::atomic<std::shared_ptr<const CueLexicons>> lexicons_;  // never null
};

struct QuotesOptions {
    std::uint32_t confidence_min = 30;    // weaker statements are left out; 0-100
    bool transcripts = true;              // read "Name, Title:" lines
    std::vector<LexiconSource> lexicons;  // beside the built-in ones, as for compile_lexicons()
    std::shared_ptr<const LiveLexicons> live;  // if there is one, all lexicons are from it
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

    std::shared_ptr<const LiveLexicons> live_;
    std::unique_ptr<Finder> finder_;
    TextMemo memo_;
};

}  // namespace newsmill
