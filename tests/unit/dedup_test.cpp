#include "stages/dedup.hpp"

#include <gtest/gtest.h>

#include "tests/unit/dedup_story.hpp"

namespace newsmill {
namespace {

using dedup_test::Maker;
using dedup_test::Story;
using dedup_test::words;

class Dedup : public testing::Test {
   protected:
    std::string text(int count = 120) { return words(random_, count); }
    std::string copy_of(const std::string& original, int changes = 3) {
        return dedup_test::edited(original, random_, changes);
    }
    Decision decide(DedupStage& dedup, const Story& story) {
        const JournalEntry entry = maker_.entry(story);
        dedup.apply({&entry, 1});
        return decision_of(dedup, entry.origin);
    }
    Decision decision_of(DedupStage& dedup, const Origin& origin) {
        batch_.reset();
        Article& article = batch_.add("x");
        article.origin = origin;
        dedup.process(batch_);
        return article.decision;
    }

    std::mt19937 random_{7};
    Maker maker_;
    Batch batch_{BatchLimits{}};
};

TEST_F(Dedup, the_first_is_unique_and_the_next_says_which_it_copies) {
    DedupStage dedup({});
    const std::string a = text();
    EXPECT_EQ(decide(dedup, {7, a, "urn:first"}).kind, DedupKind::kUnique);
    const Decision copy = decide(dedup, {8, a, "urn:second"});
    EXPECT_EQ(copy.kind, DedupKind::kExact);
    EXPECT_EQ(copy.of_uri, "urn:first");
    EXPECT_EQ(copy.of.topic, "raw");
    EXPECT_EQ(copy.of.offset, 7);
    EXPECT_EQ(copy.similarity, 100);
    EXPECT_EQ(copy.containment, 100);
}

TEST_F(Dedup, an_article_read_again_keeps_its_decision) {
    DedupStage dedup({});
    const std::string a = text();
    decide(dedup, {1, a, "urn:a"});
    decide(dedup, {2, a, "urn:b"});
    EXPECT_EQ(decide(dedup, {1, a, "urn:a"}).kind, DedupKind::kUnique);
    EXPECT_EQ(decide(dedup, {2, a, "urn:b"}).kind, DedupKind::kExact);
    EXPECT_EQ(dedup.size(), 2u);
}

TEST_F(Dedup, a_near_copy_a_part_and_a_whole) {
    DedupStage dedup({});
    const std::string a = text(200), b = text(200);
    const auto root = decide(dedup, {1, a, "urn:a"}).cluster_id;
    const Decision near = decide(dedup, {2, copy_of(a), "urn:near"});
    EXPECT_EQ(near.kind, DedupKind::kNear);
    EXPECT_EQ(near.cluster_id, root);
    EXPECT_GT(near.similarity, 70);
    EXPECT_EQ(near.of_uri, "urn:a");
    const Decision part = decide(dedup, {3, a.substr(0, a.size() / 3), "urn:part"});
    EXPECT_EQ(part.kind, DedupKind::kContained);
    EXPECT_EQ(part.cluster_id, root);
    EXPECT_LT(part.similarity, 60);
    EXPECT_GT(part.containment, 90);
    const Decision whole = decide(dedup, {4, a + " " + b, "urn:roundup"});
    EXPECT_EQ(whole.kind, DedupKind::kContains);
    EXPECT_NE(whole.cluster_id, root);
    EXPECT_EQ(whole.of_uri, "urn:a");
    // The other half of the roundup is no copy of the first story.
    EXPECT_NE(decide(dedup, {5, b, "urn:b"}).cluster_id, root);
    EXPECT_EQ(decide(dedup, {6, copy_of(a), "urn:late"}).cluster_id, root);
}

TEST_F(Dedup, an_exact_copy_of_a_near_copy_is_exact) {
    DedupStage dedup({});
    const std::string a = text();
    decide(dedup, {1, a, "urn:a"});
    const std::string b = copy_of(a);
    decide(dedup, {2, b, "urn:b"});
    const Decision copy = decide(dedup, {3, b, "urn:c"});
    EXPECT_EQ(copy.kind, DedupKind::kExact);
    EXPECT_EQ(copy.of_uri, "urn:a");
}

TEST_F(Dedup, a_higher_version_or_a_later_one_of_the_same_uri_is_an_update) {
    DedupStage dedup({});
    const std::string a = text();
    const auto root = decide(dedup, {1, a, "urn:a", "", 1, 5000}).cluster_id;
    const Decision by_number = decide(dedup, {2, text(), "urn:a", "", 2, 4000});
    EXPECT_EQ(by_number.kind, DedupKind::kUpdate);
    EXPECT_EQ(by_number.cluster_id, root);
    EXPECT_EQ(by_number.of.offset, 1);
    EXPECT_EQ(decide(dedup, {3, text(), "urn:a", "", 2, 6000}).kind, DedupKind::kUpdate);
    // Older or as old: whatever the words say.
    EXPECT_EQ(decide(dedup, {4, a, "urn:a", "", 1, 9000}).kind, DedupKind::kExact);
    EXPECT_EQ(decide(dedup, {5, copy_of(a), "urn:a", "", 2, 6000}).kind, DedupKind::kNear);
    EXPECT_EQ(decide(dedup, {6, text(), "urn:a", "", 2}).kind, DedupKind::kUnique);
    // The highest counts, not the last one that came.
    EXPECT_EQ(decide(dedup, {7, text(), "urn:a", "", 2, 6000}).kind, DedupKind::kUnique);
    EXPECT_EQ(decide(dedup, {8, text(), "urn:a", "", 3}).kind, DedupKind::kUpdate);
}

TEST_F(Dedup, without_a_version_it_is_the_first) {
    DedupStage dedup({});
    decide(dedup, {1, text(), "urn:a"});
    EXPECT_EQ(decide(dedup, {2, text(), "urn:a", "", 1}).kind, DedupKind::kUnique);
    EXPECT_EQ(decide(dedup, {3, text(), "urn:a", "", 2}).kind, DedupKind::kUpdate);
}

TEST_F(Dedup, an_update_says_how_much_has_stayed) {
    DedupStage dedup({});
    const std::string a = text();
    decide(dedup, {1, a, "urn:a", "", 1});
    const Decision update = decide(dedup, {2, copy_of(a), "urn:a", "", 2});
    EXPECT_EQ(update.kind, DedupKind::kUpdate);
    EXPECT_GT(update.similarity, 70);
    EXPECT_EQ(decide(dedup, {3, text(), "urn:a", "", 3}).similarity, 0);
}

TEST_F(Dedup, a_kill_tells_each_copy_once) {
    DedupStage dedup({});
    const std::string a = text();
    decide(dedup, {1, a, "urn:a", "", 1});
    decide(dedup, {2, a, "urn:b"});
    decide(dedup, {3, copy_of(a), "urn:c"});
    decide(dedup, {4, copy_of(a), "urn:c", "", 2});
    decide(dedup, {5, text(), "urn:other"});
    const Story killed{6, "", "urn:a", "", 2, kNoTime, true};
    const Decision kill = decide(dedup, killed);
    EXPECT_EQ(kill.kind, DedupKind::kKill);
    EXPECT_EQ(kill.of.offset, 1);
    ASSERT_EQ(kill.notices.size(), 2u);
    EXPECT_EQ(kill.notices[0].uri, "urn:b");
    EXPECT_EQ(kill.notices[1].uri, "urn:c");
    EXPECT_EQ(kill.notices[1].copy.offset, 4);  // its newest version
    EXPECT_EQ(kill.notices[1].by_uri, "urn:a");
    EXPECT_EQ(kill.notices[1].by.offset, 6);
    // The same again is the same; sent anew it has nobody to tell.
    const std::string said = dedup_test::to_string(kill);
    EXPECT_EQ(dedup_test::to_string(decide(dedup, killed)), said);
    EXPECT_TRUE(decide(dedup, {7, "", "urn:a", "", 2, kNoTime, true}).notices.empty());
}

TEST_F(Dedup, a_copy_after_the_kill_is_told_at_once) {
    DedupStage dedup({});
    const std::string a = text();
    decide(dedup, {1, a, "urn:a"});
    decide(dedup, {2, "", "urn:a", "", 0, kNoTime, true});
    const Decision copy = decide(dedup, {3, copy_of(a), "urn:b"});
    EXPECT_EQ(copy.kind, DedupKind::kNear);
    EXPECT_TRUE(copy.killed);
    ASSERT_EQ(copy.notices.size(), 1u);
    EXPECT_EQ(copy.notices[0].kind, Notice::Kind::kKill);
    EXPECT_EQ(copy.notices[0].uri, "urn:b");
    EXPECT_EQ(copy.notices[0].by.offset, 2);
    // The old version of what was withdrawn too.
    const Decision old = decide(dedup, {4, a, "urn:a"});
    EXPECT_EQ(old.kind, DedupKind::kExact);
    EXPECT_TRUE(old.killed);
    EXPECT_FALSE(decide(dedup, {5, text(), "urn:x"}).killed);
}

TEST_F(Dedup, a_later_version_of_what_was_withdrawn_is_news) {
    DedupStage dedup({});
    const std::string a = text(), better = text();
    decide(dedup, {1, a, "urn:a", "", 1});
    decide(dedup, {2, "", "urn:a", "", 2, kNoTime, true});
    const Decision again = decide(dedup, {3, better, "urn:a", "", 3});
    EXPECT_EQ(again.kind, DedupKind::kUpdate);
    EXPECT_FALSE(again.killed);
    EXPECT_FALSE(decide(dedup, {4, copy_of(better), "urn:b"}).killed);
    EXPECT_TRUE(decide(dedup, {5, a, "urn:c"}).killed);
}

TEST_F(Dedup, the_kill_of_a_uri_that_is_not_known_is_of_nothing_and_remembered) {
    DedupStage dedup({});
    const std::string a = text();
    const Decision kill = decide(dedup, {1, a, "urn:a", "", 1, kNoTime, true});
    EXPECT_EQ(kill.kind, DedupKind::kKill);
    EXPECT_TRUE(kill.of.topic.empty());
    const Decision late = decide(dedup, {2, a, "urn:a", "", 1});
    EXPECT_EQ(late.kind, DedupKind::kUnique);
    EXPECT_TRUE(late.killed);
    EXPECT_TRUE(decide(dedup, {3, a, "urn:copy"}).killed);
}

TEST_F(Dedup, notices_have_a_bound_and_the_rest_is_counted) {
    DedupStage dedup({.notices_max = 5});
    const std::string a = text();
    for (int i = 0; i < 9; ++i) decide(dedup, {i, a, "urn:" + std::to_string(i)});
    const Decision kill = decide(dedup, {20, "", "urn:0", "", 0, kNoTime, true});
    EXPECT_EQ(kill.notices.size(), 5u);
    EXPECT_EQ(kill.notices_omitted, 3u);
}

TEST_F(Dedup, the_agency_takes_its_copies_place) {
    DedupStage dedup({.trust = {"The Wire", "paper.example"}});
    const std::string a = text();
    const auto root = decide(dedup, {1, a, "https://blog.example/1", "Blog"}).cluster_id;
    const Decision paper = decide(dedup, {2, copy_of(a), "https://www.paper.example/2"});
    EXPECT_EQ(paper.kind, DedupKind::kNear);
    EXPECT_EQ(paper.of.offset, 1);
    ASSERT_EQ(paper.notices.size(), 1u);
    EXPECT_EQ(paper.notices[0].kind, Notice::Kind::kElection);
    EXPECT_EQ(paper.notices[0].copy.offset, 1);
    EXPECT_EQ(paper.notices[0].by.offset, 2);
    const Decision wire = decide(dedup, {3, a, "urn:wire:3", "the wire"});
    EXPECT_EQ(wire.kind, DedupKind::kExact);
    EXPECT_EQ(wire.of.offset, 2);
    EXPECT_EQ(wire.notices.size(), 1u);
    const Decision late = decide(dedup, {4, a, "https://paper.example/4", "paper.example"});
    EXPECT_EQ(late.of_uri, "urn:wire:3");
    EXPECT_EQ(late.cluster_id, root);
    EXPECT_TRUE(late.notices.empty());
    // A second one as trusted changes nothing.
    EXPECT_TRUE(decide(dedup, {5, a, "urn:wire:5", "The Wire"}).notices.empty());
}

TEST_F(Dedup, what_is_older_than_the_window_is_forgotten) {
    DedupStage dedup({.window_ms = 1000, .capacity = 100, .clock_jump_ms_max = 10'000});
    const std::string a = text();
    decide(dedup, {1, a, "urn:a", "", 0, kNoTime, false, 10'000});
    EXPECT_EQ(decide(dedup, {2, text(), "urn:b", "", 0, kNoTime, false, 11'000}).kind,
              DedupKind::kUnique);
    EXPECT_EQ(decide(dedup, {3, a, "urn:c", "", 0, kNoTime, false, 11'001}).kind,
              DedupKind::kUnique);
}

TEST_F(Dedup, a_story_lives_on_as_long_as_copies_come) {
    DedupStage dedup({.window_ms = 1000, .capacity = 100, .clock_jump_ms_max = 10'000});
    const std::string a = text(), b = copy_of(a);
    std::int64_t now = 10'000;
    const auto root = decide(dedup, {0, a, "urn:0", "", 0, kNoTime, false, now}).cluster_id;
    for (int i = 1; i < 20; ++i) {
        now += 400;
        const Decision copy = decide(dedup, {i, i % 2 ? b : copy_of(a), "urn:" + std::to_string(i),
                                             "", 0, kNoTime, false, now});
        EXPECT_TRUE(is_duplicate(copy.kind)) << i;
        EXPECT_EQ(copy.cluster_id, root);
        EXPECT_EQ(copy.of_uri, "urn:0");  // though it has left long ago
    }
}

TEST_F(Dedup, one_wrong_clock_does_not_empty_the_window) {
    DedupStage dedup({.window_ms = 10'000, .capacity = 100, .clock_jump_ms_max = 500});
    const std::string a = text();
    decide(dedup, {1, a, "urn:a", "", 0, kNoTime, false, 10'000});
    decide(dedup, {2, text(), "urn:b", "", 0, kNoTime, false, 253'402'300'799'000});  // 9999
    EXPECT_EQ(decide(dedup, {3, a, "urn:c", "", 0, kNoTime, false, 10'001}).kind,
              DedupKind::kExact);
}

TEST_F(Dedup, extreme_times_do_not_overflow) {
    DedupStage dedup({});
    const std::string a = text();
    decide(dedup, {1, a, "urn:a", "", 0, INT64_MAX, false, INT64_MAX});
    decide(dedup, {2, text(), "urn:b", "", 0, INT64_MIN + 1, false, INT64_MIN + 1});
    EXPECT_EQ(decide(dedup, {3, a, "urn:c", "", 0, kNoTime, false, kNoTime}).kind,
              DedupKind::kExact);
}

TEST_F(Dedup, a_record_that_moves_the_clock_past_its_own_window_is_still_decided) {
    DedupStage dedup({.window_ms = 1000, .capacity = 100, .clock_jump_ms_max = 900});
    std::vector<JournalEntry> record;
    for (int i = 0; i < 50; ++i) {
        record.push_back(
            maker_.entry({i, text(), "urn:" + std::to_string(i), "", 0, kNoTime, false, i * 900}));
    }
    dedup.apply(record);
    for (const JournalEntry& entry : record) {
        EXPECT_EQ(decision_of(dedup, entry.origin).kind, DedupKind::kUnique);
    }
    EXPECT_LT(dedup.size(), 5u);
}

TEST_F(Dedup, capacity_drops_the_oldest) {
    DedupStage dedup({.window_ms = 1'000'000, .capacity = 3, .clock_jump_ms_max = 1000});
    std::vector<std::string> texts;
    for (int i = 1; i <= 4; ++i) {
        texts.push_back(text());
        decide(dedup, {i, texts.back(), "urn:" + std::to_string(i)});
    }
    EXPECT_EQ(dedup.size(), 3u);
    EXPECT_EQ(decide(dedup, {5, texts[3], "urn:5"}).kind, DedupKind::kExact);
    EXPECT_EQ(decide(dedup, {6, texts[0], "urn:6"}).kind, DedupKind::kUnique);
}

TEST_F(Dedup, settings_come_from_the_journal) {
    DedupStage dedup({.capacity = 100, .capacity_max = 1000});
    DedupStage other({.capacity = 3});
    const std::string first(dedup.settings_wanted());
    EXPECT_NE(first, other.settings_wanted());
    std::vector<std::string> texts;
    for (int i = 0; i < 10; ++i) {
        texts.push_back(text());
        decide(dedup, {i, texts.back(), "urn:" + std::to_string(i)});
    }
    const std::uint64_t before = dedup.state_hash();
    EXPECT_TRUE(dedup.adopt(first));
    EXPECT_EQ(dedup.state_hash(), before);
    EXPECT_TRUE(dedup.adopt(other.settings_wanted()));
    EXPECT_NE(dedup.state_hash(), before);
    EXPECT_EQ(dedup.size(), 3u);
    EXPECT_EQ(decide(dedup, {20, copy_of(texts[9]), "urn:20"}).kind, DedupKind::kNear);
    EXPECT_EQ(decide(dedup, {21, copy_of(texts[0]), "urn:21"}).kind, DedupKind::kUnique);
    DedupStage large({.capacity = 2000});
    EXPECT_FALSE(dedup.adopt(large.settings_wanted())) << "beyond what there is memory for";
    EXPECT_FALSE(dedup.adopt(first + " more=1")) << "a later version's";
    std::string other_format = first;
    other_format.replace(0, 8, "format=1");
    EXPECT_FALSE(dedup.adopt(other_format));
}

}  // namespace
}  // namespace newsmill
