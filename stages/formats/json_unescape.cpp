#include "stages/formats/json_unescape.hpp"

#include <cstdint>
#include <cstring>

#include "stages/formats/utf8.hpp"

namespace newsmill {
namespace {

constexpr std::uint32_t kNotHex = UINT32_MAX;

constexpr std::uint32_t hex_digit(char c) noexcept {
    if (c >= '0' && c <= '9') return static_cast<std::uint32_t>(c - '0');
    const char lower = static_cast<char>(c | 0x20);
    if (lower >= 'a' && lower <= 'f') return static_cast<std::uint32_t>(lower - 'a' + 10);
    return kNotHex;
}

std::uint32_t hex_quad(const char* at) noexcept {
    std::uint32_t value = 0;
    for (int i = 0; i < 4; ++i) {
        const std::uint32_t digit = hex_digit(at[i]);
        if (digit == kNotHex) return kNotHex;
        value = value << 4 | digit;
    }
    return value;
}

// What the character after a backslash stands for; NUL if it is no simple escape.
constexpr char simple_escape(char c) noexcept {
    switch (c) {
        case '"':
        case '\\':
        case '/': return c;
        case 'b': return '\b';
        case 'f': return '\f';
        case 'n': return '\n';
        case 'r': return '\r';
        case 't': return '\t';
        default: return '\0';
    }
}

// Reads the \u escape at `at` (past "\u") and the low half of a pair behind it.
const char* read_unicode(const char* at, const char* end, std::uint32_t& code_point) noexcept {
    code_point = hex_quad(at);
    at += 4;
    const bool high = code_point >= 0xD800 && code_point < 0xDC00;
    if (high && end - at >= 6 && at[0] == '\\' && at[1] == 'u') {
        const std::uint32_t low = hex_quad(at + 2);
        if (low >= 0xDC00 && low <= 0xDFFF) {
            code_point = 0x10000 + ((code_point - 0xD800) << 10) + (low - 0xDC00);
            return at + 6;
        }
    }
    return at;
}

const char* find_backslash(const char* at, const char* end) noexcept {
    const void* found = std::memchr(at, '\\', static_cast<std::size_t>(end - at));
    return found == nullptr ? end : static_cast<const char*>(found);
}

}  // namespace

bool escapes_are_valid(std::string_view escaped) noexcept {
    if (escaped.empty()) return true;
    const char* const end = escaped.data() + escaped.size();
    const char* at = find_backslash(escaped.data(), end);
    while (at < end) {
        if (end - at < 2) return false;
        if (at[1] == 'u') {
            if (end - at < 6 || hex_quad(at + 2) == kNotHex) return false;
            at += 6;
        } else {
            if (simple_escape(at[1]) == '\0') return false;
            at += 2;
        }
        // In dense escapes (all of a Cyrillic text) the next one is right here.
        if (at < end && *at != '\\') at = find_backslash(at, end);
    }
    return true;
}

std::size_t unescape_json(std::string_view escaped, char* out) noexcept {
    if (escaped.empty()) return 0;
    const char* at = escaped.data();
    const char* const end = at + escaped.size();
    char* const first = out;
    while (at < end) {
        if (*at != '\\') {
            const char* const run_end = find_backslash(at, end);
            std::memcpy(out, at, static_cast<std::size_t>(run_end - at));
            out += run_end - at;
            at = run_end;
            continue;
        }
        if (at[1] == 'u') {
            std::uint32_t code_point;
            at = read_unicode(at + 2, end, code_point);
            out = append_code_point(out, code_point);
        } else {
            *out++ = simple_escape(at[1]);
            at += 2;
        }
    }
    return static_cast<std::size_t>(out - first);
}

std::string_view unescape_json(std::string_view escaped, Arena& arena) noexcept {
    if (escaped.find('\\') == std::string_view::npos) return escaped;
    char* const out = arena.alloc(escaped.size());
    const std::size_t size = unescape_json(escaped, out);
    arena.shrink(out + size, out + escaped.size());
    return {out, size};
}

}  // namespace newsmill
