// The journal's records: what goes in comes out, and nothing else is taken for one.
#include "pipeline/journal_record.hpp"

#include <gtest/gtest.h>
#include <xxhash.h>

#include <cstdint>
#include <string>
#include <vector>

namespace newsmill {
namespace {

void expect_equal(const JournalEntry& a, const JournalEntry& b) {
    EXPECT_EQ(a.origin.topic, b.origin.topic);
    EXPECT_EQ(a.origin.partition, b.origin.partition);
    EXPECT_EQ(a.origin.offset, b.origin.offset);
    EXPECT_EQ(a.exact_hash, b.exact_hash);
    EXPECT_EQ(a.sketch, b.sketch);
    EXPECT_EQ(a.event_ms, b.event_ms);
    EXPECT_EQ(a.version_created_ms, b.version_created_ms);
    EXPECT_EQ(a.version, b.version);
    EXPECT_EQ(a.canceled, b.canceled);
    EXPECT_EQ(a.uri, b.uri);
    EXPECT_EQ(a.source, b.source);
}

const std::string kSketch = [] {
    std::string bytes;
    for (int i = 0; i < 450; ++i) bytes.push_back(static_cast<char>(i * 37));
    return bytes;
}();

std::vector<JournalEntry> entries() {
    std::vector<JournalEntry> out;
    const auto add = [&out](std::string_view topic, std::int32_t partition, std::int64_t offset) {
        JournalEntry& entry = out.emplace_back();
        entry.origin.topic = topic;
        entry.origin.partition = partition;
        entry.origin.offset = offset;
        entry.exact_hash = {out.size() * 0x9E3779B97F4A7C15u, ~out.size()};
        return &entry;
    };
    JournalEntry* entry = add("news.raw", 3, 41);
    entry->event_ms = 1'764'000'000'123;
    entry->uri = "https://desk.example/1";
    entry->source = "Town Post";
    entry->sketch = kSketch;
    entry = add("news.raw", 0, INT64_MAX);
    entry->event_ms = INT64_MAX;
    entry->version_created_ms = INT64_MIN + 1;
    entry->version = UINT32_MAX;
    entry->canceled = true;
    entry = add("", INT32_MIN, INT64_MIN);
    entry->version_created_ms = 5;
    entry = add("archive/2026.ndjson", -1, 1);
    entry->event_ms = INT64_MIN + 1;
    entry->source = "Town Post";
    entry->version = 2;
    return out;
}

TEST(JournalRecord, entries_come_back) {
    JournalEncoder encoder;
    std::string bytes;
    JournalRecord record;
    // Twice with the same encoder and record, which must not remember anything.
    for (int i = 0; i < 2; ++i) {
        encoder.encode(entries(), 77, 12, bytes);
        ASSERT_TRUE(decode_journal_record(bytes, record));
        EXPECT_EQ(record.kind, JournalRecordKind::kEntries);
        EXPECT_EQ(record.writer, 77u);
        EXPECT_EQ(record.sequence, 12u);
        ASSERT_EQ(record.entries.size(), entries().size());
        for (std::size_t k = 0; k < record.entries.size(); ++k) {
            expect_equal(record.entries[k], entries()[k]);
        }
        encoder.encode({}, 78, 13, bytes);
        ASSERT_TRUE(decode_journal_record(bytes, record));
        EXPECT_TRUE(record.entries.empty());
    }
}

TEST(JournalRecord, a_batch_gives_what_its_ok_articles_say) {
    Batch batch({});
    batch.sequence = 9;
    for (int i = 0; i < 3; ++i) {
        Article& article = batch.add("{}");
        article.origin = {"news.raw", 1, 100 + i, 1'764'000'000'000 + i};
        article.uri = "urn:a";
        article.raw.source = "  The Wire \n";
        article.sketch = kSketch;
        article.version = 3;
        article.version_created_ms = 1'763'999'999'000;
        article.canceled = i == 2;
    }
    batch.articles[1].verdict = {Code::kNoText, "parse", "no text"};
    JournalEncoder encoder;
    std::string bytes;
    EXPECT_EQ(encoder.encode(batch, 5, bytes), 2u);
    JournalRecord record;
    ASSERT_TRUE(decode_journal_record(bytes, record));
    ASSERT_EQ(record.entries.size(), 2u);
    expect_equal(record.entries[0], journal_entry(batch.articles[0]));
    expect_equal(record.entries[1], journal_entry(batch.articles[2]));
    EXPECT_EQ(record.entries[1].source, "The Wire");
    EXPECT_TRUE(record.entries[1].canceled);
    EXPECT_EQ(record.entries[1].event_ms, 1'764'000'000'002);
}

TEST(JournalRecord, an_entry_is_compact) {
    std::vector<JournalEntry> many(256, entries().front());
    for (std::size_t i = 0; i < many.size(); ++i) {
        many[i].origin.offset += static_cast<std::int64_t>(i);
        many[i].event_ms += static_cast<std::int64_t>(i) * 40;
    }
    JournalEncoder encoder;
    std::string bytes;
    encoder.encode(many, 1, 1, bytes);
    const std::size_t payload = kSketch.size() + many.front().uri.size();
    EXPECT_LT(bytes.size() / many.size(), payload + 28);
}

TEST(JournalRecord, settings_and_hashes_come_back) {
    std::string bytes;
    JournalRecord record;
    for (const bool change : {false, true}) {
        encode_settings_record(4, change, "dedup 1: capacity 1000", bytes);
        ASSERT_TRUE(decode_journal_record(bytes, record));
        EXPECT_EQ(record.kind, JournalRecordKind::kSettings);
        EXPECT_EQ(record.writer, 4u);
        EXPECT_EQ(record.change, change);
        EXPECT_EQ(record.settings, "dedup 1: capacity 1000");
    }
    encode_state_hash_record(6, 123'456'789'012, 0xFEDCBA9876543210u, "s", bytes);
    ASSERT_TRUE(decode_journal_record(bytes, record));
    EXPECT_EQ(record.kind, JournalRecordKind::kStateHash);
    EXPECT_EQ(record.position, 123'456'789'012);
    EXPECT_EQ(record.state_hash, 0xFEDCBA9876543210u);
    EXPECT_EQ(record.settings, "s");
}

TEST(JournalRecord, every_flipped_bit_and_every_cut_is_seen) {
    JournalEncoder encoder;
    std::string bytes;
    encoder.encode(entries(), 1, 2, bytes);
    JournalRecord record;
    for (std::size_t i = 0; i < bytes.size() * 8; ++i) {
        std::string flipped = bytes;
        flipped[i / 8] = static_cast<char>(flipped[i / 8] ^ (1 << i % 8));
        ASSERT_FALSE(decode_journal_record(flipped, record)) << "bit " << i;
    }
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        ASSERT_FALSE(decode_journal_record(std::string_view(bytes).substr(0, size), record));
    }
    EXPECT_FALSE(decode_journal_record(bytes + "x", record));
    EXPECT_TRUE(decode_journal_record(bytes, record));
}

// Bytes that lie inside a checksum that is right: whoever can write to the journal must not crash
// its readers.
TEST(JournalRecord, nothing_is_read_past_the_end_though_the_checksum_is_right) {
    JournalEncoder encoder;
    std::string bytes;
    encoder.encode(entries(), 1, 2, bytes);
    JournalRecord record;
    std::uint32_t random = 1;
    for (int round = 0; round < 20'000; ++round) {
        std::string lie = bytes.substr(0, bytes.size() - 8);
        for (int i = 0; i < 3; ++i) {
            random = random * 1664525 + 1013904223;
            lie[4 + (random >> 8) % (lie.size() - 4)] = static_cast<char>(random >> 3);
        }
        const std::uint64_t hash = XXH3_64bits(lie.data(), lie.size());
        for (int i = 0; i < 8; ++i) lie.push_back(static_cast<char>(hash >> (8 * i)));
        if (!decode_journal_record(lie, record)) continue;
        for (const JournalEntry& entry : record.entries) {
            ASSERT_LE(entry.uri.size() + entry.sketch.size(), lie.size());
        }
    }
}

TEST(JournalRecord, an_older_version_is_a_foreign_record) {
    std::string bytes = "NMJ1" + std::string(22, '\0');
    const std::uint64_t hash = XXH3_64bits(bytes.data(), bytes.size());
    for (int i = 0; i < 8; ++i) bytes.push_back(static_cast<char>(hash >> (8 * i)));
    JournalRecord record;
    EXPECT_FALSE(decode_journal_record(bytes, record));
    EXPECT_FALSE(decode_journal_record("", record));
    EXPECT_FALSE(decode_journal_record("a line of text that somebody wrote to the topic", record));
}

}  // namespace
}  // namespace newsmill
