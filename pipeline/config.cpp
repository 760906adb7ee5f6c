#include "pipeline/config.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <optional>
#include <set>
#include <sstream>

#include "pipeline/config_entries.hpp"
#include "pipeline/config_table.hpp"
#include "pipeline/json_quote.hpp"

namespace newsmill {
namespace {

struct Unit {
    std::string_view name;
    std::int64_t factor;
};
constexpr Unit kDurationUnits[] = {
    {"ms", 1},           {"s", Config::kSecond},  {"m", Config::kMinute}, {"h", Config::kHour},
    {"d", Config::kDay}, {"w", 7 * Config::kDay},
};
constexpr Unit kByteUnits[] = {
    {"B", 1},
    {"KiB", Config::kKiB},
    {"MiB", Config::kMiB},
    {"GiB", Config::kGiB},
    {"kB", 1000},
    {"KB", 1000},
    {"MB", 1000 * 1000},
    {"GB", 1000 * 1000 * 1000},
    {"TiB", 1024 * Config::kGiB},
};

// A whole number and perhaps a unit; a number without one counts as the option's own unit.
std::optional<std::int64_t> parse_quantity(std::string_view text, std::span<const Unit> units) {
    std::int64_t number = 0;
    const char* end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc()) return std::nullopt;
    std::string_view name(rest, static_cast<std::size_t>(end - rest));
    if (name.starts_with(' ')) name.remove_prefix(1);
    if (name.empty() && rest == end) return number;
    for (const Unit& unit : units) {
        std::int64_t product = 0;
        if (unit.name == name && !__builtin_mul_overflow(number, unit.factor, &product)) {
            return product;
        }
    }
    return std::nullopt;
}

std::span<const Unit> units_of(OptionKind kind) {
    if (kind == OptionKind::kBytes) return kByteUnits;
    if (kind == OptionKind::kDuration) return kDurationUnits;
    return {};
}

std::string expectation(const OptionInfo& option) {
    switch (option.kind) {
        case OptionKind::kFlag: return "true or false";
        case OptionKind::kCount: return "a whole number, " + option_range(option);
        case OptionKind::kBytes:
            return "a size such as \"64MiB\" (B, KiB, MiB, GiB, kB, MB, GB; a plain integer is in "
                   "bytes), " +
                   option_range(option);
        case OptionKind::kDuration:
            return "a duration such as \"250ms\" (ms, s, m, h, d, w; a plain integer is in "
                   "milliseconds), " +
                   option_range(option);
        case OptionKind::kText: return "a string";
        case OptionKind::kList: return "a list of strings such as [\"a\", \"b\"]";
        case OptionKind::kPointers: return "a list of JSON pointers, [\"/headline\"]";
        case OptionKind::kProperties: return "a table of librdkafka's properties";
        case OptionKind::kChoice: return "one of " + option_range(option);
    }
    return {};
}

// A message is one short line, whatever the value.
std::string shortened(const std::string& text) {
    constexpr std::size_t kShownBytesMax = 60;
    if (text.size() <= kShownBytesMax) return text;
    std::size_t end = kShownBytesMax;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
    return text.substr(0, end) + "...";
}

std::string type_words(const ConfigValue& value) {
    switch (value.type) {
        case ConfigValue::Type::kString:
            return value.secret ? "***" : json_quoted(shortened(value.text));
        case ConfigValue::Type::kInteger:
        case ConfigValue::Type::kFloat:
        case ConfigValue::Type::kFlag: return value.text;
        case ConfigValue::Type::kDate: return "the date " + value.text;
        case ConfigValue::Type::kArray: return "a list";
        case ConfigValue::Type::kTable: return "a table";
    }
    return {};
}

// What can't go into a client table, and the option to use instead (empty: newsmill alone sets it,
// or exactly-once would break).
struct OwnProperty {
    std::string_view name;
    std::string_view option;
    std::string_view section = "";  // of the table that must not have it; empty: none may
};
constexpr OwnProperty kOwnProperties[] = {
    {"bootstrap.servers", "input.kafka.brokers", "input.kafka"},
    {"bootstrap.servers", "output.kafka.brokers", "output.kafka"},
    {"bootstrap.servers", "dedup.kafka.brokers", "dedup.kafka"},
    {"metadata.broker.list", "input.kafka.brokers"},
    {"group.id", "input.kafka.group"},
    {"group.instance.id", "input.kafka.instance"},
    {"auto.offset.reset", "input.kafka.offset_reset"},
    {"session.timeout.ms", "input.kafka.session_timeout_ms", "input.kafka"},
    {"heartbeat.interval.ms", "input.kafka.heartbeat_interval_ms", "input.kafka"},
    {"max.poll.interval.ms", "input.kafka.max_poll_interval_ms", "input.kafka"},
    {"fetch.min.bytes", "input.kafka.fetch_bytes_min", "input.kafka"},
    {"fetch.max.bytes", "input.kafka.fetch_bytes_max", "input.kafka"},
    {"fetch.message.max.bytes", "input.kafka.partition_fetch_bytes_max", "input.kafka"},
    {"max.partition.fetch.bytes", "input.kafka.partition_fetch_bytes_max", "input.kafka"},
    {"fetch.wait.max.ms", "input.kafka.fetch_wait_ms", "input.kafka"},
    {"queued.max.messages.kbytes", "input.kafka.queued_bytes_max", "input.kafka"},
    {"transactional.id", "output.kafka.transactional_prefix"},
    {"transaction.timeout.ms", "output.kafka.transaction_timeout_ms"},
    {"linger.ms", "output.kafka.linger_ms", "output.kafka"},
    {"queue.buffering.max.ms", "output.kafka.linger_ms", "output.kafka"},
    {"queue.buffering.max.kbytes", "output.kafka.queued_bytes_max", "output.kafka"},
    {"compression.type", "output.kafka.compression", "output.kafka"},
    {"compression.codec", "output.kafka.compression", "output.kafka"},
    {"message.max.bytes", "output.kafka.message_bytes_max", "output.kafka"},
    {"enable.auto.commit", ""},
    {"enable.auto.offset.store", ""},
    {"enable.idempotence", ""},
    {"isolation.level", ""},
    {"enable.partition.eof", ""},
    {"partition.assignment.strategy", ""},
    {"delivery.report.only.error", ""},
};

class Loader {
   public:
    explicit Loader(LoadedConfig& loaded) : loaded_(loaded) {}

