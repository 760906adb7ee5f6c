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

// "By Jane Roe" without the title that follows her name in an element of its own.
std::string_view by_of(const xml_node& head, XmlContext context) {
    std::string& names = context.scratch;
    names.clear();
    for (xml_node one = xml::child(head, "byline"); one; one = xml::next(one, "byline")) {
        if (!names.empty()) names.append(", ");
        for (const xml_node& part : one.children()) {
            if (xml::is_named(part, "byttl")) continue;
            names.append(xml::text(part, context.arena)).append(" ");
        }
    }
    return one_line(context.arena.copy(names), context.arena);
}

std::string_view located_of(const xml_node& head, Arena& arena) noexcept {
    const xml_node dateline = xml::child(head, "dateline");
    const std::string_view city = xml::text(xml::find(dateline, "city"), arena);
    if (!city.empty()) return one_line(city, arena);
    const xml_node location = xml::child(dateline, "location");
    return place_of_dateline(one_line(xml::text(location ? location : dateline, arena), arena));
}

void read_status(const xml_node& docdata, Fields& fields) noexcept {
    const std::string_view status = xml::attribute(docdata, "management-status");
    const std::string_view issue = fields.published;
    const std::string_view release = xml::attribute(xml::child(docdata, "date.release"), "norm");
    const bool embargoed = status == "embargoed";
    // NITF's fourth status: withheld until its release.
    fields.pub_status = embargoed ? "withheld" : status;
    if (embargoed || release != issue) fields.embargoed = release;
}

void read_rights(const xml_node& docdata, XmlContext context, Fields& fields) {
    const xml_node copyright = xml::child(docdata, "doc.copyright");
    fields.copyright = first_of({xml::attribute(copyright, "holder"),
                                 xml::attribute(xml::child(docdata, "doc.rights"), "owner")});
    fields.usage_terms =
        one_line(xml::attribute(xml::child(docdata, "doc.rights"), "limitations"), context.arena);
}

void read_docdata(const xml_node& nitf, XmlContext context, Fields& fields) {
    const xml_node docdata = xml::child(nitf, "head/docdata");
    const xml_node doc_id = xml::child(docdata, "doc-id");
    fields.id = xml::attribute(doc_id, "id-string");
    fields.uri = uri_of_id(xml::attribute(doc_id, "regsrc"), fields.id, context.arena);
    const xml_node key = xml::child(docdata, "du-key");
    fields.version = first_of({xml::attribute(key, "version"), xml::attribute(key, "generation")});
    fields.published =
        first_of({xml::attribute(xml::child(docdata, "date.issue"), "norm"),
                  xml::attribute(xml::child(nitf, "head/pubdata"), "date.publication"),
                  xml::attribute(xml::child(docdata, "pubdata"), "date.publication")});
    fields.updated = fields.published;
    read_status(docdata, fields);
    fields.urgency = xml::attribute(xml::child(docdata, "urgency"), "ed-urg");
    fields.ednote = xml::attribute(xml::child(docdata, "ed-msg"), "info");
    fields.slugline = first_of(
        {xml::attribute(key, "key"), xml::attribute(xml::child(docdata, "fixture"), "fix-id")});
    fields.source = first_of(
        {one_line(xml::text_at(nitf, "body/body.head/distributor", context.arena), context.arena),
         xml::attribute(doc_id, "regsrc"),
         xml::attribute(xml::child(docdata, "del-list/from-src"), "src-name"),
         xml::attribute(xml::child(docdata, "doc.copyright"), "holder"),
         xml::attribute(xml::child(docdata, "doc.rights"), "owner")});
    read_rights(docdata, context, fields);
}

}  // namespace

DocumentOutcome read_nitf(const xml_node& nitf, XmlContext context, Fields& fields) {
    Arena& arena = context.arena;
    const xml_node body = xml::child(nitf, "body");
    const xml_node head = xml::child(body, "body.head");
    read_docdata(nitf, context, fields);
    fields.language = first_of({xml::attribute(nitf, "baselang"), xml::language(body),
                                xml::language(xml::child(body, "body.content"))});
    // "headline" is AP's.
    xml_node lines = xml::child(head, "hedline");
    if (!lines) lines = xml::child(head, "headline");
    const xml_node first = xml::child(lines, "hl1");
    fields.headline = first_of({one_line(xml::text(first ? first : lines, arena), arena),
                                one_line(xml::text_at(nitf, "head/title", arena), arena)});
    fields.by = by_of(head, context);
    fields.located = located_of(head, arena);
    context.scratch.clear();
    const xml_node content = xml::child(body, "body.content");
    xml::append_paragraphs(content ? content : body, context.scratch);
    if (context.scratch.empty()) {
        xml::append_paragraphs(xml::child(head, "abstract"), context.scratch);
    }
    fields.body = arena.copy(context.scratch);
    fields.body_is_html = true;
    return {};
}

}  // namespace newsmill
