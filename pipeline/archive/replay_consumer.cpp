#include "pipeline/archive/replay_consumer.hpp"

#include <algorithm>
#include <utility>

namespace newsmill {

// ---- Checkpoint
// ------------------------------------------------------------------------------

void ReplayCheckpoint::set(std::uint64_t articles, std::vector<Position> positions) {
    const std::lock_guard lock(mutex_);
    articles_.store(articles, std::memory_order_relaxed);
    for (Position& position : positions) {
        const auto same = [&position](const Position& known) {
            return known.partition == position.partition && known.topic == position.topic;
        };
        const auto it = std::find_if(positions_.begin(), positions_.end(), same);
        if (it == positions_.end()) {
            positions_.push_back(std::move(position));
        } else {
            *it = std::move(position);
        }
    }
}

std::vector<Position> ReplayCheckpoint::positions() const {
    const std::lock_guard lock(mutex_);
    return positions_;
}

// ---- The source's side
// ------------------------------------------------------------------------------

ReplayConsumer::ReplayConsumer(RecordSource& source, const ReplayCheckpoint& checkpoint,
                               const Clock& clock, ReplayOptions options)
    : source_(source), checkpoint_(checkpoint), clock_(clock), options_(std::move(options)) {}

GroupToken ReplayConsumer::accept_assignment() noexcept {
    rewind();
    return options_.token;
}

bool ReplayConsumer::rewind() noexcept {
    pass_over_ = source_.open(checkpoint_.articles(), checkpoint_.positions());
    held_ = false;
    return true;
}

std::int64_t ReplayConsumer::poll_interval_ns() const noexcept {
    return (held_ ? 1 : 2) * kMillisecond;
}

// The next record within the times that is not committed yet, in record_.
RecordSource::Pull ReplayConsumer::pull() noexcept {
    const bool timed = options_.time != nullptr;
    for (;;) {
        if (held_) return RecordSource::Pull::kRecord;
        const RecordSource::Pull pull = source_.next(record_);
        if (pull != RecordSource::Pull::kRecord) return pull;
        record_time_ms_ = timed ? options_.time(record_) : kNoTime;
        const bool bounded = options_.from_ms != INT64_MIN || options_.to_ms != INT64_MAX;
        const bool inside = record_time_ms_ != kNoTime && record_time_ms_ >= options_.from_ms &&
                            record_time_ms_ < options_.to_ms;
        if (bounded && !inside) {
            left_out_.fetch_add(1, std::memory_order_relaxed);  // a number that decides nothing
            continue;
        }
        if (pass_over_ > 0) {
            --pass_over_;
            continue;
        }
        return pull;
    }
}

bool ReplayConsumer::is_due() noexcept {
    if (options_.articles_per_s <= 0 && options_.speed <= 0) return true;
    const std::int64_t now_ns = clock_.now_ns();
    if (given_ == 0) began_ns_ = now_ns;
    const auto passed_ns = static_cast<double>(now_ns - began_ns_);
    if (options_.articles_per_s > 0)
        return static_cast<double>(given_) <= passed_ns / 1e9 * options_.articles_per_s;
    if (record_time_ms_ == kNoTime) return true;
    if (began_time_ms_ == kNoTime) {
        began_time_ms_ = record_time_ms_;
        began_ns_ = now_ns;
        return true;
    }
    const auto since_ms = static_cast<double>(record_time_ms_ - began_time_ms_);
    return since_ms <= passed_ns / 1e6 * options_.speed;
}

Consumer::Event ReplayConsumer::poll(Batch* batch) noexcept {
    if (!std::exchange(assigned_, true)) return Event::kAssigned;
    if (batch == nullptr) return Event::kNone;
    bool any = false;
    while (!batch->full()) {
        const RecordSource::Pull pull = this->pull();
        if (pull == RecordSource::Pull::kFailed) return Event::kFailed;
        if (pull == RecordSource::Pull::kEnd && !any) return Event::kEnd;
        if (pull != RecordSource::Pull::kRecord) break;
        held_ = !is_due();
        if (held_) break;
        add_record(*batch, record_, pinned_);
        ++given_;
        any = true;
    }
    return any ? Event::kArticles : Event::kNone;
}

// ---- The sink's side
// ------------------------------------------------------------------------------

ReplayProducer::ReplayProducer(Producer& producer, ReplayCheckpoint& checkpoint, Position place,
                               bool inputs)
    : producer_(producer), checkpoint_(checkpoint), place_(std::move(place)), inputs_(inputs) {}

void ReplayProducer::sent(const Batch& batch) noexcept {
    pending_ += batch.articles.size();
    producer_.sent(batch);
}

Outcome ReplayProducer::send_positions(const std::vector<Position>& positions,
                                       const GroupToken& token) noexcept {
    positions_ = inputs_ ? positions : std::vector<Position>();
    with_place_ = positions_;
    if (!place_.topic.empty()) {
        place_.next_offset = static_cast<std::int64_t>(checkpoint_.articles() + pending_);
        with_place_.push_back(place_);
    }
    return producer_.send_positions(with_place_, token);
}

Outcome ReplayProducer::commit() noexcept {
    const Outcome outcome = producer_.commit();
    if (outcome != Outcome::kOk) return outcome;
    checkpoint_.set(checkpoint_.articles() + std::exchange(pending_, 0), std::move(positions_));
    positions_.clear();
    return outcome;
}

Outcome ReplayProducer::abort() noexcept {
    const Outcome outcome = producer_.abort();
    if (outcome == Outcome::kOk) pending_ = 0;
    return outcome;
}

}  // namespace newsmill
