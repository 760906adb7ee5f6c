// A hash table from a key that its owner stores to the owner's 32-bit number of it: 8 bytes a slot,
// open addressing with linear probing, at most three quarters full, and no gravestones (a removal
// shifts back what it displaced). Lookups go anywhere, so the slots are in huge pages where the
// system grants them.
//
// The table keeps 32 bits of each key's hash; `is(number)` of find() and assign() compares the keys
// themselves, and is asked only where those bits agree. Threads: one. Errors: none; out of memory
// ends the process.
#pragma once

#include <cstdint>
#include <memory>

#include "pipeline/pages.hpp"

namespace newsmill::dedup {

class NumberTable {
   public:
    static constexpr std::uint32_t kNone = UINT32_MAX;
    // Of one item, at the least and on average while the table grows to `expected`.
    static constexpr std::size_t kItemBytes = 12;

    // Grows by doubling until it fits `expected` items, and slowly beyond.
    explicit NumberTable(std::size_t expected = 0) noexcept : expected_(expected) {}
    void expect(std::size_t items) noexcept { expected_ = items; }

    void prefetch(std::uint64_t hash) const noexcept {
        if (size_ > 0) __builtin_prefetch(&slots_[home(tag_of(hash))]);
    }

    // The number of the key, or kNone.
    template <typename Is>
    std::uint32_t find(std::uint64_t hash, Is is) const noexcept {
        if (size_ == 0) return kNone;
        const std::uint32_t tag = tag_of(hash);
        for (std::size_t i = home(tag); slots_[i].tag != 0; i = next(i)) {
            if (slots_[i].tag == tag && is(slots_[i].number)) return slots_[i].number;
        }
        return kNone;
    }

    // Gives the key `number`, in place of the one that it had.
    template <typename Is>
    void assign(std::uint64_t hash, std::uint32_t number, Is is) noexcept {
        if ((items_ + 1) * 4 > size_ * 3) grow();
        const std::uint32_t tag = tag_of(hash);
        std::size_t i = home(tag);
        for (; slots_[i].tag != 0; i = next(i)) {
            if (slots_[i].tag != tag || !is(slots_[i].number)) continue;
            slots_[i].number = number;
            return;
        }
        slots_[i] = {tag, number};
        ++items_;
    }

    // Removes the key with this hash if it has `number`.
    void erase(std::uint64_t hash, std::uint32_t number) noexcept;
    void clear() noexcept;
    std::size_t bytes() const noexcept { return size_ * sizeof(Slot); }

   private:
    struct Slot {
        std::uint32_t tag;  // 0: free
        std::uint32_t number;
    };

    // Mixed, so that the keys' hashes may be plain numbers.
    static std::uint32_t tag_of(std::uint64_t hash) noexcept {
        hash ^= hash >> 32;
        const auto tag = static_cast<std::uint32_t>((hash * 0x9E3779B97F4A7C15ull) >> 32);
        return tag == 0 ? 1 : tag;
    }
    std::size_t home(std::uint32_t tag) const noexcept {
        return static_cast<std::size_t>((std::uint64_t{tag} * size_) >> 32);
    }
    std::size_t next(std::size_t i) const noexcept { return i + 1 == size_ ? 0 : i + 1; }
    void grow() noexcept;

    std::unique_ptr<Pages> pages_;
    Slot* slots_ = nullptr;
    std::size_t size_ = 0;
    std::size_t items_ = 0;
    std::size_t expected_;
};

}  // namespace newsmill::dedup
