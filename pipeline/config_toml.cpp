#include <toml++/toml.h>

#include <algorithm>
#include <sstream>
#include <tuple>

#include "pipeline/config_entries.hpp"

namespace newsmill {
namespace {

struct Position {
    std::uint32_t line = 0;
    std::uint32_t column = 0;
    auto operator<=>(const Position&) const = default;
};

struct PlacedEntry {
    Position at;
    ConfigEntry entry;
};

class Reader {
   public:
    explicit Reader(std::string_view name) : name_(name) {}

    void walk(const toml::table& table, const std::string& prefix) {
        for (const auto& [key, node] : table) {
            const std::string path =
                prefix.empty() ? std::string(key.str()) : prefix + "." + std::string(key.str());
            const Position at = position(key.source());
            entries_.push_back(
                {at, {path, where(at), name_ + ":" + std::to_string(at.line), value_of(node)}});
            if (const toml::table* inner = node.as_table()) walk(*inner, path);
        }
    }

    std::string where(Position at) const {
        return name_ + ":" + std::to_string(at.line) + ":" + std::to_string(at.column);
    }

    static Position position(const toml::source_region& region) {
        return {region.begin.line, region.begin.column};
    }

    ConfigValue value_of(const toml::node& node) const {
        ConfigValue value;
        value.where = where(position(node.source()));
        if (const auto* text = node.as_string()) {
            value.text = text->get();
        } else if (const auto* integer = node.as_integer()) {
            value.type = ConfigValue::Type::kInteger;
            value.integer = integer->get();
            value.text = std::to_string(value.integer);
        } else if (const auto* flag = node.as_boolean()) {
            value.type = ConfigValue::Type::kFlag;
            value.flag = flag->get();
            value.text = value.flag ? "true" : "false";
        } else if (const auto* array = node.as_array()) {
            value.type = ConfigValue::Type::kArray;
            for (const toml::node& item : *array) value.items.push_back(value_of(item));
        } else if (node.is_table()) {
            value.type = ConfigValue::Type::kTable;
        } else {
            value.type =
                node.is_floating_point() ? ConfigValue::Type::kFloat : ConfigValue::Type::kDate;
            std::ostringstream text_of;
            node.visit([&](const auto& known) { text_of << known; });
            value.text = text_of.str();
        }
        return value;
    }

    std::vector<PlacedEntry>& entries() { return entries_; }

   private:
    std::string name_;
    std::vector<PlacedEntry> entries_;
};

std::string trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(" \t\r\n");
    if (first == text.npos) return {};
    return std::string(text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1));
}

// The value of a --set: TOML if it can be read as one value, else the text itself.
bool parse_set_value(const std::string& text, ConfigValue& value, toml::table& table) {
    try {
        table = toml::parse("v = " + text);
        if (table.size() != 1) throw std::invalid_argument("more than a value");
        value = Reader("--set").value_of(*table.get("v"));
    } catch (const std::exception&) {
        // What begins like a list, a table or a quoted string was meant as one.
        if (!text.empty() && std::string_view("[{\"'").find(text[0]) != std::string_view::npos) {
            return false;
        }
        value = {};
        table = {};
        value.text = text;
    }
    if (value.type != ConfigValue::Type::kString) value.text = text;
    return true;
}

void mark_set(ConfigValue& value) {
    value.loose = true;
    value.where = "--set";
    for (ConfigValue& item : value.items) mark_set(item);
}

}  // namespace

void read_toml(std::string_view text, std::string_view name, std::vector<ConfigEntry>& entries,
               std::vector<ConfigIssue>& issues) {
    Reader reader(name);
    try {
        const toml::table table = toml::parse(text);
        reader.walk(table, "");
    } catch (const toml::parse_error& error) {
        issues.push_back({reader.where(Reader::position(error.source())),
                          "not valid TOML: " + std::string(error.description())});
        return;
    }
    // The library sorts by name; people read from the top.
    std::stable_sort(reader.entries().begin(), reader.entries().end(),
                     [](const PlacedEntry& a, const PlacedEntry& b) { return a.at < b.at; });
    for (PlacedEntry& placed : reader.entries()) entries.push_back(std::move(placed.entry));
}

void read_set(std::string_view set, std::vector<ConfigEntry>& entries,
              std::vector<ConfigIssue>& issues) {
    const auto equals = set.find('=');
    const std::string path = trimmed(set.substr(0, equals));
    if (equals == set.npos || path.empty()) {
        issues.push_back({"--set", "'" + std::string(set) + "' is not key=value"});
        return;
    }
    ConfigEntry entry{path, "--set", "--set", {}};
    toml::table table;
    if (!parse_set_value(trimmed(set.substr(equals + 1)), entry.value, table)) {
        issues.push_back({"--set", path + ": the value is neither TOML nor a bare string: " +
                                       trimmed(set.substr(equals + 1))});
        return;
    }
    mark_set(entry.value);
    entries.push_back(entry);
    if (entry.value.type != ConfigValue::Type::kTable) return;
    Reader reader("--set");
    reader.walk(*table.get("v")->as_table(), path);
    for (PlacedEntry& placed : reader.entries()) {
        mark_set(placed.entry.value);
        placed.entry.where = placed.entry.origin = "--set";
        entries.push_back(std::move(placed.entry));
    }
}

}  // namespace newsmill
