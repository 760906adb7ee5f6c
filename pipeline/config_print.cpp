#include <xxhash.h>

#include <algorithm>
#include <cstdio>

#include "pipeline/config_table.hpp"
#include "pipeline/json_quote.hpp"

namespace newsmill {
namespace {

struct UnitName {
    std::int64_t factor;
    const char* name;
};

// The largest unit that leaves a whole number.
std::string quantity(std::int64_t value, std::span<const UnitName> units) {
    for (const UnitName& unit : units) {
        if (value != 0 && value % unit.factor == 0) {
            return std::to_string(value / unit.factor) + unit.name;
        }
    }
    return std::to_string(value);
}

std::string number_text(OptionKind kind, std::int64_t value) {
    static constexpr UnitName kBytes[] = {
        {Config::kGiB, "GiB"}, {Config::kMiB, "MiB"}, {Config::kKiB, "KiB"}, {1, "B"}};
    static constexpr UnitName kTimes[] = {{Config::kDay, "d"},
                                          {Config::kHour, "h"},
                                          {Config::kMinute, "m"},
                                          {Config::kSecond, "s"},
                                          {1, "ms"}};
    if (kind == OptionKind::kBytes) return quantity(value, kBytes);
    if (kind == OptionKind::kDuration) return quantity(value, kTimes);
    return std::to_string(value);
}

// JSON's escapes are TOML's too.
std::string list_text(const std::vector<std::string>& list) {
    std::string out = "[";
    for (const std::string& item : list) {
        if (out.size() > 1) out += ", ";
        append_json_quoted(out, item);
    }
    return out + "]";
}

// `secret(name)` says which values are not shown.
template <typename Secret>
std::string properties_text(const PropertyMap& properties, Secret secret) {
    std::string out = "{";
    for (const auto& [name, value] : properties) {
        out += (out.size() > 1 ? ", " : " ") + json_quoted(name) + " = " +
               (secret(name) ? "\"***\"" : json_quoted(value));
    }
    return out + (properties.empty() ? "}" : " }");
}

bool needs_quotes(std::string_view number) {
    return !number.empty() && (number.back() < '0' || number.back() > '9');
}

// Without masking: for the hash and for comparing.
std::string plain_text(const OptionInfo& option, const Config& config) {
    Config copy = config;
    const OptionValue value = option.value(copy);
    if (const auto* properties = std::get_if<PropertyMap*>(&value)) {
        std::string out;
        for (const auto& [name, text] : **properties) out += name + "=" + text + "\n";
        return out;
    }
    return option_text(option, config);
}

// Those that are secrets wherever they came from.
bool is_secret_option(const OptionInfo& option, const Config& config) {
    return option.path == "admin.token" && !config.admin.token.empty();
}

bool is_secret_path(const LoadedConfig& loaded, std::string_view path) {
    return std::find(loaded.secret_paths.begin(), loaded.secret_paths.end(), path) !=
           loaded.secret_paths.end();
}

// For people: nothing that is or came from a secret.
std::string masked_text(const OptionInfo& option, const LoadedConfig& loaded) {
    if (is_secret_option(option, loaded.config) || is_secret_path(loaded, option.path))
        return "\"***\"";
    if (option.kind != OptionKind::kProperties) return option_text(option, loaded.config);
    Config copy = loaded.config;
    return properties_text(
        *std::get<PropertyMap*>(option.value(copy)), [&](const std::string& name) {
            return is_secret_property(name) || is_secret_path(loaded, option.path + "." + name);
        });
}

struct Shown {
    std::string path;
    std::string key;
    std::string section;
    std::string value;  // TOML
    std::string origin;
};

std::string origin_of(const LoadedConfig& loaded, std::string_view path) {
    const auto found = loaded.origins.find(path);
    return found == loaded.origins.end() ? "default" : found->second;
}

// One entry an option, and one a property of the client tables.
std::vector<Shown> shown(const LoadedConfig& loaded) {
    std::vector<Shown> all;
    Config config = loaded.config;
    for (const OptionInfo& option : config_options()) {
        if (option.kind != OptionKind::kProperties) {
            all.push_back({option.path, std::string(option.key), std::string(option.section),
                           masked_text(option, loaded), origin_of(loaded, option.path)});
            continue;
        }
        for (const auto& [name, value] : *std::get<PropertyMap*>(option.value(config))) {
            const std::string path = option.path + "." + name;
            const bool secret = is_secret_path(loaded, path) || is_secret_property(name);
            all.push_back({path, json_quoted(name), option.path,
                           secret ? "\"***\"" : json_quoted(value), origin_of(loaded, path)});
        }
    }
    return all;
}

void append_wrapped_comment(std::string& out, std::string_view text) {
    constexpr std::size_t kColumns = 98;
    std::string line = "#";
    while (!text.empty()) {
        const auto space = text.find(' ');
        const std::string_view word = text.substr(0, space);
        text = space == text.npos ? std::string_view() : text.substr(space + 1);
        if (line.size() + 1 + word.size() > kColumns) {
            out += line + "\n";
            line = "#";
        }
        line += " " + std::string(word);
    }
    out += line + "\n";
}

std::string escaped_cell(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '|' || c == '*') out += '\\';
        out += c;
    }
    return out;
}

