// The admin server on real sockets: its bounds, and who may come in.
#include "daemon/admin_server.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <filesystem>
#include <string>

#include "daemon/admin_client.hpp"
#include "daemon/mill.hpp"
#include "pipeline/archive/file_consumer.hpp"
#include "pipeline/archive/stream_producer.hpp"
#include "pipeline/start_error.hpp"

namespace newsmill {
namespace {

using Clock_ = std::chrono::steady_clock;

// A raw TCP connection.
class Caller {
   public:
    explicit Caller(int port) : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(static_cast<std::uint16_t>(port));
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        connected_ = connect(socket_, reinterpret_cast<sockaddr*>(&to), sizeof(to)) == 0;
    }
    ~Caller() { close(socket_); }
    Caller(const Caller&) = delete;
    Caller& operator=(const Caller&) = delete;

    bool connected() const { return connected_; }
    bool send(std::string_view text) const {
        return ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL) ==
               static_cast<ssize_t>(text.size());
    }
    // Until the other end closes, or there is nothing for `ms`.
    std::string receive(int ms) const {
        std::string all;
        char buffer[4096];
        pollfd wait{socket_, POLLIN, 0};
        while (poll(&wait, 1, ms) > 0) {
            const ssize_t got = recv(socket_, buffer, sizeof(buffer), 0);
            if (got <= 0) break;
            all.append(buffer, static_cast<std::size_t>(got));
        }
        return all;
    }
    // How long until the other end closes.
    std::int64_t closed_after_ms(int ms_max) const {
        const auto start = Clock_::now();
        receive(ms_max);
        return std::chrono::duration_cast<std::chrono::milliseconds>(Clock_::now() - start).count();
    }

   private:
    int socket_;
    bool connected_ = false;
};

class AdminServerTest : public testing::Test {
   protected:
    AdminServerTest()
        : folder_(testing::TempDir() + "newsmill_server_" + std::to_string(getpid())),
          loaded_(load_config("", {})),
          mill_(loaded_.config, loaded_.hash, Mill::Output::kFiles),
          consumer_({NEWSMILL_SOURCE_DIR "/daemon/samples/articles.ndjson"}),
          producer_(std::make_unique<StreamProducer>(-1, nullptr)),
          pipeline_(mill_.parts(consumer_, *producer_, &journal_), mill_.pipeline_options(),
                    steady_clock()),
          api_(pipeline_, nullptr, steady_clock(), {"a-token-of-the-test", {}, false}, {}) {
        std::filesystem::create_directory(folder_);
    }
    ~AdminServerTest() override { std::filesystem::remove_all(folder_); }

    AdminServerOptions options() const {
        AdminServerOptions options;
        options.socket = folder_ + "/admin.sock";
        options.request_bytes_max = 4096;
        options.connections_max = 8;
        options.timeout_ms = 300;
        return options;
    }
    static int port_of(const AdminServer& server) {
        const std::string url = server.url();
        return std::stoi(url.substr(url.rfind(':') + 1));
    }

    std::string folder_;
    LoadedConfig loaded_;
    Mill mill_;
    FileConsumer consumer_;
    std::unique_ptr<Producer> producer_;
    MemoryJournal journal_;
    Pipeline pipeline_;
    AdminApi api_;
};

constexpr std::string_view kGet = "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n";

