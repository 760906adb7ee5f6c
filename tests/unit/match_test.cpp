#include "stages/dedup/match.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>
#include <vector>

namespace newsmill {
namespace {

std::set<std::uint32_t> hashes_of(const Sketch& sketch) {
    return {sketch.hashes.begin(), sketch.hashes.begin() + sketch.count};
}

std::set<std::uint32_t> facts_of(const FactSample& facts) {
    std::set<std::uint32_t> out;
    for (std::size_t i = 0; i < facts.count; ++i) out.insert(facts[i]);
    return out;
}

// By the definitions in match.hpp, set by set.
Overlap overlap_by_sets(const Sketch& later, const Sketch& earlier) {
    const std::set<std::uint32_t> a = hashes_of(later), b = hashes_of(earlier);
    const auto last = [](const std::set<std::uint32_t>& set) {
        return set.size() == kSketchHashes ? *set.rbegin() : ~0u;
    };
    const std::uint32_t threshold = std::min(last(a), last(b));
    Overlap out;
    for (const std::uint32_t hash : a) out.later += hash <= threshold ? 1 : 0;
    std::size_t place = 0;
    for (const std::uint32_t hash : b) {
        out.earlier += hash <= threshold ? 1 : 0;
        if (a.contains(hash)) {
            ++out.common;
            if (place < kIndexedHashes) ++out.indexed;
        }
        ++place;
    }
    return out;
}

struct Weights {
    std::int32_t facts = 0;
    std::int64_t all = 0, full_names = 0, common = 0;
};
Weights weigh(const FactSample& one, const FactSample& other, const Rarity& rarity) {
    std::uint32_t threshold = 1u << kFactBits;
    for (const FactSample* sample : {&one, &other}) {
        if (!sample->complete()) threshold = std::min(threshold, *facts_of(*sample).rbegin());
    }
    const std::set<std::uint32_t> there = facts_of(other);
    Weights out;
    for (const std::uint32_t fact : facts_of(one)) {
        if (fact > threshold) continue;
        const std::int32_t weight = rarity.weight(fact);
        ++out.facts;
        out.all += weight;
        out.full_names += is_full_name(fact) ? weight : 0;
        if (there.contains(fact)) out.common += weight;
    }
    return out;
}

// Of few different hashes, whose lowest bits are equal often: all places of a table are contended.
Sketch random_sketch(std::mt19937& random) {
    Sketch sketch;
    const auto fact = [&] {
        return static_cast<std::uint32_t>((random() % 8) << 13 | random() % 6) << (random() % 2);
    };
    const auto fill = [&](FactSample& sample) {
        std::set<std::uint32_t> facts;
        for (auto left = random() % 40; left > 0; --left) facts.insert(fact());
        for (const std::uint32_t one : facts) {
            if (sample.count < kSketchFacts) sample.set(sample.count++, one);
        }
    };
    fill(sketch.figures);
    fill(sketch.names);
    std::set<std::uint32_t> hashes;
    for (auto left = random() % 150; left > 0; --left) {
        hashes.insert(static_cast<std::uint32_t>((random() % 12) << 27 | random() % 12));
    }
    for (const std::uint32_t hash : hashes) {
        if (sketch.count < kSketchHashes) sketch.hashes[sketch.count++] = hash;
    }
    return sketch;
}

TEST(Matcher, CountsAsSetsDo) {
    std::mt19937 random(11);
    Rarity rarity;
    Matcher matcher;
    for (int round = 0; round < 300; ++round) {
        const Sketch later = random_sketch(random);
        matcher.set(later, rarity);
        for (int k = 0; k < 10; ++k) {
            const Sketch earlier = random_sketch(random);
            const Overlap words = matcher.overlap(earlier);
            const Overlap expected = overlap_by_sets(later, earlier);
            ASSERT_EQ(words.common, expected.common);
            ASSERT_EQ(words.indexed, expected.indexed);
            ASSERT_EQ(words.later, expected.later);
            ASSERT_EQ(words.earlier, expected.earlier);
            const FactOverlap names = matcher.overlap_names(earlier);
            const Weights here = weigh(later.names, earlier.names, rarity);
            const Weights there = weigh(earlier.names, later.names, rarity);
            const Weights& less = here.all <= there.all ? here : there;
            ASSERT_EQ(names.facts, less.facts);
            ASSERT_EQ(names.weight, less.all);
            ASSERT_EQ(names.full_names, less.full_names);
            ASSERT_EQ(names.common, less.common);
        }
        rarity.add(later.names);
    }
}

}  // namespace
}  // namespace newsmill
