#include "stages/formats/plain_text.hpp"

#include <algorithm>

namespace newsmill {
namespace {

std::string_view trim(std::string_view text) noexcept {
    constexpr std::string_view kSpace = " \t\r\n\f\v";
    const std::size_t first = text.find_first_not_of(kSpace);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

}  // namespace

void read_plain_text(std::string_view text, Fields& fields) noexcept {
    const std::string_view all = trim(text);
    const std::size_t end = std::min(all.find_first_of("\r\n"), all.size());
    if (end > kHeadlineBytesMax) {
        fields.body = all;
        return;
    }
    fields.headline = trim(all.substr(0, end));
    fields.body = trim(all.substr(end));
}

}  // namespace newsmill
