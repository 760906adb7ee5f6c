// What a service manager is told: that the daemon is ready, reads its configuration again, stops,
// is alive, and a line of status. systemd's datagram protocol, sd_notify(3), without its library.
// Without $NOTIFY_SOCKET all of it does nothing.
//
// Threads: main's. Errors: none; a manager that does not listen is not waited for.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/pipeline.hpp"

namespace newsmill {

class ServiceManager {
   public:
    ServiceManager();  // reads $NOTIFY_SOCKET, $WATCHDOG_USEC and $WATCHDOG_PID
    ~ServiceManager();
    ServiceManager(const ServiceManager&) = delete;
    ServiceManager& operator=(const ServiceManager&) = delete;

    bool listens() const noexcept { return socket_ >= 0; }
    // Starting takes longer: so much more time, from now.
    void extend_start(std::int64_t ms) noexcept;
    void ready() noexcept;
    void reloading() noexcept;  // until ready()
    void stopping() noexcept;
    void status(std::string_view line) noexcept;
    void alive() noexcept;
    // It ends a daemon that has not been alive() for so long; 0: it does not care.
    std::int64_t watchdog_ms() const noexcept { return watchdog_ms_; }

   private:
    void send(std::string_view message) noexcept;

    int socket_ = -1;
    std::string address_;  // with a leading NUL for an abstract one
    std::int64_t watchdog_ms_ = 0;
};

// Whether the threads of a pipeline move: each of them asks its agent for work at least every
// pipeline.park_ms_max, the source with it polls. Only the sink's may wait, for a commit.
class Liveness {
   public:
    // `stall_ms`: a thread that has not moved for so long stands still; the sink's for
    // `sink_stall_ms`, if that is more.
    Liveness(std::int64_t stall_ms, std::int64_t sink_stall_ms)
        : stall_ms_(stall_ms), sink_stall_ms_(sink_stall_ms) {}

    // The name of a thread that stands still at `now_ms`, or nothing. Looked at often.
    std::string_view stalled(const std::vector<Pipeline::Progress>& progress, std::int64_t now_ms);

   private:
    struct Seen {
        std::string name;
        std::uint64_t rounds = 0;
        std::int64_t moved_ms = 0;
    };
    std::int64_t stall_ms_;
    std::int64_t sink_stall_ms_;
    std::vector<Seen> seen_;
};

}  // namespace newsmill
