// One pass that proves a text clean, or says what it may need. The proof is what lets the
// normalizer hand out views of the input: a text without issues is its own normal form.
//
// A set bit is a suspicion, not a finding: the repair that it asks for may find nothing to do. A
// bit that is not set is a proof. Blocks of 64 bytes are classified with SSE2 where there is one
// (every x86-64); bytes that need a closer look are then visited one by one.
#pragma once

#include <cstdint>
#include <string_view>

namespace newsmill::normalize {

enum Issue : std::uint32_t {
    kIssueUtf8 = 1u << 0,       // not valid UTF-8
    kIssueEntity = 1u << 1,     // something that decodes as a character reference
    kIssueTag = 1u << 2,        // '<' before a letter, '/', '!' or '?'
    kIssueControl = 1u << 3,    // C0 (other than tab, LF, CR), DEL, C1
    kIssueInvisible = 1u << 4,  // soft hyphens, zero width, bidi, non-characters, tag characters
    kIssueSpace = 1u << 5,      // two spaces, spaces at a line's end, tabs, CR, Unicode spaces
    kIssueBreaks = 1u << 6,     // a run of LF that is not two, or one at an end of the text
    kIssueMojibake = 1u << 7,   // a letter and a sign that are together a UTF-8 sequence's bytes
    kIssueNfc = 1u << 8,        // a character that may compose or decompose
    kIssueNewline = 1u << 9,    // any LF or CR: matters to HTML and to texts of one line
};

struct Scan {
    std::uint32_t issues = 0;
    bool ascii = true;
};

Scan scan_text(std::string_view text) noexcept;

}  // namespace newsmill::normalize
