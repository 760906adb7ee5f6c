#include "stages/dedup/match.hpp"

#include <algorithm>
#include <array>

namespace newsmill {
namespace {

constexpr std::int32_t kOne = 1024;

// The cube root of x / 1024, in 1024ths, rounded down.
constexpr std::array<std::int16_t, kOne + 1> make_cube_roots() {
    std::array<std::int16_t, kOne + 1> roots{};
    std::int64_t root = 0;
    for (std::int64_t x = 0; x <= kOne; ++x) {
        while ((root + 1) * (root + 1) * (root + 1) <= x * kOne * kOne) ++root;
        roots[static_cast<std::size_t>(x)] = static_cast<std::int16_t>(root);
    }
    return roots;
}
constexpr auto kCubeRoots = make_cube_roots();

std::int32_t share(std::int32_t part, std::int32_t whole) noexcept {
    return whole == 0 ? 0 : part * kOne / whole;
}

std::int32_t hashes_upto(const Sketch& sketch, std::uint32_t threshold) noexcept {
    const auto* const first = sketch.hashes.data();
    return static_cast<std::int32_t>(std::upper_bound(first, first + sketch.count, threshold) -
                                     first);
}

bool too_few(const FactOverlap& facts, std::int32_t survival, std::int32_t of_expected) noexcept {
    // common / weight < of_expected * survival
    return facts.common * kOne * 1000 <
           facts.weight * static_cast<std::int64_t>(of_expected) * survival;
}

}  // namespace

Overlap overlap(const Sketch& later, const Sketch& earlier) noexcept {
    const auto last = [](const Sketch& sketch) {
        return sketch.count == kSketchHashes ? sketch.hashes[kSketchHashes - 1] : ~0u;
    };
    const std::uint32_t threshold = std::min(last(later), last(earlier));
    Overlap out;
    out.later = hashes_upto(later, threshold);
    out.earlier = hashes_upto(earlier, threshold);
    for (std::int32_t i = 0, j = 0; i < out.later && j < out.earlier;) {
        const std::uint32_t a = later.hashes[static_cast<std::size_t>(i)];
        const std::uint32_t b = earlier.hashes[static_cast<std::size_t>(j)];
        out.common += a == b ? 1 : 0;
        i += a <= b ? 1 : 0;
        j += b <= a ? 1 : 0;
    }
    out.similarity = share(out.common, out.later + out.earlier - out.common);
    out.containment = share(out.common, std::min(out.later, out.earlier));
    return out;
}

FactOverlap overlap_facts(const FactSample& a, const FactSample& b, const Rarity& rarity) noexcept {
    // Above the smaller of two full samples' last facts, one of them may hold what it leaves out.
    const auto last = [](const FactSample& facts) {
        return facts.complete() ? 0xFFFFu : facts.hashes[kSketchFacts - 1];
    };
    const std::uint32_t threshold = std::min<std::uint32_t>(last(a), last(b));
    FactOverlap of_a, of_b;
    std::int64_t common = 0;
    std::size_t i = 0, j = 0;
    const auto at = [threshold](const FactSample& facts, std::size_t k) -> std::uint32_t {
        return k < facts.count && facts.hashes[k] <= threshold ? facts.hashes[k] : 0x10000u;
    };
    for (;;) {
        const std::uint32_t x = at(a, i), y = at(b, j);
        const std::uint32_t fact = std::min(x, y);
        if (fact == 0x10000u) break;
        const std::int32_t weight = rarity.weight(static_cast<std::uint16_t>(fact));
        if (x == fact) {
            ++of_a.facts;
            of_a.weight += weight;
            ++i;
        }
        if (y == fact) {
            ++of_b.facts;
            of_b.weight += weight;
            ++j;
        }
        if (x == y) common += weight;
    }
    FactOverlap& out = of_a.weight <= of_b.weight ? of_a : of_b;
    out.common = common;
    return out;
}

Comparison compare(const Sketch& later, const Sketch& earlier, const Rarity& figures,
                   const Rarity& names, const MatchOptions& options) noexcept {
    Comparison out;
    out.words = overlap(later, earlier);
    const Overlap& words = out.words;
    out.figures = overlap_facts(later.figures, earlier.figures, figures);
    out.names = overlap_facts(later.names, earlier.names, names);
    if (words.containment * 1000 < options.containment_min * kOne) {
        out.reason = "too few words in common";
        return out;
    }
    if (words.common < options.few_hashes &&
        words.containment * 1000 < options.few_containment_min * kOne) {
        out.reason = "too few words in common for so small a sample";
        return out;
    }
    if (options.check_facts) {
        const std::int32_t survival = kCubeRoots[static_cast<std::size_t>(words.containment)];
        if (out.figures.facts >= 3 && too_few(out.figures, survival, options.figures_min)) {
            out.reason = "the same form with other figures";
            return out;
        }
        const FactOverlap all{out.figures.facts + out.names.facts,
                              out.figures.weight + out.names.weight,
                              out.figures.common + out.names.common};
        if (all.facts >= 5 && too_few(all, survival, options.facts_min)) {
            out.reason = "the same form with other facts";
            return out;
        }
    }
    // One is a part of the other if it is mostly in it, and much shorter.
    const bool part =
        words.containment >= 3 * kOne / 5 && words.similarity * 5 < words.containment * 4;
    if (part && words.later * 4 <= words.earlier * 3) {
        out.relation = Relation::kContained;
        out.reason = "a part of the other";
    } else if (part && words.earlier * 4 <= words.later * 3) {
        out.relation = Relation::kContains;
        out.reason = "the other and more";
    } else {
        out.relation = Relation::kNear;
        out.reason = "nearly the same words and facts";
    }
    return out;
}

}  // namespace newsmill