constexpr std::string_view kFileHead =
    R"(# Every option of newsmill with its default. A file needs to hold only what differs.
# Printed by `newsmill config keys --toml`; docs/configuration.md has the same as tables.
#
# A number with a unit is a string, "64MiB" or "250ms"; a plain integer is in the unit that the
# comment names. Strings may hold ${env:VAR}, ${env:VAR:-default}, ${file:PATH} and ${cred:NAME}.
)";

constexpr std::string_view kDocsHead = R"(# Configuration

Printed by `newsmill config keys --markdown` from the table that the program reads files by.
[`configs/newsmill.toml`](../configs/newsmill.toml) is the same as a file.

newsmill reads one TOML file: `newsmill run -c FILE`. A file holds only what differs from the
defaults. `--set key=value` (as often as needed) comes after the file and wins.

    newsmill check -c FILE          is the file good, and does the memory suffice?
    newsmill config show -c FILE    every effective value and where it came from
    newsmill config keys            every option
    newsmill config diff A B        what differs, and what a running daemon needs for it

**Strict.** An unknown key, a wrong type, a value out of range, a reference that can't be read and
options that contradict each other are errors, with file, line and column, all at once; the exit
code is 78.

**Units.** Sizes and durations may carry a unit in a string: `"64MiB"` (B, KiB, MiB, GiB, TiB; kB,
MB, GB are powers of ten), `"250ms"` (ms, s, m, h, d, w). A plain integer is in bytes, or in
milliseconds.

**References.** Inside a string, and after the file is parsed, so that a value can't change its
structure:

| Reference | Stands for |
|---|---|
| `${env:VAR}` | the environment variable; an error if it is not set |
| `${env:VAR:-default}` | the same, with a default if it is not set or empty |
| `${file:PATH}` | the file's text without its last newline |
| `${cred:NAME}` | the file NAME in `$CREDENTIALS_DIRECTORY` (systemd's `LoadCredential=`) |
| `$${` | a plain `${` |

A number, a flag or a list may come from a reference too: `lanes_front = "${env:LANES:-2}"`,
`topics = ["${env:TOPIC}"]`, or `topics = "${env:TOPICS}"` with commas between the entries.

**Secrets.** What comes from `${file:}` or `${cred:}`, and the properties of the client tables that
are passwords, secrets, tokens, `sasl.*` or `ssl.key.*`, print as `***`.

**Client tables.** `[input.kafka.client]`, `[output.kafka.client]` and `[dedup.kafka.client]` take
any property of librdkafka by its own name: `"security.protocol" = "SASL_SSL"`. Properties that
newsmill has an option for, or that exactly-once depends on, are refused there.

**Reload** says what a running daemon needs to take over a new value at SIGHUP: `hot` nothing, `drain`
the end of the work in flight, after which it goes on in place, `restart` a restart; then the whole
file is refused. **Hash** marks the options that can change a record's
value: the config hash, in each record and in the `newsmill-config` header, is a hash of these.
)";

}  // namespace

