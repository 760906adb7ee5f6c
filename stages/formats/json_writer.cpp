#include "stages/formats/json_writer.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "stages/formats/text_scan.hpp"

namespace newsmill {
namespace {

constexpr char kHexDigits[] = "0123456789abcdef";

// Writes the escape of one byte, at most six bytes.
char* write_escape(char* out, char c) noexcept {
    *out++ = '\\';
    switch (c) {
        case '"': *out++ = '"'; return out;
        case '\\': *out++ = '\\'; return out;
        case '\b': *out++ = 'b'; return out;
        case '\f': *out++ = 'f'; return out;
        case '\n': *out++ = 'n'; return out;
        case '\r': *out++ = 'r'; return out;
        case '\t': *out++ = 't'; return out;
        default: break;
    }
    std::memcpy(out, "u00", 3);
    out[3] = kHexDigits[(c >> 4) & 0xF];
    out[4] = kHexDigits[c & 0xF];
    return out + 5;
}

void write_digits(char* out, int value, int digits) noexcept {
    for (int i = digits - 1; i >= 0; --i, value /= 10) {
        out[i] = static_cast<char>('0' + value % 10);
    }
}

}  // namespace

JsonWriter::JsonWriter(Arena& arena, std::size_t estimate_bytes) noexcept
    : arena_(arena),
      first_(arena.alloc(estimate_bytes)),
      out_(first_),
      end_(first_ + estimate_bytes) {}

void JsonWriter::grow(std::size_t bytes) noexcept {
    const auto used = static_cast<std::size_t>(out_ - first_);
    const std::size_t size = std::max(used + bytes, 2 * static_cast<std::size_t>(end_ - first_));
    char* const moved = arena_.alloc(size);
    std::memcpy(moved, first_, used);
    first_ = moved;
    out_ = moved + used;
    end_ = moved + size;
}

void JsonWriter::string(std::string_view text) noexcept {
    begin_string();
    escaped(text);
    end_string();
}

void JsonWriter::string_of(std::initializer_list<std::string_view> parts) noexcept {
    begin_string();
    for (const std::string_view part : parts) escaped(part);
    end_string();
}

void JsonWriter::append_string(std::string_view text) noexcept {
    ensure(1);
    *out_++ = '"';
    escaped(text);
    ensure(1);
    *out_++ = '"';
}

void JsonWriter::escaped(std::string_view text) noexcept {
    while (!text.empty()) {
        // Room for the rest unescaped, and one escape.
        ensure(text.size() + 6);
        const std::size_t plain = copy_plain(text, out_);
        out_ += plain;
        if (plain == text.size()) return;
        out_ = write_escape(out_, text[plain]);
        text.remove_prefix(plain + 1);
    }
}

void JsonWriter::append_integer(std::int64_t value) noexcept {
    ensure(20);
    out_ = std::to_chars(out_, out_ + 20, value).ptr;
}

void JsonWriter::integer(std::int64_t value) noexcept {
    separate();
    append_integer(value);
    comma_ = true;
}

void JsonWriter::raw(std::string_view json) noexcept {
    separate();
    append(json);
    comma_ = true;
}

std::string_view JsonWriter::finish() noexcept {
    arena_.shrink(out_, end_);
    return {first_, static_cast<std::size_t>(out_ - first_)};
}

// The civil date of a day number, after Howard Hinnant, "chrono-Compatible Low-Level Date
// Algorithms", civil_from_days.
std::string_view format_timestamp(std::int64_t unix_ms, char* out) noexcept {
    constexpr std::int64_t kDayMs = 86'400'000;
    constexpr std::int64_t kYear1Ms = -62'135'596'800'000;
    constexpr std::int64_t kYear10000Ms = 253'402'300'800'000;
    if (unix_ms < kYear1Ms || unix_ms >= kYear10000Ms) return {};
    const std::int64_t days = (unix_ms - (unix_ms < 0 ? kDayMs - 1 : 0)) / kDayMs;
    const auto of_day_ms = static_cast<int>(unix_ms - days * kDayMs);
    const std::int64_t shifted = days + 719'468;  // days since 0000-03-01
    const std::int64_t era = (shifted >= 0 ? shifted : shifted - 146'096) / 146'097;
    const auto of_era = static_cast<int>(shifted - era * 146'097);
    const int year_of_era = (of_era - of_era / 1460 + of_era / 36'524 - of_era / 146'096) / 365;
    const int of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const int shifted_month = (5 * of_year + 2) / 153;
    const int month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;
    const int year = static_cast<int>(era) * 400 + year_of_era + (month <= 2 ? 1 : 0);
    std::memcpy(out, "0000-00-00T00:00:00.000Z", kTimestampBytesMax);
    write_digits(out, year, 4);
    write_digits(out + 5, month, 2);
    write_digits(out + 8, of_year - (153 * shifted_month + 2) / 5 + 1, 2);
    write_digits(out + 11, of_day_ms / 3'600'000, 2);
    write_digits(out + 14, of_day_ms / 60'000 % 60, 2);
    write_digits(out + 17, of_day_ms / 1000 % 60, 2);
    if (of_day_ms % 1000 == 0) {
        out[19] = 'Z';
        return {out, 20};
    }
    write_digits(out + 20, of_day_ms % 1000, 3);
    return {out, kTimestampBytesMax};
}

void format_hex(std::uint64_t value, char* out) noexcept {
    for (int i = 15; i >= 0; --i, value >>= 4) out[i] = kHexDigits[value & 0xF];
}

}  // namespace newsmill
