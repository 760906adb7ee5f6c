// The archive of what came in: writing, reading, crashes, damage, a full disk.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <random>

#include "pipeline/archive/archive_reader.hpp"
#include "pipeline/archive/archive_writer.hpp"
#include "pipeline/archive/archiving_producer.hpp"
#include "pipeline/archive/record_source.hpp"
#include "pipeline/start_error.hpp"

namespace newsmill {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class Archive : public testing::Test {
   protected:
    void SetUp() override {
        folder_ = testing::TempDir() + "/newsmill_archive_" + std::to_string(getpid()) + "_" +
                  testing::UnitTest::GetInstance()->current_test_info()->name();
        fs::remove_all(folder_);
        options_ = {.path = folder_, .sync = false};
    }
    void TearDown() override { fs::remove_all(folder_); }

    // An article with all its parts; `n` is its offset.
    static void add(ArchiveWriter& writer, std::int64_t n, std::int64_t time_ms = kNoTime,
                    std::string value = "") {
        if (value.empty()) value = "{\"title\": \"Ferry " + std::to_string(n) + " is late\"}";
        const std::string key = "key-" + std::to_string(n);
        const Header headers[] = {{"traceparent", "00-ab"}, {"empty", ""}};
        Article article;
        article.origin = {"news.raw", static_cast<std::int32_t>(n % 3), n, time_ms};
        article.has_key = n % 2 == 0;
        article.key = key;
        article.payload = value;
        article.has_payload = n % 5 != 4;
        if (n % 2 == 1) article.headers = headers;
        writer.add(article, 100 + n);
    }
    static void commit(ArchiveWriter& writer, std::int64_t from, std::int64_t to) {
        for (std::int64_t n = from; n < to; ++n) add(writer, n, 1000 * n);
        ASSERT_EQ(writer.seal(), 0);
        writer.confirm();
    }
    struct Read {
        std::vector<std::int64_t> offsets;
        std::vector<FileError> errors;
    };
    static Read read(const std::string& path, std::int64_t from = INT64_MIN,
                     std::int64_t to = INT64_MAX) {
        ArchiveReader reader(path, from, to);
        Read result;
        ArchivedRecord record;
        while (reader.next(record)) result.offsets.push_back(record.origin.offset);
        result.errors = reader.errors();
        return result;
    }
    std::vector<std::string> segments() const {
        std::vector<std::string> paths;
        for (const auto& entry : fs::directory_iterator(folder_)) {
            if (entry.path().extension() == ".nma") paths.push_back(entry.path().native());
        }
        std::sort(paths.begin(), paths.end());
        return paths;
    }
    static std::string bytes_of(const std::string& path) {
        std::ifstream file(path, std::ios::binary);
        return {std::istreambuf_iterator<char>(file), {}};
    }
    static void write(const std::string& path, std::string_view bytes) {
        std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
    }
    // A copy of the folder as it is now, as a crash would leave it.
    std::string crash() const {
        const std::string copy = folder_ + "/crashed";
        fs::remove_all(copy);
        fs::create_directories(copy);
        for (const std::string& path : segments())
            fs::copy_file(path, copy + "/" + fs::path(path).filename().native());
        return copy;
    }

