#include "stages/formats/xml.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <pugixml.hpp>

#include "stages/formats/xml_paragraphs.hpp"

namespace newsmill {
namespace {

constexpr unsigned kParseFlags = pugi::parse_cdata | pugi::parse_escapes |
                                 pugi::parse_wconv_attribute | pugi::parse_eol |
                                 pugi::parse_ws_pcdata;

bool is_space(char c) noexcept { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

bool is_name_start(char c) noexcept {
    return (lower(c) >= 'a' && lower(c) <= 'z') || c == '_' || (c & 0x80) != 0;
}

std::string_view trim(std::string_view text) noexcept {
    while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
    return text;
}

std::string_view skip_past(std::string_view text, std::string_view mark) noexcept {
    const std::size_t at = text.find(mark);
    return at == std::string_view::npos ? std::string_view() : text.substr(at + mark.size());
}

// The doctype at the start of `text` ("<!DOCTYPE … [ … ]>"); empty if it does not end.
std::string_view doctype_of(std::string_view text) noexcept {
    char quote = '\0';
    int brackets = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (quote != '\0') {
            if (c == quote) quote = '\0';
        } else if (c == '"' || c == '\'') {
            quote = c;
        } else if (c == '[') {
            ++brackets;
        } else if (c == ']') {
            --brackets;
        } else if (c == '>' && brackets <= 0) {
            return text.substr(0, i + 1);
        }
    }
    return {};
}

// What stands before the root element: passes over it and looks at each doctype.
class Prolog {
   public:
    explicit Prolog(std::string_view text) noexcept : rest_(text) {
        while (step()) {
        }
    }
    std::string_view rest() const noexcept { return rest_; }  // begins with the root's '<', or not
    bool declares_entities() const noexcept { return entities_; }

   private:
    bool step() noexcept {
        rest_ = trim_front(rest_);
        if (rest_.starts_with("<?")) {
            rest_ = skip_past(rest_, "?>");
        } else if (rest_.starts_with("<!--")) {
            rest_ = skip_past(rest_, "-->");
        } else if (rest_.starts_with("<!")) {
            const std::string_view doctype = doctype_of(rest_);
            entities_ = entities_ || doctype.find("<!ENTITY") != std::string_view::npos;
            rest_ = doctype.empty() ? std::string_view() : rest_.substr(doctype.size());
        } else {
            return false;
        }
        return true;
    }
    static std::string_view trim_front(std::string_view text) noexcept {
        while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
        return text;
    }

