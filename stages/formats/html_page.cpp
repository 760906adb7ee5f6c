#include "stages/formats/html_page.hpp"

#include <gumbo.h>
#include <simdjson.h>

#include <algorithm>
#include <csetjmp>
#include <cstring>
#include <vector>

#include "stages/formats/html_shape.hpp"
#include "stages/formats/xml_paragraphs.hpp"
#include "stages/formats/xml_readers.hpp"

namespace newsmill {
namespace {

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

bool equal_folded(std::string_view text, std::string_view lower_text) noexcept {
    return std::equal(text.begin(), text.end(), lower_text.begin(), lower_text.end(),
                      [](char a, char b) { return lower(a) == b; });
}

bool is_space(char c) noexcept {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

std::string_view trim(std::string_view text) noexcept {
    while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
    return text;
}

// The tree of one page, in memory that is taken in chunks and given back as a whole.
class Tree {
   public:
    // Null if the tree would take more than `bytes_max`.
    const GumboNode* build(std::string_view html, std::size_t bytes_max) noexcept {
        room_bytes_ = bytes_max;
        GumboOptions options = kGumboDefaultOptions;
        options.allocator = allocate;
        options.deallocator = release;
        options.userdata = this;
        options.max_errors = 0;
        // gumbo can't be told to stop but from inside of its allocator, and asks no answer of it.
        // Its frames own nothing but this memory, so jumping out of them leaks nothing.
        if (setjmp(no_room_) != 0) return nullptr;
        return gumbo_parse_with_options(&options, html.data(), html.size())->root;
    }
    void clear() noexcept {
        chunks_.clear();
        at_ = end_ = nullptr;
    }

   private:
    static constexpr std::size_t kChunkBytes = 256 << 10;
    static constexpr std::size_t kAlign = 16;

    static void* allocate(void* self, std::size_t bytes) {
        auto* const tree = static_cast<Tree*>(self);
        bytes = (bytes + kAlign - 1) & ~(kAlign - 1);
        if (static_cast<std::size_t>(tree->end_ - tree->at_) < bytes) {
            const std::size_t chunk = std::max(kChunkBytes, bytes);
            if (chunk > tree->room_bytes_) std::longjmp(tree->no_room_, 1);
            tree->add_chunk(chunk);
        }
        void* const given = tree->at_;
        tree->at_ += bytes;
        return given;
    }
    static void release(void*, void*) {}

    void add_chunk(std::size_t bytes) {
        chunks_.push_back(std::make_unique_for_overwrite<std::byte[]>(bytes));
        room_bytes_ -= bytes;
        at_ = chunks_.back().get();
        end_ = at_ + bytes;
    }

    std::vector<std::unique_ptr<std::byte[]>> chunks_;
    std::byte* at_ = nullptr;
    std::byte* end_ = nullptr;
    std::size_t room_bytes_ = 0;
    std::jmp_buf no_room_;
};

bool is_element(const GumboNode* node) noexcept {
    return node->type == GUMBO_NODE_ELEMENT || node->type == GUMBO_NODE_TEMPLATE;
}
bool is_text(const GumboNode* node) noexcept {
    return node->type == GUMBO_NODE_TEXT || node->type == GUMBO_NODE_WHITESPACE ||
           node->type == GUMBO_NODE_CDATA;
}
GumboTag tag_of(const GumboNode* node) noexcept {
    return is_element(node) ? node->v.element.tag : GUMBO_TAG_UNKNOWN;
}

std::string_view attribute(const GumboNode* node, const char* name) noexcept {
    if (!is_element(node)) return {};
    const GumboAttribute* const one = gumbo_get_attribute(&node->v.element.attributes, name);
    return one == nullptr ? std::string_view() : trim(one->value);
}

const GumboNode* first_child(const GumboNode* node) noexcept {
    if (!is_element(node) || node->v.element.children.length == 0) return nullptr;
    return static_cast<const GumboNode*>(node->v.element.children.data[0]);
}

const GumboNode* next_sibling(const GumboNode* node) noexcept {
    const GumboNode* const parent = node->parent;
    if (parent == nullptr || !is_element(parent)) return nullptr;
    const GumboVector& all = parent->v.element.children;
    const std::size_t next = node->index_within_parent + 1;
    return next < all.length ? static_cast<const GumboNode*>(all.data[next]) : nullptr;
}

// The next node below `top` in document order; `down` false passes over the children.
const GumboNode* next_in_order(const GumboNode* node, const GumboNode* top,
                               bool down = true) noexcept {
    if (down) {
        if (const GumboNode* const child = first_child(node); child != nullptr) return child;
    }
    while (node != top) {
        if (const GumboNode* const sibling = next_sibling(node); sibling != nullptr) return sibling;
        node = node->parent;
    }
    return nullptr;
}

std::string text_of(const GumboNode* top) {
    std::string all;
    for (const GumboNode* at = top; at != nullptr; at = next_in_order(at, top)) {
        if (is_text(at)) all.append(at->v.text.text);
    }
    return all;
}

enum class Role : std::uint8_t { kInline, kBlock, kLine, kCell, kSkip };

Role role_of(const GumboNode* node) noexcept {
    switch (tag_of(node)) {
        case GUMBO_TAG_BR: return Role::kLine;
        case GUMBO_TAG_TD:
        case GUMBO_TAG_TH: return Role::kCell;
        case GUMBO_TAG_P:
        case GUMBO_TAG_DIV:
        case GUMBO_TAG_SECTION:
        case GUMBO_TAG_ARTICLE:
        case GUMBO_TAG_MAIN:
        case GUMBO_TAG_BODY:
        case GUMBO_TAG_H2:
        case GUMBO_TAG_H3:
        case GUMBO_TAG_H4:
        case GUMBO_TAG_H5:
        case GUMBO_TAG_H6:
        case GUMBO_TAG_UL:
        case GUMBO_TAG_OL:
        case GUMBO_TAG_LI:
        case GUMBO_TAG_DL:
        case GUMBO_TAG_DT:
        case GUMBO_TAG_DD:
        case GUMBO_TAG_TABLE:
        case GUMBO_TAG_TR:
        case GUMBO_TAG_BLOCKQUOTE:
        case GUMBO_TAG_PRE:
        case GUMBO_TAG_HR: return Role::kBlock;
        case GUMBO_TAG_SCRIPT:
        case GUMBO_TAG_STYLE:
        case GUMBO_TAG_NOSCRIPT:
        case GUMBO_TAG_TEMPLATE:
        case GUMBO_TAG_HEAD:
        case GUMBO_TAG_HEADER:
        case GUMBO_TAG_FOOTER:
        case GUMBO_TAG_NAV:
        case GUMBO_TAG_ASIDE:
        case GUMBO_TAG_FORM:
        case GUMBO_TAG_BUTTON:
        case GUMBO_TAG_SELECT:
        case GUMBO_TAG_TEXTAREA:
        case GUMBO_TAG_IFRAME:
        case GUMBO_TAG_FIGURE:
        case GUMBO_TAG_FIGCAPTION:
        case GUMBO_TAG_SVG:
        case GUMBO_TAG_MATH:
        case GUMBO_TAG_OBJECT:
        case GUMBO_TAG_VIDEO:
        case GUMBO_TAG_AUDIO:
        case GUMBO_TAG_H1: return Role::kSkip;  // the headline
        default: return Role::kInline;
    }
}

void append_paragraphs(const GumboNode* top, std::string& html) {
    ParagraphWriter writer(html);
    const GumboNode* at = top;
    while (at != nullptr) {
        const Role role = at == top ? Role::kBlock : role_of(at);
        if (is_text(at)) writer.text(at->v.text.text);
        if (role == Role::kBlock) writer.end_paragraph();
        if (role == Role::kCell) writer.cell();
        if (role == Role::kLine) writer.line();
        if (role != Role::kSkip && first_child(at) != nullptr) {
            at = first_child(at);
            continue;
        }
        while (at != top && next_sibling(at) == nullptr) {
            at = at->parent;
            if (role_of(at) == Role::kBlock) writer.end_paragraph();
        }
        if (at == top) break;
        if (role_of(at) == Role::kBlock) writer.end_paragraph();
        at = next_sibling(at);
    }
    writer.end_paragraph();
}

// Letters in the paragraphs below a node.
std::size_t paragraph_bytes(const GumboNode* top) noexcept {
    std::size_t bytes = 0;
    for (const GumboNode* at = next_in_order(top, top); at != nullptr;) {
        const bool skip = role_of(at) == Role::kSkip;
        if (tag_of(at) == GUMBO_TAG_P) {
            for (const GumboNode* in = at; in != nullptr; in = next_in_order(in, at)) {
                if (is_text(in)) bytes += std::strlen(in->v.text.text);
            }
        }
        at = next_in_order(at, top, !skip && tag_of(at) != GUMBO_TAG_P);
    }
    return bytes;
}

// ---- JSON-LD

using simdjson::dom::element;

bool is_article_type(std::string_view type) noexcept {
    for (const std::string_view prefix : {"http://schema.org/", "https://schema.org/", "schema:"}) {
        if (type.starts_with(prefix)) type.remove_prefix(prefix.size());
    }
    return type.ends_with("NewsArticle") || type == "Article" || type == "BlogPosting" ||
           type == "LiveBlogPosting" || type == "Report";
}

bool is_article(const simdjson::dom::object& object) noexcept {
    element type;
    if (object["@type"].get(type) != simdjson::SUCCESS) return false;
    std::string_view name;
    if (type.get(name) == simdjson::SUCCESS) return is_article_type(name);
    simdjson::dom::array list;
    if (type.get(list) != simdjson::SUCCESS) return false;
    for (const element one : list) {
        if (one.get(name) == simdjson::SUCCESS && is_article_type(name)) return true;
    }
    return false;
}

constexpr int kJsonLdDepthMax = 4;

// The first article in an object, a list, a @graph or a page's mainEntity.
bool find_article(element value, int depth, simdjson::dom::object& found) noexcept {
    if (depth > kJsonLdDepthMax) return false;
    simdjson::dom::array list;
    if (value.get(list) == simdjson::SUCCESS) {
        for (const element one : list) {
            if (find_article(one, depth + 1, found)) return true;
        }
        return false;
    }
    simdjson::dom::object object;
    if (value.get(object) != simdjson::SUCCESS) return false;
    if (is_article(object)) {
        found = object;
        return true;
    }
    for (const char* const inside : {"@graph", "mainEntity", "mainEntityOfPage"}) {
        element part;
        if (object[inside].get(part) == simdjson::SUCCESS && find_article(part, depth + 1, found)) {
            return true;
        }
    }
    return false;
}

bool has_text(const simdjson::dom::object& object, const char* name) noexcept {
    std::string_view text;
    return object[name].get(text) == simdjson::SUCCESS && !trim(text).empty();
}

}  // namespace

class HtmlPage::Impl {
   public:
    explicit Impl(MarkupLimits limits) : limits_(limits) {}

