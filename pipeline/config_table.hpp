// The table of options at run time: what the parser, the checks, the printed documentation and
// `newsmill config` go through. Made from pipeline/config_options.inc.
//
// All of it is static and constant; any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "pipeline/config.hpp"

namespace newsmill {

enum class OptionKind : std::uint8_t {
    kFlag,
    kCount,
    kBytes,
    kDuration,
    kText,
    kList,
    kPointers,
    kProperties,
    kChoice,
};

enum class Reload : std::uint8_t { kHot, kDrain, kRestart };
std::string_view reload_name(Reload reload) noexcept;

// An enum's value; all enums of the config are one byte wide and count from 0.
struct ChoiceRef {
    std::uint8_t* at;
};
// A pointer to an option's value in a Config.
using OptionValue = std::variant<bool*, std::int64_t*, std::string*, std::vector<std::string>*,
                                 PropertyMap*, ChoiceRef>;

struct OptionInfo {
    std::string_view section;  // "input.kafka"
    std::string_view key;      // "topics"
    std::string path;          // "input.kafka.topics"
    OptionKind kind;
    std::span<const std::string_view> choices;  // names of an enum's values, in order
    std::int64_t min;                           // Config::kAny: no bound
    std::int64_t max;
    std::string_view unit;
    Reload reload;
    bool changes_records;  // counts in the config hash
    std::string_view doc;
    OptionValue (*value)(Config& config);
};

struct SectionInfo {
    std::string_view path;
    std::string_view doc;
};

// In the order of the table.
std::span<const OptionInfo> config_options();
std::span<const SectionInfo> config_sections();
const OptionInfo* find_option(std::string_view path);  // null if there is none

// Whether a property of librdkafka holds a secret: passwords, keys, SASL.
bool is_secret_property(std::string_view name) noexcept;

// ---- Printing
// ----------------------------------------------------------------------------------------------

// The value in TOML's syntax, in the largest unit that fits: "64MiB", ["a", "b"]. Secrets of client
// tables are ***.
std::string option_text(const OptionInfo& option, const Config& config);
// What values it takes: "1KiB to 256MiB", "kafka, files".
std::string option_range(const OptionInfo& option);
std::string_view option_type_name(const OptionInfo& option) noexcept;

// configs/newsmill.toml: every option with its default, unit and meaning.
std::string default_config_toml();
// docs/configuration.md.
std::string config_markdown();
// `newsmill config show`: effective values, each with where it came from.
std::string config_show_toml(const LoadedConfig& loaded);
std::string config_show_json(const LoadedConfig& loaded);
std::string config_keys_text();
std::string config_keys_json();

struct ConfigChange {
    const OptionInfo* option;
    std::string before;
    std::string after;
};
std::vector<ConfigChange> config_changes(const LoadedConfig& before, const LoadedConfig& after);
// "pipeline.lanes_front: 1 -> 2  (drain)"
std::string change_text(const ConfigChange& change);
// As `config diff --json` and a reload print them: a list, an object a change.
std::string changes_json(const std::vector<ConfigChange>& changes);

}  // namespace newsmill
