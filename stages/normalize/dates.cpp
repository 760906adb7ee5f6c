#include "stages/normalize/dates.hpp"

#include <unicode/dtfmtsym.h>
#include <unicode/locid.h>
#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "pipeline/batch.hpp"
#include "stages/normalize/unicode.hpp"

namespace newsmill::normalize {
namespace {

constexpr std::size_t kTextBytesMax = 160;
constexpr int kNone = -1;
constexpr int kUnset = INT32_MIN;

// ---- Words
// -----------------------------------------------------------------------------------------

// Lower case, no accents, no dots: "Févr." and "FEVR" are one key.
std::string fold_word(std::string_view word) {
    UErrorCode error = U_ZERO_ERROR;
    const icu::Normalizer2* nfd = icu::Normalizer2::getNFDInstance(error);
    icu::UnicodeString text = icu::UnicodeString::fromUTF8(
        icu::StringPiece(word.data(), static_cast<std::int32_t>(word.size())));
    text.foldCase();
    const icu::UnicodeString apart = U_FAILURE(error) ? text : nfd->normalize(text, error);
    icu::UnicodeString kept;
    for (std::int32_t i = 0; i < apart.length(); i = apart.moveIndex32(i, 1)) {
        const UChar32 c = apart.char32At(i);
        if (u_charType(c) != U_NON_SPACING_MARK && c != '.') kept.append(c);
    }
    std::string folded;
    kept.toUTF8String(folded);
    return folded;
}

// In the order in which a word that names two months is taken.
constexpr std::array kMonthLocales = {
    "en", "de", "fr", "es", "pt", "it", "nl", "ru", "pl", "uk",      "cs", "sv",
    "da", "nb", "fi", "tr", "ro", "hu", "el", "hr", "sr", "sr_Latn", "bg", "sk",
    "sl", "et", "lv", "lt", "ca", "gl", "id", "ms", "vi", "ar",      "fa", "he",
    "hi", "sw", "ha", "so", "yo", "ig", "am", "be", "ka", "hy",      "is"};

struct MonthName {
    std::string_view locale;
    int month;  // 1-12
};

class MonthTable {
   public:
    MonthTable() {
        for (const char* const locale : kMonthLocales) add_locale(locale);
        add("sept", "en", 9);
        add("ott", "it", 10);
        add("maerz", "de", 3);
        add("jaenner", "de", 1);
        add("janner", "de", 1);
        add(fold_word("अक्टूबर"), "hi", 10);
    }

    // 1-12, or 0 if the word is no month.
    int find(const std::string& folded, std::string_view language) const {
        const auto row = names_.find(folded);
        if (row == names_.end()) return 0;
        for (const MonthName& name : row->second) {
            if (!language.empty() && language.substr(0, 2) == name.locale.substr(0, 2)) {
                return name.month;
            }
        }
        return row->second.front().month;
    }

   private:
    void add_locale(const char* locale) {
        UErrorCode error = U_ZERO_ERROR;
        const icu::DateFormatSymbols symbols(icu::Locale(locale), error);
        // ICU's answer for a locale that it lacks would be this machine's own.
        if (U_FAILURE(error) || error == U_USING_DEFAULT_WARNING) return;
        using Symbols = icu::DateFormatSymbols;
        for (const auto context : {Symbols::FORMAT, Symbols::STANDALONE}) {
            for (const auto width : {Symbols::WIDE, Symbols::ABBREVIATED}) {
                std::int32_t count = 0;
                const icu::UnicodeString* names = symbols.getMonths(count, context, width);
                for (std::int32_t i = 0; i < std::min(count, 12); ++i) {
                    std::string text;
                    names[i].toUTF8String(text);
                    add(fold_word(text), locale, i + 1);
                }
            }
        }
    }

    void add(const std::string& name, const char* locale, int month) {
        // Numbers, and the M01 of locales without names, are no words.
        if (name.size() < 3 || is_ascii_digit(name.front()) || is_ascii_digit(name.back())) return;
        names_[name].push_back({locale, month});
    }

