#include "pipeline/agent.hpp"

#include <utility>

#include "pipeline/check.hpp"

namespace newsmill {

void Link::push(Batch* batch) noexcept {
    NEWSMILL_CHECK(queue_.try_push(std::move(batch)), "a link holds the whole pool");
    if (consumer_ != nullptr) consumer_->wake();
}

void Link::close() noexcept {
    queue_.close();
    if (consumer_ != nullptr) consumer_->wake();
}

Batch* Link::pop() noexcept {
    Batch* batch = nullptr;
    return queue_.try_pop(batch) ? batch : nullptr;
}

Batch* Link::peek() noexcept {
    Batch** front = queue_.front();
    return front == nullptr ? nullptr : *front;
}

std::uint64_t Control::bump_epoch() noexcept {
    const std::uint64_t epoch =
        epoch_.fetch_add(1, std::memory_order_acq_rel) + 1;  // pairs with epoch()
    wake_all();
    return epoch;
}

void Control::request_stop() noexcept {
    stop_.store(true, std::memory_order_release);  // pairs with stop_requested()
    wake_all();
}

void Control::request_handover() noexcept {
    Handover none = Handover::kNone;
    // Release: pairs with handover_requested(). One that has begun is not asked for again.
    handover_.compare_exchange_strong(none, Handover::kRequested, std::memory_order_release,
                                      std::memory_order_relaxed);
    wake_all();
}

void Control::end_handover() noexcept {
    {
        const std::lock_guard lock(parkers_mutex_);
        parkers_.clear();
    }
    handover_.store(Handover::kNone, std::memory_order_release);  // no thread runs: no pair needed
}

void Control::set_paused(bool paused) noexcept {
    paused_.store(paused, std::memory_order_release);  // pairs with paused()
    wake_all();
}

void Control::wake_all() noexcept {
    const std::lock_guard lock(parkers_mutex_);
    for (Parker* parker : parkers_) parker->wake();
}

void Control::publish_token(std::uint64_t epoch, GroupToken token) {
    const std::lock_guard lock(mutex_);
    token_epoch_ = epoch;
    token_ = std::move(token);
}

std::optional<GroupToken> Control::token_of(std::uint64_t epoch) const {
    const std::lock_guard lock(mutex_);
    if (token_epoch_ != epoch) return std::nullopt;
    return token_;
}

void Control::fail(int exit_code, std::string message) {
    {
        const std::lock_guard lock(mutex_);
        if (failed_.load(std::memory_order_relaxed)) return;  // under the mutex: no pair needed
        failure_ = {exit_code, std::move(message)};
        failed_.store(true, std::memory_order_release);  // pairs with failed()
    }
    wake_all();
}

Failure Control::failure() const {
    const std::lock_guard lock(mutex_);
    return failure_;
}

}  // namespace newsmill
