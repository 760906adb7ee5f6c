#include "pipeline/archive/file_reader.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

namespace newsmill {
namespace {

struct Seen {
    std::string bytes;
    std::int64_t number = 0;
    std::uint32_t flags = 0;
    bool operator==(const Seen&) const = default;
};

void PrintTo(const Seen& seen, std::ostream* out) {
    *out << seen.number << ":" << seen.bytes.substr(0, 80) << " flags " << seen.flags;
}

std::string gzip(const std::string& text) {
    std::string out(compressBound(text.size()) + 64, '\0');
    z_stream stream{};
    EXPECT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    std::string in = text;
    stream.next_in = reinterpret_cast<Bytef*>(in.data());
    stream.avail_in = static_cast<uInt>(in.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
    out.resize(stream.total_out);
    deflateEnd(&stream);
    return out;
}

std::string zstd(const std::string& text) {
    std::string out(ZSTD_compressBound(text.size()), '\0');
    ZSTD_CCtx* context = ZSTD_createCCtx();
    ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);  // as the zstd program does
    out.resize(ZSTD_compress2(context, out.data(), out.size(), text.data(), text.size()));
    ZSTD_freeCCtx(context);
    return out;
}

// An article of its own for every number, so that archives do not compress to nothing.
std::string article(std::uint64_t number) {
    std::string body;
    for (std::uint64_t i = 0; i < 40; ++i) {
        number = number * 6364136223846793005u + 1442695040888963407u;
        body += std::to_string(number >> 20) + (i % 7 == 6 ? ".\\n\\n" : " ");
    }
    return R"({"title":"Harbour \"{report}\" )" + std::to_string(number % 1000) + R"(","body":")" +
           body + R"("})";
}

class FileReaderTest : public testing::Test {
   protected:
    FileReaderTest() {
        std::string pattern = testing::TempDir() + "file_reader_XXXXXX";
        directory_ = ::mkdtemp(pattern.data());
    }
    ~FileReaderTest() override { std::filesystem::remove_all(directory_); }

    std::string file(const std::string& name, const std::string& content) {
        const std::filesystem::path path = std::filesystem::path(directory_) / name;
        std::filesystem::create_directories(path.parent_path());
        std::ofstream(path, std::ios::binary) << content;
        return path.native();
    }

    static std::vector<Seen> read_all(FileReader& reader) {
        std::vector<FileRecord> records;
        FileRecord record;
        while (reader.next(record)) records.push_back(record);
        std::vector<Seen> seen;  // only now: later reads must not have changed what was given
        for (const FileRecord& r : records)
            seen.push_back({std::string(r.bytes), r.number, r.flags});
        return seen;
    }

    // The same records must come whatever the blocks' size and the packing.
    std::vector<Seen> read(const std::string& name, const std::string& content) {
        const std::string path = file(name, content);
        FileReader reader({path});
        const std::vector<Seen> seen = read_all(reader);
        EXPECT_TRUE(reader.errors().empty()) << reader.errors()[0].message;
        EXPECT_EQ(reader.bytes_total(), content.size());
        EXPECT_EQ(reader.bytes_read(), content.size());
        for (const std::size_t block_bytes : {1u, 7u, 64u, 1000u}) {
            FileReader small({path}, {block_bytes, 16 << 20});
            EXPECT_EQ(read_all(small), seen) << "blocks of " << block_bytes;
        }
        for (const std::string& packed : {gzip(content), zstd(content)}) {
            FileReader unpacked({file("packed_" + name, packed)});
            EXPECT_EQ(read_all(unpacked), seen);
            EXPECT_TRUE(unpacked.errors().empty());
        }
        return seen;
    }

    std::string directory_;
};

using Records = std::vector<Seen>;

TEST_F(FileReaderTest, LinesOfJson) {
    EXPECT_EQ(read("a.ndjson", "{\"a\":1}\n\n  \n{\"a\":2}\n{\"a\":\"}{\"}"),
              (Records{{"{\"a\":1}", 1, 0}, {"{\"a\":2}", 4, 0}, {"{\"a\":\"}{\"}", 5, 0}}));
    EXPECT_EQ(read("crlf", "{\"a\":1}\r\n\r\n{\"a\":2}\r\n"),
              (Records{{"{\"a\":1}", 1, 0}, {"{\"a\":2}", 3, 0}}));
    EXPECT_EQ(read("bom", "\xef\xbb\xbf\n{\"a\":1}\n{\"a\":2}"),
              (Records{{"{\"a\":1}", 2, 0}, {"{\"a\":2}", 3, 0}}));
}

