// The command line: exit codes, what goes to which stream, suggestions, completions.
#include "daemon/cli.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "pipeline/config_table.hpp"

namespace newsmill {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

struct Result {
    int code;
    std::string out;
    std::string err;
};

Result run(std::vector<const char*> words) {
    words.insert(words.begin(), "newsmill");
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    Result result;
    result.code = run_cli(static_cast<int>(words.size()), words.data());
    result.out = testing::internal::GetCapturedStdout();
    result.err = testing::internal::GetCapturedStderr();
    return result;
}

std::string config_file(const std::string& text) {
    const std::string path = testing::TempDir() + "/newsmill_cli_test.toml";
    std::ofstream(path) << text;
    return path;
}

TEST(Cli, NoCommandIsAUsageError) {
    const Result result = run({});
    EXPECT_EQ(result.code, kExitUsage);
    EXPECT_THAT(result.out, IsEmpty());
    EXPECT_THAT(result.err, HasSubstr("Usage: newsmill"));
}

TEST(Cli, HelpIsData) {
    for (const std::vector<const char*>& words : std::vector<std::vector<const char*>>{
             {"--help"}, {"check", "--help"}, {"config", "-h"}, {"config", "show", "--help"}}) {
        const Result result = run(words);
        EXPECT_EQ(result.code, kExitOk);
        EXPECT_THAT(result.out, HasSubstr("Usage: newsmill"));
        EXPECT_THAT(result.err, IsEmpty());
    }
    EXPECT_THAT(run({"config", "show", "--help"}).out, HasSubstr("Usage: newsmill config show"));
}

TEST(Cli, EveryCommandHasHelp) {
    for (const Command& command : commands()) {
        const Result result = run({command.name, "--help"});
        EXPECT_EQ(result.code, kExitOk) << command.name;
        EXPECT_THAT(result.out, HasSubstr(std::string("Usage: newsmill ") + command.name));
        EXPECT_THAT(run({"--help"}).out, HasSubstr(command.summary));
    }
}

TEST(Cli, AWrongWordNamesTheNearest) {
    const auto says = [](const std::vector<const char*>& words, const char* what) {
        const Result result = run(words);
        EXPECT_EQ(result.code, kExitUsage);
        EXPECT_THAT(result.out, IsEmpty());
        EXPECT_THAT(result.err, StartsWith("newsmill: "));
        EXPECT_THAT(result.err, HasSubstr(what));
        EXPECT_THAT(result.err, HasSubstr("--help'"));
    };
    says({"chekc"}, "unknown command 'chekc'; did you mean 'check'?");
    says({"config", "shwo"}, "unknown command 'shwo'; did you mean 'show'?");
    says({"version", "--jsno"}, "unknown option '--jsno'; did you mean '--json'?");
    says({"version", "extra"}, "unexpected argument 'extra'");
    says({"check"}, "--config is required");
    says({"completion", "powershell"}, "powershell");
    says({"config", "keys", "--json", "--toml"}, "[--json,--markdown,--toml]");
}

TEST(Cli, Version) {
    EXPECT_THAT(run({"--version"}).out, StartsWith("newsmill 0."));
    EXPECT_THAT(run({"version"}).out, HasSubstr("librdkafka 2"));
    const Result json = run({"version", "--json"});
    EXPECT_EQ(json.code, kExitOk);
    EXPECT_THAT(json.out, StartsWith("{\"name\": \"newsmill\", \"version\": \"0."));
}

TEST(Cli, CheckPrintsTheMemorySum) {
    const std::string file = config_file("[input.kafka]\ntopics = [\"raw\"]\n");
    const Result result = run({"check", "-c", file.c_str()});
    EXPECT_EQ(result.code, kExitOk);
    EXPECT_THAT(result.err, IsEmpty());
    EXPECT_THAT(result.out, HasSubstr("pipeline.memory_bytes_max"));
    const Result json = run({"check", "--json", "-c", file.c_str()});
    EXPECT_EQ(json.code, kExitOk);
    EXPECT_THAT(json.out, StartsWith("{\"ok\": true"));
}

TEST(Cli, CheckRefusesWhatDoesNotFit) {
    const std::string file = config_file("");
    const Result result =
        run({"check", "-c", file.c_str(), "--set", "pipeline.memory_bytes_max=64MiB"});
    EXPECT_EQ(result.code, kExitConfig);
    EXPECT_THAT(result.err, HasSubstr("is more than pipeline.memory_bytes_max, 64 MiB"));
}

TEST(Cli, CheckSaysAllErrors) {
    const std::string file = config_file("[input]\ntpye = 1\n[log]\nlevel = \"loud\"\n");
    const Result result = run({"check", "-c", file.c_str()});
    EXPECT_EQ(result.code, kExitConfig);
    EXPECT_THAT(result.out, IsEmpty());
    EXPECT_THAT(result.err, HasSubstr(file + ":2:1: unknown key 'input.tpye'; did you mean "
                                             "'input.type'?\n"));
    EXPECT_THAT(result.err, HasSubstr(file + ":4:9: log.level: expected one of"));
    EXPECT_THAT(result.err, HasSubstr("newsmill: 2 errors in the configuration"));
    const Result json = run({"check", "--json", "-c", file.c_str()});
    EXPECT_EQ(json.code, kExitConfig);
    EXPECT_THAT(json.out, StartsWith("{\"ok\": false"));
    EXPECT_THAT(json.err, IsEmpty());
}

TEST(Cli, ConfigShowSaysWhereAValueCameFrom) {
    const std::string file = config_file("[run]\nid = \"night\"\n");
    const Result result = run({"config", "show", "-c", file.c_str(), "--set", "log.level=debug",
                               "--set", "run.mode=replay"});
    EXPECT_EQ(result.code, kExitOk);
    EXPECT_THAT(result.out, HasSubstr("id = \"night\""));
    EXPECT_THAT(result.out, HasSubstr("# " + file + ":2\n"));
    EXPECT_THAT(result.out, HasSubstr("# --set\n"));
    EXPECT_THAT(result.out, HasSubstr("# default\n"));
}

TEST(Cli, ConfigDiff) {
    const std::string before = config_file("");
    const std::string after = testing::TempDir() + "/newsmill_cli_after.toml";
    std::ofstream(after) << "[dedup]\nwindow_ms = \"1d\"\n[log]\nlevel = \"debug\"\n";
    const Result result = run({"config", "diff", before.c_str(), after.c_str()});
    EXPECT_EQ(result.code, kExitOk);
    EXPECT_THAT(result.out,
                HasSubstr("dedup.window_ms: \"7d\" -> \"1d\"  (drain, changes records)"));
    EXPECT_THAT(result.out, HasSubstr("log.level: \"info\" -> \"debug\"  (hot)"));
    EXPECT_THAT(result.out, HasSubstr("a running daemon needs: drain"));
    EXPECT_EQ(run({"config", "diff", before.c_str(), before.c_str()}).out, "no difference\n");
}

TEST(Cli, ManualPagesHoldAllCommandsAndOptions) {
    const std::string program = run({"man", "newsmill"}).out;
    for (const Command& command : commands()) {
        EXPECT_THAT(program, HasSubstr("\\fBnewsmill " + std::string(command.name)));
    }
    EXPECT_THAT(program, HasSubstr("\\fB\\-\\-until\\-eof\\fR"));
    const std::string file = run({"man", "newsmill.toml"}).out;
    for (const OptionInfo& option : config_options()) {
        EXPECT_THAT(file, HasSubstr(".TP\n\\fB" + std::string(option.key) + "\\fR\n"));
    }
    EXPECT_EQ(run({"man", "other"}).code, kExitUsage);
}

TEST(Cli, CompletionsKnowTheCommands) {
    for (const char* shell : {"bash", "zsh", "fish"}) {
        const Result result = run({"completion", shell});
        EXPECT_EQ(result.code, kExitOk);
        for (const char* word : {"check", "config", "show", "diff", "completion"}) {
            EXPECT_THAT(result.out, HasSubstr(word)) << shell;
        }
        EXPECT_THAT(result.out, Not(::testing::ContainsRegex("[^a-z]form[^a-z]")));
    }
}

}  // namespace
}  // namespace newsmill