    void apply(std::vector<ConfigEntry>& entries) {
        for (ConfigEntry& entry : entries) apply(entry);
    }

    std::vector<ConfigIssue>& issues() { return loaded_.errors; }

   private:
    void apply(ConfigEntry& entry) {
        if (inside_rejected(entry.path)) return;
        for (const OptionInfo& option : config_options()) {
            if (entry.path == option.path) {
                if (option.kind != OptionKind::kProperties) return assign(option, entry);
                if (entry.value.type == ConfigValue::Type::kTable) return;
                return reject(entry, option.path + ": expected a table of librdkafka's properties");
            }
            const bool inside =
                entry.path.starts_with(option.path) && entry.path[option.path.size()] == '.';
            if (inside && option.kind == OptionKind::kProperties) {
                return assign_property(option, entry);
            }
        }
        for (const SectionInfo& section : config_sections()) {
            if (entry.path != section.path) continue;
            if (entry.value.type == ConfigValue::Type::kTable) return;
            return reject(entry, "'" + entry.path + "' is a table: write [" + entry.path + "]");
        }
        reject(entry, unknown(entry));
    }

    // Whether a table around it was refused: one message is enough.
    bool inside_rejected(std::string_view path) const {
        return std::any_of(rejected_.begin(), rejected_.end(), [&](const std::string& table) {
            return path.size() > table.size() && path.starts_with(table) &&
                   path[table.size()] == '.';
        });
    }

    void reject(const ConfigEntry& entry, std::string message) {
        rejected_.push_back(entry.path);
        loaded_.errors.push_back({entry.where, std::move(message)});
    }

    static std::string unknown(const ConfigEntry& entry);

