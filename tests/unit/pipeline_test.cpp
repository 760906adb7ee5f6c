// The engine with real threads: every arrangement of lanes equals the inline run.
#include "pipeline/pipeline.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "daemon/journal_wiring.hpp"
#include "daemon/mill.hpp"
#include "pipeline/archive/file_consumer.hpp"
#include "pipeline/log.hpp"

namespace newsmill {
namespace {

// Keeps what is sent, in order; drops what a transaction that is not committed had.
class KeepingProducer final : public Producer {
   public:
    Outcome begin() noexcept override { return Outcome::kOk; }
    Outcome send(const Article& article) noexcept override {
        open_.append(article.output.value).push_back('\n');
        return Outcome::kOk;
    }
    Outcome send_notice(const Article& /*article*/, const Output& notice) noexcept override {
        open_.append(notice.value).push_back('\n');
        return Outcome::kOk;
    }
    Outcome send_positions(const std::vector<Position>& /*positions*/,
                           const GroupToken& /*token*/) noexcept override {
        return Outcome::kOk;
    }
    Outcome commit() noexcept override {
        text += open_;
        open_.clear();
        return Outcome::kOk;
    }
    Outcome abort() noexcept override {
        open_.clear();
        return Outcome::kOk;
    }
    std::string text;

   private:
    std::string open_;
};

class PipelineTest : public testing::Test {
   protected:
    PipelineTest() {
        std::ifstream in(std::string(NEWSMILL_SOURCE_DIR) + "/daemon/samples/articles.ndjson");
        std::stringstream samples;
        samples << in.rdbuf();
        path_ = testing::TempDir() + "newsmill_pipeline_test.ndjson";
        std::ofstream out(path_);
        for (int i = 0; i < 20; ++i) out << samples.str();
    }
    ~PipelineTest() override { std::filesystem::remove(path_); }

    std::string run(std::size_t front, std::size_t back, std::size_t pool, bool threads) {
        const LoadedConfig loaded = load_config("", {});
        Mill mill(loaded.config, loaded.hash, Mill::Output::kFiles);
        FileConsumer consumer({path_});
        KeepingProducer producer;
        MemoryJournal journal;
        PipelineOptions options = mill.pipeline_options();
        options.lanes_front = front;
        options.lanes_back = back;
        options.pool_batches = pool;
        options.batch.articles_max = 7;
        options.batch.arena_bytes = 64 * 1024;
        options.sink.held_batches_max = 1 + pool / 2;
        Pipeline pipeline(mill.parts(consumer, producer, &journal), options, steady_clock());
        if (threads) {
            pipeline.start();
            pipeline.join();
        } else {
            pipeline.run_inline();
        }
        EXPECT_FALSE(pipeline.control().failed());
        EXPECT_EQ(pipeline.metrics().articles_in.get(), 20u * 28u);
        return producer.text;
    }

