#include "pipeline/journal.hpp"

#include <utility>

namespace newsmill {

Outcome MemoryJournal::append(std::string_view record) noexcept {
    records_.emplace_back(record);
    return Outcome::kOk;
}

Outcome MemoryJournal::poll(std::string_view& record) noexcept {
    if (records_.empty()) return Outcome::kRetry;
    current_ = std::move(records_.front());
    records_.pop_front();
    ++position_;
    record = current_;
    return Outcome::kOk;
}

bool MemoryJournal::seek(std::int64_t position) noexcept {
    const auto end = position_ + static_cast<std::int64_t>(records_.size());
    if (position < position_ || position > end) return false;
    for (; position_ < position; ++position_) records_.pop_front();
    return true;
}

}  // namespace newsmill
