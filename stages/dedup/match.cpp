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

// common / weight < of_expected * survival
bool too_few(const FactOverlap& facts, std::int32_t survival, std::int32_t of_expected) noexcept {
    return facts.common * kOne * 1000 <
           facts.weight * static_cast<std::int64_t>(of_expected) * survival;
}

// Empty if the facts agree; else what they say.
const char* contradiction(const FactOverlap& figures, const FactOverlap& names,
                          std::int32_t containment, std::int32_t sharers,
                          const MatchOptions& options) noexcept {
    const std::int32_t survival = kCubeRoots[static_cast<std::size_t>(containment)];
    const std::int32_t crowd = std::clamp(sharers - 16, 0, 48);                  // in eighths
    const std::int32_t sameness = std::max(0, containment * 1000 / kOne - 700);  // in 1000ths
    const auto wanted = [&](std::int32_t min, std::int32_t by_sharers,
                            std::int32_t by_containment) {
        return min + by_sharers * crowd / 8 - by_containment * sameness / 1000;
    };
    if (figures.facts >= 3) {
        const std::int32_t by_count = options.figures_by_count * std::min(figures.facts, 10) / 10;
        if (too_few(figures, survival,
                    wanted(options.figures_min + by_count, options.figures_by_sharers,
                           options.figures_by_containment))) {
            return "the same form with other figures";
        }
    }
    const FactOverlap all{figures.facts + names.facts, figures.weight + names.weight,
                          figures.common + names.common};
    if (all.facts < 2) return "";
    const std::int32_t by_count = options.facts_by_count * std::min(all.facts, 20) / 20;
    const std::int32_t share =
        all.facts < 5 ? wanted(options.scarce_facts_min, options.scarce_facts_by_sharers, 0)
                      : wanted(options.facts_min + by_count, options.facts_by_sharers,
                               options.facts_by_containment);
    return too_few(all, survival, share) ? "the same form with other facts" : "";
}

// Empty if the words would do; else what is missing.
const char* lack(const Overlap& words, std::int32_t shorter, const MatchOptions& options) noexcept {
    if (words.containment * 1000 < options.containment_min * kOne) {
        return "too few words in common";
    }
    if (words.common < std::min(options.common_min, shorter)) {
        return "too few words in common for so small a sample";
    }
    if (words.common < options.few_hashes &&
        words.containment * 1000 < options.few_containment_min * kOne) {
        return "too few words in common for so small a sample";
    }
    if (words.containment * 1000 >= options.uneven_containment_min * kOne) return "";
    // Equal lengths make the similarity containment / (2 - containment).
    const std::int64_t even =
        static_cast<std::int64_t>(words.similarity) * (2 * kOne - words.containment) * 1000;
    const std::int64_t wanted =
        static_cast<std::int64_t>(options.evenness_min) * words.containment * kOne;
    if (words.common < options.even_hashes_min || even < wanted) {
        return "a passage in common";
    }
    return "";
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
        out.indexed += a == b && j < static_cast<std::int32_t>(kIndexedHashes) ? 1 : 0;
        i += a <= b ? 1 : 0;
        j += b <= a ? 1 : 0;
    }
    out.similarity = share(out.common, out.later + out.earlier - out.common);
    out.containment = share(out.common, std::min(out.later, out.earlier));
    return out;
}

FactOverlap overlap_facts(const FactSample& a, const FactSample& b, const Rarity& rarity) noexcept {
    constexpr std::uint32_t kNone = 1u << kFactBits;
    // Above the smaller of two full samples' last facts, one of them may hold what it leaves out.
    const auto last = [](const FactSample& facts) {
        return facts.complete() ? kNone : facts[kSketchFacts - 1];
    };
    const std::uint32_t threshold = std::min(last(a), last(b));
    const auto at = [threshold](const FactSample& facts, std::size_t k) {
        const std::uint32_t fact = k < facts.count ? facts[k] : kNone;
        return fact <= threshold ? fact : kNone;
    };
    FactOverlap of_a, of_b;
    std::int64_t common = 0;
    for (std::size_t i = 0, j = 0;;) {
        const std::uint32_t x = at(a, i), y = at(b, j);
        const std::uint32_t fact = std::min(x, y);
        if (fact == kNone) break;
        const std::int32_t weight = rarity.weight(fact);
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

Comparison compare(const Sketch& later, const Sketch& earlier, const Rarity& rarity,
                   const Sharing& sharing, const MatchOptions& options) noexcept {
    Comparison out;
    out.words = overlap(later, earlier);
    const std::int32_t indexed = std::max({out.words.indexed, sharing.hits, 1});
    out.sharers = 8 * (sharing.sharers + Sharing::kSharersMax * (indexed - sharing.hits)) / indexed;
    const Overlap& words = out.words;
    out.reason = lack(words, std::min(later.count, earlier.count), options);
    if (*out.reason != '\0') return out;
    out.figures = overlap_facts(later.figures, earlier.figures, rarity);
    out.names = overlap_facts(later.names, earlier.names, rarity);
    if (options.check_facts) {
        out.reason = contradiction(out.figures, out.names, words.containment, out.sharers, options);
        if (*out.reason != '\0') return out;
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
