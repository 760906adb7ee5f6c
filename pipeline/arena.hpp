// A monotonic arena: the memory of one batch. Allocation moves a pointer; everything is freed at
// once by reset(). One slab serves the steady state; a batch that outgrows it gets further chunks,
// which reset() returns to the heap, so that one huge article does not keep its memory for ever.
//
// Ownership: what alloc() and copy() return lives until reset() or the arena's end.
// Threads: one at a time (the agent that holds the batch). Errors: std::bad_alloc ends the process.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

namespace newsmill {

class Arena {
   public:
    explicit Arena(std::size_t slab_bytes);
    Arena(const Arena&) = delete;
    Arena& operator=(const Arena&) = delete;

    // Uninitialised bytes; `align` is a power of two up to 64.
    char* alloc(std::size_t bytes, std::size_t align = 1) noexcept {
        const auto at = (reinterpret_cast<std::uintptr_t>(next_) + align - 1) & ~(align - 1);
        if (at + bytes <= reinterpret_cast<std::uintptr_t>(end_)) {
            next_ = reinterpret_cast<char*>(at + bytes);
            return reinterpret_cast<char*>(at);
        }
        return alloc_slow(bytes, align);
    }

    // `count` value-initialised objects; T needs no destructor.
    template <typename T>
    std::span<T> array(std::size_t count) noexcept {
        static_assert(std::is_trivially_destructible_v<T>);
        if (count == 0) return {};
        T* first = reinterpret_cast<T*>(alloc(count * sizeof(T), alignof(T)));
        std::uninitialized_value_construct_n(first, count);
        return {first, count};
    }

    std::string_view copy(std::string_view text) noexcept {
        if (text.empty()) return {};
        char* at = alloc(text.size());
        std::memcpy(at, text.data(), text.size());
        return {at, text.size()};
    }

    // Gives the unused tail of the newest allocation back: `end` is one past its last used byte,
    // and `reserved_end` one past its last reserved byte. Does nothing if something was allocated
    // since.
    void shrink(const char* end, const char* reserved_end) noexcept {
        if (next_ == reserved_end) next_ = const_cast<char*>(end);
    }

    void reset() noexcept;

    std::size_t slab_bytes() const noexcept { return slab_bytes_; }
    // Bytes taken from the heap beyond the slab since the last reset().
    std::size_t overflow_bytes() const noexcept { return overflow_bytes_; }

   private:
    char* alloc_slow(std::size_t bytes, std::size_t align) noexcept;

    std::size_t slab_bytes_;
    std::unique_ptr<char[]> slab_;
    char* next_;
    char* end_;
    std::size_t overflow_bytes_ = 0;
    std::vector<std::unique_ptr<char[]>> chunks_;
};

}  // namespace newsmill