    std::unordered_map<std::string, std::vector<MonthName>> names_;
};

const MonthTable& months() {
    static const MonthTable built;
    return built;
}

struct Zone {
    std::string_view name;
    int minutes;
};

// American zones of the wire services first; of names that several zones share, the one that news
// feeds mean (IST: India, BST: Britain, CST: America).
constexpr std::array kZones = {
    Zone{"utc", 0},     Zone{"gmt", 0},     Zone{"z", 0},       Zone{"ut", 0},
    Zone{"est", -300},  Zone{"edt", -240},  Zone{"cst", -360},  Zone{"cdt", -300},
    Zone{"mst", -420},  Zone{"mdt", -360},  Zone{"pst", -480},  Zone{"pdt", -420},
    Zone{"akst", -540}, Zone{"akdt", -480}, Zone{"hst", -600},  Zone{"ast", -240},
    Zone{"adt", -180},  Zone{"nst", -210},  Zone{"ndt", -150},  Zone{"bst", 60},
    Zone{"ist", 330},   Zone{"wet", 0},     Zone{"west", 60},   Zone{"cet", 60},
    Zone{"cest", 120},  Zone{"mez", 60},    Zone{"mesz", 120},  Zone{"eet", 120},
    Zone{"eest", 180},  Zone{"msk", 180},   Zone{"trt", 180},   Zone{"gst", 240},
    Zone{"pkt", 300},   Zone{"npt", 345},   Zone{"bdt", 360},   Zone{"ict", 420},
    Zone{"wib", 420},   Zone{"hkt", 480},   Zone{"sgt", 480},   Zone{"pht", 480},
    Zone{"awst", 480},  Zone{"jst", 540},   Zone{"kst", 540},   Zone{"acst", 570},
    Zone{"acdt", 630},  Zone{"aest", 600},  Zone{"aedt", 660},  Zone{"nzst", 720},
    Zone{"nzdt", 780},  Zone{"sast", 120},  Zone{"wat", 60},    Zone{"cat", 120},
    Zone{"eat", 180},   Zone{"brt", -180},  Zone{"brst", -120}, Zone{"art", -180},
    Zone{"clt", -240},  Zone{"cot", -300},  Zone{"pet", -300},
};

// "6:40 p.m. ET": the hour that New York's clocks show, by the rule in force on that day.
constexpr std::array kAmericanZones = {
    Zone{"et", -300},      Zone{"ct", -360},      Zone{"mt", -420},     Zone{"pt", -480},
    Zone{"eastern", -300}, Zone{"central", -360}, Zone{"pacific", -480}};

// ---- The calendar
// ----------------------------------------------------------------------------------

// Days since 1970-01-01 of the proleptic Gregorian calendar (H. Hinnant, days_from_civil).
std::int64_t days_from_civil(std::int64_t year, int month, int day) noexcept {
    year -= month <= 2;
    const std::int64_t era = (year >= 0 ? year : year - 399) / 400;
    const std::int64_t year_of_era = year - era * 400;
    const std::int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    const std::int64_t day_of_era =
        year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

int days_in_month(std::int64_t year, int month) noexcept {
    static constexpr std::array<int, 12> kDays = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return kDays[static_cast<std::size_t>(month - 1)] + (leap && month == 2);
}

constexpr std::int64_t kDayMs = 86'400'000;
const std::int64_t kFirstMs = days_from_civil(1, 1, 1) * kDayMs;
const std::int64_t kLastMs = days_from_civil(10000, 1, 1) * kDayMs - 1;

std::int64_t bounded(std::int64_t ms) noexcept {
    return ms < kFirstMs || ms > kLastMs ? kNoTime : ms;
}

struct Moment {
    int year = kNone, month = kNone, day = kNone;
    int hour = kNone, minute = kNone, second = kNone;
    int milliseconds = 0;
    int offset_minutes = kUnset;
    int american_minutes = kUnset;  // a zone with summer time
    bool pm = false, am = false;
};

// The first and the last day of American summer time since 2007: the second Sunday of March and the
// first of November. Before that, from April's first to October's last (1987-2006: near enough).
bool american_summer(std::int64_t year, int month, int day) noexcept {
    const auto first_sunday = [&](int m) {
        const std::int64_t weekday = (days_from_civil(year, m, 1) % 7 + 7 + 4) % 7;  // 0: Sunday
        return static_cast<int>((7 - weekday) % 7) + 1;
    };
    if (year >= 2007) {
        if (month == 3) return day >= first_sunday(3) + 7;
        if (month == 11) return day < first_sunday(11);
        return month > 3 && month < 11;
    }
    if (month == 4) return day >= first_sunday(4);
    if (month == 10) return day + 7 <= 31 || day < first_sunday(10) + 28;
    return month > 4 && month < 10;
}

std::int64_t to_ms(Moment m) noexcept {
    if (m.year < 1 || m.year > 9999 || m.month < 1 || m.month > 12) return kNoTime;
    if (m.day < 1 || m.day > days_in_month(m.year, m.month)) return kNoTime;
    int hour = std::max(m.hour, 0);
    const int minute = std::max(m.minute, 0), second = std::max(m.second, 0);
    if (m.pm && hour < 12) hour += 12;
    if (m.am && hour == 12) hour = 0;
    const bool midnight = hour == 24 && minute == 0 && second == 0;
    if ((hour > 23 && !midnight) || minute > 59 || second > 60) return kNoTime;
    int offset = m.offset_minutes;
    if (offset == kUnset && m.american_minutes != kUnset) {
        offset = m.american_minutes + (american_summer(m.year, m.month, m.day) ? 60 : 0);
    }
    if (offset == kUnset) offset = 0;
    const std::int64_t seconds = days_from_civil(m.year, m.month, m.day) * 86'400 + hour * 3600 +
                                 (minute - offset) * 60 + second;
    return bounded(seconds * 1000 + m.milliseconds);
}

// ---- Reading
// ---------------------------------------------------------------------------------------

// The text with the digits of every script as ASCII digits and Unicode's spaces, dashes and
// full-width signs as ASCII ones.
std::string to_ascii_signs(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size();) {
        const CodePoint c = decode_utf8(text, i);
        i += c.length == 0 ? 1 : c.length;
        const int digit = c.value < 0x80 ? -1 : u_charDigitValue(static_cast<UChar32>(c.value));
        if (digit >= 0) {
            out.push_back(static_cast<char>('0' + digit));
        } else if (c.value == 0x2212 || (c.value >= 0x2010 && c.value <= 0x2015)) {
            out.push_back('-');
        } else if (c.value == 0xFF1A) {
            out.push_back(':');
        } else if (c.value == 0xFF0F) {
            out.push_back('/');
        } else if (c.value >= 0x80 && u_isUWhiteSpace(static_cast<UChar32>(c.value))) {
            out.push_back(' ');
        } else if (c.value == 0x200E || c.value == 0x200F || c.value == 0xFEFF) {
            continue;
        } else {
            append_utf8(out, c.value);
        }
    }
    return out;
}

struct Token {
    enum Type : std::uint8_t { kNumber, kWord, kSign, kSpace } type = kSpace;
    std::string_view text;
    std::int64_t value = 0;  // of a number; -1 if it has more than 18 digits
    char sign = ' ';
};

std::vector<Token> tokenize(std::string_view text) {
    std::vector<Token> tokens;
    for (std::size_t i = 0; i < text.size();) {
        const std::size_t start = i;
        Token token;
        if (is_ascii_digit(text[i])) {
            token.type = Token::kNumber;
            for (; i < text.size() && is_ascii_digit(text[i]); ++i) {
                token.value = i - start >= 18 ? -1 : token.value * 10 + (text[i] - '0');
            }
        } else if (is_ascii_space(text[i])) {
            while (i < text.size() && is_ascii_space(text[i])) ++i;
        } else if (is_ascii_letter(text[i]) || static_cast<unsigned char>(text[i]) >= 0x80) {
            token.type = Token::kWord;
            while (i < text.size() &&
                   (is_ascii_letter(text[i]) || static_cast<unsigned char>(text[i]) >= 0x80)) {
                ++i;
            }
        } else {
            token.type = Token::kSign;
            token.sign = text[i++];
        }
        token.text = text.substr(start, i - start);
        tokens.push_back(token);
    }
    return tokens;
}

int full_year(const Token& token) noexcept {
    if (token.text.size() == 2) {
        const int two = static_cast<int>(token.value);
        return two < 69 ? 2000 + two : 1900 + two;  // POSIX
    }
    return token.text.size() == 4 ? static_cast<int>(token.value) : kNone;
}

class DateReader {
   public:
    DateReader(std::string_view text, std::string_view language)
        : language_(language), tokens_(tokenize(text)) {
        const bool english = language.empty() || starts_with_ignoring_case(language, "en");
        const bool american =
            english && (language.size() < 5 || equals_ignoring_case(language.substr(3), "us"));
        month_first_ = american;
    }

