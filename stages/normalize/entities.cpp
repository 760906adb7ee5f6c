#include "stages/normalize/entities.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

#include "stages/normalize/entity_table.hpp"
#include "stages/normalize/unicode.hpp"

namespace newsmill::normalize {
namespace {

constexpr std::size_t kNameBytesMax = 31;  // CounterClockwiseContourIntegral

// What a reference stands for: a table row's characters, or one code point, or nothing (NUL).
struct Reference {
    std::size_t end = 0;  // one past the reference; 0: there is none
    std::string_view characters;
    char32_t value = 0;
    bool is_ampersand() const noexcept { return characters == "&" || value == '&'; }
};

char32_t meaning_of(std::uint32_t number) noexcept {
    if (number >= 0x80 && number < 0xA0) {
        return cp1252_to_unicode(static_cast<unsigned char>(number));
    }
    const bool surrogate = number >= 0xD800 && number < 0xE000;
    return surrogate || number > 0x10FFFF ? 0xFFFD : number;
}

int digit_value(char c, bool hex) noexcept {
    if (is_ascii_digit(c)) return c - '0';
    if (!hex) return -1;
    const char lower = ascii_lower(c);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

struct Number {
    std::uint32_t value = 0;
    std::size_t end = 0;  // 0: no number here
};

// text[at] is the '#'.
Number read_number(std::string_view text, std::size_t at) noexcept {
    std::size_t i = at + 1;
    const bool hex = i < text.size() && (text[i] | 0x20) == 'x';
    if (hex) ++i;
    const std::size_t first = i;
    std::uint32_t value = 0;
    while (i < text.size() && i - first < 8) {
        const int digit = digit_value(text[i], hex);
        if (digit < 0) break;
        value = value * (hex ? 16 : 10) + static_cast<std::uint32_t>(digit);
        ++i;
    }
    if (i == first) return {};
    if (i < text.size() && text[i] == ';') return {value, i + 1};
    // Without its semicolon one digit is more likely a number in the text ("our &#1 hit").
    if (i - first < 2 || (i < text.size() && digit_value(text[i], hex) >= 0)) return {};
    return {value, i};
}

Reference read_numeric(std::string_view text, std::size_t at) noexcept {
    const Number number = read_number(text, at);
    if (number.end == 0) return {};
    if (number.value >= 0xD800 && number.value < 0xDC00 && number.end + 1 < text.size() &&
        text[number.end] == '&' && text[number.end + 1] == '#') {
        const Number low = read_number(text, number.end + 1);
        if (low.end != 0 && low.value >= 0xDC00 && low.value < 0xE000) {
            const std::uint32_t pair =
                0x10000 + ((number.value - 0xD800) << 10) + (low.value - 0xDC00);
            return {low.end, {}, pair};
        }
    }
    return {number.end, {}, meaning_of(number.value)};
}

// "&nbspHello", "AT&ampT": the few names that are cut off by what follows them.
Reference read_glued_name(std::string_view text, std::size_t at) noexcept {
    const std::string_view rest = text.substr(at, 5);
    if (rest.starts_with("nbsp")) return {at + 4, "\xC2\xA0", 0};
    if (rest.starts_with("amp") && rest.size() > 3 && is_ascii_upper(rest[3])) {
        return {at + 3, "&", 0};
    }
    if (rest.starts_with("quot") && rest.size() > 4 && is_ascii_upper(rest[4])) {
        return {at + 4, "\"", 0};
    }
    return {};
}

Reference read_named(std::string_view text, std::size_t at) noexcept {
    std::size_t end = at;
    while (end < text.size() && end - at <= kNameBytesMax && is_ascii_alnum(text[end])) ++end;
    const std::string_view name = text.substr(at, end - at);
    if (name.size() > kNameBytesMax) return read_glued_name(text, at);
    if (end < text.size() && text[end] == ';') {
        NamedEntity entity = find_entity(name);
        if (entity.characters.empty() && name.size() >= 4 &&
            std::all_of(name.begin(), name.end(), is_ascii_upper)) {
            std::array<char, kNameBytesMax> lower;
            std::transform(name.begin(), name.end(), lower.begin(), ascii_lower);
            entity = find_entity({lower.data(), name.size()});
        }
        if (!entity.characters.empty()) return {end + 1, entity.characters, 0};
    } else if (end == text.size() || text[end] != '=') {  // "?a=1&copy=2" is an address
        const NamedEntity entity = find_entity(name);
        if (entity.legacy) return {end, entity.characters, 0};
    }
    if (end < text.size() && text[end] == '=') return {};
    return read_glued_name(text, at);
}

// text[at] is what follows an ampersand, real or decoded.
Reference read_reference(std::string_view text, std::size_t at) noexcept {
    if (at >= text.size()) return {};
    if (text[at] == '#') return read_numeric(text, at);
    return is_ascii_letter(text[at]) ? read_named(text, at) : Reference{};
}

// A reference whose '&' was lost or turned into a space; `begin` is its first byte to replace.
struct Broken {
    std::size_t begin = 0;
    std::string_view characters;
    char32_t value = 0;
    bool found = false;
};

Broken read_broken_number(std::string_view text, std::size_t semicolon) noexcept {
    std::size_t i = semicolon;
    std::uint32_t number = 0, scale = 1;
    while (i > 0 && semicolon - i < 5 && is_ascii_digit(text[i - 1])) {
        number += static_cast<std::uint32_t>(text[--i] - '0') * scale;
        scale *= 10;
    }
    if (semicolon - i < 2 || i == 0 || text[i - 1] != '#') return {};
    --i;
    if (i > 0 && (text[i - 1] == '&' || is_ascii_alnum(text[i - 1]))) return {};
    // Signs only: "#10;" or "#65;" is more likely a place in a list.
    const bool sign = (number > 32 && number < 48) || number == 60 || number == 62 ||
                      (number >= 128 && number < 256) || (number >= 0x2010 && number <= 0x2122);
    if (!sign) return {};
    return {i, {}, meaning_of(number), true};
}

Broken read_broken(std::string_view text, std::size_t semicolon) noexcept {
    Broken broken = read_broken_number(text, semicolon);
    if (!broken.found) {
        static constexpr std::array<std::string_view, 6> kNames = {"amp", "quot", "lt",
                                                                   "gt",  "apos", "nbsp"};
        for (const std::string_view name : kNames) {
            if (semicolon <= name.size()) continue;
            const std::size_t begin = semicolon - name.size();
            if (text[begin - 1] == ' ' && text.substr(begin, name.size()) == name) {
                broken = {begin, find_entity(name).characters, 0, true};
                break;
            }
        }
    }
    if (!broken.found || broken.begin == 0 || text[broken.begin - 1] != ' ') return broken;
    // The space before it stands for the ampersand, except where a sum would stick to a word.
    const bool currency = broken.value == '$' || broken.value == 0xA3 || broken.value == 0x20AC;
    const bool second_space = broken.begin >= 2 && text[broken.begin - 2] == ' ';
    if (!currency || second_space || broken.begin == 1) --broken.begin;
    if (broken.begin > 0 && text[broken.begin] == ' ' && text[broken.begin - 1] == '&') {
        --broken.begin;
    }
    return broken;
}

void append_reference(std::string& out, std::string_view characters, char32_t value) {
    if (!characters.empty()) {
        out.append(characters);
    } else if (value != 0) {
        append_utf8(out, value);
    }
}

}  // namespace

NamedEntity find_entity(std::string_view name) noexcept {
    const auto row =
        std::lower_bound(kEntities.begin(), kEntities.end(), name,
                         [](const EntityRow& a, std::string_view b) { return a.name < b; });
    if (row == kEntities.end() || row->name != name) return {};
    return {row->characters, row->legacy};
}

bool may_be_entity(std::string_view text, std::size_t at) noexcept {
    return read_reference(text, at + 1).end != 0;
}

bool ends_broken_entity(std::string_view text, std::size_t at) noexcept {
    if (at < 2) return false;
    const char before = text[at - 1];
    if (!is_ascii_digit(before) && before != 'p' && before != 't' && before != 's') return false;
    return read_broken(text, at).found;
}

bool decode_entities(std::string_view text, std::string& out) {
    bool changed = false;
    std::size_t i = 0;
    std::size_t untouched = 0;  // from here on the output holds the input's own bytes
    while (i < text.size()) {
        const std::size_t run = i;
        while (i < text.size() && text[i] != '&' && text[i] != ';') ++i;
        out.append(text.substr(run, i - run));
        if (i == text.size()) break;
        if (text[i] == ';') {
            if (ends_broken_entity(text, i)) {
                const Broken broken = read_broken(text, i);
                if (broken.begin >= untouched) {
                    out.resize(out.size() - (i - broken.begin));
                    append_reference(out, broken.characters, broken.value);
                    untouched = ++i;
                    changed = true;
                    continue;
                }
            }
            out.push_back(text[i++]);
            continue;
        }
        Reference reference = read_reference(text, i + 1);
        if (reference.end == 0) {
            out.push_back(text[i++]);
            continue;
        }
        while (reference.is_ampersand()) {  // "&amp;lt;": the decoded '&' may start the next one
            const Reference inner = read_reference(text, reference.end);
            if (inner.end == 0) break;
            reference = inner;
        }
        append_reference(out, reference.characters, reference.value);
        untouched = i = reference.end;
        changed = true;
    }
    return changed;
}

}  // namespace newsmill::normalize
