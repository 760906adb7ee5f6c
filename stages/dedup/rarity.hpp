// How rare a fact is among the articles of the window: the weight that it has in a comparison.
//
// A table of counts over the live articles, by hash: a function of them alone. A fact that few
// articles have weighs kWeightMax: a story and its copies share it. Beyond kFew articles the weight
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
    static constexpr std::uint32_t kFew = 16;

    Rarity() : pages_(sizeof(std::uint32_t) << kTableBits) {}

    void add(const FactSample& facts) noexcept {
        for (std::size_t i = 0; i < facts.count; ++i) ++count(facts[i]);
    }
    void remove(const FactSample& facts) noexcept {
        for (std::size_t i = 0; i < facts.count; ++i) --count(facts[i]);
    }

    // 1 to kWeightMax: 64, 45 at twice kFew, 32 at four times, …
    std::int32_t weight(std::uint32_t fact) const noexcept {
        const std::uint32_t articles = count(fact);
        if (articles <= kFew) return kWeightMax;
        // Half the binary logarithm of articles / kFew, to half steps.
        const auto log2 = static_cast<unsigned>(std::bit_width(articles / kFew)) - 1;
        const std::int32_t weight = (log2 % 2 == 0 ? 64 : 45) >> (log2 / 2);
        return weight < 1 ? 1 : weight;
    }

    static constexpr std::size_t kBytes = sizeof(std::uint32_t) << 20;

   private:
    static constexpr int kTableBits = 20;
    std::uint32_t& count(std::uint32_t fact) const noexcept {
        return static_cast<std::uint32_t*>(pages_.data())[fact >> (kFactBits - kTableBits)];
    }

    Pages pages_;
};

}  // namespace newsmill
