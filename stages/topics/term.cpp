#include "stages/topics/term.hpp"

#include <algorithm>

#include "stages/topics/words.hpp"

namespace newsmill::topics {
namespace {

// Bytes that no UTF-8 holds stand for * and ?, since all bytes beyond ASCII are letters.
constexpr char kStar = '\xFE';
constexpr char kQuestion = '\xFF';

std::string with_letters(std::string_view term) {
    std::string out(term);
    std::replace(out.begin(), out.end(), '*', kStar);
    std::replace(out.begin(), out.end(), '?', kQuestion);
    return out;
}

}  // namespace

std::vector<TermWord> term_words(std::string_view term) {
    const std::string text = with_letters(term);
    std::vector<TermWord> words;
    for_each_word(text, [&](std::string_view raw, std::size_t, bool gap) {
        TermWord word;
        word.text = lower_case(raw);
        std::replace(word.text.begin(), word.text.end(), kStar, '*');
        std::replace(word.text.begin(), word.text.end(), kQuestion, '?');
        word.is_pattern = word.text.find_first_of("*?") != std::string::npos;
        word.gap_before = gap && !words.empty();
        words.push_back(std::move(word));
    });
    return words;
}

std::size_t term_lead(std::string_view term) {
    const std::string text = with_letters(term);
    std::size_t lead = text.size();
    for_each_word(text,
                  [&](std::string_view, std::size_t start, bool) { lead = std::min(lead, start); });
    return lead;
}

std::string term_problem(std::string_view term) {
    const std::vector<TermWord> words = term_words(term);
    const std::string quoted = "'" + std::string(term) + "'";
    if (words.empty()) return quoted + " has no word";
    if (words.size() > kTermWordsMax) return quoted + " has more than 16 words";
    for (const TermWord& word : words) {
        if (word.text[0] == '*' || word.text[0] == '?') {
            return quoted + ": a word can't begin with * or ?";
        }
    }
    return "";
}

std::vector<std::string_view> split_blanks(std::string_view list) {
    std::vector<std::string_view> parts;
    while (true) {
        const auto start = list.find_first_not_of(" \t\r\n");
        if (start == list.npos) return parts;
        list = list.substr(start);
        const auto end = list.find_first_of(" \t\r\n");
        parts.push_back(list.substr(0, end));
        if (end == list.npos) return parts;
        list = list.substr(end);
    }
}

}  // namespace newsmill::topics
