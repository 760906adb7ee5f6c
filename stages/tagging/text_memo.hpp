// What a stage made of the texts it saw last, so that a copy costs a lookup: a fifth to a third of
// what a newsroom's feeds bring is word for word what another one brought minutes before. For
// stages whose result is a function of the text alone.
//
// Results are bytes in a ring of a fixed size: the oldest go as new ones come. A key names the
// text; keys are 128-bit hashes (XXH3), and equal keys are taken for equal texts, as the exact hash
// of dedup is. A key's place is one slot, so that a rare collision of places forgets one.
//
// Ownership: views that find() and keep() return live until the next keep() or clear(). Threads:
// one. Errors: none. No allocation after the constructor.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "pipeline/batch.hpp"

namespace newsmill {

class TextMemo {
   public:
    // 0 bytes: remembers nothing.
    explicit TextMemo(std::size_t bytes);

    static Hash128 key_of(std::string_view language, std::string_view headline,
                          std::string_view body) noexcept;

    // The result of a text; data() is null if it is not known.
    std::string_view find(const Hash128& key) const noexcept;
    // Room for a result, to be filled at once; empty if it is too large to be kept.
    std::span<char> keep(const Hash128& key, std::size_t bytes) noexcept;
    void clear() noexcept;

    bool enabled() const noexcept { return !slots_.empty(); }

   private:
    struct Slot {
        Hash128 key;
        std::uint64_t at = 0;  // place in the endless stream of which the ring is the end
        std::uint32_t bytes = 0;
        bool used = false;
    };

    std::vector<char> ring_;
    std::vector<Slot> slots_;  // a power of two
    std::uint64_t end_ = 0;
};

}  // namespace newsmill
