#include "stages/normalize/markup.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "stages/normalize/unicode.hpp"

namespace newsmill::normalize {
namespace {

enum class Kind : std::uint8_t {
    kUnknown,
    kInline,
    kBlock,
    kLine,  // <br>
    kCell,  // a space
    kDrop,  // goes with its content
    kPre,
};

struct Element {
    std::string_view name;
    Kind kind;
};

// HTML's elements, old ones included, and the few of NITF and NewsML bodies that HTML lacks.
// Sorted by name.
constexpr std::array kElements = {
    Element{"a", Kind::kInline},        Element{"abbr", Kind::kInline},
    Element{"acronym", Kind::kInline},  Element{"address", Kind::kBlock},
    Element{"applet", Kind::kDrop},     Element{"area", Kind::kInline},
    Element{"article", Kind::kBlock},   Element{"aside", Kind::kBlock},
    Element{"audio", Kind::kInline},    Element{"b", Kind::kInline},
    Element{"base", Kind::kInline},     Element{"bdi", Kind::kInline},
    Element{"bdo", Kind::kInline},      Element{"big", Kind::kInline},
    Element{"blink", Kind::kInline},    Element{"blockquote", Kind::kBlock},
    Element{"body", Kind::kBlock},      Element{"body.content", Kind::kBlock},
    Element{"br", Kind::kLine},         Element{"button", Kind::kInline},
    Element{"canvas", Kind::kInline},   Element{"caption", Kind::kBlock},
    Element{"center", Kind::kBlock},    Element{"cite", Kind::kInline},
    Element{"code", Kind::kInline},     Element{"col", Kind::kInline},
    Element{"colgroup", Kind::kInline}, Element{"data", Kind::kInline},
    Element{"datalist", Kind::kDrop},   Element{"dd", Kind::kBlock},
    Element{"del", Kind::kInline},      Element{"details", Kind::kBlock},
    Element{"dfn", Kind::kInline},      Element{"dialog", Kind::kBlock},
    Element{"dir", Kind::kBlock},       Element{"div", Kind::kBlock},
    Element{"dl", Kind::kBlock},        Element{"dt", Kind::kBlock},
    Element{"em", Kind::kInline},       Element{"embed", Kind::kInline},
    Element{"fieldset", Kind::kBlock},  Element{"figcaption", Kind::kBlock},
    Element{"figure", Kind::kBlock},    Element{"font", Kind::kInline},
    Element{"footer", Kind::kBlock},    Element{"form", Kind::kBlock},
    Element{"frame", Kind::kInline},    Element{"frameset", Kind::kBlock},
    Element{"h1", Kind::kBlock},        Element{"h2", Kind::kBlock},
    Element{"h3", Kind::kBlock},        Element{"h4", Kind::kBlock},
    Element{"h5", Kind::kBlock},        Element{"h6", Kind::kBlock},
    Element{"head", Kind::kDrop},       Element{"header", Kind::kBlock},
    Element{"hgroup", Kind::kBlock},    Element{"hl2", Kind::kBlock},
    Element{"hr", Kind::kBlock},        Element{"html", Kind::kBlock},
    Element{"i", Kind::kInline},        Element{"iframe", Kind::kDrop},
    Element{"img", Kind::kInline},      Element{"input", Kind::kInline},
    Element{"ins", Kind::kInline},      Element{"kbd", Kind::kInline},
    Element{"label", Kind::kInline},    Element{"legend", Kind::kBlock},
    Element{"li", Kind::kBlock},        Element{"link", Kind::kInline},
    Element{"main", Kind::kBlock},      Element{"map", Kind::kInline},
    Element{"mark", Kind::kInline},     Element{"marquee", Kind::kInline},
    Element{"menu", Kind::kBlock},      Element{"meta", Kind::kInline},
    Element{"meter", Kind::kInline},    Element{"nav", Kind::kBlock},
    Element{"nobr", Kind::kInline},     Element{"noframes", Kind::kDrop},
    Element{"noscript", Kind::kDrop},   Element{"object", Kind::kInline},
    Element{"ol", Kind::kBlock},        Element{"optgroup", Kind::kBlock},
    Element{"option", Kind::kBlock},    Element{"output", Kind::kInline},
    Element{"p", Kind::kBlock},         Element{"param", Kind::kInline},
    Element{"picture", Kind::kInline},  Element{"pre", Kind::kPre},
    Element{"progress", Kind::kInline}, Element{"q", Kind::kInline},
    Element{"rp", Kind::kInline},       Element{"rt", Kind::kInline},
    Element{"ruby", Kind::kInline},     Element{"s", Kind::kInline},
    Element{"samp", Kind::kInline},     Element{"script", Kind::kDrop},
    Element{"section", Kind::kBlock},   Element{"select", Kind::kDrop},
    Element{"small", Kind::kInline},    Element{"source", Kind::kInline},
    Element{"span", Kind::kInline},     Element{"strike", Kind::kInline},
    Element{"strong", Kind::kInline},   Element{"style", Kind::kDrop},
    Element{"sub", Kind::kInline},      Element{"summary", Kind::kBlock},
    Element{"sup", Kind::kInline},      Element{"svg", Kind::kDrop},
    Element{"table", Kind::kBlock},     Element{"tbody", Kind::kBlock},
    Element{"td", Kind::kCell},         Element{"template", Kind::kDrop},
    Element{"textarea", Kind::kDrop},   Element{"tfoot", Kind::kBlock},
    Element{"th", Kind::kCell},         Element{"thead", Kind::kBlock},
    Element{"time", Kind::kInline},     Element{"title", Kind::kDrop},
    Element{"tr", Kind::kBlock},        Element{"track", Kind::kInline},
    Element{"tt", Kind::kInline},       Element{"u", Kind::kInline},
    Element{"ul", Kind::kBlock},        Element{"var", Kind::kInline},
    Element{"video", Kind::kInline},    Element{"wbr", Kind::kInline},
};

constexpr std::array<std::string_view, 23> kBooleanAttributes = {
    "allowfullscreen", "async",    "autofocus", "autoplay",   "checked",   "compact", "controls",
    "defer",           "disabled", "download",  "hidden",     "itemscope", "loop",    "multiple",
    "muted",           "nomodule", "noshade",   "novalidate", "nowrap",    "open",    "readonly",
    "required",        "selected"};

// Prefixes of the namespaces that word processors, social widgets and feeds leave in bodies.
constexpr std::array<std::string_view, 12> kPrefixes = {
    "o:", "v:", "w:", "m:", "st1:", "fb:", "g:", "svg:", "xsl:", "media:", "content:", "dc:"};

constexpr std::size_t kNameBytesMax = 32;
constexpr std::size_t kTagBytesSmall = 256;

struct Tag {
    std::size_t end = 0;  // one past '>'; 0: no tag
    Kind kind = Kind::kUnknown;
    bool closing = false;
    std::string_view name;  // as written
};

bool is_name_char(char c) noexcept {
    return is_ascii_alnum(c) || c == '-' || c == ':' || c == '_' || c == '.';
}

Kind find_element(std::string_view name) noexcept {
    std::array<char, kNameBytesMax> lower;
    if (name.size() > lower.size()) return Kind::kUnknown;
    std::transform(name.begin(), name.end(), lower.begin(), ascii_lower);
    const std::string_view key(lower.data(), name.size());
    const auto row =
        std::lower_bound(kElements.begin(), kElements.end(), key,
                         [](const Element& a, std::string_view b) { return a.name < b; });
    return row != kElements.end() && row->name == key ? row->kind : Kind::kUnknown;
}

bool has_markup_prefix(std::string_view name) noexcept {
    return std::any_of(kPrefixes.begin(), kPrefixes.end(),
                       [&](std::string_view prefix) { return name.starts_with(prefix); });
}

// Reads tags. What a failed attempt has read is charged to a budget of four times the text; when
// that is spent, a tag may have 256 bytes at most. So the whole stays linear whatever the input.
class TagReader {
   public:
    explicit TagReader(std::string_view text) noexcept
        : text_(text), budget_(4 * text.size() + 4096) {}

