#include "daemon/admin_server.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>
#include <chrono>
#include <cstdlib>
#include <optional>
#include <thread>
#include <utility>

#include "daemon/admin_http.hpp"

namespace newsmill {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::generic::stream_protocol;
using asio::ip::tcp;
using Local = asio::local::stream_protocol;
using boost::system::error_code;

std::string environment(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? std::string() : value;
}

// The user at the other end of a Unix socket is the daemon's own, or root.
bool is_own_user(int socket) {
    ucred peer{};
    socklen_t size = sizeof(peer);
    if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return false;
    return peer.uid == geteuid() || peer.uid == 0;
}

struct Shared {
    AdminApi& api;
    AdminServerOptions options;
    std::size_t connections = 0;
    // For what may wait for a broker or a disk; one at a time.
    asio::thread_pool slow{1};
};

// One connection, from its first request to its last.
class Session : public std::enable_shared_from_this<Session> {
   public:
    Session(stream_protocol::socket socket, bool trusted, Shared& shared)
        : stream_(std::move(socket)),
          trusted_(trusted),
          shared_(shared),
          buffer_(kHeaderBytesMax + shared.options.request_bytes_max) {
        shared_.api.connections.set(static_cast<std::int64_t>(++shared_.connections));
    }
    ~Session() { shared_.api.connections.set(static_cast<std::int64_t>(--shared_.connections)); }
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    void read() {
        parser_.emplace();
        set_bounds(*parser_, shared_.options.request_bytes_max);
        // Of the whole request, so that one that drips in ends too.
        stream_.expires_after(std::chrono::milliseconds(shared_.options.timeout_ms));
        beast::http::async_read(stream_, buffer_, *parser_,
                                [self = shared_from_this()](const error_code& error, std::size_t) {
                                    self->answer(error);
                                });
    }
    void refuse(unsigned status) { write(refusal(status), 11, false, false); }

   private:
    void answer(const error_code& error) {
        if (error) {
            const std::optional<unsigned> status = status_of(error);
            if (!status) return;
            shared_.api.note_refused();
            return refuse(*status);
        }
        const auto& message = parser_->get();
        const bool head = message.method() == beast::http::verb::head;
        const unsigned version = message.version();
        const bool keep_alive = message.keep_alive();
        AdminRequest request = request_of(*parser_, trusted_);
        if (!AdminApi::is_slow(request)) {
            return write(shared_.api.handle(request), version, keep_alive, head);
        }
        asio::post(shared_.slow, [self = shared_from_this(), request = std::move(request), version,
                                  keep_alive, head]() mutable {
            AdminResponse response = self->shared_.api.handle(request);
            const auto executor = self->stream_.get_executor();
            // It goes along: a session ends in the server's thread.
            asio::post(executor,
                       [self = std::move(self), response = std::move(response), version, keep_alive,
                        head] { self->write(response, version, keep_alive, head); });
        });
    }

    void write(const AdminResponse& response, unsigned version, bool keep_alive, bool head) {
        response_ = http_response(response, version, keep_alive, head);
        serializer_.emplace(response_);
        if (head) serializer_->split(true);
        stream_.expires_after(std::chrono::milliseconds(shared_.options.timeout_ms));
        auto then = [self = shared_from_this(), keep_alive](const error_code& error, std::size_t) {
            self->serializer_.reset();
            if (error) return;
            if (keep_alive) return self->read();
            error_code ignored;
            self->stream_.socket().shutdown(stream_protocol::socket::shutdown_send, ignored);
        };
        if (head) {
            beast::http::async_write_header(stream_, *serializer_, std::move(then));
        } else {
            beast::http::async_write(stream_, *serializer_, std::move(then));
        }
    }

    beast::basic_stream<stream_protocol> stream_;
    bool trusted_;
    Shared& shared_;
    beast::flat_buffer buffer_;
    std::optional<HttpParser> parser_;
    HttpResponse response_;
    std::optional<beast::http::response_serializer<beast::http::string_body>> serializer_;
};

}  // namespace

class AdminServer::Work {
   public:
    Work(AdminServerOptions options, AdminApi& api)
        : shared_{.api = api, .options = std::move(options)}, tick_(io_), retry_(io_) {
        if (shared_.options.port >= 0) listen_tcp();
        if (!shared_.options.socket.empty()) listen_local();
    }
    ~Work() {
        stop();
        if (local_) unlink(shared_.options.socket.c_str());
    }

    void start() {
        if (tcp_) accept(*tcp_, false);
        if (local_) accept(*local_, true);
        tick();
        thread_ = std::thread([this] {
            pthread_setname_np(pthread_self(), "admin");
            io_.run();
        });
    }
    void stop() {
        io_.stop();
        if (thread_.joinable()) thread_.join();
        shared_.slow.stop();
        shared_.slow.join();
    }

    std::string url() const {
        if (!tcp_) return {};
        const tcp::endpoint end = tcp_->local_endpoint();
        const std::string address = end.address().to_string();
        return "http://" + (end.address().is_v6() ? "[" + address + "]" : address) + ":" +
               std::to_string(end.port()) + "/";
    }
    std::string socket() const { return local_ ? shared_.options.socket : std::string(); }
    const std::vector<std::string>& problems() const { return problems_; }

