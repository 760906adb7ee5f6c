#include "stages/dedup/near_index.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include "pipeline/pages.hpp"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace newsmill {
namespace {

constexpr std::size_t kBucketEntries = 8;
// At the most live articles, so many of ten entries are taken: fuller buckets drop more of what is
// still wanted, emptier ones cost memory.
constexpr std::size_t kFullTenths = 8;
constexpr std::size_t kArticlesMin = 16'384;  // the first table's; it doubles
constexpr std::size_t kComparedMax = 48;
constexpr std::size_t kSinglesMax = 8;  // that share one hash alone, mostly by chance
constexpr std::size_t kTable = 2048;  // a power of two, over 2 * kSketchHashes * kBucketEntries / 2

std::size_t buckets_for(std::size_t articles) noexcept {
    return articles * kIndexedHashes * 10 / (kBucketEntries * kFullTenths) + 1;
}

std::int32_t percent(std::int32_t of_1024) noexcept { return (of_1024 * 100 + 512) / 1024; }

std::int32_t score_of(const Overlap& words) noexcept {
    return words.containment + words.similarity;
}

void prefetch_line(const void* at) noexcept { __builtin_prefetch(at); }

}  // namespace

// Where the articles that have a hash are found.
class NearIndex::Buckets {
   public:
    explicit Buckets(std::size_t count) : count_(count), pages_(count * sizeof(Bucket)) {}

    std::size_t bytes() const noexcept { return pages_.bytes(); }
    // The hashes in an index are the small ones of their articles: they are spread first.
    Bucket& of(std::uint32_t hash) const noexcept {
        const std::uint64_t spread = hash * 0x9E3779B97F4A7C15ull >> 32;
        return static_cast<Bucket*>(pages_.data())[spread * count_ >> 32];
    }

   private:
    std::size_t count_;
    Pages pages_;
};

NearIndex::NearIndex(const NearOptions& options) : options_(options), table_(kTable) {
    buckets_ = std::make_unique<Buckets>(buckets_for(std::min(options_.capacity, kArticlesMin)));
}

NearIndex::~NearIndex() = default;

std::size_t NearIndex::size() const noexcept { return static_cast<std::size_t>(next_ - live_); }

std::size_t NearIndex::bytes() const noexcept {
    return buckets_->bytes() + chunks_.size() * kChunk * sizeof(Entry) + Rarity::kBytes;
}

std::size_t NearIndex::bytes_for(std::size_t capacity) noexcept {
    return buckets_for(capacity) * sizeof(Bucket) + (capacity + kChunk) * sizeof(Entry) +
           Rarity::kBytes;
}

void NearIndex::restore_high_water(std::size_t articles) {
    high_water_ = articles;
    grow();
}

// The number of buckets is a function of the high water alone: doubled from the least until it is
// enough, but not more than the capacity needs. True if all that is live was put into new ones.
bool NearIndex::grow() {
    std::size_t articles = std::min(options_.capacity, kArticlesMin);
    while (articles < high_water_ && articles < options_.capacity) {
        articles = std::min(articles * 2, options_.capacity);
    }
    const std::size_t wanted = buckets_for(articles) * sizeof(Bucket);
    if (wanted == buckets_->bytes()) return false;
    buckets_.reset();
    buckets_ = std::make_unique<Buckets>(buckets_for(articles));
    for (std::uint64_t place = live_; place < next_; ++place) {
        const Entry& one = entry(place);
        add(place, one);
    }
    return true;
}

void NearIndex::add(std::uint64_t place, const Entry& one) noexcept {
    if (one.role() == NearRole::kHidden) return;
    const Sketch& sketch = one.sketch;
    const std::uint32_t low = (static_cast<std::uint32_t>(place) & kPlaceMask) |
                              (one.role() == NearRole::kStory ? 0 : kNoSharer);
    const std::size_t count = std::min<std::size_t>(sketch.count, kIndexedHashes);
    for (std::size_t i = 0; i < count; ++i) {
        Bucket& bucket = buckets_->of(sketch.hashes[i]);
        // The newest first; the oldest falls out.
        const Bucket old = bucket;
        std::copy_n(old.hashes, kBucketEntries - 1, bucket.hashes + 1);
        std::copy_n(old.places, kBucketEntries - 1, bucket.places + 1);
        bucket.hashes[0] = sketch.hashes[i];
        bucket.places[0] = low;
    }
}