    std::int64_t read() {
        while (at_ < tokens_.size()) {
            if (!(number() || word() || sign())) return kNoTime;
        }
        settle_loose_numbers();
        return valid_ ? to_ms(moment_) : kNoTime;
    }

   private:
    const Token& token(std::size_t offset = 0) const noexcept {
        static constexpr Token kEnd;
        return at_ + offset < tokens_.size() ? tokens_[at_ + offset] : kEnd;
    }
    bool is_number(std::size_t offset) const noexcept {
        return at_ + offset < tokens_.size() && token(offset).type == Token::kNumber;
    }
    bool is_sign(std::size_t offset, char sign) const noexcept {
        return at_ + offset < tokens_.size() && token(offset).type == Token::kSign &&
               token(offset).sign == sign;
    }

    bool number() {
        if (!is_number(0)) return false;
        if (token().value < 0 || token().text.size() > 14) return false;
        if (cjk_unit() || numeric_date() || clock() || compact()) return true;
        if (loose_count_ == loose_.size()) return false;
        loose_[loose_count_++] = token();
        ++at_;
        return true;
    }

    // 2015年, 10월, 13日, 18時: the unit follows the number and says what it is.
    bool cjk_unit() {
        if (token(1).type != Token::kWord) return false;
        const std::string_view word = token(1).text;
        struct Unit {
            std::string_view sign;
            int Moment::*field;
        };
        static constexpr std::array<Unit, 16> kUnits = {{{"年", &Moment::year},
                                                         {"년", &Moment::year},
                                                         {"月", &Moment::month},
                                                         {"월", &Moment::month},
                                                         {"日", &Moment::day},
                                                         {"号", &Moment::day},
                                                         {"號", &Moment::day},
                                                         {"일", &Moment::day},
                                                         {"時", &Moment::hour},
                                                         {"时", &Moment::hour},
                                                         {"点", &Moment::hour},
                                                         {"點", &Moment::hour},
                                                         {"시", &Moment::hour},
                                                         {"分", &Moment::minute},
                                                         {"분", &Moment::minute},
                                                         {"秒", &Moment::second}}};
        for (const Unit& unit : kUnits) {
            if (!word.starts_with(unit.sign)) continue;
            set(moment_.*unit.field, token().value);
            note_half_of_day(word.substr(unit.sign.size()));
            at_ += 2;
            return true;
        }
        return false;
    }

