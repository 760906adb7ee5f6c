#include <algorithm>
#include <initializer_list>
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

std::string_view formal_name(const xml_node& node) noexcept {
    return xml::attribute(node, "FormalName");
}

// The id without its revision, so that all revisions have one: the form that NewsML-G2's guids of
// the same agencies have. The public identifier, which ends in the revision, if a part is missing.
std::string_view uri_of(const xml_node& identifier, XmlContext context) {
    const std::string_view provider = xml::text_at(identifier, "ProviderId", context.arena);
    const std::string_view date = xml::text_at(identifier, "DateId", context.arena);
    const std::string_view item = xml::text_at(identifier, "NewsItemId", context.arena);
    if (provider.empty() || date.empty() || item.empty()) {
        return xml::text_at(identifier, "PublicIdentifier", context.arena);
    }
    context.scratch.assign("urn:newsml:").append(provider).append(":").append(date);
    context.scratch.append(":").append(item);
    return context.arena.copy(context.scratch);
}

void read_identity(const xml_node& item, XmlContext context, Fields& fields) {
    const xml_node identifier = xml::child(item, "Identification/NewsIdentifier");
    fields.id = first_of({xml::text_at(identifier, "PublicIdentifier", context.arena),
                          xml::text_at(identifier, "NewsItemId", context.arena)});
    fields.uri = uri_of(identifier, context);
    fields.version = xml::text_at(identifier, "RevisionId", context.arena);
    fields.slugline =
        one_line(xml::text_at(item, "Identification/NameLabel", context.arena), context.arena);
    fields.source = xml::text_at(identifier, "ProviderId", context.arena);
}

void read_management(const xml_node& item, XmlContext context, Fields& fields) {
    const xml_node management = xml::child(item, "NewsManagement");
    fields.published = xml::text_at(management, "FirstCreated", context.arena);
    fields.updated = xml::text_at(management, "ThisRevisionCreated", context.arena);
    if (fields.published.empty()) {
        fields.published =
            first_of({fields.updated, xml::text_at(xml::child(item.parent(), "NewsEnvelope"),
                                                   "DateAndTime", context.arena)});
    }
    const std::string_view status = formal_name(xml::child(management, "Status"));
    // "Embargoed" until the status changes; the other names are ninjs's, in any case.
    const bool embargoed = status == "Embargoed" || status == "embargoed";
    fields.pub_status = embargoed ? "withheld" : status;
    if (embargoed) {
        fields.embargoed = xml::text_at(management, "StatusWillChange/DateAndTime", context.arena);
    }
    fields.urgency =
        first_of({formal_name(xml::child(management, "Urgency")),
                  formal_name(xml::child(xml::child(item.parent(), "NewsEnvelope"), "Priority"))});
}

bool equal_folded(std::string_view text, std::string_view lower) noexcept {
    return std::equal(text.begin(), text.end(), lower.begin(), lower.end(),
                      [](char a, char b) { return (a >= 'A' && a <= 'Z' ? (a | 0x20) : a) == b; });
}

bool is_any_of(std::string_view name, std::initializer_list<std::string_view> lowers) noexcept {
    return std::any_of(lowers.begin(), lowers.end(),
                       [&](std::string_view one) { return equal_folded(name, one); });
}

bool is_text(const xml_node& content) noexcept {
    const std::string_view type = formal_name(xml::child(content, "MediaType"));
    const std::string_view mime = formal_name(xml::child(content, "MimeType"));
    return (type.empty() || is_any_of(type, {"text", "complexdata"})) &&
           (mime.empty() || (mime.starts_with("text/") && mime != "text/css") ||
            mime.find("xml") != std::string_view::npos ||
            mime.find("html") != std::string_view::npos);
}

bool has_text(const xml_node& node, Arena& arena) noexcept {
    return !xml::text(node, arena).empty();
}

// What a component's role says of its text.
enum class Part : std::uint8_t { kStory, kUnsaid, kBeside };

Part part_of(const xml_node& component) noexcept {
    const std::string_view role = formal_name(xml::child(component, "Role"));
    if (is_any_of(role, {"body", "main", "story", "maintext", "main text", "bodytext"})) {
        return Part::kStory;
    }
    const bool beside =
        is_any_of(role, {"stylesheet", "headline", "subheadline", "contact", "logo", "caption",
                         "abstract", "summary", "teaser", "keywords", "metadata", "byline"});
    return beside ? Part::kBeside : Part::kUnsaid;
}

// The first content of text that is the story by its role, else the first that is not said to be
// something else, in document order; media captions are none.
struct Contents {
    xml_node story;
    xml_node unsaid;
    xml_node main() const noexcept { return story ? story : unsaid; }
};

