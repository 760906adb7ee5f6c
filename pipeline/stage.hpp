// A stage: one step of the mill. It sees a batch, reads and fills in articles, and passes it on.
//
// Contract. process() is a deterministic function of the stage's state and the batch: no clock, no
// randomness, no waiting, no I/O, no exception. It never adds, removes or reorders articles. An
// article that it can't go on with gets a verdict (reject) and stays in the batch; stages skip such
// articles. Threads: an instance belongs to one agent; a parallel stage (Order::kAny) has one
// instance a lane, and instances share nothing that changes.
#pragma once

#include <memory>
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
// agree.
class JournalFollower {
   public:
    virtual ~JournalFollower() = default;
    // The entries of one record, which one batch made. They and their views live for the call only.
    virtual void apply(std::span<const JournalEntry> record) noexcept = 0;
};

// Gives the article up: it becomes a dead letter. `message` must outlive the batch (static or
// arena).
inline void reject(Article& article, Code code, std::string_view stage,
                   std::string_view message) noexcept {
    article.verdict = {code, stage, message};
}

}  // namespace newsmill
