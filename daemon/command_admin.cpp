// Commands that talk to a running daemon over its Unix socket: status, top, tap, metrics, pause,
// resume, drain, reload, loglevel.
#include <fmt/format.h>
#include <simdjson.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <csignal>
#include <memory>
#include <thread>
#include <utility>

#include "daemon/admin_client.hpp"
#include "daemon/cli.hpp"
#include "daemon/json_text.hpp"
#include "daemon/metrics_text.hpp"
#include "daemon/progress.hpp"
#include "daemon/record_view.hpp"
#include "pipeline/start_error.hpp"

namespace newsmill {
namespace {

namespace dom = simdjson::dom;

struct Args {
    std::string socket;
    ConfigArgs config;
    bool json = false;
};

void add_socket_options(CLI::App& app, Args& args) {
    app.add_option("--socket", args.socket,
                   "The daemon's socket; else that of -c, else the only one")
        ->type_name("PATH");
    add_config_options(app, args.config, false);
}

AdminClient client_of(const Args& args) {
    return AdminClient(find_socket(args.socket, args.config.file, args.config.sets));
}

// Errors of the daemon's answer become errors of the command.
int exit_code_of(unsigned status) {
    if (status < 300) return kExitOk;
    if (status == 400 || status == 404) return kExitUsage;
    return status == 422 ? kExitConfig : kExitTryAgain;
}

// JSON of the daemon, with what a person wants of it.
class Document {
   public:
    explicit Document(const std::string& json)
        : good_(parser_.parse(simdjson::padded_string(json)).get(root_) == simdjson::SUCCESS) {}
    std::string text(const char* pointer) const {
        std::string_view value;
        return good_ && root_.at_pointer(pointer).get(value) == simdjson::SUCCESS
                   ? std::string(value)
                   : std::string();
    }
    double number(const char* pointer, double otherwise = -1) const {
        double value = 0;
        return good_ && root_.at_pointer(pointer).get(value) == simdjson::SUCCESS ? value
                                                                                  : otherwise;
    }
    std::vector<dom::element> items(const char* pointer) const {
        dom::array array;
        if (!good_ || root_.at_pointer(pointer).get(array) != simdjson::SUCCESS) return {};
        return {array.begin(), array.end()};
    }
    std::vector<std::pair<std::string, double>> numbers(const char* pointer) const {
        std::vector<std::pair<std::string, double>> all;
        dom::object object;
        if (!good_ || root_.at_pointer(pointer).get(object) != simdjson::SUCCESS) return all;
        for (const dom::key_value_pair member : object) {
            double value = 0;
            if (member.value.get(value) == simdjson::SUCCESS)
                all.emplace_back(std::string(member.key), value);
        }
        return all;
    }

