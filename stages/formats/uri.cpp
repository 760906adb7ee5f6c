#include "stages/formats/uri.hpp"

#include <algorithm>

namespace newsmill {
namespace {

bool is_hex(char c) noexcept {
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

bool is_allowed(char c) noexcept {
    if ((c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z')) return true;
    return std::string_view("-._~:/?@!$&'()*+,;=").find(c) != std::string_view::npos;
}

// Square brackets stand in a host (an IPv6 address) only.
std::size_t host_end(std::string_view uri) noexcept {
    const std::size_t scheme = uri.find("://");
    if (scheme == std::string_view::npos) return 0;
    return std::min(uri.find_first_of("/?#", scheme + 3), uri.size());
}

class UriScan {
   public:
    explicit UriScan(std::string_view uri) noexcept : uri_(uri), host_end_(host_end(uri)) {}

    bool holds(std::size_t i) noexcept {
        const char c = uri_[i];
        if (is_allowed(c)) return true;
        if (c == '%') return i + 2 < uri_.size() && is_hex(uri_[i + 1]) && is_hex(uri_[i + 2]);
        if (c == '[' || c == ']') return i < host_end_;
        if (c != '#' || fragment_) return false;
        fragment_ = true;
        return true;
    }

   private:
    std::string_view uri_;
    std::size_t host_end_;
    bool fragment_ = false;
};

}  // namespace

void write_uri(std::string_view uri, JsonWriter& out) noexcept {
    constexpr char kHex[] = "0123456789ABCDEF";
    UriScan scan(uri);
    out.begin_string();
    std::size_t written = 0;
    for (std::size_t i = 0; i < uri.size(); ++i) {
        if (scan.holds(i)) continue;
        out.append(uri.substr(written, i - written));
        const auto byte = static_cast<unsigned char>(uri[i]);
        const char encoded[3] = {'%', kHex[byte >> 4], kHex[byte & 0xF]};
        out.append({encoded, sizeof encoded});
        written = i + 1;
    }
    out.append(uri.substr(written));
    out.end_string();
}

}  // namespace newsmill
