// XML for the readers of news formats: bounds, encodings, and a tree (pugixml's) with the handful
// of questions that the readers ask of it.
//
// Names are compared without their namespace's prefix: agencies choose prefixes as they like, and
// no format here has two elements of one name in one place. A name that is given with a prefix
// ("content:encoded") is compared whole.
//
// Refused, each with a code: what is not well-formed (PARSE_XML, with the byte), more elements or
// levels than the bounds, and entities of the document's own (TOO_COMPLEX): pugixml never expands
// them, so text that uses them would be lost.
//
// Ownership: the tree is the document's, its text lies in the arena that it was parsed into, so
// that views of it live as long as the batch. Threads: one a document. Errors: as a result.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "pipeline/batch.hpp"

namespace pugi {
class xml_document;
class xml_node;
}  // namespace pugi

namespace newsmill {

// Bounds of a document's tree, XML and HTML alike.
struct MarkupLimits {
    std::size_t depth_max = 256;
    std::size_t elements_max = 100'000;
};

// What became of a document.
struct DocumentOutcome {
    Code code = Code::kOk;
    std::string_view message;  // static or in the arena
    bool ok() const noexcept { return code == Code::kOk; }
};

class XmlDocument {
   public:
    XmlDocument();
    ~XmlDocument();

    // `text` is UTF-8, its declaration's encoding notwithstanding.
    DocumentOutcome parse(std::string_view text, const MarkupLimits& limits, Arena& arena) noexcept;
    // The root element; null if nothing is parsed.
    pugi::xml_node root() const noexcept;
    void clear() noexcept;

   private:
    std::unique_ptr<pugi::xml_document> document_;
};

// The name of the first element of a document, without its prefix; empty if `text` does not begin
// as XML does (declaration, comments, doctype, element). Looks no further than needed.
std::string_view xml_root_name(std::string_view text) noexcept;

// The encoding that an XML declaration or an HTML meta element names; empty if none does.
std::string_view declared_encoding(std::string_view text) noexcept;

namespace xml {

std::string_view local_name(const pugi::xml_node& node) noexcept;
bool is_named(const pugi::xml_node& node, std::string_view name) noexcept;
// The first child of that name; `path` may have several steps ("itemMeta/pubStatus").
pugi::xml_node child(const pugi::xml_node& node, std::string_view path) noexcept;
pugi::xml_node next(const pugi::xml_node& node, std::string_view name) noexcept;
// The first element of that name below `node`, in document order.
pugi::xml_node find(const pugi::xml_node& node, std::string_view name) noexcept;
std::string_view attribute(const pugi::xml_node& node, std::string_view name) noexcept;
// The nearest xml:lang at or above `node`.
std::string_view language(const pugi::xml_node& node) noexcept;

// All text below the node, trimmed; a view if it is in one piece. No space is put between
// elements.
std::string_view text(const pugi::xml_node& node, Arena& arena) noexcept;
// The text at a path below the node.
std::string_view text_at(const pugi::xml_node& node, std::string_view path, Arena& arena) noexcept;

// Appends the text below `node` as HTML of paragraphs (XHTML, NITF and the like in, <p> out), for
// the normalizer to finish. Captions, notes, scripts and what is no text are left out. Lines of
// wire text inside of one element, and lines wrapped with <br/>, become what they were.
void append_paragraphs(const pugi::xml_node& node, std::string& html);

}  // namespace xml
}  // namespace newsmill
