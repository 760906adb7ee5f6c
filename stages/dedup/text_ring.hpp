// Short texts that come and go in one order: stored back to back in segments, dropped from the
// front. A text costs its bytes and nothing more; its owner keeps position and size.
//
// Views live until drop_before() passes them. Threads: one. Errors: none.
#pragma once

#include <cstdint>
#include <cstring>
#include <deque>
#include <memory>
#include <string_view>

namespace newsmill::dedup {

class TextRing {
   public:
    static constexpr std::size_t kSegmentBytes = 256 << 10;
    static constexpr std::size_t kTextBytesMax = UINT16_MAX;

    // `text` of at most kTextBytesMax; its position.
    std::uint64_t push(std::string_view text) noexcept {
        if (segments_.empty() || used_ + text.size() > kSegmentBytes) {
            segments_.push_back(spare_ ? std::move(spare_)
                                       : std::make_unique_for_overwrite<char[]>(kSegmentBytes));
            used_ = 0;
        }
        const std::uint64_t position = (first_ + segments_.size() - 1) * kSegmentBytes + used_;
        std::memcpy(segments_.back().get() + used_, text.data(), text.size());
        used_ += text.size();
        return position;
    }
    std::string_view view(std::uint64_t position, std::size_t bytes) const noexcept {
        if (bytes == 0) return {};
        return {segments_[position / kSegmentBytes - first_].get() + position % kSegmentBytes,
                bytes};
    }
    // Texts before the one at `position` are gone.
    void drop_before(std::uint64_t position) noexcept {
        for (; first_ < position / kSegmentBytes && segments_.size() > 1; ++first_) {
            spare_ = std::move(segments_.front());
            segments_.pop_front();
        }
    }
    std::size_t bytes() const noexcept {
        return (segments_.size() + (spare_ ? 1 : 0)) * kSegmentBytes;
    }

   private:
    std::deque<std::unique_ptr<char[]>> segments_;
    std::unique_ptr<char[]> spare_;  // the one that was dropped last: soon wanted again
    std::uint64_t first_ = 0;        // number of segments_.front()
    std::size_t used_ = 0;           // of segments_.back()
};

}  // namespace newsmill::dedup
