// The parse stage: from a payload's bytes to the provider's own values (Article::raw).
//
// Formats, told apart payload by payload: JSON objects of any provider (stages/formats/field_map),
// ninjs 1.x-3.1 and JSON Feed among them; XML and HTML (stages/formats/document_reader); text of
// the wires (stages/formats/wire_text); plain text. Values are unescaped, otherwise untouched;
// cleaning them is normalize's.
//
// Repairs, before an article is given up: a byte order mark, UTF-16 with one, the encoding that XML
// or HTML declares, bytes that are no UTF-8 (read as cp1252), raw control characters inside JSON
// strings, NULs and white space at the end. Verdicts: NO_TEXT (no payload), TOO_LARGE, BAD_UTF8,
// PARSE_JSON and PARSE_XML (with the byte offset), TOO_COMPLEX, NOT_TEXT, SEVERAL_ARTICLES, FORMAT
// (a JSON value that is no object, a document of no known kind, an e-mail). An article that parses
// and has no text is left to normalize.
//
// Ownership: the stage keeps scratch memory only; values point into the payload or the batch's
// arena. No byte past a payload is read, padded or not.
#pragma once

#include <string>

#include "pipeline/stage.hpp"
#include "stages/formats/document_reader.hpp"
#include "stages/formats/field_map.hpp"
#include "stages/formats/json_reader.hpp"

namespace newsmill {

struct ParseOptions {
    enum class Format : std::uint8_t { kAuto, kJson, kText, kXml, kHtml, kWire };
    Format format = Format::kAuto;
    FieldPointers fields = {};  // in place of the defaults of the fields named
    bool passthrough = false;   // keep the members that no field took, in Fields::passthrough
    std::size_t article_bytes_max = 4 << 20;
    MarkupLimits markup = {};
};

class ParseStage final : public Stage {
   public:
    // Throws std::invalid_argument for a bad field name or pointer.
    explicit ParseStage(ParseOptions options = {});

    std::string_view name() const noexcept override { return "parse"; }
    void process(Batch& batch) noexcept override;

   private:
    void parse(Article& article, Arena& arena) noexcept;
    void decode(Article& article, std::string_view& text, Arena& arena) noexcept;
    bool repair(Article& article, std::string_view& text, Arena& arena) noexcept;
    void parse_json(Article& article, std::string_view text, Arena& arena) noexcept;
    void parse_text(Article& article, std::string_view text, Arena& arena) noexcept;
    void parse_document(Article& article, std::string_view text, bool html, Arena& arena) noexcept;
    void parse_wire(Article& article, std::string_view text, Arena& arena) noexcept;
    bool decode_declared(Article& article, std::string_view& text, Arena& arena) noexcept;
    bool is_json_value(std::string_view text, Arena& arena) noexcept;

    ParseOptions options_;
    JsonReader json_;
    DocumentReader documents_;
    std::string scratch_;
};

}  // namespace newsmill
