#include "pipeline/source.hpp"

#include <algorithm>
#include <utility>

namespace newsmill {

SourceAgent::SourceAgent(Consumer& consumer, Control& control, const Clock& clock, Link& free,
                         std::vector<Link*> out, Metrics& metrics, SourceOptions options)
    : consumer_(consumer),
      control_(control),
      clock_(clock),
      free_(&free),
      out_(std::move(out)),
      metrics_(metrics),
      options_(options) {}

std::int64_t SourceAgent::deadline_ns() const noexcept {
    const std::int64_t poll = clock_.now_ns() + consumer_.poll_interval_ns();
    if (batch_ != nullptr && !batch_->articles.empty()) {
        return std::min(poll, batch_since_ns_ + options_.batch_wait_ns);
    }
    return poll;
}

Agent::Work SourceAgent::do_work() noexcept {
    if (state_ == State::kDone) return Work::kDone;
    if (control_.failed()) return finish();
    // An abort made what is in flight worthless: go back to what is committed. If that can't be
    // done now, the reason may stand in the events.
    if (assigned_ && control_.epoch() != epoch_ && !rewind())
        return handle(consumer_.poll(nullptr));
    if (state_ == State::kRunning && control_.stop_requested()) {
        if (batch_ != nullptr && !batch_->articles.empty()) issue();
        control_.request_flush(issued_);
        state_ = State::kDraining;
        at_end_ = false;
    } else if (state_ == State::kRunning && control_.handover_requested()) {
        if (batch_ != nullptr && !batch_->articles.empty()) issue();
        control_.request_flush(issued_);
        state_ = State::kHandingOver;
    }
    if (state_ == State::kHandingOver) return hand_over();
    return state_ == State::kRunning ? run() : settle();
}

// Not polled meanwhile: what poll(nullptr) throws away would have to be read again, and the time is
// one commit's. Whoever wants partitions back waits for as long.
Agent::Work SourceAgent::hand_over() noexcept {
    if (!quiescent()) return Work::kIdle;
    if (control_.epoch() != epoch_ && assigned_) return Work::kBusy;  // aborted: rewind first
    batch_ = nullptr;                                                 // the pool is made anew
    consumer_.set_waker(nullptr);
    control_.begin_handover();
    for (Link* lane : out_) lane->close();
    state_ = State::kDone;
    return Work::kDone;
}

void SourceAgent::rewire(Link& free, std::vector<Link*> out, SourceOptions options) {
    free_ = &free;
    out_ = std::move(out);
    options_ = options;
    state_ = State::kRunning;
}

Agent::Work SourceAgent::run() noexcept {
    if (batch_ == nullptr) {
        batch_ = free_->pop();
        // No free batch: no articles, that is the back-pressure. Events are served all the same,
        // without which the group would take us for dead; poll(nullptr) would throw articles away,
        // so wait.
        if (batch_ == nullptr) return Work::kIdle;
    }
    const bool was_empty = batch_->articles.empty();
    const Consumer::Event event = hold() ? Consumer::Event::kNone : consumer_.poll(batch_);
    if (event == Consumer::Event::kArticles && was_empty) batch_since_ns_ = clock_.now_ns();
    if (event != Consumer::Event::kArticles && event != Consumer::Event::kNone)
        return handle(event);
    const bool old =
        !batch_->articles.empty() && clock_.now_ns() - batch_since_ns_ >= options_.batch_wait_ns;
    if (batch_->full() || old) {
        issue();
        return Work::kBusy;
    }
    return event == Consumer::Event::kArticles ? Work::kBusy : Work::kIdle;
}

// Tells the consumer when a pause begins or ends. True: there is to be no poll.
bool SourceAgent::hold() noexcept {
    const bool wanted = control_.paused();
    if (wanted == paused_) return false;
    if (!consumer_.set_paused(wanted)) return wanted;
    paused_ = wanted;
    return false;
}

Agent::Work SourceAgent::handle(Consumer::Event event) noexcept {
    switch (event) {
        case Consumer::Event::kNone:
        case Consumer::Event::kArticles: return Work::kIdle;
        case Consumer::Event::kAssigned:
            metrics_.rebalances.add();
            // Also when a revoke was never answered because this assignment overtook it: a new
            // epoch, so that nothing read under the old membership is committed under the new one.
            abandon();
            epoch_ = control_.bump_epoch();
            token_ = consumer_.accept_assignment();
            control_.publish_token(epoch_, token_);
            assigned_ = true;
            paused_ = false;  // the new partitions know of no pause
            if (state_ == State::kRevoking) state_ = State::kRunning;
            return Work::kBusy;
        case Consumer::Event::kRevoked:
            abandon();
            control_.request_flush(issued_);
            // A hand-over that was under way begins again once the partitions are given back.
            if (state_ == State::kRunning || state_ == State::kHandingOver)
                state_ = State::kRevoking;
            return Work::kBusy;
        case Consumer::Event::kLost:
            metrics_.rebalances.add();
            abandon();
            epoch_ = control_.bump_epoch();
            consumer_.release_assignment();
            assigned_ = false;
            token_ = nullptr;
            if (state_ == State::kRevoking) state_ = State::kRunning;
            return Work::kBusy;
        case Consumer::Event::kEnd:
            if (batch_ != nullptr && !batch_->articles.empty()) issue();
            control_.request_flush(issued_);
            at_end_ = true;
            state_ = State::kDraining;
            return Work::kBusy;
        case Consumer::Event::kFailed: {
            Failure failure = consumer_.failure();
            control_.fail(failure.exit_code, std::move(failure.message));
            return finish();
        }
    }
    return Work::kIdle;
}

// Waits, without waiting, until nothing is in flight; then hands the partitions back or ends.
Agent::Work SourceAgent::settle() noexcept {
    const Consumer::Event event = consumer_.poll(nullptr);
    if (event != Consumer::Event::kNone && event != Consumer::Event::kArticles &&
        event != Consumer::Event::kEnd) {
        return handle(event);
    }
    if (!quiescent()) return Work::kIdle;
    if (control_.epoch() != epoch_ && assigned_) return Work::kBusy;  // aborted: rewind first
    if (state_ == State::kDraining) return finish();
    metrics_.rebalances.add();
    consumer_.release_assignment();
    assigned_ = false;
    token_ = nullptr;
    state_ = State::kRunning;
    return Work::kBusy;
}

void SourceAgent::issue() noexcept {
    batch_->sequence = issued_;
    batch_->epoch = epoch_;
    batch_->issued_ns = clock_.now_ns();
    metrics_.articles_in.add(batch_->articles.size());
    metrics_.bytes_in.add(batch_->payload_bytes());
    metrics_.batches_issued.add();
    Link& lane = *out_[issued_ % out_.size()];
    ++issued_;
    lane.push(std::exchange(batch_, nullptr));
}

void SourceAgent::abandon() noexcept {
    if (batch_ != nullptr) batch_->reset();
}

bool SourceAgent::rewind() noexcept {
    abandon();
    const std::uint64_t epoch = control_.epoch();
    if (state_ == State::kRevoking) {  // the partitions are about to go: nothing to go back to
        epoch_ = epoch;
        return true;
    }
    if (!consumer_.rewind()) return false;
    metrics_.rewinds.add();
    paused_ = false;  // assigned anew
    epoch_ = epoch;
    control_.publish_token(epoch_, token_);
    // What was to be handed back or drained has been dropped: after an end there is more to read.
    if (state_ == State::kDraining && at_end_) {
        state_ = State::kRunning;
        at_end_ = false;
    }
    return true;
}

Agent::Work SourceAgent::finish() noexcept {
    for (Link* lane : out_) lane->close();
    consumer_.close();
    state_ = State::kDone;
    return Work::kDone;
}

}  // namespace newsmill
