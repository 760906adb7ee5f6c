// Compares two sketches: are the articles near duplicates, and which contains which?
//
// Jaccard similarity and containment are counted among the hashes below the common threshold (the
// smaller of the two sketches' largest hashes), where both samples are complete. Then the facts
// have their say: an edit that lets a word survive with probability q keeps a share q of the facts,
// while another report in the same form keeps far fewer. A shingle of three words survives with
// q^3, so q is the cube root of the containment. Facts are weighted by how rare they are among the
// articles of the window (rarity.hpp).
//
// All numbers are integers in 1024ths, so that all machines agree. Pure functions.
#pragma once

#include <cstdint>

#include "stages/dedup/rarity.hpp"
#include "stages/fingerprint/sketch.hpp"

namespace newsmill {

enum class Relation : std::uint8_t {
    kNone,
    kNear,
    kContained,  // the later article is a part of the earlier one
    kContains,   // the earlier one is a part of the later one
};

struct MatchOptions {
    std::int32_t containment_min = 300;      // thousandths
    std::int32_t few_hashes = 8;             // with fewer common ones …
    std::int32_t few_containment_min = 600;  // … the containment must be this much
    std::int32_t figures_min = 600;          // of the expected share of figures
    std::int32_t facts_min = 700;            // of the expected share of all facts
    bool check_facts = true;
};

struct Overlap {
    std::int32_t common = 0;       // hashes
    std::int32_t similarity = 0;   // Jaccard, in 1024ths
    std::int32_t containment = 0;  // of the smaller in the larger, in 1024ths
    std::int32_t later = 0;        // hashes of the later one below the threshold
    std::int32_t earlier = 0;
};
Overlap overlap(const Sketch& later, const Sketch& earlier) noexcept;

// Facts of one kind: those that both samples could hold, by weight.
struct FactOverlap {
    std::int32_t facts = 0;   // of the side that has fewer
    std::int64_t weight = 0;  // theirs
    std::int64_t common = 0;  // and of those that the other side has too
};
FactOverlap overlap_facts(const FactSample& a, const FactSample& b, const Rarity& rarity) noexcept;

struct Comparison {
    Relation relation = Relation::kNone;
    Overlap words;
    FactOverlap figures;
    FactOverlap names;
    const char* reason = "";  // static
};
Comparison compare(const Sketch& later, const Sketch& earlier, const Rarity& figures,
                   const Rarity& names, const MatchOptions& options) noexcept;

}  // namespace newsmill
