// Finds who is reported to have said what, by verbs of saying and their clauses: "S said that …",
// "…, S said", "…, said S", "according to S, …", "S's claim that …".
//
// No parser: a sentence is read from left to right, from one cue to the next. What a cue governs
// reaches to the end of its sentence, unless a comma and another cue ("…, adding that …"), a second
// verb of the same subject ("… and said …") or another clause with its own cue ends it; a cue
// inside of it is part of what is said, so the outermost speaker is the one. The cost is linear.
#pragma once

#include <cstdint>
#include <vector>

#include "stages/quotes/clauses.hpp"
#include "stages/quotes/speakers.hpp"

namespace newsmill {

struct Frame {
    enum class Kind : std::uint8_t {
        kThat,    // "S said that …", "according to S, …"
        kPlain,   // "S said …", "…, S said"
        kObject,  // "S called … a …", "S called for …"
        kThink,   // "S believes that …"
    };
    Kind kind = Kind::kPlain;
    bool after = false;       // the cue stands behind what is said
    bool joined = false;      // goes on with the frame before: "…, S said, …"
    std::uint32_t cue = 0;    // token
    std::uint32_t first = 0;  // tokens of what is said, half-open
    std::uint32_t last = 0;
    std::uint32_t paragraph = 0;
    Mention speaker;
};

class FrameFinder {
   public:
    // In the order of the text; none unless the language's lexicon reads clauses. The vector lives
    // until the next call.
    const std::vector<Frame>& find(const Clauses& clauses, bool reads_clauses) noexcept;

   private:
    std::uint32_t past_dateline(std::uint32_t low, std::uint32_t high) const noexcept;
    void read_sentence(std::uint32_t low, std::uint32_t high) noexcept;
    std::uint32_t read_source(std::uint32_t at, std::uint32_t high) noexcept;
    std::uint32_t read_verb(std::uint32_t cue, std::uint32_t high) noexcept;
    std::uint32_t read_inverted(std::uint32_t cue, std::uint32_t high) noexcept;
    std::uint32_t read_trailing(std::uint32_t cue, std::uint32_t high,
                                const Mention& speaker) noexcept;
    Mention speaker_of(std::uint32_t cue, bool shares) const noexcept;
    std::uint32_t read_claim(std::uint32_t noun, std::uint32_t high) noexcept;
    bool starts_clause(std::uint32_t at, std::uint32_t high, bool leads_in) const noexcept;
    std::uint32_t read_after(std::uint32_t cue, std::uint32_t clause_end, std::uint32_t rest,
                             std::uint32_t high, const Mention& speaker) noexcept;
    bool read_tail(std::uint32_t high) noexcept;
    std::uint32_t tail_verb(std::uint32_t at, std::uint32_t high) const noexcept;
    Mention own_subject(std::uint32_t cue) const noexcept;
    std::uint32_t content_end(std::uint32_t first, std::uint32_t high,
                              Frame::Kind kind) const noexcept;
    std::uint32_t skip_adjuncts(std::uint32_t at, std::uint32_t high) const noexcept;
    std::uint32_t that_after(std::uint32_t at, std::uint32_t high) const noexcept;
    std::uint32_t content_start(std::uint32_t cue, std::uint32_t high,
                                Frame::Kind& kind) const noexcept;
    bool is_introduction(std::uint32_t first, std::uint32_t last) const noexcept;
    void add(const Frame& frame) noexcept;

    const Clauses* clauses_ = nullptr;
    const Tokens* tokens_ = nullptr;
    std::uint32_t paragraph_ = 0;
    std::uint32_t low_ = 0;           // of the sentence
    std::uint32_t clause_start_ = 0;  // one past the end of the frame before, in this sentence
    Mention subject_;                 // of the frame before, in this sentence
    std::vector<Frame> frames_;
};

}  // namespace newsmill
