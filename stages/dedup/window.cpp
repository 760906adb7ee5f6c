#include "stages/dedup/window.hpp"

#include <xxhash.h>

#include <algorithm>
#include <utility>

namespace newsmill::dedup {
namespace {

// Any odd number has an inverse modulo 2^64.
constexpr std::uint64_t kFactor = 0x9E3779B97F4A7C15ull;
constexpr std::uint64_t inverse(std::uint64_t odd) {
    std::uint64_t x = odd;  // right in the lowest 3 bits, and in twice as many after each step
    for (int i = 0; i < 5; ++i) x *= 2 - odd * x;
    return x;
}
constexpr std::uint64_t kFactorInverse = inverse(kFactor);
static_assert(kFactor * kFactorInverse == 1);

std::uint64_t hash_bytes(std::string_view bytes) noexcept {
    return XXH3_64bits(bytes.data(), bytes.size());
}

// A sketch with nothing in it counts as none: that is what the index gives back for none. (Bytes of
// another version, which no daemon of the same journal writes, would come back as nothing too; a
// snapshot with such is refused by its hash.)
std::uint64_t hash_sketch(std::string_view bytes) noexcept {
    constexpr std::size_t kHeadBytes = 8;
    return bytes.size() <= kHeadBytes ? 0 : hash_bytes(bytes);
}

std::uint64_t hash_place(std::uint64_t topic_hash, std::int32_t partition,
                         std::int64_t offset) noexcept {
    const std::int64_t place[2] = {partition, offset};
    return XXH3_64bits_withSeed(place, sizeof(place), topic_hash);
}

}  // namespace

std::uint64_t Window::hash_uri(std::string_view uri) noexcept { return hash_bytes(uri); }

std::uint64_t Window::hash_id(std::string_view topic, std::int32_t partition,
                              std::int64_t offset) noexcept {
    return hash_place(Names::hash_of(topic), partition, offset);
}

Window::Window(const NearOptions& options) : near_(std::make_unique<NearIndex>(options)) {}
Window::~Window() = default;

// ---- Finding
// -----------------------------------------------------------------------------------------

Identity Window::identity(std::uint64_t number) const noexcept {
    if (number >= first_) {
        const Entry& entry = slot(number);
        return {topics_.text(entry.topic), entry.partition, entry.offset, uri(entry), entry.source};
    }
    const Outlived& outlived = outlived_.at(number);
    return {topics_.text(outlived.topic), outlived.partition, outlived.offset, outlived.uri,
            outlived.source};
}

std::uint64_t Window::id_hash(std::uint64_t number) const noexcept {
    if (number >= first_) {
        const Entry& entry = slot(number);
        return hash_place(topics_.hash(entry.topic), entry.partition, entry.offset);
    }
    const Outlived& outlived = outlived_.at(number);
    return hash_place(topics_.hash(outlived.topic), outlived.partition, outlived.offset);
}

void Window::prefetch(std::uint64_t id_hash, std::uint64_t uri_hash,
                      const Hash128& exact) noexcept {
    by_id_.prefetch(id_hash);
    by_uri_.prefetch(uri_hash);
    by_exact_.prefetch(exact.low);
}

std::uint64_t Window::find_id(std::uint64_t hash, const Origin& origin) const noexcept {
    const std::uint32_t topic = topics_.find(origin.topic);
    if (topic == Names::kNone) return kNoNumber;
    const std::uint32_t found = by_id_.find(hash, [&](std::uint32_t number) {
        const Entry& entry = slot(whole(number));
        return entry.offset == origin.offset && entry.partition == origin.partition &&
               entry.topic == topic;
    });
    return found == NumberTable::kNone ? kNoNumber : whole(found);
}

std::uint64_t Window::find_uri(std::uint64_t hash, std::string_view text) const noexcept {
    const std::uint32_t found =
        by_uri_.find(hash, [&](std::uint32_t number) { return uri(slot(whole(number))) == text; });
    if (found == NumberTable::kNone || whole(found) < live_) return kNoNumber;
    return whole(found);
}

std::uint64_t Window::find_exact(const Hash128& hash) const noexcept {
    const std::uint32_t found = by_exact_.find(
        hash.low, [&](std::uint32_t number) { return slot(whole(number)).exact_hash == hash; });
    if (found == NumberTable::kNone || whole(found) < live_) return kNoNumber;
    return whole(found);
}

// ---- Clusters
// ----------------------------------------------------------------------------------------

std::uint64_t Window::cluster_id(std::uint64_t number) const noexcept {
    const std::uint32_t index = slot(number).cluster;
    return index == kAlone ? id_hash(number) : clusters_[index].id;
}

std::uint64_t Window::canonical(std::uint64_t number) const noexcept {
    const std::uint32_t index = slot(number).cluster;
    return index == kAlone ? number : clusters_[index].canonical;
}

std::uint64_t Window::cluster_killed_by(std::uint64_t number) const noexcept {
    const std::uint32_t index = slot(number).cluster;
    return index == kAlone ? kNoNumber : clusters_[index].killed_by;
}

std::uint64_t Window::killer(std::uint64_t number) const noexcept {
    if ((slot(number).flags & kKilled) != 0) return more(number).killed_by;
    const std::uint64_t killed_by = cluster_killed_by(number);
    return killed_by != kNoNumber && number < killed_by ? killed_by : kNoNumber;
}

std::uint64_t Window::last_indexed(std::uint64_t number) const noexcept {
    const std::uint32_t index = slot(number).cluster;
    if (index == kAlone) return (slot(number).flags & kIndexed) != 0 ? number : kNoNumber;
    return clusters_[index].indexed;
}

bool Window::is_newest(std::uint64_t number) const noexcept {
    const std::uint32_t index = slot(number).cluster;
    return index == kAlone || clusters_[index].newest == number;
}

std::uint32_t Window::new_cluster(const Cluster& cluster) noexcept {
    use(cluster.canonical);
    if (free_clusters_.empty()) {
        clusters_.push_back(cluster);
        return static_cast<std::uint32_t>(clusters_.size() - 1);
    }
    const std::uint32_t index = free_clusters_.back();
    free_clusters_.pop_back();
    clusters_[index] = cluster;
    return index;
}

void Window::join(std::uint64_t number, std::uint64_t beside, std::uint64_t cluster_id) noexcept {
    Entry& entry = slot(number);
    if (beside == kNoNumber) {
        if ((entry.flags & kRoot) != 0) return;
        entry.cluster = new_cluster({cluster_id, entry.of, kNoNumber, number, kNoNumber, 1});
    } else {
        Entry& other = slot(beside);
        if (other.cluster == kAlone) {
            const bool indexed = (other.flags & kIndexed) != 0;
            other.cluster = new_cluster(
                {id_hash(beside), beside, kNoNumber, beside, indexed ? beside : kNoNumber, 1});
        }
        entry.cluster = other.cluster;
        Cluster& cluster = clusters_[entry.cluster];
        const std::uint64_t distance = number - cluster.newest;
        if (cluster.newest >= first_ && distance <= UINT32_MAX) {
            entry.before = static_cast<std::uint32_t>(distance);
        }
        cluster.newest = number;
        ++cluster.members;
    }
    Cluster& cluster = clusters_[entry.cluster];
    if ((entry.flags & kIndexed) != 0) cluster.indexed = number;
    if ((entry.flags & kHasMore) != 0 && more(number).elected_over != kNoNumber) {
        use(number);
        release(std::exchange(cluster.canonical, number));
    }
    if (entry.kind == DedupKind::kKill) {
        use(number);
        const std::uint64_t before = std::exchange(cluster.killed_by, number);
        if (before != kNoNumber) release(before);
    }
}

void Window::leave(const Entry& entry) noexcept {
    if (entry.cluster == kAlone) return;
    Cluster& cluster = clusters_[entry.cluster];
    if (--cluster.members > 0) return;
    release(cluster.canonical);
    if (cluster.killed_by != kNoNumber) release(cluster.killed_by);
    free_clusters_.push_back(entry.cluster);
}

// ---- Uses
// --------------------------------------------------------------------------------------------

void Window::use(std::uint64_t number) noexcept {
    if (number >= first_) {
        ++slot(number).uses;
    } else {
        ++outlived_.at(number).uses;
    }
}

void Window::release(std::uint64_t number) noexcept {
    if (number >= first_) {
        --slot(number).uses;
        return;
    }
    const auto it = outlived_.find(number);
    if (--it->second.uses > 0) return;
    topics_.release(it->second.topic);
    outlived_.erase(it);
}

bool Window::outlive(std::uint64_t number, const Identity& identity) noexcept {
    const auto [it, added] = outlived_.try_emplace(number);
    if (!added) return false;
    it->second = {std::string(identity.uri),
                  identity.offset,
                  topics_.use(identity.topic),
                  identity.partition,
                  0,
                  identity.source};
    return true;
}

std::size_t Window::sweep() noexcept {
    const std::size_t before = outlived_.size();
    std::erase_if(outlived_, [this](const auto& item) {
        if (item.second.uses > 0) return false;
        topics_.release(item.second.topic);
        return true;
    });
    return before - outlived_.size();
}

// ---- Change
// ------------------------------------------------------------------------------------------

Entry& Window::push_slot() noexcept {
    const std::uint64_t segment = end_ / kSegmentEntries;
    const std::uint64_t first_segment = first_ / kSegmentEntries;
    if (segment - first_segment >= segments_.size()) {
        std::vector<std::unique_ptr<Entry[]>> larger(
            std::max<std::size_t>(4, 2 * segments_.size()));
        const std::uint64_t mask = larger.size() - 1;
        for (std::uint64_t i = first_segment; i < segment; ++i) {
            larger[i & mask] = std::move(segments_[i & segment_mask_]);
        }
        segments_ = std::move(larger);
        segment_mask_ = mask;
    }
    std::unique_ptr<Entry[]>& at = segments_[segment & segment_mask_];
    if (at == nullptr) {
        at = spare_ ? std::move(spare_) : std::make_unique_for_overwrite<Entry[]>(kSegmentEntries);
    }
    return at[end_++ % kSegmentEntries];
}

namespace {

NearRole role_of(const Entry& entry) noexcept {
    if ((entry.flags & kIndexed) == 0) return NearRole::kHidden;
    switch (entry.kind) {
        case DedupKind::kUnique:
        case DedupKind::kKill: return NearRole::kStory;
        case DedupKind::kContains: return NearRole::kRoundup;
        case DedupKind::kExact:
        case DedupKind::kNear:
        case DedupKind::kContained:
        case DedupKind::kUpdate: break;
    }
    return NearRole::kCopy;
}

}  // namespace

void Window::add(Added& added) noexcept {
    const std::uint64_t number = end_;
    Entry& entry = push_slot();
    entry = added.entry;
    entry.topic = topics_.use(added.topic);
    entry.uri_bytes = static_cast<std::uint16_t>(added.uri.size());
    entry.uri_at = uris_.push(added.uri);
    entry.cluster = kAlone;
    entry.before = entry.uses = 0;
    near_->insert(number, added.sketch, role_of(entry));
    if (entry.of != number) use(entry.of);
    if ((entry.flags & kHasMore) != 0) {
        const More& more = more_[number] = std::move(added.more);
        for (const std::uint64_t other : {more.elected_over, more.killed_by}) {
            if (other != kNoNumber) use(other);
        }
        for (const std::uint64_t copy : more.copies) use(copy);
    }
    join(number, added.beside, added.cluster_id);

    const auto low = static_cast<std::uint32_t>(number);
    const std::uint64_t hash = id_hash(number);
    by_id_.assign(hash, low, [&](std::uint32_t other) {
        const Entry& same = slot(whole(other));
        return same.offset == entry.offset && same.partition == entry.partition &&
               same.topic == entry.topic;
    });
    by_uri_.assign(hash_uri(added.uri), low,
                   [&](std::uint32_t other) { return uri(slot(whole(other))) == added.uri; });
    if (entry.kind != DedupKind::kKill) {
        by_exact_.assign(entry.exact_hash.low, low, [&](std::uint32_t other) {
            return slot(whole(other)).exact_hash == entry.exact_hash;
        });
    }
    entry.hash = hash_of(number, added.sketch);
    hash_ = hash_ * kFactor + entry.hash;
    power_ *= kFactor;
}

// All that later decisions may depend on, in terms that do not depend on numbers.
std::uint64_t Window::hash_of(std::uint64_t number, std::string_view sketch) const noexcept {
    const Entry& entry = slot(number);
    std::uint64_t fields[12] = {
        id_hash(number),
        entry.exact_hash.high,
        entry.exact_hash.low,
        static_cast<std::uint64_t>(entry.arrived_ms),
        static_cast<std::uint64_t>(entry.version_created_ms),
        std::uint64_t{entry.version} << 32 | static_cast<std::uint64_t>(entry.kind) << 24 |
            std::uint64_t{entry.similarity} << 16 | std::uint64_t{entry.containment} << 8 |
            entry.flags,
        cluster_id(number),
        entry.of == number ? 0 : id_hash(entry.of),
        hash_bytes(uri(entry)),
        hash_sketch(sketch),
        entry.source == kUnlisted ? 0 : hash_bytes(trust_.name(entry.source)),
        0};
    if ((entry.flags & kHasMore) != 0) {
        const More& m = more(number);
        std::uint64_t hash = m.copies_omitted;
        const auto mix = [&](std::uint64_t other) {
            hash = hash * kFactor + (other == kNoNumber ? 1 : id_hash(other));
        };
        mix(m.elected_over);
        mix(m.killed_by);
        for (const std::uint64_t copy : m.copies) mix(copy);
        fields[11] = hash;
    }
    return XXH3_64bits(fields, sizeof(fields));
}

void Window::expire(std::uint64_t below) noexcept {
    if (below <= live_) return;
    for (; live_ < below; ++live_) {
        power_ *= kFactorInverse;
        hash_ -= slot(live_).hash * power_;
    }
    near_->expire(live_);
}

// What goes is looked up in the tables once more: their lines are asked for some articles ahead.
void Window::drop() noexcept {
    constexpr std::uint64_t kAhead = 8;
    if (first_ == live_) return;
    for (; first_ < live_;) {
        if (first_ + kAhead < live_) {
            const Entry& soon = slot(first_ + kAhead);
            prefetch(id_hash(first_ + kAhead), hash_uri(uri(soon)), soon.exact_hash);
        }
        drop_first();
    }
    near_->release(first_);
    if (first_ < end_) uris_.drop_before(slot(first_).uri_at);
}

void Window::drop_first() noexcept {
    const std::uint64_t number = first_;
    const auto low = static_cast<std::uint32_t>(number);
    const Entry& entry = slot(number);
    by_id_.erase(id_hash(number), low);
    by_uri_.erase(hash_uri(uri(entry)), low);
    if (entry.kind != DedupKind::kKill) by_exact_.erase(entry.exact_hash.low, low);
    if (entry.of != number) release(entry.of);
    if ((entry.flags & kHasMore) != 0) {
        const auto it = more_.find(number);
        for (const std::uint64_t other : {it->second.elected_over, it->second.killed_by}) {
            if (other != kNoNumber) release(other);
        }
        for (const std::uint64_t copy : it->second.copies) release(copy);
        more_.erase(it);
    }
    leave(entry);
    if (entry.uses > 0) {
        outlived_[number] = {std::string(uri(entry)), entry.offset, entry.topic,
                             entry.partition,         entry.uses,   entry.source};
    } else {
        topics_.release(entry.topic);
    }
    ++first_;
    if (first_ % kSegmentEntries == 0) {
        spare_ = std::move(segments_[(number / kSegmentEntries) & segment_mask_]);
    }
}

void Window::reset(std::uint64_t first, std::size_t high_water,
                   const NearOptions& options) noexcept {
    first_ = live_ = end_ = first;
    segments_.clear();
    segment_mask_ = 0;
    uris_ = {};
    topics_ = {};
    by_id_.clear();
    by_exact_.clear();
    by_uri_.clear();
    near_.reset();  // first the old one's memory, then the new one's
    near_ = std::make_unique<NearIndex>(options);
    near_->restore_high_water(high_water);
    clusters_.clear();
    free_clusters_.clear();
    more_.clear();
    outlived_.clear();
    hash_ = 0;
    power_ = 1;
}

void Window::rebuild(const NearOptions& options) noexcept {
    auto other = std::make_unique<NearIndex>(options);
    other->restore_high_water(near_->high_water());
    for (std::uint64_t n = first_; n < end_; ++n) {
        other->insert(n, near_->sketch_of(n), role_of(slot(n)));
        if (n < live_) other->expire(n + 1);  // kept for a snapshot alone
    }
    near_ = std::move(other);
}

void Window::expect(std::size_t articles) noexcept {
    by_id_.expect(articles);
    by_exact_.expect(articles);
    by_uri_.expect(articles);
}

std::size_t Window::bytes() const noexcept {
    const std::uint64_t segments = end_ / kSegmentEntries - first_ / kSegmentEntries + 1;
    return segments * kSegmentEntries * sizeof(Entry) + uris_.bytes() + by_id_.bytes() +
           by_exact_.bytes() + by_uri_.bytes() + clusters_.capacity() * sizeof(Cluster) +
           outlived_.size() * (sizeof(Outlived) + 2 * kUriBytes) + more_.size() * 2 * sizeof(More);
}

}  // namespace newsmill::dedup
