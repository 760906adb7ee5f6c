// The architecture's rules about who may know whom, read from the sources' include lines.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace newsmill {
namespace {

struct Include {
    std::string from;  // "stages/parse.cpp"
    std::string what;  // "pipeline/stage.hpp", "vector"
};

bool is_source(const std::filesystem::path& path) {
    return path.extension() == ".hpp" || path.extension() == ".cpp";
}

std::vector<std::string> sources() {
    const std::filesystem::path root = NEWSMILL_SOURCE_DIR;
    std::vector<std::string> found;
    for (const char* folder : {"pipeline", "stages", "daemon", "tests", "bench"}) {
        if (!std::filesystem::exists(root / folder)) continue;
        for (const auto& entry : std::filesystem::recursive_directory_iterator(root / folder)) {
            if (is_source(entry.path())) {
                found.push_back(std::filesystem::relative(entry.path(), root).generic_string());
            }
        }
    }
    std::sort(found.begin(), found.end());
    return found;
}

// The name between the brackets or quotes of an include line; else empty.
std::string included(std::string_view line) {
    const auto skip_space = [&line] {
        line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    };
    for (const std::string_view token : {"#", "include"}) {
        skip_space();
        if (!line.starts_with(token)) return {};
        line.remove_prefix(token.size());
    }
    skip_space();
    if (line.empty() || (line[0] != '<' && line[0] != '"')) return {};
    return std::string(line.substr(1, line.find_first_of(">\"", 1) - 1));
}

std::vector<Include> includes() {
    std::vector<Include> found;
    for (const std::string& source : sources()) {
        std::ifstream in(std::string(NEWSMILL_SOURCE_DIR) + "/" + source);
        for (std::string line; std::getline(in, line);) {
            if (std::string name = included(line); !name.empty()) found.push_back({source, name});
        }
    }
    return found;
}

bool is_in(const std::string& path, const char* folder) {
    return path.starts_with(std::string(folder) + "/");
}

// Every include line that breaks the rule, named.
void expect_none(const std::function<bool(const Include&)>& is_forbidden) {
    for (const Include& include : includes()) {
        EXPECT_FALSE(is_forbidden(include)) << include.from << " includes " << include.what;
    }
}

TEST(IncludeRules, SeesTheSources) { EXPECT_GT(includes().size(), 20u); }

TEST(IncludeRules, StagesKnowOnlyTheSeamsOfTheEngine) {
    expect_none([](const Include& include) {
        if (!is_in(include.from, "stages")) return false;
        if (is_in(include.what, "daemon")) return true;
        return is_in(include.what, "pipeline") && include.what != "pipeline/stage.hpp" &&
               include.what != "pipeline/batch.hpp" && include.what != "pipeline/check.hpp" &&
               include.what != "pipeline/pages.hpp";
    });
}

TEST(IncludeRules, StagesDoNoInputOutputAndNoWaiting) {
    constexpr std::string_view kForbidden[] = {
        "fstream", "iostream", "filesystem", "thread",   "mutex",    "condition_variable",
        "future",  "random",   "ctime",      "unistd.h", "stdio.h",  "fcntl.h",
        "time.h",  "locale",   "clocale",    "locale.h", "rdkafka.h"};
    expect_none([&](const Include& include) {
        return is_in(include.from, "stages") &&
               (include.what.starts_with("sys/") || include.what.starts_with("spdlog/") ||
                include.what.starts_with("librdkafka/") ||
                std::find(std::begin(kForbidden), std::end(kForbidden), include.what) !=
                    std::end(kForbidden));
    });
}

TEST(IncludeRules, TheEngineKnowsNeitherStagesNorTheDaemon) {
    expect_none([](const Include& include) {
        return is_in(include.from, "pipeline") &&
               (is_in(include.what, "stages") || is_in(include.what, "daemon"));
    });
}

TEST(IncludeRules, OnlyTheKafkaFolderKnowsTheClient) {
    expect_none([](const Include& include) {
        return include.what.find("rdkafka") != std::string::npos &&
               !is_in(include.from, "pipeline/kafka") && !is_in(include.from, "tests/kafka") &&
               !is_in(include.from, "bench/peers");
    });
}

TEST(IncludeRules, HeadersHideTheLibraries) {
    constexpr std::string_view kLibraries[] = {"simdjson", "unicode/", "spdlog/", "CLI/",
                                               "toml",     "pugixml",  "gumbo",   "cld2",
                                               "zlib",     "zstd",     "xxhash",  "librdkafka"};
    expect_none([&](const Include& include) {
        return include.from.ends_with(".hpp") && !is_in(include.from, "tests") &&
               !is_in(include.from, "bench") && !is_in(include.from, "pipeline/kafka") &&
               std::any_of(std::begin(kLibraries), std::end(kLibraries),
                           [&](std::string_view name) { return include.what.starts_with(name); });
    });
}

TEST(IncludeRules, StagesReadNoClock) {
    constexpr std::string_view kForbidden[] = {"_clock::now", "clock_gettime(", "gettimeofday(",
                                               "getenv(",     " rand(",         "std::rand("};
    for (const std::string& source : sources()) {
        if (!is_in(source, "stages")) continue;
        std::ifstream in(std::string(NEWSMILL_SOURCE_DIR) + "/" + source);
        int number = 0;
        for (std::string line; std::getline(in, line);) {
            ++number;
            const std::string code = line.substr(0, line.find("//"));
            for (const std::string_view call : kForbidden) {
                EXPECT_EQ(code.find(call), std::string::npos) << source << ":" << number;
            }
        }
    }
}

}  // namespace
}  // namespace newsmill
