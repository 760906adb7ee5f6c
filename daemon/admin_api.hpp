// What the admin server answers, without the sockets: from a request to a response. Routes, rights,
// documents.
//
// Rights. A request over the Unix socket is trusted: only the daemon's user and root reach it. Over
// TCP, what changes anything needs the token (Authorization: Bearer …), and if the port can be
// reached from other machines, so does what shows texts or the configuration. The Host header must
// name one of ours and an Origin must be our own, so that no page of a foreign site, by whatever
// name it reaches the port, gets an answer.
//
// Never waits for the pipeline: it reads counters and copies; pause and drain set a flag. Only what
// a hook or a trial does may take time: is_slow().
//
// Threads: one, the admin server's; of slow requests another one, one at a time; set_setup() and
// the counts any. Errors: a status.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/article_trial.hpp"
#include "daemon/live_numbers.hpp"
#include "daemon/recent_records.hpp"
#include "pipeline/config.hpp"
#include "pipeline/memory_plan.hpp"
#include "pipeline/pipeline.hpp"

namespace newsmill {

struct AdminRequest {
    std::string method;
    std::string target;  // "/v1/tap?kind=records"
    std::string host, origin, authorization, accept, fetch_site;
    bool has_host = false;
    std::string body;
    bool trusted = false;  // over the Unix socket
};

struct AdminResponse {
    unsigned status = 200;
    std::string content_type = "application/json";
    std::string body;
    std::string allow;                    // of 405
    std::string content_security_policy;  // empty: nothing may be loaded
};

// What a hook answers: a status and one JSON object.
struct AdminReply {
    unsigned status = 200;
    std::string json = "{}";
};

// What this daemon can do beside what the pipeline can; what is empty is answered with 501. Called
// one at a time, in a thread of the admin server's that may wait.
struct AdminHooks {
    // Reads the configuration again.
    std::function<AdminReply()> reload;
    // Sets options: "key=value" each.
    std::function<AdminReply(const std::vector<std::string>& sets)> tune;
    // Sends dead letters to the input again ("replay") or gives them up ("discard"); the body is
    // {"topic", "partition", "offset"}, the coordinates of the article.
    std::function<AdminReply(std::string_view verb, std::string_view body)> dlq;
};

// What holds until the next reload. Not changed once it is given.
struct AdminSetup {
    LoadedConfig loaded;
    MemoryPlan memory;
    std::shared_ptr<ArticleTrial> trial;  // null: /v1/explain is answered with 501
};

// The coordinates in the body of a request about a dead letter; nothing if it has none.
struct ArticlePlace {
    std::string topic;
    std::int32_t partition = 0;
    std::int64_t offset = 0;
};
std::optional<ArticlePlace> article_place(std::string_view body);

struct AdminApiOptions {
    std::string token;               // empty: nothing can be changed over TCP
    std::vector<std::string> hosts;  // that a Host header may name, without a port
    bool guard_reads = false;        // the port can be reached from other machines
};

class AdminApi {
   public:
    // Pipeline and records (null: no tap) outlive it.
    AdminApi(Pipeline& pipeline, RecentRecords* recent, const Clock& clock, AdminApiOptions options,
             AdminHooks hooks);

    void set_setup(std::shared_ptr<const AdminSetup> setup);                  // any thread
    void set_reloads(std::uint64_t applied, std::uint64_t refused) noexcept;  // any thread

    AdminResponse handle(const AdminRequest& request);
    // What may wait for a broker or a disk, and so is asked for in another thread than the rest.
    static bool is_slow(const AdminRequest& request);
    void tick();  // about every second

    // From the server, for the metrics.
    void note_refused() noexcept { refused_.add(); }
    Gauge connections;

    static constexpr std::int64_t kTickMs = 1000;
    // "GET /v1/status", …: for the test that compares it with the OpenAPI document.
    static std::vector<std::string> routes();

   private:
    struct Query;
    enum class Access : std::uint8_t { kOpen, kRead, kWrite };
    struct Route {
        std::string_view method;
        std::string_view path;
        Access access;
        AdminResponse (AdminApi::*answer)(const AdminRequest& request, const Query& query);
    };
    static const std::vector<Route>& table();

    bool is_own_host(std::string_view host) const;
    const char* foreign(const AdminRequest& request) const;
    bool has_token(std::string_view authorization) const;
    AdminResponse route(const AdminRequest& request);
    std::shared_ptr<const AdminSetup> setup() const;
    bool draining() const;

    AdminResponse page(const AdminRequest&, const Query&);
    AdminResponse livez(const AdminRequest&, const Query&);
    AdminResponse readyz(const AdminRequest&, const Query&);
    AdminResponse metrics(const AdminRequest&, const Query&);
    AdminResponse version(const AdminRequest&, const Query&);
    AdminResponse openapi(const AdminRequest&, const Query&);
    AdminResponse status(const AdminRequest&, const Query&);
    AdminResponse stages(const AdminRequest&, const Query&);
    AdminResponse config(const AdminRequest&, const Query&);
    AdminResponse tunables(const AdminRequest&, const Query&);
    AdminResponse tune(const AdminRequest&, const Query&);
    AdminResponse reload(const AdminRequest&, const Query&);
    AdminResponse pause(const AdminRequest&, const Query&);
    AdminResponse resume(const AdminRequest&, const Query&);
    AdminResponse drain(const AdminRequest&, const Query&);
    AdminResponse log(const AdminRequest&, const Query&);
    AdminResponse set_log(const AdminRequest&, const Query&);
    AdminResponse tap(const AdminRequest&, const Query&);
    AdminResponse explain(const AdminRequest&, const Query&);
    AdminResponse dlq(const AdminRequest&, const Query&);
    AdminResponse dlq_replay(const AdminRequest&, const Query&);
    AdminResponse dlq_discard(const AdminRequest&, const Query&);

    std::string state() const;
    AdminResponse recent_answer(RecentKind kind, const std::string& stage,
                                const Query& query) const;

    Pipeline& pipeline_;
    RecentRecords* recent_;
    const Clock& clock_;
    AdminApiOptions options_;
    AdminHooks hooks_;
    std::int64_t started_ns_;
    LiveNumbers live_;
    mutable std::mutex setup_mutex_;  // guards setup_
    std::shared_ptr<const AdminSetup> setup_;
    Counter requests_, refused_;
    Gauge reloads_applied_, reloads_refused_;
    std::string page_policy_;  // of the page, with the hashes of its script and style
};

}  // namespace newsmill
