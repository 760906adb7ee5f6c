// Reads an HTML page of a story: what its publisher says for machines first, then the page itself.
//
// JSON-LD (schema.org's NewsArticle and its kin, alone, in a list or a @graph), then Open Graph and
// article:* properties, then meta, link, title, h1 and html's lang. The text is articleBody;
// without one the paragraphs of the element marked as articleBody, of the fullest <article>, of
// <main>, or of the page, without navigation, asides, forms and captions; without any, the
// description.
//
// gumbo builds the tree by HTML5's rules. It lives in memory of its own that is freed as a whole:
// no recursion goes down the tree, so no depth can overflow a stack. Bounds of its elements, depth
// and attributes, found before it is built (html_shape), and of its memory keep the work linear.
//
// Ownership: values lie in the arena. Threads: one. Errors: as a result (TOO_COMPLEX, FORMAT).
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "stages/formats/json_reader.hpp"
#include "stages/formats/xml.hpp"

namespace newsmill {

class HtmlPage {
   public:
    explicit HtmlPage(MarkupLimits limits);
    ~HtmlPage();

    // `html` is UTF-8; `fields` is filled if the outcome is ok.
    DocumentOutcome read(std::string_view html, JsonReader& json, Arena& arena,
                         Fields& fields) noexcept;

   private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace newsmill
