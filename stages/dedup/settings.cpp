#include "stages/dedup/settings.hpp"

#include <algorithm>
#include <charconv>
#include <iterator>

#include "stages/dedup/trust.hpp"

namespace newsmill::dedup {
namespace {

constexpr std::uint64_t kFormat = 2;  // with sketches of version 2

struct Threshold {
    std::string_view key;
    std::int32_t MatchOptions::*member;
    std::int32_t max;
};
constexpr Threshold kThresholds[] = {
    {"containment_min", &MatchOptions::containment_min, 1000},
    {"common_min", &MatchOptions::common_min, 64},
    {"few_hashes", &MatchOptions::few_hashes, 64},
    {"few_containment_min", &MatchOptions::few_containment_min, 1000},
    {"uneven_containment_min", &MatchOptions::uneven_containment_min, 1000},
    {"even_hashes_min", &MatchOptions::even_hashes_min, 64},
    {"evenness_min", &MatchOptions::evenness_min, 1000},
    {"choice_min", &MatchOptions::choice_min, 1000},
    {"facts_min", &MatchOptions::facts_min, 1000},
    {"facts_by_count", &MatchOptions::facts_by_count, 1000},
    {"facts_by_sharers", &MatchOptions::facts_by_sharers, 1000},
    {"facts_by_containment", &MatchOptions::facts_by_containment, 1000},
    {"scarce_facts_min", &MatchOptions::scarce_facts_min, 1000},
    {"scarce_facts_by_sharers", &MatchOptions::scarce_facts_by_sharers, 1000},
    {"figures_min", &MatchOptions::figures_min, 1000},
    {"figures_by_count", &MatchOptions::figures_by_count, 1000},
    {"figures_by_sharers", &MatchOptions::figures_by_sharers, 1000},
    {"figures_by_containment", &MatchOptions::figures_by_containment, 1000},
};
static_assert(sizeof(MatchOptions) == (std::size(kThresholds) + 1) * sizeof(std::int32_t),
              "each threshold is a setting");

bool is_plain(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_' ||
           static_cast<unsigned char>(c) >= 0x80;
}

void append_encoded(std::string_view name, std::string& out) {
    constexpr char kDigits[] = "0123456789ABCDEF";
    for (const char c : name) {
        if (is_plain(c)) {
            out.push_back(c);
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        out.push_back('%');
        out.push_back(kDigits[byte >> 4]);
        out.push_back(kDigits[byte & 15]);
    }
}

int digit_of(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool decode(std::string_view text, std::string& out) {
    out.clear();
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out.push_back(text[i]);
            continue;
        }
        if (text.size() - i < 3) return false;
        const int high = digit_of(text[i + 1]);
        const int low = digit_of(text[i + 2]);
        if (high < 0 || low < 0) return false;
        out.push_back(static_cast<char>(high << 4 | low));
        i += 2;
    }
    return true;
}

// Takes "key=value" and the space behind it off the front.
bool take(std::string_view& text, std::string_view key, std::string_view& value) {
    if (!text.starts_with(key) || text.size() <= key.size() || text[key.size()] != '=')
        return false;
    text.remove_prefix(key.size() + 1);
    const std::size_t end = text.find(' ');
    value = text.substr(0, end);
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
    return true;
}

template <typename Number>
bool take(std::string_view& text, std::string_view key, std::uint64_t min, std::uint64_t max,
          Number& number) {
    std::string_view value;
    std::uint64_t parsed = 0;
    if (!take(text, key, value)) return false;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), parsed);
    if (error != std::errc() || end != value.data() + value.size()) return false;
    if (parsed < min || parsed > max) return false;
    number = static_cast<Number>(parsed);
    return true;
}

bool take_trust(std::string_view& text, std::vector<std::string>& trust) {
    std::string_view value;
    if (!take(text, "trust", value)) return false;
    while (!value.empty()) {
        const std::size_t end = value.find(',');
        std::string name;
        if (!decode(value.substr(0, end), name) || trust.size() == Trust::kSourcesMax) return false;
        trust.push_back(std::move(name));
        value.remove_prefix(end == value.npos ? value.size() : end + 1);
    }
    return true;
}

}  // namespace

std::string settings_text(const Settings& settings) {
    std::string text = "format=" + std::to_string(kFormat) +
                       " capacity=" + std::to_string(settings.capacity) +
                       " window_ms=" + std::to_string(settings.window_ms) +
                       " clock_jump_ms_max=" + std::to_string(settings.clock_jump_ms_max) +
                       " notices_max=" + std::to_string(settings.notices_max);
    for (const Threshold& one : kThresholds) {
        text.append(" ").append(one.key).append("=");
        text += std::to_string(settings.match.*one.member);
    }
    text += std::string(" check_facts=") + (settings.match.check_facts ? "1" : "0") + " trust=";
    for (std::size_t i = 0; i < settings.trust.size(); ++i) {
        if (i > 0) text.push_back(',');
        append_encoded(settings.trust[i], text);
    }
    return text;
}

bool parse_settings(std::string_view text, Settings& settings) {
    std::string_view rest = text;
    std::uint64_t format = 0;
    Settings parsed;
    const bool good =
        take(rest, "format", kFormat, kFormat, format) &&
        take(rest, "capacity", 1, kCapacityMax, parsed.capacity) &&
        take(rest, "window_ms", 1, static_cast<std::uint64_t>(kWindowMsMax), parsed.window_ms) &&
        take(rest, "clock_jump_ms_max", 1, static_cast<std::uint64_t>(kWindowMsMax),
             parsed.clock_jump_ms_max) &&
        take(rest, "notices_max", 0, UINT32_MAX, parsed.notices_max) &&
        std::all_of(std::begin(kThresholds), std::end(kThresholds),
                    [&](const Threshold& one) {
                        return take(rest, one.key, 0, static_cast<std::uint64_t>(one.max),
                                    parsed.match.*one.member);
                    }) &&
        take(rest, "check_facts", 0, 1, parsed.match.check_facts) && take_trust(rest, parsed.trust);
    // One text for one meaning: what is not written like this was written by another version.
    if (!good || settings_text(parsed) != text) return false;
    settings = std::move(parsed);
    return true;
}

}  // namespace newsmill::dedup
