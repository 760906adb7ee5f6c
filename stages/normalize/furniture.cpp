#include "stages/normalize/furniture.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>

#include "stages/normalize/dates.hpp"
#include "stages/normalize/unicode.hpp"

namespace newsmill::normalize {
namespace {

using Names = std::span<const std::string_view>;

bool contains_ignoring_case(std::string_view text, std::string_view lower) noexcept {
    for (std::size_t i = 0; i + lower.size() <= text.size(); ++i) {
        if (starts_with_ignoring_case(text.substr(i), lower)) return true;
    }
    return false;
}

bool starts_with_any(std::string_view text, Names lower) noexcept {
    return std::any_of(lower.begin(), lower.end(), [&](std::string_view start) {
        return starts_with_ignoring_case(text, start);
    });
}

bool contains_any(std::string_view text, Names lower) noexcept {
    return std::any_of(lower.begin(), lower.end(),
                       [&](std::string_view part) { return contains_ignoring_case(text, part); });
}

// Lines that are furniture as they stand, in lower case, without signs at their ends.
constexpr std::array<std::string_view, 46> kWholeLines = {
    "advertisement",
    "advertisements",
    "advertising",
    "advertisement continue reading the main story",
    "article continues below",
    "article continues below advertisement",
    "continue reading",
    "continue reading below",
    "continue reading the main story",
    "loading",
    "more on this",
    "more on this story",
    "photos you may like",
    "read more",
    "recommended for you",
    "related",
    "related articles",
    "related coverage",
    "related stories",
    "related topics",
    "scroll down for video",
    "see also",
    "share",
    "share this",
    "share this article",
    "share this story",
    "sign up",
    "skip advertisement",
    "sponsored",
    "sponsored content",
    "story continued below",
    "story continues below",
    "story continues below advertisement",
    "subscribe",
    "subscribe now",
    "anzeige",
    "werbung",
    "publicidad",
    "publicidade",
    "pubblicità",
    "publicité",
    "reclame",
    "реклама",
    "广告",
    "continua após a publicidade",
    "all rights reserved",
};

// Starts of a whole paragraph that leave no doubt, given its short length.
constexpr std::array<std::string_view, 30> kStarts = {
    "read more:",      "read more at ",    "read also:",
    "also read:",      "read also |",      "also read |",
    "read next:",      "see also:",        "related:",
    "related story:",  "related stories:", "related article:",
    "more:",           "watch:",           "click here to ",
    "click here for ", "click here:",      "share this article ",
    "share this: ",    "our standards: ",  "for more articles like this, please visit us at ",
    "leia mais:",      "leia também:",     "lea también:",
    "lee también:",    "lire aussi",       "à lire aussi",
    "lesen sie auch:", "leggi anche:",     "читайте также:",
};

constexpr std::array<std::string_view, 12> kCredits = {
    "(reporting by ",   "(additional reporting by ",
    "(editing by ",     "(writing by ",
    "(reporting and ",  "(compiled by ",
    "(reported by ",    "(edited by ",
    "(translation by ", "(text by ",
    "(production by ",  "(reporting: "};

// "Sign up for …", "Subscribe to …", "Follow …": furniture if it also says what for.
constexpr std::array<std::string_view, 7> kInvitations = {
    "sign up ", "subscribe ", "follow ", "get our ", "download our ", "join our ", "like us "};
constexpr std::array<std::string_view, 24> kInvitationWords = {"newsletter",
                                                               "email",
                                                               "e-mail",
                                                               " app",
                                                               "alerts",
                                                               "inbox",
                                                               "updates",
                                                               "podcast",
                                                               "youtube",
                                                               "twitter",
                                                               "facebook",
                                                               "itunes",
                                                               "instagram",
                                                               "here",
                                                               "whatsapp",
                                                               "telegram",
                                                               "linkedin",
                                                               "@",
                                                               "briefing",
                                                               "tiktok",
                                                               "our channel",
                                                               "spotify",
                                                               "most trusted business news",
                                                               "google news"};

// Signs of a sentence of the story: somebody speaks or did something.
constexpr std::array<std::string_view, 10> kStoryWords = {
    " said", " says", " told ", " according to ", "\"",
    "“",     " was ", " were ", " asked",         " urged "};

std::string_view trim_signs(std::string_view text) noexcept {
    while (!text.empty() && static_cast<unsigned char>(text.front()) < 0x80 &&
           !is_ascii_alnum(text.front())) {
        text.remove_prefix(1);
    }
    for (;;) {
        if (text.ends_with("…") || text.ends_with("»") || text.ends_with("›")) {
            text.remove_suffix(text.ends_with("…") || text.ends_with("›") ? 3 : 2);
        } else if (!text.empty() && static_cast<unsigned char>(text.back()) < 0x80 &&
                   !is_ascii_alnum(text.back())) {
            text.remove_suffix(1);
        } else {
            return text;
        }
    }
}

bool is_copyright_line(std::string_view text) noexcept {
    if (text.size() > 160) return false;
    if (starts_with_ignoring_case(text, "copyright ©") || text.starts_with("©")) return true;
    const bool copyright =
        starts_with_ignoring_case(text, "copyright ") || starts_with_ignoring_case(text, "(c) ");
    return copyright && contains_ignoring_case(text, "all rights reserved");
}

// "Reporting by A; Editing by B" without brackets.
bool is_bare_credit(std::string_view text) noexcept {
    static constexpr std::array<std::string_view, 3> kBare = {"reporting by ", "writing by ",
                                                              "additional reporting by "};
    return starts_with_any(text, kBare) && !contains_any(text, kStoryWords) &&
           (contains_ignoring_case(text, "editing by ") ||
            starts_with_ignoring_case(text, "additional") ||
            (text.find(';') != std::string_view::npos));
}

// ---- Words of names and places
// --------------------------------------------------------------------

std::string_view next_word(std::string_view& text) noexcept {
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(end);
    return word;
}

bool starts_upper(std::string_view word) noexcept {
    return !word.empty() && is_upper(decode_utf8(word, 0).value);
}

bool has_digit(std::string_view text) noexcept {
    return std::any_of(text.begin(), text.end(), is_ascii_digit);
}

bool is_all_upper(std::string_view text) noexcept {
    std::size_t letters = 0;
    for (std::size_t i = 0; i < text.size();) {
        const CodePoint c = decode_utf8(text, i);
        if (c.length == 0 || is_lower(c.value)) return false;
        letters += is_upper(c.value);
        i += c.length;
    }
    return letters >= 2;
}

constexpr std::array<std::string_view, 25> kNameParticles = {
    "and", "und", "et",  "y",   "e",   "of", "de", "van", "von", "der", "den", "la", "le",
    "du",  "da",  "dos", "das", "del", "di", "al", "bin", "el",  "in",  "for", "ter"};

// Capitalised words in place of names that start no byline: "By Wednesday", "By The Numbers".
constexpr std::array<std::string_view, 36> kNotNames = {
    "monday",   "tuesday",  "wednesday", "thursday", "friday", "saturday", "sunday",   "january",
    "february", "march",    "april",     "may",      "june",   "july",     "august",   "september",
    "october",  "november", "december",  "the",      "now",    "then",     "contrast", "comparison",
    "far",      "law",      "all",       "some",     "this",   "that",     "these",    "those",
    "its",      "his",      "her",       "christmas"};

bool is_one_of(std::string_view word, Names lower) noexcept {
    return std::any_of(lower.begin(), lower.end(),
                       [&](std::string_view one) { return equals_ignoring_case(word, one); });
}

std::string_view without_commas(std::string_view word) noexcept {
    while (!word.empty() && (word.back() == ',' || word.back() == ';')) word.remove_suffix(1);
    return word;
}

// "Jane Roe and John Doe, Example News": two capitalised words at least, hardly anything else.
bool reads_like_names(std::string_view text) noexcept {
    std::size_t capitalised = 0, words = 0;
    while (!text.empty()) {
        const std::string_view word = without_commas(next_word(text));
        if (word.empty()) continue;
        if (++words > 20 || has_digit(word)) return false;
        if (words == 1 && is_one_of(word, kNotNames)) return false;
        // "N.", "Jr." are part of names; another full stop ends a sentence.
        if (word.back() == '.' && word.size() > 3) return false;
        if (starts_upper(word)) {
            ++capitalised;
        } else if (!is_one_of(word, kNameParticles)) {
            return false;
        }
    }
    return capitalised >= 2;
}

// ---- Datelines
// ------------------------------------------------------------------------------------

constexpr std::array<std::string_view, 34> kLabels = {
    "file",      "update",    "breaking",  "watch",   "video",      "exclusive", "opinion",
    "analysis",  "photos",    "photo",     "news",    "correction", "editorial", "advertisement",
    "live",      "read",      "alert",     "alerta",  "more",       "summary",   "factbox",
    "timeline",  "interview", "column",    "preview", "commentary", "refile",    "insight",
    "corrected", "wrapup",    "explainer", "review",  "urgent",     "note"};

constexpr std::array<std::string_view, 22> kPlaceParticles = {
    "de", "of", "the", "la",  "las", "los", "am",   "an",  "der", "del", "do",
    "da", "du", "le",  "les", "sur", "in",  "upon", "and", "y",   "al",  "el"};

struct Separator {
    std::size_t at = std::string_view::npos;
    std::size_t end = 0;
    bool strong = false;  // a dash that is no hyphen
};

// The first dash that stands between a dateline and its story.
Separator find_separator(std::string_view text) noexcept {
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '-' && text[i] != '\xE2') continue;
        const std::string_view rest = text.substr(i);
        const bool spaced =
            i > 0 && (text[i - 1] == ' ' || text[i - 1] == ')' || text[i - 1] == '.');
        if (rest.starts_with("—") || rest.starts_with("–")) {
            return {i, i + 3, true};
        }
        if (spaced && rest.starts_with("-- ")) return {i, i + 3, true};
        if (spaced && rest.starts_with("- ")) return {i, i + 2, false};
    }
    return {};
}

