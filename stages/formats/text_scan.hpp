// Scans over text that the encoder's speed hangs on: copies up to where JSON needs an escape, how
// many code points and words a text has. Sixteen bytes a step with SSE2 (every x86-64 has it),
// eight with plain integers elsewhere; both give the same answers.
//
// Input is UTF-8; nothing before its start or past its end is read. Pure functions, any thread.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace newsmill {

// Copies what a JSON string can hold as it is: up to the first quotation mark, backslash or control
// below U+0020, of which the index is returned, or text.size(). `out` has room for the whole text
// and does not overlap it; what lies behind the copied bytes may be written over.
std::size_t copy_plain(std::string_view text, char* out) noexcept;

std::size_t count_code_points(std::string_view text) noexcept;

// Runs of bytes above U+0020: words of a script that writes spaces.
std::size_t count_words(std::string_view text) noexcept;

// The forms for machines without SSE2, for them and for tests.
namespace portable {
std::size_t copy_plain(std::string_view text, char* out) noexcept;
std::size_t count_code_points(std::string_view text) noexcept;
std::size_t count_words(std::string_view text) noexcept;
}  // namespace portable

// Turns byte offsets of one text into code point offsets: one pass notes the count at every 64th
// byte, a question then counts at most 63. Reuses its memory between texts.
class CodePointIndex {
   public:
    // `text` must live as long as questions are asked. With `ascii` there is nothing to count.
    void build(std::string_view text, bool ascii);
    // Offsets past the end count as the end.
    std::uint32_t at(std::uint32_t byte_offset) const noexcept;
    std::uint32_t total() const noexcept { return total_; }

   private:
    static constexpr std::size_t kBlockBytes = 64;
    std::string_view text_;
    bool ascii_ = true;
    std::uint32_t total_ = 0;
    std::vector<std::uint32_t> counts_;  // code points before each block
};

}  // namespace newsmill
