// Plain text: a headline, a blank line, paragraphs. All values are views of the text.
#pragma once

#include <string_view>

#include "pipeline/batch.hpp"

namespace newsmill {

// The first line is the headline, what follows the body. A first line that is longer than a
// headline can be (kHeadlineBytesMax) begins the body instead. Pure, any thread.
inline constexpr std::size_t kHeadlineBytesMax = 400;
void read_plain_text(std::string_view text, Fields& fields) noexcept;

}  // namespace newsmill
