#include "stages/dedup.hpp"

#include <xxhash.h>

#include <algorithm>
#include <utility>

#include "pipeline/check.hpp"
#include "stages/dedup/snapshot.hpp"

namespace newsmill {
namespace {

using dedup::Entry;
using dedup::EntryFlag;
using dedup::kNoNumber;
using dedup::TextRing;
using dedup::Window;

// 9999-12-31T23:59:59Z. Times beyond it, or before the year 1, are somebody's mistake.
constexpr std::int64_t kTimeMsMax = 253'402'300'799'000;
constexpr std::int64_t kTimeMsMin = -62'135'596'800'000;

NearOptions near_options(const dedup::Settings& settings) {
    NearOptions options;
    options.capacity = static_cast<std::size_t>(settings.capacity);
    options.match = settings.match;
    return options;
}

dedup::Settings settings_of(const DedupOptions& options) {
    dedup::Settings settings;
    settings.capacity = options.capacity;
    settings.window_ms = options.window_ms;
    settings.clock_jump_ms_max = options.clock_jump_ms_max;
    settings.notices_max = static_cast<std::uint32_t>(options.notices_max);
    settings.match = options.match;
    for (const std::string& name : options.trust) {
        std::string folded = dedup::Trust::folded(name);
        if (!folded.empty()) settings.trust.push_back(std::move(folded));
    }
    return settings;
}

// By NewsML-G2 an item without a version is the first.
std::uint32_t version_of(const JournalEntry& entry) noexcept {
    return std::max<std::uint32_t>(entry.version, 1);
}

bool is_later(const JournalEntry& entry, const Entry& prior) noexcept {
    const std::uint32_t version = version_of(entry);
    if (version != prior.version) return version > prior.version;
    return prior.version_created_ms != kNoTime &&
           entry.version_created_ms > prior.version_created_ms;
}

std::string_view uri_of(const JournalEntry& entry) noexcept {
    return entry.uri.substr(0, TextRing::kTextBytesMax);
}

}  // namespace

DedupStage::DedupStage(const DedupOptions& options)
    : options_(options),
      wanted_(settings_text(settings_of(options))),
      window_(near_options(settings_of(options))) {
    use_settings(settings_of(options));
}
DedupStage::~DedupStage() = default;

std::int64_t DedupStage::bytes_for(std::size_t capacity) noexcept {
    return static_cast<std::int64_t>(capacity * Window::kArticleBytes +
                                     NearIndex::bytes_for(capacity));
}

dedup::Settings DedupStage::own_settings() const { return settings_of(options_); }

void DedupStage::restart_window(std::uint64_t first, std::size_t high_water) noexcept {
    window_.reset(first, high_water, near_options(settings_));
}

// ---- Settings and time
// -------------------------------------------------------------------------------

std::string DedupStage::settings_for(const DedupOptions& options) {
    return settings_text(settings_of(options));
}

void DedupStage::want(const DedupOptions& options) {
    options_ = options;
    wanted_ = settings_for(options);
}

bool DedupStage::adopt(std::string_view text) noexcept {
    dedup::Settings settings;
    if (!parse_settings(text, settings)) return false;
    if (options_.capacity_max != 0 && settings.capacity > options_.capacity_max) return false;
    if (text == settings_text(settings_)) return true;
    use_settings(settings);
    expire();
    if (!snapshot_) window_.drop();
    window_.rebuild(near_options(settings_));
    return true;
}

void DedupStage::use_settings(const dedup::Settings& settings) noexcept {
    settings_ = settings;
    const std::string text = settings_text(settings);
    settings_hash_ = XXH3_64bits(text.data(), text.size());
    window_.trust().set(settings.trust);
    window_.expect(static_cast<std::size_t>(settings.capacity));
}

void DedupStage::advance(std::int64_t event_ms) noexcept {
    if (event_ms == kNoTime) return;
    event_ms = std::clamp(event_ms, kTimeMsMin, kTimeMsMax);
    if (now_ms_ == kNoTime) {
        first_ms_ = now_ms_ = event_ms;
        return;
    }
    now_ms_ = std::max(now_ms_, std::min(event_ms, now_ms_ + settings_.clock_jump_ms_max));
}

bool DedupStage::in_window(std::uint64_t number) const noexcept {
    if (window_.end() - number > settings_.capacity) return false;
    const std::int64_t arrived_ms = window_.entry(number).arrived_ms;
    const std::int64_t since_ms = arrived_ms == kNoTime ? first_ms_ : arrived_ms;
    return now_ms_ == kNoTime || since_ms + settings_.window_ms >= now_ms_;
}

void DedupStage::expire() noexcept {
    std::uint64_t below = window_.live();
    while (below < window_.end() && !in_window(below)) ++below;
    window_.expire(below);
}

// First the journal's settings and time, then the articles: equal hashes mean equal decisions from
// now on.
std::uint64_t DedupStage::state_hash() const noexcept {
    // Entries that came before the journal had a time count as come with the first.
    const bool timeless = size() > 0 && window_.entry(window_.live()).arrived_ms == kNoTime;
    const std::uint64_t fields[] = {settings_hash_,
                                    static_cast<std::uint64_t>(now_ms_),
                                    static_cast<std::uint64_t>(timeless ? first_ms_ : kNoTime),
                                    size(),
                                    window_.near().high_water(),
                                    window_.hash()};
    return XXH3_64bits(fields, sizeof(fields));
}

// ---- The rules
// ---------------------------------------------------------------------------------------

// What has left the window goes between records only: the batch that is decided by a record finds
// all of its entries, however far they moved the clock.
void DedupStage::apply(std::span<const JournalEntry> record) noexcept {
    if (!snapshot_) window_.drop();
    // All tables' cache lines are on their way before the first of them is needed.
    hashes_.clear();
    for (const JournalEntry& entry : record) {
        const Origin& origin = entry.origin;
        const Hashes& hashes = hashes_.emplace_back(
            Hashes{Window::hash_id(origin.topic, origin.partition, origin.offset),
                   Window::hash_uri(uri_of(entry))});
        window_.prefetch(hashes.id, hashes.uri, entry.exact_hash);
    }
    for (std::size_t i = 0; i < record.size(); ++i) apply_entry(record[i], hashes_[i]);
}

void DedupStage::apply_entry(const JournalEntry& entry, const Hashes& hashes) noexcept {
    advance(entry.event_ms);
    expire();
    if (options_.check_origin) {
        const std::uint64_t known = window_.find_id(hashes.id, entry.origin);
        if (known != kNoNumber && known >= window_.live()) return;
    }
    Window::Added added{};
    added.topic = entry.origin.topic;
    added.uri = uri_of(entry);
    added.sketch = entry.sketch;
    Entry& e = added.entry;
    e.exact_hash = entry.exact_hash;
    e.partition = entry.origin.partition;
    e.offset = entry.origin.offset;
    e.arrived_ms = now_ms_;
    e.source = window_.trust().source_of(entry.source, added.uri);
    decide(entry, window_.find_uri(hashes.uri, added.uri), added);
    window_.add(added);
    expire();
}

void DedupStage::decide(const JournalEntry& entry, std::uint64_t prior,
                        Window::Added& added) noexcept {
    Entry& e = added.entry;
    e.of = window_.end();
    e.version = version_of(entry);
    e.version_created_ms = entry.version_created_ms;
    bool update = false;
    if (prior != kNoNumber) {
        const Entry& before = window_.entry(prior);
        update = is_later(entry, before);
        e.version = std::max(e.version, before.version);
        e.version_created_ms = std::max(e.version_created_ms, before.version_created_ms);
    }
    if (entry.canceled) {
        decide_kill(added.uri, prior, added);
        return;
    }
    const Words words = compare_words(entry);
    if (worth_indexing(words)) e.flags = dedup::kIndexed;
    e.kind = update ? DedupKind::kUpdate : words.kind;
    // An update says how much of the story has stayed, if it is still the story's words.
    if (!update || (words.number != kNoNumber &&
                    window_.cluster_id(words.number) == window_.cluster_id(prior))) {
        e.similarity = static_cast<std::uint8_t>(words.similarity);
        e.containment = static_cast<std::uint8_t>(words.containment);
    }
    if (update || is_duplicate(words.kind)) {
        added.beside = update ? prior : words.number;
        e.of = window_.canonical(added.beside);
        elect(added);
    } else {
        e.flags |= dedup::kRoot;
        if (words.kind == DedupKind::kContains) e.of = window_.canonical(words.number);
    }
    mark_killed(words, prior, update, added);
}

DedupStage::Words DedupStage::compare_words(const JournalEntry& entry) noexcept {
    if (const std::uint64_t number = window_.find_exact(entry.exact_hash); number != kNoNumber)
        return {DedupKind::kExact, number, 100, 100};
    NearMatch match;
    if (entry.sketch.empty() || !window_.find_near(entry.sketch, match)) return {};
    DedupKind kind = DedupKind::kUnique;
    switch (match.relation) {
        case Relation::kNone: return {};
        case Relation::kNear: kind = DedupKind::kNear; break;
        case Relation::kContained: kind = DedupKind::kContained; break;
        case Relation::kContains: kind = DedupKind::kContains; break;
    }
    return {kind, match.number, match.similarity, match.containment};
}

// Past half of its life in the window, by time or by number.
bool DedupStage::is_aged(std::uint64_t number) const noexcept {
    if (window_.end() - number > settings_.capacity / 2) return true;
    const std::int64_t arrived_ms = window_.entry(number).arrived_ms;
    const std::int64_t since_ms = arrived_ms == kNoTime ? first_ms_ : arrived_ms;
    return now_ms_ != kNoTime && now_ms_ - since_ms > settings_.window_ms / 2;
}

// A copy that is found through what it copies needs no place in the index, until that is aged.
bool DedupStage::worth_indexing(const Words& words) const noexcept {
    switch (words.kind) {
        case DedupKind::kExact: {
            const std::uint64_t indexed = window_.last_indexed(words.number);
            return indexed == kNoNumber || indexed < window_.live() || is_aged(indexed);
        }
        case DedupKind::kNear:
        case DedupKind::kContained: {
            NearMatch match;
            match.containment = words.containment;
            return NearIndex::worth_indexing(&match) || is_aged(words.number);
        }
        default: return true;
    }
}

void DedupStage::elect(Window::Added& added) noexcept {
    Entry& e = added.entry;
    if (e.source == dedup::kUnlisted) return;
    const dedup::Trust& trust = window_.trust();
    if (trust.rank(e.source) >= trust.rank(window_.identity(e.of).source)) return;
    e.flags |= dedup::kHasMore;
    added.more.elected_over = e.of;
}

void DedupStage::mark_killed(const Words& words, std::uint64_t prior, bool update,
                             Window::Added& added) noexcept {
    Entry& e = added.entry;
    std::uint64_t by = kNoNumber;
    if (prior != kNoNumber && (window_.entry(prior).flags & dedup::kWithdrawn) != 0) {
        if (update) return;  // it is given out again
        const bool is_kill = window_.entry(prior).kind == DedupKind::kKill;
        by = is_kill ? prior : window_.more(prior).killed_by;
        e.flags |= dedup::kWithdrawn;
    } else if (words.number != kNoNumber) {
        by = window_.killer(words.number);
    }
    if (by == kNoNumber) return;
    e.flags |= dedup::kKilled | dedup::kHasMore;
    added.more.killed_by = by;
}

// Copies are told once: those that an earlier kill told, or that came after it, know already.
void DedupStage::decide_kill(std::string_view uri, std::uint64_t prior,
                             Window::Added& added) noexcept {
    Entry& e = added.entry;
    e.kind = DedupKind::kKill;
    e.flags = dedup::kWithdrawn;
    if (prior == kNoNumber) {
        e.flags |= dedup::kRoot;
        return;
    }
    added.beside = prior;
    e.of = window_.canonical(prior);
    struct Copy {
        std::uint64_t uri_hash;
        std::uint64_t number;
    };
    std::vector<Copy> copies;
    const std::uint64_t killed_by = window_.cluster_killed_by(prior);
    window_.for_members(prior, killed_by == kNoNumber ? 0 : killed_by + 1, [&](std::uint64_t n) {
        copies.push_back({Window::hash_uri(window_.uri(window_.entry(n))), n});
    });
    // Of each uri the newest.
    std::sort(copies.begin(), copies.end(), [](const Copy& a, const Copy& b) {
        return a.uri_hash != b.uri_hash ? a.uri_hash < b.uri_hash : a.number > b.number;
    });
    const auto same = [](const Copy& a, const Copy& b) { return a.uri_hash == b.uri_hash; };
    copies.erase(std::unique(copies.begin(), copies.end(), same), copies.end());
    std::erase_if(copies, [&](const Copy& copy) {
        const Entry& entry = window_.entry(copy.number);
        return entry.kind == DedupKind::kKill || (entry.flags & dedup::kKilled) != 0 ||
               window_.uri(entry) == uri;
    });
    std::sort(copies.begin(), copies.end(),
              [](const Copy& a, const Copy& b) { return a.number < b.number; });
    const std::size_t told = std::min<std::size_t>(copies.size(), settings_.notices_max);
    if (copies.empty()) return;
    e.flags |= dedup::kHasMore;
    added.more.copies_omitted = static_cast<std::uint32_t>(copies.size() - told);
    for (std::size_t i = 0; i < told; ++i) added.more.copies.push_back(copies[i].number);
}

// ---- For people
// --------------------------------------------------------------------------------------

DedupStage::Explanation DedupStage::explain(const JournalEntry& entry) noexcept {
    Explanation out;
    const Origin& origin = entry.origin;
    out.known =
        window_.find_id(Window::hash_id(origin.topic, origin.partition, origin.offset), origin);
    out.version = window_.find_uri(Window::hash_uri(uri_of(entry)), uri_of(entry));
    out.exact = window_.find_exact(entry.exact_hash);
    if (!entry.sketch.empty()) window_.near().find(entry.sketch, out.near, &out.candidates);
    return out;
}

// ---- Decisions
// ---------------------------------------------------------------------------------------

void DedupStage::process(Batch& batch) noexcept {
    for (Article& article : batch.articles) {
        if (!article.ok()) continue;
        const Origin& origin = article.origin;
        const std::uint64_t number =
            window_.find_id(Window::hash_id(origin.topic, origin.partition, origin.offset), origin);
        NEWSMILL_CHECK(number != kNoNumber, "a batch's record is applied before it is decided");
        tell(number, article, batch, article.decision);
    }
}

void DedupStage::tell(std::uint64_t number, const Article& article, Batch& batch,
                      Decision& decision) const noexcept {
    const Entry& entry = window_.entry(number);
    decision.kind = entry.kind;
    decision.cluster_id = window_.cluster_id(number);
    decision.similarity = entry.similarity;
    decision.containment = entry.containment;
    decision.killed = (entry.flags & dedup::kKilled) != 0;
    if (entry.of != number) {
        const dedup::Identity of = window_.identity(entry.of);
        const bool same_topic = of.topic == article.origin.topic;
        decision.of_uri = batch.arena.copy(of.uri);
        decision.of = {same_topic ? article.origin.topic : batch.arena.copy(of.topic), of.partition,
                       of.offset, kNoTime};
    }
    if ((entry.flags & dedup::kHasMore) == 0) return;
    decision.notices_omitted = window_.more(number).copies_omitted;
    decision.notices = notices_of(number, batch.arena);
}

std::span<const Notice> DedupStage::notices_of(std::uint64_t number, Arena& arena) const noexcept {
    const dedup::More& more = window_.more(number);
    const bool elected = more.elected_over != kNoNumber;
    const bool killed = more.killed_by != kNoNumber;
    const std::span<Notice> notices =
        arena.array<Notice>(more.copies.size() + (elected ? 1 : 0) + (killed ? 1 : 0));
    std::size_t count = 0;
    const auto add = [&](Notice::Kind kind, std::uint64_t copy, std::uint64_t by) {
        const dedup::Identity one = window_.identity(copy);
        const dedup::Identity other = window_.identity(by);
        notices[count++] = {kind,
                            arena.copy(one.uri),
                            {arena.copy(one.topic), one.partition, one.offset, kNoTime},
                            arena.copy(other.uri),
                            {arena.copy(other.topic), other.partition, other.offset, kNoTime}};
    };
    if (elected) add(Notice::Kind::kElection, more.elected_over, number);
    if (killed) add(Notice::Kind::kKill, number, more.killed_by);
    for (const std::uint64_t copy : more.copies) add(Notice::Kind::kKill, copy, number);
    return notices.first(count);
}

}  // namespace newsmill
