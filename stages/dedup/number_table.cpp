#include "stages/dedup/number_table.hpp"

#include <algorithm>
#include <utility>

namespace newsmill::dedup {
namespace {

constexpr std::size_t kSlotsMin = 1024;

}  // namespace

void NumberTable::erase(std::uint64_t hash, std::uint32_t number) noexcept {
    if (slots_.empty()) return;
    const std::uint32_t tag = tag_of(hash);
    std::size_t hole = home(tag);
    for (;; hole = next(hole)) {
        if (slots_[hole].tag == 0) return;
        if (slots_[hole].tag == tag && slots_[hole].number == number) break;
    }
    --items_;
    for (std::size_t i = next(hole); slots_[i].tag != 0; i = next(i)) {
        // What has its home behind the hole, on the way to its place, would not be found any more.
        const std::size_t at = home(slots_[i].tag);
        const bool stays = hole < i ? at > hole && at <= i : at > hole || at <= i;
        if (stays) continue;
        slots_[hole] = slots_[i];
        hole = i;
    }
    slots_[hole] = {};
}

void NumberTable::clear() noexcept {
    slots_.clear();
    items_ = 0;
}

void NumberTable::grow() noexcept {
    // Slots for what is expected, no more: a doubled table may be half empty for ever.
    const std::size_t wanted = expected_ / 3 * 4 + expected_ / 64 + kSlotsMin;
    std::size_t size = std::max(kSlotsMin, 2 * slots_.size());
    if (size > wanted) size = std::max(wanted, slots_.size() + slots_.size() / 4 + 1);
    std::vector<Slot> old(size);
    old.swap(slots_);
    for (const Slot& slot : old) {
        if (slot.tag == 0) continue;
        std::size_t i = home(slot.tag);
        while (slots_[i].tag != 0) i = next(i);
        slots_[i] = slot;
    }
}

}  // namespace newsmill::dedup
