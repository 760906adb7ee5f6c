// The commands and options as they are declared, for what is printed from them: completions and the
// manual page.
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace newsmill {

struct CommandNode {
    std::string words;  // "config show"; empty for the program itself
    const CLI::App* app;
};

// The program and all commands below it, each before its own.
std::vector<CommandNode> all_commands(const CLI::App* root);
// Its own commands; option groups are none.
std::vector<const CLI::App*> subcommands(const CLI::App* app);
// With those of its option groups.
std::vector<const CLI::Option*> options_of(const CLI::App* app);

}  // namespace newsmill
