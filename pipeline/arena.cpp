#include "pipeline/arena.hpp"

#include <algorithm>

namespace newsmill {

// Chunks past the slab are at least this large, so that a large batch takes few of them.
constexpr std::size_t kChunkBytesMin = 256 * 1024;

// The slab is not zeroed: pages that no batch has used yet cost no memory.
Arena::Arena(std::size_t slab_bytes)
    : slab_bytes_(slab_bytes),
      slab_(new char[slab_bytes]),
      next_(slab_.get()),
      end_(slab_.get() + slab_bytes) {}

char* Arena::alloc_slow(std::size_t bytes, std::size_t align) noexcept {
    const std::size_t size = std::max(bytes + align, kChunkBytesMin);
    chunks_.emplace_back(new char[size]);
    overflow_bytes_ += size;
    next_ = chunks_.back().get();
    end_ = next_ + size;
    return alloc(bytes, align);
}

void Arena::reset() noexcept {
    chunks_.clear();
    overflow_bytes_ = 0;
    next_ = slab_.get();
    end_ = next_ + slab_bytes_;
}

}  // namespace newsmill
