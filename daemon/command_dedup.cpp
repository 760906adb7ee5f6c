// `newsmill dedup stats|export|import`: the journal of duplicates, offline.
#include <simdjson.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <memory>
#include <thread>

#include "daemon/cli.hpp"
#include "daemon/journal_reader.hpp"
#include "daemon/journal_wiring.hpp"
#include "daemon/mill.hpp"
#include "daemon/progress.hpp"
#include "pipeline/archive/file_journal.hpp"
#include "pipeline/archive/file_reader.hpp"
#include "pipeline/archive/snapshot_folder.hpp"
#include "pipeline/json_quote.hpp"
#include "pipeline/log.hpp"
#include "pipeline/start_error.hpp"

namespace newsmill {
namespace {

using simdjson::dom::element;

struct Args {
    ConfigArgs config;
    std::string file;
    std::string snapshot;
    bool whole = false;
    bool json = false;
};

std::string formatted(const char* format, auto... values) {
    char line[200];
    std::snprintf(line, sizeof line, format, values...);
    return line;
}

// ---- stats
// ---------------------------------------------------------------------------------------------

struct Stats {
    JournalSummary journal;
    std::size_t window = 0;
    std::size_t bytes = 0;
    std::uint64_t state_hash = 0;
    std::int64_t first_event_ms = kNoTime;
    std::int64_t last_event_ms = kNoTime;
    std::uint64_t sketch_bytes = 0;
    std::uint64_t canceled = 0;
};

void note(const JournalRecord& record, Stats& stats) {
    for (const JournalEntry& entry : record.entries) {
        stats.sketch_bytes += entry.sketch.size();
        stats.canceled += entry.canceled ? 1 : 0;
        if (entry.event_ms == kNoTime) continue;
        const bool first = stats.first_event_ms == kNoTime;
        stats.first_event_ms =
            first ? entry.event_ms : std::min(stats.first_event_ms, entry.event_ms);
        stats.last_event_ms =
            first ? entry.event_ms : std::max(stats.last_event_ms, entry.event_ms);
    }
}

std::string time_text(std::int64_t ms) {
    const std::time_t seconds = static_cast<std::time_t>(ms / 1000);
    std::tm parts{};
    char text[40];
    if (gmtime_r(&seconds, &parts) == nullptr) return std::to_string(ms) + " ms";
    std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
    return text;
}

std::string stats_text(const Stats& stats) {
    const JournalSummary& journal = stats.journal;
    std::string out = "journal      " + journal.identity +
                      formatted(", positions %lld to %lld\n", static_cast<long long>(journal.begin),
                                static_cast<long long>(journal.end));
    for (const std::string& line : journal.refused) out += "refused      " + line + "\n";
    if (!journal.snapshot.empty()) out += "read from    " + journal.snapshot + "\n";
    out += "records      " + grouped(journal.records) + " read, " + grouped(journal.bytes) +
           " bytes, " + grouped(journal.ignored) + " ignored\n";
    out += "entries      " + grouped(journal.entries) + ", " + grouped(stats.canceled) +
           " of them withdrawals\n";
    if (stats.first_event_ms != kNoTime) {
        out += "event times  " + time_text(stats.first_event_ms) + " to " +
               time_text(stats.last_event_ms) + "\n";
    }
    out += "settings     " + journal.settings + "\n";
    out +=
        "window       " + grouped(stats.window) + " articles, " + grouped(stats.bytes) + " bytes\n";
    out += formatted("state hash   %016llx; ", static_cast<unsigned long long>(stats.state_hash)) +
           grouped(journal.state_hashes) + " compared with daemons', " +
           grouped(journal.disagreements) + " differ\n";
    return out;
}

std::string stats_json(const Stats& stats) {
    const JournalSummary& journal = stats.journal;
    std::string refused;
    for (const std::string& line : journal.refused) {
        refused += (refused.empty() ? "" : ", ") + json_quoted(line);
    }
    const auto number = [](auto value) { return std::to_string(value); };
    std::string out = "{\"journal\": " + json_quoted(journal.identity) +
                      ", \"begin\": " + number(journal.begin) + ", \"end\": " + number(journal.end);
    if (!journal.snapshot.empty()) out += ", \"snapshot\": " + json_quoted(journal.snapshot);
    out += ", \"refused\": [" + refused + "], \"records\": " + number(journal.records) +
           ", \"bytes\": " + number(journal.bytes) + ", \"ignored\": " + number(journal.ignored) +
           ", \"entries\": " + number(journal.entries) +
           ", \"withdrawals\": " + number(stats.canceled);
    if (stats.first_event_ms != kNoTime) {
        out += ", \"firstEvent\": " + json_quoted(time_text(stats.first_event_ms)) +
               ", \"lastEvent\": " + json_quoted(time_text(stats.last_event_ms));
    }
    return out + ", \"settings\": " + json_quoted(journal.settings) +
           ", \"window\": " + number(stats.window) + ", \"windowBytes\": " + number(stats.bytes) +
           formatted(", \"stateHash\": \"%016llx\"",
                     static_cast<unsigned long long>(stats.state_hash)) +
           ", \"compared\": " + number(journal.state_hashes) +
           ", \"differ\": " + number(journal.disagreements) + "}\n";
}

// A snapshot alone: is it whole, and what is in it?
std::string read_snapshot_alone(const std::string& path, DedupStage& dedup, Stats& stats) {
    const std::unique_ptr<SnapshotReader> reader = SnapshotFolder::open_file_at(path);
    if (reader == nullptr) return path + ": " + std::strerror(errno);
    const std::string wrong = read_snapshot(
        *reader,
        [&](const SnapshotHeader& header) -> std::string {
            stats.journal.identity = header.journal;
            stats.journal.begin = stats.journal.end = header.position;
            stats.journal.entries = header.entries;
            stats.journal.settings = header.settings;
            stats.journal.snapshot = path;
            stats.state_hash = header.state_hash;
            return dedup.adopt(header.settings) ? "" : "of settings that can't be taken over here";
        },
        [&](std::string_view chunk) -> std::string {
            return dedup.restore(chunk) ? "" : "no state of this program";
        });
    if (!wrong.empty()) return path + " is " + wrong;
    if (!dedup.finish_restore() || dedup.state_hash() != stats.state_hash) {
        return path + " is not the state that it says it is";
    }
    return {};
}

int stats(const Args& args) {
    const std::optional<LoadedConfig> loaded = load_config_or_say(args.config);
    if (!loaded) return kExitConfig;
    Mill mill(loaded->config, loaded->hash, Mill::Output::kFiles);
    Stats found;
    const std::string wrong = args.snapshot.empty()
                                  ? read_journal(
                                        loaded->config, &mill.dedup(), !args.whole,
                                        [&](const JournalRecord& record) {
                                            note(record, found);
                                            return true;
                                        },
                                        found.journal)
                                  : read_snapshot_alone(args.snapshot, mill.dedup(), found);
    if (!wrong.empty()) {
        say_error(wrong);
        return kExitConfig;
    }
    found.window = mill.dedup().size();
    found.bytes = mill.dedup().bytes();
    found.state_hash = mill.dedup().state_hash();
    return write_out(args.json ? stats_json(found) : stats_text(found)) ? kExitOk : kExitTryAgain;
}

// ---- export
// --------------------------------------------------------------------------------------------
// A line is {"settings", "change"} or an entry; the entries of one record have its number.

void append_hex(std::string& out, std::string_view bytes) {
    constexpr char kDigits[] = "0123456789abcdef";
    for (const char c : bytes) {
        out += kDigits[static_cast<unsigned char>(c) >> 4];
        out += kDigits[static_cast<unsigned char>(c) & 15];
    }
}

void append_entry(std::string& out, const JournalRecord& record, std::uint64_t number,
                  const JournalEntry& entry) {
    out += formatted("{\"record\": %llu, \"writer\": \"%016llx\", \"sequence\": %llu, \"topic\": ",
                     static_cast<unsigned long long>(number),
                     static_cast<unsigned long long>(record.writer),
                     static_cast<unsigned long long>(record.sequence));
    append_json_quoted(out, entry.origin.topic);
    out += formatted(", \"partition\": %d, \"offset\": %lld, \"uri\": ", entry.origin.partition,
                     static_cast<long long>(entry.origin.offset));
    append_json_quoted(out, entry.uri);
    if (!entry.source.empty()) {
        out += ", \"source\": ";
        append_json_quoted(out, entry.source);
    }
    const auto time = [&](const char* name, std::int64_t ms) {
        if (ms != kNoTime) out += formatted(", \"%s\": %lld", name, static_cast<long long>(ms));
    };
    time("eventMs", entry.event_ms);
    time("versionCreatedMs", entry.version_created_ms);
    if (entry.version != 0) out += ", \"version\": " + std::to_string(entry.version);
    if (entry.canceled) out += ", \"canceled\": true";
    out += formatted(", \"exactHash\": \"%016llx%016llx\", \"sketch\": \"",
                     static_cast<unsigned long long>(entry.exact_hash.high),
                     static_cast<unsigned long long>(entry.exact_hash.low));
    append_hex(out, entry.sketch);
    out += "\"}\n";
}

int export_journal(const Args& args) {
    const std::optional<LoadedConfig> loaded = load_config_or_say(args.config);
    if (!loaded) return kExitConfig;
    constexpr std::size_t kWriteBytes = 1 << 20;
    JournalSummary summary;
    std::string out;
    bool written = true;
    std::uint64_t number = 0;  // of the record, among those with entries
    const auto flush = [&](std::size_t least) {
        if (out.size() <= least) return;
        written = written && write_out(out);
        out.clear();
    };
    const std::string wrong = read_journal(
        loaded->config, nullptr, false,
        [&](const JournalRecord& record) {
            if (record.kind == JournalRecordKind::kSettings) {
                out += "{\"settings\": " + json_quoted(record.settings) +
                       ", \"change\": " + (record.change ? "true" : "false") + "}\n";
            }
            if (record.kind == JournalRecordKind::kEntries) {
                ++number;
                for (const JournalEntry& entry : record.entries) {
                    append_entry(out, record, number, entry);
                }
            }
            flush(kWriteBytes);
            return written;
        },
        summary);
    flush(0);
    if (!wrong.empty()) {
        say_error(wrong);
        return kExitConfig;
    }
    return written ? kExitOk : kExitTryAgain;
}

// ---- import
// --------------------------------------------------------------------------------------------

template <typename Number>
bool parse_hex(std::string_view text, Number& out) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out, 16);
    return error == std::errc() && end == text.data() + text.size();
}

