// `newsmill man newsmill|newsmill.toml`: the manual pages newsmill(1) and newsmill.toml(5), made
// from the commands and the table of options, so that they can't fall behind.
#include <CLI/CLI.hpp>
#include <memory>

#include "daemon/cli.hpp"
#include "daemon/command_tree.hpp"
#include "pipeline/build_info.hpp"
#include "pipeline/config_table.hpp"

namespace newsmill {
namespace {

// Text that roff takes for text: no escape, no request, and hyphens that can be copied.
std::string roff(std::string_view text) {
    std::string out;
    bool line_begins = true;
    for (const char c : text) {
        if (line_begins && (c == '.' || c == '\'')) out += "\\&";
        line_begins = c == '\n';
        if (c == '\\') {
            out += "\\e";
        } else if (c == '-') {
            out += "\\-";
        } else if (c == '\'') {
            out += "\\(aq";
        } else {
            out += c;
        }
    }
    return out;
}

std::string bold(std::string_view text) { return "\\fB" + roff(text) + "\\fR"; }
std::string italic(std::string_view text) { return "\\fI" + roff(text) + "\\fR"; }

std::string title(const char* name, const char* section, const char* manual) {
    return ".\\\" Printed by `newsmill man`.\n.TH " + std::string(name) + " " + section +
           " \"\" \"newsmill " + std::string(build_version()) + "\" \"" + manual + "\"\n";
}

// As a sentence.
std::string sentence(std::string_view text) {
    const bool ended = text.ends_with('.') || text.ends_with('?');
    return roff(text) + (ended ? "" : ".");
}

bool takes_value(const CLI::Option* option) { return option->get_expected_max() > 0; }

// "-c, --config FILE"
std::string option_head(const CLI::Option* option) {
    std::string head;
    for (const std::string& name : option->get_snames())
        head += (head.empty() ? "" : ", ") + bold("-" + name);
    for (const std::string& name : option->get_lnames())
        head += (head.empty() ? "" : ", ") + bold("--" + name);
    if (head.empty()) return italic(option->get_name(true));
    if (takes_value(option)) {
        std::string type = option->get_type_name();
        if (type.starts_with("TEXT:")) type.erase(0, 5);  // a choice
        head += " " + italic(type.empty() ? "VALUE" : type);
    }
    return head;
}

// What stands on a command's line: its arguments and that there are options.
std::string synopsis(const CommandNode& node) {
    std::string line = bold(node.words.empty() ? "newsmill" : "newsmill " + node.words);
    if (!subcommands(node.app).empty()) return line + " " + italic("COMMAND") + " ...";
    bool options = false;
    std::string arguments;
    for (const CLI::Option* option : options_of(node.app)) {
        if (!option->get_positional()) {
            options = true;
            continue;
        }
        std::string argument = italic(option->get_name(true));
        if (option->get_expected_max() > 1) argument += "...";
        arguments += option->get_required() ? " " + argument : " [" + argument + "]";
    }
    return line + (options ? " [" + italic("OPTION") + "]..." : "") + arguments;
}

std::string command_text(const CommandNode& node) {
    std::string out = ".SS " + synopsis(node) + "\n" + sentence(node.app->get_description()) + "\n";
    for (const CLI::Option* option : options_of(node.app)) {
        if (option->check_lname("help")) continue;
        out += ".TP\n" + option_head(option) + "\n" + sentence(option->get_description());
        const std::string fallback = option->get_default_str();
        if (!fallback.empty()) out += " Default: " + roff(fallback) + ".";
        out += "\n";
    }
    return out;
}

constexpr const char* kProgramText = R"(.SH DESCRIPTION
newsmill reads raw articles from Kafka topics or files, normalizes them, finds duplicates across all feeds, tags quoted
statements with their speakers and topics with IPTC codes, and publishes enriched ninjs records exactly once.
.PP
Data goes to standard output, talk to standard error. Each command prints its options with
.BR \-\-help .
)";

constexpr const char* kProgramEnd = R"(.SH SIGNALS
.TP
.B SIGTERM, SIGINT
.B newsmill run
finishes and commits what is in flight, and exits with 0. A second one ends it at once.
.TP
.B SIGHUP
.B newsmill run
reads its configuration and the files that it names again, and takes all of it over, or nothing.
.SH ENVIRONMENT
.TP
.B NO_COLOR
No colours, if it is set to anything.
.TP
.B CREDENTIALS_DIRECTORY
Where ${cred:NAME} in the configuration is looked for.
.TP
.B NOTIFY_SOCKET, WATCHDOG_USEC
As in
.BR sd_notify (3).
.SH FILES
.TP
.I /etc/newsmill/newsmill.toml
The configuration of
.IR newsmill.service .
.SH EXIT STATUS
.TP
.B 0
Done.
.TP
.B 1
Done, but some articles became dead letters.
.TP
.B 2
The command line is wrong.
.TP
.B 69
The broker can\(aqt be reached, or lacks something.
.TP
.B 75
Failed for now; the same again may work.
.TP
.B 78
The configuration is wrong.
.SH SEE ALSO
.BR newsmill.toml (5)
)";

std::string program_page(const CLI::App* root) {
    const std::vector<CommandNode> nodes = all_commands(root);
    std::string out = title("NEWSMILL", "1", "User Commands") +
                      ".SH NAME\nnewsmill \\- enrich news articles between Kafka topics\n"
                      ".SH SYNOPSIS\n" +
                      synopsis(nodes.front()) + "\n" + kProgramText + ".SH COMMANDS\n";
    for (const CommandNode& node : nodes) {
        if (subcommands(node.app).empty()) out += command_text(node);
    }
    return out + kProgramEnd;
}

constexpr const char* kFileText = R"(.SH DESCRIPTION
One TOML file, of which only what differs from the defaults is needed:
.PP
.nf
    [input.kafka]
    brokers = "kafka\-1:9092"
    topics = ["raw"]
.fi
.PP
An unknown key, a wrong type, a value out of range and options that contradict each other are errors, all at once, with
file, line and column. Sizes and durations may carry a unit in a string ("64MiB", "250ms"). Inside a string ${env:VAR},
${env:VAR:\-default}, ${file:PATH} and ${cred:NAME} stand for what they name, and $${ for a plain ${.
.PP
Each key is followed by its type and range, its default, and what a running daemon needs to take over a new value at
SIGHUP:
.B hot
nothing,
.B drain
the end of the work in flight, after which it goes on in place,
.B restart
a restart.
.PP
.B newsmill check
checks a file,
.B newsmill config keys \-\-toml
prints one with all defaults.
)";

std::string option_text_of(const OptionInfo& option, const Config& defaults) {
    std::string about(option_type_name(option));
    const std::string range = option_range(option);
    if (!range.empty()) about += (option.kind == OptionKind::kChoice ? " " : ", ") + range;
    return ".TP\n" + bold(option.key) + "\n" + roff(option.doc) + "\n.br\n" +
           roff(about + "; default " + option_text(option, defaults) + "; ") +
           bold(reload_name(option.reload)) + "\n";
}

std::string file_page() {
    const Config defaults;
    std::string out = title("NEWSMILL.TOML", "5", "File Formats") +
                      ".SH NAME\nnewsmill.toml \\- configuration of newsmill\n" + kFileText;
    for (const SectionInfo& section : config_sections()) {
        out += ".SH \"[" + roff(section.path) + "]\"\n" + roff(section.doc) + "\n";
        for (const OptionInfo& option : config_options()) {
            if (option.section == section.path) out += option_text_of(option, defaults);
        }
    }
    return out + ".SH SEE ALSO\n.BR newsmill (1)\n";
}

}  // namespace

Action command_man(CLI::App& app) {
    auto page = std::make_shared<std::string>();
    app.add_option("PAGE", *page, "newsmill or newsmill.toml")
        ->required()
        ->type_name("")
        ->check(CLI::IsMember({"newsmill", "newsmill.toml"}));
    const CLI::App* self = &app;
    return [page, self] {
        const std::string text =
            *page == "newsmill" ? program_page(self->get_parent()) : file_page();
        return write_out(text) ? kExitOk : kExitTryAgain;
    };
}

}  // namespace newsmill
