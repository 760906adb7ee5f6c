#include "stages/fingerprint.hpp"

#include <gtest/gtest.h>

#include <iterator>
#include <random>
#include <string>

namespace newsmill {
namespace {

Hash128 of(std::string_view text) {
    static const FingerprintStage stage;
    std::size_t kept = 0;
    return stage.hash(text, kept);
}

Hash128 of_article(std::string_view uri, std::string_view headline, std::string_view body) {
    Batch batch({.articles_max = 1});
    Article& article = batch.add("x");
    article.uri = uri;
    article.headline = headline;
    article.body = body;
    FingerprintStage().process(batch);
    return article.exact_hash;
}

TEST(Fingerprint, IgnoresTypography) {
    const Hash128 plain = of("\"It won't rain,\" she said - twice. The E-mail came");
    EXPECT_EQ(plain, of("“It won’t  rain,” she said — twice.\n\nThe e-mail came…"));
    EXPECT_EQ(plain, of("' IT WON ' T RAIN , ' SHE SAID – TWICE . THE EMAIL CAME"));
    EXPECT_NE(plain, of("It will rain, she said twice. The e-mail came"));
}

TEST(Fingerprint, FoldsCaseInEveryScript) {
    EXPECT_EQ(of("ÅNGSTRÖM ПРИВЕТ ΕΛΛΑΔΑ ΌΣΟΣ"), of("ångström привет ελλαδα όσος"));
    EXPECT_NE(of("resume"), of("résumé"));
    EXPECT_NE(of("東京都"), of("京都"));
    EXPECT_EQ(of("東京、都。"), of("東京都"));
    EXPECT_NE(of("कि"), of("का"));
}

TEST(Fingerprint, NumbersKeepTheirBounds) {
    EXPECT_NE(of("rose 1.5 percent"), of("rose 15 percent"));
    EXPECT_NE(of("rose 1.5 percent"), of("rose 1 5 percent"));
    EXPECT_NE(of("won 10-15"), of("won 1015"));
    EXPECT_EQ(of("won 10-15"), of("won 10 – 15"));
    EXPECT_EQ(of("in 2019. 17 people"), of("in 2019 — 17 people"));
    EXPECT_NE(of("$5"), of("€5"));
    EXPECT_NE(of("5%"), of("5"));
}

TEST(Fingerprint, BlocksMakeNoDifference) {
    std::string text;
    std::string loud;
    for (int i = 0; i < 20000; ++i) {
        text += "word " + std::to_string(i % 977) + " é. ";
        loud += "WORD,  " + std::to_string(i % 977) + "—É ";
    }
    EXPECT_EQ(of(text), of(loud));
    loud.back() = 'x';
    EXPECT_NE(of(text), of(loud));
}

// An article's hash comes from its words where they tell it: that must not be seen.
TEST(Fingerprint, WordsTellTheSameAsTheText) {
    static const char* const kPieces[] = {
        "the ",   "Mayor",   " ",      ", ",     "12",   "1,250.75",
        ".",      "%",       " $",     "€",      "£5",   "—",
        "“Go”",   "é",       "ÄRGER ", "Москва", "5",    "-",
        "\u00AD", "3\u00AD", "\u200B", "東京",   "、",   "ไทย",
        "\xFF",   "\xE2",    "\n",     "It's ",  "ß",    "…",
        "7…8",    "2. 3",    "4.5",    "६",      "a b ", "Straßenverkehrsordnungen"};
    std::mt19937 random(5);
    FingerprintStage stage;
    for (int round = 0; round < 20'000; ++round) {
        std::string text;
        for (auto left = random() % 40; left > 0; --left) {
            // Mostly without what words do not tell.
            const std::size_t most = round % 4 == 0 ? std::size(kPieces) : 18;
            text += kPieces[random() % most];
        }
        Batch batch({.articles_max = 1});
        Article& article = batch.add("x");
        article.headline = "Head";
        article.body = text;
        stage.process(batch);
        std::size_t kept = 0;
        const Hash128 expected = stage.hash(text, kept);
        if (kept == 0) continue;
        ASSERT_EQ(article.exact_hash, expected) << text;
    }
}

TEST(Fingerprint, EmptyBodiesFallBack) {
    EXPECT_EQ(of_article("u:1", "Head", "Body"), of_article("u:2", "Other", "body!"));
    EXPECT_EQ(of_article("u:1", "Head", ""), of_article("u:2", "HEAD", "…"));
    EXPECT_NE(of_article("u:1", "Body", ""), of_article("u:1", "Head", "Body"));
    EXPECT_NE(of_article("u:1", "", "***"), of_article("u:2", "", "***"));
    EXPECT_EQ(of_article("u:1", "", "***"), of_article("u:1", "—", ""));
}

// Version 1 is a contract between daemons: these values never change.
TEST(Fingerprint, KnownValues) {
    EXPECT_EQ(kFingerprintVersion, 1);
    EXPECT_EQ(of("Hello, World 1.5"), of("helloworld1.5"));
    EXPECT_EQ(of("a").high, 0xa96faf705af16834u);
    EXPECT_EQ(of("a").low, 0xe6c632b61e964e1fu);
}

}  // namespace
}  // namespace newsmill
