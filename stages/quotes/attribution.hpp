// Decides which marked segments are quotations, and who speaks in them.
//
// For each segment, in this order: a cue right before it, a cue right after it, a cue farther
// before it in its sentence, a cue farther after it, the speaker of the segment before, the
// subject of the sentence before. One thread; the result lives until the next call.
#pragma once

#include <cstdint>
#include <vector>

#include "stages/quotes/clauses.hpp"
#include "stages/quotes/frames.hpp"
#include "stages/quotes/marks.hpp"
#include "stages/quotes/speakers.hpp"
#include "stages/quotes/tokens.hpp"

namespace newsmill {

struct Attribution {
    // How the speaker was found; the order is that of trust.
    enum class Form : std::uint8_t { kNone, kNearby, kCarried, kSentence, kBeside };
    Form form = Form::kNone;
    Mention speaker;
    std::uint32_t cue = 0;  // token
    bool has_cue = false;
    std::uint32_t region_end = 0;  // one past the cue and speaker when they follow the segment
    bool joined = false;           // goes on with the statement of the segment before
    bool is_quotation = false;
    std::uint32_t words_first = 0;  // where the words start, after a name in the marks; 0: at once
    // The report's own words inside of the marks, as tokens; none if both are 0.
    std::uint32_t cut_first = 0;
    std::uint32_t cut_last = 0;
    std::int32_t frame = -1;  // the index of the frame that holds it; -1 if none
};

class Attributor {
   public:
    const std::vector<Attribution>& attribute(const Clauses& clauses,
                                              const std::vector<Segment>& segments,
                                              const std::vector<Frame>& frames) noexcept;

   private:
    std::uint32_t start_of(const Segment& segment) const noexcept;
    const Frame* frame_of(const Segment& segment) noexcept;
    bool by_inner_name(const Segment& segment, Attribution& result) const noexcept;
    bool by_inner_cue(const Segment& segment, Attribution& result) const noexcept;
    bool by_frame(const Segment& segment, Attribution& result) noexcept;
    void tell_before(std::size_t index, const Mention& speaker) noexcept;
    Attribution attribute_one(std::size_t index) noexcept;
    bool before(std::size_t index, bool beside, Attribution& result) const noexcept;
    bool before_by_colon(std::size_t index, Attribution& result) const noexcept;
    bool after(std::size_t index, Attribution& result) const noexcept;
    bool after_far(std::size_t index, Attribution& result) const noexcept;
    bool source_at(std::uint32_t at, std::uint32_t bound, Attribution& result) const noexcept;
    std::uint32_t inverted_cue(std::uint32_t at, std::uint32_t bound) const noexcept;
    bool clause_at(std::uint32_t at, std::uint32_t bound, Attribution& result) const noexcept;
    bool goes_on_after_cue(std::size_t index) const noexcept;
    bool carried(std::size_t index, Attribution& result) const noexcept;
    bool is_all_capital(const Segment& segment) const noexcept;
    bool is_title(std::size_t index, std::uint32_t words, const Attribution& result) const noexcept;
    bool is_name_after_noun(const Segment& segment, std::uint32_t words,
                            const Attribution& result) const noexcept;
    bool is_called(const Segment& segment) const noexcept;
    bool is_address(const Segment& segment) const noexcept;
    bool shares_phrase(std::size_t index) const noexcept;
    bool shares_sentence(std::size_t index) const noexcept;
    bool is_surely_quotation(const Segment& segment, const Attribution& result) const noexcept;
    bool is_quotation(std::size_t index, const Attribution& result) const noexcept;

    const Tokens* tokens_ = nullptr;
    const std::vector<Segment>* segments_ = nullptr;
    const Clauses* clauses_ = nullptr;
    const std::vector<Frame>* frames_ = nullptr;
    std::size_t next_frame_ = 0;
    static constexpr std::uint32_t kNoToken = ~0u;
    mutable std::uint32_t start_open_ = kNoToken;  // the segment that start_ is of
    mutable std::uint32_t start_ = 0;
    bool has_double_ = false;
    std::vector<Attribution> results_;
};

// The words inside a segment's marks.
std::uint32_t inner_words(const Tokens& tokens, const Segment& segment) noexcept;
// Starts with a capital letter and ends like a sentence or before a cue.
bool is_sentence_like(const Tokens& tokens, const Segment& segment) noexcept;

}  // namespace newsmill
