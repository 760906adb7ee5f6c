#include "stages/normalize/unicode.hpp"

#include <unicode/uchar.h>

#include <array>

namespace newsmill::normalize {
namespace {

constexpr std::array<char16_t, 32> kCp1252 = {
    0x20AC, 0x0081, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
    0x2039, 0x0152, 0x008D, 0x017D, 0x008F, 0x0090, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x009D, 0x017E, 0x0178};

}  // namespace

CodePoint decode_utf8_before(std::string_view text, std::size_t end) noexcept {
    std::size_t at = end - 1;
    while (at > 0 && end - at < 4 && is_continuation(text[at])) --at;
    const CodePoint c = decode_utf8(text.substr(0, end), at);
    return at + c.length == end ? c : CodePoint{};
}

char32_t cp1252_to_unicode(unsigned char byte) noexcept {
    return byte >= 0x80 && byte < 0xA0 ? kCp1252[byte - 0x80] : byte;
}

int unicode_to_cp1252(char32_t c) noexcept {
    if (c >= 0x80 && c <= 0xFF) return static_cast<int>(c);
    if (c < 0x152 || c > 0x2122) return -1;
    for (int i = 0; i < 32; ++i) {
        if (kCp1252[static_cast<std::size_t>(i)] == c) return 0x80 + i;
    }
    return -1;
}

std::string_view trim_ascii(std::string_view text) noexcept {
    while (!text.empty() && is_ascii_space(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_ascii_space(text.back())) text.remove_suffix(1);
    return text;
}

bool is_letter(char32_t c) noexcept { return u_isalpha(static_cast<UChar32>(c)); }
bool is_upper(char32_t c) noexcept { return u_isupper(static_cast<UChar32>(c)); }
bool is_lower(char32_t c) noexcept { return u_islower(static_cast<UChar32>(c)); }
bool is_letter_or_digit(char32_t c) noexcept {
    return c < 0x80 ? is_ascii_alnum(static_cast<char>(c)) : u_isalnum(static_cast<UChar32>(c));
}
char32_t fold_case(char32_t c) noexcept {
    if (c < 0x80) return static_cast<unsigned char>(ascii_lower(static_cast<char>(c)));
    return static_cast<char32_t>(u_foldCase(static_cast<UChar32>(c), U_FOLD_CASE_DEFAULT));
}

}  // namespace newsmill::normalize
