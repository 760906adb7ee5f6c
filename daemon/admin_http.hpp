// HTTP's side of the admin server, without sockets: from bytes to an AdminRequest, from an
// AdminResponse to bytes. The server and the fuzz target read alike.
//
// Threads: any. Errors: a request that is none has a status (400, 413, 431).
#pragma once

#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/admin_api.hpp"

namespace newsmill {

using HttpParser = boost::beast::http::request_parser<boost::beast::http::string_body>;
using HttpResponse = boost::beast::http::response<boost::beast::http::string_body>;

inline constexpr std::uint32_t kHeaderBytesMax = 16 << 10;

void set_bounds(HttpParser& parser, std::size_t body_bytes_max);
AdminRequest request_of(const HttpParser& parser, bool trusted);
// Nothing for an error that is no answer's, as a connection that was closed.
std::optional<unsigned> status_of(const boost::system::error_code& error);
HttpResponse http_response(const AdminResponse& response, unsigned version, bool keep_alive,
                           bool head);
// For what could not be read.
AdminResponse refusal(unsigned status);

struct ParsedRequest {
    std::optional<AdminRequest> request;  // whole
    unsigned status = 0;                  // else why not; 0: more bytes are needed
};
ParsedRequest parse_request(std::string_view bytes, std::size_t body_bytes_max, bool trusted);

}  // namespace newsmill
