// Character references: `&eacute;`, `&#8217;`, `&#x2019;`, nested (`&amp;amp;lt;`), and broken in
// the ways that feeds break them: without the semicolon, with numbers that mean cp1252 bytes
// (`&#146;`), with emoji as two surrogates, and with the ampersand lost (` #36;10 million`).
//
// Names are the 2,125 of HTML (https://html.spec.whatwg.org/entities.json). What is no reference
// (`AT&T`, `Q&A;`) stays as it is.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace newsmill::normalize {

// text[at] is '&': could a reference start here? Cheap, errs to yes.
bool may_be_entity(std::string_view text, std::size_t at) noexcept;

// text[at] is ';': does it end a reference whose ampersand is lost (`#36;`, ` amp;`)?
bool ends_broken_entity(std::string_view text, std::size_t at) noexcept;

// Appends `text` with its references decoded to `out`; says whether there were any. Linear: a
// nested reference costs its own bytes once more for each level that it consumes.
bool decode_entities(std::string_view text, std::string& out);

// The characters of a named reference without '&' and ';', case-sensitive; empty if unknown.
// `legacy` says whether HTML knows it without a semicolon too.
struct NamedEntity {
    std::string_view characters;
    bool legacy = false;
};
NamedEntity find_entity(std::string_view name) noexcept;

}  // namespace newsmill::normalize
