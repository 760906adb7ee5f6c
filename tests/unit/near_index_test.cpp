#include "stages/dedup/near_index.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

namespace newsmill {
namespace {

std::string sketch_of(const std::string& text) {
    WordReader reader;
    Sketcher sketcher;
    Sketch sketch;
    sketcher.make(reader.read(text, false), sketch);
    std::string bytes;
    append_sketch(sketch, bytes);
    return bytes;
}

// Texts of made-up words: the same seed, the same text.
std::string text_of(std::uint32_t seed, int words) {
    std::mt19937 random(seed);
    std::string text;
    for (int i = 0; i < words; ++i) {
        const auto length = 3 + random() % 7;
        for (unsigned k = 0; k < length; ++k) text += static_cast<char>('a' + random() % 26);
        text += i % 12 == 11 ? ". " : " ";
    }
    return text;
}

// Replaces one word in `every`.
std::string edited(const std::string& text, int every) {
    std::string out;
    int word = 0;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find(' ', at), text.size());
        out += ++word % every == 0 ? "other" : text.substr(at, end - at);
        out += ' ';
        at = end + 1;
    }
    return out;
}

TEST(Sketch, RoundTripAndDamage) {
    const std::string bytes =
        sketch_of(text_of(1, 300) + " In May Anna Berg paid 1,250 crowns and 7 more to Olaf.");
    Sketch sketch;
    ASSERT_TRUE(decode_sketch(bytes, sketch));
    EXPECT_EQ(sketch.count, kSketchHashes);
    EXPECT_EQ(sketch.figures.count, 2);
    EXPECT_GE(sketch.names.count, 4);
    EXPECT_LE(bytes.size(), kSketchBytesMax);
    std::string again;
    append_sketch(sketch, again);
    EXPECT_EQ(again, bytes);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        EXPECT_FALSE(decode_sketch(std::string_view(bytes).substr(0, size), sketch)) << size;
    }
    std::string foreign = bytes;
    foreign[0] = 9;
    EXPECT_FALSE(decode_sketch(foreign, sketch));
    std::string unsorted = bytes;
    std::swap_ranges(unsorted.begin() + 8, unsorted.begin() + 12, unsorted.begin() + 12);
    EXPECT_FALSE(decode_sketch(unsorted, sketch));
}

TEST(NearIndex, FindsEditedCutAndExtendedCopies) {
    NearIndex index({});
    const std::string text = text_of(1, 400);
    const std::string other = text_of(2, 400);
    index.insert(10, sketch_of(text), NearRole::kStory);
    index.insert(11, sketch_of(other), NearRole::kStory);
    NearMatch match;
    ASSERT_TRUE(index.find(sketch_of(edited(text, 15)), match));
    EXPECT_EQ(match.number, 10u);
    EXPECT_EQ(match.relation, Relation::kNear);
    EXPECT_GT(match.similarity, 55);
    ASSERT_TRUE(index.find(sketch_of(text.substr(0, text.size() / 3)), match));
    EXPECT_EQ(match.number, 10u);
    EXPECT_EQ(match.relation, Relation::kContained);
    EXPECT_GT(match.containment, 90);
    ASSERT_TRUE(index.find(sketch_of(other + text_of(3, 700)), match));
    EXPECT_EQ(match.number, 11u);
    EXPECT_EQ(match.relation, Relation::kContains);
    EXPECT_FALSE(index.find(sketch_of(text_of(4, 400)), match));
    EXPECT_FALSE(index.find("", match));
    EXPECT_FALSE(index.find("no sketch", match));
}

std::string bulletin(std::uint32_t seed) {
    std::mt19937 random(seed);
    const auto number = [&](unsigned max) { return std::to_string(1 + random() % max); };
    static const char* const kTowns[] = {"Arnby", "Bexhill", "Corvo",  "Dalen", "Elmstad",
                                         "Fosse", "Grendal", "Hallow", "Isker", "Jutta"};
    const auto town = [&] { return std::string(kTowns[random() % 10]) + kTowns[random() % 10]; };
    return "The ferry from " + town() + " to " + town() + " will leave at " + number(23) + "." +
           number(59) + " and arrive at " + number(23) + "." + number(59) +
           ", the harbour office said. There is room for " + number(900) + " passengers and " +
           number(200) + " cars. Captain " + town() + " expects waves of up to " + number(6) +
           " metres outside the islands, and asks all passengers to be on board half an hour "
           "before the departure. Tickets cost " +
           number(400) +
           " crowns and are sold at the harbour and on board. The next departure is on day " +
           number(28) + " at " + number(23) + "." + number(59) + ".";
}

TEST(NearIndex, ReportsInOneFormAreNoCopies) {
    NearIndex index({});
    int merged = 0, found = 0;
    for (std::uint32_t i = 0; i < 200; ++i) {
        const std::string sketch = sketch_of(bulletin(i));
        NearMatch match;
        merged += index.find(sketch, match) ? 1 : 0;
        index.insert(i, sketch, NearRole::kStory);
        // The same bulletin in a frame of words is a copy.
        const std::string copy = "From our harbour desk. " + bulletin(i) + " Read more below.";
        found += index.find(sketch_of(copy), match) && match.number == i ? 1 : 0;
    }
    EXPECT_LE(merged, 2);
    EXPECT_GE(found, 196);
}

struct Step {
    std::uint64_t number;
    std::string sketch;
    NearRole role;
};

