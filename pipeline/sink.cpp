#include "pipeline/sink.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "pipeline/check.hpp"

namespace newsmill {
namespace {

// Counts of one commit, so that the shared counters are touched once a commit.
class CommitTally {
   public:
    void add(const Article& article, std::int64_t now_ms) noexcept {
        bytes_ += article.output.value.size();
        if (article.output.channel == Channel::kDeadLetters) {
            ++dead_letters_[static_cast<std::size_t>(article.verdict.code)];
        } else {
            ++articles_;
        }
        if (article.ok()) {
            ++decisions_[static_cast<std::size_t>(article.decision.kind)];
            for (const Quote& quote : article.quotes)
                ++quotes_[static_cast<std::size_t>(quote.type)];
            topics_ += article.topics.size();
        }
        if (article.origin.timestamp_ms == kNoTime) return;
        const std::int64_t age_ms = std::max<std::int64_t>(0, now_ms - article.origin.timestamp_ms);
        const std::int64_t age_ns = age_ms * kMillisecond;
        ++ages_[TimeHistogram::range_of(age_ns)];
        sums_ns_[TimeHistogram::range_of(age_ns)] += static_cast<std::uint64_t>(age_ns);
    }

    void write(Metrics& metrics) const noexcept {
        metrics.articles_out.add(articles_);
        metrics.bytes_out.add(bytes_);
        metrics.topics.add(topics_);
        std::uint64_t dead = 0;
        for (std::size_t i = 0; i < dead_letters_.size(); ++i) {
            metrics.dead_letters[i].add(dead_letters_[i]);
            dead += dead_letters_[i];
        }
        metrics.dead_letters_out.add(dead);
        for (std::size_t i = 0; i < decisions_.size(); ++i) {
            metrics.decisions[i].add(decisions_[i]);
            if (is_duplicate(static_cast<DedupKind>(i))) metrics.duplicates_out.add(decisions_[i]);
        }
        for (std::size_t i = 0; i < quotes_.size(); ++i) metrics.quotes[i].add(quotes_[i]);
        for (std::size_t i = 0; i < ages_.size(); ++i) {
            if (ages_[i] != 0) metrics.end_to_end.add_to(i, ages_[i], sums_ns_[i]);
        }
    }

