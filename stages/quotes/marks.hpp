// Pairs the quotation marks of a body into segments.
//
// Works paragraph by paragraph with a stack, in one pass: all usual styles ("", “”, „“, «», »«,
// ‹›, ‘’, ‚‘, '', ``''), nested ones too. A segment that its paragraph does not close is kept when
// the next paragraph goes on with it (reopens or closes it), or when it opens the paragraph.
// An apostrophe is a closing single mark only where a single one is open.
#pragma once

#include <cstdint>
#include <vector>

#include "stages/quotes/tokens.hpp"

namespace newsmill {

struct Segment {
    std::uint32_t open = 0;   // token of the opening mark; of the first word if it has none
    std::uint32_t close = 0;  // token of the closing mark; one past the last token if it has none
    std::uint32_t paragraph = 0;
    bool has_open = true;
    bool has_close = true;
    bool continues = false;  // goes on with the segment of the paragraph before
    bool single = false;     // in single marks
};

class MarkPairer {
   public:
    // The outermost segments, in order. The vector lives until the next call.
    const std::vector<Segment>& pair(const Tokens& tokens) noexcept;

   private:
    struct Open {
        std::uint32_t token;
        MarkFamily family;
    };
    void pair_paragraph(const Tokens& tokens, std::uint32_t index) noexcept;
    void close_at(std::uint32_t token, std::size_t depth, std::uint32_t paragraph) noexcept;
    void finish_paragraph(const Tokens& tokens, std::uint32_t index) noexcept;
    void keep_outermost(std::size_t from) noexcept;

    std::vector<Segment> segments_;
    std::vector<Open> open_;
    bool carried_ = false;  // the paragraph before left a segment open
    MarkFamily carried_family_ = MarkFamily::kStraight;
};

}  // namespace newsmill