    // text[at] is '<'.
    Tag read(std::size_t at) noexcept {
        limit_ = budget_ == 0 ? std::min(text_.size(), at + kTagBytesSmall) : text_.size();
        at_ = at + 1;
        quoted_ = false;
        Tag tag = read_tag();
        if (tag.end == 0) budget_ -= std::min(budget_, at_ - at);
        return tag;
    }

    // The place of one closer, remembered so that no stretch of text is searched twice.
    struct Closer {
        std::string_view mark;
        std::size_t from = 1;  // [from, found) holds no mark; empty at first
        std::size_t found = 0;
    };

    // One past the next mark from `at` on, or npos.
    std::size_t find_past(Closer& closer, std::size_t at) const noexcept {
        if (at < closer.from || at > closer.found) {
            closer.from = at;
            closer.found = text_.find(closer.mark, at);
        }
        return closer.found == std::string_view::npos ? closer.found
                                                      : closer.found + closer.mark.size();
    }

   private:
    char peek() const noexcept { return at_ < limit_ ? text_[at_] : '\0'; }
    void skip_space() noexcept {
        while (at_ < limit_ && is_ascii_space(text_[at_])) ++at_;
    }

    Tag read_tag() noexcept {
        Tag tag;
        if (peek() == '/') {
            tag.closing = true;
            ++at_;
        }
        if (!is_ascii_letter(peek())) return tag;
        const std::size_t name = at_;
        while (at_ < limit_ && is_name_char(text_[at_]) && at_ - name <= kNameBytesMax) ++at_;
        tag.name = text_.substr(name, at_ - name);
        tag.kind = find_element(tag.name);
        bool evidence = tag.kind != Kind::kUnknown || has_markup_prefix(tag.name);
        if (tag.closing) {
            // "</amp-img>": a name with a hyphen that a slash opens is no word of a text.
            evidence |= tag.name.find('-') != std::string_view::npos;
            skip_space();
        } else if (!read_attributes(evidence) && !skip_broken_attributes(tag.kind)) {
            return tag;
        }
        if (!evidence || peek() != '>') return tag;
        tag.end = at_ + 1;
        return tag;
    }

