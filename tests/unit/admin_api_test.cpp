// What the admin server answers, and to whom.
#include "daemon/admin_api.hpp"

#include <gtest/gtest.h>
#include <simdjson.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "daemon/admin_http.hpp"
#include "daemon/metrics_text.hpp"
#include "daemon/mill.hpp"
#include "pipeline/archive/file_consumer.hpp"
#include "pipeline/config_table.hpp"
#include "pipeline/log.hpp"
#include "tests/unit/null_producer.hpp"

namespace newsmill {
namespace {

constexpr const char* kToken = "correct-horse-battery";

// A pipeline over a small file, which runs when a test says so.
class AdminApiTest : public testing::Test {
   protected:
    AdminApiTest()
        : path_(testing::TempDir() + "newsmill_admin_" + std::to_string(getpid()) + ".ndjson"),
          loaded_(load_config("", {"admin.token=" + std::string(kToken)})),
          mill_(loaded_.config, loaded_.hash, Mill::Output::kFiles),
          consumer_({write_articles(path_)}),
          pipeline_(mill_.parts(consumer_, producer_, &journal_), mill_.pipeline_options(),
                    steady_clock()),
          api_(pipeline_, &recent_, steady_clock(), {kToken, {"newsroom.example"}, false},
               hooks()) {
        pipeline_.sink().on_commit([this](const Batch& batch) {
            recent_.note(batch, steady_clock().now_ns(), steady_clock().unix_ms());
        });
        api_.set_setup(std::make_shared<AdminSetup>(
            AdminSetup{loaded_, mill_.memory(), std::make_shared<ArticleTrial>(mill_)}));
    }
    ~AdminApiTest() override { std::filesystem::remove(path_); }

    static std::string write_articles(const std::string& path) {
        std::ofstream out(path);
        for (int i = 0; i < 4; ++i) {
            out << R"({"title": "Ferry )" << i / 2
                << R"( runs again", "uri": "https://wire.example/)" << i
                << R"(", "language": "en", "body": "The ferry runs again. \"It was time\", said )"
                << R"(Anna Keller, the harbour master. Number )" << i / 2
                << R"( is the second of three ships that were repaired this spring."})" << '\n';
        }
        out << R"({"title": "<script>alert(1)</script>", "body": )" << '\n';
        return path;
    }
    AdminHooks hooks() {
        AdminHooks hooks;
        hooks.tune = [this](const std::vector<std::string>& sets) {
            sets_ = sets;
            return AdminReply{};
        };
        hooks.dlq = [this](std::string_view verb, std::string_view body) {
            letters_ = std::string(verb) + " " + std::string(body);
            return AdminReply{200, R"({"message":"done"})"};
        };
        return hooks;
    }
    void run() {
        pipeline_.start();
        pipeline_.join();
    }

    AdminResponse ask(const std::string& method, const std::string& target,
                      const std::string& body = {}, bool with_token = true) {
        AdminRequest request;
        request.method = method;
        request.target = target;
        request.host = "localhost:9477";
        request.has_host = true;
        request.body = body;
        if (with_token) request.authorization = std::string("Bearer ") + kToken;
        return api_.handle(request);
    }

    std::string path_;
    LoadedConfig loaded_;
    Mill mill_;
    FileConsumer consumer_;
    NullProducer producer_;
    MemoryJournal journal_;
    Pipeline pipeline_;
    RecentRecords recent_;
    std::vector<std::string> sets_;
    std::string letters_;
    AdminApi api_;
};

simdjson::dom::element parsed(const std::string& json) {
    static simdjson::dom::parser parser;
    simdjson::dom::element root;
    EXPECT_EQ(parser.parse(simdjson::padded_string(json)).get(root), simdjson::SUCCESS) << json;
    return root;
}

std::string text_at(const std::string& json, const char* pointer) {
    std::string_view text;
    return parsed(json).at_pointer(pointer).get(text) == simdjson::SUCCESS ? std::string(text)
                                                                           : std::string();
}

TEST_F(AdminApiTest, every_route_is_documented_and_answers_in_json) {
    run();
    api_.tick();
    std::set<std::string> documented;
    simdjson::dom::object paths;
    const std::string openapi = ask("GET", "/openapi.json").body;
    ASSERT_EQ(parsed(openapi)["paths"].get(paths), simdjson::SUCCESS);
    for (const simdjson::dom::key_value_pair path : paths) {
        for (const simdjson::dom::key_value_pair verb : simdjson::dom::object(path.value)) {
            std::string method(verb.key);
            std::transform(method.begin(), method.end(), method.begin(), ::toupper);
            documented.insert(method + " " + std::string(path.key));
        }
    }
    const std::vector<std::string> routes = AdminApi::routes();
    EXPECT_EQ(documented, std::set<std::string>(routes.begin(), routes.end()));
    for (const std::string& route : routes) {
        const std::size_t space = route.find(' ');
        const AdminResponse answer =
            ask(route.substr(0, space), route.substr(space + 1), R"({"level": "info"})");
        EXPECT_NE(answer.status, 404u) << route;
        if (answer.content_type == "application/json") parsed(answer.body);
    }
}

