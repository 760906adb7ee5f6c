// Takes markup out of text, in one pass and without a tree, so that tags ten million deep cost what
// their bytes cost. Only real tags go: an element name of HTML with well-formed attributes, any
// name with a quoted attribute, comments, doctypes, processing instructions, CDATA marks.
// Everything else that stands between angle brackets is text, as in `<Reuters>`, `<TXN.N>`,
// `<A-plus by S&P>` and `a < b`.
//
// Block elements become paragraph separators (U+2029), <br> a line separator (U+2028); both are
// line ends to the space pass. In HTML, line ends of the source are spaces (not in <pre>). Scripts,
// styles and the like go with their content.
#pragma once

#include <string>
#include <string_view>

namespace newsmill::normalize {

// Appends the text without its markup to `out`. Returns whether there was any; if not, `out` holds
// the text as it was. `html`: the source says that this is HTML. Otherwise that is decided by how
// many block tags there are beside the line ends.
bool strip_markup(std::string_view text, bool html, std::string& out);

}  // namespace newsmill::normalize
