// The source: fills batches from an input, issues them into the lanes, and owns the epochs.
//
// Consumer is the seam to what is read: Kafka (pipeline/kafka/consumer.hpp), files
// (pipeline/archive/file_consumer.hpp), the simulator's broker (tests/sim/). SourceAgent is the
// logic that all of them share: rewind after an abort, hand-back of partitions, drain.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "pipeline/agent.hpp"
#include "pipeline/lag.hpp"
#include "pipeline/metrics.hpp"

namespace newsmill {

class Consumer {
   public:
    enum class Event : std::uint8_t {
        kNone,      // nothing there now
        kArticles,  // at least one article was added to the batch
        kAssigned,  // partitions were assigned: call accept_assignment()
        kRevoked,   // partitions are wanted back: settle what is in flight, then
                    // release_assignment()
        kLost,    // partitions are gone already: drop what is in flight, then release_assignment()
        kEnd,     // a bounded input has been read to its end
        kFailed,  // final: failure() says why
    };

    virtual ~Consumer() = default;

    // Adds articles to `batch` until it is full or nothing is there; never waits. The first event
    // of a new consumer that has anything to read is kAssigned, also for files. With `batch` null
    // only events are served, and articles that arrive meanwhile are thrown away (they are not
    // committed, so whoever owns their partition reads them again).
    virtual Event poll(Batch* batch) noexcept = 0;

    // Starts to read the assigned partitions at their committed positions.
    virtual GroupToken accept_assignment() noexcept = 0;
    virtual void release_assignment() noexcept = 0;
    // Goes back to the committed positions of all assigned partitions. False: not now, ask again.
    virtual bool rewind() noexcept = 0;

    // No more articles of the assigned partitions, or again. True: done, and poll() is still to be
    // called, for events and for what was on its way. False: it has no such thing; who wants a
    // pause does not poll.
    virtual bool set_paused(bool paused) noexcept {
        static_cast<void>(paused);
        return false;
    }
    // What is assigned, for metrics; any thread. Empty where there are no partitions.
    virtual std::vector<PartitionState> partitions() const { return {}; }

    virtual Failure failure() const { return {}; }
    // Before the start: the parker to wake when there is something to poll.
    virtual void set_waker(Parker* parker) noexcept { static_cast<void>(parker); }
    // How long the source may sleep without a poll.
    virtual std::int64_t poll_interval_ns() const noexcept { return 100 * kMillisecond; }
    // Leaves the group, closes the files. No call after it.
    virtual void close() noexcept {}
};

struct SourceOptions {
    // A batch that is not full is issued when it is this old: bounds the latency of a slow feed.
    std::int64_t batch_wait_ns = 5 * kMillisecond;
};

class SourceAgent final : public Agent {
   public:
    // `free` brings batches back from the sink; `out` has a link for each lane. All outlive the
    // agent.
    SourceAgent(Consumer& consumer, Control& control, const Clock& clock, Link& free,
                std::vector<Link*> out, Metrics& metrics, SourceOptions options = {});

    std::string_view name() const noexcept override { return "source"; }
    Work do_work() noexcept override;
    std::int64_t deadline_ns() const noexcept override;

    std::uint64_t issued() const noexcept { return issued_; }

    // After a hand-over, while no thread runs: other links. Partitions, epoch and sequence go on.
    void rewire(Link& free, std::vector<Link*> out, SourceOptions options);

   private:
    enum class State : std::uint8_t { kRunning, kRevoking, kDraining, kHandingOver, kDone };

    Work run() noexcept;
    Work settle() noexcept;
    Work hand_over() noexcept;
    Work handle(Consumer::Event event) noexcept;
    bool quiescent() const noexcept { return issued_ == control_.retired(); }
    void issue() noexcept;
    void abandon() noexcept;  // the batch in the making: its articles are read again later
    bool rewind() noexcept;
    bool hold() noexcept;
    Work finish() noexcept;

    Consumer& consumer_;
    Control& control_;
    const Clock& clock_;
    Link* free_;
    std::vector<Link*> out_;
    Metrics& metrics_;
    SourceOptions options_;

    State state_ = State::kRunning;
    bool at_end_ = false;    // draining because the input has ended, not because of a stop
    bool assigned_ = false;  // partitions are held
    bool paused_ = false;    // the consumer was told so
    std::uint64_t epoch_ = 0;
    std::uint64_t issued_ = 0;
    GroupToken token_;
    Batch* batch_ = nullptr;  // in the making
    std::int64_t batch_since_ns_ = 0;
};

}  // namespace newsmill