TEST_F(FileReaderTest, NothingIsNoRecord) {
    EXPECT_EQ(read("empty", ""), Records{});
    EXPECT_EQ(read("empty.jsonl", ""), Records{});
    EXPECT_EQ(read("blank", "\n \r\n\t\n"), Records{});
    EXPECT_EQ(read("bom", "\xef\xbb\xbf"), Records{});
    EXPECT_EQ(read("array", " [ ] "), Records{});
}

TEST_F(FileReaderTest, BrokenLinesStayLines) {
    const Records expected{{"not json", 1, 0}, {"{\"a\":1}", 2, 0}};
    EXPECT_EQ(read("a.ndjson", "not json\n{\"a\":1}\n"), expected);
    EXPECT_EQ(read("a.jsonl.zst", "not json\n{\"a\":1}\n"), expected);
    EXPECT_EQ(read("any", "not json\n{\"a\":1}\n"), expected);
    EXPECT_EQ(read("b", "{\"a\":\"cut\n{\"a\":1}\n"),
              (Records{{"{\"a\":\"cut", 1, 0}, {"{\"a\":1}", 2, 0}}));
    EXPECT_EQ(read("c", "{\"a\":12\n{\"a\":1}\n"),
              (Records{{"{\"a\":12", 1, 0}, {"{\"a\":1}", 2, 0}}));
    EXPECT_EQ(read("d", "{broken}\n{\"a\":1}\n"),
              (Records{{"{broken}", 1, 0}, {"{\"a\":1}", 2, 0}}));
    EXPECT_EQ(read("e.jsonl", "[1, 2]\n{\"a\":1}\n"),
              (Records{{"[1, 2]", 1, 0}, {"{\"a\":1}", 2, 0}}));
}

TEST_F(FileReaderTest, Arrays) {
    EXPECT_EQ(read("a.json", "[{\"a\":\"],{\\\"\"},\n {\"b\":[1,{}]} , 12,\"x\",null]\n"),
              (Records{{"{\"a\":\"],{\\\"\"}", 1, 0},
                       {"{\"b\":[1,{}]}", 2, 0},
                       {"12", 3, 0},
                       {"\"x\"", 4, 0},
                       {"null", 5, 0}}));
    EXPECT_EQ(read("bom", "\xef\xbb\xbf[\r\n{\"a\":1},\r\n{\"a\":2},\r\n]"),
              (Records{{"{\"a\":1}", 1, 0}, {"{\"a\":2}", 2, 0}}));
    EXPECT_EQ(read("a.jsonl", "[\n{\"a\":1}\n]"), (Records{{"{\"a\":1}", 1, 0}}));
    EXPECT_EQ(read("two", "[{\"a\":1}]\n[{\"a\":2}]"),
              (Records{{"{\"a\":1}", 1, 0}, {"{\"a\":2}", 2, 0}}));
    // A missing quote spoils its line, not the rest.
    EXPECT_EQ(read("quote", "[{\"a\":\"x\n},\n{\"a\":2},\n{\"a\":3}\n]").size(), 3u);
}

TEST_F(FileReaderTest, IndentedObjects) {
    const std::string one = "{\n  \"title\": \"Tram {line}\",\n  \"tags\": [\n    \"a\"\n  ]\n}";
    EXPECT_EQ(read("one.json", one + "\n"), (Records{{one, 1, 0}}));
    EXPECT_EQ(read("two.json", one + "\n" + one + "\n"), (Records{{one, 1, 0}, {one, 2, 0}}));
    const std::string list = "{\"tags\": [\n{\"a\":1},\n{\"a\":2}]}";
    EXPECT_EQ(read("list.json", list), (Records{{list, 1, 0}}));
    EXPECT_EQ(read("cut.json", "{\n \"title\": \"Tram"),
              (Records{{"{\n \"title\": \"Tram", 1, FileRecord::kCut}}));
}

