#include "stages/dedup/number_table.hpp"

#include <algorithm>
#include <utility>

namespace newsmill::dedup {
namespace {

constexpr std::size_t kSlotsMin = 1024;

}  // namespace

void NumberTable::erase(std::uint64_t hash, std::uint32_t number) noexcept {
    if (size_ == 0) return;
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
    pages_.reset();
    slots_ = nullptr;
    size_ = items_ = 0;
}

void NumberTable::grow() noexcept {
    // Slots for what is expected, no more: a doubled table may be half empty for ever.
    const std::size_t wanted = expected_ / 3 * 4 + expected_ / 64 + kSlotsMin;
    const std::size_t before = size_;
    std::size_t size = std::max(kSlotsMin, 2 * before);
    if (size > wanted) size = std::max(wanted, before + before / 4 + 1);
    const std::unique_ptr<Pages> old =
        std::exchange(pages_, std::make_unique<Pages>(size * sizeof(Slot)));
    const Slot* const slots = std::exchange(slots_, static_cast<Slot*>(pages_->data()));
    size_ = size;
    for (std::size_t k = 0; k < before; ++k) {
        if (slots[k].tag == 0) continue;
        std::size_t i = home(slots[k].tag);
        while (slots_[i].tag != 0) i = next(i);
        slots_[i] = slots[k];
    }
}

}  // namespace newsmill::dedup
