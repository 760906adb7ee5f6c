// The journal: one totally ordered log of fingerprints that all daemons of a group append to and
// read back, so that all of them decide alike who was first. See docs/architecture.md, "The
// journal".
//
// Journal is the seam. Behind it: memory (below), files (pipeline/archive/file_journal.hpp), Kafka
// (pipeline/kafka/journal.hpp), the simulator's (tests/sim/). The records that stand in it are in
// pipeline/journal_record.hpp, the agent that appends and follows in pipeline/journal_agent.hpp.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "pipeline/agent.hpp"

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

    // ---- Places: between two records, growing along the log, the same for every reader.
    // Which journal it is: a journal that is made anew may have the same text, and then has other
    // records at the old one's places.
    virtual std::string_view identity() const noexcept = 0;
    // Before the oldest record that the log held at the start, and after the newest.
    virtual std::int64_t begin_position() const noexcept = 0;
    virtual std::int64_t end_position() const noexcept = 0;
    // After the record that was polled last; at the start the oldest.
    virtual std::int64_t position() const noexcept = 0;
    // The next poll() gives the record after `position`, which position() or begin_position() once
    // said. False, and nothing changes, if that place is gone, amid a record, or after the end.
    virtual bool seek(std::int64_t position) noexcept = 0;

    virtual Failure failure() const { return {}; }
    virtual void set_waker(Parker* parker) noexcept { static_cast<void>(parker); }
    virtual void close() noexcept {}
};

// One process, no memory of the past: the order of append is the order. Records are gone once they
// are polled.
class MemoryJournal final : public Journal {
   public:
    Outcome append(std::string_view record) noexcept override;
    Outcome poll(std::string_view& record) noexcept override;
    bool caught_up() noexcept override { return true; }
    std::string_view identity() const noexcept override { return "memory"; }
    std::int64_t begin_position() const noexcept override { return 0; }
    std::int64_t end_position() const noexcept override { return 0; }
    std::int64_t position() const noexcept override { return position_; }
    bool seek(std::int64_t position) noexcept override;

   private:
    std::deque<std::string> records_;
    std::int64_t position_ = 0;  // counts records
    std::string current_;
};

}  // namespace newsmill