bool parse_hex_bytes(std::string_view text, std::string& out) {
    out.clear();
    if (text.size() % 2 != 0) return false;
    for (std::size_t i = 0; i < text.size(); i += 2) {
        unsigned value = 0;
        if (!parse_hex(text.substr(i, 2), value)) return false;
        out += static_cast<char>(value);
    }
    return true;
}

// Exported lines to records of a journal and to the follower of it.
class Importer {
   public:
    Importer(FileJournal& journal, DedupStage& dedup) : journal_(journal), dedup_(dedup) {}

    // What is wrong with the line, or empty.
    std::string add(std::string_view line);
    std::string finish() { return close_record(); }
    std::uint64_t entries() const noexcept { return entries_; }
    const std::string& settings() const noexcept { return settings_; }
    std::string_view last_record() const noexcept { return bytes_; }

   private:
    struct Owned {
        JournalEntry entry;
        std::string topic, uri, source, sketch;
    };
    std::string add_settings(const element& root);
    std::string add_entry(const element& root);
    std::string close_record();
    std::string append();

    FileJournal& journal_;
    DedupStage& dedup_;
    simdjson::dom::parser parser_;
    JournalEncoder encoder_;
    std::vector<Owned> open_;  // the entries of the record in the making
    std::uint64_t record_ = 0;
    std::uint64_t writer_ = 0;
    std::uint64_t sequence_ = 0;
    std::uint64_t entries_ = 0;
    std::string settings_;
    std::string bytes_;
};

