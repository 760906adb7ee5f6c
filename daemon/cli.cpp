#include "daemon/cli.hpp"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>

#include "daemon/client_properties.hpp"
#include "pipeline/build_info.hpp"
#include "pipeline/config_entries.hpp"

namespace newsmill {
namespace {

void say(std::string_view kind, const char* colour, std::string_view message) {
    const bool coloured = has_colour(stderr);
    std::string line = "newsmill: ";
    if (coloured) line += colour;
    line += kind;
    if (coloured) line += "\x1b[0m";
    line += message;
    line += '\n';
    std::fwrite(line.data(), 1, line.size(), stderr);
}

// The innermost command that the line reached.
const CLI::App* innermost(const CLI::App* app) {
    while (true) {
        const auto inner = app->get_subcommands();
        if (inner.empty()) return app;
        app = inner.back();
    }
}

std::string full_name(const CLI::App* app) {
    if (app->get_parent() == nullptr) return "newsmill";
    return full_name(app->get_parent()) + " " + app->get_name();
}

std::string help_text(const CLI::App* app) {
    if (app->get_parent() == nullptr) return app->help();
    return app->help(full_name(app->get_parent()));
}

std::vector<const CLI::App*> subcommands_of(const CLI::App* app) {
    return app->get_subcommands([](const CLI::App*) { return true; });
}

// What the word may have meant: an option of the command, or one of its commands.
std::string suggestion(const CLI::App* app, const std::string& word) {
    std::vector<std::string> names;
    if (word.starts_with("-")) {
        for (const CLI::Option* option : app->get_options()) {
            for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
        }
    } else {
        for (const CLI::App* inner : subcommands_of(app)) names.push_back(inner->get_name());
    }
    const std::string key = word.substr(0, word.find('='));
    const std::string_view near = nearest(key, {names.begin(), names.end()});
    return near.empty() ? std::string() : "; did you mean '" + std::string(near) + "'?";
}

std::string usage_message(const CLI::App& root, const CLI::ParseError& error) {
    const CLI::App* app = innermost(&root);
    // A word that is none of its commands leaves the command without one: the word is the error.
    if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr ||
        dynamic_cast<const CLI::RequiredError*>(&error) != nullptr) {
        std::vector<std::string> extras = app->remaining();
        if (extras.empty()) extras = root.remaining(true);
        if (!extras.empty()) {
            const std::string& word = extras.front();
            const bool is_option = word.size() > 1 && word.front() == '-';
            const char* kind = is_option                     ? "unknown option"
                               : subcommands_of(app).empty() ? "unexpected argument"
                                                             : "unknown command";
            return std::string(kind) + " '" + word + "'" + suggestion(app, word);
        }
    }
    return error.what();
}

int usage_error(const CLI::App& root, const std::string& message) {
    say_error(message);
    std::fprintf(stderr, "Try '%s --help'.\n", full_name(innermost(&root)).c_str());
    return kExitUsage;
}

// CLI11 wants a subcommand before it looks at a word that is none; say what the word may mean.
std::string first_word(int argc, const char* const* argv) {
    for (int i = 1; i < argc; ++i) {
        if (argv[i][0] != '-') return argv[i];
    }
    return {};
}

constexpr const char* kFooter =
    "\nExit codes: 0 done, 1 some articles became dead letters, 2 usage, 69 broker unavailable,\n"
    "75 try again, 78 configuration.";

}  // namespace

int run_cli(int argc, const char* const* argv) {
    CLI::App app(
        "newsmill enriches news articles: it reads, normalizes, dedups, tags quotes and\n"
        "topics, and publishes ninjs records exactly once.",
        "newsmill");
    app.require_subcommand(0, 1);
    app.footer(kFooter);
    app.get_formatter()->column_width(34);
    bool version = false;
    app.add_flag("-V,--version", version, "Print the version and exit");
    std::vector<std::pair<CLI::App*, Action>> actions;
    for (const Command& command : commands()) {
        CLI::App* sub = app.add_subcommand(command.name, command.summary);
        actions.emplace_back(sub, command.declare(*sub));
        sub->footer("");
    }
    try {
        app.parse(argc, argv);
    } catch (const CLI::CallForHelp&) {
        return write_out(help_text(innermost(&app))) ? kExitOk : kExitTryAgain;
    } catch (const CLI::ParseError& error) {
        return usage_error(app, usage_message(app, error));
    }
    if (version) {
        return write_out("newsmill " + std::string(build_id()) + "\n") ? kExitOk : kExitTryAgain;
    }
    for (const auto& [sub, action] : actions) {
        if (!sub->parsed()) continue;
        try {
            return action();
        } catch (const std::exception& error) {
            say_error(error.what());
            return kExitTryAgain;
        }
    }
    if (const std::string word = first_word(argc, argv); !word.empty()) {
        return usage_error(app, "unknown command '" + word + "'" + suggestion(&app, word));
    }
    std::fputs(help_text(&app).c_str(), stderr);
    return kExitUsage;
}

void add_config_options(CLI::App& app, ConfigArgs& args, bool required) {
    app.add_option("-c,--config", args.file, "The TOML file")
        ->required(required)
        ->type_name("FILE");
    app.add_option("--set", args.sets, "Set an option after the file, as often as needed")
        ->type_name("KEY=VALUE")
        ->expected(1)
        ->allow_extra_args(false)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

std::optional<LoadedConfig> load_config_or_say(const ConfigArgs& args) {
    LoadedConfig loaded = load_config(args.file, args.sets);
    check_client_properties(loaded);
    for (const ConfigIssue& warning : loaded.warnings) {
        say("warning: ", "\x1b[33m", to_string(warning));
    }
    // The place comes first on its line, so that editors and terminals can jump to it.
    for (const ConfigIssue& error : loaded.errors) {
        std::fprintf(stderr, "%s\n", to_string(error).c_str());
    }
    if (loaded.ok()) return loaded;
    const std::size_t count = loaded.errors.size();
    say_error(count == 1 ? "1 error in the configuration"
                         : std::to_string(count) + " errors in the configuration");
    return std::nullopt;
}

void say_error(std::string_view message) { say("", "\x1b[31m", message); }
void say_warning(std::string_view message) { say("warning: ", "\x1b[33m", message); }

bool has_colour(std::FILE* stream) {
    const char* no_color = std::getenv("NO_COLOR");
    return (no_color == nullptr || *no_color == '\0') && isatty(fileno(stream)) == 1;
}

bool write_out(std::string_view text) {
    const bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
    if (std::fflush(stdout) == 0 && written) return true;
    say_error(std::string("cannot write to standard output: ") + std::strerror(errno));
    return false;
}

}  // namespace newsmill
