#include <algorithm>
#include <array>

#include "stages/formats/html_page.hpp"

namespace newsmill {
namespace {

constexpr std::size_t kSlots = 512;
constexpr std::size_t kNameBytesMax = 24;

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }
bool is_letter(char c) noexcept { return lower(c) >= 'a' && lower(c) <= 'z'; }

bool is_any_of(std::string_view name, std::initializer_list<std::string_view> names) noexcept {
    return std::find(names.begin(), names.end(), name) != names.end();
}

// Elements that hold nothing, or that the next of their kind ends: they add no level of their own
// beside that of the element around them, which is counted.
bool adds_no_level(std::string_view name) noexcept {
    return is_any_of(name,
                     {"area", "base",  "br",  "col",   "embed",  "hr",    "img",  "input",  "link",
                      "meta", "param", "wbr", "track", "source", "p",     "li",   "option", "tr",
                      "td",   "th",    "dt",  "dd",    "tbody",  "thead", "tfoot"});
}

// Elements whose content is text up to their end tag.
bool is_raw(std::string_view name) noexcept {
    return is_any_of(
        name, {"script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes"});
}

std::size_t slot_of(std::string_view name) noexcept {
    std::size_t hash = 1469598103934665603u;
    for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
    return (hash >> 7) % kSlots;
}

}  // namespace

std::size_t html_depth_bound(std::string_view html, std::size_t& elements) noexcept {
    std::array<std::uint32_t, kSlots> open{};
    std::size_t depth = 0, deepest = 0;
    elements = 0;
    for (std::size_t at = html.find('<'); at != std::string_view::npos; at = html.find('<', at)) {
        ++at;
        const bool closing = at < html.size() && html[at] == '/';
        if (closing) ++at;
        if (at >= html.size() || !is_letter(html[at])) continue;
        std::array<char, kNameBytesMax> buffer;
        std::size_t size = 0;
        for (; at < html.size() && html[at] != '>' && html[at] != '/' && html[at] > ' '; ++at) {
            if (size < buffer.size()) buffer[size++] = lower(html[at]);
        }
        const std::string_view name(buffer.data(), size);
        ++elements;
        if (adds_no_level(name)) continue;
        std::uint32_t& count = open[slot_of(name)];
        if (closing) {
            if (count > 0) {
                --count;
                --depth;
            }
            continue;
        }
        // In SVG and MathML an element may end in its own tag.
        const std::size_t end = std::min(html.find('>', at), html.size());
        const bool foreign = open[slot_of("svg")] + open[slot_of("math")] > 0;
        if (foreign && end > 0 && end < html.size() && html[end - 1] == '/') continue;
        ++count;
        deepest = std::max(deepest, ++depth);
        if (is_raw(name)) {
            // To its end tag; without one to the end.
            std::size_t close = end;
            while ((close = html.find("</", close)) != std::string_view::npos) {
                const std::string_view rest = html.substr(close + 2, size);
                if (std::equal(rest.begin(), rest.end(), name.begin(), name.end(),
                               [](char a, char b) { return lower(a) == b; })) {
                    break;
                }
                close += 2;
            }
            if (close == std::string_view::npos) return deepest;
            at = close;
        }
    }
    // One more for each implied <tbody>, <tr>, <p> and the like.
    return 2 * deepest;
}

}  // namespace newsmill