    void note_half_of_day(std::string_view word) {
        for (const std::string_view pm : {"午後", "下午", "오후", "晚上"}) {
            if (word.find(pm) != std::string_view::npos) moment_.pm = true;
        }
        for (const std::string_view am : {"午前", "上午", "오전"}) {
            if (word.find(am) != std::string_view::npos) moment_.am = true;
        }
    }

    // 2015-10-13, 2015/10/13, 13.10.2015, 10/13/15: three numbers with one sign between them.
    bool numeric_date() {
        if (token(1).type != Token::kSign || !is_number(2) || token(3).type != Token::kSign ||
            !is_number(4) || moment_.day != kNone) {
            return false;
        }
        const char sign = token(1).sign;
        if ((sign != '-' && sign != '/' && sign != '.') || token(3).sign != sign) return false;
        const Token& a = token(0);
        const Token& b = token(2);
        const Token& c = token(4);
        if (a.text.size() == 4 && b.text.size() <= 2 && c.text.size() <= 2) {
            set_date(a, b, c);
        } else if (a.text.size() <= 2 && b.text.size() <= 2 &&
                   (c.text.size() == 4 || c.text.size() == 2)) {
            const bool first_is_day =
                a.value > 12 || (b.value <= 12 && (sign == '.' || !month_first_));
            set_date(c, first_is_day ? b : a, first_is_day ? a : b);
        } else {
            return false;
        }
        at_ += 5;
        return true;
    }

