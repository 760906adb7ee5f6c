// The configuration: a plain struct with one nested struct for each table of the TOML file, made
// from pipeline/config_options.inc, the one table of options. `config.input.kafka.topics` is the
// value of `topics` under `[input.kafka]`.
//
// Units: names that end in _ms are milliseconds, in _bytes_max (and the like) bytes. A file may say
// "250ms", "90s", "7d", "64MiB", or a plain integer in the option's own unit.
//
// load_config() reads a file strictly: unknown keys, wrong types, values out of range, unreadable
// ${...} and settings that contradict each other are all errors, each with its place, all at once.
// ${env:VAR}, ${env:VAR:-default}, ${file:PATH} and ${cred:NAME} (a file in
// $CREDENTIALS_DIRECTORY, see systemd's LoadCredential) are put in after parsing and only inside
// strings, so that a value can't change the file's structure; $${ stands for a plain ${.
//
// Threads: load before threads start; a Config that is not written to may be read by all.
// Errors: nothing here throws for what the user wrote; look at LoadedConfig::errors.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pipeline/log_options.hpp"

namespace newsmill {

enum class InputType : std::uint8_t { kKafka, kFiles };
enum class InputFormat : std::uint8_t { kAuto, kJson, kNinjs, kText, kXml, kHtml, kWire };
enum class OffsetReset : std::uint8_t { kEarliest, kLatest };
enum class JournalType : std::uint8_t { kMemory, kFile, kKafka };
enum class SettingsRule : std::uint8_t { kAdopt, kChange };
enum class OutputType : std::uint8_t { kKafka, kStdout };
enum class OutputProfile : std::uint8_t { kNinjs31Ext, kNinjs31, kNinjs1 };
enum class Duplicates : std::uint8_t { kAnnotate, kRoute, kDrop };
enum class Delivery : std::uint8_t { kExactlyOnce, kAtLeastOnce };
enum class Compression : std::uint8_t { kNone, kGzip, kSnappy, kLz4, kZstd };
enum class ArchiveSync : std::uint8_t { kCommit, kSegment };
enum class ArchiveFull : std::uint8_t { kStop, kSkip };
enum class RunMode : std::uint8_t { kLive, kReplay, kShadow, kDemo };

// Properties of librdkafka, by their own names.
using PropertyMap = std::map<std::string, std::string>;

// The types of options, as the table names them.
namespace config_type {
struct Flag {
    using Value = bool;
};
struct Count {
    using Value = std::int64_t;
};
struct Bytes {
    using Value = std::int64_t;
};
struct Duration {  // in milliseconds
    using Value = std::int64_t;
};
struct Text {
    using Value = std::string;
};
struct List {
    using Value = std::vector<std::string>;
};
struct Pointers {  // JSON pointers
    using Value = std::vector<std::string>;
};
struct Properties {
    using Value = PropertyMap;
};
template <typename Enum>
struct Choice {
    using Value = Enum;
};
}  // namespace config_type

// Units of the table's defaults and bounds.
struct ConfigUnits {
    static constexpr std::int64_t kAny = INT64_MIN;  // no bound
    static constexpr std::int64_t kKiB = 1024;
    static constexpr std::int64_t kMiB = 1024 * kKiB;
    static constexpr std::int64_t kGiB = 1024 * kMiB;
    static constexpr std::int64_t kSecond = 1000;
    static constexpr std::int64_t kMinute = 60 * kSecond;
    static constexpr std::int64_t kHour = 60 * kMinute;
    static constexpr std::int64_t kDay = 24 * kHour;
};

// As in stages/normalize.hpp, whose defaults a test compares.
// clang-format off
#define DEFAULT_TRACKING_PARAMETERS \
    {"utm_*", "fbclid", "gclid", "dclid", "gbraid", "wbraid", "msclkid", "yclid", "twclid", \
     "igshid", "mc_cid", "mc_eid", "_ga", "_gl", "_hsenc", "_hsmi", "mkt_tok", "cmpid", \
     "WT.*", "ns_*", "xtor", "at_medium", "at_campaign", "ocid", "ftag", "ncid", "ito", \
     "partner", "smid", "smtyp", "guccounter", "guce_referrer", "guce_referrer_sig", "hp", \
     "pgtype", "clickSource", "action=click", "__twitter_impression"}
// clang-format on

struct Config : ConfigUnits {
#define SECTION(Type, name, path, doc) struct Type {
#define OPTION(section, key, type, value, min, max, unit, reload, effect, doc) \
    config_type::type::Value key = value;
#define END_SECTION(name) \
    }                     \
    name;
#include "pipeline/config_options.inc"
#undef SECTION
#undef OPTION
#undef END_SECTION
};

// What the user should know about a value or a line of the file.
struct ConfigIssue {
    std::string where;  // "newsmill.toml:12:3" or "--set"; may be empty
    std::string message;
};
std::string to_string(const ConfigIssue& issue);  // "where: message"

struct LoadedConfig {
    Config config;
    std::vector<ConfigIssue> errors;    // in the order of the file; none: the config is good
    std::vector<ConfigIssue> warnings;  // legal, but probably not meant
    // Where a value came from, by its path ("input.kafka.topics"): "newsmill.toml:12" or "--set".
    // A path that is not in it has its default.
    std::map<std::string, std::string, std::less<>> origins;
    // Paths whose values came from ${file:} or ${cred:}: never print them.
    std::vector<std::string> secret_paths;
    std::string hash;  // config_hash(config)

    bool ok() const noexcept { return errors.empty(); }
};

// Reads `path` (nothing if empty: all defaults), then applies `sets` in order: "key=value", the
// value in TOML's syntax or a bare string.
LoadedConfig load_config(const std::string& path, const std::vector<std::string>& sets = {});

// The same from text; `name` stands for the file in messages.
LoadedConfig parse_config(std::string_view text, std::string_view name,
                          const std::vector<std::string>& sets = {});

// 16 hexadecimal digits: XXH3 (64 bits) of all options that can change a record's value.
std::string config_hash(const Config& config);

// [input.fields] without the empty lists: field name and its JSON pointers.
std::vector<std::pair<std::string, std::vector<std::string>>> field_pointers(const Config& config);

// What the empty defaults stand for.
std::string instance_name(const Config& config);  // input.kafka.instance, or the host's name
const std::string& output_brokers(const Config& config);
const std::string& journal_brokers(const Config& config);

LogOptions log_options(const Config& config);

// The names that files and records use: "ninjs-3.1-ext", "exactly_once", ...
std::string_view choice_name(InputType value) noexcept;
std::string_view choice_name(InputFormat value) noexcept;
std::string_view choice_name(OffsetReset value) noexcept;
std::string_view choice_name(JournalType value) noexcept;
std::string_view choice_name(SettingsRule value) noexcept;
std::string_view choice_name(OutputType value) noexcept;
std::string_view choice_name(OutputProfile value) noexcept;
std::string_view choice_name(Duplicates value) noexcept;
std::string_view choice_name(Delivery value) noexcept;
std::string_view choice_name(Compression value) noexcept;
std::string_view choice_name(ArchiveSync value) noexcept;
std::string_view choice_name(ArchiveFull value) noexcept;
std::string_view choice_name(RunMode value) noexcept;
std::string_view choice_name(LogLevel value) noexcept;
std::string_view choice_name(LogFormat value) noexcept;

}  // namespace newsmill
