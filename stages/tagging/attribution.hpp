// Decides which marked segments are quotations, and who speaks in them.
//
// For each segment, in this order: a cue right before it, a cue right after it, a cue farther
// before it in its sentence, a cue farther after it, the speaker of the segment before, the
// subject of the sentence before. One thread; the result lives until the next call.
#pragma once

#include <cstdint>
#include <vector>

#include "stages/tagging/marks.hpp"
#include "stages/tagging/speakers.hpp"
#include "stages/tagging/tokens.hpp"

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
};

class Attributor {
   public:
    // `quoted` tells for each token whether it stands inside a segment (marks included).
    const std::vector<Attribution>& attribute(const Tokens& tokens,
                                              const std::vector<Segment>& segments,
                                              const std::vector<std::uint8_t>& quoted) noexcept;

   private:
    Attribution attribute_one(std::size_t index) const noexcept;
    bool before(std::size_t index, bool beside, Attribution& result) const noexcept;
    bool before_by_colon(std::size_t index, Attribution& result) const noexcept;
    bool after(std::size_t index, Attribution& result) const noexcept;
    bool after_far(std::size_t index, Attribution& result) const noexcept;
    bool source_at(std::uint32_t at, std::uint32_t bound, Attribution& result) const noexcept;
    std::uint32_t inverted_cue(std::uint32_t at, std::uint32_t bound) const noexcept;
    bool clause_at(std::uint32_t at, std::uint32_t bound, Attribution& result) const noexcept;
    bool carried(std::size_t index, Attribution& result) const noexcept;
    Mention subject_of(std::uint32_t low, std::uint32_t cue) const noexcept;
    bool is_cue(std::uint32_t at, std::uint32_t classes) const noexcept;
    std::uint32_t sentence_start(std::uint32_t at, const Paragraph& paragraph) const noexcept;
    std::uint32_t sentence_end(std::uint32_t at, const Paragraph& paragraph) const noexcept;
    bool ends_sentence(std::uint32_t at) const noexcept;
    bool is_title(std::size_t index, const Attribution& result) const noexcept;
    bool is_quotation(std::size_t index, const Attribution& result) const noexcept;

    const Tokens* tokens_ = nullptr;
    const std::vector<Segment>* segments_ = nullptr;
    const std::vector<std::uint8_t>* quoted_ = nullptr;
    std::vector<Attribution> results_;
};

// The words inside a segment's marks.
std::uint32_t inner_words(const Tokens& tokens, const Segment& segment) noexcept;
// Starts with a capital letter and ends like a sentence or before a cue.
bool is_sentence_like(const Tokens& tokens, const Segment& segment) noexcept;

}  // namespace newsmill