    DocumentOutcome read(std::string_view html, JsonReader& json, Arena& arena, Fields& fields) {
        const DocumentOutcome bounds = check(html_shape(html));
        if (!bounds.ok()) return bounds;
        // Elements, their text and attributes, and the vectors of them, which grow by copies.
        const std::size_t bytes_max =
            limits_.elements_max * kElementBytes + html.size() * kBytesOfByte + kTreeBytesMin;
        DocumentOutcome outcome = {Code::kTooComplex, "a tree of more memory than its size allows"};
        if (const GumboNode* const root = tree_.build(html, bytes_max); root != nullptr) {
            facts_ = {};
            look(root, json, arena);
            outcome = fill(root, arena, fields);
            facts_ = {};
        }
        tree_.clear();
        return outcome;
    }

   private:
    static constexpr std::size_t kElementBytes = 512;
    static constexpr std::size_t kBytesOfByte = 8;
    static constexpr std::size_t kTreeBytesMin = 1 << 20;
    // gumbo compares each attribute of a tag with those before it.
    static constexpr std::size_t kAttributesMax = 1000;

    DocumentOutcome check(const HtmlShape& shape) const noexcept {
        if (shape.elements > limits_.elements_max) {
            return {Code::kTooComplex, "more elements than input.markup_elements_max"};
        }
        // Real pages leave many elements open; the tree that they make is flatter than the bound.
        if (shape.depth > 4 * limits_.depth_max) {
            return {Code::kTooComplex, "elements nested deeper than input.markup_depth_max"};
        }
        if (shape.attributes > kAttributesMax) {
            return {Code::kTooComplex, "an element of more than 1000 attributes"};
        }
        return {};
    }

