// The sink: publishes batches in sequence, in transactions, and retires them.
//
// Producer is the seam to what is written: Kafka (pipeline/kafka/producer.hpp), files
// (pipeline/archive/stream_producer.hpp), the simulator's broker (tests/sim/). SinkAgent is the
// logic: one transaction holds the outputs, their notices, the dead letters and the input positions
// of the batches in it. On an abort the epoch is bumped, the source rewinds, and batches of an
// older epoch are dropped here.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "pipeline/agent.hpp"
#include "pipeline/journal.hpp"
#include "pipeline/lag.hpp"
#include "pipeline/metrics.hpp"

namespace newsmill {

class Producer {
   public:
    virtual ~Producer() = default;
    // All of them: kRetry means "call again, nothing is lost"; the same call goes on where it
    // stood. `send` may keep views of the article's output until the transaction ends.
    virtual Outcome begin() noexcept = 0;
    virtual Outcome send(const Article& article) noexcept = 0;
    // One of the article's notices, after its own output.
    virtual Outcome send_notice(const Article& article, const Output& notice) noexcept = 0;
    // All articles of the batch, also those that nothing is published for, are in the transaction.
    virtual void sent(const Batch& batch) noexcept { static_cast<void>(batch); }
    // Positions join the transaction, under the membership that the token stands for.
    virtual Outcome send_positions(const std::vector<Position>& positions,
                                   const GroupToken& token) noexcept = 0;
    virtual Outcome commit() noexcept = 0;
    virtual Outcome abort() noexcept = 0;

    virtual Failure failure() const { return {}; }
    // The output has refused this very article for good, in a transaction that was aborted for it:
    // it becomes a dead letter.
    virtual bool refuses(const Article& article) const noexcept {
        static_cast<void>(article);
        return false;
    }
    // The same of its notices: they are left out, and counted.
    virtual bool refuses_notices(const Article& article) const noexcept {
        static_cast<void>(article);
        return false;
    }
    virtual void set_waker(Parker* parker) noexcept { static_cast<void>(parker); }
    virtual void close() noexcept {}
};

struct SinkOptions {
    std::int64_t commit_interval_ns = 200 * kMillisecond;
    // Commit early when so many batches are held: the rest of the pool keeps the lanes busy
    // meanwhile.
    std::size_t held_batches_max = 16;
    // Gives a refused article its dead letter: sets its verdict and its output anew.
    std::function<void(Article&, Arena&)> refuse;
    // False only in the test that shows that the simulator sees the fault.
    bool check_epoch = true;
};

class SinkAgent final : public Agent {
   public:
    SinkAgent(Producer& producer, Control& control, const Clock& clock, std::vector<Link*> in,
              Link& free, Metrics& metrics, SinkOptions options = {});

    std::string_view name() const noexcept override { return "sink"; }
    Work do_work() noexcept override;
    std::int64_t deadline_ns() const noexcept override;

    // Called after each commit, in the sink's thread, with the batches that it made final, before
    // they go back to the pool: for counts and views. Set before the start.
    void on_commit(std::function<void(const Batch&)> callback) { on_commit_ = std::move(callback); }

    // Any thread: holds from the open transaction on.
    void set_commit_interval(std::int64_t interval_ns) noexcept {
        commit_interval_ns_.store(interval_ns, std::memory_order_relaxed);  // a number alone
    }
    // After a hand-over, while no thread runs: other links. The sequence goes on.
    void rewire(std::vector<Link*> in, Link& free, SinkOptions options);
    // Where the input stands by the last commit of each partition; any thread. Partitions that have
    // gone to another daemon stay.
    std::vector<Position> committed() const;

   private:
    enum class State : std::uint8_t { kIdle, kOpen, kPositions, kCommit, kAbort, kDone };

    Work receive() noexcept;
    Work send() noexcept;
    Outcome send_article(Article& article) noexcept;
    Work commit_positions() noexcept;
    Work commit() noexcept;
    Work abort() noexcept;
    bool commit_due() const noexcept;
    std::int64_t commit_interval_ns() const noexcept {
        return commit_interval_ns_.load(std::memory_order_relaxed);  // see set_commit_interval()
    }
    bool stale() const noexcept;
    void release_held() noexcept;
    void drop(Batch* batch) noexcept;
    void note_positions(const Batch& batch);
    void count_commit() noexcept;
    void note_committed();
    Work fail() noexcept;
    Work finish() noexcept;

    Producer& producer_;
    Control& control_;
    const Clock& clock_;
    std::vector<Link*> in_;
    Link* free_;
    Metrics& metrics_;
    SinkOptions options_;
    std::atomic<std::int64_t> commit_interval_ns_;
    std::function<void(const Batch&)> on_commit_;

    State state_ = State::kIdle;
    std::uint64_t received_ = 0;  // batches taken from the lanes
    std::uint64_t epoch_ = 0;     // of the open transaction
    std::int64_t opened_ns_ = 0;  // when the open transaction began
    Batch* sending_ = nullptr;    // taken, not wholly sent
    std::size_t sending_at_ = 0;  // its next article
    std::size_t part_at_ = 0;     // and of it: 0 its own output, then its notices from 1
    std::vector<Batch*> held_;    // sent in the open transaction
    std::vector<Position> positions_;
    std::int64_t committing_ns_ = 0;  // when the commit of the open transaction began

    mutable std::mutex committed_mutex_;  // guards committed_; taken once a commit
    std::vector<Position> committed_;
};

}  // namespace newsmill
