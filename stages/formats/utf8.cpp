#include "stages/formats/utf8.hpp"

#include <simdjson.h>

#include <algorithm>
#include <cstring>

namespace newsmill {
namespace {

// https://encoding.spec.whatwg.org/#windows-1252, 0x80-0x9F; the five holes are no text.
constexpr std::uint16_t kCp1252[32] = {
    0x20AC, 0xFFFD, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
    0x2039, 0x0152, 0xFFFD, 0x017D, 0xFFFD, 0xFFFD, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0xFFFD, 0x017E, 0x0178};

constexpr bool is_continuation(unsigned char byte) noexcept { return (byte & 0xC0) == 0x80; }

// The length of the valid sequence at `at`, or 0.
std::size_t sequence_length(const unsigned char* at, std::size_t left) noexcept {
    const unsigned char lead = at[0];
    if (lead < 0x80) return 1;
    if (lead >= 0xC2 && lead <= 0xDF) return left >= 2 && is_continuation(at[1]) ? 2 : 0;
    if (lead >= 0xE0 && lead <= 0xEF) {
        if (left < 3 || !is_continuation(at[1]) || !is_continuation(at[2])) return 0;
        if (lead == 0xE0 && at[1] < 0xA0) return 0;  // overlong
        if (lead == 0xED && at[1] > 0x9F) return 0;  // a surrogate
        return 3;
    }
    if (lead >= 0xF0 && lead <= 0xF4) {
        if (left < 4 || !is_continuation(at[1]) || !is_continuation(at[2]) ||
            !is_continuation(at[3])) {
            return 0;
        }
        if (lead == 0xF0 && at[1] < 0x90) return 0;
        if (lead == 0xF4 && at[1] > 0x8F) return 0;
        return 4;
    }
    return 0;
}

// The surrogate that three bytes spell in CESU-8, or 0.
std::uint32_t encoded_surrogate(const unsigned char* at, std::size_t left) noexcept {
    if (left < 3 || at[0] != 0xED || at[1] < 0xA0 || at[1] > 0xBF || !is_continuation(at[2])) {
        return 0;
    }
    return 0xD000u | ((at[1] & 0x3Fu) << 6) | (at[2] & 0x3Fu);
}

constexpr std::uint32_t join_surrogates(std::uint32_t high, std::uint32_t low) noexcept {
    return 0x10000u + ((high - 0xD800u) << 10) + (low - 0xDC00u);
}

}  // namespace

bool is_valid_utf8(std::string_view bytes) noexcept {
    return simdjson::validate_utf8(bytes.data(), bytes.size());
}

char* append_code_point(char* out, std::uint32_t code_point) noexcept {
    if (code_point > 0x10FFFF || (code_point >= 0xD800 && code_point <= 0xDFFF)) {
        code_point = 0xFFFD;
    }
    if (code_point < 0x80) {
        *out++ = static_cast<char>(code_point);
        return out;
    }
    if (code_point < 0x800) {
        *out++ = static_cast<char>(0xC0 | (code_point >> 6));
    } else {
        if (code_point < 0x10000) {
            *out++ = static_cast<char>(0xE0 | (code_point >> 12));
        } else {
            *out++ = static_cast<char>(0xF0 | (code_point >> 18));
            *out++ = static_cast<char>(0x80 | ((code_point >> 12) & 0x3F));
        }
        *out++ = static_cast<char>(0x80 | ((code_point >> 6) & 0x3F));
    }
    *out++ = static_cast<char>(0x80 | (code_point & 0x3F));
    return out;
}

RepairedText repair_utf8(std::string_view bytes, Arena& arena) noexcept {
    // One invalid byte becomes at most three.
    char* const first = arena.alloc(bytes.size() * 3);
    char* out = first;
    RepairedText repaired;
    const auto* at = reinterpret_cast<const unsigned char*>(bytes.data());
    std::size_t left = bytes.size();
    while (left > 0) {
        std::size_t length = sequence_length(at, left);
        if (length != 0) {
            std::memcpy(out, at, length);
            out += length;
        } else if (const std::uint32_t high = encoded_surrogate(at, left); high != 0) {
            length = 3;
            const std::uint32_t low = encoded_surrogate(at + 3, left - 3);
            const bool pair = high < 0xDC00 && low >= 0xDC00;
            if (pair) length = 6;
            out = append_code_point(out, pair ? join_surrogates(high, low) : 0xFFFD);
            repaired.invalid_bytes += length;
        } else {
            length = 1;
            const unsigned char byte = *at;
            out = append_code_point(out, byte < 0xA0 ? kCp1252[byte - 0x80] : byte);
            ++repaired.invalid_bytes;
        }
        at += length;
        left -= length;
    }
    arena.shrink(out, first + bytes.size() * 3);
    repaired.text = {first, static_cast<std::size_t>(out - first)};
    return repaired;
}

bool looks_binary(std::string_view bytes) noexcept {
    const auto nuls = static_cast<std::size_t>(std::count(bytes.begin(), bytes.end(), '\0'));
    return nuls * 100 > bytes.size();
}

bool decode_utf16(std::string_view bytes, Arena& arena, std::string_view& text) noexcept {
    const bool little = bytes.starts_with("\xFF\xFE");
    if (!little && !bytes.starts_with("\xFE\xFF")) return false;
    bytes.remove_prefix(2);
    const std::size_t units = bytes.size() / 2;
    const auto unit = [&](std::size_t i) -> std::uint32_t {
        const auto first = static_cast<unsigned char>(bytes[2 * i]);
        const auto second = static_cast<unsigned char>(bytes[2 * i + 1]);
        return little ? first | (second << 8) : second | (first << 8);
    };
    char* const first = arena.alloc(units * 3);
    char* out = first;
    for (std::size_t i = 0; i < units; ++i) {
        std::uint32_t code_point = unit(i);
        if (code_point >= 0xD800 && code_point < 0xDC00 && i + 1 < units) {
            const std::uint32_t low = unit(i + 1);
            if (low >= 0xDC00 && low <= 0xDFFF) {
                code_point = join_surrogates(code_point, low);
                ++i;
            }
        }
        out = append_code_point(out, code_point);
    }
    arena.shrink(out, first + units * 3);
    text = {first, static_cast<std::size_t>(out - first)};
    return true;
}

}  // namespace newsmill