    void fail(const ConfigValue& value, const OptionInfo& option, const std::string& message) {
        loaded_.errors.push_back({value.where, option.path + ": " + message});
    }
    void fail_type(const ConfigValue& value, const OptionInfo& option) {
        fail(value, option, "expected " + expectation(option) + "; got " + type_words(value));
    }

    void assign(const OptionInfo& option, ConfigEntry& entry) {
        ConfigValue& value = entry.value;
        if (value.type == ConfigValue::Type::kTable) rejected_.push_back(entry.path);
        if (!substitute(value, option.path, loaded_.errors)) return;
        const bool secret =
            value.secret || std::any_of(value.items.begin(), value.items.end(),
                                        [](const ConfigValue& item) { return item.secret; });
        if (secret) loaded_.secret_paths.push_back(option.path);
        loaded_.origins[option.path] = entry.origin;
        const OptionValue target = option.value(loaded_.config);
        switch (option.kind) {
            case OptionKind::kFlag: return assign_flag(option, value, *std::get<bool*>(target));
            case OptionKind::kCount:
            case OptionKind::kBytes:
            case OptionKind::kDuration:
                return assign_number(option, value, *std::get<std::int64_t*>(target));
            case OptionKind::kText:
                return assign_text(option, value, *std::get<std::string*>(target));
            case OptionKind::kList:
            case OptionKind::kPointers:
                return assign_list(option, value, *std::get<std::vector<std::string>*>(target));
            case OptionKind::kChoice:
                return assign_choice(option, value, *std::get<ChoiceRef>(target).at);
            case OptionKind::kProperties: return;
        }
    }

    void assign_flag(const OptionInfo& option, const ConfigValue& value, bool& target) {
        const bool words = value.loose && value.type == ConfigValue::Type::kString &&
                           (value.text == "true" || value.text == "false");
        if (value.type != ConfigValue::Type::kFlag && !words) return fail_type(value, option);
        target = words ? value.text == "true" : value.flag;
    }

    void assign_number(const OptionInfo& option, const ConfigValue& value, std::int64_t& target) {
        std::optional<std::int64_t> number;
        if (value.type == ConfigValue::Type::kInteger) {
            number = value.integer;
        } else if (value.type == ConfigValue::Type::kString &&
                   (option.kind != OptionKind::kCount || value.loose)) {
            number = parse_quantity(value.text, units_of(option.kind));
        }
        if (!number) return fail_type(value, option);
        if ((option.min != Config::kAny && *number < option.min) ||
            (option.max != Config::kAny && *number > option.max)) {
            return fail(value, option,
                        type_words(value) + " is out of range: " + option_range(option));
        }
        target = *number;
    }

    void assign_text(const OptionInfo& option, const ConfigValue& value, std::string& target) {
        const bool scalar =
            value.type != ConfigValue::Type::kArray && value.type != ConfigValue::Type::kTable;
        if (value.type != ConfigValue::Type::kString && !(value.loose && scalar)) {
            return fail(value, option,
                        "expected a string; got " + type_words(value) +
                            (scalar ? ": write \"" + value.text + "\"" : ""));
        }
        const auto length = static_cast<std::int64_t>(value.text.size());
        if (length < option.min) return fail(value, option, "must not be empty");
        if (length > option.max) {
            return fail(
                value, option,
                "has " + std::to_string(length) + " bytes; at most " + std::to_string(option.max));
        }
        if (value.text.find_first_of(std::string_view("\0\r\n", 3)) != std::string::npos) {
            return fail(value, option, "must be one line");
        }
        target = value.text;
    }

    void assign_list(const OptionInfo& option, const ConfigValue& value,
                     std::vector<std::string>& target) {
        std::vector<std::string> list;
        if (value.type == ConfigValue::Type::kArray) {
            for (const ConfigValue& item : value.items) {
                if (item.type != ConfigValue::Type::kString) return fail_type(item, option);
                list.push_back(item.text);
            }
        } else if (value.type == ConfigValue::Type::kString && value.loose) {
            std::stringstream parts(value.text);
            for (std::string part; std::getline(parts, part, ',');) list.push_back(part);
        } else {
            return fail_type(value, option);
        }
        const auto size = static_cast<std::int64_t>(list.size());
        if (size < option.min) return fail(value, option, "must not be empty");
        if (size > option.max) {
            return fail(value, option, "has more than " + std::to_string(option.max) + " entries");
        }
        for (const std::string& item : list) {
            if (item.empty()) return fail(value, option, "has an empty entry");
            if (option.kind == OptionKind::kPointers && !item.starts_with('/')) {
                return fail(
                    value, option,
                    "'" + item + "' is no JSON pointer; did you mean '/" + slashed(item) + "'?");
            }
        }
        target = std::move(list);
    }