TEST_F(AdminApiTest, only_the_token_or_the_socket_changes_anything) {
    for (const char* target : {"/v1/pause", "/v1/drain", "/v1/reload", "/v1/log", "/v1/tunables",
                               "/v1/dlq/replay", "/v1/explain"}) {
        EXPECT_EQ(ask("POST", target, "{}", false).status, 401u) << target;
    }
    AdminRequest request;
    request.method = "POST";
    request.target = "/v1/pause";
    request.host = "localhost";
    request.has_host = true;
    for (const char* wrong : {"", "Bearer ", "Bearer correct-horse-batterz", "Basic abc",
                              "Bearer correct-horse-battery ", "bearer"}) {
        request.authorization = wrong;
        EXPECT_EQ(api_.handle(request).status, 401u) << wrong;
    }
    EXPECT_FALSE(pipeline_.control().paused());
    request.authorization.clear();
    request.has_host = false;
    request.trusted = true;
    EXPECT_EQ(api_.handle(request).status, 200u);
    EXPECT_TRUE(pipeline_.control().paused());
    EXPECT_EQ(ask("POST", "/v1/resume").status, 200u);
    EXPECT_FALSE(pipeline_.control().paused());
}

TEST_F(AdminApiTest, foreign_sites_get_nothing) {
    AdminRequest request;
    request.method = "GET";
    request.target = "/v1/status";
    request.has_host = true;
    for (const char* good : {"localhost", "localhost:9477", "127.0.0.1:9477", "[::1]:9477",
                             "newsroom.example:80", "LOCALHOST:1"}) {
        request.host = good;
        EXPECT_EQ(api_.handle(request).status, 200u) << good;
    }
    for (const char* bad : {"", "evil.example", "localhost.evil.example:9477", "127.0.0.1.evil",
                            "[::2]:9477", "192.168.1.2"}) {
        request.host = bad;
        EXPECT_EQ(api_.handle(request).status, 403u) << bad;
    }
    request.host = "localhost:9477";
    request.origin = "http://localhost:9477";
    EXPECT_EQ(api_.handle(request).status, 200u);
    for (const char* bad : {"http://evil.example", "null", "http://localhost:9999"}) {
        request.origin = bad;
        EXPECT_EQ(api_.handle(request).status, 403u) << bad;
    }
    request.origin.clear();
    request.fetch_site = "cross-site";
    EXPECT_EQ(api_.handle(request).status, 403u);
}

TEST_F(AdminApiTest, methods_and_paths_that_there_are_not) {
    EXPECT_EQ(ask("GET", "/v2").status, 404u);
    EXPECT_EQ(ask("GET", "/../etc/passwd").status, 404u);
    EXPECT_EQ(ask("DELETE", "/v1/log").status, 405u);
    EXPECT_EQ(ask("DELETE", "/v1/log").allow, "GET, HEAD, POST");
    EXPECT_EQ(ask("HEAD", "/metrics").status, 200u);
}

TEST_F(AdminApiTest, states_and_what_probes_are_told) {
    EXPECT_EQ(ask("GET", "/livez").status, 200u);
    EXPECT_EQ(ask("POST", "/v1/drain").status, 202u);
    EXPECT_EQ(ask("GET", "/readyz").status, 503u);
    EXPECT_EQ(ask("GET", "/readyz").body, "draining\n");
    EXPECT_TRUE(pipeline_.control().stop_requested());
    EXPECT_EQ(ask("GET", "/livez").status, 200u);
    pipeline_.control().fail(75, "fenced");
    EXPECT_EQ(ask("GET", "/livez").status, 503u);
    EXPECT_EQ(text_at(ask("GET", "/v1/status").body, "/failure"), "fenced");
}