std::string Importer::add(std::string_view line) {
    element root;
    if (parser_.parse(line.data(), line.size()).get(root) != simdjson::SUCCESS) return "not JSON";
    element settings;
    return root["settings"].get(settings) == simdjson::SUCCESS ? add_settings(root)
                                                               : add_entry(root);
}

std::string Importer::append() {
    if (journal_.append(bytes_) == Outcome::kOk) return {};
    const std::string message = journal_.failure().message;
    return message.empty() ? "the journal takes no record" : message;
}

std::string Importer::add_settings(const element& root) {
    if (std::string wrong = close_record(); !wrong.empty()) return wrong;
    std::string_view text;
    bool change = false;
    if (root["settings"].get(text) != simdjson::SUCCESS ||
        root["change"].get(change) != simdjson::SUCCESS) {
        return "settings need a text and \"change\"";
    }
    encode_settings_record(1, change, text, bytes_);
    if (std::string wrong = append(); !wrong.empty()) return wrong;
    if (!settings_.empty() && !change) return {};
    if (!dedup_.adopt(text)) return "these settings can't be taken over here";
    settings_ = text;
    return {};
}

std::string Importer::add_entry(const element& root) {
    std::uint64_t record = 0, sequence = 0, version = 0, writer = 0;
    std::int64_t partition = 0, number = 0;
    std::string_view text, hash;
    Owned one;
    const auto has = [](const auto& result) { return result == simdjson::SUCCESS; };
    if (!has(root["record"].get(record)) || !has(root["writer"].get(text)) ||
        !parse_hex(text, writer) || !has(root["sequence"].get(sequence)) ||
        !has(root["partition"].get(partition)) || !has(root["offset"].get(number)) ||
        !has(root["exactHash"].get(hash)) || hash.size() != 32 ||
        !parse_hex(hash.substr(0, 16), one.entry.exact_hash.high) ||
        !parse_hex(hash.substr(16), one.entry.exact_hash.low) || !has(root["sketch"].get(text)) ||
        !parse_hex_bytes(text, one.sketch) || !has(root["topic"].get(text))) {
        return "neither settings nor an entry as `dedup export` writes them";
    }
    if (record != record_ || writer != writer_ || sequence != sequence_) {
        if (std::string wrong = close_record(); !wrong.empty()) return wrong;
        record_ = record;
        writer_ = writer;
        sequence_ = sequence;
    }
    one.topic = text;
    one.entry.origin.partition = static_cast<std::int32_t>(partition);
    one.entry.origin.offset = number;
    if (has(root["uri"].get(text))) one.uri = text;
    if (has(root["source"].get(text))) one.source = text;
    if (has(root["eventMs"].get(number))) one.entry.event_ms = number;
    if (has(root["versionCreatedMs"].get(number))) one.entry.version_created_ms = number;
    if (has(root["version"].get(version))) one.entry.version = static_cast<std::uint32_t>(version);
    bool canceled = false;
    one.entry.canceled = has(root["canceled"].get(canceled)) && canceled;
    open_.push_back(std::move(one));
    return {};
}