    // thread.site -> thread/site
    static std::string slashed(std::string text) {
        std::replace(text.begin(), text.end(), '.', '/');
        return text;
    }

    void assign_choice(const OptionInfo& option, const ConfigValue& value, std::uint8_t& target) {
        if (value.type == ConfigValue::Type::kString) {
            const auto found = std::find(option.choices.begin(), option.choices.end(), value.text);
            if (found != option.choices.end()) {
                target = static_cast<std::uint8_t>(found - option.choices.begin());
                return;
            }
        }
        std::string message =
            "expected one of " + option_range(option) + "; got " + type_words(value);
        const std::vector<std::string_view> names(option.choices.begin(), option.choices.end());
        const std::string_view near = nearest(value.text, names);
        if (!near.empty()) message += "; did you mean \"" + std::string(near) + "\"?";
        fail(value, option, message);
    }

    void assign_property(const OptionInfo& option, ConfigEntry& entry);

    LoadedConfig& loaded_;
    std::vector<std::string> rejected_;
    std::set<std::string> properties_;  // seen, with their origin
};

std::string Loader::unknown(const ConfigEntry& entry) {
    const bool is_table = entry.value.type == ConfigValue::Type::kTable;
    std::vector<std::string_view> candidates;
    for (const SectionInfo& section : config_sections()) candidates.push_back(section.path);
    if (is_table) {
        const std::string_view near = nearest(entry.path, candidates);
        if (!near.empty()) {
            return "unknown table [" + entry.path + "]; did you mean [" + std::string(near) + "]?";
        }
        std::string all;
        for (const std::string_view path : candidates) {
            if (path.find('.') != path.npos) continue;
            all += (all.empty() ? "" : ", ") + std::string(path);
        }
        return "unknown table [" + entry.path + "]; there are " + all;
    }
    const auto dot = entry.path.rfind('.');
    const std::string section = dot == std::string::npos ? "" : entry.path.substr(0, dot);
    const std::string leaf = entry.path.substr(dot == std::string::npos ? 0 : dot + 1);
    // Nearest first among the keys of its own table, then the same key elsewhere, then anything.
    std::vector<std::string_view> siblings, all;
    std::string_view elsewhere;
    for (const OptionInfo& option : config_options()) {
        if (option.section == section) siblings.push_back(option.key);
        if (option.key == leaf && elsewhere.empty()) elsewhere = option.path;
        all.push_back(option.path);
    }
    std::string near;
    if (const auto key = nearest(leaf, siblings); !key.empty()) {
        near = section + "." + std::string(key);
    } else if (!elsewhere.empty()) {
        near = elsewhere;
    } else {
        // A typo in the table's name leaves the key right, so few letters may differ.
        near = nearest(entry.path, all, 2);
    }
    if (!near.empty()) return "unknown key '" + entry.path + "'; did you mean '" + near + "'?";
    if (siblings.empty()) return "unknown key '" + entry.path + "'; see 'newsmill config keys'";
    std::string keys;
    for (const std::string_view key : siblings) {
        keys += (keys.empty() ? "" : ", ") + std::string(key);
    }
    return "unknown key '" + entry.path + "'; [" + section + "] takes " + keys;
}

void Loader::assign_property(const OptionInfo& option, ConfigEntry& entry) {
    const std::string name = entry.path.substr(option.path.size() + 1);
    ConfigValue& value = entry.value;
    // An unquoted sasl.mechanism is a table in TOML; its leaves follow.
    if (value.type == ConfigValue::Type::kTable) return;
    if (value.type == ConfigValue::Type::kArray || value.type == ConfigValue::Type::kDate) {
        return fail(value, option, "'" + name + "': expected a string, a number, true or false");
    }
    for (const OwnProperty& own : kOwnProperties) {
        if (own.name != name || (!own.section.empty() && own.section != option.section)) continue;
        loaded_.errors.push_back(
            {entry.where, entry.path + (own.option.empty()
                                            ? std::string(": newsmill sets this itself")
                                            : ": use '" + std::string(own.option) + "' instead")});
        return;
    }
    if (!substitute(value, entry.path, loaded_.errors)) return;
    if (!properties_.insert(entry.path + "@" + (entry.where == "--set" ? "--set" : "")).second &&
        entry.where != "--set") {
        loaded_.errors.push_back({entry.where, entry.path + " is given twice"});
        return;
    }
    if (value.secret) loaded_.secret_paths.push_back(entry.path);
    (*std::get<PropertyMap*>(option.value(loaded_.config)))[name] = value.text;
    loaded_.origins[entry.path] = entry.origin;
    loaded_.origins[option.path] = entry.origin;
}

LoadedConfig load(std::string_view text, std::string_view name,
                  const std::vector<std::string>& sets) {
    LoadedConfig loaded;
    std::vector<ConfigEntry> entries;
    read_toml(text, name, entries, loaded.errors);
    Loader loader(loaded);
    loader.apply(entries);
    for (const std::string& set : sets) {
        std::vector<ConfigEntry> given;
        read_set(set, given, loaded.errors);
        Loader(loaded).apply(given);
    }
    // Values that could not be read stand at their defaults: contradictions would mislead.
    if (loaded.ok()) check_config(loaded);
    loaded.hash = config_hash(loaded.config);
    return loaded;
}

}  // namespace