// Drops a date at the end: "PARIS, Nov 24", "MADRID 13 oct. 2015", "ROMA, 13 OTT".
std::string_view without_date(std::string_view text, bool& had_date) noexcept {
    had_date = false;
    std::size_t digit = 0;
    while (digit < text.size() && !is_ascii_digit(text[digit])) ++digit;
    if (digit == text.size()) return text;
    std::size_t cut = text.rfind(',', digit);
    if (cut == std::string_view::npos) {
        // No comma: the date begins with its number, or with the word before it.
        if (digit == 0 || text[digit - 1] != ' ') return {};
        const std::string_view before = trim_ascii(text.substr(0, digit));
        const std::size_t word = before.rfind(' ');
        const bool month_first = text.size() - digit <= 3 && word != std::string_view::npos;
        cut = month_first ? word : before.size();
    }
    if (text.size() - cut > 24) return {};
    had_date = text[cut] == ',';
    return trim_ascii(text.substr(0, cut));
}

bool is_place(std::string_view text, bool upper_only) noexcept {
    if (text.empty() || text.size() > 64 || has_digit(text)) return false;
    const std::size_t comma = std::min(text.find(','), text.size());
    const std::string_view city = text.substr(0, comma);
    if (upper_only && !is_all_upper(city)) return false;
    if (is_one_of(city, kLabels)) return false;
    std::size_t words = 0;
    for (std::string_view rest = text; !rest.empty();) {
        const std::string_view word = without_commas(next_word(rest));
        if (word.empty()) continue;
        if (++words > 6) return false;
        if (words == 1 && is_one_of(word, kLabels)) return false;
        if (word.find_first_of("\"()[]:;!?<>@#") != std::string_view::npos) return false;
        if (!starts_upper(word) && !(words > 1 && is_one_of(word, kPlaceParticles))) return false;
    }
    return words > 0 && starts_upper(text.substr(text.rfind(' ') + 1));
}

