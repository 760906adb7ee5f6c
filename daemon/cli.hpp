// The command line: `newsmill COMMAND ...`. Each command is one function in its own file,
// daemon/command_NAME.cpp, and one line of the table in daemon/commands.cpp.
//
// A command's function declares its options on the CLI11 subcommand that it is given, and returns
// what to run once the line is parsed; the options live in a shared_ptr that the returned function
// holds:
//
//     Action command_hello(CLI::App& app) {
//         auto name = std::make_shared<std::string>("world");
//         app.add_option("NAME", *name, "Whom to greet");
//         return [name] { std::printf("hello, %s\n", name->c_str()); return kExitOk; };
//     }
//
// Data goes to standard output, talk to standard error. Where a machine may read, --json. Colour
// only on a terminal, and never with NO_COLOR set. All of this runs in main's thread.
#pragma once

#include <cstdio>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/config.hpp"

namespace CLI {
class App;
}

namespace newsmill {

inline constexpr int kExitOk = 0;
inline constexpr int kExitDeadLetters = 1;   // done, but some articles became dead letters
inline constexpr int kExitUsage = 2;         // the command line is wrong
inline constexpr int kExitUnavailable = 69;  // the broker can't be reached, or refused us
inline constexpr int kExitTryAgain = 75;     // failed for now; the same again may work
inline constexpr int kExitConfig = 78;       // the configuration is wrong

using Action = std::function<int()>;

struct Command {
    const char* name;
    const char* summary;  // one line, for --help and completions
    Action (*declare)(CLI::App& app);
};

// daemon/commands.cpp: the table, and what it registers.
std::span<const Command> commands();

// `newsmill check --connect` asks the brokers; the option is offered where there is such a
// function. It prints what it finds to standard output (`json`: as one JSON object) and returns an
// exit code.
using ConnectCheck = int (*)(const Config& config, bool json);
ConnectCheck connect_check();

// Parses and runs a whole command line (argv[0] included); the exit code.
int run_cli(int argc, const char* const* argv);

// ---- What commands share
// ----------------------------------------------------------------------------------------

struct ConfigArgs {
    std::string file;
    std::vector<std::string> sets;
};
// -c, --config FILE and --set KEY=VALUE.
void add_config_options(CLI::App& app, ConfigArgs& args, bool required);

// Loads, and prints errors and warnings to standard error. Nothing if there are errors: then the
// command exits with kExitConfig.
std::optional<LoadedConfig> load_config_or_say(const ConfigArgs& args);

// "newsmill: MESSAGE" on standard error.
void say_error(std::string_view message);
void say_warning(std::string_view message);

// Whether to colour what goes to this stream: a terminal, and no NO_COLOR.
bool has_colour(std::FILE* stream);

// Writes data to standard output; false if it can't be written (a full disk, a closed pipe).
bool write_out(std::string_view text);

Action command_demo(CLI::App& app);
Action command_enrich(CLI::App& app);
Action command_run(CLI::App& app);
Action command_replay(CLI::App& app);
Action command_dlq(CLI::App& app);
Action command_check(CLI::App& app);
Action command_config(CLI::App& app);
Action command_calibrate(CLI::App& app);
Action command_explain(CLI::App& app);
Action command_dedup(CLI::App& app);
Action command_topics(CLI::App& app);
Action command_status(CLI::App& app);
Action command_top(CLI::App& app);
Action command_tap(CLI::App& app);
Action command_metrics(CLI::App& app);
Action command_pause(CLI::App& app);
Action command_resume(CLI::App& app);
Action command_drain(CLI::App& app);
Action command_reload(CLI::App& app);
Action command_loglevel(CLI::App& app);
Action command_version(CLI::App& app);
Action command_completion(CLI::App& app);
Action command_man(CLI::App& app);

}  // namespace newsmill
