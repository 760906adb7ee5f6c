#include "stages/normalize/language.hpp"

#include <cld2/public/compact_lang_det.h>
#include <cld2/public/encodings.h>
#include <unicode/locid.h>
#include <unicode/uloc.h>
#include <unicode/unistr.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>

#include "stages/normalize/unicode.hpp"

namespace newsmill::normalize {
namespace {

// Bibliographic codes of ISO 639-2 and withdrawn ones, which ICU does not map.
constexpr std::array<std::pair<std::string_view, std::string_view>, 32> kOldCodes = {{
    {"alb", "sq"}, {"arm", "hy"}, {"baq", "eu"}, {"bur", "my"}, {"chi", "zh"}, {"cmn", "zh"},
    {"cze", "cs"}, {"dut", "nl"}, {"fre", "fr"}, {"geo", "ka"}, {"ger", "de"}, {"gre", "el"},
    {"ice", "is"}, {"in", "id"},  {"iw", "he"},  {"ji", "yi"},  {"jw", "jv"},  {"mac", "mk"},
    {"mao", "mi"}, {"may", "ms"}, {"mo", "ro"},  {"per", "fa"}, {"prs", "fa"}, {"rum", "ro"},
    {"scc", "sr"}, {"scr", "hr"}, {"sh", "sr"},  {"slo", "sk"}, {"tib", "bo"}, {"scn", "scn"},
    {"wel", "cy"}, {"arb", "ar"},
}};

// Names that are not in ICU's lists.
constexpr std::array<std::pair<std::string_view, std::string_view>, 12> kOtherNames = {{
    {"mandarin", "zh"},
    {"cantonese", "yue"},
    {"castilian", "es"},
    {"castellano", "es"},
    {"farsi", "fa"},
    {"flemish", "nl"},
    {"tagalog", "tl"},
    {"pidgin", "pcm"},
    {"brazilian portuguese", "pt"},
    {"brasileiro", "pt"},
    {"oromo", "om"},
    {"moldovan", "ro"},
}};

// The languages in whose words the names of languages are known; each knows itself too.
constexpr std::array kNamingLocales = {"en", "de", "fr", "es", "pt", "it", "nl", "ru", "pl", "sv",
                                       "da", "nb", "fi", "cs", "tr", "uk", "ar", "zh", "ja", "ko"};

constexpr std::size_t kNameBytesMax = 64;

std::string fold_name(std::string_view name) {
    std::string folded;
    for (std::size_t i = 0; i < name.size();) {
        const CodePoint c = decode_utf8(name, i);
        if (c.length == 0) return {};
        append_utf8(folded, fold_case(c.value));
        i += c.length;
    }
    return folded;
}

class CodeTable {
   public:
    CodeTable() {
        for (const char* const* code = icu::Locale::getISOLanguages(); *code != nullptr; ++code) {
            // ICU's codes are static; two-letter ones are canonical as they are.
            const std::string_view canonical = *code;
            codes_.emplace(*code, canonical);
            const char* const iso3 = uloc_getISO3Language(*code);
            if (*iso3 != '\0') codes_.emplace(iso3, canonical);
        }
        for (const auto& [old_code, code] : kOldCodes) codes_[std::string(old_code)] = code;
        for (const char* const none : {"und", "mul", "zxx", "mis"}) codes_.erase(none);
    }

    std::string_view find(const std::string& code) const {
        const auto row = codes_.find(code);
        return row == codes_.end() ? std::string_view{} : row->second;
    }
    const std::map<std::string, std::string_view, std::less<>>& all() const { return codes_; }

   private:
    std::map<std::string, std::string_view, std::less<>> codes_;
};

const CodeTable& codes() {
    static const CodeTable built;
    return built;
}

// Built by the first article that gives its language by name: that takes a quarter of a second.
class NameTable {
   public:
    NameTable() {
        for (const char* const locale : kNamingLocales) add_names(locale);
        for (const auto& [code, canonical] : codes().all()) {
            if (code.size() == 2) add_name(code.c_str(), code.c_str(), canonical);
        }
        for (const auto& [name, code] : kOtherNames) names_[std::string(name)] = code;
    }

    std::string_view find(const std::string& name) const {
        const auto row = names_.find(name);
        return row == names_.end() ? std::string_view{} : row->second;
    }

