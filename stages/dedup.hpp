// dedup: says of each article whether its story was seen before, and what it is to what was seen.
//
// The state is a function of the journal's prefix alone (pipeline/journal.hpp), in integers, so
// that all daemons of a group agree, and a restarted one agrees with its earlier self. For each
// entry, in this order:
//   1. Known. The first entry with an id (topic, partition, offset) decides; a later one changes
//      nothing. An article that is read again after an abort, a crash or a rebalance is never a
//      duplicate of itself and gets the decision that it had, notices included.
//   2. Kill: the provider withdraws it. `of` is the canonical article of its uri's cluster; empty
//      if the uri is not known. Each other uri in the cluster gets a notice, once.
//   3. Update: the same uri, and a higher version (none counts as 1), or an equal one and a later
//      versionCreated, than the highest of this uri so far. It belongs to the uri's cluster.
//   4. Exact: the same words as one in the window.
//   5. Near, contained, contains: by the sketches (stages/dedup/near_index.hpp).
//   6. Unique.
//
// Clusters. The first article begins one, copies and versions join it. `contains` begins one of its
// own, so that a roundup does not tie the stories that it holds together. The canonical article is
// the one of the most trusted source, among equals the first; one that takes another's place says
// so in a notice, and later copies name it. What copies a text that was withdrawn is marked and
// gets its notice at once; so does an old version of a withdrawn uri. A later version of it is an
// update as any, and not withdrawn.
//
// The window. Time is the journal's: the largest event time so far, but one entry moves it by at
// most `clock_jump_ms_max`, so that one article from the year 9999 does not empty the window. An
// entry leaves when that time is `window_ms` past the time at which it came, or when `capacity`
// entries came after it. A copy of a text that is past half of that is indexed in its place, so a
// story lives on as long as copies keep coming.
//
// Settings, state hash and snapshots are those of JournalFollower; a snapshot's chunks have
// checksums, and what is damaged or foreign is refused (stages/dedup/snapshot.cpp).
//
// Memory: bytes_for(), with uris of 80 B. Threads: one (the journal agent's). Errors: none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/stage.hpp"
#include "stages/dedup/settings.hpp"
#include "stages/dedup/window.hpp"

namespace newsmill {

struct DedupOptions {
    std::int64_t window_ms = 7LL * 24 * 3600 * 1000;
    std::size_t capacity = 1'000'000;
    std::int64_t clock_jump_ms_max = 3600 * 1000;
    std::size_t notices_max = 1000;
    std::vector<std::string> trust = {};  // names or domains, the most trusted first
    MatchOptions match = {};
    // What the journal may ask for at most: what this process has memory for. 0: no bound.
    std::size_t capacity_max = 0;
    // False only in the test that shows that the simulator sees the fault.
    bool check_origin = true;
};

class DedupStage final : public Stage, public JournalFollower {
   public:
    explicit DedupStage(const DedupOptions& options);
    ~DedupStage() override;

    std::string_view name() const noexcept override { return "dedup"; }
    Order order() const noexcept override { return Order::kStrict; }
    void apply(std::span<const JournalEntry> record) noexcept override;
    // Each ok article must stand in the record that was applied last.
    void process(Batch& batch) noexcept override;

    std::string_view settings_wanted() const noexcept override { return wanted_; }
    // The settings that such options ask for.
    static std::string settings_for(const DedupOptions& options);
    // Asks for other settings from now on; they hold once the journal has them.
    void want(const DedupOptions& options);
    bool adopt(std::string_view settings) noexcept override;
    std::uint64_t state_hash() const noexcept override;

    void begin_snapshot() noexcept override;
    bool next_snapshot_chunk(std::string& chunk) noexcept override;
    void end_snapshot() noexcept override;
    bool restore(std::string_view chunk) noexcept override;
    bool finish_restore() noexcept override;
    void reset() noexcept override;

    // For people: what an article would meet in the window if it came now. kNoNumber: nothing.
    struct Explanation {
        std::uint64_t known = dedup::kNoNumber;    // with its coordinates
        std::uint64_t version = dedup::kNoNumber;  // with its uri
        std::uint64_t exact = dedup::kNoNumber;    // with the same words
        NearMatch near;                            // relation kNone: none
        std::vector<NearExplain> candidates;       // the likeliest first
    };
    Explanation explain(const JournalEntry& entry) noexcept;
    dedup::Identity identity(std::uint64_t number) const noexcept {
        return window_.identity(number);
    }
    // In the wire form, until the next call.
    std::string_view sketch(std::uint64_t number) const noexcept { return window_.sketch(number); }

    // Articles in the window, after the last one that was applied.
    std::size_t size() const noexcept {
        return static_cast<std::size_t>(window_.end() - window_.live());
    }
    std::size_t bytes() const noexcept { return window_.bytes() + window_.near_bytes(); }
    // For the memory plan: what `capacity` articles take.
    static std::int64_t bytes_for(std::size_t capacity) noexcept;

   private:
    struct Hashes {
        std::uint64_t id;
        std::uint64_t uri;
    };
    // What the words of an entry say.
    struct Words {
        DedupKind kind = DedupKind::kUnique;
        std::uint64_t number = dedup::kNoNumber;  // whose words they are
        std::int32_t similarity = 0;
        std::int32_t containment = 0;
    };
    struct Snapshot;
    struct Restore;

    dedup::Settings own_settings() const;
    void restart_window(std::uint64_t first, std::size_t high_water) noexcept;
    void use_settings(const dedup::Settings& settings) noexcept;
    void advance(std::int64_t event_ms) noexcept;
    void expire() noexcept;
    bool in_window(std::uint64_t number) const noexcept;
    void apply_entry(const JournalEntry& entry, const Hashes& hashes) noexcept;
    bool is_aged(std::uint64_t number) const noexcept;
    bool worth_indexing(const Words& words) const noexcept;
    Words compare_words(const JournalEntry& entry) noexcept;
    void decide(const JournalEntry& entry, std::uint64_t prior,
                dedup::Window::Added& added) noexcept;
    void decide_kill(std::string_view uri, std::uint64_t prior,
                     dedup::Window::Added& added) noexcept;
    void elect(dedup::Window::Added& added) noexcept;
    void mark_killed(const Words& words, std::uint64_t prior, bool update,
                     dedup::Window::Added& added) noexcept;
    void tell(std::uint64_t number, const Article& article, Batch& batch,
              Decision& decision) const noexcept;
    std::span<const Notice> notices_of(std::uint64_t number, Arena& arena) const noexcept;

    DedupOptions options_;
    std::string wanted_;
    dedup::Settings settings_;
    std::uint64_t settings_hash_ = 0;
    dedup::Window window_;
    std::int64_t first_ms_ = kNoTime;  // the first time that the journal had
    std::int64_t now_ms_ = kNoTime;
    std::vector<Hashes> hashes_;  // of the record under work
    std::unique_ptr<Snapshot> snapshot_;
    std::unique_ptr<Restore> restore_;
};

}  // namespace newsmill
