// What dedup remembers: the articles of the window with their decisions, their clusters, and the
// ways to find them: by id, by exact hash, by uri, by sketch. The rules are in stages/dedup.cpp.
//
// Articles have numbers in the order of the journal. Three bounds, first() <= live() <= end():
// what is below live() has left the window and is never found, but for find_id(), which the batch
// under decision asks; what is below first() is gone. In between, entries wait until nobody reads
// them any more (the record under decision, a snapshot).
//
// An article that others name (the canonical one of a living cluster, the withdrawn one of a kill)
// is outlived by its identity: coordinates, uri and source.
//
// The hash is a polynomial over the living entries in order, kept up to date: h * P + H(entry) for
// a new one, minus H * P^n for one that leaves. Two windows with the same living entries have the
// same hash, whatever their numbers and their past.
//
// Memory: kArticleBytes with a uri of kUriBytes, beside the sketches and their index. Threads: one.
// Errors: none; out of memory ends the process.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "pipeline/batch.hpp"
#include "stages/dedup/names.hpp"
#include "stages/dedup/near_index.hpp"
#include "stages/dedup/number_table.hpp"
#include "stages/dedup/text_ring.hpp"
#include "stages/dedup/trust.hpp"

namespace newsmill::dedup {

inline constexpr std::uint64_t kNoNumber = UINT64_MAX;
inline constexpr std::uint32_t kAlone = UINT32_MAX;

enum EntryFlag : std::uint8_t {
    kRoot = 1 << 0,       // begins a cluster
    kKilled = 1 << 1,     // what it copies was withdrawn before
    kWithdrawn = 1 << 2,  // its uri is withdrawn, as of this entry
    kIndexed = 1 << 3,    // found by its sketch
    kHasMore = 1 << 4,    // there is a More of it
};

struct Entry {
    Hash128 exact_hash;
    std::int64_t offset;
    std::int64_t arrived_ms;          // the journal's time; kNoTime if it had none yet
    std::int64_t version_created_ms;  // the latest of this uri so far
    std::uint64_t hash;               // its part of the window's
    std::uint64_t uri_at;
    std::uint64_t of;  // the canonical article when it was decided; itself if there is none
    std::int32_t partition;
    std::uint32_t topic;
    std::uint32_t version;  // the highest of this uri so far
    std::uint32_t cluster;  // index; kAlone until a second member comes
    std::uint32_t before;   // the cluster's member before it is so many numbers away; 0: none
    std::uint32_t uses;     // by other entries and clusters
    std::uint16_t uri_bytes;
    SourceNumber source;
    DedupKind kind;
    std::uint8_t similarity;
    std::uint8_t containment;
    std::uint8_t flags;
};

// What few decisions have. Numbers may be below first().
struct More {
    std::uint64_t elected_over = kNoNumber;  // the canonical article that it took the place of
    std::uint64_t killed_by = kNoNumber;     // of kKilled: who withdrew
    std::vector<std::uint64_t> copies;       // of a kill: who gets a notice
    std::uint32_t copies_omitted = 0;
};

struct Cluster {
    std::uint64_t id;
    std::uint64_t canonical;
    std::uint64_t killed_by = kNoNumber;  // the latest kill; what came before it was withdrawn
    std::uint64_t newest;                 // the member that came last
    std::uint64_t indexed;                // the last that is found by its words; or kNoNumber
    std::uint32_t members = 0;            // from first() on
};

// Who an article is; views live until the window changes.
struct Identity {
    std::string_view topic;
    std::int32_t partition = 0;
    std::int64_t offset = 0;
    std::string_view uri;
    SourceNumber source = kUnlisted;
};

class Window {
   public:
    static constexpr std::size_t kUriBytes = 80;
    // An entry, its uri, three tables, and the clusters and outlived identities of a stream in
    // which a fifth of the articles are copies.
    static constexpr std::size_t kArticleBytes =
        sizeof(Entry) + kUriBytes + 3 * NumberTable::kItemBytes + 16;

    explicit Window(const NearOptions& options);
    ~Window();

    std::uint64_t first() const noexcept { return first_; }
    std::uint64_t live() const noexcept { return live_; }
    std::uint64_t end() const noexcept { return end_; }
    const Entry& entry(std::uint64_t number) const noexcept { return slot(number); }
    std::string_view uri(const Entry& entry) const noexcept {
        return uris_.view(entry.uri_at, entry.uri_bytes);
    }
    // In the wire form, until the next call.
    std::string_view sketch(std::uint64_t number) const noexcept {
        return near_->sketch_of(number);
    }
    Identity identity(std::uint64_t number) const noexcept;
    const More& more(std::uint64_t number) const noexcept { return more_.at(number); }

    // ---- Finding: kNoNumber if there is none. Hashes come from the functions below.
    static std::uint64_t hash_uri(std::string_view uri) noexcept;
    // Of coordinates; also the id of the cluster that the article begins.
    static std::uint64_t hash_id(std::string_view topic, std::int32_t partition,
                                 std::int64_t offset) noexcept;
    void prefetch(std::uint64_t id_hash, std::uint64_t uri_hash, const Hash128& exact) noexcept;
    // The newest with these coordinates, from first() on.
    std::uint64_t find_id(std::uint64_t hash, const Origin& origin) const noexcept;
    // The newest living one with this uri, or this exact hash.
    std::uint64_t find_uri(std::uint64_t hash, std::string_view uri) const noexcept;
    std::uint64_t find_exact(const Hash128& hash) const noexcept;
    bool find_near(std::string_view sketch, NearMatch& match) noexcept {
        return near_->find(sketch, match);
    }
    NearIndex& near() noexcept { return *near_; }
    const NearIndex& near() const noexcept { return *near_; }
    std::size_t near_bytes() const noexcept { return near_->bytes(); }

