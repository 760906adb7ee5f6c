// How rare a fact is among the stories of the window: the weight that it has in a comparison.
//
// A table of counts over the live stories, by hash: a function of them alone. Copies do not count,
// so a fact of much copied news stays rare, and the nouns of a form are known after its first few
// reports. A fact that few have weighs kWeightMax. Beyond kFew articles the weight
// falls with the root of their number: what all reports of one form have in common ("Detective
// Constable", "Zacks", a telephone number) says nothing of whether two are the same.
// Threads: one.
#pragma once

#include <bit>
#include <cstdint>

#include "pipeline/pages.hpp"
#include "stages/fingerprint/sketch.hpp"

namespace newsmill {

class Rarity {
   public:
    static constexpr std::int32_t kWeightMax = 64;
    static constexpr std::uint32_t kFew = 8;

    Rarity() : pages_(sizeof(std::uint32_t) << kTableBits) {}

    void add(const FactSample& facts) noexcept {
        for (std::size_t i = 0; i < facts.count; ++i) ++count(facts[i]);
    }
    void remove(const FactSample& facts) noexcept {
        for (std::size_t i = 0; i < facts.count; ++i) --count(facts[i]);
    }

    void prefetch(std::uint32_t fact) const noexcept { __builtin_prefetch(&count(fact)); }

    // 1 to kWeightMax: 64, 45 at twice kFew, 32 at four times, …
    std::int32_t weight(std::uint32_t fact) const noexcept {
        return kWeights[std::bit_width(count(fact) / kFew)];
    }

    static constexpr std::size_t kBytes = sizeof(std::uint32_t) << 20;

   private:
    static constexpr int kTableBits = 20;
    // By the bits of articles / kFew: less by the root of two for each.
    static constexpr std::int8_t kWeights[33] = {64, 64, 45, 32, 22, 16, 11, 8, 5, 4, 2,
                                                 2,  1,  1,  1,  1,  1,  1,  1, 1, 1, 1,
                                                 1,  1,  1,  1,  1,  1,  1,  1, 1, 1, 1};
    std::uint32_t& count(std::uint32_t fact) const noexcept {
        return static_cast<std::uint32_t*>(pages_.data())[fact >> (kFactBits - kTableBits)];
    }

    Pages pages_;
};

}  // namespace newsmill