TEST_F(AdminApiTest, the_tap_shows_records_copies_and_dead_letters) {
    run();
    const AdminResponse records = ask("GET", "/v1/tap?kind=records&max=10");
    EXPECT_EQ(text_at(records.body, "/items/0/headline"), "Ferry 0 runs again");
    EXPECT_EQ(text_at(records.body, "/items/0/record/uri"), "https://wire.example/0");
    const AdminResponse quotes = ask("GET", "/v1/tap?stage=quotes&max=1");
    EXPECT_EQ(text_at(quotes.body, "/items/0/quotes/0/speaker/name"), "Anna Keller");
    EXPECT_EQ(text_at(ask("GET", "/v1/tap?kind=copies").body, "/items/0/decision"), "exact");
    const AdminResponse dead = ask("GET", "/v1/tap?kind=dead_letters");
    EXPECT_EQ(text_at(dead.body, "/items/0/code"), "PARSE_JSON");
    EXPECT_TRUE(text_at(dead.body, "/items/0/payload").starts_with("{\"title\": \"<script>"));
    EXPECT_EQ(ask("GET", "/v1/tap?after=4").body.find("headline"), std::string::npos);
    EXPECT_EQ(ask("GET", "/v1/tap?kind=others").status, 400u);
    EXPECT_EQ(ask("GET", "/v1/tap?stage=nowhere").status, 400u);
    EXPECT_EQ(text_at(ask("GET", "/v1/tap?kind=dead%5Fletters&after=99&max=x").body, "/kind"),
              "dead_letters");
}

TEST_F(AdminApiTest, an_article_can_be_tried) {
    const AdminResponse good = ask("POST", "/v1/explain",
                                   "Mayor opens bridge\n\n\"We are glad\", said Mayor Ilse Brandt "
                                   "on Tuesday, when the bridge was opened.\n");
    EXPECT_EQ(text_at(good.body, "/record/headlines/0/value"), "Mayor opens bridge");
    const AdminResponse bad = ask("POST", "/v1/explain", "{\"title\": ");
    EXPECT_EQ(text_at(bad.body, "/dead_letter/code"), "PARSE_JSON");
    EXPECT_EQ(ask("POST", "/v1/explain", "").status, 400u);
    EXPECT_EQ(pipeline_.metrics().articles_in.get(), 0u);
}

TEST_F(AdminApiTest, options_levels_and_dead_letters) {
    EXPECT_EQ(
        ask("POST", "/v1/tunables", R"({"log.level": "debug", "topics.topics_max": 5})").status,
        200u);
    EXPECT_EQ(sets_, (std::vector<std::string>{"log.level=debug", "topics.topics_max=5"}));
    EXPECT_EQ(ask("POST", "/v1/tunables", "[1]").status, 400u);
    EXPECT_NE(ask("GET", "/v1/tunables").body.find("\"output.kafka.commit_interval_ms\""),
              std::string::npos);
    log_set_level(LogLevel::kError);
    EXPECT_EQ(text_at(ask("GET", "/v1/log").body, "/level"), "error");
    EXPECT_EQ(ask("POST", "/v1/log", R"({"level": "loud"})").status, 400u);
    EXPECT_EQ(ask("POST", "/v1/log", R"({"level": "warning"})").status, 200u);
    EXPECT_EQ(text_at(ask("GET", "/v1/log").body, "/level"), "warning");
    log_set_level(LogLevel::kInfo);
    ask("POST", "/v1/dlq/replay", R"({"topic":"t","partition":0,"offset":3})");
    EXPECT_EQ(letters_, R"(replay {"topic":"t","partition":0,"offset":3})");
    EXPECT_EQ(ask("POST", "/v1/reload", "{}").status, 501u) << "this daemon has no such hook";
}

TEST_F(AdminApiTest, secrets_are_not_shown) {
    const std::string config = ask("GET", "/v1/config").body;
    EXPECT_EQ(config.find(kToken), std::string::npos);
    EXPECT_NE(config.find("\"admin.token\", \"value\": \"***\""), std::string::npos);
}

TEST_F(AdminApiTest, the_page_may_run_its_own_script_alone) {
    const AdminResponse page = ask("GET", "/");
    EXPECT_EQ(page.body.find("/*SCRIPT*/"), std::string::npos);
    EXPECT_NE(page.body.find("'use strict'"), std::string::npos);
    EXPECT_EQ(page.body.find("http://"), page.body.find("http://www.w3.org/2000/svg"));
    EXPECT_EQ(page.body.find("innerHTML"), std::string::npos);
    EXPECT_NE(page.content_security_policy.find("script-src 'sha256-"), std::string::npos);
    EXPECT_EQ(page.content_security_policy.find("unsafe"), std::string::npos);
}

// ---- Metrics

std::set<std::string> names_in(const std::string& text, const std::string& before) {
    std::set<std::string> names;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) {
        if (!line.starts_with(before)) continue;
        const std::string rest = line.substr(before.size());
        names.insert(rest.substr(0, rest.find_first_of(" `")));
    }
    return names;
}