    void set_date(const Token& year, const Token& month, const Token& day) {
        set(moment_.year, full_year(year));
        set(moment_.month, month.value);
        set(moment_.day, day.value);
    }

    // 18:40, 18:40:07.123, 18h40, 18.40 (after the date), 6 pm.
    bool clock() {
        if (token().text.size() > 2) return false;
        const bool letter_h =
            token(1).type == Token::kWord && (token(1).text == "h" || token(1).text == "H");
        const bool colon = is_sign(1, ':');
        const bool dated = (moment_.day != kNone && moment_.year != kNone) ||
                           (moment_.month != kNone && loose_count_ >= 2);
        const bool dot = dated && is_sign(1, '.') && is_number(2) && token(2).text.size() == 2;
        if (letter_h && !is_number(2)) {
            set(moment_.hour, token().value);
            at_ += 2;
            return true;
        }
        if (!colon && !letter_h && !dot) return bare_hour();
        if (!is_number(2) || token(2).text.size() != 2) return false;
        set(moment_.hour, token().value);
        set(moment_.minute, token(2).value);
        at_ += 3;
        const bool more = is_sign(0, ':') || (dot && is_sign(0, '.'));
        if (more && is_number(1) && token(1).text.size() == 2) {
            set(moment_.second, token(1).value);
            at_ += 2;
            fraction();
        }
        return true;
    }

    void fraction() {
        if (!(is_sign(0, '.') || is_sign(0, ',')) || !is_number(1)) return;
        const std::string_view digits = token(1).text;
        int scale = 100;
        for (std::size_t i = 0; i < 3 && i < digits.size(); ++i, scale /= 10) {
            moment_.milliseconds += (digits[i] - '0') * scale;
        }
        at_ += 2;
    }

    // "6 pm": a number is an hour if that follows.
    bool bare_hour() {
        const std::size_t word = token(1).type == Token::kSpace ? 2 : 1;
        if (moment_.hour != kNone || token(word).type != Token::kWord) return false;
        const std::string_view text = token(word).text;
        const bool dotted = is_sign(word + 1, '.') && token(word + 2).type == Token::kWord &&
                            equals_ignoring_case(token(word + 2).text, "m");
        const bool half = equals_ignoring_case(text, "am") || equals_ignoring_case(text, "pm") ||
                          (dotted && text.size() == 1);
        const bool uhr = equals_ignoring_case(text, "uhr");
        if (!half && !uhr) return false;
        set(moment_.hour, token().value);
        ++at_;
        return true;
    }

    // 20151013, 20151013184000, and 184000 or 1840 after a date and a T.
    bool compact() {
        const std::string_view digits = token().text;
        const auto part = [&](std::size_t from, std::size_t count) {
            int value = 0;
            for (const char c : digits.substr(from, count)) value = value * 10 + (c - '0');
            return value;
        };
        if ((digits.size() == 8 || digits.size() == 12 || digits.size() == 14) &&
            moment_.year == kNone) {
            moment_.year = part(0, 4);
            moment_.month = part(4, 2);
            moment_.day = part(6, 2);
            if (digits.size() >= 12) moment_.hour = part(8, 2), moment_.minute = part(10, 2);
            if (digits.size() == 14) moment_.second = part(12, 2);
        } else if ((digits.size() == 6 || digits.size() == 4) && moment_.day != kNone &&
                   moment_.year != kNone && moment_.hour == kNone) {
            moment_.hour = part(0, 2);
            moment_.minute = part(2, 2);
            if (digits.size() == 6) moment_.second = part(4, 2);
        } else {
            return false;
        }
        ++at_;
        fraction();
        return true;
    }

