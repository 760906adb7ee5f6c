// Dates as providers write them: ISO 8601 (extended, basic, with a space), RFC 822, epoch seconds
// to nanoseconds, `13 October 2015`, `Oct. 13, 2015 6:40 p.m. EDT`, `13. Oktober 2015, 18.40 Uhr`,
// `13 de outubro de 2015 às 18h40`, `2015年10月13日 18:40`, any script's digits; offsets and named
// zones (a date without one is UTC). Month names come from ICU's data for some thirty languages.
//
// What does not exist (February 30, hour 25) or lies outside of the years 1 to 9999 is no date.
// Times are Unix milliseconds. No clock, no locale: the result depends on the arguments alone.
#pragma once

#include <cstdint>
#include <string_view>

namespace newsmill::normalize {

// `language`: the article's language as a declared tag ("en-US", "de") or empty. It decides what
// 04/05/2015 means (month first in American English and if nothing is known, else day first), and
// between languages in which one word names two months. kNoTime if unreadable.
std::int64_t parse_date_ms(std::string_view text, std::string_view language) noexcept;

// Is the word the name of a month, or its abbreviation, in one of the languages known here?
bool is_month_name(std::string_view word) noexcept;

}  // namespace newsmill::normalize
