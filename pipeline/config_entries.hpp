// Inside the configuration: what a TOML file or a --set says, before anyone knows what it means.
// Keeps the TOML library in one file.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/config.hpp"

namespace newsmill {

struct ConfigValue {
    enum class Type : std::uint8_t { kString, kInteger, kFloat, kFlag, kDate, kArray, kTable };

    Type type = Type::kString;
    std::string text;  // a string's value; for other scalars how they were written
    std::int64_t integer = 0;
    bool flag = false;
    std::vector<ConfigValue> items;
    std::string where;
    bool loose = false;   // from --set or ${...}: text may stand for a number, a flag or a list
    bool secret = false;  // from ${file:} or ${cred:}
};

struct ConfigEntry {
    std::string path;    // "input.kafka.topics"
    std::string where;   // of the key: "newsmill.toml:12:3", "--set"
    std::string origin;  // without the column: "newsmill.toml:12", "--set"
    ConfigValue value;   // kTable: the table's own entries follow
};

// Appends the entries of a file in its order. A syntax error is one issue and no entry.
void read_toml(std::string_view text, std::string_view name, std::vector<ConfigEntry>& entries,
               std::vector<ConfigIssue>& issues);

// Appends the entries of one "key=value".
void read_set(std::string_view set, std::vector<ConfigEntry>& entries,
              std::vector<ConfigIssue>& issues);

// Puts in what ${env:}, ${file:} and ${cred:} stand for, in all strings of the value. False if one
// could not be read; then there is an issue.
bool substitute(ConfigValue& value, std::string_view path, std::vector<ConfigIssue>& issues);

// Contradictions between options, and what is legal but odd.
void check_config(LoadedConfig& loaded);

// The nearest of the candidates by edit distance, or empty if none is near: at most a third of the
// word and at most `distance_max` letters may differ.
std::string_view nearest(std::string_view word, const std::vector<std::string_view>& candidates,
                         std::size_t distance_max = 4);

}  // namespace newsmill
