// Agents: everything that runs. An agent does a little work when it is asked to and never waits;
// who asks is not its business: a runner's thread in production (pipeline/runner.hpp), a seeded
// stepper in the simulator, a plain loop in the inline run.
#pragma once

#include <atomic>
#include <bit>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/batch.hpp"
#include "pipeline/clock.hpp"
#include "pipeline/parker.hpp"
#include "pipeline/queue.hpp"

namespace newsmill {

class Agent {
   public:
    enum class Work : std::uint8_t {
        kIdle,  // nothing to do until a queue or deadline_ns() says otherwise
        kBusy,  // did something: ask again at once
        kDone,  // will never have work again
    };

    virtual ~Agent() = default;
    virtual std::string_view name() const noexcept = 0;
    virtual Work do_work() noexcept = 0;
    // When do_work() wants to be called though nothing woke it; kNever if only a wake-up matters.
    virtual std::int64_t deadline_ns() const noexcept { return kNever; }
};

// A queue of batches between two agents, and whom to wake. It holds as many batches as the pool
// has, so a push never fails: the fixed pool alone is the back-pressure.
class Link {
   public:
    explicit Link(std::size_t pool_batches) : queue_(std::bit_ceil(pool_batches)) {}

    // Producer's side.
    void push(Batch* batch) noexcept;
    void close() noexcept;  // no further push; the consumer sees it after the last batch

    // Consumer's side.
    Batch* pop() noexcept;  // nullptr if empty
    Batch* peek() noexcept;
    bool drained() noexcept { return queue_.drained(); }  // closed and empty

    // Before the start: the parker of the thread that consumes.
    void set_consumer(Parker* parker) noexcept { consumer_ = parker; }
    std::size_t size() const noexcept { return queue_.size(); }  // any thread, approximate

   private:
    SpscQueue<Batch*> queue_;
    Parker* consumer_ = nullptr;
};

// Why the daemon stops before its time: one clear line and the exit code (69, 75 or 78).
struct Failure {
    int exit_code = 0;
    std::string message;
};

// An opaque token by which the input's side tells the output's side under which membership of the
// consumer group the articles of an epoch were read (Kafka: the group metadata). Null for files.
using GroupToken = std::shared_ptr<const void>;

// What the agents of one pipeline share. All members are safe from any thread.
class Control {
   public:
    // ---- Epochs. An epoch is a stretch of input without a rewind: a new one begins with each
    // assignment of partitions and after each aborted transaction. Batches of an older epoch than
    // the current one are never committed.
    std::uint64_t epoch() const noexcept {
        return epoch_.load(std::memory_order_acquire);  // pairs with bump_epoch's acq_rel
    }
    std::uint64_t bump_epoch() noexcept;
    // The source, once it has rewound or been assigned: `token` holds for the batches of `epoch`.
    void publish_token(std::uint64_t epoch, GroupToken token);
    // The sink, before it commits: the token of exactly that epoch, or nothing if it is not
    // current.
    std::optional<GroupToken> token_of(std::uint64_t epoch) const;

    // ---- Retirement. A batch is retired when it is committed or dropped.
    std::uint64_t retired() const noexcept {
        return retired_.load(std::memory_order_acquire);  // pairs with retire's release
    }
    void retire(std::uint64_t batches) noexcept {
        // Release: what the sink did with the batches is seen by the source; pairs with retired().
        retired_.fetch_add(batches, std::memory_order_release);
    }

    // ---- Flush. The source, before it waits for quiescence: commit as soon as all batches below
    // `issued` have arrived, whatever the commit interval says.
    void request_flush(std::uint64_t issued) noexcept {
        flush_.store(issued, std::memory_order_release);  // pairs with flush_requested()
    }
    std::uint64_t flush_requested() const noexcept {
        return flush_.load(std::memory_order_acquire);  // pairs with request_flush()
    }

    // ---- Stop. Asks the source to drain; from a signal handler's thread too.
    void request_stop() noexcept;
    bool stop_requested() const noexcept {
        return stop_.load(std::memory_order_acquire);  // pairs with request_stop()
    }

    // ---- Hand-over: the pipeline comes to rest in place, to be built anew around the same source,
    // journal and sink (Pipeline::rebuild). Asks the source to issue no more batches.
    void request_handover() noexcept;
    bool handover_requested() const noexcept {
        return handover_.load(std::memory_order_acquire) !=  // pairs with request_handover()
               Handover::kNone;
    }
    // The source, at rest, before it closes its lanes: the others close nothing for good.
    void begin_handover() noexcept {
        handover_.store(Handover::kBegun, std::memory_order_release);  // pairs with handed_over()
    }
    bool handed_over() const noexcept {
        return handover_.load(std::memory_order_acquire) ==  // pairs with begin_handover()
               Handover::kBegun;
    }
    // While no thread runs: ready for the next start.
    void end_handover() noexcept;

    // ---- Pause. The source takes no new articles while it is on; what is in flight goes on.
    void set_paused(bool paused) noexcept;
    bool paused() const noexcept {
        return paused_.load(std::memory_order_acquire);  // pairs with set_paused()
    }

    // ---- Failure. The first one wins; all agents end without a commit.
    void fail(int exit_code, std::string message);
    bool failed() const noexcept {
        return failed_.load(std::memory_order_acquire);  // pairs with fail()'s release
    }
    Failure failure() const;

    // Before the start: threads to wake when an epoch, a stop or a failure changes the world.
    void add_parker(Parker* parker) {
        const std::lock_guard lock(parkers_mutex_);
        parkers_.push_back(parker);
    }

   private:
    enum class Handover : std::uint8_t { kNone, kRequested, kBegun };

    void wake_all() noexcept;

    // Guards parkers_: a pause or a stop may come from any thread while the pipeline is rebuilt.
    std::mutex parkers_mutex_;
    std::vector<Parker*> parkers_;  // fixed between a start and the end of a hand-over
    std::atomic<std::uint64_t> epoch_{1};
    std::atomic<std::uint64_t> retired_{0};
    std::atomic<std::uint64_t> flush_{0};
    std::atomic<bool> stop_{false};
    std::atomic<Handover> handover_{Handover::kNone};
    std::atomic<bool> paused_{false};
    std::atomic<bool> failed_{false};
    mutable std::mutex
        mutex_;  // guards what follows; taken per commit and per epoch, never per batch
    std::uint64_t token_epoch_ = 0;
    GroupToken token_;
    Failure failure_;
};

}  // namespace newsmill
