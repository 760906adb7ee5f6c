#include "daemon/admin_api.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <exception>
#include <utility>

#include "daemon/admin_query.hpp"
#include "daemon/json_text.hpp"

namespace newsmill {
namespace embedded {
extern const std::string_view admin_page_css;
extern const std::string_view admin_page_js;
}  // namespace embedded

namespace {

AdminResponse trouble(unsigned status, std::string_view message) {
    JsonText json;
    json.begin('{');
    json.member("error", message);
    json.end('}');
    AdminResponse response;
    response.status = status;
    response.body = json.take();
    return response;
}

// "example.org" of "example.org:9477", "::1" of "[::1]:9477"; in lower case.
std::string host_name(std::string_view host) {
    if (host.starts_with('[')) {
        host = host.substr(1, host.find(']') - 1);
    } else {
        host = host.substr(0, host.rfind(':'));
    }
    std::string name(host);
    for (char& c : name) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return name;
}

// The time does not tell how much of it was right.
bool same_secret(std::string_view a, std::string_view b) {
    unsigned difference = a.size() == b.size() ? 0u : 1u;
    for (std::size_t i = 0; i < a.size(); ++i) {
        const char other = b.empty() ? '\0' : b[i % b.size()];
        difference |= static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(other);
    }
    return difference == 0;
}

// 'sha256-…', as a content security policy names an inline script or style.
std::string policy_hash(std::string_view text) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr);
    std::array<unsigned char, 2 * EVP_MAX_MD_SIZE> base64{};
    const int length = EVP_EncodeBlock(base64.data(), digest.data(), static_cast<int>(size));
    return "'sha256-" + std::string(base64.begin(), base64.begin() + length) + "'";
}

}  // namespace

const std::vector<AdminApi::Route>& AdminApi::table() {
    using A = AdminApi;
    static const std::vector<Route> routes = {
        {"GET", "/", Access::kOpen, &A::page},
        {"GET", "/livez", Access::kOpen, &A::livez},
        {"GET", "/readyz", Access::kOpen, &A::readyz},
        {"GET", "/metrics", Access::kOpen, &A::metrics},
        {"GET", "/version", Access::kOpen, &A::version},
        {"GET", "/openapi.json", Access::kOpen, &A::openapi},
        {"GET", "/v1/status", Access::kRead, &A::status},
        {"GET", "/v1/stages", Access::kRead, &A::stages},
        {"GET", "/v1/config", Access::kRead, &A::config},
        {"GET", "/v1/tunables", Access::kRead, &A::tunables},
        {"POST", "/v1/tunables", Access::kWrite, &A::tune},
        {"POST", "/v1/reload", Access::kWrite, &A::reload},
        {"POST", "/v1/pause", Access::kWrite, &A::pause},
        {"POST", "/v1/resume", Access::kWrite, &A::resume},
        {"POST", "/v1/drain", Access::kWrite, &A::drain},
        {"GET", "/v1/log", Access::kRead, &A::log},
        {"POST", "/v1/log", Access::kWrite, &A::set_log},
        {"GET", "/v1/tap", Access::kRead, &A::tap},
        {"POST", "/v1/explain", Access::kWrite, &A::explain},
        {"GET", "/v1/dlq", Access::kRead, &A::dlq},
        {"POST", "/v1/dlq/replay", Access::kWrite, &A::dlq_replay},
        {"POST", "/v1/dlq/discard", Access::kWrite, &A::dlq_discard},
    };
    return routes;
}

std::vector<std::string> AdminApi::routes() {
    std::vector<std::string> names;
    for (const Route& route : table()) {
        names.push_back(std::string(route.method) + " " + std::string(route.path));
    }
    return names;
}

