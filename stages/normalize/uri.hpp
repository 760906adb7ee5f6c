// The name under which an article is published: the input's own address or URN, in one spelling.
//
// Web addresses (RFC 3986, http and https): scheme and host in lower case, no default port, no
// fragment (a "#!" one is part of old single-page addresses and stays), no tracking parameters, no
// empty parameters; bytes that no URI may hold are percent-encoded. Other URIs (urn:, tag:) stay as
// they are. A bare UUID becomes urn:uuid:. What is no URI gives an empty result.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "pipeline/batch.hpp"

namespace newsmill::normalize {

class UriCanonicalizer {
   public:
    // Names of query parameters to drop; one that ends in '*' is a prefix, one with a '=' is a
    // whole parameter. Case does not matter.
    UriCanonicalizer(std::vector<std::string> tracking, std::size_t uri_bytes_max);

    // In the arena, or a view of `uri`, or static; empty if `uri` is no URI or too long.
    std::string_view canonical(std::string_view uri, Arena& arena) noexcept;

   private:
    bool web_address(std::string_view uri);
    void authority(std::string_view host);
    void query(std::string_view parameters);
    bool is_tracking(std::string_view parameter) const noexcept;
    void append_encoded(std::string_view part);

    std::vector<std::string> tracking_;
    std::size_t uri_bytes_max_;
    std::string out_;
};

// "urn:newsmill:sha256:" and the hash of the payload in hexadecimal.
std::string_view payload_urn(std::string_view payload, Arena& arena) noexcept;

bool is_urn(std::string_view id) noexcept;

}  // namespace newsmill::normalize
