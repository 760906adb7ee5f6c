// The commands that need no broker for it: replay from files, dead letters in a file.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "daemon/replay_wiring.hpp"
#include "pipeline/archive/archive_writer.hpp"
#include "pipeline/archive/replay_consumer.hpp"
#include "pipeline/start_error.hpp"
#include "tests/unit/cli_run.hpp"

namespace newsmill {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

const std::string kBridge =
    "The harbour board of Norvik closed the old swing bridge on Monday after engineers found 14 "
    "cracks in its main beam. Traffic over the river Alda, about 3,200 vehicles a day, is sent "
    "through Teglund until the autumn. The repair will cost 2.75 million crowns, said the board's "
    "chairman, Oskar Lindahl. Shopkeepers on the east bank fear for their takings.";

class CliReplay : public testing::Test {
   protected:
    void SetUp() override {
        folder_ = testing::TempDir() + "/newsmill_cli_replay_" + std::to_string(getpid()) + "_" +
                  testing::UnitTest::GetInstance()->current_test_info()->name();
        std::filesystem::remove_all(folder_);
        std::filesystem::create_directories(folder_);
        config_ = file("c.toml", "");
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    std::string file(const std::string& name, const std::string& text) const {
        const std::string path = folder_ + "/" + name;
        std::ofstream(path) << text;
        return path;
    }
    static std::string text_of(const std::string& path) {
        std::stringstream text;
        text << std::ifstream(path).rdbuf();
        return text.str();
    }
    static std::string article(const std::string& uri, const std::string& body,
                               const std::string& date) {
        return "{\"uri\": \"" + uri + "\", \"title\": \"The bridge\", \"published\": \"" + date +
               "\", \"body\": \"" + body + "\"}\n";
    }
    std::string articles() const {
        return file("in.ndjson", article("u:1", kBridge, "2026-03-03") +
                                     article("u:2", kBridge + " More to come.", "2026-03-02") +
                                     "{\"title\": \"cut off\n" +
                                     article("u:3", "Leeks, and a sauce of cheese.", "2026-03-01"));
    }

    std::string folder_;
    std::string config_;
};

TEST_F(CliReplay, finds_nothing_where_nothing_changed) {
    const std::string in = articles();
    const std::string dead = folder_ + "/dead.ndjson";
    const Result enriched = run({"enrich", "-q", in, "--dead-letters", dead});
    const std::string records = file("out.ndjson", enriched.out);
    const Result same =
        run({"replay", "-c", config_, "--source", in, "--published", records, "--published", dead});
    EXPECT_EQ(same.code, 0) << same.err << same.out;
    EXPECT_THAT(same.out, IsEmpty());
    EXPECT_THAT(same.err, HasSubstr("4 articles: 4 as published, 0 with another decision"));
}

TEST_F(CliReplay, prints_each_decision_that_changed) {
    const std::string in = articles();
    const std::string records =
        file("out.ndjson", run({"enrich", "-q", in, "--dead-letters", "/dev/null"}).out);
    // In the order of the dates the second article comes first.
    const std::vector<std::string> words = {"replay",  "-c",        config_,       "--source", in,
                                            "--order", "published", "--published", records};
    const Result changed = run(words);
    EXPECT_EQ(changed.code, 1);
    EXPECT_THAT(changed.out, HasSubstr("in.ndjson@1  unique -> "));
    EXPECT_THAT(changed.out, HasSubstr("in.ndjson@3  nothing -> dead letter PARSE_JSON"));
    EXPECT_THAT(changed.out, Not(HasSubstr("in.ndjson@4")));
    std::vector<std::string> json = words;
    json.emplace_back("--json");
    EXPECT_THAT(run(json).out,
                HasSubstr("\"changed\":[\"decision\"],\"before\":{\"decision\":\"unique\""));
}

TEST_F(CliReplay, takes_times_and_refuses_what_makes_no_sense) {
    const std::string in = articles();
    const std::string none = file("none.ndjson", "");
    const auto replay = [&](std::vector<std::string> more) {
        std::vector<std::string> words = {"replay", "-c",          config_, "--source",
                                          in,       "--published", none};
        words.insert(words.end(), more.begin(), more.end());
        return run(words);
    };
    EXPECT_THAT(replay({"--from", "2026-03-02", "--to", "2026-03-03"}).err,
                HasSubstr("newsmill: 1 articles: "));
    EXPECT_THAT(replay({"--from", "soon"}).err, HasSubstr("is no time"));
    EXPECT_EQ(replay({"--from", "soon"}).code, 2);
    EXPECT_EQ(replay({"--rate", "fast"}).code, 2);
    EXPECT_EQ(replay({"--rate", "5/s", "--speed", "2"}).code, 2);
    EXPECT_EQ(replay({"--offsets", "0:1-2"}).code, 2);
    EXPECT_EQ(replay({"--source", "topic:news.raw"}).code, 2);
    EXPECT_EQ(replay({"--source", folder_ + "/not-there"}).code, 2);
    EXPECT_EQ(replay({"--mode", "shadow", "--topic", "news.enriched"}).code, 2);
    EXPECT_EQ(replay({"--mode", "publish", "--run", "a b"}).code, 2);
    EXPECT_EQ(replay({"--mode", "publish", "--set", "output.type=stdout"}).code, 78);
}

TEST_F(CliReplay, reads_an_archive_as_enrich_does) {
    const std::string archive = folder_ + "/archive";
    {
        ArchiveWriter writer({.path = archive, .sync = false});
        const std::string value = article("u:1", kBridge, "2026-03-01");
        for (std::int64_t offset : {3, 4}) {
            Article one;
            one.origin = {"news.raw", 2, offset, 1'700'000'000'000};
            one.payload = value;
            writer.add(one, offset);
        }
        ASSERT_EQ(writer.seal(), 0);
        writer.confirm();
    }
    const Result enriched = run({"enrich", "-q", archive});
    EXPECT_EQ(enriched.code, 0) << enriched.err;
    EXPECT_THAT(enriched.out, HasSubstr("\"topic\":\"news.raw\",\"partition\":2,\"offset\":3"));
    EXPECT_THAT(enriched.out, HasSubstr("\"decision\":\"exact\""));
    const std::string records = file("out.ndjson", enriched.out);
    EXPECT_EQ(run({"replay", "-c", config_, "--source", archive, "--published", records}).code, 0);
}

TEST_F(CliReplay, gives_equal_replays_one_name) {
    const LoadedConfig loaded = load_config("");
    ReplaySpec spec;
    spec.sources = {"topic:news.raw"};
    spec.mode = ReplayMode::kPublish;
    const std::string name = replay_run_id(loaded, spec);
    EXPECT_EQ(replay_run_id(loaded, spec), name);
    EXPECT_NE(replay_run_id(load_config("", {"dedup.near.containment_min=300"}), spec), name);
    spec.to = "2026-01-01";
    EXPECT_NE(replay_run_id(loaded, spec), name);
    const Config config = replay_config(loaded, spec);
    EXPECT_EQ(config.output.kafka.topic, "news.enriched");
    EXPECT_THAT(config.dedup.kafka.topic, HasSubstr("news.journal.replay."));
    spec.mode = ReplayMode::kShadow;
    EXPECT_EQ(replay_config(loaded, spec).output.kafka.topic, "news.enriched.shadow");
}

// ---- Pace and checkpoint
// ------------------------------------------------------------------------------

class FakeClock final : public Clock {
   public:
    std::int64_t now_ns() const noexcept override { return now; }
    std::int64_t now = 0;
};

TEST_F(CliReplay, keeps_the_pace_and_goes_back_to_what_is_committed) {
    std::string lines;
    for (int i = 0; i < 100; ++i) lines += "{\"n\": " + std::to_string(i) + "}\n";
    const auto source = make_file_source({file("n.ndjson", lines)}, {});
    ReplayCheckpoint checkpoint;
    FakeClock clock;
    ReplayOptions options;
    options.articles_per_s = 10;
    ReplayConsumer consumer(*source, checkpoint, clock, options);
    Batch batch({});
    EXPECT_EQ(consumer.poll(&batch), Consumer::Event::kAssigned);
    consumer.accept_assignment();
    consumer.poll(&batch);
    EXPECT_EQ(batch.articles.size(), 1u);
    clock.now = 1'000'000'000;
    consumer.poll(&batch);
    EXPECT_EQ(batch.articles.size(), 11u);
    clock.now = 100'000'000'000;
    consumer.poll(&batch);
    EXPECT_EQ(batch.articles.size(), 100u);
    EXPECT_EQ(consumer.poll(&batch), Consumer::Event::kEnd);
    checkpoint.set(98, {});
    batch.reset();
    EXPECT_TRUE(consumer.rewind());
    consumer.poll(&batch);
    ASSERT_EQ(batch.articles.size(), 2u);
    EXPECT_EQ(batch.articles[0].origin.offset, 99);
}

TEST_F(CliReplay, plays_by_the_articles_own_time) {
    const auto source =
        make_file_source({file("n.ndjson", article("u:1", "One.", "2026-03-01T00:00:00Z") +
                                               article("u:2", "Two.", "2026-03-01T01:00:00Z") +
                                               article("u:3", "Three.", "2026-03-01T03:00:00Z"))},
                         {});
    const LoadedConfig loaded = load_config("");
    const Mill mill(loaded.config, loaded.hash, Mill::Output::kFiles);
    const ReplayCheckpoint checkpoint;
    FakeClock clock;
    ReplayOptions options;
    options.time = record_time(mill.front(), false);
    options.speed = 3600;  // an hour a second
    ReplayConsumer consumer(*source, checkpoint, clock, options);
    Batch batch({});
    consumer.poll(&batch);
    consumer.accept_assignment();
    std::vector<std::size_t> sizes;
    for (const double seconds : {0.0, 0.9, 1.1, 2.9, 3.1}) {
        clock.now = static_cast<std::int64_t>(seconds * 1e9);
        consumer.poll(&batch);
        sizes.push_back(batch.articles.size());
    }
    EXPECT_THAT(sizes, ElementsAre(1, 1, 2, 2, 3));
}

// ---- Dead letters of a file
// ------------------------------------------------------------------------------

TEST_F(CliReplay, looks_after_dead_letters_in_a_file) {
    const std::string in = file("in.ndjson",
                                "{\"title\": \"cut off\n"
                                "{\"id\": 7}\n"
                                "{\"title\": \"\xff\xfe\"\n");
    const std::string dead = folder_ + "/dead.ndjson";
    run({"enrich", "-q", in, "--dead-letters", dead});
    const Result all = run({"dlq", "list", "--file", dead});
    EXPECT_EQ(all.code, 0);
    EXPECT_THAT(all.out, HasSubstr("NO_TEXT"));
    EXPECT_THAT(all.out, HasSubstr("in.ndjson:2"));
    EXPECT_THAT(all.err, HasSubstr("3 dead letters: "));
    const Result one = run({"dlq", "list", "--file", dead, "--code", "NO_TEXT", "--json"});
    EXPECT_THAT(one.out, HasSubstr("{\"id\":\"2\",\"value\":\"{\\\"id\\\": 7}\""));
    EXPECT_THAT(one.out, HasSubstr("\"code\":\"NO_TEXT\""));
    EXPECT_THAT(run({"dlq", "show", "--file", dead, "3"}).out, HasSubstr("\xff\xfe"));
    EXPECT_EQ(run({"dlq", "show", "--file", dead, "9"}).code, 2);
    EXPECT_EQ(run({"dlq", "discard", "--file", dead}).code, 2) << "which ones?";
    const Result dry =
        run({"dlq", "replay", "--file", dead, "--everything", "--dry-run", "--topic", "again"});
    EXPECT_EQ(dry.code, 0);
    EXPECT_THAT(dry.err, HasSubstr("3 dead letters would be sent again"));
    EXPECT_EQ(run({"dlq", "replay", "--file", dead, "--everything", "--dry-run"}).code, 1);

    const std::string before = text_of(dead);
    EXPECT_THAT(run({"dlq", "discard", "--file", dead, "--code", "NO_TEXT", "--dry-run"}).err,
                HasSubstr("1 dead letters would be discarded"));
    EXPECT_EQ(text_of(dead), before);
    const std::string kept = folder_ + "/kept.ndjson";
    run({"dlq", "discard", "--file", dead, "--code", "NO_TEXT", "--keep", kept});
    EXPECT_THAT(text_of(dead), Not(HasSubstr("NO_TEXT")));
    EXPECT_THAT(text_of(dead), HasSubstr("PARSE_JSON"));
    EXPECT_THAT(text_of(kept), HasSubstr("NO_TEXT"));
}

}  // namespace
}  // namespace newsmill