    // What the page says of itself, by who says it.
    struct Facts {
        Fields json;
        bool has_json = false;
        bool has_article_body = false;
        std::string_view description;  // of JSON-LD
        Fields graph;                  // Open Graph and article:*; its body is the description
        Fields meta;                   // other meta elements, title, link, lang
        std::string_view h1;
        std::string_view time;
        const GumboNode* marked = nullptr;   // itemprop="articleBody"
        const GumboNode* article = nullptr;  // the <article> with the most text in paragraphs
        std::size_t article_bytes = 0;
        const GumboNode* main = nullptr;
    };

    void look(const GumboNode* root, JsonReader& json, Arena& arena) {
        facts_.meta.language = arena.copy(attribute(root, "lang"));
        if (facts_.meta.language.empty()) {
            facts_.meta.language = arena.copy(attribute(root, "xml:lang"));
        }
        for (const GumboNode* at = root; at != nullptr; at = next_in_order(at, root)) {
            if (is_element(at)) look_at(at, json, arena);
        }
    }

    void look_at(const GumboNode* node, JsonReader& json, Arena& arena) {
        const auto line = [&] { return one_line(trim(arena.copy(text_of(node))), arena); };
        switch (tag_of(node)) {
            case GUMBO_TAG_META: meta(node, arena); break;
            case GUMBO_TAG_LINK:
                if (equal_folded(attribute(node, "rel"), "canonical") && facts_.meta.uri.empty()) {
                    facts_.meta.uri = arena.copy(attribute(node, "href"));
                }
                break;
            case GUMBO_TAG_TITLE:
                if (facts_.meta.headline.empty()) facts_.meta.headline = line();
                break;
            case GUMBO_TAG_H1:
                if (facts_.h1.empty()) facts_.h1 = line();
                break;
            case GUMBO_TAG_TIME:
                if (facts_.time.empty()) facts_.time = arena.copy(attribute(node, "datetime"));
                break;
            case GUMBO_TAG_SCRIPT:
                if (equal_folded(attribute(node, "type"), "application/ld+json")) {
                    json_ld(text_of(node), json, arena);
                }
                break;
            case GUMBO_TAG_MAIN:
                if (facts_.main == nullptr) facts_.main = node;
                break;
            case GUMBO_TAG_ARTICLE: article(node); break;
            default: break;
        }
        if (facts_.marked == nullptr && attribute(node, "itemprop") == "articleBody") {
            facts_.marked = node;
        }
    }

