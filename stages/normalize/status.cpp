#include "stages/normalize/status.hpp"

#include <algorithm>

#include "stages/normalize/unicode.hpp"

namespace newsmill::normalize {
namespace {

bool equal_folded(std::string_view text, std::string_view lower) noexcept {
    return std::equal(text.begin(), text.end(), lower.begin(), lower.end(),
                      [](char a, char b) { return (a | 0x20) == b; });
}

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

}  // namespace

std::string_view pub_status(std::string_view text) noexcept {
    text = trim_ascii(text);
    // The code of "stat:canceled" and "http://cv.iptc.org/newscodes/pubstatusg2/canceled".
    if (const std::size_t scheme = text.find_last_of(":/#"); scheme != text.npos) {
        text.remove_prefix(scheme + 1);
    }
    for (const std::string_view known : {"usable", "withheld", "canceled"}) {
        if (equal_folded(text, known)) return known;
    }
    return equal_folded(text, "cancelled") ? "canceled" : "";
}

std::uint32_t version_number(std::string_view text) noexcept {
    text = trim_ascii(text);
    if (!text.empty() && (text[0] | 0x20) == 'v') text.remove_prefix(1);
    std::size_t digits = 0;
    std::uint64_t number = 0;
    for (; digits < text.size() && is_digit(text[digits]); ++digits) {
        number = std::min<std::uint64_t>(
            number * 10 + static_cast<std::uint64_t>(text[digits] - '0'), UINT32_MAX);
    }
    const std::string_view rest = text.substr(digits);
    // A fraction may follow: JSON's numbers from Python are often "3.0".
    const bool fraction =
        rest.size() > 1 && rest[0] == '.' && std::all_of(rest.begin() + 1, rest.end(), is_digit);
    if (digits == 0 || (!rest.empty() && !fraction)) return 0;
    return static_cast<std::uint32_t>(number);
}

}  // namespace newsmill::normalize