// "CDMX." is CDMX, but "Fla." and "N.H." keep their stops.
std::string_view without_full_stop(std::string_view place) noexcept {
    const std::string_view word = place.substr(place.rfind(' ') + 1);
    const bool ends_word = word.size() > 4 && word.find('.') == word.size() - 1;
    return ends_word && is_all_upper(word) ? place.substr(0, place.size() - 1) : place;
}

// The agency in brackets at the end of `text`, taken off; empty if there is none.
std::string_view take_agency(std::string_view& text) noexcept {
    if (!text.ends_with(')')) return {};
    const std::size_t open = text.rfind('(');
    if (open == std::string_view::npos || text.size() - open > 40) return {};
    const std::string_view agency = text.substr(open + 1, text.size() - open - 2);
    text = trim_ascii(text.substr(0, open));
    return agency;
}

// ---- Authors
// --------------------------------------------------------------------------------------

std::string_view without_by(std::string_view name) noexcept {
    for (const std::string_view by : {"by ", "von ", "par ", "por ", "by: "}) {
        if (starts_with_ignoring_case(name, by)) return trim_ascii(name.substr(by.size()));
    }
    return name;
}

std::string_view clean_author(std::string_view name) noexcept {
    static constexpr std::string_view kSigns = " \t\"'[]{};,|";
    const auto trim = [](std::string_view text) {
        while (!text.empty() && kSigns.find(text.front()) != std::string_view::npos) {
            text.remove_prefix(1);
        }
        while (!text.empty() && kSigns.find(text.back()) != std::string_view::npos) {
            text.remove_suffix(1);
        }
        return text;
    };
    name = without_by(trim(name));
    const std::size_t at = name.find('@');
    if (at != std::string_view::npos && at > 0) {  // "desk@example.org (Jane Roe)" of RSS
        const std::size_t open = name.find('(', at);
        if (open == std::string_view::npos) return {};
        name = name.substr(open + 1, std::min(name.find(')', open), name.size()) - open - 1);
    }
    name = trim(name);
    const bool address = name.find("://") != std::string_view::npos || name.starts_with("www.");
    const bool lettered = std::any_of(name.begin(), name.end(), [](char c) {
        return is_ascii_letter(c) || static_cast<unsigned char>(c) >= 0x80;
    });
    static constexpr std::array<std::string_view, 6> kNobody = {"none",           "null", "unknown",
                                                                "unknown author", "n/a",  "by"};
    return address || !lettered || is_one_of(name, kNobody) ? std::string_view{} : name;
}

}  // namespace