std::string Importer::close_record() {
    if (open_.empty()) return {};
    std::vector<JournalEntry> entries;
    for (const Owned& one : open_) {
        JournalEntry& entry = entries.emplace_back(one.entry);
        entry.origin.topic = one.topic;
        entry.uri = one.uri;
        entry.source = one.source;
        entry.sketch = one.sketch;
    }
    encoder_.encode(entries, writer_, sequence_, bytes_);
    if (std::string wrong = append(); !wrong.empty()) return wrong;
    dedup_.apply(entries);
    entries_ += entries.size();
    open_.clear();
    return {};
}

// Writes the state at the journal's end, where `position` and the record before it are.
std::string write_snapshot(const Config& config, const SnapshotHeader& header, DedupStage& dedup) {
    const std::unique_ptr<SnapshotStore> store = open_snapshots(config);
    SnapshotWriter writer(*store);
    writer.begin(header, dedup);
    for (;;) {
        const Agent::Work work = writer.step(dedup);
        if (work == Agent::Work::kDone) break;
        if (work == Agent::Work::kIdle) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return store->state() == SnapshotStore::State::kDone ? "" : store->failure();
}

// What stands in the journal that was written, for the header of its snapshot.
std::string fill_header(const Config& config, SnapshotHeader& header) {
    const std::unique_ptr<Journal> journal = open_journal(config, true);
    header.journal = journal->identity();
    std::string_view bytes;
    while (!journal->caught_up()) {
        const std::int64_t before = journal->position();
        if (journal->poll(bytes) != Outcome::kOk) return journal->failure().message;
        header.last_record = before;
        header.last_mark = journal_record_mark(bytes);
        header.position = journal->position();
    }
    header.made_unix_ms = std::chrono::duration_cast<std::chrono::milliseconds>(
                              std::chrono::system_clock::now().time_since_epoch())
                              .count();
    return {};
}

std::string import_lines(const Args& args, FileJournal& journal, DedupStage& dedup,
                         SnapshotHeader& header) {
    Importer importer(journal, dedup);
    FileReader reader({args.file});
    for (FileRecord record; reader.next(record);) {
        std::string wrong = importer.add(record.bytes);
        if (wrong.empty()) continue;
        return args.file + ":" + std::to_string(record.number) + ": " + wrong;
    }
    if (!reader.errors().empty()) return args.file + ": " + reader.errors().front().message;
    std::string wrong = importer.finish();
    header.entries = importer.entries();
    header.settings = importer.settings();
    header.state_hash = dedup.state_hash();
    return wrong;
}

int import_journal(const Args& args) {
    const std::optional<LoadedConfig> loaded = load_config_or_say(args.config);
    if (!loaded) return kExitConfig;
    Config config = loaded->config;
    if (config.dedup.journal != JournalType::kFile) {
        say_error("dedup import writes a journal of files: dedup.journal = \"file\"");
        return kExitConfig;
    }
    if (args.file != "-" && access(args.file.c_str(), R_OK) != 0) {
        say_error(args.file + ": " + std::strerror(errno));
        return kExitUsage;
    }
    log_set_level(LogLevel::kWarning);
    Mill mill(config, loaded->hash, Mill::Output::kFiles);
    SnapshotHeader header;
    std::string wrong;
    {
        const std::unique_ptr<Journal> opened = open_journal(config);
        auto& journal = static_cast<FileJournal&>(*opened);
        if (journal.end_position() > journal.begin_position()) {
            say_error(config.dedup.file.path +
                      ": the journal has records; import into an empty one");
            return kExitUsage;
        }
        wrong = import_lines(args, journal, mill.dedup(), header);
    }  // its end flushes the journal
    if (wrong.empty() && !config.dedup.snapshot_path.empty() && header.entries > 0) {
        wrong = fill_header(config, header);
        if (wrong.empty()) wrong = write_snapshot(config, header, mill.dedup());
    }
    if (!wrong.empty()) {
        say_error(wrong);
        return kExitUsage;
    }
    const std::string hash =
        formatted("%016llx", static_cast<unsigned long long>(header.state_hash));
    return write_out(args.json
                         ? formatted("{\"entries\": %llu, \"stateHash\": \"%s\"}\n",
                                     static_cast<unsigned long long>(header.entries), hash.c_str())
                         : grouped(header.entries) + " entries, state hash " + hash + "\n")
               ? kExitOk
               : kExitTryAgain;
}

}  // namespace

