#include "stages/topics/words.hpp"

namespace newsmill::topics {

void lower_case_beyond_ascii(char* text, std::size_t size) noexcept {
    auto* bytes = reinterpret_cast<unsigned char*>(text);
    for (std::size_t i = 0; i + 1 < size; ++i) {
        unsigned char& lead = bytes[i];
        if (lead < 0xC3 || lead > 0xD0) continue;
        unsigned char& next = bytes[i + 1];
        if (lead == 0xC3 && next >= 0x80 && next <= 0x9E && next != 0x97) {
            next = static_cast<unsigned char>(next + 0x20);
        } else if (lead == 0xC4 || lead == 0xC5) {
            // Latin Extended-A: pairs, the capital first, from U+0100, and from U+0139 to U+0148
            // and U+0179 on at odd places.
            const unsigned point = (lead & 0x1Fu) << 6 | (next & 0x3Fu);
            const bool odd = (point >= 0x139 && point <= 0x148) || point >= 0x179;
            if ((point & 1u) == (odd ? 1u : 0u) && point != 0x138 && point != 0x178) {
                const unsigned small = point + 1;
                lead = static_cast<unsigned char>(0xC0 | small >> 6);
                next = static_cast<unsigned char>(0x80 | (small & 0x3F));
            }
        } else if (lead == 0xCE && next >= 0x91 && next <= 0xA9) {
            const unsigned small = 0x391u + (next - 0x91u) + 0x20u;
            lead = static_cast<unsigned char>(0xC0 | small >> 6);
            next = static_cast<unsigned char>(0x80 | (small & 0x3F));
        } else if (lead == 0xD0 && next >= 0x80 && next <= 0xAF) {
            const unsigned point = 0x400u + (next - 0x80u);
            const unsigned small = point + (point < 0x410 ? 0x50u : 0x20u);
            lead = static_cast<unsigned char>(0xC0 | small >> 6);
            next = static_cast<unsigned char>(0x80 | (small & 0x3F));
        }
        ++i;
    }
}

std::array<std::uint64_t, 2> Word::lower_case_of_any(std::array<std::uint64_t, 2> parts,
                                                     std::size_t size) noexcept {
    for (std::uint64_t& part : parts) part = topics::lower_case(part);
    lower_case_beyond_ascii(reinterpret_cast<char*>(parts.data()), size);
    return parts;
}

std::string lower_case(std::string_view word) {
    std::string lower(word);
    for (char& c : lower) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
    }
    lower_case_beyond_ascii(lower.data(), lower.size());
    return lower;
}

std::uint64_t hash_of(std::string_view lower) noexcept {
    if (lower.size() <= Word::kBytesMax) return Word(lower, lower.size()).hash();
    std::uint64_t h = lower.size() * 0x9e3779b97f4a7c15u;
    while (!lower.empty()) {
        std::uint64_t part = 0;
        const std::size_t taken = std::min<std::size_t>(8, lower.size());
        std::memcpy(&part, lower.data(), taken);
        h = (std::rotl(h, 29) ^ part) * 0x94d049bb133111ebu;
        lower.remove_prefix(taken);
    }
    return h ^ (h >> 32);
}

}  // namespace newsmill::topics
