#include "stages/dead_letter.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "stages/encode.hpp"

namespace newsmill {
namespace {

using testing::ElementsAre;

std::vector<std::string> lines(std::span<const Header> headers) {
    std::vector<std::string> result;
    for (const Header& header : headers) {
        result.push_back(std::string(header.name) + "=" + std::string(header.value));
    }
    return result;
}

Article failed() {
    Article article;
    article.origin = {"raw.ag", 7, 1839201, 1764000067220};
    article.key = "k1";
    article.has_key = true;
    article.payload = "{\"title\":";
    article.verdict = {Code::kParseJson, "parse", "JSON: cut off at byte 9"};
    return article;
}

TEST(DeadLetter, Line) {
    Arena arena(4096);
    EXPECT_EQ(
        dead_letter_line(failed(), {.build = "0.1.0", .config_hash = "c1", .at_ms = 0}, arena),
        R"({"key":"k1","value":"{\"title\":","errors":{"topic":"raw.ag","partition":7,)"
        R"("offset":1839201,"timestamp":"2025-11-24T16:01:07.220Z","stage":"parse",)"
        R"("code":"PARSE_JSON","message":"JSON: cut off at byte 9","attempts":1,)"
        R"("replays":0,"build":"0.1.0","config":"c1","at":"1970-01-01T00:00:00Z"}})");
}

TEST(DeadLetter, BytesThatAreNoText) {
    Arena arena(4096);
    Article article;
    article.origin = {"in.ndjson", -1, 12, kNoTime};
    article.payload = "\xFF\xFE\x01\x02";
    const Header headers[] = {{"h", "\x80"}};
    article.headers = headers;
    article.verdict = {Code::kBadUtf8, "parse", "m"};
    EXPECT_EQ(dead_letter_line(article, {}, arena),
              R"({"value_base64":"//4BAg==","headers":[{"name":"h","value_base64":"gA=="}],)"
              R"("errors":{"file":"in.ndjson","line":12,"stage":"parse","code":"BAD_UTF8",)"
              R"("message":"m","attempts":1,"replays":0}})");
    article.has_payload = false;
    EXPECT_TRUE(dead_letter_line(article, {}, arena).starts_with("{\"headers\""));
}

TEST(DeadLetter, Headers) {
    Arena arena(4096);
    Article article = failed();
    const Header own[] = {{"traceparent", "00-1"},
                          {"__newsmill.errors.code", "NO_TEXT"},
                          {"__newsmill.errors.replays", "2"},
                          {"newsmill-run", "upstream"}};
    article.headers = own;
    EXPECT_THAT(
        lines(dead_letter_headers(article, {.build = "0.1.0", .attempts = 3}, arena)),
        ElementsAre("traceparent=00-1", "newsmill-run=upstream", "__newsmill.errors.topic=raw.ag",
                    "__newsmill.errors.partition=7", "__newsmill.errors.offset=1839201",
                    "__newsmill.errors.timestamp=2025-11-24T16:01:07.220Z",
                    "__newsmill.errors.stage=parse", "__newsmill.errors.code=PARSE_JSON",
                    "__newsmill.errors.message=JSON: cut off at byte 9",
                    "__newsmill.errors.attempts=3", "__newsmill.errors.replays=3",
                    "__newsmill.errors.build=0.1.0"));
}

TEST(RecordHeaders, OwnThenTheProducers) {
    Arena arena(4096);
    Article article = failed();
    const Header own[] = {{"traceparent", "00-1"},
                          {"__newsmill.errors.code", "NO_TEXT"},
                          {"newsmill-run", "upstream"}};
    article.headers = own;
    const EncodeOptions options{.run_id = "r1", .config_hash = "c1", .schema = "s"};
    EXPECT_THAT(
        lines(record_headers(article, options, arena)),
        ElementsAre("newsmill-run=r1", "newsmill-input=raw.ag/7@1839201", "newsmill-config=c1",
                    "newsmill-schema=s", "newsmill-dedup=unique", "traceparent=00-1"));
}

}  // namespace
}  // namespace newsmill