void NearIndex::insert(std::uint64_t number, std::string_view sketch, NearRole role) noexcept {
    if ((next_ & kPlaceMask) == 0) ++next_;  // 0 marks an empty entry
    const std::uint64_t place = next_;
    if (place / kChunk - first_chunk_ >= chunks_.size()) {
        if (chunks_.empty()) first_chunk_ = place / kChunk;
        chunks_.push_back(std::make_unique_for_overwrite<Entry[]>(kChunk));
    }
    Entry& one = entry(place);
    one.number = number & kNumberMax;
    one.role_bits = static_cast<std::uint8_t>(role);
    // Most often the very one that was looked for before.
    if (!sketch.empty() && sketch == std::string_view(query_wire_.data(), query_wire_bytes_)) {
        one.sketch = query_;
    } else if (!decode_sketch(sketch, one.sketch)) {
        one.sketch = Sketch{};
    }
    ++next_;
    if (role == NearRole::kStory) {
        rarity_.add(one.sketch.figures);
        rarity_.add(one.sketch.names);
    }
    if (size() > high_water_) {
        high_water_ = size();
        if (grow()) return;  // this one is in already; twice, it would count twice
    }
    add(place, one);
}

void NearIndex::expire(std::uint64_t below) noexcept {
    for (; live_ < next_ && entry(live_).number < below; ++live_) {
        const Entry& one = entry(live_);
        if (one.role() != NearRole::kStory) continue;
        rarity_.remove(one.sketch.figures);
        rarity_.remove(one.sketch.names);
    }
}

void NearIndex::release(std::uint64_t below) noexcept {
    while (kept_ < live_ && entry(kept_).number < below) {
        ++kept_;
        if (kept_ % kChunk == 0) {
            chunks_.pop_front();
            ++first_chunk_;
        }
    }
}

