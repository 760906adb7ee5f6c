#include "daemon/admin_http.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/field.hpp>

namespace newsmill {
namespace {

namespace http = boost::beast::http;

std::string text(boost::beast::string_view view) { return {view.data(), view.size()}; }

}  // namespace

void set_bounds(HttpParser& parser, std::size_t body_bytes_max) {
    parser.header_limit(kHeaderBytesMax);
    parser.body_limit(body_bytes_max);
}

AdminRequest request_of(const HttpParser& parser, bool trusted) {
    const auto& message = parser.get();
    AdminRequest request;
    request.method = text(message.method_string());
    request.target = text(message.target());
    // Two Host headers are none.
    request.has_host = message.count(http::field::host) == 1;
    request.host = text(message[http::field::host]);
    request.origin = text(message[http::field::origin]);
    request.authorization = text(message[http::field::authorization]);
    request.accept = text(message[http::field::accept]);
    request.fetch_site = text(message["Sec-Fetch-Site"]);
    request.body = message.body();
    request.trusted = trusted;
    return request;
}

std::optional<unsigned> status_of(const boost::system::error_code& error) {
    if (error == http::error::body_limit) return 413;
    if (error == http::error::header_limit || error == http::error::buffer_overflow) return 431;
    if (error == http::error::end_of_stream || error == http::error::partial_message) {
        return std::nullopt;
    }
    if (error.category() == http::make_error_code(http::error::bad_method).category()) return 400;
    return std::nullopt;
}

AdminResponse refusal(unsigned status) {
    AdminResponse response;
    response.status = status;
    response.body = status == 413
                        ? "{\"error\":\"the body is larger than admin.request_bytes_max\"}"
                    : status == 431 ? "{\"error\":\"the header is too large\"}"
                    : status == 503 ? "{\"error\":\"too many connections\"}"
                                    : "{\"error\":\"this is no HTTP request\"}";
    return response;
}

HttpResponse http_response(const AdminResponse& response, unsigned version, bool keep_alive,
                           bool head) {
    HttpResponse out(static_cast<http::status>(response.status), version);
    out.set(http::field::server, "newsmill");
    out.set(http::field::content_type, response.content_type);
    out.set(http::field::cache_control, "no-store");
    out.set("X-Content-Type-Options", "nosniff");
    out.set("X-Frame-Options", "DENY");
    out.set("Referrer-Policy", "no-referrer");
    out.set("Cross-Origin-Resource-Policy", "same-origin");
    out.set("Cross-Origin-Opener-Policy", "same-origin");
    out.set("Content-Security-Policy",
            response.content_security_policy.empty()
                ? std::string("default-src 'none'; frame-ancestors 'none'")
                : response.content_security_policy);
    if (!response.allow.empty()) out.set(http::field::allow, response.allow);
    if (response.status == 401) out.set(http::field::www_authenticate, "Bearer");
    out.keep_alive(keep_alive);
    if (head) {
        out.content_length(response.body.size());
    } else {
        out.body() = response.body;
        out.prepare_payload();
    }
    return out;
}

ParsedRequest parse_request(std::string_view bytes, std::size_t body_bytes_max, bool trusted) {
    HttpParser parser;
    set_bounds(parser, body_bytes_max);
    parser.eager(true);
    ParsedRequest parsed;
    boost::system::error_code error;
    parser.put(boost::asio::buffer(bytes.data(), bytes.size()), error);
    if (error == http::error::need_more) return parsed;
    if (error) {
        parsed.status = status_of(error).value_or(400);
    } else if (parser.is_done()) {
        parsed.request = request_of(parser, trusted);
    }
    return parsed;
}

}  // namespace newsmill