TEST_F(AdminServerTest, answers_several_requests_of_a_connection) {
    AdminServer server(options(), api_);
    ASSERT_TRUE(server.problems().empty()) << server.problems().front();
    server.start();
    const Caller caller(port_of(server));
    ASSERT_TRUE(caller.send(std::string(kGet) + std::string(kGet)));
    const std::string answer = caller.receive(200);
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
    EXPECT_NE(answer.find("X-Content-Type-Options: nosniff"), std::string::npos);
    EXPECT_NE(answer.find("HTTP/1.1 200 OK", 20), std::string::npos) << "the second one";
    const Caller head(port_of(server));
    head.send("HEAD /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    EXPECT_TRUE(head.receive(1000).ends_with("\r\n\r\n"));
}

TEST_F(AdminServerTest, the_socket_is_for_its_user_and_trusted) {
    AdminServer server(options(), api_);
    server.start();
    struct stat status {};
    ASSERT_EQ(stat(server.socket().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600u);
    const AdminClient client(server.socket());
    EXPECT_EQ(client.get("/livez").body, "ok\n");
    EXPECT_EQ(client.post("/v1/pause", "{}").status, 200u);
    EXPECT_TRUE(pipeline_.control().paused());
    // Over TCP the same needs the token.
    const Caller caller(port_of(server));
    caller.send(
        "POST /v1/resume HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n"
        "Connection: close\r\n\r\n");
    EXPECT_TRUE(caller.receive(1000).starts_with("HTTP/1.1 401"));
    EXPECT_TRUE(pipeline_.control().paused());
}

TEST_F(AdminServerTest, requests_that_drip_in_end) {
    AdminServer server(options(), api_);
    server.start();
    const Caller silent(port_of(server));
    EXPECT_LT(silent.closed_after_ms(5000), 4000);
    const Caller dripping(port_of(server));
    const auto start = Clock_::now();
    // A byte each 20 ms: never idle, never whole.
    for (std::size_t i = 0; i < 200 && dripping.send("G"); ++i) usleep(20'000);
    EXPECT_LT(Clock_::now() - start, std::chrono::milliseconds(3500));
}

TEST_F(AdminServerTest, large_requests_and_too_many_connections_are_refused) {
    AdminServer server(options(), api_);
    server.start();
    const Caller large(port_of(server));
    large.send("POST /v1/log HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n");
    EXPECT_TRUE(large.receive(1000).starts_with("HTTP/1.1 413"));
    const Caller garbage(port_of(server));
    garbage.send("\x16\x03\x01 hello\r\n\r\n");
    EXPECT_TRUE(garbage.receive(1000).starts_with("HTTP/1.1 400"));

    std::vector<std::unique_ptr<Caller>> many;
    for (int i = 0; i < 30; ++i) many.push_back(std::make_unique<Caller>(port_of(server)));
    EXPECT_TRUE(many.back()->connected());
    EXPECT_LT(many.back()->closed_after_ms(2000), 1900);
    many.clear();
    usleep(400'000);
    const Caller later(port_of(server));
    later.send(kGet);
    EXPECT_TRUE(later.receive(200).starts_with("HTTP/1.1 200"));
}

TEST_F(AdminServerTest, a_port_or_socket_in_use_is_a_problem_and_no_end) {
    AdminServer first(options(), api_);
    first.start();
    AdminServerOptions same = options();
    same.port = port_of(first);
    AdminServer second(same, api_);
    EXPECT_EQ(second.problems().size(), 2u);
    EXPECT_TRUE(second.url().empty());
    EXPECT_TRUE(second.socket().empty());
    second.start();
    EXPECT_EQ(AdminClient(first.socket()).get("/livez").status, 200u);
}

TEST_F(AdminServerTest, a_dead_socket_file_is_replaced_a_plain_file_is_not) {
    const std::string path = folder_ + "/admin.sock";
    {
        const int dead = socket(AF_UNIX, SOCK_STREAM, 0);
        sockaddr_un at{};
        at.sun_family = AF_UNIX;
        std::strncpy(at.sun_path, path.c_str(), sizeof(at.sun_path) - 1);
        ASSERT_EQ(bind(dead, reinterpret_cast<sockaddr*>(&at), sizeof(at)), 0);
        close(dead);
    }
    {
        AdminServer server(options(), api_);
        EXPECT_TRUE(server.problems().empty());
    }
    EXPECT_FALSE(std::filesystem::exists(path)) << "taken away at the end";
    EXPECT_EQ(std::fclose(std::fopen(path.c_str(), "w")), 0);
    AdminServer server(options(), api_);
    EXPECT_EQ(server.problems().size(), 1u);
    EXPECT_TRUE(std::filesystem::exists(path));
    EXPECT_THROW(AdminClient(path).get("/livez"), StartError);
}

TEST_F(AdminServerTest, it_ends_amid_requests) {
    auto server = std::make_unique<AdminServer>(options(), api_);
    server->start();
    const Caller caller(port_of(*server));
    caller.send("GET /livez HT");
    const Caller other(port_of(*server));
    other.send(std::string(kGet));
    server.reset();
    SUCCEED();
}

}  // namespace
}  // namespace newsmill
