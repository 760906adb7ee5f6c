// `newsmill dlq list|show|replay|discard`: the dead letters, of the topic or of a file.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <fstream>
#include <map>
#include <memory>

#include "daemon/cli.hpp"
#include "daemon/dead_letter_box.hpp"
#include "daemon/kafka_wiring.hpp"
#include "daemon/progress.hpp"
#include "daemon/record_view.hpp"
#include "daemon/replay_wiring.hpp"
#include "pipeline/log.hpp"
#include "pipeline/start_error.hpp"
#include "stages/formats/json_writer.hpp"

namespace newsmill {
namespace {

struct Args {
    ConfigArgs config;
    DeadLetterFilter filter;
    std::string from, to;
    std::string file;
    std::string id;
    std::string topic;
    std::string keep;  // discarded letters are written there
    std::int64_t replays_max = 3;
    std::size_t letters_max = 100;
    bool dry_run = false;
    bool everything = false;
    bool json = false;
};

std::string time_text(std::int64_t unix_ms) {
    if (unix_ms == kNoTime) return "-";
    char text[kTimestampBytesMax];
    return std::string(format_timestamp(unix_ms, text));
}

std::string place_text(const DeadLetter& letter) {
    if (letter.partition < 0) return fmt::format("{}:{}", letter.topic, letter.offset);
    return fmt::format("{}/{}@{}", letter.topic, letter.partition, letter.offset);
}

std::string line_of(const DeadLetter& letter) {
    std::string text = fmt::format("{:<10} {:<24} {:<16} {:>7}  {}  {}", letter.id,
                                   time_text(letter.at_ms), letter.code, letter.replays,
                                   place_text(letter), first_columns(letter.message, 80));
    if (!letter.handled.empty()) text += "  (" + letter.handled + ")";
    return text;
}

int list(const Args& args, const Config& config) {
    const DeadLetterBox box(config, args.file);
    std::uint64_t letters = 0;
    std::map<std::string, std::uint64_t> codes;
    bool written = true;
    if (!args.json) {
        written = write_out(fmt::format("{:<10} {:<24} {:<16} {:>7}  {}\n", "ID", "GIVEN UP",
                                        "CODE", "REPLAYS", "FROM AND WHY"));
    }
    box.visit(args.filter, [&](DeadLetter& letter) {
        ++codes[letter.code];
        if (letters++ >= args.letters_max) return true;
        written = write_out((args.json ? dead_letter_json(letter) : line_of(letter)) + "\n");
        return written;
    });
    if (!written) return kExitTryAgain;
    std::string sum;
    for (const auto& [code, count] : codes)
        sum += fmt::format("{}{} {}", sum.empty() ? ": " : ", ", grouped(count), code);
    std::fprintf(stderr, "newsmill: %s dead letters%s%s\n", grouped(letters).c_str(), sum.c_str(),
                 letters > args.letters_max ? "; --limit N shows more" : "");
    return kExitOk;
}

int show(const Args& args, const Config& config) {
    const std::optional<DeadLetter> letter = DeadLetterBox(config, args.file).show(args.id);
    if (!letter) throw StartError(kExitUsage, "there is no dead letter '" + args.id + "'");
    if (args.json) return write_out(dead_letter_json(*letter) + "\n") ? kExitOk : kExitTryAgain;
    std::string text;
    const auto add = [&text](std::string_view name, const std::string& value) {
        if (!value.empty()) text += fmt::format("{:<10} {}\n", name, value);
    };
    add("id", letter->id);
    add("from", place_text(*letter));
    add("timestamp", letter->timestamp_ms == kNoTime ? "" : time_text(letter->timestamp_ms));
    add("given up", time_text(letter->at_ms));
    add("stage", letter->stage);
    add("code", letter->code);
    add("message", letter->message);
    add("replays", std::to_string(letter->replays));
    add("build", letter->build);
    add("config", letter->config_hash);
    add("handled", letter->handled);
    add("key", letter->key.value_or(""));
    for (const auto& [name, value] : letter->headers) add("header", name + ": " + value);
    if (letter->is_cut) add("value", "only its beginning; the whole stood where it came from");
    text += "\n" + letter->value.value_or("(no value)") + "\n";
    return write_out(text) ? kExitOk : kExitTryAgain;
}

// The letters on standard output, the sum on standard error.
DeadLetterBox::Visit sayer(const Args& args) {
    return [&args](DeadLetter& letter) {
        write_out((args.json ? dead_letter_json(letter) : line_of(letter)) + "\n");
        return true;
    };
}

void require_choice(const Args& args) {
    const DeadLetterFilter& filter = args.filter;
    if (args.everything || !filter.ids.empty() || !filter.codes.empty() || !filter.stage.empty() ||
        !args.from.empty() || !args.to.empty()) {
        return;
    }
    throw StartError(kExitUsage,
                     "which ones? Give ids, --code, --stage, --from or --to, or --everything");
}

int replay(const Args& args, const Config& config) {
    require_choice(args);
    DeadLetterBox::ReplayOptions options;
    options.replays_max = args.replays_max;
    options.topic = args.topic;
    options.dry_run = args.dry_run;
    const DeadLetterOutcome outcome =
        DeadLetterBox(config, args.file).replay(args.filter, options, sayer(args));
    std::string text = fmt::format("{} dead letters {} sent again", grouped(outcome.done),
                                   args.dry_run ? "would be" : "are");
    if (outcome.held_back > 0) {
        text += fmt::format("; {} are held back: they came back {} times already (--max-replays)",
                            grouped(outcome.held_back), args.replays_max);
    }
    if (outcome.homeless > 0)
        text += fmt::format("; {} came from files: --topic NAME sends them", outcome.homeless);
    if (outcome.lost > 0) {
        text += fmt::format("; {} are cut, and their topic has let go of the whole", outcome.lost);
    }
    std::fprintf(stderr, "newsmill: %s\n", text.c_str());
    return outcome.done == outcome.matched ? kExitOk : kExitDeadLetters;
}

int discard(const Args& args, const Config& config) {
    require_choice(args);
    std::ofstream kept;
    if (!args.keep.empty() && !args.dry_run) {
        kept.open(args.keep, std::ios::binary | std::ios::app);
        if (!kept) throw StartError(kExitUsage, args.keep + ": can't be written");
    }
    const DeadLetterBox::Visit say = sayer(args);
    const DeadLetterOutcome outcome =
        DeadLetterBox(config, args.file).discard(args.filter, args.dry_run, [&](DeadLetter& one) {
            // Before it is gone.
            if (kept.is_open() && !(kept << dead_letter_json(one) << '\n').flush())
                throw StartError(kExitTryAgain, args.keep + ": can't be written");
            return say(one);
        });
    std::fprintf(stderr, "newsmill: %s dead letters %s discarded\n", grouped(outcome.done).c_str(),
                 args.dry_run ? "would be" : "are");
    return kExitOk;
}

int run(Args& args, int (*command)(const Args&, const Config&)) {
    const std::optional<LoadedConfig> loaded = load_config_or_say(args.config);
    if (!loaded) return kExitConfig;
    log_set_level(LogLevel::kWarning);
    log_kafka_lines();
    int code = kExitOk;
    try {
        if (!args.from.empty()) args.filter.from_ms = replay_time_ms(args.from, "--from");
        if (!args.to.empty()) args.filter.to_ms = replay_time_ms(args.to, "--to");
        code = command(args, loaded->config);
    } catch (const StartError& error) {
        say_error(error.what());
        code = error.exit_code();
    }
    kafka::set_log_callback(nullptr);
    return code;
}

void add_common(CLI::App& app, Args& args) {
    add_config_options(app, args.config, false);
    app.add_option("--file", args.file,
                   "Dead letters of a file (enrich --dead-letters) instead of the topic's")
        ->type_name("FILE");
    app.add_flag("--json", args.json, "Each letter as a line of JSON");
}

void add_filters(CLI::App& app, Args& args) {
    app.add_option("--stage", args.filter.stage, "Only those that this stage gave up");
    app.add_option("--code", args.filter.codes, "Only those with this code; as often as needed")
        ->type_name("CODE");
    app.add_option("--from", args.from, "Only those given up since: 2026-03-01T12:00Z, or -2h")
        ->type_name("TIME");
    app.add_option("--to", args.to, "Only those given up before")->type_name("TIME");
}

void add_change(CLI::App& app, Args& args) {
    add_filters(app, args);
    app.add_option("ID", args.filter.ids, "Letters by their id, as list shows it");
    app.add_flag("--everything", args.everything, "All that wait");
    app.add_flag("--dry-run", args.dry_run, "Only say which ones");
}

}  // namespace

Action command_dlq(CLI::App& app) {
    app.require_subcommand(1);
    auto args = std::make_shared<Args>();
    CLI::App* list_app = app.add_subcommand("list", "What waits, the oldest first");
    add_common(*list_app, *args);
    add_filters(*list_app, *args);
    list_app->add_flag("--all", args->filter.with_handled, "Also what is replayed or discarded");
    list_app->add_option("--limit", args->letters_max, "Print at most so many; 100 is the default");

    CLI::App* show_app = app.add_subcommand("show", "One letter, with its bytes");
    add_common(*show_app, *args);
    show_app->add_option("ID", args->id, "As list shows it")->required();

    CLI::App* replay_app =
        app.add_subcommand("replay", "Send letters again to the topic that they came from");
    add_common(*replay_app, *args);
    add_change(*replay_app, *args);
    replay_app->add_option("--max-replays", args->replays_max,
                           "Hold back what was sent again so often; 3 is the default");
    replay_app->add_option("--topic", args->topic, "Send them to this topic instead")
        ->type_name("NAME");

    CLI::App* discard_app = app.add_subcommand("discard", "Give letters up for good");
    add_common(*discard_app, *args);
    add_change(*discard_app, *args);
    discard_app->add_option("--keep", args->keep, "Append what is discarded to this file, as JSON")
        ->type_name("FILE");

    return [args, list_app, show_app, replay_app] {
        return run(*args, list_app->parsed()     ? list
                          : show_app->parsed()   ? show
                          : replay_app->parsed() ? replay
                                                 : discard);
    };
}

}  // namespace newsmill
