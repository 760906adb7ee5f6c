// RSS (0.9 to 2.0, and 1.0 with RDF) and Atom (RFC 4287).
#include <pugixml.hpp>

#include "stages/formats/xml_readers.hpp"

namespace newsmill {
namespace {

using pugi::xml_node;

std::string_view first_of(std::initializer_list<std::string_view> values) noexcept {
    for (const std::string_view value : values) {
        if (!value.empty()) return value;
    }
    return {};
}

bool starts_with_scheme(std::string_view id) noexcept {
    return id.starts_with("http://") || id.starts_with("https://") || id.starts_with("urn:") ||
           id.starts_with("tag:");
}

// The child of that name that has no prefix, or one with a prefix that is asked for: "title" must
// not find media:title.
xml_node plain_child(const xml_node& node, std::string_view name) noexcept {
    for (const xml_node& one : node.children()) {
        if (name == one.name()) return one;
    }
    return {};
}

// Atom's "atom:title" and the like: the prefix may be any, so it is taken from the entry itself.
class Names {
   public:
    explicit Names(const xml_node& node) : prefix_(node.name()) {
        const std::size_t colon = prefix_.find(':');
        prefix_.resize(colon == std::string::npos ? 0 : colon + 1);
    }
    xml_node child(const xml_node& node, std::string_view name) const {
        return plain_child(node, prefix_ + std::string(name));
    }
    xml_node next(const xml_node& node) const { return node.next_sibling(node.name()); }