   private:
    dom::parser parser_;
    dom::element root_;
    bool good_;
};

std::string in_element(const dom::element& element, const char* name) {
    std::string_view text;
    return element[name].get(text) == simdjson::SUCCESS ? std::string(text) : std::string();
}

double number_in(const dom::element& element, const char* name, double otherwise = -1) {
    double value = 0;
    return element[name].get(value) == simdjson::SUCCESS ? value : otherwise;
}

std::string count_text(double number) {
    return number < 0 ? "?" : grouped(static_cast<std::uint64_t>(number));
}

std::string ms_text(double ms) {
    if (ms < 0) return "-";
    if (ms < 10) return fmt::format("{:.1f} ms", ms);
    if (ms < 1000) return fmt::format("{:.0f} ms", ms);
    if (ms < 120'000) return fmt::format("{:.1f} s", ms / 1000);
    return fmt::format("{:.0f} min", ms / 60'000);
}

std::string duration_text(double ms) {
    const auto s = static_cast<std::int64_t>(ms / 1000);
    if (s >= 86'400) return fmt::format("{} d {} h", s / 86'400, s % 86'400 / 3600);
    if (s >= 3600) return fmt::format("{} h {} min", s / 3600, s % 3600 / 60);
    return s >= 60 ? fmt::format("{} min {} s", s / 60, s % 60) : fmt::format("{} s", s);
}

// "unique 20, exact 4": those that are not 0.
std::string counts_text(const Document& status, const char* pointer) {
    std::string out;
    for (const auto& [name, value] : status.numbers(pointer)) {
        if (value <= 0) continue;
        out += fmt::format("{}{} {}", out.empty() ? "" : ", ", name, count_text(value));
    }
    return out.empty() ? "none" : out;
}

std::string status_text(const std::string& json) {
    const Document s(json);
    std::string out = fmt::format("{:<12}{} ({} in group {}), up {}, pid {}\n", s.text("/state"),
                                  s.text("/build"), s.text("/instance"), s.text("/group"),
                                  duration_text(s.number("/uptime_ms", 0)),
                                  static_cast<std::int64_t>(s.number("/pid", 0)));
    if (const std::string failure = s.text("/failure"); !failure.empty()) {
        out += "failure     " + failure + "\n";
    }
    out += fmt::format("articles    {} read, {} committed, {} dead letters; {:.0f}/s now\n",
                       count_text(s.number("/totals/articles_read")),
                       count_text(s.number("/totals/articles_committed")),
                       count_text(s.number("/totals/dead_letters")),
                       s.number("/now/articles_per_s", 0));
    out += "decisions   " + counts_text(s, "/decisions") + "\n";
    out += "statements  " + counts_text(s, "/quotes") + "\n";
    out += "dead        " + counts_text(s, "/dead_letters") + "\n";
    out += fmt::format("lag         {} records, {}\n", count_text(s.number("/now/lag_records")),
                       ms_text(s.number("/now/lag_ms")));
    out += fmt::format(
        "latency     p50 {}, p99 {} from the record's time; p50 {}, p99 {} in here\n",
        ms_text(s.number("/now/latency_p50_ms")), ms_text(s.number("/now/latency_p99_ms")),
        ms_text(s.number("/now/transit_p50_ms")), ms_text(s.number("/now/transit_p99_ms")));
    out += fmt::format(
        "commits     {} transactions, {} aborted, {} rewinds, {} rebalances\n",
        count_text(s.number("/totals/transactions")), count_text(s.number("/totals/aborts")),
        count_text(s.number("/totals/rewinds")), count_text(s.number("/totals/rebalances")));
    out += fmt::format("process     {:.2f} cores, {:.0f} MiB\n", s.number("/now/cpu", 0),
                       s.number("/now/resident_bytes", 0) / (1 << 20));
    const std::string group = s.text("/now/busiest_group");
    if (!group.empty()) {
        const std::string stage = s.text("/now/busiest_stage");
        out += fmt::format("busiest     {}{}, {:.0f} % of its time\n", group,
                           stage.empty() ? "" : " (" + stage + ")",
                           100 * s.number(("/now/utilization/" + group).c_str(), 0));
    }
    return out;
}

int print_answer(const AdminAnswer& answer, bool json, const char* member) {
    const Document document(answer.body);
    if (json) {
        write_out(answer.body + "\n");
    } else if (answer.status >= 300) {
        const std::string error = document.text("/error");
        say_error(error.empty() ? answer.body : error);
    } else {
        const std::string text = document.text(member);
        write_out((text.empty() ? answer.body : text) + "\n");
    }
    return exit_code_of(answer.status);
}

// Runs a command, with errors as the command line says them.
template <typename Command>
Action guarded(std::shared_ptr<Args> args, Command command) {
    return [args, command] {
        try {
            return command(*args);
        } catch (const StartError& error) {
            say_error(error.what());
            return error.exit_code();
        }
    };
}

int status(const Args& args) {
    const AdminAnswer answer = client_of(args).get("/v1/status");
    if (args.json || answer.status >= 300) return print_answer(answer, args.json, "/state");
    return write_out(status_text(answer.body)) ? kExitOk : kExitTryAgain;
}

// ---- top
// -----------------------------------------------------------------------------------------

std::string bar(double part, std::size_t width) {
    const auto filled =
        static_cast<std::size_t>(std::clamp(part, 0.0, 1.0) * static_cast<double>(width) + 0.5);
    std::string out;
    for (std::size_t i = 0; i < width; ++i) out += i < filled ? "█" : "·";
    return out;
}

// The last `width` values as blocks of eight heights.
std::string sparkline(const std::vector<double>& values, std::size_t width) {
    static constexpr const char* kBlocks[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    const std::size_t from = values.size() > width ? values.size() - width : 0;
    double most = 0;
    for (std::size_t i = from; i < values.size(); ++i) most = std::max(most, values[i]);
    std::string out;
    for (std::size_t i = from; i < values.size(); ++i) {
        const double part = most > 0 ? std::max(0.0, values[i]) / most : 0;
        out += kBlocks[static_cast<std::size_t>(part * 7 + 0.5)];
    }
    return out;
}

std::string stage_lines(const Document& stages, std::size_t columns_max) {
    std::string out;
    const std::size_t width = columns_max > 70 ? 30 : 12;
    for (const dom::element& agent : stages.items("/agents")) {
        const std::string name = in_element(agent, "name");
        const double used = number_in(agent, "utilization", 0);
        double waiting = 0;
        for (const dom::element& queue : stages.items("/queues")) {
            if (in_element(queue, "name") == in_element(agent, "group") &&
                (name == in_element(agent, "group") ||
                 name == fmt::format("{}{}", in_element(queue, "name"),
                                     static_cast<int>(number_in(queue, "lane", 0))))) {
                waiting += number_in(queue, "batches", 0);
            }
        }
        out += fmt::format("  {:<10} {} {:3.0f} %  {:.0f} {}\n", name, bar(used, width), 100 * used,
                           waiting, name == "source" ? "free" : "waiting");
    }
    out += "\n";
    for (const dom::element& stage : stages.items("/stages")) {
        out += fmt::format(
            "  {:<12} {:<8} {:3.0f} %  p50 {:<8} p99 {:<8} {} articles\n",
            in_element(stage, "name"), in_element(stage, "group"),
            100 * number_in(stage, "utilization", 0), ms_text(number_in(stage, "batch_p50_ms")),
            ms_text(number_in(stage, "batch_p99_ms")), count_text(number_in(stage, "articles")));
    }
    return out;
}

std::string top_text(const std::string& status_json, const std::string& stages_json,
                     std::size_t columns_max) {
    const Document status(status_json);
    const Document stages(stages_json);
    std::vector<double> rates;
    std::vector<double> lags;
    for (const dom::element& sample : status.items("/history")) {
        rates.push_back(number_in(sample, "articles_per_s", 0));
        lags.push_back(number_in(sample, "lag_records", 0));
    }
    const std::size_t width = std::min<std::size_t>(60, columns_max > 40 ? columns_max - 30 : 10);
    std::string out = status_text(status_json) + "\n";
    out += "  articles/s " + sparkline(rates, width) + "\n";
    out += "  lag        " + sparkline(lags, width) + "\n\n";
    return out + stage_lines(stages, columns_max);
}

std::size_t terminal_columns() {
    winsize size{};
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
    return 80;
}

volatile std::sig_atomic_t g_interrupted = 0;

void catch_interrupt() {
    struct sigaction action {};
    action.sa_handler = [](int) { g_interrupted = 1; };
    sigaction(SIGINT, &action, nullptr);
    sigaction(SIGTERM, &action, nullptr);
}

// Until Ctrl-C, or q on a terminal. Elsewhere it prints once.
int top(const Args& args, std::int64_t interval_ms, bool once) {
    const AdminClient client = client_of(args);
    const bool terminal = isatty(STDOUT_FILENO) == 1 && !once && !args.json;
    if (terminal) catch_interrupt();
    for (;;) {
        const AdminAnswer status = client.get("/v1/status?history=120");
        const AdminAnswer stages = client.get("/v1/stages");
        if (status.status >= 300) return print_answer(status, args.json, "/state");
        if (args.json) {
            write_out("{\"status\":" + status.body + ",\"stages\":" + stages.body + "}\n");
            return kExitOk;
        }
        const std::string text = top_text(status.body, stages.body, terminal_columns());
        if (!terminal) return write_out(text) ? kExitOk : kExitTryAgain;
        std::string lines = "\x1b[H";  // over the old picture, so that it does not flicker
        for (const char c : text) lines += c == '\n' ? std::string("\x1b[K\n") : std::string(1, c);
        write_out(lines + "\x1b[K\n  Ctrl-C ends\x1b[K\x1b[J");
        for (std::int64_t waited = 0; waited < interval_ms && g_interrupted == 0; waited += 50) {
            std::this_thread::sleep_for(std::chrono::milliseconds(50));
        }
        if (g_interrupted != 0) return write_out("\n") ? kExitOk : kExitTryAgain;
    }
}

// ---- tap
// -----------------------------------------------------------------------------------------

std::string tap_line(const dom::element& item) {
    std::int64_t partition = -1;
    std::int64_t offset = 0;
    if (item.at_pointer("/input/partition").get(partition) != simdjson::SUCCESS ||
        item.at_pointer("/input/offset").get(offset) != simdjson::SUCCESS)
        return std::string(simdjson::minify(item));
    std::string out = fmt::format("{}:{}  ", partition, offset);
    if (const std::string code = in_element(item, "code"); !code.empty()) {
        return out + code + "  " + in_element(item, "stage") + ": " + in_element(item, "message");
    }
    out += first_columns(in_element(item, "headline"), 60);
    for (const char* name : {"decision", "language", "source", "by", "published", "exact_hash"}) {
        const std::string value = in_element(item, name);
        if (!value.empty()) out += fmt::format("  {}={}", name, value);
    }
    std::string_view text;
    for (const char* pointer : {"/record/enrichment/dedup/decision", "/record/language"}) {
        if (item.at_pointer(pointer).get(text) == simdjson::SUCCESS)
            out += "  " + std::string(text);
    }
    dom::array list;
    if (item["quotes"].get(list) == simdjson::SUCCESS) {
        for (const dom::element& quote : list) {
            std::string_view speaker;
            if (quote.at_pointer("/speaker/name").get(speaker) != simdjson::SUCCESS) speaker = "?";
            out +=
                fmt::format("\n    {}: {}", speaker, first_columns(in_element(quote, "text"), 70));
        }
    }
    if (item["topics"].get(list) == simdjson::SUCCESS) {
        for (const dom::element& topic : list) {
            out += fmt::format("\n    {} {:.0f}", in_element(topic, "name"),
                               number_in(topic, "confidence", 0));
        }
    }
    return out;
}

struct TapArgs {
    std::string stage = "sink";
    std::string kind = "records";
    std::uint64_t count = 0;  // 0: for ever
};

int tap(const Args& args, const TapArgs& tap) {
    const AdminClient client = client_of(args);
    catch_interrupt();
    std::uint64_t after = 0;
    std::uint64_t seen = 0;
    for (;;) {
        const AdminAnswer answer = client.get(
            fmt::format("/v1/tap?kind={}&stage={}&after={}&max=100", tap.kind, tap.stage, after));
        if (answer.status >= 300) return print_answer(answer, args.json, "/state");
        const Document document(answer.body);
        after = static_cast<std::uint64_t>(document.number("/next", 0));
        for (const dom::element& item : document.items("/items")) {
            const std::string line =
                args.json ? std::string(simdjson::minify(item)) : tap_line(item);
            if (!write_out(line + "\n")) return kExitTryAgain;
            if (++seen == tap.count) return kExitOk;
        }
        if (g_interrupted != 0) return kExitOk;
        std::this_thread::sleep_for(std::chrono::milliseconds(200));
        if (g_interrupted != 0) return kExitOk;
    }
}

Action post_command(CLI::App& app, std::string target, const char* member) {
    auto args = std::make_shared<Args>();
    add_socket_options(app, *args);
    app.add_flag("--json", args->json, "The daemon's answer as it is");
    return guarded(args, [target = std::move(target), member](const Args& given) {
        return print_answer(client_of(given).post(target, "{}"), given.json, member);
    });
}

}  // namespace

Action command_status(CLI::App& app) {
    auto args = std::make_shared<Args>();
    add_socket_options(app, *args);
    app.add_flag("--json", args->json, "As one JSON object");
    return guarded(args, status);
}

Action command_top(CLI::App& app) {
    auto args = std::make_shared<Args>();
    auto interval_ms = std::make_shared<std::int64_t>(1000);
    auto once = std::make_shared<bool>(false);
    add_socket_options(app, *args);
    app.add_option("--interval", *interval_ms, "Milliseconds between two pictures")
        ->check(CLI::Range(100, 600'000))
        ->type_name("MS");
    app.add_flag("--once", *once, "Print one picture and end");
    app.add_flag("--json", args->json, "One picture as JSON");
    return guarded(
        args, [interval_ms, once](const Args& given) { return top(given, *interval_ms, *once); });
}

Action command_tap(CLI::App& app) {
    auto args = std::make_shared<Args>();
    auto tapped = std::make_shared<TapArgs>();
    add_socket_options(app, *args);
    app.add_option("STAGE", tapped->stage,
                   "What to show of a record: what this stage made of it (sink: all)")
        ->check(CLI::IsMember(
            {"parse", "normalize", "fingerprint", "dedup", "quotes", "topics", "encode", "sink"}));
    app.add_option("--kind", tapped->kind, "records, copies or dead_letters")
        ->check(CLI::IsMember({"records", "copies", "dead_letters"}));
    app.add_option("-n,--count", tapped->count, "End after so many")->type_name("N");
    app.add_flag("--json", args->json, "One JSON object a line");
    return guarded(args, [tapped](const Args& given) { return tap(given, *tapped); });
}

Action command_metrics(CLI::App& app) {
    auto args = std::make_shared<Args>();
    auto markdown = std::make_shared<bool>(false);
    add_socket_options(app, *args);
    app.add_flag("--markdown", *markdown,
                 "The table of all metrics, of docs/metrics.md; no daemon");
    return guarded(args, [markdown](const Args& given) {
        if (*markdown) return write_out(metrics_markdown()) ? kExitOk : kExitTryAgain;
        const AdminAnswer answer = client_of(given).get("/metrics");
        write_out(answer.body);
        return exit_code_of(answer.status);
    });
}

Action command_pause(CLI::App& app) { return post_command(app, "/v1/pause", "/state"); }
Action command_resume(CLI::App& app) { return post_command(app, "/v1/resume", "/state"); }
Action command_drain(CLI::App& app) { return post_command(app, "/v1/drain", "/state"); }
Action command_reload(CLI::App& app) { return post_command(app, "/v1/reload", "/outcome"); }

Action command_loglevel(CLI::App& app) {
    auto args = std::make_shared<Args>();
    auto level = std::make_shared<std::string>();
    add_socket_options(app, *args);
    app.add_option("LEVEL", *level, "trace, debug, info, warning, error or off; without: print it")
        ->check(CLI::IsMember({"trace", "debug", "info", "warning", "error", "off"}));
    app.add_flag("--json", args->json, "The daemon's answer as it is");
    return guarded(args, [level](const Args& given) {
        const AdminClient client = client_of(given);
        if (level->empty()) return print_answer(client.get("/v1/log"), given.json, "/level");
        return print_answer(client.post("/v1/log", "{\"level\":" + json_quoted(*level) + "}"),
                            given.json, "/level");
    });
}

}  // namespace newsmill
