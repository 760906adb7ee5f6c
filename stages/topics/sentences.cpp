#include "stages/topics/sentences.hpp"

#include <algorithm>
#include <array>

namespace newsmill::topics {
namespace {

constexpr std::array<std::string_view, 30> kAbbreviations = {
    "Mr", "Mrs", "Ms",   "Dr",   "St",  "Sen",  "Rep", "Gov", "Gen", "Col",
    "Lt", "Sgt", "Capt", "Prof", "Jr",  "Sr",   "vs",  "No",  "Inc", "Corp",
    "Co", "Ltd", "Jan",  "Feb",  "Aug", "Sept", "Oct", "Nov", "Dec", "Rev"};

bool is_word_byte(char c) noexcept {
    const auto byte = static_cast<unsigned char>(c);
    const unsigned char low = byte | 0x20;
    return byte >= 0x80 || (low >= 'a' && low <= 'z') || (byte >= '0' && byte <= '9');
}

}  // namespace

std::uint32_t UnitCounter::unit_at(std::size_t byte) noexcept {
    for (; at_ < std::min(byte, text_.size()); ++at_) {
        if (ends_at(at_)) ++unit_;
    }
    return unit_;
}

bool UnitCounter::ends_at(std::size_t at) const noexcept {
    const char c = text_[at];
    if (c == '\n') return at + 1 < text_.size() && text_[at + 1] == '\n';
    if (!sentences_ || (c != '.' && c != '!' && c != '?')) return false;
    std::size_t next = at + 1;
    const std::string_view marks = "\"')]\xE2\x80\x9D\x99";
    while (next < text_.size() && marks.find(text_[next]) != marks.npos && next < at + 8) ++next;
    if (next < text_.size() && text_[next] != ' ') return false;
    while (next < text_.size() && text_[next] == ' ' && next < at + 16) ++next;
    if (next < text_.size() && text_[next] >= 'a' && text_[next] <= 'z') return false;
    if (c != '.') return true;
    std::size_t start = at;
    while (start > 0 && is_word_byte(text_[start - 1]) && at - start < 8) --start;
    const std::string_view before = text_.substr(start, at - start);
    if (before.size() == 1 && before[0] >= 'A' && before[0] <= 'Z') return false;
    return std::find(kAbbreviations.begin(), kAbbreviations.end(), before) == kAbbreviations.end();
}

}  // namespace newsmill::topics
