// What a service manager hears, and when a thread counts as standing still.
#include "daemon/service_manager.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>

namespace newsmill {
namespace {

// The manager's end of the socket.
class Manager {
   public:
    Manager()
        : path_(testing::TempDir() + "/newsmill_notify_" + std::to_string(getpid())),
          socket_(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
        std::filesystem::remove(path_);
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::strncpy(address.sun_path, path_.c_str(), sizeof(address.sun_path) - 1);
        EXPECT_EQ(bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
        setenv("NOTIFY_SOCKET", path_.c_str(), 1);
        setenv("WATCHDOG_USEC", "30000000", 1);
        setenv("WATCHDOG_PID", std::to_string(getpid()).c_str(), 1);
    }
    ~Manager() {
        for (const char* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) unsetenv(name);
        close(socket_);
        std::filesystem::remove(path_);
    }
    std::string heard() {
        char text[1000];
        const ssize_t size = recv(socket_, text, sizeof(text), MSG_DONTWAIT);
        return size < 0 ? "" : std::string(text, static_cast<std::size_t>(size));
    }

   private:
    std::string path_;
    int socket_;
};

TEST(ServiceManager, hears_each_change) {
    Manager manager;
    ServiceManager service;
    ASSERT_TRUE(service.listens());
    EXPECT_EQ(service.watchdog_ms(), 30'000);
    service.extend_start(60'000);
    EXPECT_EQ(manager.heard(), "EXTEND_TIMEOUT_USEC=60000000");
    service.ready();
    EXPECT_EQ(manager.heard(), "READY=1");
    service.status("one line\nREADY=0");
    EXPECT_EQ(manager.heard(), "STATUS=one line READY=0");
    service.reloading();
    const std::string reloading = manager.heard();
    EXPECT_EQ(reloading.substr(0, 27), "RELOADING=1\nMONOTONIC_USEC=") << reloading;
    EXPECT_GT(std::stoll(reloading.substr(27)), 0);
    service.alive();
    EXPECT_EQ(manager.heard(), "WATCHDOG=1");
    service.stopping();
    EXPECT_EQ(manager.heard(), "STOPPING=1");
    EXPECT_EQ(manager.heard(), "");
}

TEST(ServiceManager, that_is_gone_or_absent_is_no_trouble) {
    {
        Manager manager;
        setenv("WATCHDOG_PID", "1", 1);
        EXPECT_EQ(ServiceManager().watchdog_ms(), 0) << "another process's watchdog";
        std::filesystem::remove(std::getenv("NOTIFY_SOCKET"));
        ServiceManager service;
        service.ready();
    }
    ServiceManager service;
    EXPECT_FALSE(service.listens());
    service.ready();
    service.status("nobody hears it");
}

using Progress = std::vector<Pipeline::Progress>;

TEST(Liveness, names_the_thread_that_stands_still) {
    Liveness liveness(1000, 5000);
    EXPECT_EQ(liveness.stalled(Progress{{"source", 1}, {"front0", 1}, {"sink", 1}}, 0), "");
    EXPECT_EQ(liveness.stalled(Progress{{"source", 2}, {"front0", 1}, {"sink", 1}}, 1000), "");
    EXPECT_EQ(liveness.stalled(Progress{{"source", 3}, {"front0", 1}, {"sink", 1}}, 1001),
              "front0");
    EXPECT_EQ(liveness.stalled(Progress{{"source", 4}, {"front0", 2}, {"sink", 1}}, 1500), "")
        << "it moves again, and the sink may wait for a commit";
    EXPECT_EQ(liveness.stalled(Progress{{"source", 5}, {"front0", 3}, {"sink", 1}}, 5001), "sink");
}

TEST(Liveness, gives_new_threads_their_time_and_ended_ones_peace) {
    Liveness liveness(1000, 1000);
    EXPECT_EQ(liveness.stalled(Progress{{"source", 9}}, 0), "");
    EXPECT_EQ(liveness.stalled(Progress{{"source", 1}, {"front0", 1}}, 5000), "");
    EXPECT_EQ(liveness.stalled(Progress{{"source", 2}, {"front0", 1}}, 6000), "");
    EXPECT_EQ(liveness.stalled(Progress{{"source", 3}, {"front0", 1, true}}, 9000), "");
}

}  // namespace
}  // namespace newsmill
