#include "daemon/recent_records.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace newsmill {
namespace {

constexpr std::array<std::string_view, kRecentKinds> kNames = {"records", "copies", "dead_letters"};

// Cut where a code point begins.
std::string beginning(std::string_view text, std::size_t bytes_max) {
    if (text.size() <= bytes_max) return std::string(text);
    std::size_t end = bytes_max;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
    return std::string(text.substr(0, end));
}

void copy_article(const Article& article, RecentItem& item) {
    constexpr std::size_t kFieldBytesMax = 1 << 10;
    item.uri = beginning(article.uri, kFieldBytesMax);
    item.headline = beginning(article.headline, kFieldBytesMax);
    item.language = article.language;
    item.source = beginning(article.raw.source, kFieldBytesMax);
    item.by = beginning(article.by, kFieldBytesMax);
    item.published_raw = beginning(article.raw.published, kFieldBytesMax);
    item.repairs = article.repairs;
    item.exact_hash =
        fmt::format("{:016x}{:016x}", article.exact_hash.high, article.exact_hash.low);
    item.sketch_bytes = article.sketch.size();
    item.decision = dedup_kind_name(article.decision.kind);
    item.of_uri = beginning(article.decision.of_uri, kFieldBytesMax);
    item.cluster_id = article.decision.cluster_id;
    item.similarity = article.decision.similarity;
    item.containment = article.decision.containment;
}

}  // namespace

std::string_view recent_kind_name(RecentKind kind) noexcept {
    return kNames[static_cast<std::size_t>(kind)];
}

std::optional<RecentKind> recent_kind(std::string_view name) noexcept {
    const auto at = std::find(kNames.begin(), kNames.end(), name);
    if (at == kNames.end()) return std::nullopt;
    return static_cast<RecentKind>(at - kNames.begin());
}

void RecentRecords::note(const Batch& batch, std::int64_t now_ns, std::int64_t unix_ms) noexcept {
    const std::unique_lock lock(mutex_, std::try_to_lock);
    if (!lock.owns_lock()) {
        skipped_all_.fetch_add(batch.articles.size(), std::memory_order_relaxed);
        return;
    }
    for (Ring& ring : rings_) {
        const double seconds = static_cast<double>(now_ns - ring.filled_ns) / 1e9;
        ring.tokens = std::min(kBurstItems, ring.tokens + seconds * kItemsPerSecond);
        ring.filled_ns = now_ns;
    }
    for (const Article& article : batch.articles) note_article(article, unix_ms);
}

void RecentRecords::note_article(const Article& article, std::int64_t unix_ms) {
    if (!article.ok() || article.output.channel == Channel::kDeadLetters) {
        keep(RecentKind::kDeadLetters, article, unix_ms);
        return;
    }
    keep(RecentKind::kRecords, article, unix_ms);
    // A first story is of a cluster as well, but nobody knows yet.
    if (article.decision.kind != DedupKind::kUnique) {
        keep(RecentKind::kCopies, article, unix_ms);
    }
}

void RecentRecords::keep(RecentKind kind, const Article& article, std::int64_t unix_ms) {
    Ring& ring = rings_[static_cast<std::size_t>(kind)];
    if (ring.tokens < 1) {
        ++ring.skipped;
        skipped_all_.fetch_add(1, std::memory_order_relaxed);
        return;
    }
    ring.tokens -= 1;
    auto item = std::make_shared<RecentItem>();
    item->number = ++ring.newest;
    item->at_unix_ms = unix_ms;
    item->topic = article.origin.topic;
    item->partition = article.origin.partition;
    item->offset = article.origin.offset;
    item->timestamp_ms = article.origin.timestamp_ms;
    item->payload_bytes = article.payload.size();
    if (kind == RecentKind::kDeadLetters) {
        item->code = code_name(article.verdict.code);
        item->stage = article.verdict.stage;
        item->message = article.verdict.message;
        item->payload = beginning(article.payload, kPayloadBytesMax);
    } else {
        copy_article(article, *item);
    }
    if (kind == RecentKind::kRecords && article.record.size() <= kRecordBytesMax) {
        item->record = article.record;
    }
    ring.items.push_back(std::move(item));
    if (ring.items.size() > kRingItems) ring.items.pop_front();
}

RecentRecords::Reading RecentRecords::read(RecentKind kind, std::uint64_t after,
                                           std::size_t max) const {
    const std::lock_guard lock(mutex_);
    const Ring& ring = rings_[static_cast<std::size_t>(kind)];
    Reading reading;
    reading.next = ring.newest;
    reading.skipped = ring.skipped;
    // A number from before a restart of the daemon: all is new.
    if (after > ring.newest) after = 0;
    for (auto it = ring.items.rbegin(); it != ring.items.rend() && reading.items.size() < max;
         ++it) {
        if ((*it)->number <= after) break;
        reading.items.push_back(*it);
    }
    std::reverse(reading.items.begin(), reading.items.end());
    return reading;
}

}  // namespace newsmill
