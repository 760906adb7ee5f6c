// The documents that the admin server answers with.
#include <simdjson.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "daemon/admin_api.hpp"
#include "daemon/admin_query.hpp"
#include "daemon/json_text.hpp"
#include "daemon/metrics_text.hpp"
#include "pipeline/build_info.hpp"
#include "pipeline/config_table.hpp"
#include "pipeline/log.hpp"

namespace newsmill {
namespace embedded {
extern const std::string_view admin_openapi;
extern const std::string_view admin_page_css;
extern const std::string_view admin_page_html;
extern const std::string_view admin_page_js;
}  // namespace embedded

namespace {

namespace dom = simdjson::dom;

AdminResponse json_answer(std::string body, unsigned status = 200) {
    AdminResponse response;
    response.status = status;
    response.body = std::move(body);
    return response;
}

AdminResponse said(unsigned status, std::string_view name, std::string_view message) {
    JsonText json;
    json.begin('{');
    json.member(name, message);
    json.end('}');
    return json_answer(json.take(), status);
}

AdminResponse text_answer(unsigned status, std::string body) {
    AdminResponse response;
    response.status = status;
    response.content_type = "text/plain; charset=utf-8";
    response.body = std::move(body);
    return response;
}

AdminResponse reply_of(const AdminReply& reply) { return json_answer(reply.json, reply.status); }

AdminResponse not_here() { return said(501, "error", "this daemon can't do that"); }

constexpr std::array<LogLevel, 6> kLevels = {LogLevel::kTrace,   LogLevel::kDebug, LogLevel::kInfo,
                                             LogLevel::kWarning, LogLevel::kError, LogLevel::kOff};

LogLevel log_level_now() {
    for (const LogLevel level : kLevels) {
        if (log_enabled(level)) return level;
    }
    return LogLevel::kOff;
}

// A member that is not known is null, not a negative number.
void known(JsonText& json, std::string_view name, double value) {
    json.key(name);
    if (value < 0) {
        json.raw("null");
    } else {
        json.value(value);
    }
}

void known(JsonText& json, std::string_view name, std::int64_t value) {
    json.key(name);
    json.raw(value < 0 ? "null" : std::to_string(value));
}

double in_ms(double seconds) { return seconds < 0 ? -1 : seconds * 1000; }

void write_sample(JsonText& json, const LiveSample& sample) {
    json.begin('{');
    json.member("unix_ms", sample.unix_ms);
    json.member("articles_per_s", sample.articles_per_s);
    json.member("bytes_per_s", sample.bytes_per_s);
    json.member("duplicates_per_s", sample.duplicates_per_s);
    json.member("dead_letters_per_s", sample.dead_letters_per_s);
    known(json, "latency_p50_ms", in_ms(sample.latency_p50_s));
    known(json, "latency_p99_ms", in_ms(sample.latency_p99_s));
    known(json, "transit_p50_ms", in_ms(sample.transit_p50_s));
    known(json, "transit_p99_ms", in_ms(sample.transit_p99_s));
    known(json, "lag_records", sample.lag_records);
    known(json, "lag_ms", sample.lag_ms);
    json.member("cpu", sample.cpu);
    json.member("resident_bytes", sample.resident_bytes);
    json.begin("utilization", '{');
    for (const auto& [group, used] : sample.utilization) json.member(group, used);
    json.end('}');
    json.member("busiest_group", sample.busiest_group);
    json.member("busiest_stage", sample.busiest_stage);
    json.end('}');
}

void write_totals(JsonText& json, const Metrics& m) {
    json.begin("totals", '{');
    json.member("articles_read", m.articles_in.get());
    json.member("bytes_read", m.bytes_in.get());
    json.member("articles_committed", m.articles_out.get());
    json.member("bytes_committed", m.bytes_out.get());
    json.member("duplicates", m.duplicates_out.get());
    json.member("dead_letters", m.dead_letters_out.get());
    json.member("notices", m.notices_out.get());
    json.member("topics", m.topics.get());
    json.member("transactions", m.commits.get());
    json.member("aborts", m.aborts.get());
    json.member("rewinds", m.rewinds.get());
    json.member("rebalances", m.rebalances.get());
    json.member("journal_entries", m.journal_entries.get());
    json.member("journal_position", m.journal_position.get());
    json.member("journal_disagreements", m.journal_disagreements.get());
    json.end('}');
    json.begin("decisions", '{');
    for (std::size_t i = 0; i < kDedupKinds; ++i) {
        json.member(dedup_kind_name(static_cast<DedupKind>(i)), m.decisions[i].get());
    }
    json.end('}');
    json.begin("dead_letters", '{');
    for (std::size_t i = 1; i < kCodes; ++i) {
        if (m.dead_letters[i].get() == 0) continue;
        json.member(code_name(static_cast<Code>(i)), m.dead_letters[i].get());
    }
    json.end('}');
    json.begin("quotes", '{');
    for (std::size_t i = 0; i < kQuoteTypes; ++i) {
        json.member(quote_type_name(static_cast<QuoteType>(i)), m.quotes[i].get());
    }
    json.end('}');
}

void write_input(JsonText& json, const RecentItem& item) {
    json.begin("input", '{');
    json.member("topic", item.topic);
    json.member("partition", item.partition);
    json.member("offset", item.offset);
    json.key("timestamp_ms");
    json.raw(item.timestamp_ms == kNoTime ? "null" : std::to_string(item.timestamp_ms));
    json.member("bytes", item.payload_bytes);
    json.end('}');
}

void write_decision(JsonText& json, const RecentItem& item) {
    json.member("decision", item.decision);
    json.member("cluster", fmt::format("c:{:016x}", item.cluster_id));
    json.member("similarity", item.similarity);
    json.member("containment", item.containment);
    json.member("of", item.of_uri);
}

// One member of the record, as JSON.
void write_of_record(JsonText& json, const RecentItem& item, std::string_view name,
                     const char* pointer) {
    dom::parser parser;
    dom::element root;
    dom::element value;
    json.key(name);
    const bool found =
        !item.record.empty() &&
        parser.parse(simdjson::padded_string(item.record)).get(root) == simdjson::SUCCESS &&
        root.at_pointer(pointer).get(value) == simdjson::SUCCESS;
    json.raw(found ? std::string(simdjson::minify(value)) : "[]");
}

// What one stage made of the article; false for a stage that there is not.
bool write_stage(JsonText& json, const RecentItem& item, std::string_view stage) {
    if (stage == "sink" || stage == "route" || stage == "encode") {
        json.key("record");
        json.raw(item.record);
    } else if (stage == "parse" || stage == "source") {
        json.member("source", item.source);
        json.member("by", item.by);
        json.member("published", item.published_raw);
    } else if (stage == "normalize") {
        json.member("language", item.language);
        json.member("repairs", item.repairs);
    } else if (stage == "fingerprint") {
        json.member("exact_hash", item.exact_hash);
        json.member("sketch_bytes", item.sketch_bytes);
    } else if (stage == "dedup" || stage == "journal") {
        write_decision(json, item);
    } else if (stage == "quotes") {
        write_of_record(json, item, "quotes", "/enrichment/quotes");
    } else if (stage == "topics") {
        write_of_record(json, item, "topics", "/subjects");
    } else {
        return false;
    }
    return true;
}

bool write_item(JsonText& json, const RecentItem& item, RecentKind kind, std::string_view stage) {
    bool good = true;
    json.begin('{');
    json.member("number", item.number);
    json.member("at_unix_ms", item.at_unix_ms);
    write_input(json, item);
    if (kind == RecentKind::kDeadLetters) {
        json.member("code", item.code);
        json.member("stage", item.stage);
        json.member("message", item.message);
        json.member("payload", item.payload);
    } else {
        json.member("uri", item.uri);
        json.member("headline", item.headline);
        if (kind == RecentKind::kCopies) {
            json.member("source", item.source);
            write_decision(json, item);
        } else {
            good = write_stage(json, item, stage);
        }
    }
    json.end('}');
    return good;
}

// The text of a member of a JSON object; nothing if there is none.
std::optional<std::string> text_member(std::string_view body, const char* name) {
    dom::parser parser;
    dom::element root;
    std::string_view text;
    if (body.empty() ||
        parser.parse(simdjson::padded_string(body)).get(root) != simdjson::SUCCESS ||
        root[name].get(text) != simdjson::SUCCESS)
        return std::nullopt;
    return std::string(text);
}

// {"key": "value", …} as key=value; nothing if it is no such object.
std::optional<std::vector<std::string>> sets_of(std::string_view body) {
    dom::parser parser;
    dom::object root;
    if (body.empty() || parser.parse(simdjson::padded_string(body)).get(root) != simdjson::SUCCESS)
        return std::nullopt;
    std::vector<std::string> sets;
    for (const dom::key_value_pair member : root) {
        std::string_view text;
        const bool is_text = member.value.get(text) == simdjson::SUCCESS;
        // TOML reads numbers, flags and lists of JSON as they stand.
        sets.push_back(std::string(member.key) + "=" +
                       (is_text ? std::string(text) : std::string(simdjson::minify(member.value))));
    }
    return sets;
}

}  // namespace

std::optional<ArticlePlace> article_place(std::string_view body) {
    dom::parser parser;
    dom::element root;
    std::string_view topic;
    std::int64_t partition = 0;
    std::int64_t offset = 0;
    if (body.empty() ||
        parser.parse(simdjson::padded_string(body)).get(root) != simdjson::SUCCESS ||
        root["topic"].get(topic) != simdjson::SUCCESS ||
        root["partition"].get(partition) != simdjson::SUCCESS ||
        root["offset"].get(offset) != simdjson::SUCCESS)
        return std::nullopt;
    return ArticlePlace{std::string(topic), static_cast<std::int32_t>(partition), offset};
}

bool AdminApi::draining() const { return pipeline_.control().stop_requested(); }

std::string AdminApi::state() const {
    if (pipeline_.control().failed()) return "failed";
    if (draining()) return "draining";
    if (!pipeline_.ready()) return "starting";
    return pipeline_.control().paused() ? "paused" : "running";
}

AdminResponse AdminApi::page(const AdminRequest& /*request*/, const Query& /*query*/) {
    AdminResponse response;
    response.content_type = "text/html; charset=utf-8";
    response.content_security_policy = page_policy_;
    response.body = embedded::admin_page_html;
    const auto put = [&response](std::string_view mark, std::string_view text) {
        const std::size_t at = response.body.find(mark);
        if (at != std::string::npos) response.body.replace(at, mark.size(), text);
    };
    put("/*STYLE*/", embedded::admin_page_css);
    put("/*SCRIPT*/", embedded::admin_page_js);
    return response;
}

AdminResponse AdminApi::livez(const AdminRequest& /*request*/, const Query& /*query*/) {
    if (pipeline_.control().failed()) return text_answer(503, "failed\n");
    return text_answer(200, "ok\n");
}

AdminResponse AdminApi::readyz(const AdminRequest& /*request*/, const Query& /*query*/) {
    const std::string now = state();
    const bool ready = now == "running" || now == "paused";
    return text_answer(ready ? 200 : 503, now + "\n");
}

AdminResponse AdminApi::metrics(const AdminRequest& request, const Query& /*query*/) {
    const std::shared_ptr<const AdminSetup> now = setup();
    MetricsSource source;
    source.pipeline = &pipeline_;
    source.memory = now == nullptr ? nullptr : &now->memory;
    source.lags = live_.lags();
    source.process = read_process();
    source.log_lines_lost = log_lines_lost();
    source.tap_skipped = recent_ == nullptr ? 0 : recent_->skipped();
    source.admin_requests = requests_.get();
    source.admin_refused = refused_.get();
    source.admin_connections = static_cast<std::uint64_t>(connections.get());
    source.reloads_applied = static_cast<std::uint64_t>(reloads_applied_.get());
    source.reloads_refused = static_cast<std::uint64_t>(reloads_refused_.get());
    source.ready = state() == "running" || state() == "paused";
    source.paused = pipeline_.control().paused();
    source.draining = draining();
    const MetricsFormat format = metrics_format(request.accept);
    AdminResponse response = json_answer(metrics_text(source, format));
    response.content_type = content_type(format);
    return response;
}

AdminResponse AdminApi::version(const AdminRequest& /*request*/, const Query& /*query*/) {
    JsonText json;
    json.begin('{');
    json.member("name", "newsmill");
    json.member("version", build_version());
    json.member("build", build_id());
    json.member("compiler", build_compiler());
    json.member("type", build_type());
    json.end('}');
    return json_answer(json.take());
}

AdminResponse AdminApi::openapi(const AdminRequest& /*request*/, const Query& /*query*/) {
    return json_answer(std::string(embedded::admin_openapi));
}

AdminResponse AdminApi::status(const AdminRequest& /*request*/, const Query& query) {
    const std::shared_ptr<const AdminSetup> now = setup();
    JsonText json;
    json.begin('{');
    json.member("version", build_version());
    json.member("build", build_id());
    json.member("state", state());
    json.member("failure", pipeline_.control().failure().message);
    json.member("pid", static_cast<std::int64_t>(getpid()));
    json.member("uptime_ms", (clock_.now_ns() - started_ns_) / kMillisecond);
    json.member("unix_ms", clock_.unix_ms());
    if (now != nullptr) {
        const Config& config = now->loaded.config;
        json.member("instance", instance_name(config));
        json.member("group", config.input.kafka.group);
        json.member("run_id", config.run.id);
        json.member("config_hash", now->loaded.hash);
    }
    write_totals(json, pipeline_.metrics());
    json.key("now");
    if (live_.samples().empty()) {
        json.raw("null");
    } else {
        write_sample(json, live_.samples().back());
    }
    json.begin("partitions", '[');
    for (const PartitionLag& lag : live_.lags()) {
        json.begin('{');
        json.member("topic", lag.topic);
        json.member("partition", lag.partition);
        known(json, "position", lag.position);
        known(json, "end_offset", lag.end_offset);
        known(json, "lag_records", lag.records);
        known(json, "lag_ms", lag.ms);
        json.end('}');
    }
    json.end(']');
    const auto& samples = live_.samples();
    const std::size_t wanted = query.number("history", 0, samples.size());
    json.begin("history", '[');
    for (std::size_t i = samples.size() - wanted; i < samples.size(); ++i) {
        write_sample(json, samples[i]);
    }
    json.end(']');
    json.member("log_lines_lost", log_lines_lost());
    json.end('}');
    return json_answer(json.take());
}

AdminResponse AdminApi::stages(const AdminRequest& /*request*/, const Query& /*query*/) {
    const Metrics& metrics = pipeline_.metrics();
    JsonText json;
    json.begin('{');
    json.begin("agents", '[');
    for (const AgentMeter* agent : metrics.agents()) {
        json.begin('{');
        json.member("name", agent->name);
        json.member("group", agent->group);
        json.member("utilization", live_.agent_utilization(agent->name));
        json.member("busy_s", static_cast<double>(agent->busy_ns.get()) / 1e9);
        json.end('}');
    }
    json.end(']');
    json.begin("stages", '[');
    for (const StageMeter* stage : metrics.stages()) {
        const TimeHistogram::View times = stage->batch_time.view();
        json.begin('{');
        json.member("name", stage->name);
        json.member("group", stage->group);
        json.member("utilization", live_.stage_utilization(stage->name));
        json.member("busy_s", static_cast<double>(stage->busy_ns.get()) / 1e9);
        json.member("articles", stage->articles.get());
        json.member("batches", stage->batches.get());
        known(json, "batch_p50_ms", in_ms(times.quantile_s(0.5)));
        known(json, "batch_p99_ms", in_ms(times.quantile_s(0.99)));
        json.end('}');
    }
    json.end(']');
    json.begin("queues", '[');
    for (const Pipeline::Queue& queue : pipeline_.queues()) {
        json.begin('{');
        json.member("name", queue.name);
        json.member("lane", queue.lane);
        json.member("batches", queue.batches);
        json.end('}');
    }
    json.end(']');
    json.member("pool_batches", pipeline_.pool_batches());
    json.end('}');
    return json_answer(json.take());
}

AdminResponse AdminApi::config(const AdminRequest& /*request*/, const Query& /*query*/) {
    const std::shared_ptr<const AdminSetup> now = setup();
    if (now == nullptr) return not_here();
    return json_answer(config_show_json(now->loaded));
}

AdminResponse AdminApi::tunables(const AdminRequest& /*request*/, const Query& /*query*/) {
    const std::shared_ptr<const AdminSetup> now = setup();
    if (now == nullptr) return not_here();
    JsonText json;
    json.begin('{');
    json.begin("tunables", '[');
    for (const OptionInfo& option : config_options()) {
        if (option.reload == Reload::kRestart || option.kind == OptionKind::kProperties) continue;
        json.begin('{');
        json.member("key", option.path);
        json.member("reload", reload_name(option.reload));
        json.key("value");
        json.raw(option_text(option, now->loaded.config));
        json.member("range", option_range(option));
        json.member("unit", option.unit);
        json.member("doc", option.doc);
        json.end('}');
    }
    json.end(']');
    json.end('}');
    return json_answer(json.take());
}

AdminResponse AdminApi::tune(const AdminRequest& request, const Query& /*query*/) {
    if (!hooks_.tune) return not_here();
    const std::optional<std::vector<std::string>> sets = sets_of(request.body);
    if (!sets) return said(400, "error", "the body must be an object: {\"key\": value, …}");
    return reply_of(hooks_.tune(*sets));
}

AdminResponse AdminApi::reload(const AdminRequest& /*request*/, const Query& /*query*/) {
    if (!hooks_.reload) return not_here();
    return reply_of(hooks_.reload());
}

AdminResponse AdminApi::pause(const AdminRequest& /*request*/, const Query& /*query*/) {
    if (!pipeline_.control().paused()) {
        log_info("paused: no new articles are taken until a resume");
    }
    pipeline_.control().set_paused(true);
    return said(200, "state", state());
}

AdminResponse AdminApi::resume(const AdminRequest& /*request*/, const Query& /*query*/) {
    if (pipeline_.control().paused()) log_info("resumed");
    pipeline_.control().set_paused(false);
    return said(200, "state", state());
}

AdminResponse AdminApi::drain(const AdminRequest& /*request*/, const Query& /*query*/) {
    pipeline_.control().request_stop();
    return said(202, "state", state());
}

AdminResponse AdminApi::log(const AdminRequest& /*request*/, const Query& /*query*/) {
    return said(200, "level", choice_name(log_level_now()));
}

AdminResponse AdminApi::set_log(const AdminRequest& request, const Query& /*query*/) {
    const std::optional<std::string> wanted = text_member(request.body, "level");
    const auto* const level = std::find_if(kLevels.begin(), kLevels.end(), [&](LogLevel one) {
        return wanted && *wanted == choice_name(one);
    });
    if (level == kLevels.end()) {
        return said(400, "error",
                    "the body must be {\"level\": …}: trace, debug, info, warning, error or off");
    }
    log_set_level(*level);
    log_event(LogLevel::kInfo, "log level changed", {{"level", *wanted}});
    return said(200, "level", choice_name(*level));
}

AdminResponse AdminApi::recent_answer(RecentKind kind, const std::string& stage,
                                      const Query& query) const {
    if (recent_ == nullptr) return said(501, "error", "admin.tap is off");
    const RecentRecords::Reading reading =
        recent_->read(kind, query.number("after", 0, UINT64_MAX),
                      query.number("max", 20, RecentRecords::kRingItems));
    JsonText json;
    json.begin('{');
    json.member("kind", recent_kind_name(kind));
    json.member("next", reading.next);
    json.member("skipped", reading.skipped);
    json.begin("items", '[');
    for (const auto& item : reading.items) {
        if (!write_item(json, *item, kind, stage)) {
            return said(400, "error",
                        "no such stage: parse, normalize, fingerprint, dedup, quotes, topics, "
                        "encode or sink");
        }
    }
    json.end(']');
    json.end('}');
    return json_answer(json.take());
}

AdminResponse AdminApi::tap(const AdminRequest& /*request*/, const Query& query) {
    const std::optional<RecentKind> kind = recent_kind(query.text("kind", "records"));
    if (!kind) return said(400, "error", "no such kind: records, copies or dead_letters");
    const std::string stage = query.text("stage", "sink");
    JsonText none;
    if (!write_stage(none, {}, stage)) {
        return said(400, "error",
                    "no such stage: parse, normalize, fingerprint, dedup, quotes, topics, encode "
                    "or sink");
    }
    return recent_answer(*kind, stage, query);
}

AdminResponse AdminApi::explain(const AdminRequest& request, const Query& /*query*/) {
    const std::shared_ptr<const AdminSetup> now = setup();
    if (now == nullptr || now->trial == nullptr) return not_here();
    if (request.body.empty()) return said(400, "error", "the body must be an article");
    return json_answer(now->trial->run(request.body));
}

AdminResponse AdminApi::dlq(const AdminRequest& /*request*/, const Query& query) {
    return recent_answer(RecentKind::kDeadLetters, "sink", query);
}

AdminResponse AdminApi::dlq_replay(const AdminRequest& request, const Query& /*query*/) {
    if (!hooks_.dlq) return not_here();
    return reply_of(hooks_.dlq("replay", request.body));
}

AdminResponse AdminApi::dlq_discard(const AdminRequest& request, const Query& /*query*/) {
    if (!hooks_.dlq) return not_here();
    return reply_of(hooks_.dlq("discard", request.body));
}

}  // namespace newsmill