    std::string_view rest_;
    bool entities_ = false;
};

bool is_named_whole(std::string_view name, std::string_view wanted) noexcept {
    if (wanted.find(':') == std::string_view::npos) {
        if (const std::size_t colon = name.find(':'); colon != std::string_view::npos) {
            name.remove_prefix(colon + 1);
        }
    }
    return name == wanted;
}

// The next node of a walk through the tree in document order, without recursion.
pugi::xml_node next_in_order(pugi::xml_node node, const pugi::xml_node& top, int& depth) noexcept {
    if (node.first_child()) {
        ++depth;
        return node.first_child();
    }
    while (node != top) {
        if (node.next_sibling()) return node.next_sibling();
        node = node.parent();
        --depth;
    }
    return {};
}

bool is_text(const pugi::xml_node& node) noexcept {
    return node.type() == pugi::node_pcdata || node.type() == pugi::node_cdata;
}

bool is_too_deep(const pugi::xml_node& root, std::size_t depth_max) noexcept {
    int depth = 1;
    for (pugi::xml_node at = root; at; at = next_in_order(at, root, depth)) {
        if (depth > static_cast<int>(depth_max)) return true;
    }
    return false;
}

DocumentOutcome malformed(const pugi::xml_parse_result& result, std::size_t size_of_text,
                          Arena& arena) noexcept {
    // The parser stops at the end of a text that is cut off, or at the tag that is left open.
    const auto at = static_cast<std::size_t>(result.offset);
    if (at + 1 >= size_of_text) return {Code::kParseXml, "XML: cut off"};
    char digits[20];
    const char* const end = std::to_chars(digits, digits + sizeof digits, result.offset).ptr;
    const std::string_view parts[] = {"XML: ",
                                      result.description(),
                                      " at byte ",
                                      {digits, static_cast<std::size_t>(end - digits)}};
    std::size_t size = 0;
    for (const std::string_view part : parts) size += part.size();
    char* const message = arena.alloc(size);
    char* out = message;
    for (const std::string_view part : parts) out += part.copy(out, part.size());
    return {Code::kParseXml, {message, size}};
}

std::string_view quoted_value(std::string_view text, std::string_view name) noexcept {
    text = trim(skip_past(text, name));
    if (!text.starts_with('=')) return {};
    text = trim(text.substr(1));
    if (text.empty() || (text.front() != '"' && text.front() != '\'')) {
        const std::size_t end = text.find_first_of(" \t\r\n>/;\"'");
        return text.substr(0, std::min(end, text.size()));
    }
    const std::size_t end = text.find(text.front(), 1);
    return end == std::string_view::npos ? std::string_view() : text.substr(1, end - 1);
}

}  // namespace

XmlDocument::XmlDocument() : document_(std::make_unique<pugi::xml_document>()) {}
XmlDocument::~XmlDocument() = default;

DocumentOutcome XmlDocument::parse(std::string_view text, const MarkupLimits& limits,
                                   Arena& arena) noexcept {
    if (Prolog(text).declares_entities()) {
        return {Code::kTooComplex, "XML that declares entities of its own"};
    }
    // Every element has a '<' at least: before the tree takes memory, not after.
    const auto tags = static_cast<std::size_t>(std::count(text.begin(), text.end(), '<'));
    if (tags > 2 * limits.elements_max) {
        return {Code::kTooComplex, "more elements than input.markup_elements_max"};
    }
    char* const buffer = arena.alloc(text.size() + 1);
    std::memcpy(buffer, text.data(), text.size());
    const pugi::xml_parse_result result =
        document_->load_buffer_inplace(buffer, text.size(), kParseFlags, pugi::encoding_utf8);
    if (!result) return malformed(result, text.size(), arena);
    if (!root()) return {Code::kParseXml, "XML: no root element"};
    if (is_too_deep(root(), limits.depth_max)) {
        return {Code::kTooComplex, "elements nested deeper than input.markup_depth_max"};
    }
    return {};
}

pugi::xml_node XmlDocument::root() const noexcept { return document_->document_element(); }

void XmlDocument::clear() noexcept { document_->reset(); }

std::string_view xml_root_name(std::string_view text) noexcept {
    std::string_view rest = Prolog(text).rest();
    if (rest.size() < 2 || rest[0] != '<' || !is_name_start(rest[1])) return {};
    rest.remove_prefix(1);
    std::string_view name = rest.substr(0, std::min(rest.find_first_of(" \t\r\n/>"), rest.size()));
    if (const std::size_t colon = name.find(':'); colon != std::string_view::npos) {
        name.remove_prefix(colon + 1);
    }
    return name;
}

std::string_view declared_encoding(std::string_view text) noexcept {
    constexpr std::size_t kLookBytes = 1024;  // as the HTML standard's prescan
    text = trim(text.substr(0, kLookBytes));
    if (text.starts_with("<?xml")) {
        return quoted_value(text.substr(0, std::min(text.find("?>"), text.size())), "encoding");
    }
    return quoted_value(text, "charset");
}

namespace xml {

std::string_view local_name(const pugi::xml_node& node) noexcept {
    std::string_view name = node.name();
    if (const std::size_t colon = name.find(':'); colon != std::string_view::npos) {
        name.remove_prefix(colon + 1);
    }
    return name;
}

bool is_named(const pugi::xml_node& node, std::string_view name) noexcept {
    return is_named_whole(node.name(), name);
}

pugi::xml_node child(const pugi::xml_node& node, std::string_view path) noexcept {
    pugi::xml_node at = node;
    while (!path.empty() && at) {
        const std::size_t end = std::min(path.find('/'), path.size());
        const std::string_view name = path.substr(0, end);
        path.remove_prefix(std::min(end + 1, path.size()));
        at = at.first_child();
        while (at && !is_named(at, name)) at = at.next_sibling();
    }
    return at;
}

pugi::xml_node next(const pugi::xml_node& node, std::string_view name) noexcept {
    pugi::xml_node at = node.next_sibling();
    while (at && !is_named(at, name)) at = at.next_sibling();
    return at;
}

pugi::xml_node find(const pugi::xml_node& node, std::string_view name) noexcept {
    int depth = 0;
    for (pugi::xml_node at = next_in_order(node, node, depth); at;
         at = next_in_order(at, node, depth)) {
        if (is_named(at, name)) return at;
    }
    return {};
}

std::string_view attribute(const pugi::xml_node& node, std::string_view name) noexcept {
    for (const pugi::xml_attribute& one : node.attributes()) {
        if (is_named_whole(one.name(), name)) return trim(one.value());
    }
    return {};
}

std::string_view language(const pugi::xml_node& node) noexcept {
    for (pugi::xml_node at = node; at; at = at.parent()) {
        const std::string_view found = attribute(at, "xml:lang");
        if (!found.empty()) return found;
    }
    return {};
}

std::string_view text(const pugi::xml_node& node, Arena& arena) noexcept {
    std::size_t pieces = 0, size = 0;
    std::string_view piece;
    int depth = 0;
    for (pugi::xml_node at = node; at; at = next_in_order(at, node, depth)) {
        if (!is_text(at)) continue;
        piece = at.value();
        size += piece.size();
        ++pieces;
    }
    if (pieces <= 1) return trim(piece);
    char* const first = arena.alloc(size);
    char* out = first;
    depth = 0;
    for (pugi::xml_node at = node; at; at = next_in_order(at, node, depth)) {
        if (!is_text(at)) continue;
        piece = at.value();
        out += piece.copy(out, piece.size());
    }
    return trim({first, size});
}

std::string_view text_at(const pugi::xml_node& node, std::string_view path, Arena& arena) noexcept {
    return text(child(node, path), arena);
}

namespace {

bool is_any_of(std::string_view name, std::initializer_list<std::string_view> names) noexcept {
    return std::find(names.begin(), names.end(), name) != names.end();
}

enum class Role : std::uint8_t { kInline, kBlock, kLine, kCell, kSkip };

Role role_of(std::string_view name) noexcept {
    if (is_any_of(name, {"br"})) return Role::kLine;
    if (is_any_of(name, {"td", "th"})) return Role::kCell;
    if (is_any_of(name,
                  {"p",      "div",        "block",   "body.content", "body", "html",  "li",
                   "ul",     "ol",         "dl",      "dt",           "dd",   "table", "tr",
                   "tbody",  "thead",      "tfoot",   "nitf-table",   "hl1",  "hl2",   "h1",
                   "h2",     "h3",         "h4",      "h5",           "h6",   "bq",    "blockquote",
                   "pre",    "section",    "article", "main",         "hr",   "fn",    "center",
                   "header", "DataContent"})) {
        return Role::kBlock;
    }
    if (is_any_of(name, {"head",
                         "script",
                         "style",
                         "title",
                         "media",
                         "media-caption",
                         "figure",
                         "figcaption",
                         "note",
                         "object",
                         "iframe",
                         "img",
                         "video",
                         "audio",
                         "body.head",
                         "body.end",
                         "nitf-table-metadata",
                         "noscript",
                         "svg",
                         "form",
                         "nav",
                         "aside",
                         "media-metadata",
                         "media-producer"})) {
        return Role::kSkip;
    }
    return Role::kInline;
}

// Codes of a wire after the last paragraph of a body ("51 77 03 CRO01"), outside of any.
bool is_wire_code(const pugi::xml_node& node) noexcept {
    if (!is_text(node) || !is_named(node.parent(), "body") || node.next_sibling()) return false;
    if (!is_named(node.previous_sibling(), "p")) return false;
    const std::string_view text = node.value();
    return std::none_of(text.begin(), text.end(),
                        [](char c) { return (c >= 'a' && c <= 'z') || (c & 0x80) != 0; });
}

}  // namespace

void append_paragraphs(const pugi::xml_node& node, std::string& html) {
    ParagraphWriter writer(html);
    pugi::xml_node at = node;
    // Down: opens; up: closes. Skipped elements are not gone into.
    while (at) {
        const Role role = at == node ? Role::kBlock : role_of(local_name(at));
        if (is_text(at)) {
            if (!is_wire_code(at)) writer.text(at.value());
        } else if (at.type() == pugi::node_element || at == node) {
            if (role == Role::kBlock) writer.end_paragraph();
            if (role == Role::kCell) writer.cell();
            if (role == Role::kLine) writer.line();
            if (role != Role::kSkip && at.first_child()) {
                at = at.first_child();
                continue;
            }
        }
        while (at != node && !at.next_sibling()) {
            at = at.parent();
            if (role_of(local_name(at)) == Role::kBlock) writer.end_paragraph();
        }
        if (at == node) break;
        if (at.type() == pugi::node_element && role_of(local_name(at)) == Role::kBlock) {
            writer.end_paragraph();
        }
        at = at.next_sibling();
    }
    writer.end_paragraph();
}

}  // namespace xml
}  // namespace newsmill
