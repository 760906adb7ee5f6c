#include "pipeline/journal_agent.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "pipeline/check.hpp"
#include "pipeline/log.hpp"

namespace newsmill {
namespace {

constexpr int kExitConfig = 78;
// A call of do_work() reads at most this many records, so that batches move on while the log is
// long.
constexpr int kRecordsPerCall = 64;
// States that are remembered for a comparison: more than the records that can lie between a place
// and its hash.
constexpr std::size_t kPoints = 4096;
// Where little news comes, a hash is appended at least so often: it also carries the settings, so
// that they are never older than what the journal keeps.
constexpr std::int64_t kHashIntervalNs = 3'600'000 * kMillisecond;
// While a disk is behind.
constexpr std::int64_t kSnapshotRetryNs = 5 * kMillisecond;

std::int64_t unix_ms() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
}

}  // namespace

JournalAgent::JournalAgent(JournalParts parts, const JournalAgentOptions& options, Control& control,
                           const Clock& clock, std::vector<Link*> in, std::vector<Link*> out,
                           Metrics& metrics)
    : journal_(parts.journal),
      follower_(parts.follower),
      decide_(parts.decide),
      store_(parts.snapshots),
      options_(options),
      control_(control),
      clock_(clock),
      in_(std::move(in)),
      out_(std::move(out)),
      metrics_(metrics) {
    if (store_ != nullptr) writer_.emplace(*store_);
    if (decide_ != nullptr) meter_ = &metrics_.stage(decide_->name(), "journal");
    if (journal_ == nullptr) {
        ready_.store(true, std::memory_order_release);  // pairs with ready()
        return;
    }
    points_.resize(kPoints);
    hashed_at_ns_ = clock_.now_ns();
    if (!parts.state.restored) return;
    const SnapshotHeader& header = parts.state.header;
    has_settings_ = !header.settings.empty();
    settings_ = header.settings;
    entries_ = hashed_entries_ = snapshot_entries_ = safe_entries_ = header.entries;
    note_point();
    metrics_.journal_position.set(header.position);
    metrics_.journal_entries.set(static_cast<std::int64_t>(header.entries));
    metrics_.restored_entries.set(static_cast<std::int64_t>(header.entries));
    metrics_.restored_ms.set(parts.state.took_ms);
}

void JournalAgent::rewire(const JournalAgentOptions& options, std::vector<Link*> in,
                          std::vector<Link*> out) {
    const bool change = options.change_settings && !options_.change_settings;
    const std::uint64_t writer = options_.writer;
    options_ = options;
    options_.writer = writer;  // the sequence goes on
    in_ = std::move(in);
    out_ = std::move(out);
    drain_until_ns_ = 0;
    drain_tried_ = false;
    done_ = false;
    if (journal_ == nullptr) return;
    if (!change && settings_asked_ == follower_->settings_wanted()) return;
    asked_change_ = changed_ = false;
    ready_.store(false, std::memory_order_release);  // pairs with ready()
}

Agent::Work JournalAgent::do_work() noexcept {
    if (done_) return Work::kDone;
    if (control_.failed()) return finish();
    if (drain_until_ns_ != 0) return drain();
    bool busy = follow();
    if (!ready()) get_ready();
    busy |= append_control();
    // What happened before this daemon started comes first: a batch decided without it might be
    // called unique wrongly.
    if (ready()) busy |= take();
    if (busy) busy |= follow();
    busy |= release();
    busy |= write_snapshot();
    if (control_.failed()) return finish();
    if (busy) return Work::kBusy;
    if (waiting_.empty() && in_[taken_ % in_.size()]->drained()) return drain();
    return Work::kIdle;
}

// ---- Following
// ---------------------------------------------------------------------------------------

bool JournalAgent::follow() noexcept {
    if (journal_ == nullptr) return false;
    for (int i = 0; i < kRecordsPerCall; ++i) {
        const std::int64_t before = journal_->position();
        std::string_view bytes;
        const Outcome outcome = journal_->poll(bytes);
        if (outcome != Outcome::kOk) {
            if (outcome != Outcome::kRetry) fail();
            return i > 0;
        }
        last_record_ = before;
        last_mark_ = store_ == nullptr ? 0 : journal_record_mark(bytes);
        apply(bytes);
        if (control_.failed()) return true;
    }
    return true;
}

void JournalAgent::apply(std::string_view bytes) noexcept {
    metrics_.journal_read.add();
    metrics_.journal_position.set(journal_->position());
    if (!decode_journal_record(bytes, record_)) {
        metrics_.journal_ignored.add();
        return;
    }
    switch (record_.kind) {
        case JournalRecordKind::kEntries: apply_entries(); break;
        case JournalRecordKind::kSettings: apply_settings(); break;
        case JournalRecordKind::kStateHash: compare_hash(); break;
    }
}