AdminApi::AdminApi(Pipeline& pipeline, RecentRecords* recent, const Clock& clock,
                   AdminApiOptions options, AdminHooks hooks)
    : pipeline_(pipeline),
      recent_(recent),
      clock_(clock),
      options_(std::move(options)),
      hooks_(std::move(hooks)),
      started_ns_(clock.now_ns()),
      page_policy_("default-src 'none'; connect-src 'self'; script-src " +
                   policy_hash(embedded::admin_page_js) + "; img-src data:; style-src " +
                   policy_hash(embedded::admin_page_css) +
                   "; base-uri 'none'; form-action 'none'; frame-ancestors 'none'") {}

void AdminApi::set_setup(std::shared_ptr<const AdminSetup> setup) {
    const std::lock_guard lock(setup_mutex_);
    setup_ = std::move(setup);
}

std::shared_ptr<const AdminSetup> AdminApi::setup() const {
    const std::lock_guard lock(setup_mutex_);
    return setup_;
}

void AdminApi::set_reloads(std::uint64_t applied, std::uint64_t refused) noexcept {
    reloads_applied_.set(static_cast<std::int64_t>(applied));
    reloads_refused_.set(static_cast<std::int64_t>(refused));
}

void AdminApi::tick() { live_.sample(pipeline_, clock_); }

bool AdminApi::is_own_host(std::string_view host) const {
    const std::string name = host_name(host);
    return name == "localhost" || name == "127.0.0.1" || name == "::1" ||
           std::find(options_.hosts.begin(), options_.hosts.end(), name) != options_.hosts.end();
}

// Why a request may come from a page of a foreign site; null if it may not.
const char* AdminApi::foreign(const AdminRequest& request) const {
    if (request.trusted) return nullptr;
    if (!request.has_host) return "a request needs a Host header";
    if (!is_own_host(request.host)) return "the Host header names none of ours; see admin.hosts";
    if (!request.origin.empty() && request.origin != "http://" + request.host &&
        request.origin != "https://" + request.host)
        return "the Origin is not ours";
    if (request.fetch_site == "cross-site") return "a request of a foreign site";
    return nullptr;
}

bool AdminApi::has_token(std::string_view authorization) const {
    constexpr std::string_view kScheme = "Bearer ";
    return !options_.token.empty() && authorization.starts_with(kScheme) &&
           same_secret(authorization.substr(kScheme.size()), options_.token);
}

AdminResponse AdminApi::handle(const AdminRequest& request) {
    requests_.add();
    AdminResponse response;
    try {
        response = route(request);
    } catch (const std::exception& error) {
        response = trouble(500, error.what());
    }
    if (response.status >= 400 && response.status < 500) refused_.add();
    return response;
}

bool AdminApi::is_slow(const AdminRequest& request) {
    if (request.method != "POST") return false;
    const std::string_view path =
        std::string_view(request.target).substr(0, request.target.find('?'));
    return path == "/v1/reload" || path == "/v1/tunables" || path == "/v1/explain" ||
           path.starts_with("/v1/dlq/");
}

AdminResponse AdminApi::route(const AdminRequest& request) {
    if (const char* why = foreign(request)) return trouble(403, why);
    const Query query(request.target);
    std::string_view method = request.method;
    if (method == "HEAD") method = "GET";
    std::string allow;
    for (const Route& route : table()) {
        if (route.path != query.path) continue;
        if (route.method != method) {
            if (!allow.empty()) allow += ", ";
            allow += route.method == "GET" ? "GET, HEAD" : route.method;
            continue;
        }
        const bool needs_token = route.access == Access::kWrite ||
                                 (route.access == Access::kRead && options_.guard_reads);
        if (needs_token && !request.trusted && !has_token(request.authorization)) {
            return trouble(401, options_.token.empty()
                                    ? "only over the Unix socket: no admin.token is set"
                                    : "this needs the token: Authorization: Bearer …");
        }
        return (this->*route.answer)(request, query);
    }
    if (allow.empty()) return trouble(404, "there is nothing here; see /openapi.json");
    AdminResponse response = trouble(405, "not by this method");
    response.allow = allow;
    return response;
}

}  // namespace newsmill