    // Up to the '>' of the tag; false: these are no attributes. A quoted value proves a tag.
    bool read_attributes(bool& evidence) noexcept {
        for (;;) {
            const std::size_t before = at_;
            skip_space();
            if (peek() == '/') {
                ++at_;
                if (peek() == '>') return true;
                continue;
            }
            if (peek() == '>') return true;
            if (before == at_ && before != 0 && text_[before - 1] != '"' &&
                text_[before - 1] != '\'') {
                return false;
            }
            if (!read_attribute(evidence)) return false;
        }
    }

    // Attributes that are broken by their own quotation marks: an element of HTML that had one good
    // quoted value ends at the next '>'.
    bool skip_broken_attributes(Kind kind) noexcept {
        constexpr std::size_t kBytesMax = 1024;
        if (kind == Kind::kUnknown || !quoted_) return false;
        const std::size_t end = std::min(limit_, at_ + kBytesMax);
        while (at_ < end && text_[at_] != '>' && text_[at_] != '<') ++at_;
        return peek() == '>';
    }

    bool read_attribute(bool& evidence) noexcept {
        const std::size_t name = at_;
        if (!is_ascii_letter(peek()) && peek() != '_' && peek() != '@' && peek() != ':') {
            return false;
        }
        ++at_;
        while (is_name_char(peek()) || peek() == '@') ++at_;
        const std::string_view attribute = text_.substr(name, at_ - name);
        const std::size_t after_name = at_;
        skip_space();
        if (peek() != '=') {
            at_ = after_name;
            return std::any_of(
                kBooleanAttributes.begin(), kBooleanAttributes.end(),
                [&](std::string_view known) { return equals_ignoring_case(attribute, known); });
        }
        ++at_;
        skip_space();
        const char quote = peek();
        if (quote == '"' || quote == '\'') return read_quoted(quote, evidence);
        const std::size_t value = at_;
        while (at_ < limit_ && !is_ascii_space(text_[at_]) && text_[at_] != '>' &&
               text_[at_] != '<') {
            ++at_;
        }
        return at_ > value;
    }

