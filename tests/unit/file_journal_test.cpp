// The journals of all kinds behave alike; and what only files have: crashes, damage, locks,
// segments.
#include "pipeline/archive/file_journal.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <thread>

#include "pipeline/kafka/cluster.hpp"
#include "pipeline/kafka/journal.hpp"
#include "pipeline/start_error.hpp"
#include "tests/unit/fake_journal.hpp"

namespace newsmill {
namespace {

namespace fs = std::filesystem;

std::string folder_of_test() {
    return testing::TempDir() + "newsmill_journal_" +
           testing::UnitTest::GetInstance()->current_test_info()->name() + "_" +
           std::to_string(getpid());
}

// Empty after a while: nothing more is there.
std::string next(Journal& journal, int wait_ms = 5'000) {
    std::string_view record;
    for (int waited = 0; waited < wait_ms * 5; ++waited) {
        const Outcome outcome = journal.poll(record);
        if (outcome == Outcome::kOk) return std::string(record);
        if (outcome == Outcome::kFailed) return "failed: " + journal.failure().message;
        std::this_thread::sleep_for(std::chrono::microseconds(200));
    }
    return {};
}

std::string text(int i) { return "record " + std::to_string(i) + std::string(i % 50, '.'); }

// ---- All kinds
// ---------------------------------------------------------------------------------------

class JournalContract : public testing::TestWithParam<const char*> {
   protected:
    void SetUp() override {
        const std::string name = GetParam();
        if (name == "memory") {
            open_ = [] { return std::make_unique<MemoryJournal>(); };
        } else if (name == "file") {
            folder_ = testing::TempDir() + "newsmill_journal_contract_" + std::to_string(getpid());
            fs::remove_all(folder_);
            open_ = [this] {
                FileJournalOptions options;
                options.path = folder_;
                options.segment_bytes = 1000;
                return std::make_unique<FileJournal>(options);
            };
        } else {
#ifdef __SANITIZE_THREAD__
            GTEST_SKIP() << "librdkafka starts C11 threads, which this sanitizer does not know";
#endif
            cluster_ = std::make_unique<kafka::MockCluster>();
            cluster_->create_topic("journal", 1);
            open_ = [this] {
                kafka::JournalOptions options;
                options.brokers = cluster_->brokers();
                options.topic = "journal";
                return std::make_unique<kafka::KafkaJournal>(options);
            };
        }
    }
    void TearDown() override {
        if (!folder_.empty()) fs::remove_all(folder_);
    }
    bool outlives() const { return std::string_view(GetParam()) != "memory"; }

    std::string folder_;
    std::unique_ptr<kafka::MockCluster> cluster_;
    std::function<std::unique_ptr<Journal>()> open_;
};

TEST_P(JournalContract, gives_back_what_was_appended_in_order_with_growing_places) {
    const std::unique_ptr<Journal> journal = open_();
    EXPECT_FALSE(journal->identity().empty());
    EXPECT_TRUE(journal->caught_up());
    EXPECT_EQ(journal->position(), journal->begin_position());
    for (int i = 0; i < 100; ++i) ASSERT_EQ(journal->append(text(i)), Outcome::kOk);
    std::int64_t before = journal->position();
    for (int i = 0; i < 100; ++i) {
        ASSERT_EQ(next(*journal), text(i));
        EXPECT_GT(journal->position(), before);
        before = journal->position();
    }
    EXPECT_EQ(next(*journal, 20), "");
    EXPECT_EQ(journal->position(), before);
    EXPECT_FALSE(journal->seek(before + 1'000'000)) << "after the end";
    EXPECT_FALSE(journal->seek(-1));
    EXPECT_TRUE(journal->seek(before));
    ASSERT_EQ(journal->append("one more"), Outcome::kOk);
    EXPECT_EQ(next(*journal), "one more");
}

TEST_P(JournalContract, can_go_to_any_place_that_it_said) {
    if (!outlives()) GTEST_SKIP();
    std::vector<std::int64_t> places;
    std::string identity;
    {
        const std::unique_ptr<Journal> journal = open_();
        identity = journal->identity();
        for (int i = 0; i < 60; ++i) ASSERT_EQ(journal->append(text(i)), Outcome::kOk);
        for (int i = 0; i < 60; ++i) {
            places.push_back(journal->position());
            ASSERT_EQ(next(*journal), text(i));
        }
    }
    const std::unique_ptr<Journal> journal = open_();
    EXPECT_EQ(journal->identity(), identity);
    EXPECT_FALSE(journal->caught_up());
    EXPECT_EQ(journal->begin_position(), places.front());
    EXPECT_GT(journal->end_position(), places.back());
    for (const int i : {59, 0, 31, 30, 7, 58}) {
        ASSERT_TRUE(journal->seek(places[static_cast<std::size_t>(i)])) << i;
        EXPECT_EQ(journal->position(), places[static_cast<std::size_t>(i)]);
        ASSERT_EQ(next(*journal), text(i));
    }
    ASSERT_TRUE(journal->seek(journal->begin_position()));
    for (int i = 0; i < 60; ++i) {
        EXPECT_FALSE(journal->caught_up());
        ASSERT_EQ(next(*journal), text(i));
    }
    EXPECT_TRUE(journal->caught_up());
}

INSTANTIATE_TEST_SUITE_P(Kinds, JournalContract, testing::Values("memory", "file", "kafka"),
                         [](const auto& kind) { return std::string(kind.param); });

// ---- Files
// -------------------------------------------------------------------------------------------

class FileJournalTest : public testing::Test {
   protected:
    FileJournalTest() : folder_(folder_of_test()) { fs::remove_all(folder_); }
    ~FileJournalTest() override { fs::remove_all(folder_); }

