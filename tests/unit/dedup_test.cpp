#include "stages/dedup.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace newsmill {
namespace {

JournalEntry entry(std::int64_t offset, std::uint64_t hash, std::int64_t event_ms = 1'000'000,
                   std::string_view uri = "urn:a") {
    JournalEntry e;
    e.origin.topic = "raw";
    e.origin.partition = 0;
    e.origin.offset = offset;
    e.exact_hash = {hash, hash};
    e.event_ms = event_ms;
    e.uri = uri;
    return e;
}

Decision decide(DedupStage& dedup, Batch& batch, const JournalEntry& e) {
    dedup.apply({&e, 1});
    batch.reset();
    Article& article = batch.add("x");
    article.origin = e.origin;
    dedup.process(batch);
    return article.decision;
}

TEST(Dedup, the_first_with_a_hash_is_unique_and_the_next_says_which_it_copies) {
    DedupStage dedup({});
    Batch batch({});
    EXPECT_EQ(decide(dedup, batch, entry(7, 1, 1'000'000, "urn:first")).kind, DedupKind::kUnique);
    const Decision copy = decide(dedup, batch, entry(8, 1, 1'000'000, "urn:second"));
    EXPECT_EQ(copy.kind, DedupKind::kExact);
    EXPECT_EQ(copy.of_uri, "urn:first");
    EXPECT_EQ(copy.of.topic, "raw");
    EXPECT_EQ(copy.of.offset, 7);
    EXPECT_EQ(copy.similarity, 100);
}

TEST(Dedup, an_article_read_again_keeps_its_decision) {
    DedupStage dedup({});
    Batch batch({});
    decide(dedup, batch, entry(1, 1));
    decide(dedup, batch, entry(2, 1));
    EXPECT_EQ(decide(dedup, batch, entry(1, 1)).kind, DedupKind::kUnique);
    EXPECT_EQ(decide(dedup, batch, entry(2, 1)).kind, DedupKind::kExact);
    EXPECT_EQ(dedup.size(), 2u);
}

TEST(Dedup, copies_of_one_cluster_share_its_id) {
    DedupStage dedup({});
    Batch batch({});
    const auto root = decide(dedup, batch, entry(1, 1)).cluster_id;
    EXPECT_EQ(decide(dedup, batch, entry(2, 1)).cluster_id, root);
    EXPECT_NE(decide(dedup, batch, entry(3, 2)).cluster_id, root);
}

TEST(Dedup, what_is_older_than_the_window_is_forgotten) {
    DedupStage dedup({.window_ms = 1000, .capacity = 100, .clock_jump_ms_max = 10'000});
    Batch batch({});
    decide(dedup, batch, entry(1, 1, 10'000));
    EXPECT_EQ(decide(dedup, batch, entry(2, 1, 11'000)).kind, DedupKind::kExact);
    EXPECT_EQ(decide(dedup, batch, entry(3, 1, 11'001)).kind, DedupKind::kUnique);
}

TEST(Dedup, one_wrong_clock_does_not_empty_the_window) {
    DedupStage dedup({.window_ms = 10'000, .capacity = 100, .clock_jump_ms_max = 500});
    Batch batch({});
    decide(dedup, batch, entry(1, 1, 10'000));
    decide(dedup, batch, entry(2, 2, 253'402'300'799'000));  // the year 9999
    EXPECT_EQ(decide(dedup, batch, entry(3, 1, 10'001)).kind, DedupKind::kExact);
}

TEST(Dedup, extreme_times_do_not_overflow) {
    DedupStage dedup({});
    Batch batch({});
    decide(dedup, batch, entry(1, 1, INT64_MAX));
    decide(dedup, batch, entry(2, 2, INT64_MIN + 1));
    EXPECT_EQ(decide(dedup, batch, entry(3, 1, kNoTime)).kind, DedupKind::kExact);
}

TEST(Dedup, a_record_that_moves_the_clock_past_its_own_window_is_still_decided) {
    DedupStage dedup({.window_ms = 1000, .capacity = 100, .clock_jump_ms_max = 900});
    std::vector<JournalEntry> record;
    for (int i = 0; i < 50; ++i) record.push_back(entry(i, static_cast<std::uint64_t>(i), i * 900));
    dedup.apply(record);
    Batch batch({});
    for (const JournalEntry& e : record) batch.add("x").origin = e.origin;
    dedup.process(batch);
    for (const Article& article : batch.articles) {
        EXPECT_EQ(article.decision.kind, DedupKind::kUnique);
    }
}

TEST(Dedup, capacity_drops_the_oldest) {
    DedupStage dedup({.window_ms = 1'000'000, .capacity = 3, .clock_jump_ms_max = 1000});
    Batch batch({});
    for (int i = 1; i <= 4; ++i) decide(dedup, batch, entry(i, static_cast<std::uint64_t>(i)));
    EXPECT_EQ(decide(dedup, batch, entry(5, 4)).kind, DedupKind::kExact);
    EXPECT_EQ(decide(dedup, batch, entry(6, 1)).kind, DedupKind::kUnique);
}

TEST(Dedup, the_state_is_a_function_of_the_entries_not_of_their_grouping) {
    std::vector<JournalEntry> entries;
    for (int i = 0; i < 300; ++i) {
        entries.push_back(entry(i % 211, static_cast<std::uint64_t>(i * 7 % 90), i * 40));
    }
    const DedupOptions options{.window_ms = 2000, .capacity = 60, .clock_jump_ms_max = 500};
    DedupStage one(options), many(options);
    one.apply(entries);
    for (const JournalEntry& e : entries) many.apply({&e, 1});
    one.apply({});  // what has left the window is removed between records
    many.apply({});
    EXPECT_EQ(one.state_hash(), many.state_hash());
    EXPECT_LE(one.size(), 60u);
}

}  // namespace
}  // namespace newsmill
