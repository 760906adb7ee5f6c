#include "daemon/admin_client.hpp"

#include <algorithm>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <chrono>
#include <filesystem>

#include "daemon/admin_server.hpp"
#include "daemon/cli.hpp"
#include "pipeline/start_error.hpp"

namespace newsmill {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using Local = asio::local::stream_protocol;
using boost::system::error_code;

constexpr std::uint64_t kAnswerBytesMax = 64 << 20;

// One exchange; the first error ends it.
struct Exchange : std::enable_shared_from_this<Exchange> {
    explicit Exchange(asio::io_context& io) : stream(io) {}

    void start(const std::string& path) {
        stream.expires_after(std::chrono::seconds(10));
        stream.async_connect(Local::endpoint(path), [self = shared_from_this()](error_code e) {
            if (self->ok(e)) self->write();
        });
    }
    void write() {
        http::async_write(stream, request, [self = shared_from_this()](error_code e, std::size_t) {
            if (self->ok(e)) self->read();
        });
    }
    void read() {
        parser.body_limit(kAnswerBytesMax);
        http::async_read(stream, buffer, parser,
                         [self = shared_from_this()](error_code e, std::size_t) { self->ok(e); });
    }
    bool ok(const error_code& e) {
        error = e;
        return !e;
    }

    beast::basic_stream<Local> stream;
    http::request<http::string_body> request;
    http::response_parser<http::string_body> parser;
    beast::flat_buffer buffer;
    error_code error;
};

bool is_served(const std::string& path) {
    asio::io_context io;
    Local::socket probe(io);
    error_code error;
    probe.connect(Local::endpoint(path), error);
    return !error;
}

std::vector<std::string> served_sockets() {
    std::vector<std::string> found;
    for (const std::string& folder : socket_folders()) {
        std::error_code error;
        for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
            const std::string name = entry.path().filename();
            if (!name.starts_with("newsmill-") || !name.ends_with(".sock")) continue;
            if (is_served(entry.path())) found.push_back(entry.path());
        }
    }
    std::sort(found.begin(), found.end());
    found.erase(std::unique(found.begin(), found.end()), found.end());
    return found;
}

}  // namespace

AdminAnswer AdminClient::ask(std::string_view method, const std::string& target,
                             std::string_view body) const {
    asio::io_context io;
    const auto exchange = std::make_shared<Exchange>(io);
    exchange->request.method_string({method.data(), method.size()});
    exchange->request.target(target);
    exchange->request.version(11);
    exchange->request.set(http::field::host, "localhost");
    exchange->request.keep_alive(false);
    exchange->request.body() = body;
    exchange->request.prepare_payload();
    exchange->start(socket_);
    io.run();
    if (exchange->error) {
        throw StartError(kExitUnavailable,
                         "no daemon answers at " + socket_ + ": " + exchange->error.message());
    }
    const auto& answer = exchange->parser.get();
    return {answer.result_int(), answer.body()};
}

std::string find_socket(const std::string& socket, const std::string& config_file,
                        const std::vector<std::string>& sets) {
    if (!socket.empty()) return socket;
    if (!config_file.empty() || !sets.empty()) {
        const LoadedConfig loaded = load_config(config_file, sets);
        if (!loaded.ok()) throw StartError(kExitConfig, to_string(loaded.errors.front()));
        const std::string path = socket_path(loaded.config);
        // The daemon may run under a service manager, which gives it another folder.
        if (loaded.config.admin.socket == "auto" && !is_served(path)) {
            const std::string name = std::filesystem::path(path).filename();
            for (const std::string& found : served_sockets()) {
                if (std::filesystem::path(found).filename() == name) return found;
            }
        }
        return path;
    }
    const std::vector<std::string> found = served_sockets();
    if (found.size() == 1) return found.front();
    if (found.empty()) {
        throw StartError(kExitUnavailable,
                         "no daemon of this user serves a socket; name it by --socket or -c");
    }
    std::string names;
    for (const std::string& path : found) names += "\n  --socket " + path;
    throw StartError(kExitUsage, "several daemons run here; name one:" + names);
}

}  // namespace newsmill
