// What stands around a story and is not part of it: the headline repeated at the start of the body,
// a byline, advertising marks, "Read more: …", "(Reporting by …; Editing by …)"; and the dateline,
// which stays in the body and is only read.
//
// Only whole paragraphs go, and only where their wording leaves little doubt: a sentence of the
// story that begins with the same words ("Sign up for health insurance by Friday, officials said.")
// stays. All functions are pure; results view their arguments.
#pragma once

#include <string>
#include <string_view>

namespace newsmill::normalize {

// Is the paragraph an advertisement, a link to other stories, a credit line, …?
bool is_boilerplate(std::string_view paragraph) noexcept;

// "(Reporting by A" that the next paragraph ends: "editing by B)".
bool opens_credits(std::string_view paragraph) noexcept;

// The names in a paragraph that is a byline ("By Jane Roe and John Doe, Example News" without the
// "By"); empty if it is none.
std::string_view byline_names(std::string_view paragraph) noexcept;

// The place of the dateline that starts the paragraph ("PARIS, Nov 24 (AFP) - …" -> "PARIS");
// empty if there is none or it names no place ("(Bloomberg) -- …").
std::string_view dateline_place(std::string_view paragraph) noexcept;

// Do both say the same, apart from case, punctuation and spaces? Two texts without letters and
// digits never do.
bool same_words(std::string_view a, std::string_view b) noexcept;

// A headline that is written twice in a row ("X X", "X - X") once; else as it is.
std::string_view without_repetition(std::string_view headline) noexcept;

// The headline without a last " | Example News" or " - Example News"; else as it is.
std::string_view without_site_name(std::string_view headline) noexcept;

// Appends a list of authors in one form: no "By", quotation marks, brackets, addresses, "None" or
// repetitions; parted by ", ".
void clean_authors(std::string_view by, std::string& out);

}  // namespace newsmill::normalize