std::uint64_t NearIndex::place_of(std::uint64_t number) const noexcept {
    std::uint64_t low = kept_, high = next_;
    while (low < high) {
        const std::uint64_t middle = low + (high - low) / 2;
        if (entry(middle).number < number) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < next_ && entry(low).number == number ? low : 0;
}

std::string_view NearIndex::sketch_of(std::uint64_t number) noexcept {
    const std::uint64_t place = place_of(number);
    if (place == 0) return {};
    wire_.clear();
    append_sketch(entry(place).sketch, wire_);
    return wire_;
}

// The entries of its bucket that have the hash, as bits.
unsigned NearIndex::entries_of(std::uint32_t hash) const noexcept {
    const Bucket& bucket = buckets_->of(hash);
#if defined(__SSE2__)
    const __m128i wanted = _mm_set1_epi32(static_cast<int>(hash));
    const auto* const hashes = reinterpret_cast<const __m128i*>(bucket.hashes);
    const __m128i low = _mm_cmpeq_epi32(_mm_load_si128(hashes), wanted);
    const __m128i high = _mm_cmpeq_epi32(_mm_load_si128(hashes + 1), wanted);
    const __m128i both = _mm_packs_epi16(_mm_packs_epi32(low, high), _mm_setzero_si128());
    return static_cast<unsigned>(_mm_movemask_epi8(both));
#else
    unsigned found = 0;
    for (unsigned k = 0; k < kBucketEntries; ++k) {
        found |= static_cast<unsigned>(bucket.hashes[k] == hash) << k;
    }
    return found;
#endif
}

// Fills candidates_ with the live articles that share a hash, and how many.
void NearIndex::collect(const Sketch& sketch) noexcept {
    candidates_.clear();
    for (std::size_t i = 0; i < sketch.count; ++i) prefetch_line(&buckets_->of(sketch.hashes[i]));
    for (const FactSample* facts : {&sketch.figures, &sketch.names}) {
        for (std::size_t i = 0; i < facts->count; ++i) rarity_.prefetch((*facts)[i]);
    }
    const auto count = [this](std::uint32_t place, std::int32_t sharers) {
        std::size_t at = (place * 0x9E3779B1u) >> 21;
        for (;; at = (at + 1) & (kTable - 1)) {
            const std::uint32_t candidate = table_[at];
            if (candidate == 0) {
                candidates_.push_back({place, 1, sharers});
                table_[at] = static_cast<std::uint32_t>(candidates_.size());
                return;
            }
            if (candidates_[candidate - 1].place == place) {
                ++candidates_[candidate - 1].hits;
                candidates_[candidate - 1].sharers += sharers;
                return;
            }
        }
    };
    for (std::size_t i = 0; i < sketch.count; ++i) {
        std::uint32_t places[kBucketEntries];
        std::size_t found = 0;
        std::int32_t sharers = 0;
        for (unsigned mask = entries_of(sketch.hashes[i]); mask != 0; mask &= mask - 1) {
            const std::uint32_t place =
                buckets_->of(sketch.hashes[i]).places[std::countr_zero(mask)];
            if (place == 0 || whole_place(place) < live_) continue;
            places[found++] = place;
            sharers += (place & kNoSharer) == 0 ? 1 : 0;
        }
        for (std::size_t k = 0; k < found; ++k) count(places[k], sharers);
    }
    for (const Candidate& candidate : candidates_) {
        std::size_t at = (candidate.place * 0x9E3779B1u) >> 21;
        for (; table_[at] != 0; at = (at + 1) & (kTable - 1)) table_[at] = 0;
    }
}

// Those to compare: the likeliest, the earliest of equals, and no more than a bound. Their sketches
// are on the way then.
void NearIndex::pick_candidates(bool sorted) noexcept {
    constexpr int kPlaceBits = 32, kIndexBits = 16;
    static_assert(kTable <= 1u << kIndexBits &&
                  kSketchHashes < 1u << (64 - kPlaceBits - kIndexBits));
    order_.clear();
    for (std::size_t i = 0; i < candidates_.size(); ++i) {
        const Candidate& one = candidates_[i];
        const auto misses = kSketchHashes - static_cast<std::size_t>(one.hits);
        order_.push_back(misses << (kPlaceBits + kIndexBits) |
                         (whole_place(one.place) - live_) << kIndexBits | i);
    }
    // What comes first, in any order: which is the best does not depend on it.
    const auto cut = [this](auto from, std::size_t most) {
        const auto left = static_cast<std::size_t>(order_.end() - from);
        if (left <= most) return;
        const auto last = from + static_cast<std::ptrdiff_t>(most);
        std::nth_element(from, last, order_.end());
        order_.erase(last, order_.end());
    };
    cut(order_.begin(), kComparedMax);
    constexpr std::uint64_t kSingles = (kSketchHashes - 1) << (kPlaceBits + kIndexBits);
    cut(std::partition(order_.begin(), order_.end(),
                       [](std::uint64_t one) { return one < kSingles; }),
        kSinglesMax);
    if (sorted) std::sort(order_.begin(), order_.end());
    for (std::uint64_t& one : order_) {
        one &= (1u << kIndexBits) - 1;
        // One hash is chance, most often: then the facts are not asked for.
        const Entry& there = entry(whole_place(candidates_[one].place));
        const std::size_t bytes = candidates_[one].hits > 1 ? sizeof(Entry) : kHashesEnd;
        const auto* const at = reinterpret_cast<const char*>(&there);
        for (std::size_t byte = 0; byte < bytes; byte += 64) prefetch_line(at + byte);
    }
}

bool NearIndex::find(std::string_view sketch, NearMatch& best,
                     std::vector<NearExplain>* explain) noexcept {
    best = {};
    query_wire_bytes_ = 0;
    if (!decode_sketch(sketch, query_)) return false;
    std::copy(sketch.begin(), sketch.end(), query_wire_.begin());
    query_wire_bytes_ = sketch.size();
    if (query_.count == 0) return false;
    collect(query_);
    if (candidates_.empty()) return false;
    pick_candidates(explain != nullptr);
    passed_.clear();
    matcher_.set(query_, rarity_);
    bool roundups_only = true;
    for (const std::uint64_t index : order_) {
        const Candidate& candidate = candidates_[index];
        const std::uint64_t place = whole_place(candidate.place);
        const Entry& one = entry(place);
        const Comparison found = matcher_.compare(one.sketch, {candidate.hits, candidate.sharers},
                                                  options_.match, explain != nullptr);
        if (explain != nullptr) explain->push_back({one.number, candidate.hits, found});
        if (found.relation == Relation::kNone) continue;
        roundups_only &= one.role() == NearRole::kRoundup;
        passed_.push_back({place, found});
    }
    return choose(roundups_only, best);
}

// Stories before roundups of them. Of these the earliest that is nearly as strong as the strongest:
// that is the story, and the others are copies of it that were missed.
bool NearIndex::choose(bool roundups_too, NearMatch& best) const noexcept {
    const auto counts = [&](const Passed& one) {
        return roundups_too || entry(one.place).role() != NearRole::kRoundup;
    };
    std::int32_t best_score = 0;
    for (const Passed& one : passed_) {
        if (counts(one)) best_score = std::max(best_score, score_of(one.comparison.words));
    }
    const std::int32_t score_min = best_score * options_.match.choice_min / 1000;
    const Passed* chosen = nullptr;
    for (const Passed& one : passed_) {
        if (!counts(one) || score_of(one.comparison.words) < score_min) continue;
        if (chosen == nullptr || one.place < chosen->place) chosen = &one;
    }
    if (chosen == nullptr) return false;
    const Comparison& found = chosen->comparison;
    best = {entry(chosen->place).number, found.relation, percent(found.words.similarity),
            percent(found.words.containment)};
    return true;
}

bool NearIndex::worth_indexing(const NearMatch* match) noexcept {
    return match == nullptr || match->containment < 60;
}

}  // namespace newsmill
