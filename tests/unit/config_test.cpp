// The configuration: values, units, references, errors with their places, the printed files.
#include "pipeline/config.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "pipeline/config_table.hpp"

namespace newsmill {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

std::vector<std::string> errors(std::string_view text, const std::vector<std::string>& sets = {}) {
    std::vector<std::string> lines;
    for (const ConfigIssue& issue : parse_config(text, "c.toml", sets).errors) {
        lines.push_back(to_string(issue));
    }
    return lines;
}

Config good(std::string_view text, const std::vector<std::string>& sets = {}) {
    const LoadedConfig loaded = parse_config(text, "c.toml", sets);
    for (const ConfigIssue& issue : loaded.errors) ADD_FAILURE() << to_string(issue);
    return loaded.config;
}

std::string read(const std::string& path) {
    std::ifstream file(path);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
}

std::string temporary_file(const std::string& name, const std::string& text) {
    const std::string path = testing::TempDir() + "/" + name;
    std::ofstream(path) << text;
    return path;
}

TEST(Config, AnEmptyFileGivesTheDefaults) {
    const Config config = good("");
    EXPECT_EQ(config.input.type, InputType::kKafka);
    EXPECT_THAT(config.input.kafka.topics, ElementsAre("news.raw"));
    EXPECT_EQ(config.dedup.window_ms, 7 * Config::kDay);
    EXPECT_EQ(config.output.kafka.commit_interval_ms, 200);
    EXPECT_EQ(output_brokers(config), "localhost:9092");
    EXPECT_FALSE(instance_name(config).empty());
}

TEST(Config, ReadsEachType) {
    const Config config = good(R"(
[input]
format = "ninjs"
passthrough = true
article_bytes_max = "2MiB"
[input.kafka]
brokers = "a:9092,b:9092"
topics = ["x", "y"]
[input.kafka.client]
"security.protocol" = "SSL"
debug = "broker"
socket.timeout.ms = 3000
log.connection.close = false
[input.fields]
headline = ["/kicker", "/title"]
[topics]
topics_max = 3
[output]
profile = "ninjs-1.x"
)");
    EXPECT_EQ(config.input.format, InputFormat::kNinjs);
    EXPECT_TRUE(config.input.passthrough);
    EXPECT_EQ(config.input.article_bytes_max, 2 * Config::kMiB);
    EXPECT_THAT(config.input.kafka.topics, ElementsAre("x", "y"));
    EXPECT_EQ(journal_brokers(config), "a:9092,b:9092");
    EXPECT_EQ(config.topics.topics_max, 3);
    EXPECT_EQ(config.output.profile, OutputProfile::kNinjs1);
    const PropertyMap expected = {{"security.protocol", "SSL"},
                                  {"debug", "broker"},
                                  {"socket.timeout.ms", "3000"},
                                  {"log.connection.close", "false"}};
    EXPECT_EQ(config.input.kafka.client, expected);
    const auto fields = field_pointers(config);
    ASSERT_EQ(fields.size(), 1u);
    EXPECT_EQ(fields[0].first, "headline");
    EXPECT_THAT(fields[0].second, ElementsAre("/kicker", "/title"));
}

TEST(Config, ReadsUnits) {
    const auto window = [](const std::string& value) {
        return good("[dedup]\nwindow_ms = " + value).dedup.window_ms;
    };
    EXPECT_EQ(window("1500"), 1500);
    EXPECT_EQ(window("\"1500\""), 1500);
    EXPECT_EQ(window("\"1500ms\""), 1500);
    EXPECT_EQ(window("\"90s\""), 90000);
    EXPECT_EQ(window("\"15 m\""), 15 * 60000);
    EXPECT_EQ(window("\"2h\""), 2 * Config::kHour);
    EXPECT_EQ(window("\"3d\""), 3 * Config::kDay);
    EXPECT_EQ(window("\"2w\""), 14 * Config::kDay);
    const auto bytes = [](const std::string& value) {
        return good("[pipeline]\nmemory_bytes_max = " + value).pipeline.memory_bytes_max;
    };
    EXPECT_EQ(bytes("33554432"), 32 * Config::kMiB);
    EXPECT_EQ(bytes("\"64MiB\""), 64 * Config::kMiB);
    EXPECT_EQ(bytes("\"64MB\""), 64'000'000);
    EXPECT_EQ(bytes("\"3GiB\""), 3 * Config::kGiB);
    EXPECT_EQ(bytes("\"1TiB\""), 1024 * Config::kGiB);
}

TEST(Config, RefusesBadUnits) {
    for (const char* value : {"\"\"", "\"ms\"", "\"10 weeks\"", "\"1.5h\"", "\"10MiB\"", "true",
                              "1.5", "[1]", "\"99999999999999999999s\"", "\"9999999999999999w\"",
                              "\"+5s\"", "\"5s \"", "\" 5s\"", "2000-01-01"}) {
        const auto lines = errors(std::string("[dedup]\nwindow_ms = ") + value);
        ASSERT_EQ(lines.size(), 1u) << value;
        EXPECT_THAT(lines[0], HasSubstr("c.toml:2:13: dedup.window_ms: expected a duration"));
        EXPECT_THAT(lines[0], HasSubstr("ms, s, m, h, d, w"));
    }
}

TEST(Config, SaysAllErrorsWithTheirPlaces) {
    EXPECT_THAT(
        errors(R"([input]
type = "kafak"
article_bytes_max = 12
[input.kafka]
topcs = ["a"]
group = 3
[output.kafka]
compression = "brotli"
)"),
        ElementsAre(
            "c.toml:2:8: input.type: expected one of kafka, files; got \"kafak\"; did you mean "
            "\"kafka\"?",
            "c.toml:3:21: input.article_bytes_max: 12 is out of range: 1KiB to 256MiB",
            "c.toml:5:1: unknown key 'input.kafka.topcs'; did you mean 'input.kafka.topics'?",
            "c.toml:6:9: input.kafka.group: expected a string; got 3: write \"3\"",
            "c.toml:8:15: output.kafka.compression: expected one of none, gzip, snappy, lz4, zstd; "
            "got \"brotli\""));
}

TEST(Config, AnUnknownKeyNamesTheNearest) {
    const auto one = [](std::string_view text) { return errors(text).at(0); };
    EXPECT_THAT(one("[input.kafka]\nsession_timeout = 1"),
                HasSubstr("did you mean 'input.kafka.session_timeout_ms'?"));
    EXPECT_THAT(one("[input]\ntopics = [\"a\"]"), HasSubstr("did you mean 'input.kafka.topics'?"));
    EXPECT_THAT(one("[inptu]\ntype = \"files\"\nother = 1"),
                HasSubstr("c.toml:1:2: unknown table [inptu]; did you mean [input]?"));
    EXPECT_EQ(errors("[inptu]\ntype = \"files\"\nother = 1").size(), 1u);
    EXPECT_THAT(one("[weather]\nx = 1"), HasSubstr("unknown table [weather]; there are input, "));
    EXPECT_THAT(one("[topics]\nzzzzzz = 1"), HasSubstr("[topics] takes enabled, topics_max"));
    EXPECT_THAT(one("[log.level]\nx = 1"), HasSubstr("log.level: expected one of trace"));
    EXPECT_THAT(one("input = 3"), HasSubstr("'input' is a table: write [input]"));
    EXPECT_THAT(one("[[input]]\ntype = 3"), HasSubstr("'input' is a table"));
}

TEST(Config, ASyntaxErrorHasItsPlace) {
    EXPECT_THAT(errors("[input]\ntype = \n"), ElementsAre(HasSubstr("c.toml:2:")));
    EXPECT_THAT(errors("[input]\ntype = \"a\"\ntype = \"b\"")[0], HasSubstr("not valid TOML"));
}

TEST(Config, PutsInReferencesAfterParsing) {
    setenv("NEWSMILL_TEST_A", "east\"\n[input]\ntype = \"files", 1);
    setenv("NEWSMILL_TEST_B", "7", 1);
    setenv("NEWSMILL_TEST_C", "a,b", 1);
    setenv("NEWSMILL_TEST_EMPTY", "", 1);
    unsetenv("NEWSMILL_TEST_NONE");
    EXPECT_THAT(errors("[run]\nid = \"${env:NEWSMILL_TEST_A}\"")[0], HasSubstr("one line"));
    EXPECT_EQ(good("[run]\nid = \"x-${env:NEWSMILL_TEST_B}-y\"").run.id, "x-7-y");
    EXPECT_EQ(good("[run]\nid = \"${env:NEWSMILL_TEST_EMPTY:-a:-b}\"").run.id, "a:-b");
    EXPECT_EQ(good("[run]\nid = \"$${env:X} $5 {}\"").run.id, "${env:X} $5 {}");
    EXPECT_EQ(good("[pipeline]\nlanes_back = \"${env:NEWSMILL_TEST_B}\"").pipeline.lanes_back, 7);
    EXPECT_EQ(good("[quotes]\nenabled = \"${env:NEWSMILL_TEST_NONE:-false}\"").quotes.enabled,
              false);
    EXPECT_THAT(good("[input.kafka]\ntopics = \"${env:NEWSMILL_TEST_C}\"").input.kafka.topics,
                ElementsAre("a", "b"));
    EXPECT_THAT(good("[input.kafka]\ntopics = [\"t${env:NEWSMILL_TEST_B}\"]").input.kafka.topics,
                ElementsAre("t7"));
    EXPECT_THAT(
        errors("[run]\nid = \"${env:NEWSMILL_TEST_NONE}\"")[0],
        HasSubstr("c.toml:2:6: run.id: ${env:NEWSMILL_TEST_NONE}: the variable is not set"));
    for (const char* text : {"${", "${env:}", "${what:x}", "${env", "${}"}) {
        EXPECT_EQ(errors(std::string("[run]\nid = \"") + text + "\"").size(), 1u) << text;
    }
}

TEST(Config, ReadsFilesAndCredentialsAndHidesThem) {
    const std::string path = temporary_file("newsmill_secret", "hunter2\n");
    temporary_file("newsmill_cred", "swordfish\r\n");
    setenv("CREDENTIALS_DIRECTORY", testing::TempDir().c_str(), 1);
    const LoadedConfig loaded = parse_config(
        "[run]\nid = \"${file:" + path + "}\"\n[output.kafka.client]\n" +
            "\"ssl.ca.pem\" = \"${cred:newsmill_cred}\"\n\"sasl.password\" = \"plain\"\n",
        "c.toml");
    ASSERT_TRUE(loaded.ok());
    EXPECT_EQ(loaded.config.run.id, "hunter2");
    EXPECT_EQ(loaded.config.output.kafka.client.at("ssl.ca.pem"), "swordfish");
    EXPECT_EQ(loaded.config.output.kafka.client.at("sasl.password"), "plain");
    for (const std::string& shown : {config_show_toml(loaded), config_show_json(loaded)}) {
        EXPECT_THAT(shown, Not(HasSubstr("hunter2")));
        EXPECT_THAT(shown, Not(HasSubstr("swordfish")));
        EXPECT_THAT(shown, Not(HasSubstr("plain\"")));
        EXPECT_THAT(shown, HasSubstr("***"));
    }
    const auto changes = config_changes(loaded, parse_config("", ""));
    ASSERT_FALSE(changes.empty());
    for (const ConfigChange& change : changes) {
        for (const char* secret : {"hunter2", "swordfish", "plain"}) {
            EXPECT_THAT(change.before, Not(HasSubstr(secret)));
        }
    }
    // Nor does a message show what was read.
    const auto lines = errors("[topics]\ntopics_max = \"${file:" + path + "}\"");
    ASSERT_EQ(lines.size(), 1u);
    EXPECT_THAT(lines[0], Not(HasSubstr("hunter2")));
    EXPECT_THAT(errors("[run]\nid = \"${file:/no/such/file}\"")[0],
                HasSubstr("cannot read '/no/such/file': No such file"));
    EXPECT_THAT(errors("[run]\nid = \"${cred:../x}\"")[0], HasSubstr("no slashes"));
    unsetenv("CREDENTIALS_DIRECTORY");
    EXPECT_THAT(errors("[run]\nid = \"${cred:x}\"")[0], HasSubstr("$CREDENTIALS_DIRECTORY"));
}

TEST(Config, SetsComeAfterTheFile) {
    const std::vector<std::string> sets = {
        "run.id=42",
        "run.id = night",
        "input.kafka.topics=a,b",
        "dedup.window_ms=2h",
        "quotes.enabled=false",
        "input.kafka.client.security.protocol=SSL",
        "output.kafka.client={\"acks\"=1, sasl={username=\"u\"}}",
        "log.level=\"debug\""};
    const LoadedConfig loaded = parse_config("[run]\nid = \"file\"", "c.toml", sets);
    ASSERT_TRUE(loaded.ok());
    EXPECT_EQ(loaded.config.run.id, "night");
    EXPECT_EQ(loaded.origins.at("run.id"), "--set");
    EXPECT_THAT(loaded.config.input.kafka.topics, ElementsAre("a", "b"));
    EXPECT_EQ(loaded.config.dedup.window_ms, 2 * Config::kHour);
    EXPECT_FALSE(loaded.config.quotes.enabled);
    EXPECT_EQ(loaded.config.input.kafka.client.at("security.protocol"), "SSL");
    EXPECT_EQ(loaded.config.output.kafka.client.at("acks"), "1");
    EXPECT_EQ(loaded.config.output.kafka.client.at("sasl.username"), "u");
    EXPECT_EQ(loaded.config.log.level, LogLevel::kDebug);

    EXPECT_EQ(good("", {"run.id=42"}).run.id, "42");
    EXPECT_EQ(good("", {"run.id=true"}).run.id, "true");
    EXPECT_EQ(good("", {"run.id=a=b"}).run.id, "a=b");
    EXPECT_THAT(errors("", {"run.id"})[0], HasSubstr("--set: 'run.id' is not key=value"));
    EXPECT_THAT(errors("", {"run.di=x"})[0], HasSubstr("did you mean 'run.id'?"));
    EXPECT_THAT(errors("", {"input.kafka.topics=[\"a\""})[0], HasSubstr("--set: "));
    EXPECT_THAT(errors("", {"topics.topics_max=lots"})[0], HasSubstr("got \"lots\""));
    // A newline can't smuggle a second key in.
    EXPECT_EQ(errors("", {"topics.topics_max=3\nx=4"}).size(), 1u);
}

TEST(Config, RefusesPropertiesThatAreItsOwn) {
    EXPECT_THAT(
        errors("[input.kafka.client]\ngroup.id = \"x\"\n\"enable.auto.commit\" = true\n"
               "[output.kafka.client]\n\"bootstrap.servers\" = \"a\"\n"),
        ElementsAre("c.toml:2:7: input.kafka.client.group.id: use 'input.kafka.group' instead",
                    "c.toml:3:1: input.kafka.client.enable.auto.commit: newsmill sets this itself",
                    "c.toml:5:1: output.kafka.client.bootstrap.servers: use "
                    "'output.kafka.brokers' instead"));
    EXPECT_EQ(errors("[input.kafka.client]\ndebug = [\"a\"]").size(), 1u);
    EXPECT_EQ(errors("[input.kafka.client]\n\"a.b\" = 1\na.b = 2").size(), 1u);
}

TEST(Config, FindsContradictions) {
    const auto one = [](std::string_view text) {
        const auto lines = errors(text);
        return lines.size() == 1 ? lines[0] : testing::PrintToString(lines);
    };
    EXPECT_THAT(one("[input.kafka]\nsession_timeout_ms = \"10m\""),
                HasSubstr("c.toml:2: input.kafka.max_poll_interval_ms (\"5m\") must not be less"));
    EXPECT_THAT(one("[output.kafka]\ntransaction_timeout_ms = \"1s\"\ncommit_interval_ms = \"2s\""),
                HasSubstr("commit_interval_ms"));
    EXPECT_THAT(one("[input]\narticle_bytes_max = \"8MiB\""), HasSubstr("dead letter"));
}

TEST(Config, ADaemonMayNotReadWhatItWrites) {
    const auto one = [](std::string_view text) { return errors(text).at(0); };
    EXPECT_THAT(one("[input.kafka]\ntopics = [\"news.enriched\"]"),
                HasSubstr("c.toml:2: output.kafka.topic: input.kafka.topics has 'news.enriched'"));
    EXPECT_THAT(one("[input.kafka]\ntopics = [\"^news\\\\..*\"]"), HasSubstr("news.enriched"));
    EXPECT_EQ(errors("[input.kafka]\ntopics = [\"^raw\\\\..*\"]").size(), 0u);
    EXPECT_THAT(one("[input.kafka]\ntopics = [\"^raw[\"]"), HasSubstr("regular expression"));
    // The journal's and the duplicates' topics count only when they are used.
    EXPECT_EQ(errors("[input.kafka]\ntopics = [\"news.journal\"]").size(), 1u);
    EXPECT_EQ(
        errors("[input.kafka]\ntopics = [\"news.journal\"]\n[dedup]\njournal = \"memory\"").size(),
        0u);
    EXPECT_THAT(one("[output.kafka]\ndead_letter_topic = \"news.enriched\""),
                HasSubstr("is output.kafka.topic already"));
    EXPECT_EQ(errors("[input.kafka]\nbrokers = \"far:9092\"\ntopics = [\"news.enriched\"]\n"
                     "[output.kafka]\nbrokers = \"near:9092\"")
                  .size(),
              0u);
}

TEST(Config, ChecksTopicsAndBrokers) {
    for (const char* topic : {"a b", "ä", "a/b", ".", "..", "a:b"}) {
        EXPECT_EQ(errors("[output.kafka]\ntopic = \"" + std::string(topic) + "\"").size(), 1u)
            << topic;
    }
    for (const char* brokers : {"a:b", "a:0", "a:99999", ":9092", "a b:1", "a:1,,b:2"}) {
        EXPECT_GE(errors("[input.kafka]\nbrokers = \"" + std::string(brokers) + "\"").size(), 1u)
            << brokers;
    }
    for (const char* brokers :
         {"a", "a:9092, b:9092", "[::1]:9092", "SSL://a.b.c:443", "10.0.0.1"}) {
        EXPECT_EQ(errors("[input.kafka]\nbrokers = \"" + std::string(brokers) + "\"").size(), 0u)
            << brokers;
    }
}

TEST(Config, TheHashCountsWhatCanChangeARecord) {
    const auto hash = [](std::string_view text) { return parse_config(text, "c.toml").hash; };
    const std::string base = hash("");
    EXPECT_EQ(base.size(), 16u);
    EXPECT_EQ(hash("[dedup]\nwindow_ms = \"168h\""), base);  // the default, said otherwise
    for (const char* text :
         {"[run]\nid = \"x\"", "[log]\nlevel = \"debug\"", "[pipeline]\nlanes_front = 2",
          "[input.kafka]\nbrokers = \"x\"", "[output.kafka.client]\nacks = 1",
          "[dedup]\njournal = \"kafka\"", "[pipeline]\nbatch_articles_max = 7"}) {
        EXPECT_EQ(hash(text), base) << text;
    }
    std::set<std::string> hashes = {base};
    for (const char* text :
         {"[input]\npassthrough = true", "[input.fields]\nheadline = [\"/a\"]",
          "[input.fields]\nbody = [\"/a\"]", "[dedup]\nwindow_ms = \"1h\"",
          "[quotes]\nenabled = false", "[topics]\nenabled = false",
          "[output]\nprofile = \"ninjs-1.x\"", "[normalize]\ntracking_parameters = []"}) {
        EXPECT_TRUE(hashes.insert(hash(text)).second) << text;
    }
}

TEST(Config, AMessageIsOneShortLine) {
    const auto lines = errors("[input]\ntype = \"" + std::string(100000, 'x') +
                              "\"\n\"a\\nb\" = 1\n" + "format = \"\\u001b[31m\\n\"\n");
    ASSERT_EQ(lines.size(), 3u);
    for (const std::string& line : lines) {
        EXPECT_LT(line.size(), 250u);
        EXPECT_THAT(line, Not(HasSubstr("\n")));
        EXPECT_THAT(line, Not(HasSubstr("\x1b")));
    }
}

TEST(Config, AFileThatCantBeReadIsAnError) {
    const LoadedConfig missing = load_config("/no/such/newsmill.toml");
    ASSERT_EQ(missing.errors.size(), 1u);
    EXPECT_EQ(to_string(missing.errors[0]),
              "/no/such/newsmill.toml: cannot read the file: No such file or directory");
    EXPECT_FALSE(load_config("/").ok());
    EXPECT_TRUE(load_config("").ok());
}

TEST(ConfigTable, DefaultsLieInTheirRangesAndNamesFollowTheHouse) {
    Config defaults;
    std::set<std::string> paths;
    for (const OptionInfo& option : config_options()) {
        EXPECT_TRUE(paths.insert(option.path).second) << option.path;
        EXPECT_FALSE(option.doc.empty()) << option.path;
        const OptionValue value = option.value(defaults);
        if (const auto* number = std::get_if<std::int64_t*>(&value)) {
            EXPECT_GE(**number, option.min) << option.path;
            EXPECT_LE(**number, option.max) << option.path;
            const bool is_time = option.kind == OptionKind::kDuration;
            EXPECT_EQ(is_time, option.key.find("_ms") != option.key.npos) << option.path;
            const bool is_size = option.kind == OptionKind::kBytes;
            EXPECT_EQ(is_size, option.key.find("_bytes") != option.key.npos) << option.path;
        }
    }
}

TEST(ConfigTable, EveryDefaultIsReadBackAsItIsPrinted) {
    const LoadedConfig loaded = parse_config(default_config_toml(), "newsmill.toml");
    for (const ConfigIssue& issue : loaded.errors) ADD_FAILURE() << to_string(issue);
    EXPECT_TRUE(loaded.warnings.empty());
    EXPECT_TRUE(config_changes(loaded, parse_config("", "")).empty());
    EXPECT_EQ(loaded.hash, parse_config("", "").hash);
    for (const OptionInfo& option : config_options()) {
        if (option.kind == OptionKind::kProperties) continue;
        EXPECT_TRUE(loaded.origins.contains(option.path)) << option.path;
    }
}

TEST(ConfigTable, ThePrintedFilesAreUpToDate) {
    const std::string root = NEWSMILL_SOURCE_DIR;
    EXPECT_EQ(read(root + "/configs/newsmill.toml"), default_config_toml())
        << "run: newsmill config keys --toml > configs/newsmill.toml";
    EXPECT_EQ(read(root + "/docs/configuration.md"), config_markdown())
        << "run: newsmill config keys --markdown > docs/configuration.md";
}

TEST(ConfigTable, EveryConfigOfTheProjectIsGood) {
    setenv("CREDENTIALS_DIRECTORY", testing::TempDir().c_str(), 1);
    temporary_file("kafka-password", "x");
    for (const auto& file : std::filesystem::directory_iterator(NEWSMILL_SOURCE_DIR "/configs")) {
        if (file.path().extension() != ".toml") continue;
        const LoadedConfig loaded = load_config(file.path().string());
        for (const ConfigIssue& issue : loaded.errors) ADD_FAILURE() << to_string(issue);
        for (const ConfigIssue& issue : loaded.warnings) ADD_FAILURE() << to_string(issue);
    }
    unsetenv("CREDENTIALS_DIRECTORY");
}

}  // namespace
}  // namespace newsmill
