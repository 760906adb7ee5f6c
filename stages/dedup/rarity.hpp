// How rare a fact is among the articles of the window: the weight that it has in a comparison.
//
// A table of counts, one for each 16-bit hash, over the live articles: a function of them alone.
// The weight is the integer logarithm of how many articles there are for each that has the fact,
// so a name that a quarter of all articles have says little, one of a thousand says much. Counts
// saturate nowhere (32 bits). Threads: one.
#pragma once

#include <bit>
#include <cstdint>
#include <vector>

#include "stages/fingerprint/sketch.hpp"

namespace newsmill {

class Rarity {
   public:
    Rarity() : counts_(1u << 16) {}

    void add(const FactSample& facts) noexcept {
        for (std::size_t i = 0; i < facts.count; ++i) ++counts_[facts.hashes[i]];
        ++articles_;
    }
    void remove(const FactSample& facts) noexcept {
        for (std::size_t i = 0; i < facts.count; ++i) --counts_[facts.hashes[i]];
        --articles_;
    }

    // 1 to kWeightMax.
    std::int32_t weight(std::uint16_t fact) const noexcept {
        const std::uint32_t count = counts_[fact] + 1;
        // Twice the base-2 logarithm, to half steps, of articles / count.
        const int all = log2_doubled(articles_ + 1), of = log2_doubled(count);
        const int weight = all - of;
        return weight < 1 ? 1 : weight > kWeightMax ? kWeightMax : weight;
    }
    static constexpr std::int32_t kWeightMax = 16;

   private:
    static int log2_doubled(std::uint32_t x) noexcept {
        const int whole = static_cast<int>(std::bit_width(x)) - 1;
        // The next bit below the first: half a step, about.
        const int half = whole > 0 ? static_cast<int>(x >> (whole - 1) & 1) : 0;
        return 2 * whole + half;
    }

    std::vector<std::uint32_t> counts_;
    std::uint32_t articles_ = 0;
};

}  // namespace newsmill
