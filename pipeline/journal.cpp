#include "pipeline/journal.hpp"

#include <utility>

#include "pipeline/check.hpp"

namespace newsmill {
namespace {

// A call of do_work() reads at most this many records, so that batches move on while the log is
// long.
constexpr int kRecordsPerCall = 64;

}  // namespace

// ---- MemoryJournal
// -----------------------------------------------------------------------------------

Outcome MemoryJournal::append(std::string_view record) noexcept {
    records_.emplace_back(record);
    return Outcome::kOk;
}

Outcome MemoryJournal::poll(std::string_view& record) noexcept {
    if (records_.empty()) return Outcome::kRetry;
    current_ = std::move(records_.front());
    records_.pop_front();
    record = current_;
    return Outcome::kOk;
}

// ---- JournalAgent
// ------------------------------------------------------------------------------------

JournalAgent::JournalAgent(Journal* journal, std::uint64_t writer, JournalFollower* follower,
                           Stage* decide, Control& control, std::vector<Link*> in,
                           std::vector<Link*> out, Metrics& metrics)
    : journal_(journal),
      writer_(writer),
      follower_(follower),
      decide_(decide),
      control_(control),
      in_(std::move(in)),
      out_(std::move(out)),
      metrics_(metrics) {
    if (journal_ == nullptr) ready_.store(true, std::memory_order_release);  // pairs with ready()
}

Agent::Work JournalAgent::do_work() noexcept {
    if (done_) return Work::kDone;
    if (control_.failed()) return finish();
    bool busy = follow();
    // What happened before this daemon started comes first: a batch decided without it might be
    // called unique wrongly.
    if (ready()) {
        busy |= take();
        if (unsent_ || busy) busy |= follow();
    }
    busy |= release();
    if (control_.failed()) return finish();
    if (busy) return Work::kBusy;
    if (waiting_.empty() && in_[taken_ % in_.size()]->drained()) return finish();
    return Work::kIdle;
}

// Takes the next batch of the sequence and appends its record.
bool JournalAgent::take() noexcept {
    if (!unsent_) {
        Batch* batch = in_[taken_ % in_.size()]->pop();
        if (batch == nullptr) return false;
        NEWSMILL_CHECK(batch->sequence == taken_, "lanes keep the sequence");
        ++taken_;
        // A batch of an older epoch is dropped at the sink: its decisions matter to nobody.
        const bool pass = journal_ == nullptr || batch->epoch < control_.epoch() ||
                          encoder_.encode(*batch, writer_, scratch_) == 0;
        waiting_.push_back({batch, pass, pass});
        if (pass) return true;
        unsent_ = true;
    }
    switch (journal_->append(scratch_)) {
        case Outcome::kOk:
            unsent_ = false;
            waiting_.back().appended = true;
            metrics_.journal_appended.add();
            return true;
        case Outcome::kRetry: return false;
        case Outcome::kAborted:
        case Outcome::kFailed: fail(); return false;
    }
    return false;
}

bool JournalAgent::follow() noexcept {
    if (journal_ == nullptr) return false;
    for (int i = 0; i < kRecordsPerCall; ++i) {
        std::string_view bytes;
        const Outcome outcome = journal_->poll(bytes);
        if (outcome == Outcome::kOk) {
            apply(bytes);
            continue;
        }
        if (outcome != Outcome::kRetry) fail();
        // Release: whoever sees ready() sees the state as caught up; pairs with ready().
        if (!ready() && journal_->caught_up()) ready_.store(true, std::memory_order_release);
        return i > 0;
    }
    return true;
}

void JournalAgent::apply(std::string_view bytes) noexcept {
    metrics_.journal_read.add();
    if (!decode_journal_record(bytes, record_)) {
        metrics_.journal_ignored.add();
        return;
    }
    if (record_.kind != JournalRecordKind::kEntries) return;
    follower_->apply(record_.entries);
    if (record_.writer != writer_ || record_.sequence < released_ || record_.sequence >= taken_)
        return;
    Waiting& waiting = waiting_[record_.sequence - released_];
    if (waiting.decided) return;  // the record came twice
    // Now, before any later record: nothing of this one can have left the window yet.
    decide_->process(*waiting.batch);
    waiting.decided = true;
}

bool JournalAgent::release() noexcept {
    bool any = false;
    while (!waiting_.empty() && waiting_.front().decided) {
        Batch* batch = waiting_.front().batch;
        waiting_.pop_front();
        out_[released_ % out_.size()]->push(batch);
        ++released_;
        any = true;
    }
    return any;
}

void JournalAgent::fail() noexcept {
    Failure failure = journal_->failure();
    control_.fail(failure.exit_code, std::move(failure.message));
}

Agent::Work JournalAgent::finish() noexcept {
    for (Link* lane : out_) lane->close();
    if (journal_ != nullptr) journal_->close();
    done_ = true;
    return Work::kDone;
}

}  // namespace newsmill
