// The shape of an HTML page, found before a tree of it is built: what bounds the work of building.
//
// Tags are found as HTML5's tokenizer finds them (comments, quoted values, raw text), and elements
// are taken to be open until their end tag; the rules by which a tree closes them sooner are left
// out, so that the bound is above what the tree has. A page that is made to mislead (by way of SVG
// and CDATA) may have a deeper tree; its elements are counted all the same, and so bounded.
//
// Linear in the page's bytes; no memory. Threads: any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace newsmill {

struct HtmlShape {
    std::size_t elements = 0;    // '<' and a letter, wherever it stands
    std::size_t depth = 0;       // levels, at most
    std::size_t attributes = 0;  // of the tag that has the most
};

HtmlShape html_shape(std::string_view html) noexcept;

}  // namespace newsmill
