// Every row of docs/bad-input.md: what comes of it, within bounded time.
#include <gtest/gtest.h>
#include <zlib.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>

#include "pipeline/archive/file_reader.hpp"
#include "stages/dead_letter.hpp"
#include "stages/encode.hpp"
#include "stages/fingerprint.hpp"
#include "stages/normalize.hpp"
#include "stages/parse.hpp"
#include "stages/quotes.hpp"

namespace newsmill {
namespace {

// One article through the stages that read and write it.
class Milled {
   public:
    explicit Milled(std::string payload, ParseOptions options = {})
        : payload_(std::move(payload)), batch_({.articles_max = 1}) {
        batch_.add(payload_);
        run(std::move(options));
    }
    Milled(std::string payload, const Article& like)
        : payload_(std::move(payload)), batch_({.articles_max = 1}) {
        Article& article = batch_.add(payload_);
        const std::string_view payload_view = article.payload;
        article = like;
        article.payload = payload_view;
        run({});
    }
    const Article& article() const { return batch_.articles[0]; }
    std::string code() const { return std::string(code_name(article().verdict.code)); }
    std::string record() const { return std::string(article().record); }
    std::string body() const { return std::string(article().body); }

   private:
    void run(ParseOptions options) {
        const auto started = std::chrono::steady_clock::now();
        ParseStage(std::move(options)).process(batch_);
        NormalizeStage().process(batch_);
        FingerprintStage().process(batch_);
        QuotesStage(QuotesOptions{}).process(batch_);
        EncodeStage().process(batch_);
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;
        constexpr double kSecondsMax = 60;  // minutes under a sanitizer on a busy machine; linear
        EXPECT_LT(took.count(), kSecondsMax);
        EXPECT_EQ(article().ok(), !article().record.empty());
    }