   private:
    void listen_tcp() {
        const std::string& name = shared_.options.address;
        error_code error;
        const auto address =
            asio::ip::make_address(name == "localhost" ? "127.0.0.1" : name, error);
        const std::string where = name + ":" + std::to_string(shared_.options.port);
        if (error) {
            problems_.push_back("admin: '" + name + "' is no IP address");
            return;
        }
        const tcp::endpoint end(address, static_cast<std::uint16_t>(shared_.options.port));
        tcp_.emplace(io_);
        tcp_->open(end.protocol(), error);
        if (!error) tcp_->set_option(tcp::acceptor::reuse_address(true), error);
        if (!error) tcp_->bind(end, error);
        if (!error) tcp_->listen(asio::socket_base::max_listen_connections, error);
        if (!error) return;
        problems_.push_back("admin: can't listen at " + where + ": " + error.message());
        tcp_.reset();
    }

    // Whether somebody serves the socket file.
    bool is_served(const Local::endpoint& end) {
        Local::socket probe(io_);
        error_code error;
        probe.connect(end, error);
        return !error;
    }

    void listen_local() {
        const std::string& path = shared_.options.socket;
        const auto problem = [&](const std::string& why) {
            problems_.push_back("admin: can't listen at " + path + ": " + why);
            local_.reset();
        };
        if (path.size() >= sizeof(sockaddr_un{}.sun_path)) return problem("the path is too long");
        const Local::endpoint end(path);
        if (is_served(end)) return problem("another daemon serves it");
        struct stat status {};
        if (lstat(path.c_str(), &status) == 0) {
            if (!S_ISSOCK(status.st_mode)) return problem("it is there, and is no socket");
            unlink(path.c_str());
        }
        error_code error;
        local_.emplace(io_);
        local_->open(end.protocol(), error);
        // Before it is made known by listen().
        const mode_t before = umask(0177);
        if (!error) local_->bind(end, error);
        umask(before);
        if (!error) local_->listen(asio::socket_base::max_listen_connections, error);
        if (error) problem(error.message());
    }

    template <typename Acceptor>
    void accept(Acceptor& acceptor, bool local) {
        acceptor.async_accept([this, &acceptor, local](const error_code& error, auto socket) {
            if (error == asio::error::operation_aborted) return;
            if (error) return accept_later(acceptor, local);
            const bool trusted = local && is_own_user(socket.native_handle());
            const bool welcome = trusted || !local;
            if (welcome) {
                const bool room = shared_.connections < shared_.options.connections_max;
                const auto session = std::make_shared<Session>(
                    stream_protocol::socket(std::move(socket)), trusted, shared_);
                if (room) {
                    session->read();
                } else {
                    shared_.api.note_refused();
                    // No answer to so many more: those are only closed.
                    if (shared_.connections < 2 * shared_.options.connections_max) {
                        session->refuse(503);
                    }
                }
            }
            accept(acceptor, local);
        });
    }

    // Out of file descriptors, as a rule: not at once again.
    template <typename Acceptor>
    void accept_later(Acceptor& acceptor, bool local) {
        retry_.expires_after(std::chrono::milliseconds(100));
        // Also when the other acceptor has set the time anew.
        retry_.async_wait([this, &acceptor, local](const error_code&) { accept(acceptor, local); });
    }

    void tick() {
        shared_.api.tick();
        tick_.expires_after(std::chrono::milliseconds(AdminApi::kTickMs));
        tick_.async_wait([this](const error_code& error) {
            if (!error) tick();
        });
    }

    Shared shared_;  // sessions, which end with io_, look at it
    asio::io_context io_;
    std::optional<tcp::acceptor> tcp_;
    std::optional<Local::acceptor> local_;
    asio::steady_timer tick_;
    asio::steady_timer retry_;
    std::vector<std::string> problems_;
    std::thread thread_;
};

AdminServer::AdminServer(AdminServerOptions options, AdminApi& api)
    : work_(std::make_unique<Work>(std::move(options), api)) {}
AdminServer::~AdminServer() = default;
void AdminServer::start() { work_->start(); }
void AdminServer::stop() { work_->stop(); }
std::string AdminServer::url() const { return work_->url(); }
std::string AdminServer::socket() const { return work_->socket(); }
const std::vector<std::string>& AdminServer::problems() const noexcept { return work_->problems(); }

std::vector<std::string> socket_folders() {
    std::vector<std::string> folders;
    for (const char* name : {"RUNTIME_DIRECTORY", "XDG_RUNTIME_DIR"}) {
        // systemd may name several, parted by colons.
        std::string folder = environment(name);
        folder = folder.substr(0, folder.find(':'));
        if (!folder.empty()) folders.push_back(folder);
    }
    folders.push_back("/tmp/newsmill-" + std::to_string(geteuid()));
    folders.push_back("/run/newsmill");
    return folders;
}

std::string socket_path(const Config& config) {
    if (config.admin.socket != "auto") return config.admin.socket;
    const std::string folder = socket_folders().front();
    const std::string own = "/tmp/newsmill-" + std::to_string(geteuid());
    if (folder == own) {
        mkdir(own.c_str(), 0700);
        struct stat status {};
        // Somebody else's folder of that name is no place for ours.
        if (lstat(own.c_str(), &status) != 0 || !S_ISDIR(status.st_mode) ||
            status.st_uid != geteuid() || (status.st_mode & 077) != 0)
            return {};
    }
    return folder + "/newsmill-" + instance_name(config) + ".sock";
}

}  // namespace newsmill
