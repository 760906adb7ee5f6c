#include "stages/formats/document_reader.hpp"

#include <pugixml.hpp>

#include "stages/formats/xml_readers.hpp"

namespace newsmill {
namespace {

using pugi::xml_node;
using Read = DocumentOutcome (*)(const xml_node&, XmlContext, Fields&);

struct Known {
    std::string_view name;
    Read read;
    std::string_view parent;  // the element must stand in; empty: anywhere
};

// Elements that are an article each.
constexpr Known kArticles[] = {
    {"newsItem", read_newsml_g2, ""},
    {"packageItem", read_newsml_g2, ""},
    {"conceptItem", read_newsml_g2, ""},
    {"knowledgeItem", read_newsml_g2, ""},
    {"planningItem", read_newsml_g2, ""},
    {"NewsItem", read_newsml_1, ""},
    {"nitf", read_nitf, ""},
    {"item", read_rss_item, "channel"},
    {"item", read_rss_item, "RDF"},
    {"item", read_rss_item, "rss"},
    {"entry", read_atom_entry, "feed"},
    {"entry", read_atom_entry, ""},
    {"RBNews", read_rbnews, ""},
};

constexpr int kEnvelopeDepthMax = 4;

const Known* known_article(const xml_node& node) noexcept {
    for (const Known& one : kArticles) {
        if (!xml::is_named(node, one.name)) continue;
        if (one.parent.empty() || xml::is_named(node.parent(), one.parent)) return &one;
    }
    return nullptr;
}

// The articles of a document, outermost ones only: how many, and the one to read.
struct Search {
    std::size_t articles = 0;      // that have text
    DocumentOutcome refusal = {};  // of the first that has none
    Fields fields = {};            // of the first with text
};

void search(const xml_node& node, XmlContext context, int depth, Search& found) {
    if (const Known* known = known_article(node); known != nullptr) {
        Fields fields;
        const DocumentOutcome outcome = known->read(node, context, fields);
        if (outcome.ok()) {
            if (found.articles++ == 0) found.fields = fields;
        } else if (found.refusal.ok()) {
            found.refusal = outcome;
        }
        return;
    }
    if (depth == kEnvelopeDepthMax) return;
    for (const xml_node& one : node.children()) {
        if (found.articles > 1) return;
        if (one.type() == pugi::node_element) search(one, context, depth + 1, found);
    }
}

// Root elements that are no article but mean one of these formats.
bool is_container(std::string_view root) noexcept {
    for (const std::string_view name :
         {"newsMessage", "NewsML", "rss", "RDF", "feed", "newsml", "newsmessage", "newsitem"}) {
        if (root == name) return true;
    }
    return false;
}

bool is_known_root(std::string_view root) noexcept {
    if (is_container(root)) return true;
    for (const Known& one : kArticles) {
        if (root == one.name && one.name != "item" && one.name != "entry") return true;
    }
    return false;
}

bool begins_folded(std::string_view text, std::string_view lower) noexcept {
    if (text.size() < lower.size()) return false;
    for (std::size_t i = 0; i < lower.size(); ++i) {
        const char c = text[i];
        if ((c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c) != lower[i]) return false;
    }
    return true;
}

// The text ends with the end tag of its first element: a document, though of no kind known here.
bool ends_as_it_begins(std::string_view text, std::string_view root) noexcept {
    constexpr std::size_t kNameBytesMin = 3;  // <p>, <b> and <ul> begin pieces of HTML
    while (!text.empty() && static_cast<unsigned char>(text.back()) <= ' ') text.remove_suffix(1);
    if (root.size() < kNameBytesMin || !text.ends_with('>')) return false;
    text.remove_suffix(1);
    if (!text.ends_with(root)) return false;
    text.remove_suffix(root.size());
    return text.ends_with("</") || text.ends_with(':');
}

}  // namespace

bool DocumentReader::is_xml(std::string_view text) noexcept {
    if (is_html(text)) return false;
    if (begins_folded(text, "<?xml")) return true;
    const std::string_view root = xml_root_name(text);
    if (root.empty()) return false;
    // HTML in pieces is a text with markup.
    constexpr std::string_view kPieces[] = {"div",     "span",  "strong",     "article",
                                            "section", "table", "blockquote", "center",
                                            "font",    "main",  "body"};
    for (const std::string_view piece : kPieces) {
        if (root == piece) return false;
    }
    return is_known_root(root) || ends_as_it_begins(text, root);
}

bool DocumentReader::is_html(std::string_view text) noexcept {
    if (begins_folded(text, "<!doctype html") || begins_folded(text, "<html")) return true;
    const std::string_view root = xml_root_name(text);
    return begins_folded(root, "html") && root.size() == 4;
}

DocumentOutcome DocumentReader::read_xml(std::string_view text, Arena& arena,
                                         Fields& fields) noexcept {
    DocumentOutcome outcome = document_.parse(text, limits_, arena);
    if (outcome.ok()) {
        Search found;
        search(document_.root(), {arena, scratch_}, 0, found);
        if (found.articles == 1) {
            fields = found.fields;
        } else if (found.articles > 1) {
            outcome = {Code::kSeveralArticles,
                       "a document of several articles: send one in each record, or read it as a "
                       "file"};
        } else if (!found.refusal.ok()) {
            outcome = found.refusal;
        } else if (is_container(xml::local_name(document_.root()))) {
            outcome = {Code::kNotText, "a feed or message without articles"};
        } else {
            outcome = {Code::kFormat, "XML of a kind that is not read"};
        }
    }
    document_.clear();
    constexpr std::size_t kKeptBytes = 1 << 20;
    if (scratch_.capacity() > kKeptBytes) scratch_ = {};
    return outcome;
}

DocumentOutcome DocumentReader::read_html(std::string_view text, JsonReader& json, Arena& arena,
                                          Fields& fields) noexcept {
    return page_.read(text, json, arena, fields);
}

}  // namespace newsmill
