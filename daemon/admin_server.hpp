// The admin server: HTTP on a TCP port of loopback and on a Unix socket, in a thread of its own, so
// that nothing it does holds the pipeline up. The answers are AdminApi's.
//
// Bounds: a request's header (16 KiB) and body, connections, the time for a request to arrive and
// for its answer to be taken, and the time between two requests of a connection. All that is beyond
// ends the connection.
//
// The Unix socket is for the user of the daemon: its file has mode 0600, and who calls must be that
// user or root. A socket file that nobody serves any more is replaced.
//
// Threads: made, started and stopped by main's. Errors: a port or a socket that can't be had is a
// line in problems(); the other one is served.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "daemon/admin_api.hpp"

namespace newsmill {

struct AdminServerOptions {
    std::string address = "127.0.0.1";
    int port = 0;        // negative: no TCP; 0: any that is free
    std::string socket;  // path; empty: none
    std::size_t request_bytes_max = 1 << 20;
    std::size_t connections_max = 64;
    std::int64_t timeout_ms = 10'000;
};

class AdminServer {
   public:
    // Listens at once, serves after start(). `api` outlives it.
    AdminServer(AdminServerOptions options, AdminApi& api);
    ~AdminServer();  // stops
    AdminServer(const AdminServer&) = delete;
    AdminServer& operator=(const AdminServer&) = delete;

    void start();
    void stop();

    std::string url() const;     // "http://127.0.0.1:9477/"; empty without a port
    std::string socket() const;  // empty without one
    const std::vector<std::string>& problems() const noexcept;

   private:
    class Work;
    std::unique_ptr<Work> work_;
};

// The folders in which "auto" sockets lie: where a daemon of this user makes its own (first), and
// where else a client may look.
std::vector<std::string> socket_folders();
// What admin.socket stands for; makes the folder in /tmp if it is that.
std::string socket_path(const Config& config);

}  // namespace newsmill
