// A small set of hashes that many are looked up in, each with one load and no branch: a table in
// which a hash has one place. The few whose place is taken stand in a list, which whoever looks up
// has to go through as well (rest()).
//
// Lookups take any value; the lowest bits of hashes must be random. Threads: one.
#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace newsmill {

template <unsigned kBits, std::size_t kHashesMax>
class HashSet {
   public:
    HashSet() noexcept {
        for (std::uint32_t i = 0; i < slots_.size(); ++i) slots_[i] = ~i;
    }

    // Distinct hashes, at most kHashesMax, in place of those before.
    void assign(std::span<const std::uint32_t> hashes) noexcept {
        for (std::size_t i = 0; i < taken_count_; ++i) slots_[taken_[i]] = ~taken_[i];
        taken_count_ = rest_count_ = 0;
        for (const std::uint32_t hash : hashes) {
            const std::uint32_t at = hash & kMask;
            if (slots_[at] == ~at) {
                slots_[at] = hash;
                taken_[taken_count_++] = at;
            } else {
                rest_[rest_count_++] = hash;
            }
        }
    }

    // Not for those of rest().
    bool has(std::uint32_t hash) const noexcept { return slots_[hash & kMask] == hash; }
    std::span<const std::uint32_t> rest() const noexcept { return {rest_.data(), rest_count_}; }

   private:
    static constexpr std::uint32_t kMask = (1u << kBits) - 1;

    std::array<std::uint32_t, 1u << kBits> slots_;  // ~i in the free slot i: no hash of that place
    std::array<std::uint32_t, kHashesMax> taken_;
    std::array<std::uint32_t, kHashesMax> rest_;
    std::size_t taken_count_ = 0;
    std::size_t rest_count_ = 0;
};

}  // namespace newsmill