    FileJournalOptions options() const {
        FileJournalOptions options;
        options.path = folder_;
        return options;
    }
    void write(int from, int to) {
        FileJournal journal(options());
        for (int i = from; i < to; ++i) ASSERT_EQ(journal.append(text(i)), Outcome::kOk);
    }
    std::string only_file() const {
        std::string found;
        for (const auto& entry : fs::directory_iterator(folder_)) {
            if (entry.path().extension() == ".nmj") found = std::max(found, entry.path().string());
        }
        return found;
    }
    static void flip(const std::string& path, std::int64_t at) {
        std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
        file.seekg(at);
        const char byte = static_cast<char>(file.get() ^ 0x10);
        file.seekp(at);
        file.put(byte);
    }
    static std::string error_of(const std::function<void()>& call) {
        try {
            call();
        } catch (const StartError& error) {
            return std::to_string(error.exit_code()) + " " + error.what();
        }
        return "no error";
    }

    const std::string folder_;
    QuietLog quiet_;
};

TEST_F(FileJournalTest, a_torn_end_is_cut_off_wherever_the_crash_came) {
    write(0, 20);
    const auto whole = fs::file_size(only_file());
    write(20, 21);
    const auto with_last = fs::file_size(only_file());
    std::ifstream in(only_file(), std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(in)), {});
    for (auto size = whole; size < with_last; ++size) {
        std::ofstream(only_file(), std::ios::binary | std::ios::trunc) << bytes.substr(0, size);
        FileJournal journal(options());
        EXPECT_EQ(journal.repaired_bytes(), static_cast<std::int64_t>(size - whole));
        for (int i = 0; i < 20; ++i) ASSERT_EQ(next(journal), text(i));
        ASSERT_EQ(journal.append("after it"), Outcome::kOk);
        ASSERT_EQ(next(journal), "after it");
    }
}

TEST_F(FileJournalTest, zeros_at_the_end_are_cut_off) {
    write(0, 5);
    const auto whole = fs::file_size(only_file());
    fs::resize_file(only_file(), whole + 4096);
    FileJournal journal(options());
    EXPECT_EQ(journal.repaired_bytes(), 4096);
    for (int i = 0; i < 5; ++i) ASSERT_EQ(next(journal), text(i));
    EXPECT_EQ(fs::file_size(only_file()), whole);
}

TEST_F(FileJournalTest, damage_amid_good_records_is_an_error) {
    write(0, 20);
    flip(only_file(), 32 + 12 + 3);
    EXPECT_EQ(error_of([this] { FileJournal journal(options()); }),
              "78 journal: '" + only_file() +
                  "' is damaged at byte 32, amid good records; put back a copy, or move the folder "
                  "away and start with an empty journal");
}

TEST_F(FileJournalTest, damage_in_an_older_segment_stops_the_reader) {
    FileJournalOptions small = options();
    small.segment_bytes = 500;
    {
        FileJournal journal(small);
        for (int i = 0; i < 60; ++i) ASSERT_EQ(journal.append(text(i)), Outcome::kOk);
    }
    flip(folder_ + "/00000000000000000000.nmj", 100);
    FileJournal journal(small);
    std::string last;
    for (int i = 0; i < 60 && !last.starts_with("failed"); ++i) last = next(journal);
    EXPECT_NE(last.find("is damaged at position"), std::string::npos) << last;
    EXPECT_EQ(journal.failure().exit_code, 75);
}

TEST_F(FileJournalTest, a_header_that_is_damaged_and_a_segment_that_is_missing_are_errors) {
    FileJournalOptions small = options();
    small.segment_bytes = 500;
    {
        FileJournal journal(small);
        for (int i = 0; i < 100; ++i) ASSERT_EQ(journal.append(text(i)), Outcome::kOk);
    }
    std::vector<std::string> segments;
    for (const auto& entry : fs::directory_iterator(folder_)) {
        if (entry.path().extension() == ".nmj") segments.push_back(entry.path().string());
    }
    std::sort(segments.begin(), segments.end());
    ASSERT_GE(segments.size(), 4u);
    flip(segments[1], 10);
    EXPECT_NE(error_of([&] { FileJournal journal(small); }).find("78 journal: "),
              std::string::npos);
    fs::remove(segments[1]);
    EXPECT_NE(error_of([&] { FileJournal journal(small); }).find("records are missing before"),
              std::string::npos);
    // The newest one, torn while it was made.
    fs::remove(segments[0]);
    fs::resize_file(segments.back(), 17);
    FileJournal journal(small);
    ASSERT_EQ(journal.append("on"), Outcome::kOk);
    std::string last;
    for (std::string record = next(journal); !record.empty(); record = next(journal, 20))
        last = record;
    EXPECT_EQ(last, "on");
}

TEST_F(FileJournalTest, is_for_one_process_but_may_be_looked_at) {
    FileJournal journal(options());
    ASSERT_EQ(journal.append("a"), Outcome::kOk);
    ASSERT_EQ(next(journal), "a");
    const std::string wrong = error_of([this] { FileJournal second(options()); });
    EXPECT_NE(wrong.find("75 journal: '" + folder_ + "' is in use by another process (" +
                         std::to_string(getpid()) + ")"),
              std::string::npos)
        << wrong;
    FileJournalOptions look = options();
    look.read_only = true;
    FileJournal reader(look);
    EXPECT_EQ(reader.identity(), journal.identity());
    EXPECT_EQ(next(reader), "a");
    EXPECT_TRUE(reader.caught_up());
    EXPECT_EQ(reader.append("b"), Outcome::kFailed);
}

TEST_F(FileJournalTest, old_segments_are_deleted_and_places_stay) {
    FileJournalOptions small = options();
    small.segment_bytes = 500;
    std::int64_t end = 0;
    {
        FileJournal journal(small);
        for (int i = 0; i < 100; ++i) ASSERT_EQ(journal.append(text(i)), Outcome::kOk);
        while (!next(journal, 50).empty()) end = journal.position();
    }
    for (const auto& entry : fs::directory_iterator(folder_)) {
        fs::last_write_time(entry.path(), fs::file_time_type::clock::now() - std::chrono::hours(3));
    }
    small.keep_ms = 2LL * 3600 * 1000;
    FileJournal journal(small);
    EXPECT_GT(journal.begin_position(), 500);
    EXPECT_EQ(journal.end_position(), end);
    EXPECT_FALSE(journal.seek(0));
    EXPECT_TRUE(journal.seek(journal.begin_position()));
    EXPECT_NE(next(journal), "");
}

TEST_F(FileJournalTest, a_new_one_is_another_journal) {
    std::string first;
    {
        FileJournal journal(options());
        first = journal.identity();
    }
    {
        FileJournal journal(options());
        EXPECT_EQ(journal.identity(), first);
    }
    fs::remove_all(folder_);
    FileJournal journal(options());
    EXPECT_NE(journal.identity(), first);
}

TEST_F(FileJournalTest, a_place_amid_a_record_is_refused) {
    FileJournal journal(options());
    for (int i = 0; i < 10; ++i) ASSERT_EQ(journal.append(text(i)), Outcome::kOk);
    int places = 0;
    std::int64_t end = 0;
    for (int i = 0; i < 10; ++i) {
        ASSERT_EQ(next(journal), text(i));
        end = journal.position();
    }
    for (std::int64_t at = 0; at <= end; ++at) places += journal.seek(at) ? 1 : 0;
    EXPECT_EQ(places, 11);
}

}  // namespace
}  // namespace newsmill
