#include "stages/formats/html_shape.hpp"

#include <algorithm>
#include <array>
#include <initializer_list>

namespace newsmill {
namespace {

constexpr std::size_t kSlots = 512;
constexpr std::size_t kNameBytesMax = 24;

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }
bool is_letter(char c) noexcept { return lower(c) >= 'a' && lower(c) <= 'z'; }
bool is_space(char c) noexcept {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

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

class ShapeScanner {
   public:
    explicit ShapeScanner(std::string_view html) noexcept : html_(html) {}

    HtmlShape scan() noexcept {
        for (at_ = html_.find('<'); at_ < html_.size(); at_ = html_.find('<', at_)) {
            const std::string_view rest = html_.substr(++at_);
            if (rest.starts_with("!--")) {
                skip_comment();
            } else if (!rest.empty() && is_letter(rest[0])) {
                open_tag();
            } else if (rest.size() > 1 && rest[0] == '/' && is_letter(rest[1])) {
                ++at_;
                close_tag();
            } else if (!rest.empty() && (rest[0] == '!' || rest[0] == '?' || rest[0] == '/')) {
                skip_past(">");
            }
        }
        // One more for each implied <tbody>, <tr>, <p> and the like.
        shape_.depth *= 2;
        return shape_;
    }

   private:
    void skip_past(std::string_view mark) noexcept {
        const std::size_t found = html_.find(mark, at_);
        at_ = found == std::string_view::npos ? html_.size() : found + mark.size();
    }

    void skip_comment() noexcept {
        at_ += 3;
        const std::string_view rest = html_.substr(at_);
        if (rest.starts_with('>') || rest.starts_with("->")) return;
        at_ = std::min({html_.find("-->", at_), html_.find("--!>", at_), html_.size()});
    }

    std::string_view name() noexcept {
        std::size_t size = 0;
        for (; at_ < html_.size(); ++at_) {
            const char c = html_[at_];
            if (c == '>' || c == '/' || is_space(c)) break;
            if (size < name_.size()) name_[size++] = lower(c);
        }
        return {name_.data(), size};
    }

    // To behind the tag's '>'. True if the tag ends itself.
    bool attributes() noexcept {
        std::size_t count = 0;
        bool slash = false;
        while (at_ < html_.size() && html_[at_] != '>') {
            const char c = html_[at_];
            if (is_space(c) || c == '/') {
                slash = c == '/';
                ++at_;
                continue;
            }
            ++count;
            slash = false;
            attribute();
        }
        ++at_;
        shape_.attributes = std::max(shape_.attributes, count);
        return slash;
    }

    void skip_spaces() noexcept {
        while (at_ < html_.size() && is_space(html_[at_])) ++at_;
    }

    void attribute() noexcept {
        ++at_;  // a name may begin with '='
        at_ = std::min(html_.find_first_of(" \t\n\r\f/>=", at_), html_.size());
        skip_spaces();
        if (at_ >= html_.size() || html_[at_] != '=') return;
        ++at_;
        skip_spaces();
        if (at_ >= html_.size()) return;
        const char quote = html_[at_];
        if (quote == '"' || quote == '\'') {
            at_ = std::min(html_.find(quote, at_ + 1), html_.size() - 1) + 1;
        } else {
            at_ = std::min(html_.find_first_of(" \t\n\r\f>", at_), html_.size());
        }
    }

    void open_tag() noexcept {
        const std::string_view tag = name();
        const std::size_t slot = slot_of(tag);
        // In SVG and MathML every element adds a level, unless its tag ends it; none is raw.
        const bool foreign = open_[slot_of("svg")] + open_[slot_of("math")] > 0;
        const bool flat = foreign ? tag == "p" : adds_no_level(tag);
        const bool raw = !foreign && is_raw(tag);
        const bool ended = attributes();
        if (flat || (foreign && ended)) return;
        ++open_[slot];
        shape_.depth = std::max(shape_.depth, ++depth_);
        if (raw) skip_raw(tag);
    }

    void close_tag() noexcept {
        const std::size_t slot = slot_of(name());
        attributes();
        if (open_[slot] == 0) return;
        --open_[slot];
        --depth_;
    }

    // To the end tag of a raw element; without one to the end.
    void skip_raw(std::string_view tag) noexcept {
        for (; (at_ = html_.find("</", at_)) != std::string_view::npos; at_ += 2) {
            const std::string_view rest = html_.substr(at_ + 2, tag.size());
            if (std::equal(rest.begin(), rest.end(), tag.begin(), tag.end(),
                           [](char a, char b) { return lower(a) == b; })) {
                return;
            }
        }
        at_ = html_.size();
    }

    std::string_view html_;
    std::size_t at_ = 0;
    HtmlShape shape_;
    std::size_t depth_ = 0;
    std::array<std::uint32_t, kSlots> open_{};
    std::array<char, kNameBytesMax> name_;
};

}  // namespace

HtmlShape html_shape(std::string_view html) noexcept {
    HtmlShape shape = ShapeScanner(html).scan();
    for (std::size_t i = 1; i < html.size(); ++i) {
        if (html[i - 1] == '<' && is_letter(html[i])) ++shape.elements;
    }
    return shape;
}

}  // namespace newsmill