    std::string folder_;
    ArchiveWriterOptions options_;
};

TEST_F(Archive, gives_back_every_part_of_an_article) {
    {
        ArchiveWriter writer(options_);
        commit(writer, 0, 10);
    }
    ArchiveReader reader(folder_);
    ArchivedRecord record;
    for (std::int64_t n = 0; n < 10; ++n) {
        ASSERT_TRUE(reader.next(record));
        EXPECT_EQ(record.number, static_cast<std::uint64_t>(n));
        EXPECT_EQ(record.origin.topic, "news.raw");
        EXPECT_EQ(record.origin.partition, n % 3);
        EXPECT_EQ(record.origin.offset, n);
        EXPECT_EQ(record.origin.timestamp_ms, 1000 * n);
        EXPECT_EQ(record.journal_position, 100 + n);
        EXPECT_EQ(record.has_key, n % 2 == 0);
        if (record.has_key) {
            EXPECT_EQ(record.key, "key-" + std::to_string(n));
        }
        EXPECT_EQ(record.has_value, n % 5 != 4);
        if (record.has_value) {
            EXPECT_THAT(record.value, HasSubstr("Ferry " + std::to_string(n)));
        }
        ASSERT_THAT(record.headers, SizeIs(n % 2 == 1 ? 2 : 0));
        if (n % 2 == 1) {
            EXPECT_EQ(record.headers[0].value, "00-ab");
        }
    }
    EXPECT_FALSE(reader.next(record));
    EXPECT_THAT(reader.errors(), IsEmpty());
    EXPECT_EQ(reader.bytes_read(), reader.bytes_total());
}

TEST_F(Archive, is_a_stream_that_any_zstd_unpacks) {
    {
        ArchiveWriter writer(options_);
        commit(writer, 0, 10);
        commit(writer, 10, 20);
    }
    ByteStream stream;
    ASSERT_TRUE(stream.open(segments()[0]));
    std::string plain(1 << 16, '\0');
    std::size_t size = 0;
    std::size_t got = 0;
    while (stream.read(plain.data() + size, plain.size() - size, true, got) ==
           ByteStream::Status::kData) {
        size += got;
    }
    EXPECT_EQ(stream.error(), "");
    std::string_view rest(plain.data(), size);
    ArchivedRecord record;
    for (std::uint64_t n = 0; n < 20; ++n) EXPECT_TRUE(take_archive_record(rest, n, record)) << n;
    EXPECT_TRUE(rest.empty());
}

TEST_F(Archive, begins_new_segments_and_finds_times) {
    options_.segment_bytes = 2000;
    options_.block_bytes = 300;
    {
        ArchiveWriter writer(options_);
        for (int i = 0; i < 20; ++i) commit(writer, 50 * i, 50 * i + 50);
    }
    EXPECT_GT(segments().size(), 3u);
    EXPECT_THAT(read(folder_).offsets, SizeIs(1000));
    EXPECT_THAT(read(folder_, 500'000, 503'000).offsets, ElementsAre(500, 501, 502));
    // One segment by its name.
    EXPECT_THAT(read(segments()[1]).offsets, testing::Not(IsEmpty()));
    {
        ArchiveWriter again(options_);
        EXPECT_EQ(again.records(), 1000u);
        EXPECT_EQ(again.remembered(), 0u);
        commit(again, 1000, 1001);
    }
    EXPECT_THAT(read(folder_).offsets, SizeIs(1001));
}

TEST_F(Archive, forgets_a_transaction_that_was_aborted) {
    options_.block_bytes = 200;  // blocks are written before the end of a transaction
    {
        ArchiveWriter writer(options_);
        commit(writer, 0, 3);
        for (std::int64_t n = 3; n < 40; ++n) add(writer, n);
        ASSERT_EQ(writer.seal(), 0);
        writer.undo();
        EXPECT_EQ(writer.records(), 3u);
        commit(writer, 3, 5);
        add(writer, 90);
        writer.undo();
    }
    EXPECT_THAT(read(folder_).offsets, ElementsAre(0, 1, 2, 3, 4));
}

TEST_F(Archive, is_mended_after_a_crash_at_any_byte) {
    options_.block_bytes = 400;
    std::string whole;
    std::size_t first_end = 0;
    {
        ArchiveWriter writer(options_);
        commit(writer, 0, 6);
        first_end = bytes_of(segments()[0]).size();
        for (std::int64_t n = 6; n < 30; ++n) add(writer, n);
        ASSERT_EQ(writer.seal(), 0);
        whole = bytes_of(segments()[0]);
        writer.confirm();
    }
    const std::string path = segments()[0];
    // Each byte of the heads, and then some: it takes time.
    for (std::size_t cut = 0; cut <= whole.size(); cut += cut < 130 ? 1 : 7) {
        write(path, std::string_view(whole).substr(0, cut));
        std::size_t kept = 0;
        {
            ArchiveWriter writer(options_);
            kept = writer.records();
            // All that was whole before the last transaction began.
            if (cut >= first_end) {
                ASSERT_GE(kept, 6u) << cut;
            }
            // The last transaction comes again: what is there already is not added twice.
            const std::int64_t from = kept <= 6 ? static_cast<std::int64_t>(kept) : 6;
            for (std::int64_t n = from; n < 30; ++n) add(writer, n);
            ASSERT_EQ(writer.seal(), 0) << cut;
            writer.confirm();
            ASSERT_EQ(writer.records(), 30u) << cut;
        }
        const Read got = read(folder_);
        ASSERT_THAT(got.errors, IsEmpty()) << cut;
        ASSERT_THAT(got.offsets, SizeIs(30)) << cut;
        for (std::int64_t n = 0; n < 30; ++n)
            ASSERT_EQ(got.offsets[static_cast<std::size_t>(n)], n) << cut;
        for (const std::string& segment : segments()) fs::remove(segment);
    }
}

TEST_F(Archive, keeps_the_whole_records_of_a_block_that_is_cut) {
    std::mt19937 random(7);
    {
        ArchiveWriter writer(options_);
        for (std::int64_t n = 0; n < 100; ++n) {  // what can't be packed: many of zstd's blocks
            std::string value(5000, ' ');
            for (char& c : value) c = static_cast<char>(random());
            add(writer, n, kNoTime, value);
        }
        ASSERT_EQ(writer.seal(), 0);
        const std::string bytes = bytes_of(segments()[0]);
        write(crash() + "/" + archive_segment_name(0),
              std::string_view(bytes).substr(0, bytes.size() * 3 / 4));
    }
    options_.path = folder_ + "/crashed";
    {
        const ArchiveWriter writer(options_);
        EXPECT_GT(writer.records(), 40u);
        EXPECT_LT(writer.records(), 76u);
        EXPECT_GT(writer.repaired_bytes(), 0);
        EXPECT_EQ(writer.remembered(), writer.records());
    }
    const Read got = read(options_.path);
    EXPECT_THAT(got.errors, IsEmpty());
    EXPECT_GT(got.offsets.size(), 40u);
}

TEST_F(Archive, passes_over_a_damaged_block) {
    options_.block_bytes = 300;
    {
        ArchiveWriter writer(options_);
        commit(writer, 0, 40);
    }
    const std::string path = segments()[0];
    std::string bytes = bytes_of(path);
    bytes[kArchiveHeadBytes + kArchiveBlockHeadBytes + 20] ^= 0x40;
    write(path, bytes);
    const Read got = read(folder_);
    ASSERT_THAT(got.errors, SizeIs(1));
    EXPECT_THAT(got.errors[0].message, HasSubstr("damaged"));
    EXPECT_GT(got.offsets.size(), 20u);
    EXPECT_LT(got.offsets.size(), 40u);
}

TEST_F(Archive, leaves_damage_amid_good_blocks_as_it_is) {
    options_.block_bytes = 300;
    ArchiveWriter writer(options_);
    commit(writer, 0, 40);
    options_.path = crash();  // without a foot
    const std::string path = options_.path + "/" + archive_segment_name(0);
    std::string bytes = bytes_of(path);
    bytes[kArchiveHeadBytes + kArchiveBlockHeadBytes + 20] ^= 0x40;
    write(path, bytes);
    {
        ArchiveWriter again(options_);
        add(again, 77);
        ASSERT_EQ(again.seal(), 0);
        again.confirm();
    }
    EXPECT_EQ(bytes_of(path), bytes);
    const Read got = read(options_.path);
    EXPECT_THAT(got.errors, SizeIs(1));
    EXPECT_EQ(got.offsets.back(), 77);
}

TEST_F(Archive, deletes_the_oldest_beyond_its_size) {
    options_.segment_bytes = 1000;
    options_.keep_bytes = 4000;
    {
        ArchiveWriter writer(options_);
        for (int i = 0; i < 30; ++i) commit(writer, 40 * i, 40 * i + 40);
    }
    std::uintmax_t bytes = 0;
    for (const std::string& path : segments()) bytes += fs::file_size(path);
    EXPECT_LT(bytes, 6500u);
    const Read got = read(folder_);
    EXPECT_GT(got.offsets.front(), 0);
    EXPECT_EQ(got.offsets.back(), 1199);
}

TEST_F(Archive, is_for_one_process) {
    const ArchiveWriter writer(options_);
    EXPECT_THROW(ArchiveWriter{options_}, StartError);
    options_.path = "/proc/newsmill-archive";
    try {
        const ArchiveWriter other(options_);
        FAIL();
    } catch (const StartError& error) {
        EXPECT_EQ(error.exit_code(), 78);
    }
}

TEST_F(Archive, of_several_daemons_are_read_in_the_order_of_the_journal) {
    const std::vector<std::string> paths = {folder_ + "/a", folder_ + "/b"};
    for (int i = 0; i < 2; ++i) {
        options_.path = paths[static_cast<std::size_t>(i)];
        ArchiveWriter writer(options_);
        for (std::int64_t n = i; n < 40; n += n % 3 == 0 ? 2 : 4) add(writer, n);
        ASSERT_EQ(writer.seal(), 0);
        writer.confirm();
    }
    const std::unique_ptr<RecordSource> source = make_file_source(paths, {});
    for (int round = 0; round < 2; ++round) {  // the second time from its beginning
        EXPECT_EQ(source->open(0, {}), 0u);
        std::vector<std::int64_t> places;
        SourceRecord record;
        while (source->next(record) == RecordSource::Pull::kRecord)
            places.push_back(record.journal_position);
        EXPECT_GT(places.size(), 20u);
        EXPECT_TRUE(std::is_sorted(places.begin(), places.end()));
    }
    EXPECT_EQ(source->progress().read, source->progress().total);
}

// ---- Before a producer
// ------------------------------------------------------------------------------

class FakeProducer final : public Producer {
   public:
    Outcome begin() noexcept override { return Outcome::kOk; }
    Outcome send(const Article&) noexcept override { return Outcome::kOk; }
    Outcome send_notice(const Article&, const Output&) noexcept override { return Outcome::kOk; }
    Outcome send_positions(const std::vector<Position>&, const GroupToken&) noexcept override {
        ++positions;
        return Outcome::kOk;
    }
    Outcome commit() noexcept override { return next; }
    Outcome abort() noexcept override { return Outcome::kOk; }
    int positions = 0;
    Outcome next = Outcome::kOk;
};

void fill(Batch& batch, std::int64_t from, std::int64_t to) {
    for (std::int64_t n = from; n < to; ++n) {
        Article& article = batch.add("an article that is here");
        article.origin = {"news.raw", 0, n, 1000 * n};
    }
}

TEST_F(Archive, holds_what_is_committed_and_nothing_else) {
    ArchiveWriter writer(options_);
    FakeProducer inner;
    ArchivingProducer producer(inner, writer, false);
    Counter archived, skipped;
    producer.count_in(archived, skipped);
    Batch one({}), two({});
    fill(one, 0, 5);
    fill(two, 5, 9);
    producer.sent(one);
    ASSERT_EQ(producer.send_positions({}, nullptr), Outcome::kOk);
    inner.next = Outcome::kAborted;
    ASSERT_EQ(producer.commit(), Outcome::kAborted);
    ASSERT_EQ(producer.abort(), Outcome::kOk);
    EXPECT_EQ(archived.get(), 0u);
    inner.next = Outcome::kRetry;
    producer.sent(one);
    producer.sent(two);
    ASSERT_EQ(producer.send_positions({}, nullptr), Outcome::kOk);
    ASSERT_EQ(producer.commit(), Outcome::kRetry);
    inner.next = Outcome::kOk;
    ASSERT_EQ(producer.commit(), Outcome::kOk);
    EXPECT_EQ(archived.get(), 9u);
    EXPECT_THAT(read(folder_).offsets, ElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 8));
}