void JournalAgent::apply_entries() noexcept {
    const std::uint64_t since = entries_ - hashed_entries_;
    follower_->apply(record_.entries);
    entries_ += record_.entries.size();
    metrics_.journal_entries.set(static_cast<std::int64_t>(entries_));
    note_point();
    if (record_.writer != options_.writer) {
        begin_snapshot();
        return;
    }
    decide();
    begin_snapshot();
    // One of N daemons is enough: the one whose record completes the interval. Should it die
    // before its hash is in the journal, the next interval has one.
    const std::uint64_t interval = options_.state_hash_interval_entries;
    const bool completes = since / interval < (entries_ - hashed_entries_) / interval;
    const std::int64_t now_ns = clock_.now_ns();
    if (!completes && now_ns - hashed_at_ns_ < kHashIntervalNs) return;
    hashed_at_ns_ = now_ns;
    encode_state_hash_record(options_.writer, journal_->position(), follower_->state_hash(),
                             settings_, control_records_.emplace_back());
}

void JournalAgent::decide() noexcept {
    if (record_.sequence < released_ || record_.sequence >= taken_) return;
    Waiting& waiting = waiting_[record_.sequence - released_];
    if (waiting.decided) return;  // the record came twice
    // Now, before any later record: nothing of this one can have left the window yet.
    const std::int64_t before_ns = clock_.now_ns();
    decide_->process(*waiting.batch);
    waiting.batch->journal_position = journal_->position();
    const std::int64_t now_ns = clock_.now_ns();
    meter_->count(waiting.batch->articles.size(), now_ns - before_ns);
    metrics_.journal_wait.observe(now_ns - waiting.taken_ns);
    waiting.decided = true;
}

void JournalAgent::apply_settings() noexcept {
    if (record_.change && record_.writer == options_.writer) changed_ = true;
    if (has_settings_ && !record_.change) return;  // somebody was first
    if (!follower_->adopt(record_.settings)) {
        control_.fail(kExitConfig,
                      "dedup: the journal's settings can't be taken over here: '" +
                          std::string(record_.settings) + "'; this configuration asks for '" +
                          std::string(follower_->settings_wanted()) +
                          "'. Raise the bounds here, or change the journal's by a daemon with "
                          "dedup.settings = \"change\"");
        return;
    }
    if (has_settings_ && settings_ != record_.settings)
        log_info("dedup: the journal's settings are changed to '{}'", record_.settings);
    has_settings_ = true;
    note_settings(record_.settings);
}

void JournalAgent::note_settings(std::string_view settings) noexcept {
    const std::lock_guard lock(settings_mutex_);
    settings_ = settings;
}

// ---- State hashes
// ------------------------------------------------------------------------------------

void JournalAgent::note_point() noexcept {
    const std::uint64_t hash = follower_->state_hash();
    points_[next_point_++ % kPoints] = {journal_->position(), entries_, hash};
    metrics_.journal_state_hash.set(static_cast<std::int64_t>(hash));
}

const JournalAgent::Point* JournalAgent::point_at(std::int64_t position) const noexcept {
    for (std::uint64_t back = 1; back <= std::min<std::uint64_t>(next_point_, kPoints); ++back) {
        const Point& point = points_[(next_point_ - back) % kPoints];
        if (point.position == position) return &point;
        if (point.position < position) break;
    }
    return nullptr;
}

void JournalAgent::compare_hash() noexcept {
    hashed_at_ns_ = clock_.now_ns();
    // The journal no longer holds its first records: these settings held here.
    if (!has_settings_ && !record_.settings.empty()) apply_settings();
    const Point* point = point_at(record_.position);
    if (point == nullptr) {  // from before this daemon's beginning
        hashed_entries_ = entries_;
        return;
    }
    hashed_entries_ = std::max(hashed_entries_, point->entries);
    if (point->hash == record_.state_hash) {
        metrics_.journal_agreements.add();
        log_debug("journal: state hash {:016x} at position {} agrees", point->hash,
                  point->position);
        return;
    }
    metrics_.journal_disagreements.add();
    if (const LogPass pass = disagreement_gate_.try_pass()) {
        log_error(
            "journal: daemons disagree: after position {} the state hash is {:016x} here, but "
            "{:016x} in daemon {:016x}{}; see \"Daemons that disagree\" in docs/operations.md",
            point->position, point->hash, record_.state_hash, record_.writer, pass.suffix());
    }
}

// ---- Settings, and the batches
// -----------------------------------------------------------------------

void JournalAgent::get_ready() noexcept {
    if (!journal_->caught_up()) return;
    const std::string_view wanted = follower_->settings_wanted();
    if (!wanted.empty() && !has_settings_) {
        if (!std::exchange(asked_, true)) {
            encode_settings_record(options_.writer, false, wanted, control_records_.emplace_back());
        }
        return;
    }
    if (!wanted.empty() && settings_ != wanted) {
        if (options_.change_settings && !changed_) {
            if (!std::exchange(asked_change_, true)) {
                encode_settings_record(options_.writer, true, wanted,
                                       control_records_.emplace_back());
            }
            return;
        }
        log_warning(
            "dedup: the journal's settings hold, '{}', not this configuration's, '{}'; to change "
            "them for all daemons, start one with dedup.settings = \"change\"",
            settings_, wanted);
    }
    settings_asked_ = wanted;
    // Release: whoever sees ready() sees the state as caught up; pairs with ready().
    ready_.store(true, std::memory_order_release);
}