void find_content(const xml_node& item, Arena& arena, Contents& found) noexcept {
    // Components nest; the tree's depth is bounded, so is this.
    for (const xml_node& one : item.children()) {
        if (found.story) return;
        if (xml::is_named(one, "NewsComponent")) find_content(one, arena, found);
        if (!xml::is_named(one, "ContentItem") || !is_text(one)) continue;
        const xml_node data = xml::child(one, "DataContent");
        const bool caption = xml::child(data, "media-caption") || xml::child(data, "caption");
        const Part part = part_of(item);
        if (caption || part == Part::kBeside || !has_text(data, arena)) continue;
        if (part == Part::kStory) found.story = one;
        if (!found.unsaid) found.unsaid = one;
    }
}

// The value of a path, in the component of `node` or the nearest one around it that has it.
xml_node nearest(xml_node node, std::string_view path) noexcept {
    for (; node; node = node.parent()) {
        if (!xml::is_named(node, "NewsComponent")) continue;
        const xml_node found = xml::child(node, path);
        if (found && found.first_child()) return found;
    }
    return {};
}

std::string_view located_of(const xml_node& component, Arena& arena) noexcept {
    const xml_node location = nearest(component, "DescriptiveMetadata/Location");
    for (xml_node one = xml::child(location, "Property"); one; one = xml::next(one, "Property")) {
        if (formal_name(one) == "City") return xml::attribute(one, "Value");
    }
    return place_of_dateline(
        one_line(xml::text(nearest(component, "NewsLines/DateLine"), arena), arena));
}

void read_lines(const xml_node& component, XmlContext context, Fields& fields) {
    Arena& arena = context.arena;
    const auto line = [&](std::string_view path) {
        return one_line(xml::text(nearest(component, path), arena), arena);
    };
    fields.headline = line("NewsLines/HeadLine");
    fields.by = line("NewsLines/ByLine");
    fields.slugline = first_of({line("NewsLines/SlugLine"), fields.slugline});
    const std::string_view copyright = line("NewsLines/CopyrightLine");
    fields.copyright_notice = copyright;
    fields.usage_terms = line("NewsLines/RightsLine");
    fields.located = located_of(component, arena);
    xml_node language;
    for (xml_node at = component; at && !language; at = at.parent()) {
        language = xml::child(at, "DescriptiveMetadata/Language");
    }
    fields.language = first_of({formal_name(language), xml::language(component)});
    xml_node party;
    for (const char* const who :
         {"AdministrativeMetadata/Source", "AdministrativeMetadata/Provider"}) {
        if (!party) party = xml::child(nearest(component, who), "Party");
    }
    fields.source = first_of({formal_name(party), fields.source});
    if (fields.ednote.empty()) {
        const xml_node note = nearest(component, "NewsLines/NewsLine");
        const std::string_view type = formal_name(xml::child(note, "NewsLineType"));
        if (type.find("ote") != std::string_view::npos) {
            fields.ednote = one_line(xml::text_at(note, "NewsLineText", arena), arena);
        }
    }
}

void read_content(const xml_node& content, XmlContext context, Fields& fields) {
    const xml_node data = xml::child(content, "DataContent");
    context.scratch.clear();
    if (const xml_node nitf = xml::child(data, "nitf"); nitf) {
        Fields story;
        read_nitf(nitf, context, story);
        fields.body = story.body;
        if (fields.headline.empty()) fields.headline = story.headline;
        if (fields.by.empty()) fields.by = story.by;
        if (fields.located.empty()) fields.located = story.located;
    } else {
        const xml_node body = xml::find(data, "body");
        xml::append_paragraphs(body ? body : data, context.scratch);
        fields.body = context.arena.copy(context.scratch);
    }
    fields.body_is_html = true;
}

bool is_canceled(std::string_view status) noexcept {
    return status == "Canceled" || status == "Cancelled" || status == "canceled";
}

}  // namespace

DocumentOutcome read_newsml_1(const xml_node& item, XmlContext context, Fields& fields) {
    read_identity(item, context, fields);
    read_management(item, context, fields);
    Contents contents;
    find_content(item, context.arena, contents);
    const xml_node content = contents.main();
    xml_node component = content.parent();
    if (!component) component = xml::child(item, "NewsComponent");
    read_lines(component, context, fields);
    if (content) {
        read_content(content, context, fields);
    } else if (!is_canceled(fields.pub_status)) {
        return {Code::kNotText, "a NewsML item without text: pictures, films, or a list of items"};
    }
    return {};
}

}  // namespace newsmill
