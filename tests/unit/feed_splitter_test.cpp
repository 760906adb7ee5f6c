#include "pipeline/archive/feed_splitter.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace newsmill {
namespace {

std::vector<std::string> parts_of(std::string_view document) {
    FeedSplitter splitter;
    std::vector<std::string> parts;
    if (!splitter.split(document)) return parts;
    for (std::size_t i = 0; i < splitter.size(); ++i) {
        std::string part(splitter.part_bytes(i), '\0');
        splitter.write(i, part.data());
        parts.push_back(part);
    }
    return parts;
}

using Parts = std::vector<std::string>;

TEST(FeedSplitter, APartIsTheDocumentWithOneArticle) {
    EXPECT_EQ(parts_of("<?xml version='1.0'?><rss><channel><title>T</title><item>1</item>\n"
                       "<!-- <item> --><item a='>'>2</item><ttl/></channel></rss>"),
              (Parts{"<?xml version='1.0'?><rss><channel><title>T</title><item>1</item><ttl/>"
                     "</channel></rss>",
                     "<?xml version='1.0'?><rss><channel><title>T</title><item a='>'>2</item><ttl/>"
                     "</channel></rss>"}));
}

TEST(FeedSplitter, OneArticleIsNotParted) {
    EXPECT_EQ(parts_of("<rss><channel><item>1</item></channel></rss>"), Parts{});
    EXPECT_EQ(parts_of("<nitf><body/></nitf>"), Parts{});
    EXPECT_EQ(parts_of(R"({"items": [{"title": "A"}]})"), Parts{});
    EXPECT_EQ(parts_of("Headline\n\nText."), Parts{});
    EXPECT_EQ(parts_of(""), Parts{});
    EXPECT_EQ(parts_of(" \n"), Parts{});
}

TEST(FeedSplitter, ItemsCountOnlyWhereTheyAreArticles) {
    EXPECT_EQ(parts_of("<list><item>1</item><item>2</item></list>"), Parts{});
    // An article within an article is a part of it.
    EXPECT_EQ(parts_of("<newsItem><nitf>1</nitf><nitf>2</nitf></newsItem>"), Parts{});
    EXPECT_EQ(parts_of("<a><b><nitf>1</nitf><nitf>2</nitf></b></a>").size(), 2u);
    EXPECT_EQ(parts_of("<a><b><c><d><e><nitf>1</nitf><nitf>2</nitf></e></d></c></b></a>"), Parts{});
}

TEST(FeedSplitter, PrefixesAndCharacterDataDoNotMislead) {
    const Parts parts = parts_of(
        "<n:newsMessage><n:itemSet><n:newsItem><![CDATA[</n:newsItem>]]></n:newsItem>"
        "<n:packageItem/><n:newsItem><x/></n:newsItem></n:itemSet></n:newsMessage>");
    ASSERT_EQ(parts.size(), 2u);
    EXPECT_NE(parts[0].find("<![CDATA[</n:newsItem>]]>"), std::string::npos);
}

TEST(FeedSplitter, WhatIsBrokenIsLeftWhole) {
    EXPECT_EQ(parts_of("<rss><channel><item>1</item><item>2</item></channel>"), Parts{});
    EXPECT_EQ(parts_of("<rss><channel><item>1</item><item>2"), Parts{});
    EXPECT_EQ(parts_of("<rss><channel><item>1</item><item a='2></item></channel></rss>"), Parts{});
    EXPECT_EQ(parts_of(R"({"items": [{"title": "A"}, {"title": "B"})"), Parts{});
    EXPECT_EQ(parts_of(R"({"items": [{"title": "A"}, {"title": "B"}, 3]})"), Parts{});
}

TEST(FeedSplitter, JsonFeedsAndAnswers) {
    EXPECT_EQ(parts_of(R"({"a": 1, "articles": [{"t": "]"}, {"t": 2}], "b": 2})"),
              (Parts{R"({"a": 1, "articles": [{"t": "]"}], "b": 2})",
                     R"({"a": 1, "articles": [{"t": 2}], "b": 2})"}));
    EXPECT_EQ(parts_of(R"({"data": {"items": [{"item": {}}, {"item": {}}]}})").size(), 2u);
    EXPECT_EQ(parts_of(R"({"version": "https://jsonfeed.org/version/1.1", "title": "F",
                           "items": [{"id": 1}, {"id": 2}]})")
                  .size(),
              2u);
    // An article that lists others.
    EXPECT_EQ(parts_of(R"({"title": "A", "items": [{"title": "B"}, {"title": "C"}]})"), Parts{});
    EXPECT_EQ(parts_of(R"({"items": [{"u": 1}, {"u": 2}], "body_text": "Text."})"), Parts{});
}

TEST(FeedSplitter, MessagesOfAWire) {
    EXPECT_EQ(parts_of("\x01one\x02t\x03\x04\x16\x16\x01two\x02t\x03\x04"),
              (Parts{"\x01one\x02t\x03\x04", "\x16\x16\x01two\x02t\x03\x04"}));
}

TEST(FeedSplitter, ALargeFrameIsNotCopied) {
    const std::string head(FeedSplitter::kFrameBytesMax, 'x');
    EXPECT_EQ(parts_of("<rss><channel><title>" + head +
                       "</title><item>1</item><item>2</item></channel></rss>"),
              Parts{});
}

}  // namespace
}  // namespace newsmill
