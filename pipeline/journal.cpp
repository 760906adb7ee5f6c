#include "pipeline/journal.hpp"

#include <xxhash.h>

#include <cstring>
#include <limits>
#include <utility>

#include "pipeline/check.hpp"

namespace newsmill {
namespace {

constexpr std::string_view kMagic = "NMJ1";
constexpr std::size_t kUriBytesMax =
    2048;  // longer ones are cut in the journal, and so in `of.uri`
// A call of do_work() reads at most this many records, so that batches move on while the log is
// long.
constexpr int kRecordsPerCall = 64;

template <typename T>
void put(std::string& out, T value) {
    static_assert(std::is_integral_v<T>);
    for (std::size_t i = 0; i < sizeof(T); ++i) {
        out.push_back(static_cast<char>(static_cast<std::make_unsigned_t<T>>(value) >> (8 * i)));
    }
}

void put_text(std::string& out, std::string_view text) {
    put(out, static_cast<std::uint16_t>(text.size()));
    out.append(text);
}

// Reads little-endian values off the front; `ok` turns false at the first that isn't there.
struct Reader {
    std::string_view rest;
    bool ok = true;

    template <typename T>
    T get() {
        if (rest.size() < sizeof(T)) {
            ok = false;
            return 0;
        }
        std::make_unsigned_t<T> value = 0;
        for (std::size_t i = 0; i < sizeof(T); ++i) {
            value = static_cast<std::make_unsigned_t<T>>(
                value |
                static_cast<std::make_unsigned_t<T>>(
                    static_cast<std::make_unsigned_t<T>>(static_cast<unsigned char>(rest[i]))
                    << (8 * i)));
        }
        rest.remove_prefix(sizeof(T));
        return static_cast<T>(value);
    }

    std::string_view get_text() {
        const auto size = get<std::uint16_t>();
        if (rest.size() < size) {
            ok = false;
            return {};
        }
        const std::string_view text = rest.substr(0, size);
        rest.remove_prefix(size);
        return text;
    }
};

// Cuts at a code point's border.
std::string_view cut(std::string_view text, std::size_t bytes_max) {
    if (text.size() <= bytes_max) return text;
    while (bytes_max > 0 && (static_cast<unsigned char>(text[bytes_max]) & 0xC0) == 0x80)
        --bytes_max;
    return text.substr(0, bytes_max);
}

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

// ---- Codec
// -------------------------------------------------------------------------------------------

JournalEntry journal_entry(const Article& article) noexcept {
    JournalEntry entry;
    entry.origin = article.origin;
    entry.exact_hash = article.exact_hash;
    entry.event_ms = article.origin.timestamp_ms;
    if (entry.event_ms == kNoTime) entry.event_ms = article.version_created_ms;
    if (entry.event_ms == kNoTime) entry.event_ms = article.first_created_ms;
    entry.uri = cut(article.uri, kUriBytesMax);
    return entry;
}

std::uint32_t encode_journal_record(const Batch& batch, std::uint64_t writer, std::string& out) {
    out.assign(kMagic);
    put(out, writer);
    put(out, batch.sequence);
    std::vector<std::string_view> topics;
    const auto topic_of = [&topics](std::string_view topic) {
        for (std::size_t i = topics.size(); i-- > 0;) {
            if (topics[i] == topic) return i;
        }
        topics.push_back(topic);
        return topics.size() - 1;
    };
    std::uint32_t entries = 0;
    for (const Article& article : batch.articles) {
        if (!article.ok()) continue;
        topic_of(article.origin.topic);
        ++entries;
    }
    put(out, entries);
    put(out, static_cast<std::uint16_t>(topics.size()));
    for (const std::string_view topic : topics) put_text(out, cut(topic, UINT16_MAX));
    for (const Article& article : batch.articles) {
        if (!article.ok()) continue;
        const JournalEntry entry = journal_entry(article);
        put(out, static_cast<std::uint16_t>(topic_of(entry.origin.topic)));
        put(out, entry.origin.partition);
        put(out, entry.origin.offset);
        put(out, entry.exact_hash.high);
        put(out, entry.exact_hash.low);
        put(out, entry.event_ms);
        put_text(out, entry.uri);
    }
    put(out, static_cast<std::uint64_t>(XXH3_64bits(out.data(), out.size())));
    return entries;
}

bool decode_journal_record(std::string_view bytes, JournalRecord& out) {
    out.entries.clear();
    if (bytes.size() < kMagic.size() + 8 || bytes.substr(0, kMagic.size()) != kMagic) return false;
    const std::string_view body = bytes.substr(0, bytes.size() - 8);
    Reader tail{bytes.substr(body.size())};
    if (tail.get<std::uint64_t>() != XXH3_64bits(body.data(), body.size())) return false;
    Reader reader{body.substr(kMagic.size())};
    out.writer = reader.get<std::uint64_t>();
    out.sequence = reader.get<std::uint64_t>();
    const auto entries = reader.get<std::uint32_t>();
    const auto topics = reader.get<std::uint16_t>();
    std::vector<std::string_view> names;
    for (std::uint16_t i = 0; i < topics && reader.ok; ++i) names.push_back(reader.get_text());
    for (std::uint32_t i = 0; i < entries && reader.ok; ++i) {
        JournalEntry& entry = out.entries.emplace_back();
        const auto topic = reader.get<std::uint16_t>();
        if (topic >= names.size()) return false;
        entry.origin.topic = names[topic];
        entry.origin.partition = reader.get<std::int32_t>();
        entry.origin.offset = reader.get<std::int64_t>();
        entry.exact_hash.high = reader.get<std::uint64_t>();
        entry.exact_hash.low = reader.get<std::uint64_t>();
        entry.event_ms = reader.get<std::int64_t>();
        entry.uri = reader.get_text();
    }
    return reader.ok && reader.rest.empty();
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
                          encode_journal_record(*batch, writer_, scratch_) == 0;
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
