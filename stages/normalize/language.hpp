// Which language is it? Declared languages (codes of any kind, names in many languages) become
// codes; texts are identified by CLD2 over a bounded sample, with the declared language as a hint.
//
// Codes are ISO 639-1, or ISO 639-3 where there is no two-letter code; "und" if unknown. The tables
// of names come from ICU's data and are built once a process. Results are views of static storage.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace newsmill::normalize {

// "en-US", "pt_BR", "eng", "deutsch", "Portuguese", "русский" -> a code; empty if unreadable.
std::string_view language_code(std::string_view declared) noexcept;

struct Identified {
    std::string_view language = "und";
    std::uint8_t confidence = 0;  // 0-100
};

// `text` is clean UTF-8; `sample_bytes_max` bounds what is looked at. `declared` is a code or
// empty.
Identified identify_language(std::string_view text, std::string_view declared,
                             std::size_t sample_bytes_max) noexcept;

}  // namespace newsmill::normalize
