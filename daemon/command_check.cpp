// `newsmill check`: is the configuration good, and does what it needs fit into the memory?
#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <thread>

#include "daemon/cli.hpp"
#include "daemon/client_properties.hpp"
#include "daemon/mill.hpp"
#include "daemon/quote_lexicons.hpp"
#include "daemon/topic_files.hpp"
#include "pipeline/json_quote.hpp"
#include "pipeline/memory_plan.hpp"
#include "pipeline/start_error.hpp"

namespace newsmill {
namespace {

struct Args {
    ConfigArgs config;
    bool json = false;
    bool connect = false;
};

std::string plan_text(const MemoryPlan& plan) {
    std::string out = "memory\n";
    for (const MemoryPart& part : plan.parts) {
        const std::string bytes = rough_bytes(part.bytes);
        out += "  " + part.name +
               std::string(12 - std::min<std::size_t>(part.name.size(), 11), ' ') +
               std::string(10 - std::min<std::size_t>(bytes.size(), 10), ' ') + bytes + "   " +
               part.formula + "\n";
    }
    const std::string total = rough_bytes(plan.total_bytes);
    out += "  sum         " + std::string(10 - std::min<std::size_t>(total.size(), 10), ' ') +
           total + "   of " + rough_bytes(plan.bytes_max) + " (pipeline.memory_bytes_max)\n";
    return out;
}

std::string check_text(const LoadedConfig& loaded, const MemoryPlan& plan) {
    return plan_text(plan) + "lanes         " + std::to_string(plan.lanes_front) + " front, " +
           std::to_string(plan.lanes_back) + " back, " + std::to_string(plan.pool_batches) +
           " batches\nconfig hash   " + loaded.hash + "\n";
}

std::string issues_json(const std::vector<ConfigIssue>& issues) {
    std::string out = "[";
    for (const ConfigIssue& issue : issues) {
        out += std::string(out.size() > 1 ? ", " : "") + "{\"where\": " + json_quoted(issue.where) +
               ", \"message\": " + json_quoted(issue.message) + "}";
    }
    return out + "]";
}

std::string check_json(const LoadedConfig& loaded, const MemoryPlan& plan) {
    std::string parts;
    for (const MemoryPart& part : plan.parts) {
        parts += std::string(parts.empty() ? "" : ", ") + json_quoted(part.name) + ": " +
                 std::to_string(part.bytes);
    }
    const bool good = loaded.ok() && plan.fits();
    return std::string("{\"ok\": ") + (good ? "true" : "false") +
           ", \"hash\": " + json_quoted(loaded.hash) +
           ", \"errors\": " + issues_json(loaded.errors) +
           ", \"warnings\": " + issues_json(loaded.warnings) +
           ", \"lanes\": {\"front\": " + std::to_string(plan.lanes_front) +
           ", \"back\": " + std::to_string(plan.lanes_back) +
           "}, \"batches\": " + std::to_string(plan.pool_batches) + ", \"memory\": {" + parts +
           ", \"sum\": " + std::to_string(plan.total_bytes) +
           ", \"max\": " + std::to_string(plan.bytes_max) + "}}\n";
}

// Rule packs and the model: each mistake in them is an error of the configuration.
void check_topic_files(LoadedConfig& loaded) {
    try {
        topics_options(loaded.config);
    } catch (const StartError& error) {
        std::string_view lines = error.what();
        while (!lines.empty()) {
            const auto end = std::min(lines.find('\n'), lines.size());
            loaded.errors.push_back({"topics", std::string(lines.substr(0, end))});
            lines.remove_prefix(std::min(end + 1, lines.size()));
        }
    }
}

void say_too_large(const MemoryPlan& plan) {
    const auto largest =
        std::max_element(plan.parts.begin(), plan.parts.end(),
                         [](const auto& a, const auto& b) { return a.bytes < b.bytes; });
    say_error("the sum of all bounds, " + rough_bytes(plan.total_bytes) +
              ", is more than pipeline.memory_bytes_max, " + rough_bytes(plan.bytes_max) +
              "; the largest part is " + largest->name + ": " + largest->formula);
}

int check(const Args& args) {
    std::optional<LoadedConfig> loaded;
    if (args.json) {
        loaded = load_config(args.config.file, args.config.sets);
        check_client_properties(*loaded);
    } else {
        loaded = load_config_or_say(args.config);
        if (!loaded) return kExitConfig;
    }
    check_topic_files(*loaded);
    if (!args.json) {
        for (const ConfigIssue& error : loaded->errors) {
            std::fprintf(stderr, "%s\n", error.message.c_str());
        }
    }
    const unsigned cores = std::max(1u, std::thread::hardware_concurrency());
    const MemoryPlan plan = plan_memory(loaded->config, cores, index_bytes(loaded->config));
    if (!write_out(args.json ? check_json(*loaded, plan) : check_text(*loaded, plan))) {
        return kExitTryAgain;
    }
    if (!loaded->ok()) return kExitConfig;
    if (!plan.fits()) {
        say_too_large(plan);
        return kExitConfig;
    }
    try {
        read_lexicons(loaded->config.quotes.lexicons);
    } catch (const StartError& error) {
        say_error(error.what());
        return error.exit_code();
    }
    if (args.connect) return connect_check()(loaded->config, args.json);
    if (!args.json) write_out("good\n");
    return kExitOk;
}

}  // namespace

Action command_check(CLI::App& app) {
    auto args = std::make_shared<Args>();
    add_config_options(app, args->config, true);
    app.add_flag("--json", args->json, "As one JSON object");
    if (connect_check() != nullptr) {
        app.add_flag("--connect", args->connect,
                     "Ask the brokers too: are the input topics there?");
    }
    return [args] { return check(*args); };
}

}  // namespace newsmill