std::string to_string(const ConfigIssue& issue) {
    std::string line = issue.where.empty() ? issue.message : issue.where + ": " + issue.message;
    for (char& c : line) {
        if (static_cast<unsigned char>(c) < 0x20) c = ' ';
    }
    return line;
}

LoadedConfig parse_config(std::string_view text, std::string_view name,
                          const std::vector<std::string>& sets) {
    return load(text, name, sets);
}

LoadedConfig load_config(const std::string& path, const std::vector<std::string>& sets) {
    if (path.empty()) return load("", "", sets);
    std::FILE* file = std::fopen(path.c_str(), "rb");
    std::string text;
    int error = file == nullptr ? errno : 0;
    if (file != nullptr) {
        char buffer[16384];
        for (std::size_t n; (n = std::fread(buffer, 1, sizeof buffer, file)) > 0;) {
            text.append(buffer, n);
        }
        if (std::ferror(file) != 0) error = errno;
        std::fclose(file);
    }
    if (error == 0) return load(text, path, sets);
    LoadedConfig loaded;
    loaded.errors.push_back({path, std::string("cannot read the file: ") + std::strerror(error)});
    return loaded;
}

std::vector<std::pair<std::string, std::vector<std::string>>> field_pointers(const Config& config) {
    std::vector<std::pair<std::string, std::vector<std::string>>> fields;
    Config copy = config;
    for (const OptionInfo& option : config_options()) {
        if (option.section != "input.fields") continue;
        const auto& list = *std::get<std::vector<std::string>*>(option.value(copy));
        if (!list.empty()) fields.emplace_back(option.key, list);
    }
    return fields;
}

std::string instance_name(const Config& config) {
    if (!config.input.kafka.instance.empty()) return config.input.kafka.instance;
    char name[256] = {};
    if (gethostname(name, sizeof name - 1) != 0 || name[0] == '\0') return "localhost";
    return name;
}

const std::string& output_brokers(const Config& config) {
    return config.output.kafka.brokers.empty() ? config.input.kafka.brokers
                                               : config.output.kafka.brokers;
}

const std::string& journal_brokers(const Config& config) {
    return config.dedup.kafka.brokers.empty() ? config.input.kafka.brokers
                                              : config.dedup.kafka.brokers;
}

LogOptions log_options(const Config& config) {
    return {config.log.level, config.log.format, config.log.file,
            static_cast<std::size_t>(config.log.queue_lines)};
}

}  // namespace newsmill
