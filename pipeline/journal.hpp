// The journal: one totally ordered log of fingerprints that all daemons of a group append to and
// read back, so that all of them decide alike who was first. See docs/architecture.md, "The
// journal".
//
// Journal is the seam: in memory (below), Kafka (pipeline/kafka/journal.hpp), the simulator's
// (tests/sim/). JournalAgent is the logic: it gathers the batches of the front lanes in sequence,
// appends their entries, follows the log, lets the follower (dedup) apply every entry, decides each
// batch at the moment when its own record comes back, and deals the batches to the back lanes in
// sequence.
// The records are in pipeline/journal_record.hpp.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/agent.hpp"
#include "pipeline/journal_record.hpp"
#include "pipeline/metrics.hpp"
#include "pipeline/stage.hpp"

namespace newsmill {

// How one step with the outside world went. What is retriable stays inside source, sink and
// journal.
enum class Outcome : std::uint8_t {
    kOk,
    kRetry,    // not now: call again later
    kAborted,  // this transaction is void: abort, rewind, go on
    kFailed,   // final: failure() says why; stop everything without a commit
};

class Journal {
   public:
    virtual ~Journal() = default;
    // Copies `record` and sees to it that it is appended: once, or more often, which readers
    // forgive. kOk, kRetry or kFailed.
    virtual Outcome append(std::string_view record) noexcept = 0;
    // The next record in the log's order, by any writer: kOk and a view that lives until the next
    // call; kRetry if there is none now; kFailed.
    virtual Outcome poll(std::string_view& record) noexcept = 0;
    // Everything that was in the log at the start has been polled.
    virtual bool caught_up() noexcept = 0;
    virtual Failure failure() const { return {}; }
    virtual void set_waker(Parker* parker) noexcept { static_cast<void>(parker); }
    virtual void close() noexcept {}
};

// One process, no memory of the past: the order of append is the order.
class MemoryJournal final : public Journal {
   public:
    Outcome append(std::string_view record) noexcept override;
    Outcome poll(std::string_view& record) noexcept override;
    bool caught_up() noexcept override { return true; }

   private:
    std::deque<std::string> records_;
    std::string current_;
};

// ---- The agent
// -------------------------------------------------------------------------------------

class JournalAgent final : public Agent {
   public:
    // `writer` tells this process's records from all others', also from those of its earlier lives:
    // random. `decide` is the dedup stage; it is also the follower. Without a journal (null),
    // batches just pass.
    JournalAgent(Journal* journal, std::uint64_t writer, JournalFollower* follower, Stage* decide,
                 Control& control, std::vector<Link*> in, std::vector<Link*> out, Metrics& metrics);

    std::string_view name() const noexcept override { return "journal"; }
    Work do_work() noexcept override;

    bool ready() const noexcept {
        return ready_.load(std::memory_order_acquire);  // pairs with follow()'s release
    }

   private:
    struct Waiting {
        Batch* batch;
        bool appended;
        bool decided;
    };

    bool follow() noexcept;
    bool take() noexcept;
    bool release() noexcept;
    void apply(std::string_view bytes) noexcept;
    void fail() noexcept;
    Work finish() noexcept;

    Journal* journal_;
    std::uint64_t writer_;
    JournalFollower* follower_;
    Stage* decide_;
    Control& control_;
    std::vector<Link*> in_;
    std::vector<Link*> out_;
    Metrics& metrics_;

    std::deque<Waiting> waiting_;  // sequences released_ … taken_ - 1
    std::uint64_t taken_ = 0;
    std::uint64_t released_ = 0;
    JournalEncoder encoder_;
    std::string scratch_;
    JournalRecord record_;
    bool unsent_ =
        false;  // scratch_ holds the record of the newest waiting batch, not yet accepted
    bool done_ = false;
    std::atomic<bool> ready_{false};
};

}  // namespace newsmill
