#include "daemon/command_tree.hpp"

#include <CLI/CLI.hpp>

namespace newsmill {
namespace {

void collect(const CLI::App* app, const std::string& words, std::vector<CommandNode>& nodes) {
    nodes.push_back({words, app});
    for (const CLI::App* child : subcommands(app)) {
        collect(child, words.empty() ? child->get_name() : words + " " + child->get_name(), nodes);
    }
}

}  // namespace

std::vector<const CLI::App*> subcommands(const CLI::App* app) {
    return app->get_subcommands([](const CLI::App* sub) { return !sub->get_name().empty(); });
}

std::vector<CommandNode> all_commands(const CLI::App* root) {
    std::vector<CommandNode> nodes;
    collect(root, "", nodes);
    return nodes;
}

// An option group's options belong to the command around it.
std::vector<const CLI::Option*> options_of(const CLI::App* app) {
    std::vector<const CLI::Option*> options = app->get_options();
    for (const CLI::App* sub : app->get_subcommands([](const CLI::App*) { return true; })) {
        if (!sub->get_name().empty()) continue;
        for (const CLI::Option* option : sub->get_options()) options.push_back(option);
    }
    return options;
}

}  // namespace newsmill
