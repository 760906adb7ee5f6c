// The commands about duplicates: calibrate, explain, dedup.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "daemon/journal_wiring.hpp"
#include "daemon/mill.hpp"
#include "pipeline/journal_record.hpp"
#include "tests/unit/cli_run.hpp"

namespace newsmill {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

// Each paragraph a sentence; the report about the same form has other facts.
const std::string kBridge =
    "The harbour board of Norvik closed the old swing bridge on Monday after engineers found 14 "
    "cracks in its main beam. Traffic over the river Alda, about 3,200 vehicles a day, is sent "
    "through Teglund until the autumn. The repair will cost 2.75 million crowns, said the "
    "board's chairman, Oskar Lindahl. Shopkeepers on the east bank fear for their takings, and "
    "the school in Vestby has changed the hours of its buses. The bridge was built in 1931 and "
    "last painted in 1988, when Lindahl's father was its keeper.";
const std::string kBridgeCut =
    "The harbour board of Norvik closed the old swing bridge on Monday after engineers found 14 "
    "cracks in its main beam. Traffic over the river Alda, about 3,200 vehicles a day, is sent "
    "through Teglund until the autumn.";
const std::string kRecipe =
    "Slice the leeks thinly and wash them twice. Melt the butter in a heavy pan, add the leeks "
    "with a pinch of salt and let them soften slowly under a lid, without colour. Stir in the "
    "flour, then the milk, a little at a time, and simmer until the sauce coats a spoon. Fold in "
    "the grated cheese, pour everything over the boiled potatoes and bake until golden.";

class CliDedup : public testing::Test {
   protected:
    void SetUp() override {
        folder_ = testing::TempDir() + "/newsmill_cli_dedup_" + std::to_string(getpid()) + "_" +
                  testing::UnitTest::GetInstance()->current_test_info()->name();
        std::filesystem::remove_all(folder_);
        std::filesystem::create_directories(folder_);
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    std::string file(const std::string& name, const std::string& text) const {
        const std::string path = folder_ + "/" + name;
        std::ofstream(path) << text;
        return path;
    }
    static std::string article(const std::string& uri, const std::string& body) {
        return "{\"uri\": \"" + uri + "\", \"title\": \"A headline\", \"body\": \"" + body +
               "\"}\n";
    }
    std::string config(const std::string& name) const {
        return file(name + ".toml", "[dedup]\njournal = \"file\"\nsnapshot_path = \"" + folder_ +
                                        "/" + name + "-snapshots\"\n[dedup.file]\npath = \"" +
                                        folder_ + "/" + name + "\"\n");
    }

    std::string folder_;
};

TEST_F(CliDedup, CalibrateOfPairs) {
    const std::string pairs = file(
        "pairs.ndjson", "{\"a\": {\"title\": \"Bridge\", \"body\": \"" + kBridge +
                            "\"}, \"b\": \"" + kBridgeCut + "\", \"duplicate\": true}\n{\"a\": \"" +
                            kBridge + "\", \"b\": \"" + kRecipe + "\", \"duplicate\": false}\n");
    const std::string in_use = "dedup.near.containment_min=300";
    const Result table = run({"calibrate", "--pairs", pairs, "--set", in_use});
    EXPECT_EQ(table.code, kExitOk) << table.err;
    EXPECT_THAT(table.out, HasSubstr("2 pairs, 1 of them copies\n"));
    EXPECT_THAT(table.out, HasSubstr("best: dedup.near.containment_min = 300, F1 1.0000\n"));
    const Result json = run({"calibrate", "--json", "--pairs", pairs, "--set", in_use});
    EXPECT_THAT(json.out, StartsWith("{\"pairs\": 2, \"unreadable\": 0, \"thresholds\": ["));
    EXPECT_THAT(json.out, HasSubstr("\"inUse\": 0.30, \"best\": 0.30}"));
}

TEST_F(CliDedup, CalibrateOfALabelledSet) {
    const auto line = [](int cluster, const std::string& body) {
        return "{\"cluster\": " + std::to_string(cluster) + ", \"title\": \"\", \"body\": \"" +
               body + "\"}\n";
    };
    const std::string set = file(
        "set.ndjson", line(1, kBridge) + line(2, kRecipe) + line(1, kBridgeCut) + line(2, kRecipe));
    const Result table = run({"calibrate", "--pairs", set});
    EXPECT_THAT(table.out, HasSubstr("4 articles, 2 of them copies\n"));
    EXPECT_THAT(table.out, HasSubstr("F1 1.0000\n"));
    // Another threshold in use is one of the rows.
    const Result other =
        run({"calibrate", "--pairs", set, "--set", "dedup.near.containment_min=333"});
    EXPECT_THAT(other.out,
                HasSubstr("0.33     1.0000  1.0000  1.0000         0         0  in use"));
}

TEST_F(CliDedup, CalibrateRefusesWhatHasNoLabels) {
    const Result bare = run({"calibrate", "--pairs", file("a.ndjson", article("a", kRecipe))});
    EXPECT_EQ(bare.code, kExitUsage);
    EXPECT_THAT(bare.out, IsEmpty());
    EXPECT_THAT(bare.err, HasSubstr("a.ndjson:1: neither a pair"));
    EXPECT_EQ(run({"calibrate", "--pairs", folder_ + "/none"}).code, kExitUsage);
    EXPECT_THAT(run({"calibrate"}).err, HasSubstr("--pairs is required"));
}

TEST_F(CliDedup, ExplainOfALine) {
    const std::string all = file(
        "all.ndjson",
        article("https://n.example/1", kBridge) + article("https://n.example/2", kRecipe) +
            article("https://n.example/3", kBridgeCut) + article("https://n.example/4", kRecipe) +
            article("https://n.example/1", kBridgeCut + " More soon."));
    const Result cut = run({"explain", all + ":3"});
    EXPECT_EQ(cut.code, kExitOk) << cut.err;
    EXPECT_THAT(cut.out, HasSubstr("article     https://n.example/3  " + all + ":3\n"));
    EXPECT_THAT(cut.out,
                HasSubstr("decision    contained of https://n.example/1  " + all + ":1\n"));
    EXPECT_THAT(cut.out, HasSubstr("1 candidate among 2 articles"));
    EXPECT_THAT(cut.out, ContainsRegex("figures     in both: [^;]*3,200[^;]*; only here: none"));
    EXPECT_THAT(cut.out, ContainsRegex("names       in both: [^;]*Teglund[^;]*; only here: none"));
    EXPECT_THAT(cut.out, HasSubstr("<- best\n        https://n.example/1  " + all + ":1\n"));

    EXPECT_THAT(run({"explain", all + ":4"}).out,
                HasSubstr("decision    exact of https://n.example/2  "));
    EXPECT_THAT(run({"explain", all + ":2"}).out,
                HasSubstr("why         no article of the window shares enough of its hashes"));
    // Without a line the last one.
    EXPECT_THAT(run({"explain", all}).out,
                HasSubstr("article     https://n.example/1  " + all + ":5\n"));
}

TEST_F(CliDedup, ExplainAgainstOtherFiles) {
    const std::string archive = file("archive.ndjson", article("https://n.example/1", kBridge));
    const std::string one = file("one.json", article("https://n.example/9", kBridgeCut));
    const Result json = run({"explain", one, "--against", archive, "--json"});
    EXPECT_EQ(json.code, kExitOk) << json.err;
    EXPECT_THAT(
        json.out,
        HasSubstr("\"decision\": \"contained\", \"of\": {\"uri\": \"https://n.example/1\""));
    EXPECT_THAT(json.out, HasSubstr("\"relation\": \"contained\", \"reason\": "));
    EXPECT_THAT(run({"explain", "https://n.example/1", "--against", archive}).out,
                HasSubstr("decision    unique"));

    EXPECT_THAT(
        run({"explain", "https://n.example/7", "--against", archive}).err,
        HasSubstr(
            "'https://n.example/7' is neither a file that can be read nor the uri of an article in "
            "these files"));
    EXPECT_THAT(run({"explain", "https://n.example/7"}).err,
                HasSubstr("a uri needs --against FILE, or -c FILE"));
    EXPECT_THAT(run({"explain", one + ":4"}).err, HasSubstr("no article at this line"));
}

std::string field(const std::string& json, const std::string& name) {
    const std::size_t at = json.find("\"" + name + "\": ");
    return at == std::string::npos ? "" : json.substr(at, json.find_first_of(",}", at) - at);
}

TEST_F(CliDedup, AnExportImportedHasTheSameState) {
    const std::string from = config("from"), to = config("to");
    const std::string articles = file(
        "articles.ndjson",
        article("https://n.example/1", kBridge) + article("https://n.example/2", kRecipe) +
            article("https://n.example/3", kBridgeCut) + article("https://n.example/4", kRecipe));
    ASSERT_EQ(run({"enrich", "-q", "-c", from, articles}).code, kExitOk);
    const Result before = run({"dedup", "stats", "--json", "-c", from});
    ASSERT_EQ(before.code, kExitOk) << before.err;
    EXPECT_THAT(before.out, HasSubstr("\"entries\": 4, "));
    EXPECT_THAT(before.out, HasSubstr("\"window\": 4, "));
    EXPECT_EQ(field(run({"dedup", "stats", "--json", "--whole", "-c", from}).out, "stateHash"),
              field(before.out, "stateHash"));

    const Result exported = run({"dedup", "export", "-c", from});
    ASSERT_EQ(exported.code, kExitOk) << exported.err;
    EXPECT_THAT(exported.out, StartsWith("{\"settings\": \"format="));
    const std::string lines = file("export.ndjson", exported.out);
    const Result imported = run({"dedup", "import", lines, "--json", "-c", to});
    ASSERT_EQ(imported.code, kExitOk) << imported.err;
    EXPECT_EQ(field(imported.out, "stateHash"), field(before.out, "stateHash"));
    for (const char* whole : {"--json", "--whole"}) {  // from the snapshot, and from the journal
        const Result after = run({"dedup", "stats", "--json", whole, "-c", to});
        EXPECT_EQ(field(after.out, "stateHash"), field(before.out, "stateHash")) << after.err;
    }
    EXPECT_EQ(run({"dedup", "export", "-c", to}).out, exported.out);

    // The journal has what a uri needs.
    const Result explained = run({"explain", "https://n.example/3", "-c", to});
    EXPECT_THAT(explained.out, HasSubstr("decision    contained of https://n.example/1"));
    // What is there is not overwritten.
    const Result again = run({"dedup", "import", lines, "-c", to});
    EXPECT_EQ(again.code, kExitUsage);
    EXPECT_THAT(again.err, HasSubstr("the journal has records"));
}

TEST_F(CliDedup, StatsOfASnapshot) {
    const std::string from = config("from");
    const std::string articles = file("articles.ndjson", article("https://n.example/1", kBridge));
    ASSERT_EQ(run({"enrich", "-q", "-c", from, articles}).code, kExitOk);
    std::filesystem::path snapshot;
    for (const auto& entry : std::filesystem::directory_iterator(folder_ + "/from-snapshots"))
        snapshot = entry.path();
    ASSERT_FALSE(snapshot.empty());
    const Result good = run({"dedup", "stats", "-c", from, "--snapshot", snapshot.string()});
    EXPECT_EQ(good.code, kExitOk) << good.err;
    EXPECT_THAT(good.out, HasSubstr("window       1 articles"));
    std::filesystem::resize_file(snapshot, std::filesystem::file_size(snapshot) - 9);
    const Result cut = run({"dedup", "stats", "-c", from, "--snapshot", snapshot.string()});
    EXPECT_EQ(cut.code, kExitConfig);
    EXPECT_THAT(cut.out, IsEmpty());
    EXPECT_THAT(cut.err, HasSubstr("is damaged or cut off"));
}

TEST_F(CliDedup, ImportRefusesForeignLines) {
    const std::string to = config("to");
    const auto says = [&](const std::string& text, const char* what) {
        const Result result = run({"dedup", "import", file("x.ndjson", text), "-c", to});
        EXPECT_EQ(result.code, kExitUsage);
        EXPECT_THAT(result.err, HasSubstr("x.ndjson:1: " + std::string(what)));
    };
    says("{\"title\": \"an article\"}\n", "neither settings nor an entry");
    says("{\"settings\": \"format=9\", \"change\": false}\n",
         "these settings can't be taken over here");
}

TEST_F(CliDedup, AJournalInMemoryCannotBeRead) {
    const std::string memory = file("memory.toml", "[dedup]\njournal = \"memory\"\n");
    const Result result = run({"dedup", "stats", "-c", memory});
    EXPECT_EQ(result.code, kExitConfig);
    EXPECT_THAT(result.err, HasSubstr("keeps nothing that could be read"));
}

}  // namespace
}  // namespace newsmill
