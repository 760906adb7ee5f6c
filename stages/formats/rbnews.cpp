// RBNews, the feed of Ritzau: flat elements, the story as escaped HTML in `content`.
#include <pugixml.hpp>

#include "stages/formats/xml_readers.hpp"

namespace newsmill {

DocumentOutcome read_rbnews(const pugi::xml_node& news, XmlContext context, Fields& fields) {
    const auto at = [&](std::string_view name) {
        return one_line(xml::text_at(news, name, context.arena), context.arena);
    };
    fields.id = at("NewsID");
    fields.uri = uri_of_id("ritzau", fields.id, context.arena);
    fields.version = at("version");
    fields.headline = at("headline");
    fields.body = xml::text_at(news, "content", context.arena);
    fields.body_is_html = true;
    fields.by = at("byLine");
    fields.located = at("town");
    fields.published = at("PublishDate");
    fields.updated = fields.published;
    fields.urgency = at("Priority");
    fields.slugline = at("strapline");
    fields.ednote = at("TilRedaktionen");
    fields.source = "Ritzau";
    // "Annuleret": called off. Replaced news keeps its own id, the new one tells whom it replaces.
    fields.pub_status = at("Annuleret") == "true" ? "canceled" : "usable";
    return {};
}

}  // namespace newsmill