TEST_F(FileReaderTest, AFeedIsARecordAnArticle) {
    const std::string head = "<rss><channel><title>T</title>", tail = "</channel></rss>";
    EXPECT_EQ(read("feed.xml", head + "<item>1</item>\n<item>2</item>" + tail + "\n"),
              (Records{{head + "<item>1</item>" + tail + "\n", 1, 0},
                       {head + "<item>2</item>" + tail + "\n", 2, 0}}));
    const std::string one = head + "<item>1</item>" + tail;
    EXPECT_EQ(read("one.xml", one), (Records{{one, 1, 0}}));
    EXPECT_EQ(read("feed.json", "{\"items\": [{\"a\":1}, {\"a\":2}]}\n"),
              (Records{{"{\"items\": [{\"a\":1}]}", 1, 0}, {"{\"items\": [{\"a\":2}]}", 2, 0}}));
    // Lines that are feeds stay lines.
    const std::string line = "{\"items\": [{\"a\":1}, {\"a\":2}]}";
    EXPECT_EQ(read("lines", line + "\n" + line + "\n"), (Records{{line, 1, 0}, {line, 2, 0}}));
    // A page whose script has an object on a line of its own.
    const std::string page = "<html><script>\n{\"@type\": \"NewsArticle\"}\n</script></html>";
    EXPECT_EQ(read("page.html", page), (Records{{page, 1, 0}}));
}

TEST_F(FileReaderTest, TextIsOneRecord) {
    const std::string text = "Storm reaches the coast\r\n\r\nThe harbour was closed on Friday.\n";
    EXPECT_EQ(read("a.txt", text), (Records{{text, 1, 0}}));
    EXPECT_EQ(read("bom.txt", "\xef\xbb\xbf" + text), (Records{{text, 1, 0}}));
    for (const std::string start :
         {"[UPDATE] ", "{\\rtf1 ", "<?xml version=\"1.0\"?>", "\x01\x16"}) {
        EXPECT_EQ(read("a", start + text), (Records{{start + text, 1, 0}}));
    }
}

TEST_F(FileReaderTest, LargeArchivesOfEveryKind) {
    std::string lines;
    std::string array = "[";
    std::string objects;
    Records by_line;
    Records by_element;
    for (std::int64_t i = 1; i <= 6000; ++i) {
        const std::string text = article(static_cast<std::uint64_t>(i));
        lines += text + (i % 3 == 0 ? "\r\n" : "\n");
        array += (i > 1 ? ",\n" : "\n") + text;
        objects += "{\n  \"inner\": " + text + "\n}\n";
        by_line.push_back({text, i, 0});
        by_element.push_back({"{\n  \"inner\": " + text + "\n}", i, 0});
    }
    EXPECT_EQ(read("lines.ndjson", lines), by_line);
    EXPECT_EQ(read("array.json", array + "\n]\n"), by_line);
    EXPECT_EQ(read("objects.json", objects), by_element);
}

TEST_F(FileReaderTest, ManyMembersAndFrames) {
    const std::string gz =
        gzip("{\"a\":1}\n{\"a\"") + gzip("") + gzip(":2}\n") + std::string(512, '\0');
    const std::string skippable("\x50\x2a\x4d\x18\x03\0\0\0abc", 11);
    const std::string zst = skippable + zstd("{\"a\":1}\n{\"a\"") + skippable + zstd(":2}\n");
    FileReader reader({file("a", gz), file("b", zst)});
    EXPECT_EQ(
        read_all(reader),
        (Records{
            {"{\"a\":1}", 1, 0}, {"{\"a\":2}", 2, 0}, {"{\"a\":1}", 1, 0}, {"{\"a\":2}", 2, 0}}));
    EXPECT_TRUE(reader.errors().empty());
    EXPECT_EQ(reader.bytes_read(), reader.bytes_total());
}

// The records before the fault come, the fault is told with its place, the next file goes on.
TEST_F(FileReaderTest, BrokenArchivesGiveWhatTheyHave) {
    std::string lines;
    for (std::uint64_t i = 0; i < 4000; ++i) lines += article(i) + "\n";
    for (const bool use_gzip : {true, false}) {
        const std::string whole = use_gzip ? gzip(lines) : zstd(lines);
        const std::string cut = whole.substr(0, whole.size() * 3 / 4);
        std::string corrupt = whole;
        corrupt[whole.size() / 2] = static_cast<char>(corrupt[whole.size() / 2] ^ 0x55);
        corrupt[whole.size() / 2 + 1] = static_cast<char>(corrupt[whole.size() / 2 + 1] ^ 0x55);
        for (const auto& bytes : {cut, corrupt}) {
            const std::string bad = file("bad.gz", bytes);
            FileReader reader({bad, file("good", "{\"a\":1}\n")});
            const Records seen = read_all(reader);
            ASSERT_GT(seen.size(), 500u);
            EXPECT_EQ(seen[400].bytes, article(400));
            EXPECT_EQ(seen.back(), (Seen{"{\"a\":1}", 1, 0}));
            ASSERT_EQ(reader.errors().size(), 1u);
            EXPECT_EQ(reader.errors()[0].file, bad);
            EXPECT_GT(reader.errors()[0].position, 0u);
            EXPECT_LE(reader.errors()[0].position, bytes.size());
            EXPECT_TRUE(reader.errors()[0].message.starts_with(use_gzip ? "gzip: " : "zstd: "));
        }
    }
}

