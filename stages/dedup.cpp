#include "stages/dedup.hpp"

#include <xxhash.h>

#include <algorithm>

#include "pipeline/check.hpp"

namespace newsmill {
namespace {

// 9999-12-31T23:59:59Z. Times beyond it, or before the year 1, are somebody's mistake.
constexpr std::int64_t kTimeMsMax = 253'402'300'799'000;
constexpr std::int64_t kTimeMsMin = -62'135'596'800'000;

std::uint64_t hash_id(std::string_view topic, std::int32_t partition, std::int64_t offset) {
    const std::uint64_t seed = XXH3_64bits(topic.data(), topic.size());
    const std::int64_t place[2] = {partition, offset};
    return XXH3_64bits_withSeed(place, sizeof(place), seed);
}

}  // namespace

DedupStage::DedupStage(const DedupOptions& options) : options_(options) {}

std::size_t DedupStage::IdHash::operator()(const Id& id) const noexcept {
    // Offsets are dense: multiply (Fibonacci hashing) so that neighbours spread.
    const std::uint64_t place = static_cast<std::uint64_t>(id.offset) * 0x9E3779B97F4A7C15ull;
    return place ^
           (static_cast<std::uint64_t>(id.topic) << 32 | static_cast<std::uint32_t>(id.partition));
}

std::uint32_t DedupStage::topic_number(std::string_view topic) {
    for (std::size_t i = 0; i < topics_.size(); ++i) {
        if (topics_[i] == topic) return static_cast<std::uint32_t>(i);
    }
    topics_.emplace_back(topic);
    return static_cast<std::uint32_t>(topics_.size() - 1);
}

void DedupStage::advance(std::int64_t event_ms) noexcept {
    if (event_ms == kNoTime) return;
    event_ms = std::clamp(event_ms, kTimeMsMin, kTimeMsMax);
    if (now_ms_ == kNoTime) {
        first_ms_ = now_ms_ = event_ms;
        return;
    }
    now_ms_ = std::max(now_ms_, std::min(event_ms, now_ms_ + options_.clock_jump_ms_max));
}

bool DedupStage::in_window(std::uint64_t number) const noexcept {
    if (first_ + entries_.size() - number > options_.capacity) return false;
    const Entry& entry = entries_[number - first_];
    const std::int64_t arrived_ms = entry.arrived_ms == kNoTime ? first_ms_ : entry.arrived_ms;
    return now_ms_ == kNoTime || arrived_ms + options_.window_ms >= now_ms_;
}

void DedupStage::drop_oldest() noexcept {
    const Entry& oldest = entries_.front();
    const auto by_id = by_id_.find({oldest.topic, oldest.partition, oldest.offset});
    if (by_id != by_id_.end() && by_id->second == first_) by_id_.erase(by_id);
    const auto by_exact = by_exact_.find(oldest.exact_hash);
    if (by_exact != by_exact_.end() && by_exact->second == first_) by_exact_.erase(by_exact);
    entries_.pop_front();
    ++first_;
}

// What has left the window is removed between records only: the batch that is decided by a record
// finds all of its entries, however far they moved the clock.
void DedupStage::apply(std::span<const JournalEntry> record) noexcept {
    while (!entries_.empty() && !in_window(first_)) drop_oldest();
    for (const JournalEntry& entry : record) apply_entry(entry);
}

void DedupStage::apply_entry(const JournalEntry& entry) noexcept {
    advance(entry.event_ms);
    const std::uint64_t number = first_ + entries_.size();
    const Origin& origin = entry.origin;
    const Id id{topic_number(origin.topic), origin.partition, origin.offset};
    if (options_.check_origin) {
        const auto known = by_id_.find(id);
        if (known != by_id_.end() && in_window(known->second)) return;
    }

    Entry& added = entries_.emplace_back();
    added.topic = added.of_topic = id.topic;
    added.partition = added.of_partition = id.partition;
    added.offset = added.of_offset = id.offset;
    added.exact_hash = entry.exact_hash;
    added.arrived_ms = now_ms_;
    std::uint64_t& first = by_exact_.try_emplace(entry.exact_hash, number).first->second;
    if (!in_window(first)) first = number;
    if (first == number) {
        added.kind = DedupKind::kUnique;
        added.cluster_id = hash_id(origin.topic, id.partition, id.offset);
        added.of_uri = entry.uri;
    } else {
        const Entry& root = entries_[first - first_];
        added.kind = DedupKind::kExact;
        added.cluster_id = root.cluster_id;
        added.of_topic = root.topic;
        added.of_partition = root.partition;
        added.of_offset = root.offset;
        added.of_uri = root.of_uri;
    }
    by_id_[id] = number;
}

void DedupStage::process(Batch& batch) noexcept {
    for (Article& article : batch.articles) {
        if (!article.ok()) continue;
        const Origin& origin = article.origin;
        const auto it = by_id_.find({topic_number(origin.topic), origin.partition, origin.offset});
        NEWSMILL_CHECK(it != by_id_.end(), "a batch's record is applied before it is decided");
        const Entry& entry = entries_[it->second - first_];
        Decision& decision = article.decision;
        decision.kind = entry.kind;
        decision.cluster_id = entry.cluster_id;
        if (entry.kind == DedupKind::kUnique) continue;
        decision.similarity = decision.containment = 100;
        decision.of_uri = batch.arena.copy(entry.of_uri);
        decision.of.topic = topics_[entry.of_topic];
        decision.of.partition = entry.of_partition;
        decision.of.offset = entry.of_offset;
    }
}

std::uint64_t DedupStage::state_hash() const noexcept {
    std::uint64_t hash = XXH3_64bits(&now_ms_, sizeof(now_ms_));
    for (const Entry& entry : entries_) {
        const std::uint64_t fields[] = {
            hash_id(topics_[entry.topic], entry.partition, entry.offset),
            hash_id(topics_[entry.of_topic], entry.of_partition, entry.of_offset),
            entry.exact_hash.high,
            entry.exact_hash.low,
            static_cast<std::uint64_t>(entry.arrived_ms),
            entry.cluster_id,
            XXH3_64bits(entry.of_uri.data(), entry.of_uri.size())};
        hash = XXH3_64bits_withSeed(fields, sizeof(fields), hash);
    }
    return hash;
}

}  // namespace newsmill
