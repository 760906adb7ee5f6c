// The one table of commands, in the order of --help. A new command: declare its function here or
// in its own header, and add a line.
#include "daemon/cli.hpp"
#include "daemon/kafka_wiring.hpp"

namespace newsmill {
namespace {

constexpr Command kCommands[] = {
    {"demo", "Show the whole mill at work over an in-process Kafka", command_demo},
    {"enrich", "Enrich articles in files, or from standard input", command_enrich},
    {"run", "Run the daemon: from Kafka to Kafka", command_run},
    {"replay", "Run an archive, files or topics through the mill once more", command_replay},
    {"dlq", "Look at dead letters, send them again, or discard them", command_dlq},
    {"check", "Check a configuration and the memory that it needs", command_check},
    {"config", "Show, list or compare options", command_config},
    {"explain", "Show what one article met, and why it was decided so", command_explain},
    {"calibrate", "Measure decisions on near duplicates on labelled articles", command_calibrate},
    {"dedup", "Look at, export or import the journal of duplicates", command_dedup},
    {"topics", "Check, try and train what topics are found by", command_topics},
    {"status", "Show how a running daemon is", command_status},
    {"top", "Show a running daemon at work, again and again", command_top},
    {"tap", "Show the newest records of a running daemon", command_tap},
    {"metrics", "Print the metrics of a running daemon", command_metrics},
    {"pause", "Let a running daemon take no new articles", command_pause},
    {"resume", "End a pause", command_resume},
    {"drain", "Let a running daemon finish what it has, and end", command_drain},
    {"reload", "Let a running daemon read its configuration again", command_reload},
    {"loglevel", "Show or change the log level of a running daemon", command_loglevel},
    {"completion", "Print a completion script for a shell", command_completion},
    {"man", "Print a manual page", command_man},
    {"version", "Print the version and what it was built from", command_version},
};

}  // namespace

std::span<const Command> commands() { return kCommands; }

ConnectCheck connect_check() { return check_connection; }

}  // namespace newsmill