bool is_boilerplate(std::string_view paragraph) noexcept {
    constexpr std::size_t kBytesMax = 320;
    if (paragraph.size() > kBytesMax) return false;
    if (paragraph == "AD" || paragraph == "ADs" || paragraph == "[ad]") return true;
    const std::string_view bare = trim_signs(paragraph);
    if (bare.empty()) return false;
    if (is_one_of(bare, kWholeLines)) return true;
    if (is_copyright_line(paragraph)) return true;
    if (paragraph.front() == '(')
        return starts_with_any(paragraph, kCredits) && paragraph.find(')') >= paragraph.size() - 2;
    if (is_bare_credit(paragraph)) return true;
    constexpr std::size_t kLinkBytesMax = 200;
    if (paragraph.size() > kLinkBytesMax) return false;
    if (starts_with_any(bare, kStarts)) return true;
    return starts_with_any(bare, kInvitations) && contains_any(bare, kInvitationWords) &&
           !contains_any(bare, kStoryWords);
}

bool opens_credits(std::string_view paragraph) noexcept {
    return paragraph.size() <= 320 && starts_with_any(paragraph, kCredits) &&
           paragraph.find(')') == std::string_view::npos;
}

std::string_view byline_names(std::string_view paragraph) noexcept {
    constexpr std::size_t kBytesMax = 120;
    if (paragraph.size() > kBytesMax) return {};
    for (const std::string_view by : {"by ", "by: ", "von ", "par ", "por "}) {
        if (!starts_with_ignoring_case(paragraph, by)) continue;
        std::string_view names = trim_ascii(paragraph.substr(by.size()));
        for (const std::string_view dash : {" - ", " – ", " — ", " | ", ": "}) {
            names = names.substr(0, names.find(dash));
        }
        names = without_commas(trim_ascii(names));
        if (reads_like_names(names)) return names;
    }
    return {};
}

