// Text of the agencies' wires, framed by control characters.
//
// IPTC 7901 (dpa, AFP and others): SOH, a header line (service and number, priority, category, word
// count, …), a line of keywords, STX, the headline and bylines (the last of them ends in "="), the
// story, ETX, day and time as "131137 GMT Nov 13", EOT. dpa's notebook after the story, which is
// not for publication, goes to the note for editors.
//
// ANPA 1312 (AP and others in America): SYN SYN SOH, service and number, a line of priority,
// category and keyword, STX, then lines that begin with "^" (slug, headline, photos, "Eds:",
// byline) and end in
// "<" or "=", the story, ETX, "AP-WF-11-13-13 1509GMT". Seven bits stand for typography: ``…'' is
// read as "…", a lone _ as a dash.
//
// Lines of a paragraph are joined. Values are made in the arena. Pure, any thread.
#pragma once

#include <string>
#include <string_view>

#include "pipeline/batch.hpp"

namespace newsmill {

// Does the text begin as a wire's message does?
bool is_wire_text(std::string_view text) noexcept;

// `text` is UTF-8. `scratch` is memory to reuse.
void read_wire_text(std::string_view text, std::string& scratch, Arena& arena,
                    Fields& fields) noexcept;

// An e-mail with its transport headers ("Received: …"): not a format of stories.
bool is_mail(std::string_view text) noexcept;

}  // namespace newsmill
