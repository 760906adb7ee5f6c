#include <pugixml.hpp>

#include "stages/formats/xml_readers.hpp"

namespace newsmill {
namespace {

using pugi::xml_node;

// The code without its scheme: "ninat:text", "http://cv.iptc.org/newscodes/ninature/text".
std::string_view code_of(const xml_node& node) noexcept {
    std::string_view code = xml::attribute(node, "qcode");
    if (code.empty()) code = xml::attribute(node, "uri");
    if (code.empty()) code = xml::attribute(node, "literal");
    const std::size_t colon = code.find_last_of(":/");
    return colon == std::string_view::npos ? code : code.substr(colon + 1);
}

// A party, a place: its name, or what stands for one.
std::string_view name_of(const xml_node& node, Arena& arena) noexcept {
    const std::string_view name = xml::text_at(node, "name", arena);
    if (!name.empty()) return one_line(name, arena);
    const std::string_view literal = xml::attribute(node, "literal");
    return literal.empty() ? one_line(xml::text(node, arena), arena) : literal;
}

std::string_view first_of(std::initializer_list<std::string_view> values) noexcept {
    for (const std::string_view value : values) {
        if (!value.empty()) return value;
    }
    return {};
}

// Of several of one name: without a role, then a main one, then any that is no sub-headline,
// e-mail, … ; nothing if only lesser ones are there.
xml_node main_of(const xml_node& meta, std::string_view name) noexcept {
    xml_node best;
    for (xml_node one = xml::child(meta, name); one; one = xml::next(one, name)) {
        if (!one.first_child()) continue;
        const std::string_view role = xml::attribute(one, "role");
        if (role.empty()) return one;
        if (role.find("main") != std::string_view::npos || role.ends_with(":headline")) best = one;
        if (!best && role.find("sub") == std::string_view::npos &&
            role.find("Sub") == std::string_view::npos) {
            best = one;
        }
    }
    return best;
}

std::string_view by_of(const xml_node& content, Arena& arena) noexcept {
    const std::string_view by = one_line(xml::text_at(content, "by", arena), arena);
    if (!by.empty()) return by;
    // Persons only: a creator that is an agency is the source. A type says so, or a person's parts.
    std::string names;
    for (xml_node one = xml::child(content, "creator"); one; one = xml::next(one, "creator")) {
        const bool person = xml::attribute(one, "type").ends_with(":person") ||
                            !xml::attribute(one, "jobtitle").empty() ||
                            xml::child(one, "personDetails");
        const std::string_view name = person ? name_of(one, arena) : std::string_view();
        if (name.empty()) continue;
        if (!names.empty()) names.append(", ");
        names.append(name);
    }
    return arena.copy(names);
}

// The maker of the story: an infoSource that is its originator or source, else the provider.
std::string_view source_of(const xml_node& meta, const xml_node& content, Arena& arena) noexcept {
    std::string_view source;
    for (xml_node one = xml::child(content, "infoSource"); one;
         one = xml::next(one, "infoSource")) {
        const std::string_view name = name_of(one, arena);
        if (source.empty() || xml::attribute(one, "role").ends_with(":origProv")) source = name;
    }
    if (!source.empty()) return source;
    const xml_node provider = xml::child(meta, "provider");
    return first_of({name_of(provider, arena), code_of(provider),
                     one_line(xml::text_at(content, "creditline", arena), arena)});
}

void read_rights(const xml_node& item, Arena& arena, Fields& fields) noexcept {
    const xml_node rights = xml::child(item, "rightsInfo");
    fields.copyright = name_of(xml::child(rights, "copyrightHolder"), arena);
    fields.copyright_notice = one_line(xml::text_at(rights, "copyrightNotice", arena), arena);
    fields.usage_terms = one_line(xml::text_at(rights, "usageTerms", arena), arena);
}

void read_notes(const xml_node& meta, XmlContext context, Fields& fields) {
    context.scratch.clear();
    for (xml_node one = xml::child(meta, "edNote"); one; one = xml::next(one, "edNote")) {
        const std::string_view note = xml::text(one, context.arena);
        if (note.empty()) continue;
        if (!context.scratch.empty()) context.scratch.push_back('\n');
        context.scratch.append(note);
    }
    fields.ednote = context.arena.copy(context.scratch);
}

// What systems write where a place has to stand and none is known.
std::string_view known(std::string_view place) noexcept {
    for (const std::string_view none : {"No-Data-Available", "N/A", "Unknown", "unknown"}) {
        if (place == none) return {};
    }
    return place;
}

void read_meta(const xml_node& item, XmlContext context, Fields& fields) {
    Arena& arena = context.arena;
    const xml_node meta = xml::child(item, "itemMeta");
    const xml_node content = xml::child(item, "contentMeta");
    const auto at = [&](const xml_node& node, std::string_view path) {
        return one_line(xml::text_at(node, path, arena), arena);
    };
    fields.id = xml::attribute(item, "guid");
    fields.uri = uri_of_id({}, fields.id, arena);
    fields.version = xml::attribute(item, "version");
    fields.published = first_of(
        {at(meta, "firstCreated"), at(content, "contentCreated"), at(meta, "versionCreated")});
    fields.updated = first_of({at(meta, "versionCreated"), at(content, "contentModified")});
    fields.embargoed = at(meta, "embargoed");
    // The standard: an item without a status is usable.
    fields.pub_status = first_of({code_of(xml::child(meta, "pubStatus")), "usable"});
    fields.urgency = first_of({at(content, "urgency"), at(meta, "priority")});
    fields.slugline = at(content, "slugline");
    fields.by = by_of(content, arena);
    fields.source = source_of(meta, content, arena);
    const xml_node located = xml::child(content, "located");
    fields.located = first_of({known(located ? at(located, "name") : std::string_view()),
                               known(xml::attribute(located, "literal")),
                               at(xml::child(meta, "located"), "name"),
                               place_of_dateline(at(content, "dateline"))});
    fields.language =
        first_of({xml::attribute(xml::child(content, "language"), "tag"), xml::language(item)});
    fields.headline = first_of(
        {one_line(xml::text(main_of(content, "headline"), arena), arena), at(meta, "title")});
    read_notes(meta, context, fields);
    read_rights(item, arena, fields);
}

bool is_markup_type(std::string_view type) noexcept {
    return type.find("html") != std::string_view::npos ||
           type.find("xml") != std::string_view::npos;
}

// inlineXML holds XHTML, NITF, or whatever its namespace says: the first known element counts.
void read_inline_xml(const xml_node& inlined, XmlContext context, Fields& fields) {
    if (const xml_node nitf = xml::child(inlined, "nitf"); nitf) {
        Fields story;
        read_nitf(nitf, context, story);
        fields.body = story.body;
        if (fields.headline.empty()) fields.headline = story.headline;
        if (fields.by.empty()) fields.by = story.by;
    } else {
        const xml_node body = xml::find(inlined, "body");
        context.scratch.clear();
        xml::append_paragraphs(body ? body : inlined, context.scratch);
        fields.body = context.arena.copy(context.scratch);
        if (fields.headline.empty()) {
            fields.headline = one_line(
                xml::text(xml::child(inlined, "html/head/title"), context.arena), context.arena);
        }
    }
    fields.body_is_html = true;
    if (fields.language.empty()) fields.language = xml::language(inlined);
}

void read_inline_data(const xml_node& inlined, XmlContext context, Fields& fields) {
    // Plain text, or markup that was escaped. Binary data has an encoding.
    if (!xml::attribute(inlined, "encoding").empty()) return;
    fields.body = xml::text(inlined, context.arena);
    fields.body_is_html = is_markup_type(xml::attribute(inlined, "contenttype"));
}

void read_content(const xml_node& item, XmlContext context, Fields& fields) {
    const xml_node contents = xml::child(item, "contentSet");
    for (const xml_node& one : contents.children()) {
        if (!fields.body.empty()) return;
        if (xml::is_named(one, "inlineXML")) read_inline_xml(one, context, fields);
        if (xml::is_named(one, "inlineData")) read_inline_data(one, context, fields);
    }
}

}  // namespace

DocumentOutcome read_newsml_g2(const xml_node& item, XmlContext context, Fields& fields) {
    if (!xml::is_named(item, "newsItem")) {
        return {Code::kNotText, "a NewsML-G2 item that names articles and holds none"};
    }
    read_meta(item, context, fields);
    read_content(item, context, fields);
    const std::string_view kind = code_of(xml::child(item, "itemMeta/itemClass"));
    if (fields.body.empty() && !kind.empty() && kind != "text") {
        return {Code::kNotText, "a NewsML-G2 item of another medium than text"};
    }
    const bool canceled = fields.pub_status == "canceled" || fields.pub_status == "cancelled";
    if (fields.body.empty() && !canceled && xml::find(item, "remoteContent")) {
        return {Code::kNotText, "a NewsML-G2 item whose content lies elsewhere (remoteContent)"};
    }
    return {};
}

}  // namespace newsmill