    bool read_quoted(char quote, bool& evidence) noexcept {
        std::size_t& none_from = quote == '"' ? no_double_from_ : no_single_from_;
        if (at_ + 1 >= none_from) return false;
        const std::size_t end = text_.substr(0, limit_).find(quote, at_ + 1);
        if (end == std::string_view::npos) {
            if (limit_ == text_.size()) none_from = at_ + 1;
            return false;
        }
        at_ = end + 1;
        evidence = quoted_ = true;
        return true;
    }

    std::string_view text_;
    std::size_t budget_;
    std::size_t limit_ = 0;
    std::size_t at_ = 0;
    bool quoted_ = false;  // the tag has a quoted value
    std::size_t no_double_from_ = std::string_view::npos;
    std::size_t no_single_from_ = std::string_view::npos;
};

constexpr std::string_view kParagraph = "\xE2\x80\xA9";
constexpr std::string_view kLineBreak = "\xE2\x80\xA8";

class Stripper {
   public:
    // `declared`: the source says HTML, so that even blank lines mean nothing.
    Stripper(std::string_view text, bool declared, bool html, std::string& out) noexcept
        : text_(text), declared_(declared), html_(html), out_(out), reader_(text) {}

    bool run() {
        std::size_t at = 0;
        while (at < text_.size()) {
            const std::size_t open = std::min(text_.find('<', at), text_.size());
            append_text(text_.substr(at, open - at));
            if (open == text_.size()) break;
            at = special_or_tag(open);
            if (at == open) {
                out_.push_back('<');
                at = open + 1;
            } else {
                changed_ = true;
            }
        }
        return changed_;
    }

   private:
    void append_text(std::string_view piece) {
        const std::size_t first = out_.size();
        const std::size_t mark = cdata_ ? piece.find("]]>") : std::string_view::npos;
        out_.append(piece.substr(0, mark));
        if (mark != std::string_view::npos) {
            cdata_ = false;
            out_.append(piece.substr(mark + 3));
        }
        if (!html_ || pre_depth_ > 0) return;
        for (std::size_t i = first; i < out_.size(); ++i) {
            if (out_[i] != '\n' && out_[i] != '\r') continue;
            if (!declared_ && keeps_break(i)) continue;
            out_[i] = ' ';
            changed_ = true;
        }
    }

    // In HTML that is only guessed, line ends mean something outside of elements, and blank lines
    // everywhere: what looks like HTML may be plain text with one <div> in it.
    bool keeps_break(std::size_t& at) const noexcept {
        std::size_t end = at + 1;
        std::size_t lines = out_[at] == '\n';
        while (end < out_.size() && is_ascii_space(out_[end])) lines += out_[end++] == '\n';
        if (block_depth_ > 0 && lines <= 1) return false;
        at = end - 1;
        return true;
    }

    // One past what starts at the '<', or its own place if that is text.
    std::size_t special_or_tag(std::size_t open) {
        const char next = open + 1 < text_.size() ? text_[open + 1] : '\0';
        if (next == '!' || next == '?') return declaration(open);
        if (next != '/' && !is_ascii_letter(next)) return open;
        const Tag tag = reader_.read(open);
        if (tag.end == 0) return open;
        return element(tag);
    }

    std::size_t declaration(std::size_t open) {
        const std::string_view rest = text_.substr(open, 12);
        constexpr std::size_t npos = std::string_view::npos;
        std::size_t end = npos;
        if (rest.starts_with("<!--")) {
            if (rest.starts_with("<!-->")) return open + 5;
            end = reader_.find_past(comment_end_, open + 4);
            return end == npos ? open + 4 : end;  // never closed: only the mark goes
        }
        if (rest.starts_with("<![CDATA[")) {
            cdata_ = true;
            return open + 9;
        }
        if (rest.starts_with("<![")) {  // <![if !IE]>, <![endif]>
            end = reader_.find_past(section_end_, open + 3);
        } else if (starts_with_ignoring_case(rest, "<!doctype") ||
                   starts_with_ignoring_case(rest, "<!entity") ||
                   (rest.starts_with("<?") && rest.size() > 2 && is_ascii_letter(rest[2]))) {
            end = reader_.find_past(close_, open + 2);
        }
        return end == npos || end - open > 4096 ? open : end;
    }