    std::string path_;
};

TEST_F(PipelineTest, every_arrangement_equals_the_inline_run) {
    const std::string reference = run(1, 1, 4, false);
    EXPECT_GT(reference.size(), 100'000u);
    EXPECT_EQ(run(3, 2, 9, false), reference);
    for (const std::size_t lanes : {1, 2, 3}) {
        EXPECT_EQ(run(lanes, lanes, 2 + lanes * 3, true), reference) << lanes << " lanes";
    }
    EXPECT_EQ(run(3, 1, 2, true), reference) << "a pool smaller than the lanes";
}

// The state hash of one that reads the whole journal and never stopped.
std::uint64_t state_of_journal(const LoadedConfig& loaded) {
    Mill reader(loaded.config, loaded.hash, Mill::Output::kFiles);
    const std::unique_ptr<Journal> journal = open_journal(loaded.config, true);
    JournalRecord record;
    std::string_view bytes;
    while (!journal->caught_up() && journal->poll(bytes) == Outcome::kOk) {
        EXPECT_TRUE(decode_journal_record(bytes, record));
        if (record.kind == JournalRecordKind::kEntries) reader.dedup().apply(record.entries);
        if (record.kind == JournalRecordKind::kSettings) reader.dedup().adopt(record.settings);
    }
    return reader.dedup().state_hash();
}

// What was decided once is decided again alike, from the journal's files, with the state from a
// snapshot or without one.
TEST_F(PipelineTest, a_journal_in_files_remembers_its_decisions) {
    const std::string folder = testing::TempDir() + "newsmill_pipeline_journal";
    std::filesystem::remove_all(folder);
    log_set_level(LogLevel::kWarning);
    std::vector<std::string> texts;
    std::vector<std::int64_t> restored;
    for (int i = 0; i < 4; ++i) {
        if (i == 3) std::filesystem::remove_all(folder + "/snapshots");
        const LoadedConfig loaded =
            load_config("", {"dedup.window_ms=366d", "dedup.journal=file",
                             "dedup.file.path=" + folder + "/journal",
                             "dedup.snapshot_path=" + folder + "/snapshots"});
        ASSERT_TRUE(loaded.ok());
        Mill mill(loaded.config, loaded.hash, Mill::Output::kFiles);
        FileConsumer consumer({path_});
        KeepingProducer producer;
        const std::unique_ptr<Journal> journal = open_journal(loaded.config);
        const std::unique_ptr<SnapshotStore> snapshots = open_snapshots(loaded.config);
        Pipeline pipeline(mill.parts(consumer, producer, journal.get(), snapshots.get()),
                          mill.pipeline_options(), steady_clock());
        pipeline.start();
        pipeline.join();
        EXPECT_FALSE(pipeline.control().failed()) << pipeline.control().failure().message;
        texts.push_back(producer.text);
        restored.push_back(pipeline.metrics().restored_entries.get());
        EXPECT_EQ(static_cast<std::uint64_t>(pipeline.metrics().journal_state_hash.get()),
                  state_of_journal(loaded));
    }
    log_set_level(LogLevel::kInfo);
    std::filesystem::remove_all(folder);
    EXPECT_FALSE(texts[0].empty());
    for (const std::string& text : texts) EXPECT_EQ(text, texts[0]);
    EXPECT_EQ(restored, (std::vector<std::int64_t>{0, 520, 1040, 0}));
}

TEST_F(PipelineTest, a_stop_drains_and_ends) {
    const LoadedConfig loaded = load_config("", {});
    Mill mill(loaded.config, loaded.hash, Mill::Output::kFiles);
    FileConsumer consumer({path_});
    KeepingProducer producer;
    MemoryJournal journal;
    PipelineOptions options = mill.pipeline_options();
    options.batch.articles_max = 2;
    Pipeline pipeline(mill.parts(consumer, producer, &journal), options, steady_clock());
    pipeline.start();
    pipeline.control().request_stop();
    pipeline.join();
    const Metrics& metrics = pipeline.metrics();
    EXPECT_EQ(metrics.articles_in.get(),
              metrics.articles_out.get() + metrics.dead_letters_out.get());
}

// Other lanes, another pool and other stages, again and again while it runs: nothing is lost or
// doubled, and the order stays.
TEST_F(PipelineTest, rebuilt_in_place_it_goes_on_where_it_was) {
    const std::string reference = run(1, 1, 4, false);
    const LoadedConfig loaded = load_config("", {});
    Mill mill(loaded.config, loaded.hash, Mill::Output::kFiles);
    FileConsumer consumer({path_});
    KeepingProducer producer;
    MemoryJournal journal;
    PipelineOptions options = mill.pipeline_options();
    options.batch.articles_max = 7;
    options.batch.arena_bytes = 64 * 1024;
    Pipeline pipeline(mill.parts(consumer, producer, &journal), options, steady_clock());
    int rebuilds = 0;
    for (bool ended = false; !ended; ++rebuilds) {
        pipeline.start();
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
        pipeline.request_handover();
        pipeline.join();
        ASSERT_FALSE(pipeline.control().failed()) << pipeline.control().failure().message;
        ended = !pipeline.handed_over();
        if (ended) break;
        options.lanes_front = 1 + static_cast<std::size_t>(rebuilds) % 3;
        options.lanes_back = 1 + static_cast<std::size_t>(rebuilds) % 2;
        options.pool_batches = 2 + static_cast<std::size_t>(rebuilds) % 7;
        options.sink.held_batches_max = 1 + options.pool_batches / 2;
        pipeline.rebuild([&mill] { return mill.front(); }, [&mill] { return mill.back(); },
                         options);
    }
    EXPECT_GT(rebuilds, 3);
    EXPECT_EQ(pipeline.metrics().articles_in.get(), 20u * 28u);
    EXPECT_EQ(producer.text, reference);
}

// A bounded input that says "end" at every poll, as Kafka does with until_eof.
class EndedConsumer final : public Consumer {
   public:
    Event poll(Batch* /*batch*/) noexcept override {
        if (!assigned_) {
            assigned_ = true;
            return Event::kAssigned;
        }
        return Event::kEnd;
    }
    GroupToken accept_assignment() noexcept override { return nullptr; }
    void release_assignment() noexcept override {}
    bool rewind() noexcept override { return true; }

   private:
    bool assigned_ = false;
};

TEST(Pipeline, an_input_that_keeps_saying_end_ends) {
    const LoadedConfig loaded = load_config("", {});
    Mill mill(loaded.config, loaded.hash, Mill::Output::kFiles);
    EndedConsumer consumer;
    KeepingProducer producer;
    MemoryJournal journal;
    Pipeline pipeline(mill.parts(consumer, producer, &journal), mill.pipeline_options(),
                      steady_clock());
    pipeline.run_inline();
    EXPECT_FALSE(pipeline.control().failed());
}

}  // namespace
}  // namespace newsmill
