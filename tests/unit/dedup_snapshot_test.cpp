// Dedup's state: a function of the journal, whatever the records' bounds, snapshots and restarts.
#include <gtest/gtest.h>

#include <algorithm>

#include "stages/dedup.hpp"
#include "tests/unit/dedup_story.hpp"

namespace newsmill {
namespace {

using dedup_test::Maker;
using dedup_test::Story;

// A stream with all that there is: copies near and exact, parts, versions, kills, trusted sources,
// articles that are read again, leaps of time, several topics.
std::vector<JournalEntry> stream(Maker& maker, unsigned seed, int count) {
    std::mt19937 random(seed);
    std::vector<Story> stories;
    std::vector<JournalEntry> entries;
    std::int64_t now_ms = 1'000'000;
    for (int i = 0; i < count; ++i) {
        now_ms += static_cast<std::int64_t>(random() % 40) - 5;
        if (!stories.empty() && random() % 12 == 0) {
            entries.push_back(maker.entry(stories[random() % stories.size()]));
            continue;
        }
        Story story{i, "", "urn:" + std::to_string(i)};
        story.topic = random() % 3 == 0 ? "raw.b" : "raw.a";
        story.partition = static_cast<std::int32_t>(random() % 3);
        story.event_ms = random() % 50 == 0 ? kNoTime : now_ms;
        story.source = random() % 4 == 0 ? "wire" : random() % 3 == 0 ? "paper" : "blog";
        const Story* other = stories.empty()
                                 ? nullptr
                                 : &stories[stories.size() - 1 - random() % stories.size() / 4];
        switch (other == nullptr ? 9 : random() % 10) {
            case 0: story.text = other->text; break;
            case 1:
            case 2: story.text = dedup_test::edited(other->text, random, 2); break;
            case 3: story.text = other->text.substr(0, other->text.size() / 2); break;
            case 4: story.text = other->text + " " + dedup_test::words(random, 60); break;
            case 5:
                story.text = dedup_test::edited(other->text, random, 5);
                story.uri = other->uri;
                story.version = other->version + static_cast<std::uint32_t>(random() % 3);
                break;
            case 6:
                story.uri = other->uri;
                story.version = other->version + static_cast<std::uint32_t>(random() % 2);
                story.canceled = random() % 2 == 0;
                story.text = other->text;
                break;
            default: story.text = dedup_test::words(random, 60);
        }
        if (story.text.size() > 4000) story.text.resize(4000);
        stories.push_back(story);
        entries.push_back(maker.entry(story));
    }
    return entries;
}

DedupOptions options() {
    DedupOptions options;
    options.window_ms = 6000;
    options.capacity = 250;
    options.clock_jump_ms_max = 500;
    options.notices_max = 3;
    options.trust = {"wire", "paper"};
    return options;
}

std::vector<std::string> run(DedupStage& dedup, std::span<const JournalEntry> entries,
                             std::size_t record_max, unsigned seed) {
    std::mt19937 random(seed);
    std::vector<std::string> decisions;
    while (!entries.empty()) {
        const std::size_t size = std::min<std::size_t>(1 + random() % record_max, entries.size());
        const std::span<const JournalEntry> record = entries.first(size);
        entries = entries.subspan(size);
        dedup.apply(record);
        Batch batch({.articles_max = static_cast<std::uint32_t>(size)});
        for (const JournalEntry& entry : record) batch.add("x").origin = entry.origin;
        dedup.process(batch);
        for (const Article& article : batch.articles) {
            decisions.push_back(dedup_test::to_string(article.decision));
        }
    }
    return decisions;
}

std::vector<std::string> snapshot(DedupStage& dedup) {
    std::vector<std::string> chunks;
    dedup.begin_snapshot();
    for (std::string chunk; dedup.next_snapshot_chunk(chunk);) chunks.push_back(chunk);
    dedup.end_snapshot();
    return chunks;
}

bool restore(DedupStage& dedup, const std::vector<std::string>& chunks) {
    for (const std::string& chunk : chunks) {
        if (!dedup.restore(chunk)) return false;
    }
    return dedup.finish_restore();
}

TEST(DedupState, is_a_function_of_the_entries_not_of_their_records) {
    for (unsigned seed = 1; seed <= 20; ++seed) {
        Maker maker;
        const std::vector<JournalEntry> entries = stream(maker, seed, 900);
        DedupStage one(options()), many(options());
        // An entry that is read again within its own record gets its decision then, and not what
        // the rest of the record made of it.
        EXPECT_EQ(run(one, entries, 1, seed), run(many, entries, 1, seed + 1));
        EXPECT_EQ(one.state_hash(), many.state_hash());
        DedupStage large(options());
        run(large, entries, 90, seed);
        EXPECT_EQ(one.state_hash(), large.state_hash());
        EXPECT_LE(one.size(), 250u);
    }
}

TEST(DedupState, the_stream_of_these_tests_has_all_decisions) {
    Maker maker;
    DedupStage dedup(options());
    std::string all;
    for (const std::string& one : run(dedup, stream(maker, 1, 900), 1, 1)) all += one + "\n";
    for (const char* what : {"unique", "exact", "near", "contained", "contains", "update", "kill",
                             "killed", "election", "omitted", "; kill"}) {
        EXPECT_NE(all.find(what), std::string::npos) << what;
    }
}

TEST(DedupState, a_restored_one_goes_on_as_if_it_had_never_stopped) {
    for (unsigned seed = 1; seed <= 40; ++seed) {
        Maker maker;
        const std::vector<JournalEntry> entries = stream(maker, seed, 900);
        const std::span<const JournalEntry> all(entries);
        const std::size_t cut = 50 + seed * 20;
        DedupStage dedup(options());
        run(dedup, all.first(cut), 9, seed);
        const std::uint64_t hash = dedup.state_hash();
        // The state moves on while the snapshot is taken.
        dedup.begin_snapshot();
        std::vector<std::string> chunks;
        std::vector<std::string> tail;
        std::size_t at = cut;
        for (std::string chunk; dedup.next_snapshot_chunk(chunk);) {
            chunks.push_back(chunk);
            const std::size_t step = std::min<std::size_t>(250, all.size() - at);
            for (std::string& one : run(dedup, all.subspan(at, step), 9, seed)) {
                tail.push_back(std::move(one));
            }
            at += step;
        }
        dedup.end_snapshot();
        for (std::string& one : run(dedup, all.subspan(at), 9, seed))
            tail.push_back(std::move(one));

        DedupStage other(DedupOptions{});  // takes the settings of the snapshot
        ASSERT_TRUE(restore(other, chunks)) << "seed " << seed;
        EXPECT_EQ(other.state_hash(), hash);
        EXPECT_EQ(run(other, all.subspan(cut), 9, seed).size(), tail.size());
        EXPECT_EQ(other.state_hash(), dedup.state_hash());
        // Decision for decision, in the same records.
        DedupStage third(options());
        ASSERT_TRUE(restore(third, chunks));
        DedupStage never(options());
        run(never, all.first(cut), 1, seed);
        EXPECT_EQ(run(third, all.subspan(cut), 1, 1), run(never, all.subspan(cut), 1, 1));
        EXPECT_EQ(third.state_hash(), never.state_hash());
        // And a snapshot of what was restored is one of the same state.
        EXPECT_EQ(snapshot(third).size(), snapshot(never).size());
    }
}

TEST(DedupState, chunks_have_a_bound) {
    Maker maker;
    DedupOptions large = options();
    large.capacity = 10'000;
    large.window_ms = 1'000'000'000;
    DedupStage dedup(large);
    run(dedup, stream(maker, 3, 3000), 50, 1);
    const std::vector<std::string> chunks = snapshot(dedup);
    EXPECT_GT(chunks.size(), 4u);
    for (const std::string& chunk : chunks) {
        EXPECT_LE(chunk.size(), JournalFollower::kSnapshotChunkBytes);
    }
    DedupStage other(large);
    ASSERT_TRUE(restore(other, chunks));
    EXPECT_EQ(other.state_hash(), dedup.state_hash());
}

TEST(DedupState, an_empty_one_can_be_restored) {
    DedupStage dedup(options()), other(options());
    ASSERT_TRUE(restore(other, snapshot(dedup)));
    EXPECT_EQ(other.state_hash(), dedup.state_hash());
}

TEST(DedupState, a_damaged_snapshot_is_refused) {
    Maker maker;
    DedupStage dedup(options());
    run(dedup, stream(maker, 5, 600), 9, 1);
    const std::vector<std::string> good = snapshot(dedup);
    std::mt19937 random(1);
    for (int i = 0; i < 400; ++i) {
        std::vector<std::string> chunks = good;
        std::string& chunk = chunks[random() % chunks.size()];
        switch (random() % 4) {
            case 0: chunk[random() % chunk.size()] ^= static_cast<char>(1 << random() % 8); break;
            case 1: chunk.resize(random() % chunk.size()); break;
            case 2:
                chunks.erase(chunks.begin() + static_cast<int>(random() % chunks.size()));
                break;
            case 3:
                chunks.insert(chunks.begin() + static_cast<int>(random() % chunks.size()), chunk);
        }
        DedupStage other(options());
        EXPECT_FALSE(restore(other, chunks)) << i;
        other.reset();
        EXPECT_EQ(other.state_hash(), DedupStage(options()).state_hash());
    }
}

// Damage that the checksum does not see: a writer's fault, or an enemy's work. Refused or not, it
// does no harm.
TEST(DedupState, a_forged_snapshot_does_no_harm) {
    Maker maker;
    DedupStage dedup(options());
    const std::vector<JournalEntry> entries = stream(maker, 6, 700);
    run(dedup, std::span(entries).first(400), 9, 1);
    const std::vector<std::string> good = snapshot(dedup);
    std::mt19937 random(2);
    DedupOptions bounded = options();
    bounded.capacity_max = 10'000;
    // One thread: the sanitizer of threads has nothing to find here, and needs 50 ms a time.
#if defined(__SANITIZE_THREAD__)
    constexpr int kForgeries = 150;
#else
    constexpr int kForgeries = 3000;
#endif
    int refused = 0;
    for (int i = 0; i < kForgeries; ++i) {
        std::vector<std::string> chunks = good;
        std::string& chunk = chunks[random() % chunks.size()];
        for (unsigned k = 0; k <= random() % 3; ++k) {
            chunk[random() % (chunk.size() - 8)] = static_cast<char>(random());
        }
        dedup_test::seal(chunk);
        DedupStage other(bounded);
        refused += restore(other, chunks) ? 0 : 1;
        other.reset();
        run(other, std::span(entries).subspan(400, 5), 5, 1);
    }
    EXPECT_GT(refused, kForgeries * 29 / 30);
}

}  // namespace
}  // namespace newsmill
