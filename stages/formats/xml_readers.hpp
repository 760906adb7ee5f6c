// The readers of the XML formats, one each: from an element of the document to Article::raw.
//
// All values are unescaped, otherwise as they stand; a body is HTML of plain paragraphs, made by
// append_paragraphs. Text that a format does not have stays empty; nothing is guessed.
//
// `scratch` is memory to reuse; values never point into it. Pure otherwise. Errors: as a result.
#pragma once

#include <string>

#include "stages/formats/xml.hpp"

namespace newsmill {

struct XmlContext {
    Arena& arena;
    std::string& scratch;
};

// newsItem. The root's header (newsMessage) says nothing that the item does not say.
// Standard: NewsML-G2 2.x, https://iptc.org/standards/newsml-g2/.
DocumentOutcome read_newsml_g2(const pugi::xml_node& item, XmlContext context, Fields& fields);

// NewsItem of NewsML 1.x (AFP, Belga, ATS and others still send it).
DocumentOutcome read_newsml_1(const pugi::xml_node& item, XmlContext context, Fields& fields);

DocumentOutcome read_nitf(const pugi::xml_node& nitf, XmlContext context, Fields& fields);

// item of RSS (in or beside its channel) and entry of Atom.
DocumentOutcome read_rss_item(const pugi::xml_node& item, XmlContext context, Fields& fields);
DocumentOutcome read_atom_entry(const pugi::xml_node& entry, XmlContext context, Fields& fields);

// RBNews, Ritzau's own.
DocumentOutcome read_rbnews(const pugi::xml_node& news, XmlContext context, Fields& fields);

// The id as it stands if it is a URI, else "urn:newsmill:id:" and the id (behind `scheme` and a
// colon, if there is one), with what no URI can hold per cent encoded. So versions of one id meet.
std::string_view uri_of_id(std::string_view scheme, std::string_view id, Arena& arena) noexcept;

// Whitespace runs as one space: names and lines that were pretty-printed.
std::string_view one_line(std::string_view text, Arena& arena) noexcept;

// The place in a dateline: "SYDNEY" of "SYDNEY March 22 AAP -".
std::string_view place_of_dateline(std::string_view line) noexcept;

// Text in HTML that takes no markup: "<" and ">" escaped, empty lines end paragraphs.
void append_plain(std::string_view text, std::string& html);

}  // namespace newsmill
