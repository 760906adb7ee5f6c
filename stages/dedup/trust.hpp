// Who is trusted more: `[dedup.sources] trust`, the most trusted first. A source that the list does
// not name comes after all that it names.
//
// An entry is found by its provider's name, or by a domain: that of the provider, if it is one, or
// of the article's uri; a name with a full stop in it stands for its subdomains too. Case (ASCII)
// and "www." don't matter.
//
// Sources have numbers that stay when the list changes, so that what is remembered keeps its
// source; only their ranks change. Threads: one. Errors: none.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace newsmill::dedup {

using SourceNumber = std::uint16_t;
inline constexpr SourceNumber kUnlisted = UINT16_MAX;

class Trust {
   public:
    static constexpr std::size_t kSourcesMax = 1000;  // of one list

    // False, and no change, if too many sources were ever named.
    bool set(const std::vector<std::string>& list) noexcept;
    SourceNumber source_of(std::string_view provider, std::string_view uri) const noexcept;
    // Less is more trusted.
    std::uint32_t rank(SourceNumber source) const noexcept {
        return source == kUnlisted ? UINT32_MAX : ranks_[source];
    }
    // Folded; empty for kUnlisted.
    std::string_view name(SourceNumber source) const noexcept {
        return source == kUnlisted ? std::string_view() : names_[source];
    }
    // All that were ever named, in the order of their numbers.
    const std::vector<std::string>& names() const noexcept { return names_; }
    // Names it without a rank; kUnlisted if there is no room.
    SourceNumber remember(std::string_view name) noexcept;
    static std::string folded(std::string_view name) noexcept;

   private:
    SourceNumber find(std::string_view name) const noexcept;
    void better(std::string_view name, SourceNumber& best) const noexcept;

    std::vector<std::string> names_;
    std::vector<std::uint32_t> ranks_;
    std::unordered_map<std::string, SourceNumber> by_name_;
    bool any_ = false;
    mutable std::string scratch_;
};

}  // namespace newsmill::dedup
