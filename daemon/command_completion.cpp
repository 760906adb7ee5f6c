// `newsmill completion bash|zsh|fish`: a completion script, made from the commands and options as
// they are declared, so that it can't fall behind.
#include <CLI/CLI.hpp>
#include <memory>

#include "daemon/cli.hpp"
#include "daemon/command_tree.hpp"

namespace newsmill {
namespace {

bool takes_file(const CLI::Option* option) { return option->get_type_name() == "FILE"; }

// What may follow the command: its subcommands and its long options.
std::string words_after(const CLI::App* app) {
    std::string words;
    for (const CLI::App* child : subcommands(app)) words += child->get_name() + " ";
    for (const CLI::Option* option : options_of(app)) {
        for (const std::string& name : option->get_lnames()) words += "--" + name + " ";
    }
    if (app->get_name() == "completion") words += "bash zsh fish ";
    if (app->get_name() == "man") words += "newsmill newsmill.toml ";
    if (!words.empty()) words.pop_back();
    return words;
}

std::string bash_script(const std::vector<CommandNode>& leaves) {
    std::string out =
        "# bash completion for newsmill: source <(newsmill completion bash)\n"
        "_newsmill() {\n"
        "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} path= i\n"
        "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
        "        case ${COMP_WORDS[i]} in -*) break ;; *) path+=\"${path:+ }${COMP_WORDS[i]}\" ;; "
        "esac\n"
        "    done\n"
        "    case $before in\n"
        "        -c|--config) COMPREPLY=($(compgen -f -- \"$word\")); return ;;\n"
        "        --set) COMPREPLY=($(compgen -S = -W \"$(newsmill config keys --json 2>/dev/null "
        "|\n"
        "            sed -n 's/.*\"key\": \"\\([^\"]*\\)\".*/\\1/p')\" -- \"$word\"))\n"
        "            compopt -o nospace; return ;;\n"
        "    esac\n"
        "    local words=\n"
        "    case $path in\n";
    for (const CommandNode& leaf : leaves) {
        out += "        \"" + leaf.words + "\") words=\"" + words_after(leaf.app) + "\" ;;\n";
    }
    return out +
           "    esac\n"
           "    COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
           "    [[ ${#COMPREPLY[@]} -gt 0 || $word == -* ]] || COMPREPLY=($(compgen -f -- "
           "\"$word\"))\n"
           "}\n"
           "complete -o filenames -F _newsmill newsmill\n";
}

std::string shell_quoted(std::string_view text) {
    std::string out = "'";
    for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return out + "'";
}

std::string without(std::string text, std::string_view characters) {
    for (char& c : text) {
        if (characters.find(c) != characters.npos) c = ' ';
    }
    return text;
}

std::string zsh_script(const std::vector<CommandNode>& leaves) {
    std::string out =
        "#compdef newsmill\n"
        "# zsh completion for newsmill: save as _newsmill in a folder of $fpath\n"
        "_newsmill() {\n"
        "    local path= i\n"
        "    for ((i = 2; i < CURRENT; i++)); do\n"
        "        [[ $words[i] == -* ]] && break\n"
        "        path+=\"${path:+ }$words[i]\"\n"
        "    done\n"
        "    case $words[CURRENT-1] in\n"
        "        -c|--config) _files; return ;;\n"
        "    esac\n"
        "    local -a found\n"
        "    case $path in\n";
    for (const CommandNode& leaf : leaves) {
        out += "        " + shell_quoted(leaf.words) + ") found=(\n";
        for (const CLI::App* child : subcommands(leaf.app)) {
            out += "            " +
                   shell_quoted(child->get_name() + ":" + without(child->get_description(), ":")) +
                   "\n";
        }
        for (const CLI::Option* option : options_of(leaf.app)) {
            for (const std::string& name : option->get_lnames()) {
                out += "            " +
                       shell_quoted("--" + name + ":" + without(option->get_description(), ":")) +
                       "\n";
            }
        }
        if (leaf.app->get_name() == "completion") out += "            bash zsh fish\n";
        if (leaf.app->get_name() == "man") out += "            newsmill newsmill.toml\n";
        out += "        ) ;;\n";
    }
    return out +
           "    esac\n"
           "    (( $#found )) && _describe newsmill found\n"
           "    [[ $PREFIX == -* ]] || _files\n"
           "}\n"
           "compdef _newsmill newsmill\n";
}

std::string fish_script(const std::vector<CommandNode>& leaves) {
    std::string out =
        "# fish completion for newsmill: newsmill completion fish | source\n"
        "complete -c newsmill -f\n";
    for (const CommandNode& leaf : leaves) {
        std::string condition = "__fish_use_subcommand";
        if (!leaf.words.empty()) {
            condition.clear();
            for (std::size_t at = 0; at < leaf.words.size();) {
                const auto end = std::min(leaf.words.find(' ', at), leaf.words.size());
                condition += (condition.empty() ? "" : "; and ") +
                             ("__fish_seen_subcommand_from " + leaf.words.substr(at, end - at));
                at = end + 1;
            }
        }
        const std::string begin = "complete -c newsmill -n " + shell_quoted(condition);
        for (const CLI::App* child : subcommands(leaf.app)) {
            out += begin + " -a " + child->get_name() + " -d " +
                   shell_quoted(child->get_description()) + "\n";
        }
        for (const CLI::Option* option : options_of(leaf.app)) {
            for (const std::string& name : option->get_lnames()) {
                out += begin + " -l " + name + (takes_file(option) ? " -r -F" : "") + " -d " +
                       shell_quoted(option->get_description()) + "\n";
            }
        }
        if (leaf.app->get_name() == "completion") out += begin + " -a 'bash zsh fish'\n";
        if (leaf.app->get_name() == "man") out += begin + " -a 'newsmill newsmill.toml'\n";
    }
    return out;
}

}  // namespace

Action command_completion(CLI::App& app) {
    auto shell = std::make_shared<std::string>();
    app.add_option("SHELL", *shell, "bash, zsh or fish")
        ->required()
        ->type_name("")
        ->check(CLI::IsMember({"bash", "zsh", "fish"}));
    const CLI::App* self = &app;
    return [shell, self] {
        const std::vector<CommandNode> leaves = all_commands(self->get_parent());
        const std::string script = *shell == "bash"  ? bash_script(leaves)
                                   : *shell == "zsh" ? zsh_script(leaves)
                                                     : fish_script(leaves);
        return write_out(script) ? kExitOk : kExitTryAgain;
    };
}

}  // namespace newsmill
