// Names of topics and files, each stored once for all that use it and dropped with the last of
// them. Threads: one. Errors: none.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace newsmill::dedup {

class Names {
   public:
    static constexpr std::uint32_t kNone = UINT32_MAX;

    // kNone if nobody uses it.
    std::uint32_t find(std::string_view name) const noexcept {
        if (last_ < names_.size() && names_[last_].uses > 0 && names_[last_].text == name)
            return last_;
        const auto it = by_text_.find(name);
        return it == by_text_.end() ? kNone : last_ = it->second;
    }
    // One more user of the name.
    std::uint32_t use(std::string_view name) noexcept {
        std::uint32_t number = find(name);
        if (number == kNone) number = add(name);
        ++names_[number].uses;
        return number;
    }
    void use(std::uint32_t number) noexcept { ++names_[number].uses; }
    void release(std::uint32_t number) noexcept {
        if (--names_[number].uses > 0) return;
        by_text_.erase(names_[number].text);
        names_[number].text = {};
        free_.push_back(number);
    }
    std::string_view text(std::uint32_t number) const noexcept { return names_[number].text; }
    std::uint64_t hash(std::uint32_t number) const noexcept { return names_[number].hash; }

    static std::uint64_t hash_of(std::string_view name) noexcept;

   private:
    struct Name {
        std::string text;
        std::uint64_t hash = 0;
        std::uint32_t uses = 0;
    };
    std::uint32_t add(std::string_view name) noexcept {
        if (free_.empty()) {
            free_.push_back(static_cast<std::uint32_t>(names_.size()));
            names_.emplace_back();
        }
        const std::uint32_t number = free_.back();
        free_.pop_back();
        names_[number].text = name;
        names_[number].hash = hash_of(name);
        by_text_.emplace(names_[number].text, number);
        return number;
    }

    std::deque<Name> names_;  // stable addresses: by_text_ views them
    std::vector<std::uint32_t> free_;
    std::unordered_map<std::string_view, std::uint32_t> by_text_;
    mutable std::uint32_t last_ = 0;  // most articles come from the topic of the one before
};

}  // namespace newsmill::dedup