// What the index answers is a function of the live articles alone.
TEST(NearIndex, AnswersDependOnTheLiveArticlesAlone) {
    std::mt19937 random(7);
    NearOptions options;
    options.capacity = 30'000;
    NearIndex index(options);
    std::vector<Step> live;
    std::uint64_t number = 0;
    for (int i = 0; i < 3'000; ++i) {
        number += 1 + random() % 3;
        const auto seed = static_cast<std::uint32_t>(random() % 900);
        std::string text = random() % 3 == 0 ? bulletin(seed) : text_of(seed, 80);
        if (random() % 2 == 0) text = edited(text, 4 + static_cast<int>(random() % 20));
        Step step{number, sketch_of(text), NearRole::kStory};
        NearMatch match;
        const bool found = index.find(step.sketch, match);
        if (found) {
            step.role = match.relation == Relation::kContains ? NearRole::kRoundup
                        : NearIndex::worth_indexing(&match)   ? NearRole::kCopy
                                                              : NearRole::kHidden;
        }
        index.insert(number, step.sketch, step.role);
        live.push_back(std::move(step));
        if (i % 500 == 499) {
            const std::uint64_t below = live[live.size() / 3].number;
            std::erase_if(live, [&](const Step& one) { return one.number < below; });
            index.expire(below);
            if (i % 1000 == 999) index.release(below);
        }
    }
    NearIndex again(options);
    again.restore_high_water(index.high_water());
    for (const Step& step : live) again.insert(step.number, step.sketch, step.role);
    EXPECT_EQ(again.size(), index.size());
    for (std::uint32_t seed = 0; seed < 900; ++seed) {
        for (const std::string& text : {bulletin(seed), text_of(seed, 80)}) {
            NearMatch a, b;
            ASSERT_EQ(index.find(sketch_of(text), a), again.find(sketch_of(text), b)) << seed;
            EXPECT_EQ(a.number, b.number) << seed;
            EXPECT_EQ(a.containment, b.containment) << seed;
        }
    }
    EXPECT_EQ(again.sketch_of(live.back().number), live.back().sketch);
    EXPECT_EQ(again.sketch_of(0), "");
}

TEST(NearIndex, GrowsWithItsArticlesAndForgetsWhatExpires) {
    NearOptions options;
    options.capacity = 100'000;
    NearIndex index(options);
    const std::size_t before = index.bytes();
    for (std::uint32_t i = 0; i < 40'000; ++i)
        index.insert(i, sketch_of(text_of(i, 30)), NearRole::kStory);
    EXPECT_GT(index.bytes(), 2 * before);
    EXPECT_LE(index.bytes(), NearIndex::bytes_for(options.capacity));
    NearMatch match;
    for (std::uint32_t i = 0; i < 40'000; i += 1'000) {
        ASSERT_TRUE(index.find(sketch_of(text_of(i, 30)), match)) << i;
        EXPECT_EQ(match.number, i);
    }
    index.expire(20'000);
    EXPECT_EQ(index.size(), 20'000u);
    EXPECT_FALSE(index.find(sketch_of(text_of(10'000, 30)), match));
    EXPECT_TRUE(index.find(sketch_of(text_of(30'000, 30)), match));
    EXPECT_NE(index.sketch_of(10'000), "");
    index.release(20'000);
    EXPECT_EQ(index.sketch_of(10'000), "");
}

// The article at which the table grows is put into the new one once, as in an index that is
// restored.
TEST(NearIndex, GrowingAndBeingRestoredAreTheSame) {
    constexpr std::uint32_t kGrowsAt = 16'384, kArticles = kGrowsAt + 8;
    const auto article = [](std::uint32_t number) {
        return sketch_of(text_of(number, number + 8 < kGrowsAt ? 8 : 60));
    };
    NearIndex grown({});
    NearIndex restored({});
    restored.restore_high_water(kArticles);
    for (std::uint32_t number = 0; number < kArticles; ++number) {
        const std::string sketch = article(number);
        for (NearIndex* index : {&grown, &restored})
            index->insert(number, sketch, NearRole::kStory);
    }
    ASSERT_EQ(grown.high_water(), restored.high_water());
    for (std::uint32_t number = kGrowsAt - 8; number < kArticles; ++number) {
        std::vector<NearExplain> by_grown, by_restored;
        NearMatch match;
        EXPECT_TRUE(grown.find(article(number), match, &by_grown));
        EXPECT_TRUE(restored.find(article(number), match, &by_restored));
        ASSERT_EQ(by_grown.size(), by_restored.size()) << number;
        for (std::size_t i = 0; i < by_grown.size(); ++i) {
            EXPECT_EQ(by_grown[i].number, by_restored[i].number) << number;
            EXPECT_EQ(by_grown[i].hits, by_restored[i].hits) << number;
        }
    }
}

TEST(NearIndex, StaysWithinItsBytesAnArticle) {
    constexpr std::size_t kArticles = 1'000'000;
    EXPECT_LE(NearIndex::bytes_for(kArticles) / kArticles, 650u);
}

TEST(Rarity, WeighsWhatManyHaveLess) {
    Rarity rarity;
    FactSample facts;
    facts.count = 1;
    facts.set(0, 4711u << 4);
    EXPECT_EQ(rarity.weight(facts[0]), Rarity::kWeightMax);
    std::int32_t last = Rarity::kWeightMax;
    for (int i = 0; i < 20'000; ++i) {
        rarity.add(facts);
        ASSERT_LE(rarity.weight(facts[0]), last);
        last = rarity.weight(facts[0]);
    }
    EXPECT_LE(last, 2);
    for (int i = 0; i < 20'000; ++i) rarity.remove(facts);
    EXPECT_EQ(rarity.weight(facts[0]), Rarity::kWeightMax);
}

}  // namespace
}  // namespace newsmill
