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

// A loop over all of a full sketch is faster than a search in it.
std::int32_t hashes_upto(const Sketch& sketch, std::uint32_t threshold) noexcept {
    std::int32_t count = 0;
    if (sketch.count == kSketchHashes) {
        for (const std::uint32_t hash : sketch.hashes) count += hash <= threshold ? 1 : 0;
        return count;
    }
    while (count < sketch.count && sketch.hashes[static_cast<std::size_t>(count)] <= threshold) {
        ++count;
    }
    return count;
}

// Up to here, the sketch has all hashes that there are.
std::uint32_t last_hash(const Sketch& sketch) noexcept {
    return sketch.count == kSketchHashes ? sketch.hashes[kSketchHashes - 1] : ~0u;
}

constexpr std::uint32_t kNoFact = ~0u;

// All ones or nothing: what spares a branch.
constexpr std::uint32_t mask(bool one) noexcept { return std::uint32_t{0} - (one ? 1u : 0u); }

// Above it, a full sample may hold back what the other has.
std::uint32_t last_fact(const FactSample& facts) noexcept {
    return facts.complete() ? 1u << kFactBits : facts[kSketchFacts - 1];
}

// common < of_expected * weight * survival; a name of two words survives if both do.
bool too_few(const FactOverlap& facts, std::int32_t survival, std::int32_t of_expected) noexcept {
    const std::int64_t expected = (facts.weight - facts.full_names) * survival +
                                  facts.full_names * survival * survival / kOne;
    return facts.common * kOne * 1000 < expected * of_expected;
}

// How much of the facts that were expected to survive must be there.
class FactsWanted {
   public:
    FactsWanted(std::int32_t containment, std::int32_t sharers,
                const MatchOptions& options) noexcept
        : options_(options),
          survival_(kCubeRoots[static_cast<std::size_t>(containment)]),
          crowd_(std::clamp(sharers - 16, 0, 48)),
          sameness_(std::max(0, containment * 1000 / kOne - 700)) {}

    bool other_figures(const FactOverlap& figures) const noexcept {
        if (figures.facts < 3) return false;
        const std::int32_t by_count = options_.figures_by_count * std::min(figures.facts, 10) / 10;
        return too_few(figures, survival_,
                       wanted(options_.figures_min + by_count, options_.figures_by_sharers,
                              options_.figures_by_containment));
    }
    bool other_facts(const FactOverlap& figures, const FactOverlap& names) const noexcept {
        const FactOverlap all{figures.facts + names.facts, figures.weight + names.weight,
                              figures.common + names.common, names.full_names};
        if (all.facts < 2) return false;
        const std::int32_t by_count = options_.facts_by_count * std::min(all.facts, 20) / 20;
        const std::int32_t share =
            all.facts < 5 ? wanted(options_.scarce_facts_min, options_.scarce_facts_by_sharers, 0)
                          : wanted(options_.facts_min + by_count, options_.facts_by_sharers,
                                   options_.facts_by_containment);
        return too_few(all, survival_, share);
    }

   private:
    std::int32_t wanted(std::int32_t min, std::int32_t by_sharers,
                        std::int32_t by_containment) const noexcept {
        return min + by_sharers * crowd_ / 8 - by_containment * sameness_ / 1000;
    }

    const MatchOptions& options_;
    std::int32_t survival_;
    std::int32_t crowd_;     // in eighths
    std::int32_t sameness_;  // in 1000ths
};

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

void Matcher::set(const Sketch& later, const Rarity& rarity) noexcept {
    later_ = &later;
    rarity_ = &rarity;
    hashes_.assign({later.hashes.data(), later.count});
    facts_set_ = false;
}

Overlap Matcher::overlap(const Sketch& earlier) const noexcept {
    const std::uint32_t* const hashes = earlier.hashes.data();
    const std::size_t count = earlier.count;
    const std::size_t indexed = std::min<std::size_t>(count, kIndexedHashes);
    Overlap out;
    for (std::size_t i = 0; i < indexed; ++i) out.indexed += hashes_.has(hashes[i]) ? 1 : 0;
    for (std::size_t i = indexed; i < count; ++i) out.common += hashes_.has(hashes[i]) ? 1 : 0;
    for (const std::uint32_t hash : hashes_.rest()) {
        for (std::size_t i = 0; i < indexed; ++i) out.indexed += hashes[i] == hash ? 1 : 0;
        for (std::size_t i = indexed; i < count; ++i) out.common += hashes[i] == hash ? 1 : 0;
    }
    out.common += out.indexed;
    const std::uint32_t last_here = last_hash(*later_), last_there = last_hash(earlier);
    out.later = last_here <= last_there ? later_->count : hashes_upto(*later_, last_there);
    out.earlier = last_there <= last_here ? earlier.count : hashes_upto(earlier, last_here);
    out.similarity = share(out.common, out.later + out.earlier - out.common);
    out.containment = share(out.common, std::min(out.later, out.earlier));
    return out;
}