    std::string payload_;
    Batch batch_;
};

std::string repeat(std::string_view text, std::size_t times) {
    std::string out;
    out.reserve(text.size() * times);
    for (std::size_t i = 0; i < times; ++i) out += text;
    return out;
}

std::string article(const std::string& body) {
    return R"({"title": "T", "body": ")" + body + "\"}";
}

constexpr std::size_t kMillion = 1'000'000;
const ParseOptions kLarge = {.article_bytes_max = 256 << 20};

TEST(BadInput, Of50Megabytes) {
    const std::string text = article(repeat("word ", 10 * kMillion));
    EXPECT_EQ(Milled(text).code(), "TOO_LARGE");
}

TEST(BadInput, TenMillionTagsDeep) {
    const std::string open = repeat("<b>", 10 * kMillion);
    EXPECT_EQ(Milled("<nitf>" + open, kLarge).code(), "TOO_COMPLEX");
    EXPECT_EQ(Milled("<html>" + open, kLarge).code(), "TOO_COMPLEX");
    const Milled json(article(open + "deep"), kLarge);
    EXPECT_EQ(json.code(), "OK");
    EXPECT_EQ(json.body(), "deep");
    EXPECT_EQ(Milled(repeat("{\"a\":", kMillion), kLarge).code(), "PARSE_JSON");
    EXPECT_EQ(Milled(repeat("[[", kMillion), kLarge).code(), "PARSE_JSON");
}

TEST(BadInput, DeepXmlWithinTheElements) {
    const std::string deep = repeat("<x>", 300) + "t" + repeat("</x>", 300);
    EXPECT_EQ(Milled("<nitf><body><body.content>" + deep + "</body.content></body></nitf>").code(),
              "TOO_COMPLEX");
    const std::string divs = repeat("<div>", 2000) + "t";
    EXPECT_EQ(Milled("<html><body>" + divs).code(), "TOO_COMPLEX");
}

// Pages that are made so that a scan of their tags and the tree disagree.
TEST(BadInput, HtmlThatHidesItsDepth) {
    const std::string head = "<html><body><h1>T</h1><p>Text.</p>";
    EXPECT_EQ(Milled(head + repeat("<div t='</div>'>", 2000)).code(), "TOO_COMPLEX");
    EXPECT_EQ(Milled(head + "<!-- <script> -->" + repeat("<div>", 2000)).code(), "TOO_COMPLEX");
    EXPECT_EQ(Milled(head + "<svg>" + repeat("<tr>", 2000)).code(), "TOO_COMPLEX");
    EXPECT_EQ(Milled(head + "<svg><style>" + repeat("<g>", 2000)).code(), "TOO_COMPLEX");
    EXPECT_EQ(Milled(head + repeat("<div><svg><g/></svg></div><br><img src='a'>", 2000)).code(),
              "OK");
}

// Formatting elements that stay open are begun anew in each paragraph.
TEST(BadInput, HtmlThatMultiplies) {
    std::string open;
    for (int i = 0; i < 450; ++i) open += "<b c=" + std::to_string(i) + ">";
    EXPECT_EQ(Milled("<html><body><p>" + open + repeat("<p>x</p>", 90'000)).code(), "TOO_COMPLEX");
}

TEST(BadInput, AHundredThousandAttributes) {
    std::string many;
    for (int i = 0; i < 100'000; ++i) many += " a" + std::to_string(i) + "='1'";
    EXPECT_EQ(Milled("<html><body><h1>T</h1><p" + many + ">Text.</p>").code(), "TOO_COMPLEX");
    EXPECT_EQ(
        Milled("<nitf><body><body.content><p" + many + ">Text.</p></body.content></body></nitf>")
            .code(),
        "OK");
}

TEST(BadInput, AMillionEntities) {
    const Milled json(article(repeat("&amp;", kMillion)), kLarge);
    EXPECT_EQ(json.code(), "OK");
    EXPECT_EQ(json.body(), std::string(kMillion, '&'));
    const Milled xml(
        "<nitf><body><body.head><hedline><hl1>T</hl1></hedline></body.head>"
        "<body.content><p>" +
            repeat("&#x41;", kMillion) + "</p></body.content></body></nitf>",
        kLarge);
    EXPECT_EQ(xml.code(), "OK");
    EXPECT_EQ(xml.body(), std::string(kMillion, 'A'));
}

TEST(BadInput, EntitiesThatGrow) {
    EXPECT_EQ(Milled("<!DOCTYPE nitf [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;&a;&a;'>]>"
                     "<nitf><body><body.content><p>&b;</p></body.content></body></nitf>")
                  .code(),
              "TOO_COMPLEX");
    EXPECT_EQ(Milled("<!DOCTYPE nitf [<!ENTITY a SYSTEM 'file:///etc/passwd'>]>"
                     "<nitf><body><body.content><p>&a;</p></body.content></body></nitf>")
                  .code(),
              "TOO_COMPLEX");
}

TEST(BadInput, AMegabyteWithoutASpace) {
    const Milled milled(article(std::string(kMillion, 'x')));
    EXPECT_EQ(milled.code(), "OK");
    EXPECT_EQ(milled.body().size(), kMillion);
}

TEST(BadInput, OnlyQuoteMarks) {
    EXPECT_EQ(Milled(article(repeat("“", 300'000))).code(), "OK");
    EXPECT_EQ(Milled(article(repeat("\\\"", 300'000))).code(), "OK");
    EXPECT_EQ(Milled(article(repeat("»“\\\"«”", 60'000))).code(), "OK");
}

TEST(BadInput, EveryByteValue) {
    for (int byte = 0; byte < 256; ++byte) {
        const std::string one(1, static_cast<char>(byte));
        SCOPED_TRACE(byte);
        Milled alone(one), text("Headline\n\nText " + one + " text.");
        Milled json(article("Text " + one + " text."));
        Milled xml("<nitf><body><body.content><p>x " + one + " y</p></body.content></body></nitf>");
    }
    std::string all;
    for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
    Milled(std::string(all) + all);
    const Milled json(article(all));
    EXPECT_NE(json.code(), "OK");  // the quotation mark ends the string
}

TEST(BadInput, TruncatedJson) {
    const std::string whole = R"({"title": "T\u00e9", "body": "Text.", "tags": [1, {"a": null}]})";
    for (std::size_t size = 1; size < whole.size(); ++size) {
        EXPECT_EQ(Milled(whole.substr(0, size)).code(), "PARSE_JSON") << whole.substr(0, size);
    }
    EXPECT_EQ(Milled(whole).code(), "OK");
}

TEST(BadInput, TruncatedXmlAndHtml) {
    const std::string xml =
        "<?xml version='1.0'?><nitf><body><body.content><p>T</p></body.content></body></nitf>";
    for (std::size_t size = xml.find("<nitf>") + 6; size < xml.size(); ++size) {
        EXPECT_EQ(Milled(xml.substr(0, size)).code(), "PARSE_XML") << xml.substr(0, size);
    }
    const std::string html = "<html><head><title>T</title></head><body><p>Text.</p></body></html>";
    for (std::size_t size = 6; size < html.size(); ++size) Milled(html.substr(0, size));
}

TEST(BadInput, DuplicateKeys) {
    const Milled milled(R"({"title": "First", "title": "Second", "body": "Text.", "body": "X"})");
    EXPECT_EQ(milled.article().headline, "First");
    EXPECT_EQ(milled.body(), "Text.");
}

TEST(BadInput, NumbersThatAreNone) {
    const Milled milled(R"({"title": "T", "body": "Text.", "urgency": NaN, "version": -Infinity})");
    EXPECT_EQ(milled.code(), "OK");
    EXPECT_EQ(Milled(R"({"title": "T", "version": 1e999999})").code(), "OK");
    EXPECT_EQ(Milled(R"({"title": "T", "version": 01})").code(), "PARSE_JSON");
}

TEST(BadInput, LoneSurrogates) {
    const Milled milled(article(R"(a \ud83d b \ude00 c)"));
    EXPECT_EQ(milled.code(), "OK");
    EXPECT_EQ(milled.body(), "a \uFFFD b \uFFFD c");
    EXPECT_EQ(Milled(article("a \xED\xA0\xBD b")).code(), "OK");
}

TEST(BadInput, WrongTypesInEveryField) {
    for (const char* const name :
         {"id",         "uri",         "url",      "headline",        "body",
          "body_html",  "description", "by",       "located",         "language",
          "source",     "published",   "updated",  "version",         "pubstatus",
          "urgency",    "ednote",      "slugline", "copyrightholder", "copyrightnotice",
          "usageterms", "embargoed",   "type",     "items",           "item",
          "data"}) {
        for (const char* const value :
             {"null", "true", "-1.5e9", "\"\"", "[]", "{}", "[[[1]]]", "[{\"name\": 1}]",
              "{\"value\": {\"value\": []}}", "[null, \"x\", 3, {\"a\": \"b\"}]"}) {
            const Milled milled(std::string(R"({"title": "T", "text": "Some text.", ")") + name +
                                "\": " + value + "}");
            EXPECT_EQ(milled.code(), "OK") << name << " " << value;
        }
    }
}

TEST(BadInput, CompressedBombs) {
    const std::string path = testing::TempDir() + "/newsmill_bomb.json.gz";
    gzFile file = gzopen(path.c_str(), "wb9");
    const std::string zeros(kMillion, ' ');
    gzwrite(file, "{\"title\": \"", 11);
    for (int i = 0; i < 200; ++i) gzwrite(file, zeros.data(), static_cast<unsigned>(zeros.size()));
    gzwrite(file, "\"}\n", 3);
    gzclose(file);
    FileReader reader({path}, {.block_bytes = 64 << 10, .record_bytes_max = 1 << 20});
    FileRecord record;
    ASSERT_TRUE(reader.next(record));
    EXPECT_NE(record.flags & FileRecord::kOversized, 0u);
    EXPECT_LE(record.bytes.size(), 64u << 10);
    EXPECT_FALSE(reader.next(record));
    std::filesystem::remove(path);
    Article like;
    like.payload_oversized = true;
    EXPECT_EQ(Milled("{\"title\": \"  ", like).code(), "TOO_LARGE");
}

TEST(BadInput, EmptyValuesAndTombstones) {
    EXPECT_EQ(Milled("").code(), "NO_TEXT");
    EXPECT_EQ(Milled(" \r\n\t").code(), "NO_TEXT");
    EXPECT_EQ(Milled(std::string(3, '\0')).code(), "NO_TEXT");
    EXPECT_EQ(Milled("{}").code(), "NO_TEXT");
    EXPECT_EQ(Milled(article("")).code(), "OK");  // a headline
    Article like;
    like.has_payload = false;
    EXPECT_EQ(Milled("", like).code(), "NO_TEXT");
    like.has_key = true;  // a key without a value
    like.key = "k";
    EXPECT_EQ(Milled("", like).code(), "NO_TEXT");
}

TEST(BadInput, HeadersOfAMegabyte) {
    const std::string large(kMillion, 'h');
    const Header headers[] = {{"x", large}, {large, "y"}, {"", ""}};
    Article like;
    like.headers = headers;
    Milled milled(article("Text."), like);
    EXPECT_EQ(milled.code(), "OK");
    Arena arena(1 << 20);
    const auto list = record_headers(milled.article(), {}, arena);
    ASSERT_GE(list.size(), 3u);
    EXPECT_EQ(list[list.size() - 3].value, large);
}

TEST(BadInput, ClocksInTheYears1And9999) {
    for (const std::string date : {"0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"}) {
        const Milled milled(R"({"title": "T", "published": ")" + date + "\"}");
        EXPECT_NE(milled.record().find("\"firstCreated\":\"" + date), std::string::npos) << date;
    }
    for (const std::string date : {"0000-01-01T00:00:00Z", "10000-01-01T00:00:00Z",
                                   "99999999999999999999", "-1", "2026-02-30T00:00:00Z"}) {
        const Milled milled(R"({"title": "T", "published": ")" + date + "\"}");
        EXPECT_EQ(milled.code(), "OK");
        EXPECT_EQ(milled.record().find("firstCreated"), std::string::npos) << date;
    }
    for (const std::int64_t ms : {INT64_MIN + 1, INT64_MAX, std::int64_t{-62'135'596'800'000},
                                  std::int64_t{253'402'300'799'999}}) {
        Article like;
        like.origin.partition = 0;
        like.origin.topic = "t";
        like.origin.timestamp_ms = ms;
        EXPECT_EQ(Milled(article("Text."), like).code(), "OK");
    }
}

}  // namespace
}  // namespace newsmill