std::string_view dateline_place(std::string_view paragraph) noexcept {
    constexpr std::size_t kBytesMax = 120;
    paragraph = paragraph.substr(0, kBytesMax);
    Separator separator = find_separator(paragraph);
    if (separator.at == std::string_view::npos) return {};
    std::string_view text = trim_ascii(paragraph.substr(0, separator.at));
    std::string_view agency = take_agency(text);
    if (text.empty() && !agency.empty()) {  // "(ANSA) - ROMA, 13 OTT - "
        paragraph.remove_prefix(separator.end);
        separator = find_separator(paragraph);
        if (separator.at == std::string_view::npos) return {};
        text = trim_ascii(paragraph.substr(0, separator.at));
        if (!is_all_upper(text.substr(0, text.find(',')))) return {};
    }
    bool had_date = false;
    text = without_date(text, had_date);
    while (!text.empty() && (text.back() == ',' || text.back() == ' ')) text.remove_suffix(1);
    const bool upper_only = agency.empty() && !had_date;
    if (!is_place(text, upper_only) || is_month_name(text)) return {};
    return without_full_stop(text);
}

bool same_words(std::string_view a, std::string_view b) noexcept {
    const auto next = [](std::string_view text, std::size_t& at) -> char32_t {
        while (at < text.size()) {
            const CodePoint c = decode_utf8(text, at);
            at += c.length == 0 ? 1 : c.length;
            if (is_letter_or_digit(c.value)) return fold_case(c.value);
        }
        return 0;
    };
    std::size_t i = 0, k = 0;
    bool any = false;
    for (;;) {
        const char32_t x = next(a, i), y = next(b, k);
        if (x != y) return false;
        if (x == 0) return any;
        any = true;
    }
}

std::string_view without_repetition(std::string_view headline) noexcept {
    constexpr std::size_t kBytesMin = 15;
    for (const std::string_view between : {" ", " - ", " | ", ": ", " – ", " — "}) {
        if (headline.size() < 2 * kBytesMin || (headline.size() - between.size()) % 2 != 0)
            continue;
        const std::size_t half = (headline.size() - between.size()) / 2;
        const std::string_view first = headline.substr(0, half);
        if (headline.substr(half, between.size()) != between) continue;
        if (first != headline.substr(half + between.size())) continue;
        if (std::count(first.begin(), first.end(), ' ') >= 2) return first;
    }
    return headline;
}

std::string_view without_site_name(std::string_view headline) noexcept {
    for (const std::string_view bar : {" | ", " - ", " – ", " — "}) {
        const std::size_t at = headline.rfind(bar);
        if (at != std::string_view::npos && at >= 15 && headline.size() - at < 40) {
            return headline.substr(0, at);
        }
    }
    return headline;
}

void clean_authors(std::string_view by, std::string& out) {
    const std::size_t first = out.size();
    while (!by.empty()) {
        const std::size_t end = std::min(by.find_first_of(",;|"), by.size());
        const std::string_view name = clean_author(by.substr(0, end));
        by.remove_prefix(std::min(end + 1, by.size()));
        if (name.empty()) continue;
        const std::string_view done = std::string_view(out).substr(first);
        bool known = false;
        for (std::size_t at = done.find(name); at != std::string_view::npos;
             at = done.find(name, at + 1)) {
            const bool starts = at == 0 || done[at - 1] == ' ';
            const std::size_t after = at + name.size();
            const bool ends = after == done.size() || done[after] == ',';
            known |= starts && ends && (at < 2 || done[at - 2] == ',');
        }
        if (known) continue;
        if (!done.empty()) out.append(", ");
        out.append(name);
    }
}

}  // namespace newsmill::normalize
