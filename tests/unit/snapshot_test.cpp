// Snapshots: what goes in comes out; what is damaged, foreign or too old is refused, and the state
// comes from an older one or from the whole journal.
#include "pipeline/snapshot.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "pipeline/archive/snapshot_folder.hpp"
#include "pipeline/journal_record.hpp"
#include "pipeline/start_error.hpp"
#include "tests/unit/fake_journal.hpp"

namespace newsmill {
namespace {

namespace fs = std::filesystem;

std::string entry_record(std::int64_t offset) {
    JournalEntry entry;
    entry.origin.topic = "raw";
    entry.origin.offset = offset;
    entry.uri = "urn:x";
    JournalEncoder encoder;
    std::string bytes;
    encoder.encode({&entry, 1}, 1, 1, bytes);
    return bytes;
}

void follow(LogJournal& journal, FakeFollower& follower) {
    std::string_view bytes;
    JournalRecord record;
    while (journal.poll(bytes) == Outcome::kOk) {
        ASSERT_TRUE(decode_journal_record(bytes, record));
        follower.apply(record.entries);
    }
}

// Writes the follower's state as of now into the store.
void write(SnapshotStore& store, const LogJournal& journal, const SharedLog& log,
           FakeFollower& follower) {
    SnapshotHeader header;
    header.journal = log.identity;
    header.position = journal.position();
    header.last_record = header.position - 1;
    header.last_mark =
        journal_record_mark(log.records[static_cast<std::size_t>(header.last_record)]);
    header.settings = "capacity 10";
    header.state_hash = follower.state_hash();
    header.entries = follower.numbers().size();
    SnapshotWriter writer(store);
    writer.begin(header, follower);
    for (int i = 0; i < 10'000 && writer.active(); ++i) {
        if (writer.step(follower) == Agent::Work::kIdle)
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    ASSERT_EQ(store.state(), SnapshotStore::State::kDone) << store.failure();
}

class SnapshotTest : public testing::Test {
   protected:
    SnapshotTest() : folder_(testing::TempDir() + "newsmill_snapshot_test") {
        fs::remove_all(folder_);
        // The settings are part of the fake's state hash.
        reference_.adopt("capacity 10");
        for (int i = 0; i < 250; ++i) log_.records.push_back(entry_record(i));
        LogJournal journal(log_);
        follow(journal, reference_);
        write(memory_, journal, log_, reference_);  // "250"
        for (int i = 0; i < 50; ++i) log_.records.push_back(entry_record(1000 + i));
        follow(journal, reference_);
        write(memory_, journal, log_, reference_);  // "300"
        for (int i = 0; i < 30; ++i) log_.records.push_back(entry_record(2000 + i));
        follow(journal, reference_);
    }
    ~SnapshotTest() override { fs::remove_all(folder_); }

    // Restores, follows the tail, and compares with the follower that never stopped.
    FollowedState restore(SnapshotStore& store) {
        LogJournal journal(log_);
        FakeFollower follower;
        const FollowedState state = restore_newest(store, journal, follower, 50);
        if (!state.restored) follower.adopt("capacity 10");
        EXPECT_EQ(journal.position(), state.restored ? state.header.position : log_.begin);
        follow(journal, follower);
        if (log_.begin == 0) {
            EXPECT_EQ(follower.numbers(), reference_.numbers());
            EXPECT_EQ(follower.state_hash(), reference_.state_hash());
        }
        return state;
    }
    std::string& newest() { return memory_.kept.back().second; }

    const std::string folder_;
    SharedLog log_;
    FakeFollower reference_;
    MemorySnapshots memory_;
};

TEST_F(SnapshotTest, the_newest_and_the_tail_are_the_state_of_one_that_never_stopped) {
    const FollowedState state = restore(memory_);
    EXPECT_TRUE(state.restored);
    EXPECT_EQ(state.name, "300");
    EXPECT_EQ(state.header.entries, 300u);
    EXPECT_TRUE(state.refused.empty());
    MemorySnapshots none;
    EXPECT_FALSE(restore(none).restored);
}

TEST_F(SnapshotTest, every_flipped_byte_is_refused_and_the_older_one_taken) {
    const std::string good = newest();
    for (std::size_t i = 0; i < good.size(); ++i) {
        newest()[i] = static_cast<char>(newest()[i] ^ (1 << i % 8));
        const FollowedState state = restore(memory_);
        ASSERT_TRUE(state.restored) << i;
        ASSERT_EQ(state.name, "250") << "byte " << i << " of " << good.size();
        ASSERT_EQ(state.refused.size(), 1u);
        newest() = good;
    }
    EXPECT_EQ(restore(memory_).name, "300");
}

TEST_F(SnapshotTest, every_cut_and_what_follows_the_end_are_refused) {
    const std::string good = newest();
    for (std::size_t size = 0; size < good.size(); size += size < 200 ? 1 : 37) {
        newest() = good.substr(0, size);
        ASSERT_EQ(restore(memory_).name, "250") << size;
    }
    newest() = good + "x";
    EXPECT_EQ(restore(memory_).name, "250");
    newest() = good + good;
    EXPECT_EQ(restore(memory_).name, "250");
}

TEST_F(SnapshotTest, chunks_that_are_swapped_or_left_out_are_refused) {
    const std::string good = newest();
    // Frames: header, three chunks of 100 numbers, footer.
    constexpr std::size_t kChunkFrame = 12 + 8 + 800;
    const std::size_t first = good.size() - (12 + 24) - 3 * kChunkFrame;
    newest() = good.substr(0, first) + good.substr(first + kChunkFrame, kChunkFrame) +
               good.substr(first, kChunkFrame) + good.substr(first + 2 * kChunkFrame);
    EXPECT_EQ(restore(memory_).name, "250");
    newest() = good.substr(0, first + 2 * kChunkFrame) + good.substr(first + 3 * kChunkFrame);
    EXPECT_EQ(restore(memory_).name, "250");
}

TEST_F(SnapshotTest, one_of_another_journal_or_of_one_made_anew_is_refused) {
    log_.identity = "other";
    FollowedState state = restore(memory_);
    EXPECT_FALSE(state.restored);
    ASSERT_EQ(state.refused.size(), 2u);
    EXPECT_NE(state.refused[0].find("of another journal ('log', here 'other')"), std::string::npos)
        << state.refused[0];

    log_.identity = "log";
    log_.records[299] = entry_record(77);  // the same places, another record
    reference_ = FakeFollower();
    reference_.adopt("capacity 10");
    LogJournal journal(log_);
    follow(journal, reference_);
    state = restore(memory_);
    ASSERT_EQ(state.refused.size(), 1u);
    EXPECT_NE(state.refused[0].find("made anew"), std::string::npos) << state.refused[0];
}

TEST_F(SnapshotTest, one_that_is_newer_than_the_journal_or_older_than_its_records_is_refused) {
    log_.records.resize(270);
    reference_ = FakeFollower();
    LogJournal journal(log_);
    follow(journal, reference_);
    FakeFollower follower;
    FollowedState state = restore_newest(memory_, journal, follower, 50);
    EXPECT_EQ(state.name, "250");
    ASSERT_EQ(state.refused.size(), 1u);
    EXPECT_NE(state.refused[0].find("newer than the journal"), std::string::npos);

    log_.begin = 260;
    state = restore(memory_);
    EXPECT_FALSE(state.restored);
    ASSERT_EQ(state.refused.size(), 2u);
    EXPECT_NE(state.refused[1].find("no longer holds"), std::string::npos) << state.refused[1];
}

TEST_F(SnapshotTest, settings_that_are_not_understood_and_a_wrong_state_are_refused) {
    LogJournal journal(log_);
    FakeFollower follower;
    follow(journal, follower);
    follower.adopt("capacity 10");
    const std::uint64_t hash = follower.state_hash();
    follower.spoil();
    write(memory_, journal, log_, follower);  // its header says the spoilt hash, its chunks too
    EXPECT_NE(follower.state_hash(), hash);
    // A header that contradicts the chunks: as by a follower of another version.
    SnapshotHeader header;
    std::string chunk;
    StringReader reader(newest());
    ASSERT_EQ(read_snapshot(
                  reader,
                  [&](const SnapshotHeader& h) {
                      header = h;
                      return std::string();
                  },
                  [](std::string_view) { return std::string(); }),
              "");
    memory_.kept.pop_back();
    header.state_hash ^= 1;
    SnapshotWriter writer(memory_);
    writer.begin(header, follower);
    while (writer.active()) writer.step(follower);
    FollowedState state = restore(memory_);
    EXPECT_EQ(state.name, "300");
    ASSERT_EQ(state.refused.size(), 1u);
    EXPECT_NE(state.refused[0].find("state hash"), std::string::npos) << state.refused[0];
    memory_.kept.pop_back();

    header.state_hash ^= 1;
    header.settings = "unknown 3";
    writer.begin(header, follower);
    while (writer.active()) writer.step(follower);
    state = restore(memory_);
    EXPECT_EQ(state.name, "300");
    EXPECT_NE(state.refused[0].find("'unknown 3'"), std::string::npos) << state.refused[0];
}

// ---- The folder
// --------------------------------------------------------------------------------------

std::vector<std::string> files(const std::string& folder) {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder)) {
        names.push_back(entry.path().filename().string());
    }
    std::sort(names.begin(), names.end());
    return names;
}

TEST_F(SnapshotTest, a_folder_keeps_the_two_newest_and_gives_them_back) {
    {
        SnapshotFolder store(folder_);
        LogJournal journal(log_);
        FakeFollower follower;
        follower.adopt("capacity 10");
        JournalRecord record;
        std::string_view bytes;
        for (int i = 1; i <= 330; ++i) {
            ASSERT_EQ(journal.poll(bytes), Outcome::kOk);
            ASSERT_TRUE(decode_journal_record(bytes, record));
            follower.apply(record.entries);
            if (i % 100 == 0) {
                write(store, journal, log_, follower);
                // Times of files may be coarse.
                std::this_thread::sleep_for(std::chrono::milliseconds(20));
            }
        }
    }
    EXPECT_EQ(files(folder_), (std::vector<std::string>{"snapshot-00000000000000000200.nms",
                                                        "snapshot-00000000000000000300.nms"}));
    SnapshotFolder store(folder_);
    EXPECT_EQ(restore(store).name, "snapshot-00000000000000000300.nms");
    // Cut, as by a disk that was full.
    fs::resize_file(folder_ + "/snapshot-00000000000000000300.nms", 1000);
    const FollowedState state = restore(store);
    EXPECT_EQ(state.name, "snapshot-00000000000000000200.nms");
    ASSERT_EQ(state.refused.size(), 1u);
    EXPECT_EQ(state.refused[0],
              "snapshot snapshot-00000000000000000300.nms is damaged or cut off: chunk 2 fails its "
              "checksum");
}

TEST_F(SnapshotTest, a_folder_forgets_what_was_not_finished) {
    {
        SnapshotFolder store(folder_);
        SnapshotWriter writer(store);
        FakeFollower follower;
        SnapshotHeader header;
        header.position = 5;
        writer.begin(header, follower);
        writer.step(follower);
        writer.abandon(follower);
    }
    EXPECT_TRUE(files(folder_).empty());
    std::ofstream(folder_ + "/snapshot-00000000000000000005.nms.part-999999999") << "x";
    SnapshotFolder store(folder_);
    EXPECT_TRUE(files(folder_).empty());
    EXPECT_TRUE(store.names().empty());
}

TEST_F(SnapshotTest, a_folder_that_can_not_be_written_is_said) {
    std::ofstream(folder_) << "a file";
    EXPECT_THROW(SnapshotFolder store(folder_ + "/below"), StartError);
    fs::remove(folder_);
    SnapshotFolder store(folder_);
    fs::remove_all(folder_);
    SnapshotWriter writer(store);
    FakeFollower follower;
    writer.begin({}, follower);
    for (int i = 0; i < 1000 && writer.active(); ++i) {
        writer.step(follower);
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    EXPECT_EQ(store.state(), SnapshotStore::State::kFailed);
    EXPECT_NE(store.failure().find("No such file"), std::string::npos) << store.failure();
}

}  // namespace
}  // namespace newsmill
