// Sentences of a body, and the verbs of saying in them: what attribution and frames share.
//
// Sentences end at a full stop outside quotation marks, or with the marks that hold one. One
// thread; reads the tokens and the flags that it was given, which must outlive its use.
#pragma once

#include <cstdint>
#include <vector>

#include "stages/quotes/speakers.hpp"
#include "stages/quotes/tokens.hpp"

namespace newsmill {

class Clauses {
   public:
    // `quoted` tells for each token whether it stands inside marks (the marks included).
    void read(const Tokens& tokens, const std::vector<std::uint8_t>& quoted) noexcept {
        tokens_ = &tokens;
        quoted_ = quoted.data();
        steps_left_ = kStepsFree + kStepsPerToken * static_cast<std::int64_t>(tokens.all().size());
    }
    const Tokens& tokens() const noexcept { return *tokens_; }
    const std::uint8_t* quoted() const noexcept { return quoted_; }  // as is_quoted(), by token
    bool is_quoted(std::uint32_t at) const noexcept { return quoted_[at] != 0; }

    // A verb of `classes` outside of marks, not a noun or an adjective that is spelled alike.
    bool is_cue(std::uint32_t at, std::uint64_t classes) const noexcept;
    // "was told", "is called": says nothing of who spoke.
    bool is_passive(std::uint32_t low, std::uint32_t cue) const noexcept;
    bool ends_sentence(std::uint32_t at) const noexcept;
    // The bounds of the sentence at `at`, as tokens of the paragraph; the stop is left out. They
    // look at most reach() tokens far, so that the cost stays linear.
    std::uint32_t sentence_start(std::uint32_t at, const Paragraph& paragraph) const noexcept;
    std::uint32_t sentence_end(std::uint32_t at, const Paragraph& paragraph) const noexcept;
    // Whether a quotation whose last mark is at `close` ends its sentence.
    bool closes_sentence(std::uint32_t close, const Paragraph& paragraph) const noexcept;
    // The end of the next sentence from `at` on, its stop and marks left out; all of it is read
    // once by a caller that goes from sentence to sentence.
    std::uint32_t next_end(std::uint32_t at, const Paragraph& paragraph) const noexcept;
    // Who does what the cue at `cue` says, in the sentence from `low`.
    Mention subject_of(std::uint32_t low, std::uint32_t cue) const noexcept;

    // How far a search for a sentence's bounds or subject may go. A text that asks for far more
    // searches than prose does (quotation marks without end) gets short ones.
    std::uint32_t reach() const noexcept {
        return has_steps() ? kSentenceTokensMax : kSentenceTokensMin;
    }
    bool has_steps() const noexcept { return steps_left_ > 0; }

   private:
    static constexpr std::uint32_t kSentenceTokensMax = 120;
    static constexpr std::uint32_t kSentenceTokensMin = 6;
    // Prose takes less than two steps a token.
    static constexpr std::int64_t kStepsFree = 4096;
    static constexpr std::int64_t kStepsPerToken = 2;
    Mention subject_after_verb(std::uint32_t low, std::uint32_t cue) const noexcept;

    const Tokens* tokens_ = nullptr;
    const std::uint8_t* quoted_ = nullptr;
    mutable std::int64_t steps_left_ = 0;
};

}  // namespace newsmill