bool JournalAgent::append_control() noexcept {
    bool any = false;
    while (!control_records_.empty()) {
        const Outcome outcome = journal_->append(control_records_.front());
        if (outcome != Outcome::kOk) {
            if (outcome != Outcome::kRetry) fail();
            break;
        }
        control_records_.pop_front();
        any = true;
    }
    return any;
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
                          encoder_.encode(*batch, options_.writer, scratch_) == 0;
        if (pass && journal_ != nullptr) batch->journal_position = journal_->position();
        waiting_.push_back({batch, pass, pass, clock_.now_ns()});
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

// ---- Snapshots
// ---------------------------------------------------------------------------------------

// Right after a record: the state is the one after it.
void JournalAgent::begin_snapshot() noexcept {
    const bool due = entries_ - snapshot_entries_ >= options_.snapshot_interval_entries ||
                     (drain_until_ns_ != 0 && entries_ != safe_entries_ && !drain_tried_);
    if (store_ == nullptr || !due || !ready() || writer_->active()) return;
    if (store_->state() == SnapshotStore::State::kWriting) return;  // still giving one up
    drain_tried_ = drain_until_ns_ != 0;
    snapshot_entries_ = entries_;
    snapshot_began_ns_ = clock_.now_ns();
    header_.journal = journal_->identity();
    header_.position = journal_->position();
    header_.last_record = last_record_;
    header_.last_mark = last_mark_;
    header_.settings = settings_;
    header_.state_hash = follower_->state_hash();
    header_.entries = entries_;
    header_.made_unix_ms = unix_ms();
    writer_->begin(header_, *follower_);
}

bool JournalAgent::write_snapshot() noexcept {
    if (!writer_ || !writer_->active()) return false;
    const Work work = writer_->step(*follower_);
    deadline_ns_ = work == Work::kIdle ? clock_.now_ns() + kSnapshotRetryNs : kNever;
    if (work == Work::kDone) end_snapshot();
    return work != Work::kIdle;
}

void JournalAgent::end_snapshot() noexcept {
    if (store_->state() != SnapshotStore::State::kDone) {
        metrics_.snapshots_failed.add();
        log_warning("snapshot at journal position {} is not written: {}", header_.position,
                    store_->failure());
        return;
    }
    const std::int64_t now_ns = clock_.now_ns();
    const std::int64_t took_ms = (now_ns - snapshot_began_ns_) / kMillisecond;
    safe_entries_ = header_.entries;
    metrics_.snapshots_written.add();
    metrics_.snapshot_at_ns.set(now_ns);
    metrics_.snapshot_bytes.set(static_cast<std::int64_t>(writer_->bytes()));
    metrics_.snapshot_ms.set(took_ms);
    metrics_.snapshot_position.set(header_.position);
    log_info("snapshot at journal position {}: {} entries, {} bytes, {} ms, state hash {:016x}",
             header_.position, header_.entries, writer_->bytes(), took_ms, header_.state_hash);
}

// ---- The end
// -----------------------------------------------------------------------------------------

void JournalAgent::fail() noexcept {
    Failure failure = journal_->failure();
    control_.fail(failure.exit_code, std::move(failure.message));
}

// All batches are on their way to the sink; what is left to do is a snapshot of what was decided.
Agent::Work JournalAgent::drain() noexcept {
    if (drain_until_ns_ == 0) {
        for (Link* lane : out_) lane->close();
        drain_until_ns_ = clock_.now_ns() + options_.snapshot_drain_ns_max;
    }
    if (control_.handed_over()) return rest();
    if (journal_ == nullptr || store_ == nullptr || !ready()) return finish();
    if (!writer_->active()) begin_snapshot();
    if (!writer_->active()) return finish();
    if (clock_.now_ns() > drain_until_ns_) {
        writer_->abandon(*follower_);
        log_warning("snapshot at journal position {} is given up: it takes too long",
                    header_.position);
        return finish();
    }
    return write_snapshot() ? Work::kBusy : Work::kIdle;
}

// What is open stays open, a snapshot that is being written too: rewire() goes on with them.
Agent::Work JournalAgent::rest() noexcept {
    if (journal_ != nullptr) journal_->set_waker(nullptr);
    done_ = true;
    return Work::kDone;
}

Agent::Work JournalAgent::finish() noexcept {
    if (writer_ && writer_->active()) writer_->abandon(*follower_);
    if (drain_until_ns_ == 0) {
        for (Link* lane : out_) lane->close();
    }
    if (journal_ != nullptr) journal_->close();
    deadline_ns_ = kNever;
    done_ = true;
    return Work::kDone;
}

}  // namespace newsmill