    bool word() {
        if (token().type != Token::kWord) return false;
        const std::string_view text = token().text;
        const std::string folded = fold_word(text);
        if (half_of_day(folded)) return true;
        ++at_;
        note_half_of_day(text);
        for (const Zone& zone : kZones) {
            if (folded == zone.name) {
                if (moment_.offset_minutes == kUnset) moment_.offset_minutes = zone.minutes;
                return true;
            }
        }
        if (moment_.hour != kNone) {
            for (const Zone& zone : kAmericanZones) {
                if (folded == zone.name) moment_.american_minutes = zone.minutes;
            }
        }
        const int month = months().find(folded, language_);
        // A weekday may read like a month ("mar, 13 oct": mardi): the later word wins.
        if (month != 0 && (moment_.month == kNone || month_from_word_)) {
            moment_.month = month;
            month_from_word_ = true;
        }
        return true;  // any other word is a weekday, a preposition, a label
    }

    bool half_of_day(const std::string& folded) {
        std::size_t used = 1;
        char half = '\0';
        if (folded == "am" || folded == "pm") {
            half = folded.front();
        } else if ((folded == "a" || folded == "p") && is_sign(1, '.')) {
            std::size_t next = token(2).type == Token::kSpace ? 3 : 2;
            if (token(next).type != Token::kWord || !equals_ignoring_case(token(next).text, "m")) {
                return false;
            }
            half = folded.front();
            used = next + 1;
        } else {
            return false;
        }
        (half == 'p' ? moment_.pm : moment_.am) = true;
        at_ += used;
        return true;
    }

    // Signs separate, but after a time '+' and '-' begin an offset.
    bool sign() {
        const Token& t = token();
        if (t.type == Token::kSign && (t.sign == '+' || t.sign == '-') && is_number(1) &&
            (moment_.hour != kNone || moment_.offset_minutes == 0)) {
            return offset(t.sign == '-' ? -1 : 1);
        }
        ++at_;
        return true;
    }

    bool offset(int direction) {
        const std::string_view digits = token(1).text;
        int hours = 0, minutes = 0;
        std::size_t used = 2;
        if (digits.size() <= 2) {
            hours = static_cast<int>(token(1).value);
            if (is_sign(2, ':') && is_number(3) && token(3).text.size() == 2) {
                minutes = static_cast<int>(token(3).value);
                used = 4;
            } else if (digits.size() == 2 && is_number(3) && token(2).type == Token::kSign) {
                ++at_;  // "18:40 - 13.10.2015": the next date's first number
                return true;
            }
        } else if (digits.size() == 4) {
            hours = static_cast<int>(token(1).value / 100);
            minutes = static_cast<int>(token(1).value % 100);
        } else {
            ++at_;
            return true;
        }
        if (hours > 14 || minutes > 59) return false;
        moment_.offset_minutes = direction * (hours * 60 + minutes);
        at_ += used;
        return true;
    }

    // Numbers that stood alone: the day and the year beside a month's name.
    void settle_loose_numbers() {
        if (loose_count_ == 3) {  // "13. 10. 2015"
            if (moment_.month != kNone) valid_ = false;
            set_date(loose_[2], loose_[1], loose_[0]);
            return;
        }
        for (std::size_t i = 0; i < loose_count_; ++i) {
            const Token& t = loose_[i];
            const bool year =
                t.text.size() == 4 || t.value > 31 || (moment_.day != kNone && t.text.size() == 2);
            set(year ? moment_.year : moment_.day, year ? full_year(t) : t.value);
        }
    }

    void set(int& field, std::int64_t value) noexcept {
        if (field != kNone || value < 0 || value > 9999) valid_ = false;
        field = static_cast<int>(std::clamp<std::int64_t>(value, 0, 9999));
    }

