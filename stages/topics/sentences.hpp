// Numbers the sentences or the paragraphs of a text, as far as it is asked. A sentence ends at a
// ., ! or ? before a blank and a word that does not begin small, unless an initial or a usual
// abbreviation stands before the dot; and where a paragraph ends. A view; one thread; one pass.
#pragma once

#include <cstdint>
#include <string_view>

namespace newsmill::topics {

class UnitCounter {
   public:
    UnitCounter(std::string_view text, bool sentences) noexcept
        : text_(text), sentences_(sentences) {}
    // The number of the unit in which a byte stands, from 0. Bytes must be asked in order.
    std::uint32_t unit_at(std::size_t byte) noexcept;

   private:
    bool ends_at(std::size_t at) const noexcept;

    std::string_view text_;
    bool sentences_;
    std::size_t at_ = 0;
    std::uint32_t unit_ = 0;
};

}  // namespace newsmill::topics
