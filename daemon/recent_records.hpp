// The newest of what was published, for people: some records, copies and dead letters, in rings of
// a fixed length. Never all of them: so many a second are kept, the others are counted and gone, so
// that a fast feed costs the sink next to nothing.
//
// Threads: note() by the sink's, after a commit; all else by any. The sink does not wait: if a
// reader holds the lock just then, the batch is not kept.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/batch.hpp"

namespace newsmill {

enum class RecentKind : std::uint8_t { kRecords, kCopies, kDeadLetters };
inline constexpr std::size_t kRecentKinds = 3;
std::string_view recent_kind_name(RecentKind kind) noexcept;  // "records", "copies", "dead_letters"
std::optional<RecentKind> recent_kind(std::string_view name) noexcept;

// A copy of what an article was when it was committed.
struct RecentItem {
    std::uint64_t number = 0;  // in its ring, dense from 1
    std::int64_t at_unix_ms = 0;
    std::string topic;
    std::int32_t partition = -1;
    std::int64_t offset = 0;
    std::int64_t timestamp_ms = kNoTime;
    std::size_t payload_bytes = 0;
    // Records: the output value; empty if it is very large. Copies: none.
    std::string record;
    // Records and copies.
    std::string uri, headline, language, source, by, published_raw;
    std::uint32_t repairs = 0;
    std::string exact_hash;  // 32 hexadecimal digits
    std::size_t sketch_bytes = 0;
    std::string decision, of_uri;
    std::uint64_t cluster_id = 0;
    std::int32_t similarity = 0, containment = 0;
    // Dead letters.
    std::string code, stage, message;
    std::string payload;  // its beginning
};
using RecentItems = std::vector<std::shared_ptr<const RecentItem>>;

class RecentRecords {
   public:
    static constexpr std::size_t kRingItems = 100;
    static constexpr std::size_t kRecordBytesMax = 256 << 10;
    static constexpr std::size_t kPayloadBytesMax = 2 << 10;
    // Kept of each kind: so many at once after a quiet time, and so many a second.
    static constexpr double kBurstItems = 100;
    static constexpr double kItemsPerSecond = 25;

    void note(const Batch& batch, std::int64_t now_ns, std::int64_t unix_ms) noexcept;

    struct Reading {
        RecentItems items;          // oldest first
        std::uint64_t next = 0;     // to be `after` the next time
        std::uint64_t skipped = 0;  // of that kind, that were not kept, since the start
    };
    // The newest `max` of those with a number above `after`.
    Reading read(RecentKind kind, std::uint64_t after, std::size_t max) const;

    std::uint64_t skipped() const noexcept { return skipped_all_.load(std::memory_order_relaxed); }

   private:
    struct Ring {
        std::deque<std::shared_ptr<const RecentItem>> items;
        std::uint64_t newest = 0;
        std::uint64_t skipped = 0;
        double tokens = kBurstItems;
        std::int64_t filled_ns = 0;
    };
    void note_article(const Article& article, std::int64_t unix_ms);
    void keep(RecentKind kind, const Article& article, std::int64_t unix_ms);

    mutable std::mutex mutex_;  // guards the rings
    std::array<Ring, kRecentKinds> rings_;
    std::atomic<std::uint64_t> skipped_all_{0};
};

}  // namespace newsmill