    // ---- Clusters.
    std::uint64_t cluster_id(std::uint64_t number) const noexcept;
    std::uint64_t canonical(std::uint64_t number) const noexcept;  // of the article's cluster
    std::uint64_t killer(std::uint64_t number) const noexcept;     // of its text; or kNoNumber
    // The latest kill in the article's cluster; or kNoNumber.
    std::uint64_t cluster_killed_by(std::uint64_t number) const noexcept;
    // The living members of the article's cluster down to `from`, the newest first.
    template <typename Visit>
    void for_members(std::uint64_t number, std::uint64_t from, Visit visit) const noexcept {
        const std::uint32_t index = slot(number).cluster;
        std::uint64_t at = index == kAlone ? number : clusters_[index].newest;
        while (at >= live_ && at >= from) {
            visit(at);
            const std::uint32_t before = slot(at).before;
            if (before == 0 || before > at) break;
            at -= before;
        }
    }
    // Whether `number` is its cluster's newest member.
    bool is_newest(std::uint64_t number) const noexcept;

    // ---- Change.
    // Adds the article end(): `entry` without hash, uri_at, topic, cluster, before and uses.
    // `beside` is any member of its cluster, or kNoNumber if it begins one (kRoot) or, in a
    // restored window, if all others have left. `more` if it has kHasMore.
    struct Added {
        Entry entry;
        std::string_view topic;
        std::string_view uri;  // at most TextRing::kTextBytesMax
        std::string_view sketch;
        std::uint64_t beside = kNoNumber;
        std::uint64_t cluster_id = 0;  // if it neither begins a cluster nor joins one
        More more = {};
    };
    void add(Added& added) noexcept;
    // live() becomes `below`, if it is more.
    void expire(std::uint64_t below) noexcept;
    // first() becomes live().
    void drop() noexcept;
    // Gives up all entries and begins at `first`, with an index that had `high_water` articles.
    void reset(std::uint64_t first, std::size_t high_water, const NearOptions& options) noexcept;
    // The same entries under other options of the index.
    void rebuild(const NearOptions& options) noexcept;
    void expect(std::size_t articles) noexcept;
    // An outlived identity, for entries to come that name it. False if there is one of this number.
    bool outlive(std::uint64_t number, const Identity& identity) noexcept;
    bool knows(std::uint64_t number) const noexcept {
        return (number >= first_ && number < end_) || outlived_.contains(number);
    }
    // Takes outlived identities that nobody names away; how many there were.
    std::size_t sweep() noexcept;

    // The last member of the article's cluster that is found by its sketch; or kNoNumber.
    std::uint64_t last_indexed(std::uint64_t number) const noexcept;
    std::uint64_t hash() const noexcept { return hash_; }
    std::size_t bytes() const noexcept;  // without the sketches and their index
    Trust& trust() noexcept { return trust_; }
    const Trust& trust() const noexcept { return trust_; }

   private:
    static constexpr std::size_t kSegmentEntries = 2048;
    struct Outlived {
        std::string uri;
        std::int64_t offset;
        std::uint32_t topic;
        std::int32_t partition;
        std::uint32_t uses;
        SourceNumber source;
    };

    Entry& slot(std::uint64_t number) noexcept {
        return segments_[(number / kSegmentEntries) & segment_mask_][number % kSegmentEntries];
    }
    const Entry& slot(std::uint64_t number) const noexcept {
        return segments_[(number / kSegmentEntries) & segment_mask_][number % kSegmentEntries];
    }
    // The whole number of 32 bits of one.
    std::uint64_t whole(std::uint32_t number) const noexcept {
        return first_ + static_cast<std::uint32_t>(number - static_cast<std::uint32_t>(first_));
    }
    Entry& push_slot() noexcept;
    void join(std::uint64_t number, std::uint64_t beside, std::uint64_t cluster_id) noexcept;
    std::uint32_t new_cluster(const Cluster& cluster) noexcept;
    void leave(const Entry& entry) noexcept;
    void use(std::uint64_t number) noexcept;
    void release(std::uint64_t number) noexcept;
    void drop_first() noexcept;
    std::uint64_t id_hash(std::uint64_t number) const noexcept;
    std::uint64_t hash_of(std::uint64_t number, std::string_view sketch) const noexcept;

    std::uint64_t first_ = 0;
    std::uint64_t live_ = 0;
    std::uint64_t end_ = 0;
    std::vector<std::unique_ptr<Entry[]>> segments_;  // a ring
    std::uint64_t segment_mask_ = 0;
    std::unique_ptr<Entry[]> spare_;
    TextRing uris_;
    Names topics_;
    Trust trust_;
    NumberTable by_id_;
    NumberTable by_exact_;
    NumberTable by_uri_;
    std::unique_ptr<NearIndex> near_;
    std::vector<Cluster> clusters_;
    std::vector<std::uint32_t> free_clusters_;
    std::unordered_map<std::uint64_t, More> more_;
    std::unordered_map<std::uint64_t, Outlived> outlived_;
    std::uint64_t hash_ = 0;
    std::uint64_t power_ = 1;  // P ^ (end_ - live_)
};

}  // namespace newsmill::dedup
