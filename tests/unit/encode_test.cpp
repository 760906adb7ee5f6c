#include "stages/encode.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "stages/formats/json_unescape.hpp"
#include "stages/formats/json_writer.hpp"
#include "stages/formats/uri.hpp"
#include "stages/formats/utf8.hpp"

namespace newsmill {
namespace {

std::string timestamp(std::int64_t unix_ms) {
    char text[kTimestampBytesMax];
    return std::string(format_timestamp(unix_ms, text));
}

std::string encoded_uri(std::string_view uri) {
    Arena arena(4096);
    JsonWriter out(arena, 16);
    write_uri(uri, out);
    return std::string(out.finish());
}

// What a record's member holds, by its name's first place.
std::string record_of(Article article, EncodeOptions options = {}) {
    Batch batch({.articles_max = 1});
    batch.add("x") = article;
    EncodeStage(std::move(options)).process(batch);
    return std::string(batch.articles[0].record);
}

Article sample() {
    Article article;
    article.origin = {"raw", 0, 5, kNoTime};
    article.uri = "urn:x:1";
    article.headline = "Head";
    article.body = "Body.";
    article.body_is_ascii = true;
    article.language = "en";
    return article;
}

TEST(JsonWriter, DecodesToWhatWasEncoded) {
    std::mt19937 engine(11);
    const auto random = [&] { return static_cast<std::uint32_t>(engine()); };
    for (int round = 0; round < 3000; ++round) {
        std::string text;
        for (unsigned i = random() % 90; i > 0; --i) {
            char bytes[4];
            const unsigned kind = random() % 4;
            const std::uint32_t point = kind == 0   ? random() % 0x20
                                        : kind == 1 ? random() % 0x80
                                        : kind == 2 ? random() % 0x3000
                                                    : random() % 0x110000;
            text.append(bytes, append_code_point(bytes, point));
        }
        Arena arena(4096);
        JsonWriter out(arena, 1 + random() % 64);  // too small: it has to grow
        out.string(text);
        const std::string_view json = out.finish();
        ASSERT_EQ(json.find_first_of(std::string_view("\n\0", 2)), std::string_view::npos);
        const std::string_view inside = json.substr(1, json.size() - 2);
        ASSERT_TRUE(escapes_are_valid(inside));
        ASSERT_EQ(unescape_json(inside, arena), text);
    }
}

TEST(JsonWriter, PutsCommasAndTakesBack) {
    Arena arena(4096);
    JsonWriter out(arena, 8);
    out.open_object();
    out.member("a", std::int64_t{-5});
    const JsonWriter::Mark mark = out.mark();
    out.member("gone", "x");
    out.rewind(mark);
    out.key("b");
    out.open_array();
    out.string("x\"\\\b\f\n\r\t\x01\x7F");
    out.string("");
    out.open_object();
    out.close_object();
    out.raw("null");
    out.close_array();
    out.member_if("c", "");
    out.close_object();
    EXPECT_EQ(out.finish(),
              "{\"a\":-5,\"b\":[\"x\\\"\\\\\\b\\f\\n\\r\\t\\u0001\x7F\",\"\",{},null]}");
}

TEST(JsonWriter, Timestamps) {
    EXPECT_EQ(timestamp(0), "1970-01-01T00:00:00Z");
    EXPECT_EQ(timestamp(-1), "1969-12-31T23:59:59.999Z");
    EXPECT_EQ(timestamp(951'782'400'000), "2000-02-29T00:00:00Z");
    EXPECT_EQ(timestamp(1'764'000'067'220), "2025-11-24T16:01:07.220Z");
    EXPECT_EQ(timestamp(-62'135'596'800'000), "0001-01-01T00:00:00Z");
    EXPECT_EQ(timestamp(253'402'300'799'999), "9999-12-31T23:59:59.999Z");
    EXPECT_EQ(timestamp(253'402'300'800'000), "");
    EXPECT_EQ(timestamp(-62'135'596'800'001), "");
    EXPECT_EQ(timestamp(kNoTime), "");
}

TEST(Encode, UrisAreValid) {
    EXPECT_EQ(encoded_uri("https://a.example/x?y=1&z=%20#f"),
              "\"https://a.example/x?y=1&z=%20#f\"");
    EXPECT_EQ(encoded_uri("https://a.example/é x|\"\\"),
              "\"https://a.example/%C3%A9%20x%7C%22%5C\"");
    EXPECT_EQ(encoded_uri("https://a.example/100%#a#b"), "\"https://a.example/100%25#a%23b\"");
    EXPECT_EQ(encoded_uri("http://[::1]/a[1]"), "\"http://[::1]/a%5B1%5D\"");
}

TEST(Encode, OffsetsAreCodePoints) {
    const std::string body = "Ça va 😀: «Été là», dit-elle.";
    Article article = sample();
    article.body = body;
    article.body_is_ascii = false;
    const auto span = [&](std::string_view part) {
        const auto start = static_cast<std::uint32_t>(body.find(part));
        return Span{start, start + static_cast<std::uint32_t>(part.size())};
    };
    const Span quoted[] = {span("Été là")};
    const Quote quotes[] = {{.statement = 0,
                             .type = QuoteType::kDirect,
                             .span = span("«Été là»"),
                             .quoted = quoted,
                             .speaker = {},
                             .role = {},
                             .mention = {},
                             .resolved = Resolved::kNone,
                             .cue = span("dit"),
                             .confidence = 80}};
    article.quotes = quotes;
    const std::string record = record_of(article);
    EXPECT_NE(record.find(R"("selector":{"field":"bodies/0","unit":"codepoint","start":9,"end":17,)"
                          R"("exact":"«Été là»","prefix":"Ça va 😀: ","suffix":", dit-elle."})"),
              std::string::npos)
        << record;
    EXPECT_NE(record.find(R"("cue":{"text":"dit","start":19,"end":22})"), std::string::npos);
    EXPECT_NE(record.find(R"("quoted":[{"start":10,"end":16}])"), std::string::npos);
    EXPECT_NE(record.find(R"("text":"Été là")"), std::string::npos);
    EXPECT_EQ(record.find("speaker"), std::string::npos);
}

TEST(Encode, FragmentsOfOneStatementShareAnId) {
    Article article = sample();
    Quote quotes[3];
    quotes[1].statement = 0;
    quotes[2].statement = 1;
    article.quotes = quotes;
    const std::string record = record_of(article);
    std::vector<std::string> ids;
    for (std::size_t at = record.find("\"q:"); at != std::string::npos;
         at = record.find("\"q:", at + 1)) {
        ids.push_back(record.substr(at, 20));
    }
    ASSERT_EQ(ids.size(), 3u);
    EXPECT_EQ(ids[0], ids[1]);
    EXPECT_NE(ids[0], ids[2]);
}

TEST(Encode, LeavesOutWhatIsNotKnown) {
    Article article = sample();
    article.raw.urgency = "12";
    article.raw.pub_status = "draft";
    article.raw.version = " ";
    article.language = "und";
    article.headline = {};
    const std::string record = record_of(article, {.profile = Profile::kNinjs31});
    EXPECT_EQ(
        record,
        R"({"standard":{"name":"ninjs","version":"3.1",)"
        R"("schema":"http://www.iptc.org/std/ninjs/ninjs-schema_3.1.json#"},)"
        R"("uri":"urn:x:1","type":"text","bodies":[{"role":"main",)"
        R"("contentType":"text/plain","charCount":5,"wordCount":1,"value":"Body."}],)"
        R"("altIds":[{"role":"newsmill:exact","value":"00000000000000000000000000000000"}]})");
}

TEST(Encode, NoRecordForADeadLetter) {
    Article article = sample();
    article.verdict = {Code::kNoText, "normalize", "no text"};
    EXPECT_EQ(record_of(article), "");
}

TEST(Encode, ProfilesByName) {
    for (const Profile profile : {Profile::kNinjs31Ext, Profile::kNinjs31, Profile::kNinjs1}) {
        Profile found = Profile::kNinjs31;
        EXPECT_TRUE(parse_profile(profile_name(profile), found));
        EXPECT_EQ(found, profile);
    }
    Profile none;
    EXPECT_FALSE(parse_profile("ninjs-2", none));
}

}  // namespace
}  // namespace newsmill
