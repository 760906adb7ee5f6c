// The journal's agent: gathers the batches of the front lanes in sequence, appends their entries,
// follows the log, lets the follower (dedup) apply every entry, decides each batch at the moment
// when its own record comes back, and deals the batches to the back lanes in sequence. Beside that
//   - it sees to it that the journal holds the settings before it takes a batch: the first settings
//     record counts for all daemons, then each `change`;
//   - it compares its state with that of the other daemons: whoever's record completes an interval
//     of entries appends the hash of its state after that record, and all compare it with what they
//     had there;
//   - it writes a snapshot every so many entries, a chunk a call, and one at the drain.
// Threads: one drives it; ready() is for any. Errors: through Control; a snapshot that can't be
// written is a warning.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/clock.hpp"
#include "pipeline/journal.hpp"
#include "pipeline/journal_record.hpp"
#include "pipeline/log.hpp"
#include "pipeline/metrics.hpp"
#include "pipeline/snapshot.hpp"
#include "pipeline/stage.hpp"

namespace newsmill {

struct JournalAgentOptions {
    // Tells this process's records from all others', also from those of its earlier lives: random.
    std::uint64_t writer = 1;
    // Where the journal's settings are not the wanted ones: change them, or live with them.
    bool change_settings = false;
    std::uint64_t state_hash_interval_entries = 10'000;
    std::uint64_t snapshot_interval_entries = 100'000;
    // A snapshot at the drain that takes longer is given up.
    std::int64_t snapshot_drain_ns_max = 15'000 * kMillisecond;
};

// The journal and what follows it; all outlive the agent. Without a journal (null), batches just
// pass.
struct JournalParts {
    Journal* journal = nullptr;
    JournalFollower* follower = nullptr;  // the dedup stage,
    Stage* decide = nullptr;              // twice
    SnapshotStore* snapshots = nullptr;   // null: none are written
    FollowedState state;                  // where follower and journal stand: restore_newest()
};

class JournalAgent final : public Agent {
   public:
    JournalAgent(JournalParts parts, const JournalAgentOptions& options, Control& control,
                 const Clock& clock, std::vector<Link*> in, std::vector<Link*> out,
                 Metrics& metrics);

    std::string_view name() const noexcept override { return "journal"; }
    Work do_work() noexcept override;
    std::int64_t deadline_ns() const noexcept override { return deadline_ns_; }

    // After a hand-over, while no thread runs: other links, and perhaps other settings that are
    // wanted; then it is ready once these hold, or it is known that they don't. State, sequence and
    // a snapshot that is being written go on.
    void rewire(const JournalAgentOptions& options, std::vector<Link*> in, std::vector<Link*> out);

    // The journal's settings, as far as they are known; any thread.
    std::string settings() const {
        const std::lock_guard lock(settings_mutex_);
        return settings_;
    }

    bool ready() const noexcept {
        return ready_.load(std::memory_order_acquire);  // pairs with get_ready()'s release
    }

   private:
    struct Waiting {
        Batch* batch;
        bool appended;
        bool decided;
        std::int64_t taken_ns;
    };
    // The state after one record.
    struct Point {
        std::int64_t position = 0;
        std::uint64_t entries = 0;
        std::uint64_t hash = 0;
    };

    bool follow() noexcept;
    void apply(std::string_view bytes) noexcept;
    void apply_entries() noexcept;
    void decide() noexcept;
    void apply_settings() noexcept;
    void note_settings(std::string_view settings) noexcept;
    void compare_hash() noexcept;
    void note_point() noexcept;
    const Point* point_at(std::int64_t position) const noexcept;

    void get_ready() noexcept;
    bool append_control() noexcept;
    bool take() noexcept;
    bool release() noexcept;

    void begin_snapshot() noexcept;
    bool write_snapshot() noexcept;
    void end_snapshot() noexcept;

    void fail() noexcept;
    Work drain() noexcept;
    Work finish() noexcept;
    Work rest() noexcept;

    Journal* journal_;
    JournalFollower* follower_;
    Stage* decide_;
    SnapshotStore* store_;
    JournalAgentOptions options_;
    Control& control_;
    const Clock& clock_;
    std::vector<Link*> in_;
    std::vector<Link*> out_;
    Metrics& metrics_;
    StageMeter* meter_ = nullptr;  // of decide_

    std::deque<Waiting> waiting_;  // sequences released_ … taken_ - 1
    std::uint64_t taken_ = 0;
    std::uint64_t released_ = 0;
    JournalEncoder encoder_;
    std::string scratch_;
    JournalRecord record_;
    // scratch_ holds the record of the newest waiting batch, not yet accepted.
    bool unsent_ = false;
    std::deque<std::string> control_records_;  // to be appended

    bool has_settings_ = false;
    mutable std::mutex settings_mutex_;  // guards settings_ against settings(), not against itself
    std::string settings_;               // the journal's
    std::string settings_asked_;         // the wanted ones when this became ready
    bool asked_ = false;                 // has appended the first settings,
    bool asked_change_ = false;          // a change,
    bool changed_ = false;               // which has come back

    std::uint64_t entries_ = 0;         // applied since the journal's beginning, as far as known
    std::uint64_t hashed_entries_ = 0;  // of them, up to the newest state hash in the journal
    std::int64_t hashed_at_ns_ = 0;
    LogGate disagreement_gate_;
    std::vector<Point> points_;  // a ring; the newest is points_[(next_point_ - 1) % size]
    std::uint64_t next_point_ = 0;

    std::optional<SnapshotWriter> writer_;  // where there is a store
    SnapshotHeader header_;                 // of the snapshot that is being written
    std::uint64_t snapshot_entries_ = 0;    // entries_ of the newest one,
    std::uint64_t safe_entries_ = 0;        // and of the newest one that was written
    bool drain_tried_ = false;
    std::int64_t snapshot_began_ns_ = 0;
    std::int64_t last_record_ = 0;  // the position before the newest record, and its mark
    std::uint64_t last_mark_ = 0;

    std::int64_t deadline_ns_ = kNever;
    std::int64_t drain_until_ns_ = 0;  // 0: not draining
    bool done_ = false;
    std::atomic<bool> ready_{false};
};

}  // namespace newsmill
