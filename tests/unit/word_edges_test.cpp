#include "stages/fingerprint/word_edges.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace newsmill {
namespace {

struct Found {
    std::vector<std::uint32_t> edges, symbols;
    bool operator==(const Found&) const = default;
};

Found find(FindWordEdges function, const std::string& text) {
    Found out;
    out.edges.resize(text.size() + kEdgeBlock);
    const std::string padded = text + std::string(kEdgeBlock, '\0');
    out.edges.resize(function(padded.data(), text.size(), out.edges.data(), out.symbols));
    return out;
}

TEST(WordEdges, AreWhereLettersAndDigitsBeginAndEnd) {
    const Found found = find(find_word_edges_plainly, "one $5, \xC3\xA9t\xC3\xA9 9%");
    EXPECT_EQ(found.edges, (std::vector<std::uint32_t>{0, 3, 5, 6, 8, 13, 14, 15}));
    EXPECT_EQ(found.symbols, (std::vector<std::uint32_t>{4, 15}));
    EXPECT_TRUE(find(find_word_edges_plainly, "").edges.empty());
}

TEST(WordEdges, EveryWayGivesTheSame) {
    constexpr std::string_view kLikeText = "etaoin shrdlu  .,$%AZaz09@[`{/:\xC3\xA9";
    std::mt19937 random(3);
    for (int round = 0; round < 3'000; ++round) {
        std::string text(random() % 300, ' ');
        // Any bytes, long runs of one kind, or something like a text.
        const auto kind = round % 3;
        for (char& c : text) {
            if (kind == 0) c = static_cast<char>(random() % 256);
            if (kind == 1) c = random() % 70 == 0 ? ' ' : 'x';
            if (kind == 2) c = kLikeText[random() % kLikeText.size()];
        }
        const Found expected = find(find_word_edges_plainly, text);
        for (const FindWordEdges way : word_edges_here()) {
            ASSERT_EQ(find(way, text), expected) << round;
        }
    }
}

}  // namespace
}  // namespace newsmill
