// What the XML readers share.
#include <algorithm>
#include <pugixml.hpp>

#include "stages/formats/xml_paragraphs.hpp"
#include "stages/formats/xml_readers.hpp"
#include "stages/normalize/dates.hpp"

namespace newsmill {
namespace {

constexpr std::string_view kIdPrefix = "urn:newsmill:id:";

bool is_letter(char c) noexcept { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; }
bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
bool is_space(char c) noexcept { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// A scheme that names by itself: a number before a colon, as in "20160512:RTZ:8883", is none, and
// neither is a word that is no registered scheme.
bool has_scheme(std::string_view id) noexcept {
    const std::size_t colon = id.find(':');
    if (colon == std::string_view::npos || colon < 3 || colon + 1 == id.size()) return false;
    return is_letter(id[0]) &&
           std::all_of(id.begin(), id.begin() + static_cast<long>(colon), [](char c) {
               return is_letter(c) || is_digit(c) || c == '+' || c == '-' || c == '.';
           });
}

bool is_uuid(std::string_view id) noexcept {
    if (id.size() != 36) return false;
    for (std::size_t i = 0; i < id.size(); ++i) {
        const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        const char low = static_cast<char>(id[i] | 0x20);
        if (dash ? id[i] != '-' : !(is_digit(id[i]) || (low >= 'a' && low <= 'f'))) return false;
    }
    return true;
}

bool is_plain(char c) noexcept {
    return is_letter(c) || is_digit(c) ||
           std::string_view("-._~:/?#@!$&'()*+,;=%").find(c) != std::string_view::npos;
}

}  // namespace

std::string_view uri_of_id(std::string_view scheme, std::string_view id, Arena& arena) noexcept {
    constexpr std::string_view kHex = "0123456789ABCDEF";
    if (id.empty() || has_scheme(id) || is_uuid(id)) return id;
    const std::size_t room = kIdPrefix.size() + 3 * (scheme.size() + id.size()) + 1;
    char* const first = arena.alloc(room);
    char* out = first + kIdPrefix.copy(first, kIdPrefix.size());
    const auto append = [&](std::string_view part) {
        for (const char c : part) {
            if (is_plain(c)) {
                *out++ = c;
                continue;
            }
            const auto byte = static_cast<unsigned char>(c);
            *out++ = '%';
            *out++ = kHex[byte >> 4];
            *out++ = kHex[byte & 15];
        }
    };
    append(scheme);
    if (!scheme.empty()) *out++ = ':';
    append(id);
    arena.shrink(out, first + room);
    return {first, static_cast<std::size_t>(out - first)};
}

std::string_view one_line(std::string_view text, Arena& arena) noexcept {
    const bool plain = std::adjacent_find(text.begin(), text.end(), [](char a, char b) {
                           return is_space(b) && (is_space(a) || b != ' ');
                       }) == text.end();
    if (plain) return text;
    char* const first = arena.alloc(text.size());
    char* out = first;
    for (const char c : text) {
        if (!is_space(c)) {
            *out++ = c;
        } else if (out != first && out[-1] != ' ') {
            *out++ = ' ';
        }
    }
    if (out != first && out[-1] == ' ') --out;
    arena.shrink(out, first + text.size());
    return {first, static_cast<std::size_t>(out - first)};
}

// What stands before the date, a bracket or a dash.
std::string_view place_of_dateline(std::string_view line) noexcept {
    std::size_t end = 0;
    for (std::size_t at = 0; at < line.size();) {
        const std::size_t next = std::min(line.find(' ', at), line.size());
        std::string_view word = line.substr(at, next - at);
        while (!word.empty() && (word.back() == ',' || word.back() == '.')) word.remove_suffix(1);
        const bool number = !word.empty() && is_digit(word[0]);
        const bool month =
            next + 1 < line.size() && is_digit(line[next + 1]) && normalize::is_month_name(word);
        const bool dash = word == "-" || word == "\xE2\x80\x93" || word == "\xE2\x80\x94";
        if (number || month || dash || word.starts_with('(')) break;
        end = next;
        at = next + 1;
    }
    while (end > 0 && (line[end - 1] == ',' || line[end - 1] == ' ')) --end;
    return line.substr(0, end);
}

void append_plain(std::string_view text, std::string& html) {
    ParagraphWriter writer(html);
    writer.text(text);
    writer.end_paragraph();
}

}  // namespace newsmill