std::string option_text(const OptionInfo& option, const Config& config) {
    Config copy = config;
    const OptionValue value = option.value(copy);
    switch (option.kind) {
        case OptionKind::kFlag: return *std::get<bool*>(value) ? "true" : "false";
        case OptionKind::kCount:
        case OptionKind::kBytes:
        case OptionKind::kDuration: {
            const std::string text = number_text(option.kind, *std::get<std::int64_t*>(value));
            return needs_quotes(text) ? "\"" + text + "\"" : text;
        }
        case OptionKind::kText: return json_quoted(*std::get<std::string*>(value));
        case OptionKind::kList:
        case OptionKind::kPointers: return list_text(*std::get<std::vector<std::string>*>(value));
        case OptionKind::kProperties:
            return properties_text(*std::get<PropertyMap*>(value), is_secret_property);
        case OptionKind::kChoice:
            return "\"" + std::string(option.choices[*std::get<ChoiceRef>(value).at]) + "\"";
    }
    return {};
}

std::string option_range(const OptionInfo& option) {
    std::string out;
    switch (option.kind) {
        case OptionKind::kCount:
        case OptionKind::kBytes:
        case OptionKind::kDuration:
            return number_text(option.kind, option.min) + " to " +
                   number_text(option.kind, option.max);
        case OptionKind::kChoice:
            for (const std::string_view name : option.choices) {
                out += (out.empty() ? "" : ", ") + std::string(name);
            }
            return out;
        case OptionKind::kText: return option.min > 0 ? "not empty" : "";
        case OptionKind::kList: return option.min > 0 ? "one or more" : "";
        default: return "";
    }
}

std::string_view option_type_name(const OptionInfo& option) noexcept {
    switch (option.kind) {
        case OptionKind::kFlag: return "true or false";
        case OptionKind::kCount: return "integer";
        case OptionKind::kBytes: return "size";
        case OptionKind::kDuration: return "duration";
        case OptionKind::kText: return "string";
        case OptionKind::kList: return "list";
        case OptionKind::kPointers: return "JSON pointers";
        case OptionKind::kProperties: return "table";
        case OptionKind::kChoice: return "one of";
    }
    return "";
}

std::string default_config_toml() {
    const Config defaults;
    std::string out(kFileHead);
    for (const SectionInfo& section : config_sections()) {
        out += "\n[" + std::string(section.path) + "]\n";
        append_wrapped_comment(out, section.doc);
        for (const OptionInfo& option : config_options()) {
            if (option.section != section.path) continue;
            std::string about(option.doc);
            if (option.kind == OptionKind::kChoice) {
                about += " One of: " + option_range(option) + ".";
            } else if (!option.unit.empty() && option.unit != "entries") {
                const bool plain = option.kind == OptionKind::kCount;
                about += " From " + option_range(option) +
                         (plain ? " " : "; a plain integer is in ") + std::string(option.unit) +
                         ".";
            }
            out += "\n";
            append_wrapped_comment(out, about);
            if (option.kind == OptionKind::kProperties) {
                out += "# [" + option.path + "]\n# \"debug\" = \"broker,topic\"\n";
            } else {
                out += std::string(option.key) + " = " + option_text(option, defaults) + "\n";
            }
        }
    }
    return out;
}

std::string config_markdown() {
    const Config defaults;
    std::string out(kDocsHead);
    for (const SectionInfo& section : config_sections()) {
        const auto belongs = [&](const OptionInfo& option) {
            return option.section == section.path;
        };
        out += "\n## [" + std::string(section.path) + "]\n\n" + std::string(section.doc) + "\n";
        if (!std::any_of(config_options().begin(), config_options().end(), belongs)) continue;
        out += "\n| Key | Type | Default | Reload | Hash | Meaning |\n|---|---|---|---|---|---|\n";
        for (const OptionInfo& option : config_options()) {
            if (!belongs(option)) continue;
            std::string type(option_type_name(option));
            const std::string range = option_range(option);
            if (!range.empty()) type += (option.kind == OptionKind::kChoice ? " " : ", ") + range;
            out += "| `" + std::string(option.key) + "` | " + type + " | `" +
                   option_text(option, defaults) + "` | " +
                   std::string(reload_name(option.reload)) + " | " +
                   (option.changes_records ? "yes" : "") + " | " + escaped_cell(option.doc) +
                   " |\n";
        }
    }
    return out;
}

