// The normalizer's promises that single cases can't show: the fast and the slow path agree, the
// output is its own normal form, paragraphs keep their contract, time is linear on hostile input.
#include "stages/normalize.hpp"

#include <gtest/gtest.h>
#include <unicode/normalizer2.h>

#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "stages/normalize/cleaner.hpp"
#include "stages/normalize/scan.hpp"
#include "stages/normalize/unicode.hpp"

namespace newsmill {
namespace {

using normalize::Form;
using normalize::TextCleaner;

// Pieces that dirty text is made of; joined at random they give every kind of neighbourhood.
constexpr std::string_view kPieces[] = {"a",
                                        "The",
                                        " word",
                                        " ",
                                        " ",
                                        " ",
                                        "  ",
                                        "\n",
                                        "\n\n",
                                        "\n\n\n",
                                        "\r\n",
                                        "\r",
                                        "\t",
                                        "\v",
                                        "\f",
                                        "&amp;",
                                        "&amp;amp;lt;",
                                        "&lt;",
                                        "&gt;",
                                        "&#146;",
                                        "&#8217",
                                        "&nbsp",
                                        "&nbsp;",
                                        "&eacute;",
                                        "&",
                                        "#39;",
                                        " #36;",
                                        " amp;",
                                        "amp;",
                                        "lt;",
                                        "quot;",
                                        "&#0;",
                                        "&#xD83D;&#xDE00;",
                                        "&#10;",
                                        ";",
                                        "#",
                                        "39",
                                        "<p>",
                                        "</p>",
                                        "<br>",
                                        "<b>",
                                        "</b>",
                                        "<Reuters>",
                                        "<a href=\"x\">",
                                        "<a ",
                                        "<",
                                        ">",
                                        "\"",
                                        "'",
                                        "<!--",
                                        "-->",
                                        "<script>",
                                        "</script>",
                                        "<![CDATA[",
                                        "]]>",
                                        "<pre>",
                                        "</pre>",
                                        "=",
                                        "/",
                                        "é",
                                        "É",
                                        "ß",
                                        "Ã",
                                        "Â",
                                        "â",
                                        "â€™",
                                        "â€",
                                        "Ã©",
                                        "Ã£",
                                        "”",
                                        "’",
                                        "»",
                                        "«",
                                        "…",
                                        "—",
                                        "™",
                                        "€",
                                        "\xC2\x92",
                                        "\xC2\x9D",
                                        "\xC2\x85",
                                        "\xC2\xA0",
                                        "\xC2\xAD",
                                        "\xE2\x80\x8B",
                                        "\xE2\x80\x8C",
                                        "\xE2\x80\x8D",
                                        "\xE2\x80\x8F",
                                        "\xE2\x80\xAE",
                                        "\xEF\xBB\xBF",
                                        "\xE2\x80\xA8",
                                        "\xE2\x80\xA9",
                                        "\xE3\x80\x80",
                                        "\xE2\x80\x83",
                                        "e\xCC\x81",
                                        "\xCC\x88",
                                        "ش",
                                        "م",
                                        "क",
                                        "東",
                                        "京",
                                        "。",
                                        "😀",
                                        "👩",
                                        "한",
                                        "\xE1\x84\x80\xE1\x85\xA1",
                                        "\xE2\x84\xAB",
                                        "\xFF",
                                        "\xC3",
                                        "\xE2\x80",
                                        "\xED\xA0\xBD",
                                        "\xF0\x9F\x98",
                                        "\xEF\xBF\xBE",
                                        "\x01",
                                        "\x7F"};

std::string random_text(std::mt19937& random, std::size_t pieces) {
    std::uniform_int_distribution<std::size_t> any(0, std::size(kPieces) - 1);
    std::string text;
    for (std::size_t i = 0; i < pieces; ++i) {
        text += kPieces[any(random)];
        if (i % 3 == 0) text += "x";
    }
    return text;
}

std::string clean(std::string_view text, Form form = Form::kParagraphs, bool html = false) {
    static TextCleaner cleaner;
    Arena arena(1 << 16);
    return std::string(cleaner.clean(text, form, html, arena).text);
}

void expect_contract(std::string_view text, Form form) {
    if (text.empty()) return;
    EXPECT_NE(text.front(), ' ');
    EXPECT_NE(text.back(), ' ');
    for (std::size_t i = 0; i < text.size();) {
        const normalize::CodePoint c = normalize::decode_utf8(text, i);
        ASSERT_NE(c.length, 0u) << "invalid UTF-8";
        ASSERT_TRUE(c.value >= 0x20 || c.value == '\n');
        ASSERT_FALSE(c.value >= 0x7F && c.value < 0xA1);
        i += c.length;
    }
    EXPECT_EQ(text.find("  "), std::string_view::npos);
    EXPECT_EQ(text.find(" \n"), std::string_view::npos);
    EXPECT_EQ(text.find("\n "), std::string_view::npos);
    if (form == Form::kLine) {
        EXPECT_EQ(text.find('\n'), std::string_view::npos);
        return;
    }
    for (std::size_t i = 0; (i = text.find('\n', i)) != std::string_view::npos; i += 2) {
        ASSERT_TRUE(i > 0 && i + 2 < text.size());
        ASSERT_EQ(text[i + 1], '\n');
        ASSERT_NE(text[i + 2], '\n');
    }
}

TEST(Normalize, RandomTextKeepsTheContractAndIsItsOwnNormalForm) {
    for (std::uint32_t seed = 0; seed < 4000; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        std::mt19937 random(seed);
        const std::string text = random_text(random, 1 + seed % 40);
        for (const Form form : {Form::kLine, Form::kParagraphs}) {
            const std::string once = clean(text, form, seed % 5 == 0);
            expect_contract(once, form);
            ASSERT_EQ(clean(once, form), once) << testing::PrintToString(text);
        }
        if (testing::Test::HasFailure()) return;
    }
}

TEST(Normalize, FastAndSlowPathsAgree) {
    TextCleaner fast, slow;
    for (std::uint32_t seed = 0; seed < 4000; ++seed) {
        std::mt19937 random(seed);
        const std::string text = random_text(random, 1 + seed % 12);
        Arena arena(1 << 16);
        const auto a = fast.clean(text, Form::kParagraphs, seed % 5 == 0, arena);
        const auto b = slow.clean_slowly(text, Form::kParagraphs, seed % 5 == 0, arena);
        ASSERT_EQ(a.text, b.text) << "seed " << seed << " " << testing::PrintToString(text);
        ASSERT_EQ(a.ascii, b.ascii);
    }
}

// What the scan lets pass is NFC by itself and beside anything: it neither decomposes nor composes
// with what stands before it.
TEST(Normalize, ScanSeesEveryCharacterThatMayCompose) {
    UErrorCode error = U_ZERO_ERROR;
    const icu::Normalizer2* nfc = icu::Normalizer2::getNFCInstance(error);
    ASSERT_TRUE(U_SUCCESS(error));
    for (char32_t c = 0x80; c < 0x110000; ++c) {
        if (c >= 0xD800 && c < 0xE000) continue;
        std::string text;
        normalize::append_utf8(text, c);
        if ((normalize::scan_text(text).issues & ~normalize::kIssueNewline) != 0) continue;
        ASSERT_TRUE(nfc->hasBoundaryBefore(static_cast<UChar32>(c)))
            << std::hex << static_cast<std::uint32_t>(c);
        ASSERT_EQ(nfc->quickCheck(icu::UnicodeString(static_cast<UChar32>(c)), error), UNORM_YES)
            << std::hex << static_cast<std::uint32_t>(c);
    }
}

// Every single byte and pair at every place of a block: the scan must see what it must see.
TEST(Normalize, ScanSeesIssuesAtEveryPlace) {
    constexpr std::string_view kDirty[] = {
        "  ",     "\t",   "\x01",      "&lt;", "<b",        "\xC2\xA0", "\xE2\x80\x8B", "\n",
        "\n\n\n", "\xFF", "e\xCC\x81", "\x7F", "x\xC2\x92", "Ã©",       " \n\n"};
    for (const std::string_view dirty : kDirty) {
        for (std::size_t at = 1; at < 140; ++at) {
            std::string text(200, 'x');
            EXPECT_EQ(normalize::scan_text(text).issues, 0u);
            text.replace(at, dirty.size(), dirty);
            EXPECT_NE(normalize::scan_text(text).issues, 0u)
                << testing::PrintToString(std::string(dirty)) << " at " << at;
        }
    }
    EXPECT_NE(normalize::scan_text(" x").issues, 0u);
    EXPECT_NE(normalize::scan_text("x ").issues, 0u);
    EXPECT_NE(normalize::scan_text("x\n\n").issues, 0u);
    EXPECT_EQ(normalize::scan_text("AT&T & Q&A; a\n\n\xC3\xA9\xE2\x80\x9D < 3").issues &
                  ~normalize::kIssueMojibake & ~normalize::kIssueNewline,
              0u);
}

std::string repeated(std::string_view unit, std::size_t bytes) {
    std::string text;
    while (text.size() < bytes) text += unit;
    return text;
}

// A quadratic pass over one of these takes minutes.
TEST(Normalize, TimeIsLinearOnHostileText) {
    constexpr std::string_view kUnits[] = {"&amp;",
                                           "&amp;lt;",
                                           "&#38;",
                                           "<div>",
                                           "</b>",
                                           "<",
                                           "<a ",
                                           "<a b=\"",
                                           "<a x='<a x=\"",
                                           "<a x=\" y='",
                                           "<!--",
                                           "<![CDATA[",
                                           "<!doctype ",
                                           "<?xml ",
                                           "<script>",
                                           "<style><script>",
                                           "<svg></sv",
                                           "\"",
                                           "“",
                                           "Ã©",
                                           "É”",
                                           "â€",
                                           "\xF0\x9F",
                                           "\xC2",
                                           "e\xCC\x81",
                                           "\xCC\x81",
                                           "\n",
                                           " \n",
                                           "\r",
                                           "x\ny",
                                           "a b\n",
                                           "#39;",
                                           " amp;",
                                           "&",
                                           ";",
                                           "\xE2\x80\x8D",
                                           "\xE2\x80\x8F",
                                           "By A ",
                                           "<pre>\n",
                                           "x",
                                           "東",
                                           "(Reporting by ",
                                           "—",
                                           "<br>",
                                           "&lt;p&gt;",
                                           "<a b=c "};
    NormalizeStage stage;
    for (const std::string_view unit : kUnits) {
        for (const std::string_view end : {"", ">", "\">'>-->]]></script>"}) {
            const std::string text = repeated(unit, 300'000) + std::string(end);
            Batch batch({});
            Article& article = batch.add(text);
            article.raw.headline = std::string_view(text).substr(0, 50'000);
            article.raw.body = text;
            article.raw.by = std::string_view(text).substr(0, 3'000);
            article.raw.uri = std::string_view(text).substr(0, 50'000);
            article.raw.published = text;
            stage.process(batch);
            if (article.ok()) expect_contract(article.body, Form::kParagraphs);
        }
    }
}

TEST(Normalize, SkipsArticlesThatWereGivenUp) {
    NormalizeStage stage;
    Batch batch({});
    Article& article = batch.add("{");
    reject(article, Code::kParseJson, "parse", "not JSON");
    stage.process(batch);
    EXPECT_EQ(article.verdict.code, Code::kParseJson);
    EXPECT_TRUE(article.uri.empty());
}

TEST(Normalize, OptionsTurnThingsOff) {
    NormalizeOptions options;
    options.drop_boilerplate = false;
    options.drop_repeated_headline = false;
    options.detect_language = false;
    options.headline_chars_max = 12;
    options.tracking_parameters = {"from*"};
    NormalizeStage stage(options);
    Batch batch({});
    Article& article = batch.add("{}");
    article.raw.headline = "Überall viel Schnee gefallen";
    article.raw.body = "Überall viel Schnee gefallen\n\nAdvertisement";
    article.raw.language = "deutsch";
    article.raw.url = "https://example.org/a?utm_source=x&from_app=1";
    stage.process(batch);
    EXPECT_EQ(article.headline, "Überall viel");
    EXPECT_EQ(article.body, article.raw.body);
    EXPECT_EQ(article.language, "de");
    EXPECT_EQ(article.uri, "https://example.org/a?utm_source=x");
}

}  // namespace
}  // namespace newsmill
