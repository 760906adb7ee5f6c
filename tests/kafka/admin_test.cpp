// A daemon on a real broker, watched and held by its admin socket.
#include <gtest/gtest.h>
#include <simdjson.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <thread>

#include "daemon/admin_client.hpp"
#include "pipeline/start_error.hpp"
#include "tests/kafka/harness.hpp"

namespace newsmill::kafka_test {
namespace {

using namespace std::chrono_literals;

constexpr int kPartitions = 3;

std::int64_t number_at(const std::string& json, const char* pointer) {
    simdjson::dom::parser parser;
    simdjson::dom::element root;
    std::int64_t number = -1;
    if (parser.parse(simdjson::padded_string(json)).get(root) != simdjson::SUCCESS ||
        root.at_pointer(pointer).get(number) != simdjson::SUCCESS)
        return -1;
    return number;
}

class AdminSocket {
   public:
    AdminSocket()
        : folder_(testing::TempDir() + "newsmill_kafka_admin_" + std::to_string(getpid())),
          client_(folder_ + "/admin.sock") {
        std::filesystem::create_directory(folder_);
    }
    ~AdminSocket() { std::filesystem::remove_all(folder_); }
    AdminSocket(const AdminSocket&) = delete;
    AdminSocket& operator=(const AdminSocket&) = delete;

    std::vector<std::string> settings() const {
        return {"admin.enabled=true", "admin.port=0", "admin.socket=" + folder_ + "/admin.sock"};
    }
    const AdminClient& client() const { return client_; }
    bool is_ready() const {
        try {
            return client_.get("/readyz").status == 200;
        } catch (const StartError&) {
            return false;  // not there yet
        }
    }
    std::int64_t status(const char* pointer) const {
        return number_at(client_.get("/v1/status").body, pointer);
    }

   private:
    std::string folder_;
    AdminClient client_;
};

template <typename Condition>
bool within(std::chrono::seconds time, const Condition& holds) {
    for (const auto end = std::chrono::steady_clock::now() + time;
         std::chrono::steady_clock::now() < end; std::this_thread::sleep_for(100ms)) {
        if (holds()) return true;
    }
    return holds();
}

TEST(Admin, pauses_lose_and_double_nothing) {
    const Topics topics = make_topics("paused", kPartitions);
    const AdminSocket admin;
    Daemon daemon(topics, "a", admin.settings());
    ASSERT_TRUE(within(60s, [&] { return admin.is_ready(); })) << daemon.log();
    ArticleMaker maker(7);
    for (int i = 0; i < 8; ++i) {
        feed(topics, maker, 400);
        std::this_thread::sleep_for(std::chrono::milliseconds(40 * i));
        ASSERT_EQ(admin.client().post("/v1/pause", "{}").status, 200u);
        feed(topics, maker, 100);
        std::this_thread::sleep_for(100ms);
        ASSERT_EQ(admin.client().post("/v1/resume", "{}").status, 200u);
    }
    EXPECT_TRUE(within(60s, [&] { return is_committed(topics, kPartitions); }));
    // A long one, with a growing lag.
    ASSERT_EQ(admin.client().post("/v1/pause", "{}").status, 200u);
    std::this_thread::sleep_for(500ms);
    const std::int64_t before = admin.status("/totals/articles_read");
    feed(topics, maker, 300);
    EXPECT_TRUE(within(30s, [&] { return admin.status("/now/lag_records") == 300; }))
        << admin.client().get("/v1/status").body;
    EXPECT_EQ(admin.status("/totals/articles_read"), before);
    ASSERT_EQ(admin.client().post("/v1/resume", "{}").status, 200u);
    EXPECT_EQ(finish(topics, kPartitions, daemon), "");
}

TEST(Admin, a_drain_commits_and_ends) {
    const Topics topics = make_topics("drained", kPartitions);
    const AdminSocket admin;
    Daemon daemon(topics, "a", admin.settings());
    ASSERT_TRUE(within(60s, [&] { return admin.is_ready(); })) << daemon.log();
    ArticleMaker maker(8);
    feed(topics, maker, 500);
    EXPECT_TRUE(within(60s, [&] { return is_committed(topics, kPartitions); }));
    // Also while it is paused.
    EXPECT_EQ(admin.client().post("/v1/pause", "{}").status, 200u);
    EXPECT_EQ(admin.client().post("/v1/drain", "{}").status, 202u);
    EXPECT_EQ(daemon.wait(30'000), 0) << daemon.log();
}

}  // namespace
}  // namespace newsmill::kafka_test