std::string config_show_toml(const LoadedConfig& loaded) {
    std::string out = "# config hash " + loaded.hash + "\n";
    std::string section;
    for (const Shown& entry : shown(loaded)) {
        if (entry.section != section) {
            section = entry.section;
            out += "\n[" + section + "]\n";
        }
        const std::string line = entry.key + " = " + entry.value;
        out += line;
        out.append(line.size() < 48 ? 48 - line.size() : 1, ' ');
        out += "# " + entry.origin + "\n";
    }
    return out;
}

std::string config_show_json(const LoadedConfig& loaded) {
    std::string out = "{\"hash\": " + json_quoted(loaded.hash) + ", \"options\": [\n";
    bool first = true;
    for (const Shown& entry : shown(loaded)) {
        // Strings, integers, flags and lists read the same in TOML and JSON.
        out += std::string(first ? "  " : ",\n  ") + "{\"key\": " + json_quoted(entry.path) +
               ", \"value\": " + entry.value + ", \"origin\": " + json_quoted(entry.origin) + "}";
        first = false;
    }
    return out + "\n]}\n";
}

std::string config_keys_text() {
    const Config defaults;
    std::string out;
    for (const OptionInfo& option : config_options()) {
        std::string about(option_type_name(option));
        const std::string range = option_range(option);
        if (!range.empty()) about += (option.kind == OptionKind::kChoice ? " " : ", ") + range;
        about += "; " + std::string(reload_name(option.reload));
        out += option.path + " = " + option_text(option, defaults) + "\n    " +
               std::string(option.doc) + "\n    (" + about + ")\n";
    }
    return out;
}

std::string config_keys_json() {
    const Config defaults;
    std::string out = "[\n";
    bool first = true;
    for (const OptionInfo& option : config_options()) {
        const bool table = option.kind == OptionKind::kProperties;
        out += std::string(first ? "  " : ",\n  ") + "{\"key\": " + json_quoted(option.path) +
               ", \"type\": " + json_quoted(option_type_name(option)) +
               ", \"default\": " + (table ? "{}" : option_text(option, defaults)) +
               ", \"accepts\": " + json_quoted(option_range(option)) +
               ", \"unit\": " + json_quoted(option.unit) +
               ", \"reload\": " + json_quoted(reload_name(option.reload)) +
               ", \"hash\": " + (option.changes_records ? "true" : "false") +
               ", \"doc\": " + json_quoted(option.doc) + "}";
        first = false;
    }
    return out + "\n]\n";
}

std::vector<ConfigChange> config_changes(const LoadedConfig& before, const LoadedConfig& after) {
    std::vector<ConfigChange> changes;
    for (const OptionInfo& option : config_options()) {
        if (plain_text(option, before.config) == plain_text(option, after.config)) continue;
        changes.push_back({&option, masked_text(option, before), masked_text(option, after)});
    }
    return changes;
}

std::string change_text(const ConfigChange& change) {
    return change.option->path + ": " + change.before + " -> " + change.after + "  (" +
           std::string(reload_name(change.option->reload)) +
           (change.option->changes_records ? ", changes records)" : ")");
}

std::string changes_json(const std::vector<ConfigChange>& changes) {
    std::string text = "[";
    for (const ConfigChange& change : changes) {
        text += std::string(text.size() > 1 ? ",\n  " : "\n  ") +
                "{\"key\": " + json_quoted(change.option->path) +
                ", \"before\": " + json_quoted(change.before) +
                ", \"after\": " + json_quoted(change.after) +
                ", \"reload\": " + json_quoted(reload_name(change.option->reload)) +
                ", \"hash\": " + (change.option->changes_records ? "true" : "false") + "}";
    }
    return text + (changes.empty() ? "]" : "\n]");
}

std::string config_hash(const Config& config) {
    std::string text;
    for (const OptionInfo& option : config_options()) {
        if (!option.changes_records) continue;
        text += option.path + "=" + plain_text(option, config) + "\n";
    }
    char digits[17];
    std::snprintf(digits, sizeof digits, "%016llx",
                  static_cast<unsigned long long>(XXH3_64bits(text.data(), text.size())));
    return digits;
}

}  // namespace newsmill