    std::size_t element(const Tag& tag) {
        switch (tag.kind) {
            case Kind::kBlock: block(tag.closing); break;
            case Kind::kLine: out_.append(kLineBreak); break;
            case Kind::kCell: out_.push_back(' '); break;
            case Kind::kPre:
                out_.append(kParagraph);
                pre_depth_ = tag.closing ? 0 : 1;
                break;
            case Kind::kDrop:
                if (!tag.closing) return past_content(tag);
                break;
            default: break;
        }
        return tag.end;
    }

    void block(bool closing) {
        out_.append(kParagraph);
        if (!closing) {
            ++block_depth_;
        } else if (block_depth_ > 0) {
            --block_depth_;
        }
    }

    // One past the element's end tag. Without one, a script or style of an HTML text has been cut
    // off and goes to the end; any other element loses its tag alone.
    std::size_t past_content(const Tag& tag) {
        if (text_[tag.end - 2] == '/') return tag.end;
        const std::size_t at = find_end_tag(tag);
        if (at != std::string_view::npos) {
            const std::size_t close = text_.find('>', at);
            return close == std::string_view::npos ? text_.size() : close + 1;
        }
        const bool code =
            equals_ignoring_case(tag.name, "script") || equals_ignoring_case(tag.name, "style");
        return code && html_ ? text_.size() : tag.end;
    }

    std::size_t find_end_tag(const Tag& tag) noexcept {
        const char first = ascii_lower(tag.name.front());
        std::size_t& none_from = no_end_from_[static_cast<unsigned char>(first) & 31];
        for (std::size_t at = tag.end; at < none_from;) {
            at = text_.find("</", at);
            if (at == std::string_view::npos) break;
            const std::string_view name = text_.substr(at + 2, tag.name.size());
            const std::size_t after = at + 2 + tag.name.size();
            const bool ends = after >= text_.size() || !is_name_char(text_[after]);
            if (ends && name.size() == tag.name.size() &&
                std::equal(name.begin(), name.end(), tag.name.begin(),
                           [](char a, char b) { return ascii_lower(a) == ascii_lower(b); })) {
                return at;
            }
            at += 2;
        }
        // Per first letter, not per name: after one failure, elements that share the letter are
        // not searched again. Wrong only for texts that are cut off twice.
        none_from = std::min(none_from, tag.end);
        return std::string_view::npos;
    }

    std::string_view text_;
    bool declared_;
    bool html_;
    std::string& out_;
    TagReader reader_;
    bool changed_ = false;
    int pre_depth_ = 0;
    std::size_t block_depth_ = 0;  // elements that are open; void ones count too
    bool cdata_ = false;           // after "<![CDATA[", before "]]>"
    TagReader::Closer comment_end_{"-->"};
    TagReader::Closer section_end_{"]>"};
    TagReader::Closer close_{">"};
    std::array<std::size_t, 32> no_end_from_ = filled_no_end();

    static constexpr std::array<std::size_t, 32> filled_no_end() noexcept {
        std::array<std::size_t, 32> all{};
        for (std::size_t& one : all) one = std::string_view::npos;
        return all;
    }
};

// A text is HTML if its structure is in its tags: at least one block tag for four line ends.
bool looks_like_html(std::string_view text) noexcept {
    TagReader reader(text);
    std::size_t blocks = 0;
    const auto lines = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
    for (std::size_t at = text.find('<'); at < text.size(); at = text.find('<', at)) {
        const Tag tag = reader.read(at);
        blocks += tag.end != 0 && (tag.kind == Kind::kBlock || tag.kind == Kind::kLine);
        at = tag.end == 0 ? at + 1 : tag.end;
    }
    return blocks > 0 && blocks * 4 >= lines;
}

}  // namespace

bool strip_markup(std::string_view text, bool html, std::string& out) {
    if (text.find('<') == std::string_view::npos && !html) {
        out.append(text);
        return false;
    }
    return Stripper(text, html, html || looks_like_html(text), out).run();
}

}  // namespace newsmill::normalize
