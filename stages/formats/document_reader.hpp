// Reads one XML or HTML document of the news trade into Article::raw.
//
// XML, told apart by the root element: NewsML-G2 (newsItem, newsMessage, packages), NewsML 1.x,
// NITF, RSS 0.9-2.0 and 1.0, Atom, Ritzau's RBNews; one of these inside of an envelope that is not
// known is found too. HTML and XHTML pages are read by html_page.
//
// A document with several articles is refused (SEVERAL_ARTICLES): a stage never makes two articles
// of one. Items of pictures, films and graphics, and packages that only name articles, are refused
// with NOT_TEXT; XML of a kind that is not known with FORMAT.
//
// Ownership: values lie in the arena or are static. One reader a thread; it reuses its memory.
#pragma once

#include <string>
#include <string_view>

#include "pipeline/batch.hpp"
#include "stages/formats/html_page.hpp"
#include "stages/formats/json_reader.hpp"
#include "stages/formats/xml.hpp"

namespace newsmill {

class DocumentReader {
   public:
    explicit DocumentReader(MarkupLimits limits) : limits_(limits), page_(limits) {}

    // Does a text begin as a document that this reader reads, or that it knows to refuse?
    static bool is_xml(std::string_view text) noexcept;
    static bool is_html(std::string_view text) noexcept;

    // `text` is UTF-8; `fields` is filled if the outcome is ok.
    DocumentOutcome read_xml(std::string_view text, Arena& arena, Fields& fields) noexcept;
    DocumentOutcome read_html(std::string_view text, JsonReader& json, Arena& arena,
                              Fields& fields) noexcept;

   private:
    MarkupLimits limits_;
    XmlDocument document_;
    HtmlPage page_;
    std::string scratch_;
};

}  // namespace newsmill
