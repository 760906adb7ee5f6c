#include "stages/normalize/dates.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string_view>

#include "pipeline/batch.hpp"

namespace newsmill::normalize {
namespace {

constexpr std::int64_t kMinuteMs = 60'000;
constexpr std::int64_t kDay = 1'444'694'400'000;                   // 2015-10-13T00:00Z
constexpr std::int64_t kTime = kDay + (18 * 60 + 40) * kMinuteMs;  // 18:40Z

struct Row {
    std::string_view text;
    std::int64_t ms;
    std::string_view language = "";
};

TEST(NormalizeDates, ReadsWhatProvidersWrite) {
    constexpr Row kRows[] = {
        {"2015-10-13", kDay},
        {"20151013", kDay},
        {"2015-10-13T18:40:00Z", kTime},
        {"2015-10-13T18:40Z", kTime},
        {"2015-10-13 18:40", kTime},
        {"2015-10-13T18:40:00.000+00:00", kTime},
        {"2015-10-13T18:40:00.25Z", kTime + 250},
        {"2015-10-13T18:40:00,250Z", kTime + 250},
        {"2015-10-13T20:40:00+0200", kTime},
        {"2015-10-13T20:40:00+02", kTime},
        {"2015-10-13 14:40:00 -04:00", kTime},
        {"2015-10-13T20:40+02:00[Europe/Paris]", kTime},
        {"20151013T184000Z", kTime},
        {"20151013T2040+0200", kTime},
        {"20151013184000", kTime},
        {"1444761600", kTime},
        {"1444761600.5", kTime + 500},
        {"1444761600000", kTime},
        {"1444761600000000", kTime},
        {"1444761600000000000", kTime},
        {"Tue, 13 Oct 2015 18:40:00 GMT", kTime},
        {"Tue, 13 Oct 2015 14:40:00 EDT", kTime},
        {"Tue, 13 Oct 15 18:40 UT", kTime},
        {"Tue Oct 13 14:40:00 EDT 2015", kTime},
        {"Tue Oct 13 2015 20:40:00 GMT+0200 (CEST)", kTime},
        {"13 October 2015", kDay},
        {"13 Oct 2015 18:40", kTime},
        {"13th of October, 2015", kDay},
        {"October 13, 2015", kDay},
        {"OCTOBER 13 2015", kDay},
        {"Oct. 13, 2015 2:40 p.m. EDT", kTime},
        {"Oct. 13, 2015 2:40 p.m. ET", kTime},
        {"Published: Tuesday, October 13th, 2015 at 6:40 PM UTC", kTime},
        {"Oct 13, 2015, 6:40pm", kTime},
        {"13-Oct-2015 18:40", kTime},
        {"13/Oct/2015:18:40:00 +0000", kTime},
        {"10/13/2015", kDay},
        {"13/10/2015", kDay},
        {"13.10.2015", kDay},
        {"13.10.15 18:40", kTime},
        {"13. 10. 2015", kDay},
        {"2015/10/13 18:40:00", kTime},
        {"18:40 13.10.2015", kTime},
        {"13. Oktober 2015, 18.40 Uhr", kTime},
        {"Dienstag, 13.10.2015 18:40 Uhr", kTime},
        {"mardi 13 octobre 2015 à 18h40", kTime},
        {"mar., 13 oct. 2015", kDay},
        {"13 de octubre de 2015", kDay},
        {"terça-feira, 13 de outubro de 2015 às 18h40", kTime},
        {"13 ottobre 2015", kDay},
        {"mar 13 ott 2015", kDay},
        {"13 октября 2015, 18:40", kTime},
        {"13 окт. 2015 г.", kDay},
        {"13 października 2015", kDay},
        {"13 Ekim 2015", kDay},
        {"13 oktober 2015 kl. 18.40", kTime},
        {"2015年10月13日 18時40分", kTime},
        {"2015年10月13日下午6:40", kTime},
        {"2015년 10월 13일 오후 6:40", kTime},
        {"١٣ أكتوبر ٢٠١٥", kDay},
        {"13 अक्टूबर 2015", kDay},
        {"04/05/2015", 1'428'192'000'000},
        {"04/05/2015", 1'430'697'600'000, "en-GB"},
        {"04/05/2015", 1'430'697'600'000, "fr"},
        {"0001-01-01T00:00:00Z", -62'135'596'800'000},
    };
    for (const Row& row : kRows) {
        EXPECT_EQ(parse_date_ms(row.text, row.language), row.ms) << row.text;
    }
}

TEST(NormalizeDates, RefusesWhatDoesNotExist) {
    constexpr std::string_view kTexts[] = {"",
                                           "yesterday",
                                           "2 hours ago",
                                           "2015-02-30",
                                           "2015-13-01",
                                           "0000-01-01",
                                           "99999",
                                           "2015",
                                           "10000-01-01T00:00:00Z",
                                           "2015-10-13T25:00:00Z",
                                           "2015-10-13T18:61:00Z",
                                           "31 April 2015",
                                           "29 Feb 2015",
                                           "October 2015",
                                           "2015-10-13T18:40:00+99:00",
                                           "-1",
                                           "null",
                                           "0000-00-00 00:00:00",
                                           "13 October 99999",
                                           "9999-12-31T23:59:59-01:00",
                                           "12345678901234567890",
                                           "1.2.3.4",
                                           "1 2 3 4 5 6 7"};
    for (const std::string_view text : kTexts) EXPECT_EQ(parse_date_ms(text, ""), kNoTime) << text;
}

}  // namespace
}  // namespace newsmill::normalize