   private:
    std::uint64_t articles_ = 0, bytes_ = 0, topics_ = 0;
    std::array<std::uint64_t, kCodes> dead_letters_{};
    std::array<std::uint64_t, kDedupKinds> decisions_{};
    std::array<std::uint64_t, kQuoteTypes> quotes_{};
    std::array<std::uint64_t, TimeHistogram::kRanges> ages_{};
    std::array<std::uint64_t, TimeHistogram::kRanges> sums_ns_{};
};

}  // namespace

SinkAgent::SinkAgent(Producer& producer, Control& control, const Clock& clock,
                     std::vector<Link*> in, Link& free, Metrics& metrics, SinkOptions options)
    : producer_(producer),
      control_(control),
      clock_(clock),
      in_(std::move(in)),
      free_(&free),
      metrics_(metrics),
      options_(std::move(options)),
      commit_interval_ns_(options_.commit_interval_ns) {}

void SinkAgent::rewire(std::vector<Link*> in, Link& free, SinkOptions options) {
    in_ = std::move(in);
    free_ = &free;
    options_ = std::move(options);
    set_commit_interval(options_.commit_interval_ns);
    state_ = State::kIdle;
}

std::int64_t SinkAgent::deadline_ns() const noexcept {
    switch (state_) {
        case State::kIdle:
            // A batch that waits here is one for which no transaction could begin yet.
            if (in_[received_ % in_.size()]->size() == 0) return kNever;
            break;
        case State::kDone: return kNever;
        case State::kOpen:
            if (sending_ == nullptr) return opened_ns_ + commit_interval_ns();
            break;
        case State::kPositions:
        case State::kCommit:
        case State::kAbort: break;
    }
    return clock_.now_ns() + kMillisecond;  // a step that said "call again"
}

Agent::Work SinkAgent::do_work() noexcept {
    if (state_ == State::kDone) return Work::kDone;
    if (control_.failed()) return finish();
    switch (state_) {
        case State::kIdle: return receive();
        case State::kOpen:
            if (stale()) {
                state_ = State::kAbort;
                return Work::kBusy;
            }
            if (sending_ != nullptr) return send();
            if (commit_due()) {
                committing_ns_ = clock_.now_ns();
                state_ = State::kPositions;
                return Work::kBusy;
            }
            return receive();
        case State::kPositions: return commit_positions();
        case State::kCommit: return commit();
        case State::kAbort: return abort();
        case State::kDone: break;
    }
    return Work::kDone;
}

// The open transaction holds batches that were read before a rewind.
bool SinkAgent::stale() const noexcept {
    return options_.check_epoch && epoch_ != control_.epoch();
}

bool SinkAgent::commit_due() const noexcept {
    if (held_.size() >= options_.held_batches_max) return true;
    if (received_ == control_.flush_requested()) return true;
    if (clock_.now_ns() - opened_ns_ >= commit_interval_ns()) return true;
    return in_[received_ % in_.size()]->drained();
}

Agent::Work SinkAgent::receive() noexcept {
    Link& lane = *in_[received_ % in_.size()];
    Batch* batch = lane.peek();
    if (batch == nullptr) {
        if (state_ == State::kIdle && lane.drained()) return finish();
        return Work::kIdle;
    }
    NEWSMILL_CHECK(batch->sequence == received_, "lanes keep the sequence");
    if (options_.check_epoch && batch->epoch != control_.epoch()) {
        lane.pop();
        ++received_;
        drop(batch);
        return Work::kBusy;
    }
    if (state_ == State::kIdle) {
        const Outcome outcome = producer_.begin();
        if (outcome == Outcome::kRetry) return Work::kIdle;
        if (outcome == Outcome::kFailed) return fail();
        epoch_ = batch->epoch;
        if (outcome == Outcome::kAborted) {
            state_ = State::kAbort;
            return Work::kBusy;
        }
        state_ = State::kOpen;
        opened_ns_ = clock_.now_ns();
    }
    lane.pop();
    ++received_;
    sending_ = batch;
    sending_at_ = part_at_ = 0;
    return send();
}

// The article's output, then its notices, from where the last call stood.
Outcome SinkAgent::send_article(Article& article) noexcept {
    if (part_at_ == 0) {
        if (article.output.channel != Channel::kDeadLetters && options_.refuse &&
            producer_.refuses(article)) {
            options_.refuse(article, sending_->arena);
        }
        if (article.output.channel != Channel::kNone) {
            if (const Outcome outcome = producer_.send(article); outcome != Outcome::kOk)
                return outcome;
        }
        ++part_at_;
    }
    for (; part_at_ <= article.notices.size(); ++part_at_) {
        if (producer_.refuses_notices(article)) break;
        const Outcome outcome = producer_.send_notice(article, article.notices[part_at_ - 1]);
        if (outcome != Outcome::kOk) return outcome;
    }
    part_at_ = 0;
    return Outcome::kOk;
}

Agent::Work SinkAgent::send() noexcept {
    while (sending_at_ < sending_->articles.size()) {
        const Outcome outcome = send_article(sending_->articles[sending_at_]);
        if (outcome == Outcome::kRetry) return Work::kIdle;
        if (outcome == Outcome::kFailed) return fail();
        if (outcome == Outcome::kAborted) {
            state_ = State::kAbort;
            return Work::kBusy;
        }
        ++sending_at_;
    }
    producer_.sent(*sending_);
    note_positions(*sending_);
    held_.push_back(std::exchange(sending_, nullptr));
    return Work::kBusy;
}

void SinkAgent::note_positions(const Batch& batch) {
    for (const Article& article : batch.articles) {
        const Origin& origin = article.origin;
        auto it = std::find_if(positions_.begin(), positions_.end(), [&origin](const Position& p) {
            return p.partition == origin.partition && p.topic == origin.topic;
        });
        if (it == positions_.end()) {
            positions_.push_back({std::string(origin.topic), origin.partition, 0, {}, kNoTime});
            it = positions_.end() - 1;
        }
        it->next_offset = std::max(it->next_offset, origin.offset + 1);
        it->timestamp_ms = std::max(it->timestamp_ms, origin.timestamp_ms);
    }
}

Agent::Work SinkAgent::commit_positions() noexcept {
    // The token of exactly this epoch: positions read under one membership of the group are never
    // committed under another.
    std::optional<GroupToken> token = control_.token_of(epoch_);
    if (!options_.check_epoch && !token) token = control_.token_of(control_.epoch());
    if (!token || stale()) {
        state_ = State::kAbort;
        return Work::kBusy;
    }
    switch (producer_.send_positions(positions_, *token)) {
        case Outcome::kOk: state_ = State::kCommit; return Work::kBusy;
        case Outcome::kRetry: return Work::kIdle;
        case Outcome::kAborted: state_ = State::kAbort; return Work::kBusy;
        case Outcome::kFailed: return fail();
    }
    return Work::kIdle;
}

Agent::Work SinkAgent::commit() noexcept {
    switch (producer_.commit()) {
        case Outcome::kOk: break;
        case Outcome::kRetry: return Work::kIdle;
        case Outcome::kAborted: state_ = State::kAbort; return Work::kBusy;
        case Outcome::kFailed: return fail();
    }
    metrics_.commits.add();
    count_commit();
    note_committed();
    if (on_commit_) {
        for (const Batch* batch : held_) on_commit_(*batch);
    }
    release_held();
    state_ = State::kIdle;
    return Work::kBusy;
}

Agent::Work SinkAgent::abort() noexcept {
    const Outcome outcome = producer_.abort();
    if (outcome == Outcome::kRetry) return Work::kIdle;
    if (outcome != Outcome::kOk) return fail();
    metrics_.aborts.add();
    // Before the batches are retired: the source must not take the quiet for "all is committed".
    // If the epoch has moved on already, the source has rewound, or lost what these batches were
    // read from.
    if (epoch_ == control_.epoch()) control_.bump_epoch();
    if (sending_ != nullptr) held_.push_back(std::exchange(sending_, nullptr));
    metrics_.batches_dropped.add(held_.size());
    release_held();
    state_ = State::kIdle;
    return Work::kBusy;
}

void SinkAgent::count_commit() noexcept {
    const std::int64_t now_ns = clock_.now_ns();
    const std::int64_t now_ms = clock_.unix_ms();
    metrics_.transaction.observe(now_ns - opened_ns_);
    metrics_.commit.observe(now_ns - committing_ns_);
    CommitTally tally;
    for (const Batch* batch : held_) {
        metrics_.transit.observe(now_ns - batch->issued_ns, batch->articles.size());
        for (const Article& article : batch->articles) {
            tally.add(article, now_ms);
            if (article.notices.empty()) continue;
            const bool refused = producer_.refuses_notices(article);
            (refused ? metrics_.notices_dropped : metrics_.notices_out).add(article.notices.size());
        }
    }
    tally.write(metrics_);
}

void SinkAgent::note_committed() {
    const std::lock_guard lock(committed_mutex_);
    for (const Position& position : positions_) {
        const auto it =
            std::find_if(committed_.begin(), committed_.end(), [&position](const Position& p) {
                return p.partition == position.partition && p.topic == position.topic;
            });
        if (it == committed_.end()) {
            committed_.push_back(position);
        } else {
            *it = position;
        }
    }
}

std::vector<Position> SinkAgent::committed() const {
    const std::lock_guard lock(committed_mutex_);
    return committed_;
}

void SinkAgent::release_held() noexcept {
    // Retired first: the push wakes the source, which may be waiting for just this.
    control_.retire(held_.size());
    for (Batch* batch : held_) {
        batch->reset();
        free_->push(batch);
    }
    held_.clear();
    positions_.clear();
}

void SinkAgent::drop(Batch* batch) noexcept {
    metrics_.batches_dropped.add();
    control_.retire(1);
    batch->reset();
    free_->push(batch);
}

Agent::Work SinkAgent::fail() noexcept {
    Failure failure = producer_.failure();
    control_.fail(failure.exit_code, std::move(failure.message));
    return finish();
}

// On failure nothing is committed: what is open is aborted by the broker, or by the next start.
Agent::Work SinkAgent::finish() noexcept {
    if (control_.handed_over()) {
        producer_.set_waker(nullptr);
    } else {
        producer_.close();
    }
    state_ = State::kDone;
    return Work::kDone;
}

}  // namespace newsmill
