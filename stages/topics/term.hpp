// The words of a rule's term, as a text's words are cut (stages/topics/words.hpp), with * and ? in
// them. A value. Errors: term_problem() says what is wrong with a term, empty if nothing.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace newsmill::topics {

struct TermWord {
    std::string text;  // in lower case
    bool is_pattern = false;
    bool gap_before = false;  // something other than a blank or a hyphen stands before it
};

inline constexpr std::size_t kTermWordsMax = 16;

std::vector<TermWord> term_words(std::string_view term);
// Bytes before the first word: "(sic)" has one.
std::size_t term_lead(std::string_view term);
std::string term_problem(std::string_view term);

// The parts of a list that blanks part.
std::vector<std::string_view> split_blanks(std::string_view list);

}  // namespace newsmill::topics