    // Articles nest, and a page has teasers by the dozen: their number times their text is bounded.
    void article(const GumboNode* node) {
        constexpr std::size_t kArticlesMax = 64;
        if (++articles_seen_ > kArticlesMax) return;
        const std::size_t bytes = paragraph_bytes(node);
        if (facts_.article != nullptr && bytes <= facts_.article_bytes) return;
        facts_.article = node;
        facts_.article_bytes = bytes;
    }

    void meta(const GumboNode* node, Arena& arena) {
        const std::string_view content = attribute(node, "content");
        std::string_view name = attribute(node, "property");
        if (name.empty()) name = attribute(node, "name");
        if (name.empty()) name = attribute(node, "itemprop");
        if (content.empty() || name.empty()) return;
        struct Rule {
            std::string_view name;
            std::string_view Fields::*field;
            bool graph;
        };
        static constexpr Rule kRules[] = {
            {"og:title", &Fields::headline, true},
            {"og:description", &Fields::body, true},
            {"og:url", &Fields::uri, true},
            {"og:site_name", &Fields::source, true},
            {"og:locale", &Fields::language, true},
            {"article:published_time", &Fields::published, true},
            {"og:article:published_time", &Fields::published, true},
            {"article:modified_time", &Fields::updated, true},
            {"og:updated_time", &Fields::updated, true},
            {"article:author", &Fields::by, true},
            {"author", &Fields::by, false},
            {"byl", &Fields::by, false},
            {"dc.creator", &Fields::by, false},
            {"parsely-author", &Fields::by, false},
            {"sailthru.author", &Fields::by, false},
            {"description", &Fields::body, false},
            {"dc.description", &Fields::body, false},
            {"twitter:title", &Fields::headline, false},
            {"twitter:description", &Fields::body, false},
            {"date", &Fields::published, false},
            {"pubdate", &Fields::published, false},
            {"publishdate", &Fields::published, false},
            {"publish-date", &Fields::published, false},
            {"datepublished", &Fields::published, false},
            {"dc.date", &Fields::published, false},
            {"dc.date.issued", &Fields::published, false},
            {"dcterms.created", &Fields::published, false},
            {"parsely-pub-date", &Fields::published, false},
            {"sailthru.date", &Fields::published, false},
            {"datemodified", &Fields::updated, false},
            {"last-modified", &Fields::updated, false},
            {"dc.language", &Fields::language, false},
            {"language", &Fields::language, false},
            {"dc.publisher", &Fields::source, false},
            {"application-name", &Fields::source, false},
            {"copyright", &Fields::copyright, false},
            {"dc.rights", &Fields::copyright, false},
        };
        for (const Rule& rule : kRules) {
            if (!equal_folded(name, rule.name)) continue;
            Fields& said = rule.graph ? facts_.graph : facts_.meta;
            std::string_view& slot = said.*rule.field;
            // Authors may be many; of article:author an address of a profile is no name.
            const bool address = content.starts_with("http://") || content.starts_with("https://");
            if (rule.field == &Fields::by && address) return;
            if (slot.empty()) slot = arena.copy(content);
            return;
        }
    }