   private:
    std::string prefix_;
};

// The channel or feed around an item; of RSS 1.0 it stands beside it.
xml_node channel_of(const xml_node& item) noexcept {
    const xml_node parent = item.parent();
    return xml::is_named(parent, "RDF") ? xml::child(parent, "channel") : parent;
}

// What an Atom text construct holds: "html" is escaped HTML, "xhtml" elements, "text" text.
struct AtomText {
    std::string_view text;
    bool html = false;
};

AtomText atom_text(const xml_node& node, XmlContext context) {
    const std::string_view type = xml::attribute(node, "type");
    if (type.empty() || type == "text" || type == "text/plain") {
        return {xml::text(node, context.arena), false};
    }
    if (type == "html" || type == "text/html") return {xml::text(node, context.arena), true};
    context.scratch.clear();
    xml::append_paragraphs(node, context.scratch);
    return {context.arena.copy(context.scratch), true};
}

// A title may hold HTML; lines of text become one.
std::string_view atom_title(const xml_node& node, XmlContext context) {
    return one_line(xml::text(node, context.arena), context.arena);
}

std::string_view atom_authors(const xml_node& node, const Names& names, XmlContext context) {
    std::string all;
    for (xml_node one = names.child(node, "author"); one; one = names.next(one)) {
        const std::string_view name =
            one_line(xml::text(names.child(one, "name"), context.arena), context.arena);
        if (name.empty()) continue;
        if (!all.empty()) all.append(", ");
        all.append(name);
    }
    return context.arena.copy(all);
}

std::string_view atom_link(const xml_node& entry, const Names& names) {
    std::string_view first;
    for (xml_node one = names.child(entry, "link"); one; one = names.next(one)) {
        const std::string_view rel = xml::attribute(one, "rel");
        const std::string_view href = xml::attribute(one, "href");
        if (rel.empty() || rel == "alternate") return href;
        if (first.empty() && rel != "self" && rel != "enclosure" && rel != "edit") first = href;
    }
    return first;
}

// An Atom entry may hold a whole document of another format.
bool read_inlined(const xml_node& content, XmlContext context, Fields& fields) {
    const xml_node nitf = xml::child(content, "nitf");
    const xml_node item = xml::child(content, "newsItem");
    if (!nitf && !item) return false;
    Fields story;
    if (nitf) {
        read_nitf(nitf, context, story);
    } else if (!read_newsml_g2(item, context, story).ok()) {
        return false;
    }
    if (story.headline.empty()) story.headline = fields.headline;
    if (story.uri.empty()) story.uri = fields.uri;
    if (story.published.empty()) story.published = fields.published;
    if (story.updated.empty()) story.updated = fields.updated;
    if (story.language.empty()) story.language = fields.language;
    if (story.source.empty()) story.source = fields.source;
    fields = story;
    return true;
}

}  // namespace

DocumentOutcome read_rss_item(const xml_node& item, XmlContext context, Fields& fields) {
    Arena& arena = context.arena;
    const xml_node channel = channel_of(item);
    const auto at = [&](const xml_node& node, std::string_view name) {
        return one_line(xml::text(plain_child(node, name), arena), arena);
    };
    const std::string_view link =
        first_of({at(item, "link"), xml::attribute(xml::child(item, "atom:link"), "href")});
    const xml_node guid = plain_child(item, "guid");
    fields.id = xml::text(guid, arena);
    // A permalink is an address by definition; other guids are names only if they look so.
    fields.uri = starts_with_scheme(fields.id)
                     ? fields.id
                     : first_of({link, xml::attribute(item, "rdf:about")});
    if (fields.uri.empty()) fields.uri = uri_of_id({}, fields.id, arena);
    fields.url = link == fields.uri ? std::string_view() : link;
    fields.headline = at(item, "title");
    fields.body = first_of({xml::text(xml::child(item, "content:encoded"), arena),
                            xml::text(plain_child(item, "body"), arena),
                            xml::text(plain_child(item, "description"), arena),
                            xml::text(xml::child(item, "itunes:summary"), arena)});
    fields.body_is_html = true;
    fields.by = first_of({at(item, "dc:creator"), at(item, "author"), at(item, "itunes:author")});
    fields.published = first_of({at(item, "pubDate"), at(item, "dc:date"),
                                 at(item, "dcterms:created"), at(item, "atom:published")});
    fields.updated =
        first_of({at(item, "atom:updated"), at(item, "dcterms:modified"), fields.published});
    if (fields.published.empty()) fields.published = fields.updated;
    fields.language = first_of({at(item, "dc:language"), xml::language(item),
                                at(channel, "language"), at(channel, "dc:language")});
    fields.source = first_of({at(item, "source"), at(item, "dc:publisher"), at(channel, "title")});
    fields.copyright =
        first_of({at(item, "dc:rights"), at(channel, "copyright"), at(channel, "dc:rights")});
    return {};
}

DocumentOutcome read_atom_entry(const xml_node& entry, XmlContext context, Fields& fields) {
    Arena& arena = context.arena;
    const Names names(entry);
    const xml_node feed = entry.parent();
    const auto at = [&](const xml_node& node, std::string_view name) {
        return one_line(xml::text(names.child(node, name), arena), arena);
    };
    fields.id = at(entry, "id");
    fields.url = atom_link(entry, names);
    fields.uri = first_of({uri_of_id({}, fields.id, arena), fields.url});
    if (fields.url == fields.uri) fields.url = {};
    fields.headline = atom_title(names.child(entry, "title"), context);
    fields.published = first_of({at(entry, "published"), at(entry, "updated")});
    fields.updated = first_of({at(entry, "updated"), fields.published});
    const xml_node origin = names.child(entry, "source");
    fields.by = first_of({atom_authors(entry, names, context), atom_authors(origin, names, context),
                          atom_authors(feed, names, context)});
    fields.source = first_of({at(origin, "title"), at(feed, "title")});
    fields.copyright = first_of({at(entry, "rights"), at(feed, "rights")});
    const xml_node content = names.child(entry, "content");
    fields.language = content ? xml::language(content) : xml::language(entry);
    if (read_inlined(content, context, fields)) return {};
    AtomText body = atom_text(content, context);
    if (body.text.empty()) body = atom_text(names.child(entry, "summary"), context);
    fields.body = body.text;
    fields.body_is_html = body.html;
    return {};
}

}  // namespace newsmill