   private:
    void add_names(const char* locale) {
        for (const auto& [code, canonical] : codes().all()) {
            add_name(code.c_str(), locale, canonical);
        }
    }
    void add_name(const char* code, const char* locale, std::string_view canonical) {
        std::array<UChar, 128> name;
        UErrorCode error = U_ZERO_ERROR;
        const std::int32_t length = uloc_getDisplayLanguage(
            code, locale, name.data(), static_cast<std::int32_t>(name.size()), &error);
        // A default would be in the language of this machine.
        if (U_FAILURE(error) || error == U_USING_DEFAULT_WARNING) return;
        std::string text;
        icu::UnicodeString(name.data(), length).toUTF8String(text);
        if (text.size() > 3) names_.emplace(fold_name(text), canonical);
    }

    std::unordered_map<std::string, std::string_view> names_;
};

const NameTable& names() {
    static const NameTable built;
    return built;
}

// A bounded prefix, cut at a character.
std::string_view sample_of(std::string_view text, std::size_t bytes_max) noexcept {
    if (text.size() <= bytes_max) return text;
    std::size_t end = bytes_max;
    while (end > 0 && is_continuation(text[end])) --end;
    return text.substr(0, end);
}

// Languages that CLD2 tells apart badly; a declared one of the same group is believed.
bool are_close(std::string_view a, std::string_view b) noexcept {
    static constexpr std::array<std::string_view, 5> kGroups = {
        " no nb nn da ", " hr sr bs ", " id ms ", " fil tl ceb ", " hi mr ne "};
    return std::any_of(kGroups.begin(), kGroups.end(), [&](std::string_view group) {
        const auto has = [&](std::string_view code) {
            const std::size_t at = group.find(code);
            return at != std::string_view::npos && at > 0 && group[at - 1] == ' ' &&
                   group[at + code.size()] == ' ';
        };
        return has(a) && has(b);
    });
}

CLD2::Language hint_of(std::string_view declared) noexcept {
    if (declared.empty()) return CLD2::UNKNOWN_LANGUAGE;
    std::array<char, 16> code{};
    if (declared.size() >= code.size()) return CLD2::UNKNOWN_LANGUAGE;
    std::copy(declared.begin(), declared.end(), code.begin());
    if (declared == "he") return CLD2::HEBREW;
    if (declared == "nb") return CLD2::NORWEGIAN;
    return CLD2::GetLanguageFromName(code.data());
}

struct Detected {
    std::string_view language;  // empty: none
    int percent = 0;
    int letters_bytes = 0;
    bool reliable = false;
};

Detected detect(std::string_view sample, std::string_view declared) noexcept {
    const CLD2::CLDHints hints{nullptr, nullptr, CLD2::UNKNOWN_ENCODING, hint_of(declared)};
    CLD2::Language languages[3];
    int percents[3];
    double scores[3];
    Detected detected;
    CLD2::ExtDetectLanguageSummary(sample.data(), static_cast<int>(sample.size()), true, &hints, 0,
                                   languages, percents, scores, nullptr, &detected.letters_bytes,
                                   &detected.reliable);
    if (languages[0] == CLD2::UNKNOWN_LANGUAGE) return detected;
    const std::string_view code = CLD2::LanguageCode(languages[0]);
    detected.language = language_code(code.substr(0, code.find('-')));
    detected.percent = percents[0];
    return detected;
}

constexpr int kEnoughBytes = 200;  // shorter texts lower the confidence in proportion

// ---- English by its little words
// Most of the world's wires are English, and CLD2 takes 70,000 instructions for a call however
// short the text. A beginning is English without asking it if enough of its words are of those that
// no other language has in common with it.

constexpr std::uint64_t packed(std::string_view word) noexcept {
    std::uint64_t bytes = 0;
    for (std::size_t i = 0; i < word.size(); ++i) {
        bytes |= std::uint64_t{static_cast<unsigned char>(word[i])} << (8 * i);
    }
    return bytes;
}

constexpr std::uint64_t kSpread = 0x9e3779b97f4a7c15u;
constexpr unsigned kSlotShift = 64 - 9;

// A slot of its own for each word; 0: none.
constexpr std::array<std::uint64_t, 512> kEnglishWords = [] {
    std::array<std::uint64_t, 512> slots{};
    for (const std::string_view word :
         {"the", "and",   "that",  "with",   "from",  "his",   "said",    "have",   "has",
          "had", "were",  "will",  "would",  "this",  "which", "their",   "they",   "been",
          "who", "but",   "not",   "after",  "about", "than",  "when",    "its",    "are",
          "you", "there", "could", "should", "where", "while", "because", "through"}) {
        std::uint64_t at = packed(word) * kSpread >> kSlotShift;
        while (slots[at] != 0) at = (at + 1) % slots.size();
        slots[at] = packed(word);
    }
    return slots;
}();

bool is_english_word(std::string_view word) noexcept {
    if (word.size() < 3 || word.size() > 7) return false;
    std::uint64_t bytes = 0;
    std::memcpy(&bytes, word.data(), word.size());
    for (std::uint64_t at = bytes * kSpread >> kSlotShift;; at = (at + 1) % kEnglishWords.size()) {
        if (kEnglishWords[at] == bytes) return true;
        if (kEnglishWords[at] == 0) return false;
    }
}

// Reads no further than it must: of 100 English words about 18 are on the list, of others' texts
// none or a name's "the".
bool is_clearly_english(std::string_view text) noexcept {
    constexpr std::size_t kBytesMax = 512;
    constexpr int kEnough = 6, kOfWords = 9, kForeignMax = 8, kWordsWithout = 24;
    int words = 0, english = 0, foreign = 0;
    std::size_t start = 0;
    bool in_word = false;
    for (std::size_t i = 0; i < std::min(text.size(), kBytesMax); ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        const bool is_letter = static_cast<unsigned char>((byte | 0x20) - 'a') < 26;
        if (is_letter == in_word) continue;
        in_word = is_letter;
        if (is_letter) {
            start = i;
            continue;
        }
        // Letters of others: U+00C0 and on, but for typographic signs.
        foreign += byte > 0xC2 && byte != 0xE2 ? 1 : 0;
        ++words;
        english += is_english_word(text.substr(start, i - start)) ? 1 : 0;
        if (english >= kEnough) return foreign <= kForeignMax && english * kOfWords >= words;
        if (english == 0 && words >= kWordsWithout) return false;
    }
    return false;
}

// A short beginning that is clearly of one language decides; else the whole sample does. Of 18,473
// news articles whose first 208 bytes were clear, 21 looked different in 4 KiB (of all 19,247, 151
// look different in 512 bytes and in 4 KiB), at an eighth of the time of 2 KiB.
Detected detect_in_steps(std::string_view text, std::string_view declared,
                         std::size_t sample_bytes_max) noexcept {
    constexpr std::size_t kBeginningBytes = 208;
    constexpr int kClearPercent = 97;
    if (text.size() > kBeginningBytes && sample_bytes_max > kBeginningBytes) {
        if (is_clearly_english(text)) return {"en", 99, kEnoughBytes, true};
        const Detected found = detect(sample_of(text, kBeginningBytes), declared);
        if (found.reliable && found.percent >= kClearPercent) return found;
    }
    return detect(sample_of(text, sample_bytes_max), declared);
}

}  // namespace

std::string_view language_code(std::string_view declared) noexcept {
    declared = trim_ascii(declared);
    if (declared.empty() || declared.size() > kNameBytesMax) return {};
    const std::string folded = fold_name(declared);
    const std::string primary = folded.substr(0, folded.find_first_of("-_ ,;/("));
    if (primary.size() == 2 || primary.size() == 3) {
        const std::string_view code = codes().find(primary);
        if (!code.empty()) return code;
    }
    std::string_view code = names().find(folded);
    if (code.empty()) code = names().find(primary);
    return code;
}

Identified identify_language(std::string_view text, std::string_view declared,
                             std::size_t sample_bytes_max) noexcept {
    constexpr int kDeclaredOnly = 50;
    const Detected found = detect_in_steps(text, declared, sample_bytes_max);
    int confidence = found.percent;
    if (!found.reliable) confidence = std::min(confidence, 40);
    confidence = confidence * std::min(found.letters_bytes, kEnoughBytes) / kEnoughBytes;
    if (declared.empty()) {
        if (found.language.empty()) return {};
        return {found.language, static_cast<std::uint8_t>(confidence)};
    }
    if (found.language == declared || are_close(found.language, declared)) {
        return {declared, static_cast<std::uint8_t>(std::max(confidence, 60))};
    }
    // Only a clear finding overrules what the provider says.
    if (!found.language.empty() && found.reliable && confidence >= 80) {
        return {found.language, static_cast<std::uint8_t>(confidence)};
    }
    return {declared, static_cast<std::uint8_t>(found.language.empty() ? kDeclaredOnly : 30)};
}

}  // namespace newsmill::normalize