    std::string_view language_;
    std::vector<Token> tokens_;
    std::size_t at_ = 0;
    Moment moment_;
    std::array<Token, 3> loose_;
    std::size_t loose_count_ = 0;
    bool month_first_ = true;
    bool month_from_word_ = false;
    bool valid_ = true;
};

// 1445453100, 1445453100.5, 1445453100123 and finer.
std::int64_t parse_epoch(std::string_view text) noexcept {
    std::int64_t value = 0;
    std::size_t digits = 0;
    while (digits < text.size() && is_ascii_digit(text[digits])) {
        if (digits == 19 || (digits == 18 && text[0] == '9')) return kNoTime;
        value = value * 10 + (text[digits++] - '0');
    }
    int milliseconds = 0;
    if (digits < text.size()) {
        if (text[digits] != '.' || digits + 1 == text.size()) return kNoTime;
        int scale = 100;
        for (std::size_t i = digits + 1; i < text.size(); ++i, scale /= 10) {
            if (!is_ascii_digit(text[i])) return kNoTime;
            milliseconds += (text[i] - '0') * scale;
        }
    }
    if (digits == 9 || digits == 10) return bounded(value * 1000 + milliseconds);
    if (digits == 12 || digits == 13) return bounded(value);
    if (digits == 16) return bounded(value / 1000);
    if (digits == 19) return bounded(value / 1'000'000);
    return kNoTime;
}

bool is_compact_date(std::string_view text) noexcept {
    if (text.size() != 8 && text.size() != 12 && text.size() != 14) return false;
    if (!std::all_of(text.begin(), text.end(), is_ascii_digit)) return false;
    return text.starts_with("19") || text.starts_with("20");
}

// The form that nearly all feeds send: 2015-10-13[T ]18:40:00[.123][Z|+hh:mm]. No allocation.
std::int64_t parse_iso(std::string_view text) noexcept {
    const auto digits = [&](std::size_t from, std::size_t count) {
        int value = 0;
        for (std::size_t i = from; i < from + count; ++i) {
            if (i >= text.size() || !is_ascii_digit(text[i])) return kNone;
            value = value * 10 + (text[i] - '0');
        }
        return value;
    };
    if (text.size() < 10 || text[4] != '-' || text[7] != '-') return kNoTime;
    Moment m;
    m.year = digits(0, 4), m.month = digits(5, 2), m.day = digits(8, 2);
    if (m.year < 0 || m.month < 0 || m.day < 0) return kNoTime;
    if (text.size() == 10) return to_ms(m);
    if (text.size() < 19 || (text[10] != 'T' && text[10] != ' ') || text[13] != ':' ||
        text[16] != ':') {
        return kNoTime;
    }
    m.hour = digits(11, 2), m.minute = digits(14, 2), m.second = digits(17, 2);
    if (m.hour < 0 || m.minute < 0 || m.second < 0) return kNoTime;
    std::size_t at = 19;
    if (at < text.size() && text[at] == '.') {
        int scale = 100;
        for (++at; at < text.size() && is_ascii_digit(text[at]); ++at, scale /= 10) {
            m.milliseconds += (text[at] - '0') * scale;
        }
    }
    const std::string_view zone = text.substr(at);
    if (zone.empty() || zone == "Z") return to_ms(m);
    if ((zone[0] != '+' && zone[0] != '-') || zone.size() < 5) return kNoTime;
    const int hours = digits(at + 1, 2);
    const int minutes = digits(at + (zone[3] == ':' ? 4 : 3), 2);
    if (hours < 0 || hours > 14 || minutes < 0 || minutes > 59) return kNoTime;
    if (zone.size() != (zone[3] == ':' ? 6u : 5u)) return kNoTime;
    m.offset_minutes = (zone[0] == '-' ? -1 : 1) * (hours * 60 + minutes);
    return to_ms(m);
}

}  // namespace

std::int64_t parse_date_ms(std::string_view text, std::string_view language) noexcept {
    text = trim_ascii(text);
    if (text.empty() || text.size() > kTextBytesMax) return kNoTime;
    const std::int64_t iso = parse_iso(text);
    if (iso != kNoTime) return iso;
    if (!is_compact_date(text)) {
        const std::int64_t epoch = parse_epoch(text);
        if (epoch != kNoTime) return epoch;
    }
    return DateReader(to_ascii_signs(text), language).read();
}

bool is_month_name(std::string_view word) noexcept {
    return word.size() <= kTextBytesMax && months().find(fold_word(word), "") != 0;
}

}  // namespace newsmill::normalize
