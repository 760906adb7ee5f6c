#include "daemon/service_manager.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <ctime>

namespace newsmill {
namespace {

std::int64_t number_of(const char* text) {
    std::int64_t number = 0;
    if (text != nullptr) std::from_chars(text, text + std::strlen(text), number);
    return number;
}

std::int64_t monotonic_us() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<std::int64_t>(now.tv_sec) * 1'000'000 + now.tv_nsec / 1000;
}

}  // namespace

ServiceManager::ServiceManager() {
    const char* path = std::getenv("NOTIFY_SOCKET");
    if (path == nullptr || (path[0] != '/' && path[0] != '@') ||
        std::strlen(path) >= sizeof(sockaddr_un::sun_path)) {
        return;
    }
    address_ = path;
    if (address_.front() == '@') address_.front() = '\0';
    socket_ = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    // The watchdog of a parent is none of this process's.
    const std::int64_t pid = number_of(std::getenv("WATCHDOG_PID"));
    if (pid == 0 || pid == getpid()) {
        watchdog_ms_ = number_of(std::getenv("WATCHDOG_USEC")) / 1000;
    }
}

ServiceManager::~ServiceManager() {
    if (socket_ >= 0) close(socket_);
}

void ServiceManager::send(std::string_view message) noexcept {
    if (socket_ < 0) return;
    sockaddr_un to{};
    to.sun_family = AF_UNIX;
    std::memcpy(to.sun_path, address_.data(), address_.size());
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address_.size());
    static_cast<void>(sendto(socket_, message.data(), message.size(), MSG_NOSIGNAL,
                             reinterpret_cast<const sockaddr*>(&to), length));
}

void ServiceManager::extend_start(std::int64_t ms) noexcept {
    send("EXTEND_TIMEOUT_USEC=" + std::to_string(ms * 1000));
}

void ServiceManager::ready() noexcept { send("READY=1"); }

void ServiceManager::reloading() noexcept {
    send("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(monotonic_us()));
}

void ServiceManager::stopping() noexcept { send("STOPPING=1"); }

void ServiceManager::status(std::string_view line) noexcept {
    if (socket_ < 0) return;
    std::string message = "STATUS=" + std::string(line);
    std::replace(message.begin(), message.end(), '\n', ' ');
    send(message);
}

void ServiceManager::alive() noexcept { send("WATCHDOG=1"); }

std::string_view Liveness::stalled(const std::vector<Pipeline::Progress>& progress,
                                   std::int64_t now_ms) {
    // Other threads after a rebuild: each is given its time from now on.
    const bool same =
        std::equal(progress.begin(), progress.end(), seen_.begin(), seen_.end(),
                   [](const Pipeline::Progress& p, const Seen& s) { return p.name == s.name; });
    if (!same) {
        seen_.clear();
        for (const Pipeline::Progress& p : progress)
            seen_.push_back({std::string(p.name), p.rounds, now_ms});
        return {};
    }
    std::string_view stalled;
    for (std::size_t i = 0; i < progress.size(); ++i) {
        Seen& seen = seen_[i];
        // One that has ended, at the end or at rest, has nothing left to do.
        if (progress[i].finished || progress[i].rounds != seen.rounds) {
            seen.rounds = progress[i].rounds;
            seen.moved_ms = now_ms;
        }
        const std::int64_t most =
            seen.name == "sink" ? std::max(stall_ms_, sink_stall_ms_) : stall_ms_;
        if (now_ms - seen.moved_ms > most && stalled.empty()) stalled = seen.name;
    }
    return stalled;
}

}  // namespace newsmill
