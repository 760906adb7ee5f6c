// A hash table from 64-bit hashes to small values: open addressing, at most half full. The hash
// stands for what was hashed. Built once, then only read, by any thread.
#pragma once

#include <bit>
#include <cstdint>
#include <vector>

namespace newsmill::topics {

template <typename Value>
class FlatTable {
   public:
    // The value of a key; it is made if there is none.
    Value& operator[](std::uint64_t key) {
        if (2 * (size_ + 1) > slots_.size()) grow();
        Slot& slot = find_slot(slots_, used(key));
        if (slot.key == 0) {
            slot.key = used(key);
            ++size_;
        }
        return slot.value;
    }
    // nullptr if there is none.
    const Value* find(std::uint64_t key) const noexcept {
        if (size_ == 0) return nullptr;
        const Slot& slot = find_slot(const_cast<std::vector<Slot>&>(slots_), used(key));
        return slot.key == 0 ? nullptr : &slot.value;
    }
    std::size_t size() const noexcept { return size_; }

   private:
    struct Slot {
        std::uint64_t key = 0;  // 0: free
        Value value{};
    };
    static std::uint64_t used(std::uint64_t key) noexcept { return key == 0 ? 1 : key; }
    static Slot& find_slot(std::vector<Slot>& slots, std::uint64_t key) noexcept {
        const std::size_t mask = slots.size() - 1;
        std::size_t at = key & mask;
        while (slots[at].key != 0 && slots[at].key != key) at = (at + 1) & mask;
        return slots[at];
    }
    void grow() {
        std::vector<Slot> larger(slots_.empty() ? 16 : 2 * slots_.size());
        for (const Slot& slot : slots_) {
            if (slot.key != 0) find_slot(larger, slot.key) = slot;
        }
        slots_ = std::move(larger);
    }

    std::vector<Slot> slots_;
    std::size_t size_ = 0;
};

}  // namespace newsmill::topics
