// Compares two sketches: are the articles near duplicates, and which contains which?
//
// Jaccard similarity and containment are counted among the hashes below the common threshold (the
// smaller of the two sketches' largest hashes), where both samples are complete. Then the facts
// have their say: an edit that lets a word survive with probability q keeps a share q of the facts,
// while another report in the same form keeps far fewer. A shingle of three words survives with
// q^3, so q is the cube root of the containment. Facts are weighted by how rare they are among the
// articles of the window (rarity.hpp).
//
// All numbers are integers in 1024ths, so that all machines agree.
//
// An article is compared with up to fifty others, so its hashes are put into small tables first,
// which the others' hashes are looked up in one by one, without a branch that depends on them.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "stages/dedup/hash_set.hpp"
#include "stages/dedup/rarity.hpp"
#include "stages/fingerprint/sketch.hpp"

namespace newsmill {

enum class Relation : std::uint8_t {
    kNone,
    kNear,
    kContained,  // the later article is a part of the earlier one
    kContains,   // the earlier one is a part of the later one
};

// Thousandths. The defaults were found on labelled sets (docs/dedup.md has the tables).
struct MatchOptions {
    std::int32_t containment_min = 260;
    // Common hashes; a text of fewer must be in the other whole.
    std::int32_t common_min = 4;
    // With fewer common hashes than few_hashes, the containment must be this much.
    std::int32_t few_hashes = 12;
    std::int32_t few_containment_min = 730;
    // Below this containment, only texts of the same length are near duplicates, with so many
    // common hashes: noise spreads over all of a text, while a borrowed paragraph or a common
    // background leaves one of the two longer.
    std::int32_t uneven_containment_min = 530;
    std::int32_t even_hashes_min = 18;
    std::int32_t evenness_min = 650;  // of the similarity that equal lengths would give

    // Of candidates that score this much of the best one's, the earliest is taken.
    std::int32_t choice_min = 750;

    bool check_facts = true;
    // Of the expected share of facts that must be there: of all facts, and of figures alone. More
    // for more facts (chance has less room), and for words that many articles share (a form); less
    // for words that are all the same, where it is a later version that has other figures.
    std::int32_t facts_min = 515;
    std::int32_t facts_by_count = 100;        // at 20 facts
    std::int32_t facts_by_sharers = 17;       // for each sharer above two, up to six
    std::int32_t facts_by_containment = 220;  // less, for each 1 of containment above 0.7
    std::int32_t scarce_facts_min = 100;      // with two to four facts
    std::int32_t scarce_facts_by_sharers = 10;
    std::int32_t figures_min = 80;
    std::int32_t figures_by_count = 450;  // at 10 figures
    std::int32_t figures_by_sharers = 60;
    std::int32_t figures_by_containment = 1000;
};

struct Overlap {
    std::int32_t common = 0;       // hashes
    std::int32_t similarity = 0;   // Jaccard, in 1024ths
    std::int32_t containment = 0;  // of the smaller in the larger, in 1024ths
    std::int32_t later = 0;        // hashes of the later one below the threshold
    std::int32_t earlier = 0;
    std::int32_t indexed = 0;  // of the common hashes, those among the earlier one's indexed ones
};

// Facts of one kind: those that both samples could hold, by weight.
struct FactOverlap {
    std::int32_t facts = 0;       // of the side that has fewer
    std::int64_t weight = 0;      // theirs
    std::int64_t common = 0;      // and of those that the other side has too
    std::int64_t full_names = 0;  // of the weight, what names of two words have
};

// What the index knew of a candidate: of its indexed hashes, how many the later article has, and
// how many articles of the window have each of these, in all. A hash that many have leaves the
// index again, which says as much: it counts as kSharersMax.
struct Sharing {
    static constexpr std::int32_t kSharersMax = 8;
    std::int32_t hits = 0;
    std::int32_t sharers = 0;
};

struct Comparison {
    Relation relation = Relation::kNone;
    Overlap words;
    std::int32_t sharers = 0;  // of a common hash, in the mean, in eighths
    FactOverlap figures;
    FactOverlap names;
    const char* reason = "";  // static
};

// Compares one sketch with others. 30 kB; threads: one.
class Matcher {
   public:
    // Both stay, unchanged, until the last comparison.
    void set(const Sketch& later, const Rarity& rarity) noexcept;

    // What nobody else has is a story, what many have is a form. Names are not looked at when the
    // figures have decided, unless it is to be explained.
    Comparison compare(const Sketch& earlier, const Sharing& sharing, const MatchOptions& options,
                       bool explain = true) noexcept;

    Overlap overlap(const Sketch& earlier) const noexcept;
    FactOverlap overlap_figures(const Sketch& earlier) noexcept;
    FactOverlap overlap_names(const Sketch& earlier) noexcept;

   private:
    struct Facts {
        std::array<std::uint32_t, kSketchFacts> hashes;      // ascending; kNoFact behind the last
        std::array<std::int32_t, kSketchFacts + 1> weights;  // of the first 0, 1, 2, …
        std::array<std::int32_t, kSketchFacts + 1> full_names;  // and of full names among them
        std::uint32_t last;  // the largest that both samples would have
        HashSet<10, kSketchFacts> set;
    };
    void set_facts(const FactSample& sample, Facts& facts) noexcept;
    FactOverlap overlap_facts(const Facts& later, const FactSample& earlier) const noexcept;
    void prepare_facts() noexcept;

    const Sketch* later_ = nullptr;
    const Rarity* rarity_ = nullptr;
    HashSet<11, kSketchHashes> hashes_;
    Facts figures_;
    Facts names_;
    bool facts_set_ = false;  // most articles meet nobody whose facts matter
};

}  // namespace newsmill
