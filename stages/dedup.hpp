// dedup: says of each article whether it, or one that says the same words, was seen before.
//
// The state is a function of the journal's prefix alone (pipeline/journal.hpp), in integers, so
// that all daemons of a group agree, and a restarted one agrees with its earlier self:
//   - The first entry with an id (topic, partition, offset) decides. A later entry with the same id
//     changes nothing: an article that is read again after an abort, a crash or a rebalance is
//     never a duplicate of itself and gets the decision that it had.
//   - An entry whose exact hash is in the window is an exact duplicate of the first one that had
//   it.
//   - Time is the journal's: the largest event time so far, but one entry moves it by at most
//     `clock_jump_ms_max`, so that one article from the year 9999 does not empty the window.
//   - An entry leaves the window when the journal's time is `window_ms` past the time at which it
//   came, or
//     when more than `capacity` entries came after it.
//
// Shapes: about 150 B an entry with a uri of 80 B. Threads: one (the journal agent's). Errors:
// none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>

#include "pipeline/stage.hpp"

namespace newsmill {

struct DedupOptions {
    std::int64_t window_ms = 7LL * 24 * 3600 * 1000;
    std::size_t capacity = 1'000'000;
    std::int64_t clock_jump_ms_max = 3600 * 1000;
    // False only in the test that shows that the simulator sees the fault.
    bool check_origin = true;
};

class DedupStage final : public Stage, public JournalFollower {
   public:
    explicit DedupStage(const DedupOptions& options);

    std::string_view name() const noexcept override { return "dedup"; }
    Order order() const noexcept override { return Order::kStrict; }
    void apply(std::span<const JournalEntry> record) noexcept override;
    // Each ok article must stand in the record that was applied last.
    void process(Batch& batch) noexcept override;

    std::size_t size() const noexcept { return entries_.size(); }
    // A hash of everything that later decisions depend on: equal states, equal hashes.
    std::uint64_t state_hash() const noexcept;

   private:
    // Entries are numbered from 0 in the order of the journal; entries_[n - first_] is number n.
    struct Entry {
        std::uint32_t topic;  // index into topics_
        std::int32_t partition;
        std::int64_t offset;
        Hash128 exact_hash;
        std::int64_t arrived_ms;  // the journal's time; kNoTime if it had none yet
        DedupKind kind;
        std::uint64_t cluster_id;
        // The first sighting: itself if unique. Kept here, since it leaves the window before this
        // does.
        std::uint32_t of_topic;
        std::int32_t of_partition;
        std::int64_t of_offset;
        std::string of_uri;
    };
    struct Id {
        std::uint32_t topic;
        std::int32_t partition;
        std::int64_t offset;
        bool operator==(const Id&) const = default;
    };
    struct IdHash {
        std::size_t operator()(const Id& id) const noexcept;
    };
    struct ExactHash {
        std::size_t operator()(const Hash128& hash) const noexcept { return hash.low; }
    };

    std::uint32_t topic_number(std::string_view topic);
    void advance(std::int64_t event_ms) noexcept;
    void apply_entry(const JournalEntry& entry) noexcept;
    // In the window now; what is not counts as gone, also while it is still stored.
    bool in_window(std::uint64_t number) const noexcept;
    void drop_oldest() noexcept;

    DedupOptions options_;
    std::deque<Entry> entries_;
    std::uint64_t first_ = 0;
    std::int64_t first_ms_ = kNoTime;  // the first time that the journal had
    std::int64_t now_ms_ = kNoTime;
    std::unordered_map<Id, std::uint64_t, IdHash> by_id_;
    std::unordered_map<Hash128, std::uint64_t, ExactHash> by_exact_;  // the first sighting
    std::deque<std::string> topics_;  // stable addresses: `of.topic` views them
};

}  // namespace newsmill
