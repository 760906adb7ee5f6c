#include "stages/dedup/trust.hpp"

#include <algorithm>

namespace newsmill::dedup {
namespace {

// "https://user@www.wire.example:443/a" and "www.wire.example" are "www.wire.example"; a text that
// holds no domain is empty.
std::string_view domain_of(std::string_view text) noexcept {
    const std::size_t scheme = text.find("://");
    if (scheme != text.npos) text.remove_prefix(scheme + 3);
    text = text.substr(0, text.find_first_of("/?#"));
    if (const std::size_t user = text.rfind('@'); user != text.npos) text.remove_prefix(user + 1);
    text = text.substr(0, text.find(':'));
    const bool domain = text.find('.') != text.npos && text.find(' ') == text.npos;
    return domain ? text : std::string_view();
}

}  // namespace

std::string Trust::folded(std::string_view name) noexcept {
    constexpr std::string_view kSpace = " \t\r\n";
    const std::size_t first = name.find_first_not_of(kSpace);
    if (first == name.npos) return {};
    name = name.substr(first, name.find_last_not_of(kSpace) - first + 1);
    std::string text(name);
    for (char& c : text) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
    }
    if (text.starts_with("www.")) text.erase(0, 4);
    return text;
}

SourceNumber Trust::remember(std::string_view name) noexcept {
    const std::string text = folded(name);
    const auto known = by_name_.find(text);
    if (known != by_name_.end()) return known->second;
    if (names_.size() >= kUnlisted) return kUnlisted;
    const auto number = static_cast<SourceNumber>(names_.size());
    names_.push_back(text);
    ranks_.push_back(UINT32_MAX);
    by_name_.emplace(text, number);
    return number;
}

bool Trust::set(const std::vector<std::string>& list) noexcept {
    if (list.size() > kSourcesMax || names_.size() + list.size() > kUnlisted) return false;
    std::fill(ranks_.begin(), ranks_.end(), UINT32_MAX);
    for (std::size_t i = 0; i < list.size(); ++i) {
        std::uint32_t& rank = ranks_[remember(list[i])];
        // Not by reference to the vector that remember() may move: it has returned already.
        rank = std::min(rank, static_cast<std::uint32_t>(i));
    }
    any_ = !list.empty();
    return true;
}

SourceNumber Trust::find(std::string_view name) const noexcept {
    scratch_.assign(name);
    const auto it = by_name_.find(scratch_);
    return it == by_name_.end() ? kUnlisted : it->second;
}

void Trust::better(std::string_view name, SourceNumber& best) const noexcept {
    const SourceNumber found = find(name);
    if (found != kUnlisted && rank(found) < rank(best)) best = found;
}

SourceNumber Trust::source_of(std::string_view provider, std::string_view uri) const noexcept {
    if (!any_) return kUnlisted;
    SourceNumber best = kUnlisted;
    const std::string name = folded(provider);
    better(name, best);
    const bool web = uri.starts_with("http://") || uri.starts_with("https://");
    for (const std::string& host :
         {folded(domain_of(name)), web ? folded(domain_of(uri)) : std::string()}) {
        // The domain itself and those above it, but for the last label alone.
        for (std::string_view rest = host; rest.find('.') != rest.npos;
             rest.remove_prefix(rest.find('.') + 1)) {
            better(rest, best);
        }
    }
    return best;
}

}  // namespace newsmill::dedup
