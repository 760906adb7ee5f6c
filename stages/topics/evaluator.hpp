// Says whether a query holds for the text that a matcher has scanned: how many occurrences speak
// for it, 0 if it does not hold. A view of the matcher; one thread. The cost is linear in the
// query, and n log n in the occurrences for a prox.
#pragma once

#include <cstdint>
#include <vector>

#include "stages/topics/matcher.hpp"

namespace newsmill::topics {

class QueryEvaluator {
   public:
    explicit QueryEvaluator(const Matcher& matcher) noexcept : matcher_(matcher) {}
    std::uint64_t value(std::uint32_t node) const noexcept;
    // Whether there is any: as soon as that is known.
    bool is_true(std::uint32_t node) const noexcept;

   private:
    // A stretch of the text in the unit of a prox; both ends are part of it.
    struct Stretch {
        std::uint32_t first;
        std::uint32_t last;
    };

    std::uint64_t clause(std::uint32_t leaf) const noexcept;
    std::uint64_t prox(const LanguageRules::QueryNode& node) const noexcept;
    std::uint64_t prox_in(const LanguageRules::QueryNode& node, std::uint8_t field) const noexcept;
    void places(std::uint32_t node, Query::Unit unit, std::uint8_t field,
                std::vector<Stretch>& out) const noexcept;

    const Matcher& matcher_;
};

}  // namespace newsmill::topics