    void json_ld(std::string text, JsonReader& json, Arena& arena) {
        if (facts_.has_json && facts_.has_article_body) return;
        element value;
        simdjson::padded_string padded(text);
        if (parser_.parse(padded).get(value) != simdjson::SUCCESS) {
            // Line ends inside of strings are common.
            padded = simdjson::padded_string(escape_raw_controls(text, arena));
            if (parser_.parse(padded).get(value) != simdjson::SUCCESS) return;
        }
        simdjson::dom::object object;
        if (!find_article(value, 0, object)) return;
        const bool body = has_text(object, "articleBody");
        if (facts_.has_json && !body) return;
        const std::string_view line = arena.copy(simdjson::minify(object));
        Fields read;
        if (json.read(line, arena, read).kind != JsonOutcome::Kind::kRead) return;
        if (!body) {
            facts_.description = read.body;
            read.body = {};
        }
        element page;
        std::string_view address;
        if (read.uri.empty() || read.uri.find(':') == std::string_view::npos) {
            if (object["mainEntityOfPage"].get(page) == simdjson::SUCCESS &&
                (page.get(address) == simdjson::SUCCESS ||
                 page["@id"].get(address) == simdjson::SUCCESS)) {
                read.uri = arena.copy(address);
            }
        }
        facts_.json = read;
        facts_.has_json = true;
        facts_.has_article_body = body;
    }

    void body(const GumboNode* root, Arena& arena, Fields& fields) {
        if (!fields.body.empty()) return;
        const GumboNode* top = facts_.marked;
        if (top == nullptr && facts_.article_bytes > 0) top = facts_.article;
        if (top == nullptr && facts_.main != nullptr) top = facts_.main;
        const bool page = top == nullptr;
        if (page) top = root;
        scratch_.clear();
        append_paragraphs(top, scratch_);
        const auto first = [](std::string_view a, std::string_view b) { return a.empty() ? b : a; };
        const std::string_view description =
            first(facts_.description, first(facts_.graph.body, facts_.meta.body));
        // A page without a marked story: what a description says may be more than its few words.
        if (scratch_.size() <= description.size() && page) {
            fields.body = description;
            return;
        }
        fields.body = arena.copy(scratch_);
        fields.body_is_html = true;
    }

    DocumentOutcome fill(const GumboNode* root, Arena& arena, Fields& fields) {
        fields = facts_.json;
        const auto add = [&](std::string_view Fields::*field) {
            for (const Fields* from : {&facts_.graph, &facts_.meta}) {
                if ((fields.*field).empty()) fields.*field = from->*field;
            }
        };
        if (fields.uri.find(':') == std::string_view::npos) fields.uri = facts_.meta.uri;
        add(&Fields::uri);
        if (fields.headline.empty()) fields.headline = facts_.graph.headline;
        if (fields.headline.empty()) fields.headline = facts_.h1;
        add(&Fields::headline);
        add(&Fields::by);
        add(&Fields::published);
        if (fields.published.empty()) fields.published = facts_.time;
        add(&Fields::updated);
        add(&Fields::source);
        // A page's lang is kept with more care than og:locale, which site builders preset.
        if (fields.language.empty()) fields.language = facts_.meta.language;
        add(&Fields::language);
        add(&Fields::copyright);
        body(root, arena, fields);
        articles_seen_ = 0;
        if (scratch_.capacity() > (1 << 20)) scratch_ = {};
        if (fields.headline.empty() || trim(fields.body).empty()) {
            return {Code::kFormat, "an HTML page in which no article is found"};
        }
        return {};
    }

    MarkupLimits limits_;
    Tree tree_;
    simdjson::dom::parser parser_;
    Facts facts_;
    std::size_t articles_seen_ = 0;
    std::string scratch_;
};

HtmlPage::HtmlPage(MarkupLimits limits) : impl_(std::make_unique<Impl>(limits)) {}
HtmlPage::~HtmlPage() = default;

DocumentOutcome HtmlPage::read(std::string_view html, JsonReader& json, Arena& arena,
                               Fields& fields) noexcept {
    return impl_->read(html, json, arena, fields);
}

}  // namespace newsmill