void Matcher::set_facts(const FactSample& sample, Facts& facts) noexcept {
    facts.last = last_fact(sample);
    facts.hashes.fill(kNoFact);
    facts.weights[0] = facts.full_names[0] = 0;
    for (std::size_t i = 0; i < sample.count; ++i) {
        facts.hashes[i] = sample[i];
        const std::int32_t weight = rarity_->weight(sample[i]);
        facts.weights[i + 1] = facts.weights[i] + weight;
        facts.full_names[i + 1] = facts.full_names[i] + (is_full_name(sample[i]) ? weight : 0);
    }
    facts.set.assign({facts.hashes.data(), sample.count});
}

void Matcher::prepare_facts() noexcept {
    if (facts_set_) return;
    facts_set_ = true;
    set_facts(later_->figures, figures_);
    set_facts(later_->names, names_);
}

FactOverlap Matcher::overlap_figures(const Sketch& earlier) noexcept {
    prepare_facts();
    FactOverlap out = overlap_facts(figures_, earlier.figures);
    out.full_names = 0;
    return out;
}

FactOverlap Matcher::overlap_names(const Sketch& earlier) noexcept {
    prepare_facts();
    return overlap_facts(names_, earlier.names);
}

FactOverlap Matcher::overlap_facts(const Facts& later, const FactSample& earlier) const noexcept {
    const std::uint32_t threshold = std::min(later.last, last_fact(earlier));
    FactOverlap here, there;
    for (const std::uint32_t hash : later.hashes) here.facts += hash <= threshold ? 1 : 0;
    here.weight = later.weights[static_cast<std::size_t>(here.facts)];
    here.full_names = later.full_names[static_cast<std::size_t>(here.facts)];
    std::uint32_t common = 0, weight = 0, full_names = 0;
    for (std::size_t i = 0; i < earlier.count; ++i) {
        const std::uint32_t fact = earlier[i];
        const auto weighs = static_cast<std::uint32_t>(rarity_->weight(fact));
        const std::uint32_t counts = mask(fact <= threshold);
        there.facts += static_cast<std::int32_t>(counts & 1);
        weight += weighs & counts;
        full_names += weighs & counts & mask(is_full_name(fact));
        common += weighs & mask(later.set.has(fact));
    }
    for (const std::uint32_t hash : later.set.rest()) {
        for (std::size_t i = 0; i < earlier.count; ++i) {
            if (earlier[i] == hash) common += static_cast<std::uint32_t>(rarity_->weight(hash));
        }
    }
    there.weight = weight;
    there.full_names = full_names;
    FactOverlap& out = here.weight <= there.weight ? here : there;
    out.common = common;
    return out;
}

Comparison Matcher::compare(const Sketch& earlier, const Sharing& sharing,
                            const MatchOptions& options, bool explain) noexcept {
    Comparison out;
    out.words = overlap(earlier);
    const std::int32_t indexed = std::max({out.words.indexed, sharing.hits, 1});
    out.sharers = 8 * (sharing.sharers + Sharing::kSharersMax * (indexed - sharing.hits)) / indexed;
    const Overlap& words = out.words;
    out.reason = lack(words, std::min(later_->count, earlier.count), options);
    if (*out.reason != '\0') return out;
    const FactsWanted wanted(words.containment, out.sharers, options);
    out.figures = overlap_figures(earlier);
    const bool other_figures = options.check_facts && wanted.other_figures(out.figures);
    if (other_figures) out.reason = "the same form with other figures";
    if (other_figures && !explain) return out;
    out.names = overlap_names(earlier);
    if (other_figures) return out;
    if (options.check_facts && wanted.other_facts(out.figures, out.names)) {
        out.reason = "the same form with other facts";
        return out;
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
