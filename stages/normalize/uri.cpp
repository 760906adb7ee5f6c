#include "stages/normalize/uri.hpp"

#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "stages/normalize/unicode.hpp"

namespace newsmill::normalize {
namespace {

constexpr std::string_view kHex = "0123456789abcdef";
constexpr std::string_view kUpperHex = "0123456789ABCDEF";

// The length of "scheme:" at the front, 0 if there is none.
std::size_t scheme_length(std::string_view uri) noexcept {
    if (uri.empty() || !is_ascii_letter(uri.front())) return 0;
    for (std::size_t i = 1; i < uri.size(); ++i) {
        const char c = uri[i];
        if (c == ':') return i > 1 ? i + 1 : 0;  // one letter is a drive
        if (!is_ascii_alnum(c) && c != '+' && c != '-' && c != '.') return 0;
    }
    return 0;
}

bool is_uuid(std::string_view id) noexcept {
    if (id.size() != 36) return false;
    for (std::size_t i = 0; i < id.size(); ++i) {
        const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        const char lower = ascii_lower(id[i]);
        const bool hex = is_ascii_digit(lower) || (lower >= 'a' && lower <= 'f');
        if (dash ? id[i] != '-' : !hex) return false;
    }
    return true;
}

bool may_stand_in_uri(char c) noexcept {
    return static_cast<unsigned char>(c) > 0x20 && static_cast<unsigned char>(c) < 0x7F &&
           c != '"' && c != '<' && c != '>' && c != '\\' && c != '^' && c != '`' && c != '{' &&
           c != '|' && c != '}';
}

bool is_plain_uri(std::string_view uri) noexcept {
    return std::all_of(uri.begin(), uri.end(), may_stand_in_uri);
}

// "host:port" of a real place: something, and no sign that ends a host.
bool is_host(std::string_view host) noexcept {
    return !host.empty() && host.front() != ':' && host.front() != '.' &&
           host.find_first_of(" \"<>\\^`{|}") == std::string_view::npos;
}

}  // namespace

UriCanonicalizer::UriCanonicalizer(std::vector<std::string> tracking, std::size_t uri_bytes_max)
    : tracking_(std::move(tracking)), uri_bytes_max_(uri_bytes_max) {
    for (std::string& name : tracking_) {
        std::transform(name.begin(), name.end(), name.begin(), ascii_lower);
    }
}

bool UriCanonicalizer::is_tracking(std::string_view parameter) const noexcept {
    const std::string_view name = parameter.substr(0, parameter.find('='));
    return std::any_of(tracking_.begin(), tracking_.end(), [&](const std::string& known) {
        if (!known.empty() && known.back() == '*') {
            return starts_with_ignoring_case(name,
                                             std::string_view(known).substr(0, known.size() - 1));
        }
        const bool whole = known.find('=') != std::string::npos;
        return equals_ignoring_case(whole ? parameter : name, known);
    });
}

void UriCanonicalizer::append_encoded(std::string_view part) {
    for (const char c : part) {
        if (may_stand_in_uri(c)) {
            out_.push_back(c);
        } else if (!is_ascii_space(c) || c == ' ') {  // line ends come from wrapped feeds
            const auto byte = static_cast<unsigned char>(c);
            out_.push_back('%');
            out_.push_back(kUpperHex[byte >> 4]);  // RFC 3986: upper case is the normal form
            out_.push_back(kUpperHex[byte & 15]);
        }
    }
}

void UriCanonicalizer::authority(std::string_view place) {
    const std::size_t at = place.rfind('@');
    if (at != std::string_view::npos) {  // user information keeps its case
        append_encoded(place.substr(0, at + 1));
        place.remove_prefix(at + 1);
    }
    const std::string_view default_port = out_.starts_with("https:") ? ":443" : ":80";
    if (place.ends_with(default_port)) place.remove_suffix(default_port.size());
    if (place.ends_with(':')) place.remove_suffix(1);
    const std::size_t first = out_.size();
    append_encoded(place);
    for (std::size_t i = first; i < out_.size(); ++i) {
        if (out_[i] == '%') {
            i += 2;
        } else {
            out_[i] = ascii_lower(out_[i]);
        }
    }
}

void UriCanonicalizer::query(std::string_view parameters) {
    char lead = '?';
    while (!parameters.empty()) {
        const std::size_t end = std::min(parameters.find('&'), parameters.size());
        std::string_view parameter = parameters.substr(0, end);
        parameters.remove_prefix(std::min(end + 1, parameters.size()));
        if (parameter.starts_with("amp;")) parameter.remove_prefix(4);  // "&amp;" of markup
        if (parameter.empty() || is_tracking(parameter)) continue;
        out_.push_back(lead);
        append_encoded(parameter);
        lead = '&';
    }
}

bool UriCanonicalizer::web_address(std::string_view uri) {
    std::size_t scheme = 0;
    if (starts_with_ignoring_case(uri, "http://")) scheme = 7;
    if (starts_with_ignoring_case(uri, "https://")) scheme = 8;
    if (uri.starts_with("//")) scheme = 2;
    if (scheme == 0) return false;
    out_ = scheme == 7 ? "http://" : "https://";
    uri.remove_prefix(scheme);
    const std::size_t host_end = std::min(uri.find_first_of("/?#"), uri.size());
    if (!is_host(uri.substr(0, host_end))) {
        out_.clear();
        return true;
    }
    authority(uri.substr(0, host_end));
    uri.remove_prefix(host_end);
    const std::size_t hash = std::min(uri.find('#'), uri.size());
    const std::string_view fragment = uri.substr(hash);
    uri = uri.substr(0, hash);
    const std::size_t question = std::min(uri.find('?'), uri.size());
    const std::string_view path = uri.substr(0, question);
    append_encoded(path.empty() ? "/" : path);
    if (question < uri.size()) query(uri.substr(question + 1));
    if (fragment.starts_with("#!")) append_encoded(fragment);
    return true;
}

std::string_view UriCanonicalizer::canonical(std::string_view uri, Arena& arena) noexcept {
    uri = trim_ascii(uri);
    if (uri.empty() || uri.size() > uri_bytes_max_) return {};
    out_.clear();
    if (is_uuid(uri)) {
        out_ = "urn:uuid:";
        for (const char c : uri) out_.push_back(ascii_lower(c));
    } else if (!web_address(uri)) {
        const std::size_t scheme = scheme_length(uri);
        if (scheme == 0 || scheme == uri.size()) return {};
        if (is_plain_uri(uri)) return uri;
        append_encoded(uri);
    }
    if (out_.size() > uri_bytes_max_) return {};
    return out_ == uri ? uri : arena.copy(out_);
}

std::string_view payload_urn(std::string_view payload, Arena& arena) noexcept {
    static constexpr std::string_view kPrefix = "urn:newsmill:sha256:";
    std::array<unsigned char, SHA256_DIGEST_LENGTH> digest;
    SHA256(reinterpret_cast<const unsigned char*>(payload.data()), payload.size(), digest.data());
    const std::size_t bytes = kPrefix.size() + 2 * digest.size();
    char* const urn = arena.alloc(bytes);
    std::memcpy(urn, kPrefix.data(), kPrefix.size());
    char* at = urn + kPrefix.size();
    for (const unsigned char byte : digest) {
        *at++ = kHex[byte >> 4];
        *at++ = kHex[byte & 15];
    }
    return {urn, bytes};
}

bool is_urn(std::string_view id) noexcept {
    id = trim_ascii(id);
    return starts_with_ignoring_case(id, "urn:") || starts_with_ignoring_case(id, "tag:");
}

}  // namespace newsmill::normalize
