// `newsmill config show|keys|diff`: what holds and why, what there is, and what differs.
#include <CLI/CLI.hpp>
#include <memory>

#include "daemon/cli.hpp"
#include "pipeline/config_table.hpp"
#include "pipeline/json_quote.hpp"

namespace newsmill {
namespace {

struct Args {
    ConfigArgs config;
    std::string before;
    std::string after;
    bool json = false;
    bool markdown = false;
    bool toml = false;
};

int out(const std::string& text) { return write_out(text) ? kExitOk : kExitTryAgain; }

int show(const Args& args) {
    const auto loaded = load_config_or_say(args.config);
    if (!loaded) return kExitConfig;
    return out(args.json ? config_show_json(*loaded) : config_show_toml(*loaded));
}

int keys(const Args& args) {
    if (args.markdown) return out(config_markdown());
    if (args.toml) return out(default_config_toml());
    return out(args.json ? config_keys_json() : config_keys_text());
}

std::string diff_json(const std::vector<ConfigChange>& changes, const LoadedConfig& before,
                      const LoadedConfig& after) {
    return "{\"hashes\": [" + json_quoted(before.hash) + ", " + json_quoted(after.hash) +
           "], \"changes\": " + changes_json(changes) + "}\n";
}

std::string diff_text(const std::vector<ConfigChange>& changes, const LoadedConfig& before,
                      const LoadedConfig& after) {
    std::string text;
    Reload needed = Reload::kHot;
    for (const ConfigChange& change : changes) {
        text += change_text(change) + "\n";
        needed = std::max(needed, change.option->reload);
    }
    if (changes.empty()) return "no difference\n";
    text += "a running daemon needs: " + std::string(reload_name(needed)) + "; config hash " +
            (before.hash == after.hash ? before.hash + " stays\n"
                                       : before.hash + " -> " + after.hash + "\n");
    return text;
}

int diff(const Args& args) {
    const auto before = load_config_or_say({args.before, {}});
    const auto after = load_config_or_say({args.after, {}});
    if (!before || !after) return kExitConfig;
    const auto changes = config_changes(*before, *after);
    return out(args.json ? diff_json(changes, *before, *after)
                         : diff_text(changes, *before, *after));
}

}  // namespace

Action command_config(CLI::App& app) {
    auto args = std::make_shared<Args>();
    app.require_subcommand(1);

    CLI::App* show_app =
        app.add_subcommand("show", "Print all effective values and where each came from");
    add_config_options(*show_app, args->config, false);
    show_app->add_flag("--json", args->json, "As JSON");

    CLI::App* keys_app = app.add_subcommand("keys", "List all options");
    auto* form = keys_app->add_option_group("form");
    form->add_flag("--json", args->json, "As JSON");
    form->add_flag("--markdown", args->markdown, "As docs/configuration.md");
    form->add_flag("--toml", args->toml, "As a file with all defaults");
    form->require_option(0, 1);

    CLI::App* diff_app = app.add_subcommand("diff", "Compare the effective values of two files");
    diff_app->add_option("A", args->before, "A TOML file")->required()->type_name("");
    diff_app->add_option("B", args->after, "Another one")->required()->type_name("");
    diff_app->add_flag("--json", args->json, "As JSON");

    return [args, show_app, keys_app] {
        if (show_app->parsed()) return show(*args);
        if (keys_app->parsed()) return keys(*args);
        return diff(*args);
    };
}

}  // namespace newsmill