// A folder that is gone stands for a disk that is full: no segment can be made.
TEST_F(Archive, that_cannot_be_written_stops_or_is_skipped) {
    ArchiveWriter writer(options_);
    fs::remove_all(folder_);
    FakeProducer inner;
    Batch batch({});
    fill(batch, 0, 5);
    ArchivingProducer strict(inner, writer, false);
    strict.sent(batch);
    EXPECT_EQ(strict.send_positions({}, nullptr), Outcome::kFailed);
    EXPECT_EQ(strict.failure().exit_code, 75);
    EXPECT_THAT(strict.failure().message, HasSubstr("archive: it can't be written"));
    EXPECT_EQ(inner.positions, 0);

    ArchivingProducer lax(inner, writer, true);
    Counter archived, skipped;
    lax.count_in(archived, skipped);
    lax.sent(batch);
    EXPECT_EQ(lax.send_positions({}, nullptr), Outcome::kOk);
    EXPECT_EQ(lax.commit(), Outcome::kOk);
    EXPECT_EQ(skipped.get(), 5u);
    fs::create_directories(folder_);  // room again
    lax.sent(batch);
    EXPECT_EQ(lax.send_positions({}, nullptr), Outcome::kOk);
    EXPECT_EQ(lax.commit(), Outcome::kOk);
    EXPECT_EQ(archived.get(), 5u);
    EXPECT_THAT(read(folder_).offsets, SizeIs(5));
}

// Every write beyond the limit fails, as on a full disk; what was there before stays whole.
TEST_F(Archive, survives_a_disk_that_fills_amid_a_block) {
    ArchiveWriter writer(options_);
    commit(writer, 0, 3);
    const std::string before = bytes_of(segments()[0]);
    const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
    rlimit old_limit{};
    ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &old_limit), 0);
    const rlimit limit{before.size() + 30, old_limit.rlim_max};
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
    add(writer, 3);
    const int wrong = writer.seal();
    writer.undo();
    setrlimit(RLIMIT_FSIZE, &old_limit);
    std::signal(SIGXFSZ, old_handler);
    EXPECT_EQ(wrong, EFBIG);
    EXPECT_EQ(bytes_of(segments()[0]), before);
    commit(writer, 3, 5);
    EXPECT_THAT(read(folder_).offsets, ElementsAre(0, 1, 2, 3, 4));
}

}  // namespace
}  // namespace newsmill
