// A stage: one step of the mill. It sees a batch, reads and fills in articles, and passes it on.
//
// Contract. process() is a deterministic function of the stage's state and the batch: no clock, no
// randomness, no waiting, no I/O, no exception. It never adds, removes or reorders articles. An
// article that it can't go on with gets a verdict (reject) and stays in the batch; stages skip such
// articles. Threads: an instance belongs to one agent; a parallel stage (Order::kAny) has one
// instance a lane, and instances share nothing that changes.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "pipeline/batch.hpp"

namespace newsmill {

enum class Order : std::uint8_t {
    kAny,     // batches are independent: the stage may run in several lanes
    kStrict,  // batches must pass in sequence through one instance
};

class Stage {
   public:
    virtual ~Stage() = default;
    virtual std::string_view name() const noexcept = 0;
    virtual Order order() const noexcept { return Order::kAny; }
    virtual void process(Batch& batch) noexcept = 0;
};

// Follows the journal: sees every entry of every daemon, in the one order that the journal gives
// all of them. The state that it builds is a function of that sequence alone, so all followers
// agree. Threads: one, the journal agent's. Errors: a false return; the agent says what follows.
class JournalFollower {
   public:
    virtual ~JournalFollower() = default;
    // The entries of one record, which one batch made. They and their views live for the call only.
    virtual void apply(std::span<const JournalEntry> record) noexcept = 0;

    // ---- Settings: what the function depends on beside the entries (capacity, window, …), as one
    // line of text. They stand in the journal as a control record, so that all daemons have the
    // same; the first record sets them, a later one changes them from its place on.
    //
    // What this daemon's own config asks for; lives as long as the follower.
    virtual std::string_view settings_wanted() const noexcept { return {}; }
    // Takes over the journal's. False: not understood (a later version's) or beyond a bound here.
    virtual bool adopt(std::string_view settings) noexcept {
        static_cast<void>(settings);
        return true;
    }

    // A hash of all that later decisions depend on: equal states, equal hashes. O(1).
    virtual std::uint64_t state_hash() const noexcept { return 0; }

    // ---- Snapshots: the state at the moment of begin_snapshot(), in chunks of at most
    // kSnapshotChunkBytes, while apply() goes on between them.
    static constexpr std::size_t kSnapshotChunkBytes = 256 << 10;
    virtual void begin_snapshot() noexcept {}
    // Replaces `chunk` by the next one; false if there was none left.
    virtual bool next_snapshot_chunk(std::string& chunk) noexcept {
        chunk.clear();
        return false;
    }
    virtual void end_snapshot() noexcept {}

    // ---- The way back, before the first apply(): the chunks in order, then finish_restore().
    // False: not a state of this follower. Then, or to give up, reset() makes it empty again.
    virtual bool restore(std::string_view chunk) noexcept {
        static_cast<void>(chunk);
        return false;
    }
    virtual bool finish_restore() noexcept { return false; }
    virtual void reset() noexcept {}
};

// Gives the article up: it becomes a dead letter. `message` must outlive the batch (static or
// arena).
inline void reject(Article& article, Code code, std::string_view stage,
                   std::string_view message) noexcept {
    article.verdict = {code, stage, message};
}

}  // namespace newsmill