TEST_F(AdminApiTest, metrics_in_both_formats) {
    run();
    api_.tick();
    api_.tick();
    const std::string text = ask("GET", "/metrics").body;
    EXPECT_NE(text.find("\nnewsmill_articles_committed_total 4\n"), std::string::npos) << text;
    EXPECT_NE(text.find("\nnewsmill_decisions_total{kind=\"exact\"} 2\n"), std::string::npos);
    EXPECT_NE(text.find("\nnewsmill_dead_letters_total{code=\"PARSE_JSON\"} 1\n"),
              std::string::npos);
    EXPECT_NE(text.find("newsmill_transit_seconds_bucket{le=\"+Inf\"} 5\n"), std::string::npos);
    EXPECT_NE(text.find("newsmill_stage_articles_total{stage=\"quotes\"} 5\n"), std::string::npos);
    EXPECT_NE(text.find("newsmill_memory_bound_bytes{part=\"batches\"}"), std::string::npos);
    EXPECT_EQ(text.find("# EOF"), std::string::npos);

    AdminRequest request;
    request.method = "GET";
    request.target = "/metrics";
    request.trusted = true;
    request.accept = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5";
    const AdminResponse open = api_.handle(request);
    EXPECT_TRUE(open.content_type.starts_with("application/openmetrics-text; version=1.0.0"));
    EXPECT_TRUE(open.body.ends_with("# EOF\n"));
    EXPECT_NE(open.body.find("# TYPE newsmill_articles_committed counter\n"), std::string::npos);
    EXPECT_NE(open.body.find("\nnewsmill_articles_committed_total 4\n"), std::string::npos);
    // A unit is the end of the name.
    std::istringstream lines(open.body);
    for (std::string line; std::getline(lines, line);) {
        if (!line.starts_with("# UNIT ")) continue;
        std::istringstream words(line.substr(7));
        std::string name;
        std::string unit;
        words >> name >> unit;
        EXPECT_TRUE(name.ends_with("_" + unit)) << line;
    }
}

TEST(MetricsText, the_documentation_has_every_metric) {
    std::ifstream in(std::string(NEWSMILL_SOURCE_DIR) + "/docs/metrics.md");
    std::stringstream page;
    page << in.rdbuf();
    EXPECT_NE(page.str().find(metrics_markdown()), std::string::npos)
        << "put the output of `newsmill metrics --markdown` into docs/metrics.md";
    const std::set<std::string> names =
        names_in(metrics_text({}, MetricsFormat::kPrometheus), "# TYPE ");
    EXPECT_EQ(names, names_in(metrics_markdown(), "| `"));
    EXPECT_GT(names.size(), 40u);
    for (const std::string& name : names) {
        EXPECT_TRUE(name.starts_with("newsmill_") || name.starts_with("process_")) << name;
    }
}

TEST(MetricsText, labels_are_escaped) {
    MetricsSource source;
    source.lags = {{"a\"b\\c\nd", 3, 10, 12, 2, 1500}};
    const std::string text = metrics_text(source, MetricsFormat::kPrometheus);
    EXPECT_NE(
        text.find("newsmill_consumer_lag_records{topic=\"a\\\"b\\\\c\\nd\",partition=\"3\"} 2\n"),
        std::string::npos)
        << text;
    EXPECT_NE(
        text.find("newsmill_consumer_lag_seconds{topic=\"a\\\"b\\\\c\\nd\",partition=\"3\"} 1.5\n"),
        std::string::npos);
}

// ---- Bytes

TEST(AdminHttp, reads_what_is_whole_and_refuses_what_is_not) {
    const std::string good =
        "GET /v1/status HTTP/1.1\r\nHost: localhost\r\nOrigin: http://a\r\n\r\n";
    const ParsedRequest parsed = parse_request(good, 1024, false);
    ASSERT_TRUE(parsed.request);
    EXPECT_EQ(parsed.request->target, "/v1/status");
    EXPECT_EQ(parsed.request->origin, "http://a");
    for (std::size_t i = 0; i < good.size(); ++i) {
        const ParsedRequest part = parse_request(good.substr(0, i), 1024, false);
        EXPECT_FALSE(part.request) << i;
        EXPECT_EQ(part.status, 0u) << i;
    }
    EXPECT_EQ(parse_request("garbage\r\n\r\n", 1024, false).status, 400u);
    EXPECT_EQ(
        parse_request("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2000\r\n\r\n", 1024, false)
            .status,
        413u);
    const std::string long_header = "GET / HTTP/1.1\r\nX: " + std::string(40'000, 'a') + "\r\n\r\n";
    EXPECT_EQ(parse_request(long_header, 1024, false).status, 431u);
    const ParsedRequest two =
        parse_request("GET / HTTP/1.1\r\nHost: a\r\nHost: localhost\r\n\r\n", 1024, false);
    ASSERT_TRUE(two.request);
    EXPECT_FALSE(two.request->has_host);
}

}  // namespace
}  // namespace newsmill