TEST_F(FileReaderTest, CutRecordsAreMarkedAndCutTextIsKeptBack) {
    const std::string packed = gzip("{\"a\":1}\n{\"a\":2}\n{\"a\":3}");
    const std::string text = gzip("Storm reaches the coast");
    // Only the checksum is missing: every byte of the data is there.
    FileReader reader({file("a", packed.substr(0, packed.size() - 8)),
                       file("b", text.substr(0, text.size() - 8))});
    EXPECT_EQ(
        read_all(reader),
        (Records{{"{\"a\":1}", 1, 0}, {"{\"a\":2}", 2, 0}, {"{\"a\":3}", 3, FileRecord::kCut}}));
    ASSERT_EQ(reader.errors().size(), 2u);
    EXPECT_EQ(reader.errors()[0].position, packed.size() - 8);
}

TEST_F(FileReaderTest, TellsWhatIsWrongWithAnArray) {
    const std::string trailing = "[{\"a\":1}] oops";
    FileReader reader({file("a", "[{\"a\":1},{\"a\":"), file("b", trailing)});
    EXPECT_EQ(
        read_all(reader),
        (Records{{"{\"a\":1}", 1, 0}, {"{\"a\":", 2, FileRecord::kCut}, {"{\"a\":1}", 1, 0}}));
    ASSERT_EQ(reader.errors().size(), 2u);
    EXPECT_EQ(reader.errors()[0].message, "the file ends within its JSON array");
    EXPECT_EQ(reader.errors()[1].message, "other text follows the JSON array");
    EXPECT_EQ(reader.errors()[1].position, trailing.find("oops"));
}

TEST_F(FileReaderTest, OtherBytesBehindGzip) {
    FileReader reader({file("a.gz", gzip("{\"a\":1}\n") + "tail")});
    EXPECT_EQ(read_all(reader), (Records{{"{\"a\":1}", 1, 0}}));
    ASSERT_EQ(reader.errors().size(), 1u);
}

