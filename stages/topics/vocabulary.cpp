#include "stages/topics/vocabulary.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include "stages/topics/words.hpp"

namespace newsmill::topics {
namespace {

constexpr std::size_t kBeginningBits = 16;
constexpr std::size_t kBeginningMax = 7;

// Letters that stand in no suffix which English's stemmer cuts: h, j, k, p, q, w, x.
bool is_suffix_letter(char c) noexcept {
    constexpr std::uint32_t kOthers =
        1u << 7 | 1u << 9 | 1u << 10 | 1u << 15 | 1u << 16 | 1u << 22 | 1u << 23;
    return c >= 'a' && c <= 'z' && (kOthers >> (c - 'a') & 1u) == 0;
}

// Whether English's stemmer may cut a word at a place: what is cut is a doubled letter or begins
// like a suffix ("abl" and "biliti" to "ousness").
bool may_be_cut(std::string_view word, std::size_t at) noexcept {
    if (at >= word.size() || word[at] == word[at - 1]) return true;
    return std::string_view("abefilmnostuy").find(word[at]) != std::string_view::npos;
}

std::uint64_t first_bytes(std::string_view word) noexcept {
    std::uint64_t bytes = 0;
    std::memcpy(&bytes, word.data(), std::min<std::size_t>(8, word.size()));
    return bytes;
}

// Whether a pattern with * and ? fits a word. Linear for one *, and bounded by the word's length
// times the number of stars: after a mismatch only the last star is tried again.
bool fits(std::string_view pattern, std::string_view word) noexcept {
    std::size_t p = 0;
    std::size_t w = 0;
    std::size_t star = pattern.npos;
    std::size_t star_word = 0;
    while (w < word.size()) {
        if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == word[w])) {
            ++p;
            ++w;
        } else if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            star_word = w;
        } else if (star != pattern.npos) {
            p = star + 1;
            w = ++star_word;
        } else {
            return false;
        }
    }
    while (p < pattern.size() && pattern[p] == '*') ++p;
    return p == pattern.size();
}

}  // namespace

Vocabulary::Vocabulary(std::string language)
    : language_(std::move(language)), stemmer_(language_), beginnings_(1u << kBeginningBits) {}

void Vocabulary::keep(std::string_view word) { exact_[key_of(word)].kept = true; }

Symbol Vocabulary::add_exact(std::string_view word) {
    Symbol& symbol = exact_[key_of(word)].symbol;
    if (symbol == kNoSymbol) symbol = next_++;
    return symbol;
}

Symbol Vocabulary::add_stem(std::string_view word) {
    const std::string_view stem = stemmer_.stem(word);
    note_beginning(stem);
    Symbol& symbol = stems_[key_of(stem)].stem;
    if (symbol == kNoSymbol) symbol = next_++;
    return symbol;
}

Symbol Vocabulary::add_folded(std::string_view word) {
    const Exact* exact = exact_.find(key_of(word));
    if (exact != nullptr && exact->kept) return add_exact(word);
    const std::string_view stem = stemmer_.stem(word);
    note_beginning(stem);
    Symbol& symbol = stems_[key_of(stem)].folded;
    if (symbol == kNoSymbol) symbol = next_++;
    return symbol;
}

Symbol Vocabulary::add_pattern(std::string_view pattern) {
    const std::size_t plain = pattern.find_first_of("*?");
    const std::string_view start = pattern.substr(0, std::min<std::size_t>(plain, 63));
    std::uint32_t& first = pattern_starts_[key_of(start)];
    for (std::uint32_t at = first; at != 0; at = patterns_[at - 1].next) {
        if (patterns_[at - 1].text == pattern) return patterns_[at - 1].symbol;
    }
    pattern_lengths_ |= std::uint64_t{1} << start.size();
    patterns_.push_back({std::string(pattern), next_, first});
    first = static_cast<std::uint32_t>(patterns_.size());
    return next_++;
}

std::size_t Vocabulary::beginning(std::uint64_t first_bytes, unsigned letters) noexcept {
    return ((first_bytes & low_bits(8 * letters)) * 0x9e3779b97f4a7c15u) >> (64 - kBeginningBits);
}

// English words begin with their stem, but for its last letter if that is i, e, l or y ("happi" of
// "happy", "sensibl" of "sensibility", "hope" of "hoping", "sky" of "skies"); "die", "lie" and
// "tie" of "dying" and so on are listed. Seven letters are enough to tell.
void Vocabulary::note_beginning(std::string_view stem) {
    const auto note = [&](std::string_view start, std::size_t letters, bool is_whole) {
        beginnings_[beginning(first_bytes(start), static_cast<unsigned>(letters))] |=
            static_cast<std::uint16_t>(1u << letters << (is_whole ? 0 : 8));
    };
    const bool may_be_another = std::string_view("iely").find(stem.back()) != stem.npos;
    if (may_be_another || stem.size() > kBeginningMax) {
        note(stem, std::clamp<std::size_t>(stem.size() - 1, 1, kBeginningMax), false);
    } else {
        note(stem, stem.size(), true);
    }
    if (stem == "die" || stem == "lie" || stem == "tie") note(std::string{stem[0], 'y'}, 2, false);
}

bool Vocabulary::may_have_stem(std::string_view word) const noexcept {
    const std::uint64_t bytes = first_bytes(word);
    // Suffixes have eleven letters at most ("alizations"), so a long word has no short stem; and
    // all behind a stem, but for a letter that is changed or doubled, are letters of suffixes.
    std::size_t plain = word.size();
    while (plain > 0 && is_suffix_letter(word[plain - 1])) --plain;
    const std::size_t least = std::max<std::size_t>(
        {1, word.size() > 13 ? word.size() - 12 : 1, plain > 2 ? plain - 2 : 1});
    for (std::size_t letters = std::min(least, kBeginningMax); letters <= kBeginningMax;
         ++letters) {
        const auto count = static_cast<unsigned>(letters);
        const unsigned noted = beginnings_[beginning(bytes, count)] >> letters;
        if ((noted & 0x100) != 0 || ((noted & 1) != 0 && may_be_cut(word, letters))) return true;
    }
    return false;
}

std::size_t Vocabulary::symbols(std::string_view word, std::uint64_t key, const Stemmer& stemmer,
                                Symbol* out) const noexcept {
    std::size_t count = 0;
    const Exact* exact = exact_.find(key);
    if (exact != nullptr && exact->symbol != kNoSymbol) out[count++] = exact->symbol;
    const Stem* stem = nullptr;
    if (!stemmer.may_change(word)) {
        stem = stems_.find(key);
    } else if (language_ != "en" || may_have_stem(word)) {
        stem = stems_.find(key_of(stemmer.stem(word)));
    }
    if (stem != nullptr && stem->stem != kNoSymbol) out[count++] = stem->stem;
    if (stem != nullptr && stem->folded != kNoSymbol && (exact == nullptr || !exact->kept)) {
        out[count++] = stem->folded;
    }
    for (std::uint64_t lengths = pattern_lengths_; lengths != 0; lengths &= lengths - 1) {
        const auto length = static_cast<std::size_t>(std::countr_zero(lengths));
        if (length > word.size()) break;
        const std::uint32_t* first = pattern_starts_.find(key_of(word.substr(0, length)));
        for (std::uint32_t at = first == nullptr ? 0 : *first; at != 0 && count < kSymbolsMax;
             at = patterns_[at - 1].next) {
            if (fits(patterns_[at - 1].text, word)) out[count++] = patterns_[at - 1].symbol;
        }
    }
    return count;
}

}  // namespace newsmill::topics
