// Finds, for a sketch, the earlier article of the window that it is a near duplicate of.
//
// An asymmetric index: an article inserts its 24 smallest hashes and looks up all of its 64, so
// that a short part of a long text is found from either side. A bucket is one cache line of 8
// (hash, article) entries of which the newest stay, which also bounds what boilerplate can cost.
// Candidates that share enough hashes are compared sketch by sketch (match.hpp).
//
// Deterministic, in integers: what is found is a function of the calls alone, and, which snapshots
// build on, of the live articles alone: inserting them again in their order, with their
// roles, into an empty index of the same high_water() gives the same answers. So buckets keep
// their newest entries by order, what has expired never counts, and rarity counts live stories.
//
// Numbers are the caller's, strictly ascending, below 2^56, at most 2^30 live ones. Memory:
// bytes_for(); it is taken as the window fills, in huge pages where the system grants them.
// Threads: one.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string_view>
#include <vector>

#include "pipeline/pages.hpp"
#include "stages/dedup/match.hpp"
#include "stages/dedup/rarity.hpp"

namespace newsmill {

struct NearOptions {
    std::size_t capacity = 1'000'000;  // articles
    MatchOptions match;
};

// What an article is to those that come after it.
enum class NearRole : std::uint8_t {
    kHidden,   // a copy that is found through what it copies: no entries of its own
    kCopy,     // a copy that has drifted away from what it copies, or outlives it
    kRoundup,  // contains others: what others copy is rather a story than this
    kStory,    // no copy: counts among those that share its words
};

struct NearMatch {
    std::uint64_t number = 0;
    Relation relation = Relation::kNone;
    std::int32_t similarity = 0;   // 0-100
    std::int32_t containment = 0;  // 0-100
};

// One candidate that was met.
struct NearExplain {
    std::uint64_t number = 0;
    std::int32_t hits = 0;  // of the looked-up hashes
    Comparison comparison;
};

class NearIndex {
   public:
    explicit NearIndex(const NearOptions& options);
    ~NearIndex();
    NearIndex(const NearIndex&) = delete;
    NearIndex& operator=(const NearIndex&) = delete;

    // The best earlier article among those that have not expired; the earliest of near equals.
    bool find(std::string_view sketch, NearMatch& best,
              std::vector<NearExplain>* explain = nullptr) noexcept;
    // A copy that is found through what it copies needs no entries of its own.
    static bool worth_indexing(const NearMatch* match) noexcept;
    // Keeps the sketch. Foreign bytes are kept as a sketch without hashes.
    void insert(std::uint64_t number, std::string_view sketch, NearRole role) noexcept;
    // Numbers below have left the window: they are found no more and count no more.
    void expire(std::uint64_t below) noexcept;
    // Frees the sketches of numbers below, which have expired; until then sketch_of() has them.
    void release(std::uint64_t below) noexcept;
    // In the wire form, until the next call; empty if it is not kept.
    std::string_view sketch_of(std::uint64_t number) noexcept;

    std::size_t size() const noexcept;  // live articles
    // The most live articles that there ever were: it sets the number of buckets.
    std::size_t high_water() const noexcept { return high_water_; }
    void restore_high_water(std::size_t articles);  // before the first insert

    std::size_t bytes() const noexcept;  // taken now
    static std::size_t bytes_for(std::size_t capacity) noexcept;

   private:
    static constexpr std::uint64_t kNumberMax = (std::uint64_t{1} << 56) - 1;
    struct Entry {
        std::uint64_t number : 56;
        std::uint64_t role_bits : 8;
        Sketch sketch;
        NearRole role() const noexcept { return static_cast<NearRole>(role_bits); }
    };
    static constexpr std::size_t kHashesEnd = offsetof(Entry, sketch) + offsetof(Sketch, figures);
    struct alignas(64) Bucket {
        std::uint32_t hashes[8];
        std::uint32_t places[8];  // low bits of the place, kNoSharer or not; 0: empty
    };
    class Buckets;
    struct Candidate {
        std::uint32_t place;
        std::int32_t hits;
        std::int32_t sharers;  // summed over the hits
    };

    struct Passed {
        std::uint64_t place;
        Comparison comparison;
    };

    static constexpr std::size_t kChunk = 16'384;         // 6 MB: a few huge pages
    static constexpr std::uint32_t kNoSharer = 1u << 31;  // the entry of no story
    static constexpr std::uint32_t kPlaceMask = kNoSharer - 1;
    Entry& entry(std::uint64_t place) noexcept {
        return chunks_[static_cast<std::size_t>(place / kChunk - first_chunk_)]
                      [static_cast<std::size_t>(place % kChunk)];
    }
    const Entry& entry(std::uint64_t place) const noexcept {
        return const_cast<NearIndex*>(this)->entry(place);
    }
    std::uint64_t place_of(std::uint64_t number) const noexcept;
    // The newest place with these low bits that has been given.
    std::uint64_t whole_place(std::uint32_t low) const noexcept {
        const std::uint64_t place = (next_ & ~std::uint64_t{kPlaceMask}) | (low & kPlaceMask);
        return place < next_ ? place : place - (std::uint64_t{kPlaceMask} + 1);
    }
    unsigned entries_of(std::uint32_t hash) const noexcept;
    void collect(const Sketch& sketch) noexcept;
    void pick_candidates(bool sorted) noexcept;
    bool choose(bool roundups_too, NearMatch& best) const noexcept;
    bool grow();
    void add(std::uint64_t place, const Entry& one) noexcept;

    NearOptions options_;
    std::deque<std::unique_ptr<Entry[]>> chunks_;  // places first_chunk_ * kChunk …
    std::uint64_t first_chunk_ = 0;
    // Places are dense, from 1 (0 marks an empty entry of a bucket).
    std::uint64_t kept_ = 1;  // the first whose sketch is kept
    std::uint64_t live_ = 1;  // the first that has not expired
    std::uint64_t next_ = 1;
    std::size_t high_water_ = 0;
    std::unique_ptr<Buckets> buckets_;
    Rarity rarity_;
    Sketch query_;  // what was looked for last, and its wire form
    std::array<char, kSketchBytesMax> query_wire_;
    std::size_t query_wire_bytes_ = 0;
    Matcher matcher_;
    std::vector<std::uint64_t> order_;  // those of candidates_ to compare
    std::vector<Candidate> candidates_;
    std::vector<Passed> passed_;
    std::vector<std::uint32_t> table_;  // of candidates: index + 1, by place
    std::string wire_;
};

}  // namespace newsmill
