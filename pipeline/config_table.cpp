#include "pipeline/config_table.hpp"

#include <algorithm>
#include <cctype>

namespace newsmill {
namespace {

// The names of each enum's values, in the order of its values.
template <typename Enum>
struct ChoiceNames;
#define CHOICE_NAMES(Enum, ...)                                     \
    template <>                                                     \
    struct ChoiceNames<Enum> {                                      \
        static constexpr std::string_view kNames[] = {__VA_ARGS__}; \
    };

CHOICE_NAMES(InputType, "kafka", "files")
CHOICE_NAMES(InputFormat, "auto", "json", "ninjs", "text", "xml", "html", "wire")
CHOICE_NAMES(OffsetReset, "earliest", "latest")
CHOICE_NAMES(JournalType, "memory", "file", "kafka")
CHOICE_NAMES(SettingsRule, "adopt", "change")
CHOICE_NAMES(OutputType, "kafka", "stdout")
CHOICE_NAMES(OutputProfile, "ninjs-3.1-ext", "ninjs-3.1", "ninjs-1.x")
CHOICE_NAMES(Duplicates, "annotate", "route", "drop")
CHOICE_NAMES(Delivery, "exactly_once", "at_least_once")
CHOICE_NAMES(Compression, "none", "gzip", "snappy", "lz4", "zstd")
CHOICE_NAMES(ArchiveSync, "commit", "segment")
CHOICE_NAMES(ArchiveFull, "stop", "skip")
CHOICE_NAMES(RunMode, "live", "replay", "shadow", "demo")
CHOICE_NAMES(LogLevel, "trace", "debug", "info", "warning", "error", "off")
CHOICE_NAMES(LogFormat, "text", "json")
#undef CHOICE_NAMES

template <typename Type>
struct KindOf;
#define KIND(Type, kind)                                                  \
    template <>                                                           \
    struct KindOf<config_type::Type> {                                    \
        static constexpr OptionKind kKind = kind;                         \
        static constexpr std::span<const std::string_view> kChoices = {}; \
    };
KIND(Flag, OptionKind::kFlag)
KIND(Count, OptionKind::kCount)
KIND(Bytes, OptionKind::kBytes)
KIND(Duration, OptionKind::kDuration)
KIND(Text, OptionKind::kText)
KIND(List, OptionKind::kList)
KIND(Pointers, OptionKind::kPointers)
KIND(Properties, OptionKind::kProperties)
#undef KIND
template <typename Enum>
struct KindOf<config_type::Choice<Enum>> {
    static constexpr OptionKind kKind = OptionKind::kChoice;
    static constexpr std::span<const std::string_view> kChoices = ChoiceNames<Enum>::kNames;
};

template <typename Value>
OptionValue value_of(Value& value) {
    if constexpr (std::is_enum_v<Value>) {
        static_assert(sizeof(Value) == 1);
        return ChoiceRef{reinterpret_cast<std::uint8_t*>(&value)};
    } else {
        return &value;
    }
}

constexpr Reload kHot = Reload::kHot;
constexpr Reload kDrain = Reload::kDrain;
constexpr Reload kRestart = Reload::kRestart;
constexpr bool kRecord = true;
constexpr bool kNone = false;

struct Table : ConfigUnits {
    std::vector<OptionInfo> options;
    std::vector<SectionInfo> sections;

    Table() {
        using namespace config_type;
#define SECTION(Type, name, path, doc) sections.push_back({path, doc});
#define OPTION(section, key, type, initial, min, max, unit, reload, effect, doc)    \
    options.push_back({#section, #key, #section "." #key, KindOf<type>::kKind,      \
                       KindOf<type>::kChoices, min, max, unit, reload, effect, doc, \
                       [](Config& config) { return value_of(config.section.key); }});
#define END_SECTION(name)
#include "pipeline/config_options.inc"
#undef SECTION
#undef OPTION
#undef END_SECTION
    }
};

const Table& table() {
    static const Table kTable;
    return kTable;
}

template <typename Enum>
std::string_view name_of(Enum value) noexcept {
    return ChoiceNames<Enum>::kNames[static_cast<std::size_t>(value)];
}

}  // namespace

std::span<const OptionInfo> config_options() { return table().options; }
std::span<const SectionInfo> config_sections() { return table().sections; }

const OptionInfo* find_option(std::string_view path) {
    for (const OptionInfo& option : config_options()) {
        if (option.path == path) return &option;
    }
    return nullptr;
}

std::string_view reload_name(Reload reload) noexcept {
    switch (reload) {
        case Reload::kHot: return "hot";
        case Reload::kDrain: return "drain";
        case Reload::kRestart: return "restart";
    }
    return "";
}

bool is_secret_property(std::string_view name) noexcept {
    return name.starts_with("sasl.") || name.starts_with("ssl.key.") ||
           name.find("password") != name.npos || name.find("secret") != name.npos ||
           name.find("token") != name.npos;
}

std::string_view choice_name(InputType value) noexcept { return name_of(value); }
std::string_view choice_name(InputFormat value) noexcept { return name_of(value); }
std::string_view choice_name(OffsetReset value) noexcept { return name_of(value); }
std::string_view choice_name(JournalType value) noexcept { return name_of(value); }
std::string_view choice_name(SettingsRule value) noexcept { return name_of(value); }
std::string_view choice_name(OutputType value) noexcept { return name_of(value); }
std::string_view choice_name(OutputProfile value) noexcept { return name_of(value); }
std::string_view choice_name(Duplicates value) noexcept { return name_of(value); }
std::string_view choice_name(Delivery value) noexcept { return name_of(value); }
std::string_view choice_name(Compression value) noexcept { return name_of(value); }
std::string_view choice_name(ArchiveSync value) noexcept { return name_of(value); }
std::string_view choice_name(ArchiveFull value) noexcept { return name_of(value); }
std::string_view choice_name(RunMode value) noexcept { return name_of(value); }
std::string_view choice_name(LogLevel value) noexcept { return name_of(value); }
std::string_view choice_name(LogFormat value) noexcept { return name_of(value); }

}  // namespace newsmill