TEST_F(FileReaderTest, OversizedRecordsAreMarkedAndPassedOver) {
    const std::string huge = "{\"a\":\"" + std::string(300'000, 'x') + "\"}";
    const std::string lines = "{\"a\":1}\n" + huge + "\n{\"a\":3}\n" + huge;
    const std::string array = "[{\"a\":1}," + huge + ",{\"a\":3}," + huge + "]";
    const std::string indented = "{\n\"\":1}\n" + huge + "\n{\"a\":3}\n" + huge;
    for (const std::string& content : {lines, array, indented}) {
        const std::string path = file("a", content);
        for (const std::size_t block_bytes : {64u, 5000u, 1u << 20}) {
            FileReader reader({path}, {block_bytes, 1000});
            FileRecord record;
            Records seen;
            while (reader.next(record)) {
                seen.push_back({std::string(record.bytes), record.number, record.flags});
                EXPECT_EQ(record.whole_bytes, record.flags != 0 ? huge.size() : 7u);
            }
            ASSERT_EQ(seen.size(), 4u) << content.substr(0, 10) << " blocks of " << block_bytes;
            EXPECT_EQ(seen[1], (Seen{huge.substr(0, 1000), 2, FileRecord::kOversized}));
            EXPECT_EQ(seen[2], (Seen{"{\"a\":3}", 3, 0}));
            EXPECT_EQ(seen[3].flags, FileRecord::kOversized);
            EXPECT_TRUE(reader.errors().empty());
        }
    }
    FileReader text({file("text", std::string(5000, 'x'))}, {64, 1000});
    EXPECT_EQ(read_all(text), (Records{{std::string(1000, 'x'), 1, FileRecord::kOversized}}));
}

TEST_F(FileReaderTest, DirectoriesByNameAndMissingFiles) {
    file("d/b.ndjson", "{\"n\":2}\n");
    file("d/a/z.ndjson", "{\"n\":1}\n");
    file("d/c.json", "[{\"n\":3}]");
    file("d/.hidden", "{\"n\":9}\n");
    std::filesystem::create_directory_symlink(directory_ + "/d", directory_ + "/d/a/loop");
    const std::string missing = directory_ + "/missing";
    FileReader reader({directory_ + "/d", missing, directory_ + "/d/c.json"});
    EXPECT_EQ(
        read_all(reader),
        (Records{
            {"{\"n\":1}", 1, 0}, {"{\"n\":2}", 1, 0}, {"{\"n\":3}", 1, 0}, {"{\"n\":3}", 1, 0}}));
    ASSERT_EQ(reader.errors().size(), 1u);
    EXPECT_EQ(reader.errors()[0].file, missing);
    EXPECT_TRUE(reader.errors()[0].message.starts_with("cannot open: "));
}

TEST_F(FileReaderTest, AReadableBlockOutlivesTheReader) {
    FileRecord kept;
    {
        FileReader reader({file("a", "{\"a\":1}\n")});
        ASSERT_TRUE(reader.next(kept));
    }
    EXPECT_EQ(kept.bytes, "{\"a\":1}");
    unsigned sum = 0;  // the address sanitizer watches
    for (std::size_t i = 0; i < 64; ++i) sum += static_cast<unsigned char>(kept.bytes.end()[i]);
    EXPECT_LE(sum, 64u * 255);
}

TEST_F(FileReaderTest, APipeGivesLinesAsTheyCome) {
    const std::string path = directory_ + "/fifo";
    ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
    const int keep = ::open(path.c_str(), O_RDWR);  // so that neither end waits to open
    const int out = ::open(path.c_str(), O_WRONLY);
    FileReader reader({path});
    FileRecord record;
    using Pull = FileReader::Pull;
    for (int i = 0; i < 50; ++i) EXPECT_EQ(reader.try_next(record), Pull::kWait);
    ASSERT_EQ(::write(out, "{\"a\":1}\n{\"a\"", 12), 12);
    EXPECT_EQ(reader.try_next(record), Pull::kRecord);
    const FileRecord first = record;
    for (int i = 0; i < 50; ++i) EXPECT_EQ(reader.try_next(record), Pull::kWait);
    ASSERT_EQ(::write(out, ":2}\n", 4), 4);
    ASSERT_TRUE(reader.next(record));
    EXPECT_EQ(record.bytes, "{\"a\":2}");
    EXPECT_EQ(record.number, 2);
    EXPECT_EQ(first.bytes, "{\"a\":1}");
    ::close(out);
    ::close(keep);
    EXPECT_EQ(reader.try_next(record), Pull::kEnd);
}

// What was given is never written again: the thread sanitizer watches.
TEST_F(FileReaderTest, RecordsMayBeReadElsewhereWhileReadingGoesOn) {
    std::string lines;
    for (std::uint64_t i = 0; i < 2000; ++i) lines += article(i) + "\n";
    FileReader reader({file("a", lines)}, {4096, 1 << 20});
    std::uint64_t total = 0;
    FileRecord record;
    std::vector<FileRecord> batch;
    const auto look = [&total](std::vector<FileRecord> records) {
        for (const FileRecord& r : records) {
            for (std::size_t i = 0; i < r.bytes.size() + 64; ++i) total += r.bytes.data()[i] == 'x';
        }
    };
    std::thread other;
    while (reader.next(record)) {
        batch.push_back(record);
        if (batch.size() < 3) continue;
        if (other.joinable()) other.join();
        other = std::thread(look, std::move(batch));
        batch.clear();
    }
    if (other.joinable()) other.join();
    EXPECT_EQ(total, 0u);
}

TEST(JsonScanner, FindsTheEndAtAnyCut) {
    const std::string value = R"({"a":[1,{"b":"\\\"}]"}],"c":"\\"})";
    const std::string text = value + ", 1";
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
        JsonScanner scanner;
        std::size_t used = scanner.feed(std::string_view(text).substr(0, cut));
        if (!scanner.done()) used += scanner.feed(std::string_view(text).substr(cut));
        EXPECT_EQ(used, value.size());
        EXPECT_TRUE(scanner.done());
        EXPECT_FALSE(scanner.broken());
    }
}

}  // namespace
}  // namespace newsmill