Action command_dedup(CLI::App& app) {
    auto args = std::make_shared<Args>();
    app.require_subcommand(1);

    CLI::App* stats_app =
        app.add_subcommand("stats", "Read the journal: what is in it, and the state that it makes");
    add_config_options(*stats_app, args->config, true);
    stats_app
        ->add_option("--snapshot", args->snapshot, "Look at this snapshot instead of the journal")
        ->type_name("FILE");
    stats_app->add_flag("--whole", args->whole,
                        "Read the whole journal, not only what came after the newest snapshot");
    stats_app->add_flag("--json", args->json, "As one JSON object");

    CLI::App* export_app =
        app.add_subcommand("export", "Print the journal's entries and settings as NDJSON");
    add_config_options(*export_app, args->config, true);

    CLI::App* import_app = app.add_subcommand(
        "import",
        "Write an export into an empty journal of files, and a snapshot if they are kept");
    add_config_options(*import_app, args->config, true);
    import_app->add_option("FILE", args->file, "What `dedup export` printed; - is standard input")
        ->required()
        ->type_name("");
    import_app->add_flag("--json", args->json, "As one JSON object");

    return [args, stats_app, export_app] {
        try {
            if (stats_app->parsed()) return stats(*args);
            if (export_app->parsed()) return export_journal(*args);
            return import_journal(*args);
        } catch (const StartError& error) {
            say_error(error.what());
            return error.exit_code();
        }
    };
}

}  // namespace newsmill
