// The quotes stage's cost grows with the text and no faster, whatever the text is made of.
#include <gtest/gtest.h>

#include <algorithm>
#include <ctime>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "stages/quotes.hpp"

namespace newsmill {
namespace {

constexpr std::size_t kTextBytes = 10'000'000;
constexpr double kFactorMax = 3.0;
// A machine that is busy with other work slows the one text more than the other: what counts is the
// best of some rounds, each with both texts.
constexpr int kRoundsMax = 8;

constexpr std::string_view kProse =
    "The city council voted on Monday to repair the old bridge over the river, which has been "
    "closed to trucks since a storm tore at its piers two years ago.\n\n\"The bridge is not "
    "safe,\" "
    "Maria Lopez, the city engineer, said. \"We must act before winter.\"\n\nMayor Tom Reed said "
    "that money was short, but that he would look for it. Critics called the plan \"a gamble\" and "
    "asked for a vote in the spring. The work is expected to take eleven months and to cost nine "
    "million, a third of it paid by the region. Trains are not affected.\n\n";

std::string repeated(std::string_view piece) {
    std::string text;
    text.reserve(kTextBytes + piece.size());
    while (text.size() < kTextBytes) text += piece;
    return text;
}

double thread_seconds() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

double seconds_for(QuotesStage& stage, const std::string& text) {
    Batch batch{BatchLimits{}};
    Article& article = batch.add("");
    article.body = text;
    article.language = "en";
    const double start = thread_seconds();
    stage.process(batch);
    return thread_seconds() - start;
}

TEST(QuotesCost, IsLinearOnHostileTexts) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    GTEST_SKIP() << "the sanitizer's own cost would be measured";
#endif
    const std::vector<std::pair<const char*, const char*>> hostile = {
        {"marks", "\""},
        {"open marks", "“"},
        {"single marks", "'"},
        {"marks in turn", "“‘’”"},
        {"nested", "“a ‘b "},
        {"pairs", "“Yes” "},
        {"pairs with a comma", "“Yes,” "},
        {"pairs, joined", "“a” and "},
        {"unclosed", "“a b c\n\n"},
        {"unclosed and long", "“a b c d e f g h i j k l m n o p q r s t u v w x y z. "},
        {"apostrophes", "’s "},
        {"colons", ":"},
        {"names with colons", "Ana Bell: "},
        {"questions", "Q: a b\n\n"},
        {"speakers", "SMITH: yes we do\n\n"},
        {"dashes", "— a b?\n\n"},
        {"cues", "Smith said "},
        {"infinitives", "to say "},
        {"participles", ", adding that "},
        {"sources", "according to "},
        {"names", "Ana Bell, "},
        {"pronouns", "he said, \"x.\" "},
        {"capitals", "A B C D E "},
        {"empty lines", "a\n\n"},
        {"commas", ","},
        {"brackets", "("},
        {"one word", "a"},
        {"names with colons and marks", "Bo: \"a\" "},
        {"marks in the middle", "a “b” said c “d”, "},
        {"marks with cues", "\"a\" he said. "},
        {"initials", "A. B. "},
        {"hyphens", "a-b "},
        {"possessives", "his claim that "},
        {"odd bytes", "\xE2\x80"},
    };
    QuotesStage stage{QuotesOptions{}};
    const std::string plain = repeated(kProse);
    double prose = seconds_for(stage, plain);
    for (const auto& [name, piece] : hostile) {
        const std::string text = repeated(piece);
        double seconds = seconds_for(stage, text);  // touches new memory, too
        for (int round = 0; round < kRoundsMax && seconds > prose * kFactorMax; ++round) {
            prose = std::min(prose, seconds_for(stage, plain));
            seconds = std::min(seconds, seconds_for(stage, text));
        }
        EXPECT_LE(seconds, prose * kFactorMax)
            << name << ": " << seconds * 1e3 << " ms, prose: " << prose * 1e3 << " ms";
    }
}

}  // namespace
}  // namespace newsmill
