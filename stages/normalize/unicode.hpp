// Small pieces of Unicode that every part of the normalizer needs: one code point in, one out, and
// the table of Windows code page 1252. Pure functions; nothing allocates except append_utf8's
// string.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace newsmill::normalize {

struct CodePoint {
    char32_t value = 0;
    std::uint32_t length = 0;  // bytes; 0 if the text at this place is no valid UTF-8
};

inline bool is_continuation(char c) noexcept { return (static_cast<unsigned char>(c) >> 6) == 2; }

// The code point at text[at], at < text.size(). Rejects overlong forms, surrogates and everything
// past U+10FFFF (Unicode 15, table 3-7).
inline CodePoint decode_utf8(std::string_view text, std::size_t at) noexcept {
    const auto byte = [&](std::size_t i) -> std::uint32_t {
        return static_cast<unsigned char>(text[at + i]);
    };
    const std::uint32_t lead = byte(0);
    if (lead < 0x80) return {lead, 1};
    const std::size_t left = text.size() - at;
    if (lead < 0xC2 || left < 2 || !is_continuation(text[at + 1])) return {};
    if (lead < 0xE0) return {((lead & 0x1F) << 6) | (byte(1) & 0x3F), 2};
    if (left < 3 || !is_continuation(text[at + 2])) return {};
    if (lead < 0xF0) {
        const char32_t value = ((lead & 0x0F) << 12) | ((byte(1) & 0x3F) << 6) | (byte(2) & 0x3F);
        if (value < 0x800 || (value >= 0xD800 && value < 0xE000)) return {};
        return {value, 3};
    }
    if (lead > 0xF4 || left < 4 || !is_continuation(text[at + 3])) return {};
    const char32_t value = ((lead & 0x07) << 18) | ((byte(1) & 0x3F) << 12) |
                           ((byte(2) & 0x3F) << 6) | (byte(3) & 0x3F);
    if (value < 0x10000 || value > 0x10FFFF) return {};
    return {value, 4};
}

// The code point that ends before text[end], end > 0; length 0 if it is no valid UTF-8.
CodePoint decode_utf8_before(std::string_view text, std::size_t end) noexcept;

inline void append_utf8(std::string& out, char32_t c) {
    if (c < 0x80) {
        out.push_back(static_cast<char>(c));
    } else if (c < 0x800) {
        const char bytes[] = {static_cast<char>(0xC0 | (c >> 6)),
                              static_cast<char>(0x80 | (c & 0x3F))};
        out.append(bytes, 2);
    } else if (c < 0x10000) {
        const char bytes[] = {static_cast<char>(0xE0 | (c >> 12)),
                              static_cast<char>(0x80 | ((c >> 6) & 0x3F)),
                              static_cast<char>(0x80 | (c & 0x3F))};
        out.append(bytes, 3);
    } else {
        const char bytes[] = {
            static_cast<char>(0xF0 | (c >> 18)), static_cast<char>(0x80 | ((c >> 12) & 0x3F)),
            static_cast<char>(0x80 | ((c >> 6) & 0x3F)), static_cast<char>(0x80 | (c & 0x3F))};
        out.append(bytes, 4);
    }
}

// What byte 0x80-0x9F means in code page 1252. The five bytes that it leaves undefined map to
// themselves (C1 controls), as browsers do.
char32_t cp1252_to_unicode(unsigned char byte) noexcept;

// The byte 0x80-0xFF that cp1252 or latin1 write for this code point, or -1.
int unicode_to_cp1252(char32_t c) noexcept;

inline bool is_ascii_letter(char c) noexcept {
    return static_cast<unsigned char>((c | 0x20) - 'a') < 26;
}
inline bool is_ascii_lower(char c) noexcept { return static_cast<unsigned char>(c - 'a') < 26; }
inline bool is_ascii_upper(char c) noexcept { return static_cast<unsigned char>(c - 'A') < 26; }
inline bool is_ascii_digit(char c) noexcept { return static_cast<unsigned char>(c - '0') < 10; }
inline bool is_ascii_alnum(char c) noexcept { return is_ascii_letter(c) || is_ascii_digit(c); }
inline bool is_ascii_space(char c) noexcept {
    return c == ' ' || (static_cast<unsigned char>(c) >= 9 && static_cast<unsigned char>(c) <= 13);
}
inline char ascii_lower(char c) noexcept {
    return is_ascii_upper(c) ? static_cast<char>(c | 0x20) : c;
}

std::string_view trim_ascii(std::string_view text) noexcept;
// ASCII letters compare without case; `lower` is in lower case already.
inline bool starts_with_ignoring_case(std::string_view text, std::string_view lower) noexcept {
    if (text.size() < lower.size()) return false;
    for (std::size_t i = 0; i < lower.size(); ++i) {
        if (ascii_lower(text[i]) != lower[i]) return false;
    }
    return true;
}
inline bool equals_ignoring_case(std::string_view text, std::string_view lower) noexcept {
    return text.size() == lower.size() && starts_with_ignoring_case(text, lower);
}

// Letters of any script, and their case (ICU's tables).
bool is_letter(char32_t c) noexcept;
bool is_upper(char32_t c) noexcept;
bool is_lower(char32_t c) noexcept;
bool is_letter_or_digit(char32_t c) noexcept;
char32_t fold_case(char32_t c) noexcept;

}  // namespace newsmill::normalize
