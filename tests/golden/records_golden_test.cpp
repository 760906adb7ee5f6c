// Golden records: each file of tests/golden/records is one article as the stages before encode
// leave it, and the record that must come out. A new case is a new file; places in the body are
// given by the text that stands there (its first occurrence).
#include <gtest/gtest.h>
#include <simdjson.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <vector>

#include "stages/encode.hpp"
#include "stages/fingerprint.hpp"

namespace newsmill {
namespace {

namespace fs = std::filesystem;
using simdjson::dom::element;

std::vector<fs::path> case_files() {
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(NEWSMILL_SOURCE_DIR "/tests/golden/records")) {
        if (entry.path().extension() == ".json") files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
    return files;
}

std::string_view text(element from, std::string_view member) {
    std::string_view value;
    return from[member].get(value) == simdjson::SUCCESS ? value : std::string_view();
}

std::int64_t number(element from, std::string_view member, std::int64_t otherwise) {
    std::int64_t value = 0;
    return from[member].get(value) == simdjson::SUCCESS ? value : otherwise;
}

simdjson::dom::array list(element from, std::string_view member) {
    static simdjson::dom::parser parser;
    static const element empty = parser.parse(std::string_view("[]"));
    simdjson::dom::array value;
    if (from[member].get(value) != simdjson::SUCCESS) value = empty;
    return value;
}

Span span_of(std::string_view body, std::string_view part) {
    if (part.empty()) return {};
    const std::size_t at = body.find(part);
    EXPECT_NE(at, std::string_view::npos) << "not in the body: " << part;
    const auto start = static_cast<std::uint32_t>(at);
    return {start, start + static_cast<std::uint32_t>(part.size())};
}

template <typename Kind, typename NameOf>
Kind named(std::string_view name, Kind last, NameOf name_of) {
    for (int i = 0; i <= static_cast<int>(last); ++i) {
        if (name_of(static_cast<Kind>(i)) == name) return static_cast<Kind>(i);
    }
    return Kind{};
}

Origin origin_of(element from) {
    const std::string_view topic = text(from, "topic");
    return {topic.empty() ? text(from, "file") : topic,
            static_cast<std::int32_t>(number(from, "partition", -1)),
            number(from, "offset", number(from, "line", 1)), number(from, "timestamp_ms", kNoTime)};
}

Quote quote_of(element from, std::string_view body, Arena& arena) {
    Quote quote;
    quote.statement = static_cast<std::uint32_t>(number(from, "statement", 0));
    quote.type = named(text(from, "type"), QuoteType::kTranscript, quote_type_name);
    quote.span = span_of(body, text(from, "span"));
    const simdjson::dom::array quoted = list(from, "quoted");
    const std::span<Span> spans = arena.array<Span>(quoted.size());
    std::transform(quoted.begin(), quoted.end(), spans.begin(),
                   [&](element part) { return span_of(body, part.get_string().value()); });
    quote.quoted = spans;
    quote.speaker = text(from, "speaker");
    quote.role = text(from, "role");
    quote.mention = span_of(body, text(from, "mention"));
    quote.resolved = named(text(from, "resolved"), Resolved::kTitle, resolved_name);
    quote.cue = span_of(body, text(from, "cue"));
    quote.confidence = static_cast<std::uint8_t>(number(from, "confidence", 0));
    return quote;
}

void fill_raw(element from, Fields& raw) {
    raw.id = text(from, "id");
    raw.url = text(from, "url");
    raw.source = text(from, "source");
    raw.version = text(from, "version");
    raw.pub_status = text(from, "pub_status");
    raw.urgency = text(from, "urgency");
    raw.ednote = text(from, "ednote");
    raw.slugline = text(from, "slugline");
    raw.copyright = text(from, "copyright");
    raw.passthrough = text(from, "passthrough");
}

void fill_lists(element from, Article& article, Arena& arena) {
    const simdjson::dom::array quotes = list(from, "quotes");
    const std::span<Quote> article_quotes = arena.array<Quote>(quotes.size());
    std::transform(quotes.begin(), quotes.end(), article_quotes.begin(),
                   [&](element quote) { return quote_of(quote, article.body, arena); });
    article.quotes = article_quotes;
    const simdjson::dom::array topics = list(from, "topics");
    const std::span<Topic> article_topics = arena.array<Topic>(topics.size());
    std::transform(topics.begin(), topics.end(), article_topics.begin(), [](element topic) {
        return Topic{text(topic, "code"),
                     text(topic, "name"),
                     text(topic, "creator"),
                     static_cast<std::uint8_t>(number(topic, "confidence", 0)),
                     static_cast<std::uint8_t>(number(topic, "relevance", 0)),
                     "http://cv.iptc.org/newscodes/mediatopic/",
                     "medtop",
                     {}};
    });
    article.topics = article_topics;
}

void fill(element from, Article& article, Arena& arena) {
    article.uri = text(from, "uri");
    article.headline = text(from, "headline");
    article.body = text(from, "body");
    article.body_is_ascii = std::all_of(article.body.begin(), article.body.end(),
                                        [](char c) { return static_cast<signed char>(c) >= 0; });
    article.by = text(from, "by");
    article.located = text(from, "located");
    article.language = text(from, "language");
    article.language_confidence = static_cast<std::uint8_t>(number(from, "language_confidence", 0));
    article.language_declared = text(from, "language_declared");
    article.first_created_ms = number(from, "first_created_ms", kNoTime);
    article.version_created_ms = number(from, "version_created_ms", kNoTime);
    article.published_raw = text(from, "published_raw");
    article.repairs = static_cast<std::uint32_t>(number(from, "repairs", 0));
    element part;
    if (from["origin"].get(part) == simdjson::SUCCESS) article.origin = origin_of(part);
    if (from["raw"].get(part) == simdjson::SUCCESS) fill_raw(part, article.raw);
    if (from["dedup"].get(part) == simdjson::SUCCESS) {
        Decision& decision = article.decision;
        decision.kind = named(text(part, "kind"), DedupKind::kKill, dedup_kind_name);
        decision.cluster_id = static_cast<std::uint64_t>(number(part, "cluster_id", 0));
        decision.similarity = static_cast<std::int32_t>(number(part, "similarity", 0));
        decision.containment = static_cast<std::int32_t>(number(part, "containment", 0));
        decision.killed = part["killed"].error() == simdjson::SUCCESS;
        decision.notices_omitted = static_cast<std::uint32_t>(number(part, "notices_omitted", 0));
        decision.of_uri = text(part, "of_uri");
        element of;
        if (part["of"].get(of) == simdjson::SUCCESS) decision.of = origin_of(of);
    }
    fill_lists(from, article, arena);
}

std::string minified(std::string_view json) {
    simdjson::dom::parser parser;
    element root;
    EXPECT_EQ(parser.parse(json).get(root), simdjson::SUCCESS) << json;
    return simdjson::minify(root);
}

class GoldenRecord : public testing::TestWithParam<fs::path> {};

TEST_P(GoldenRecord, IsAsExpected) {
    simdjson::dom::parser parser;
    element root;
    ASSERT_EQ(parser.load(GetParam().string()).get(root), simdjson::SUCCESS);
    Batch batch({.articles_max = 1});
    fill(root["article"].value(), batch.add("x"), batch.arena);
    EncodeOptions options{.config_hash = "c1", .build = "test"};
    ASSERT_TRUE(parse_profile(text(root, "profile"), options.profile));
    FingerprintStage().process(batch);
    EncodeStage(options).process(batch);
    const std::string_view record = batch.articles[0].record;
    if (const char* folder = std::getenv("NEWSMILL_GOLDEN_OUT"); folder != nullptr) {
        std::ofstream(fs::path(folder) / GetParam().filename()) << record;
    }
    EXPECT_EQ(record.find('\n'), std::string_view::npos);
    element expected;
    ASSERT_EQ(root["record"].get(expected), simdjson::SUCCESS);
    EXPECT_EQ(minified(record), std::string(simdjson::minify(expected)));
}

std::string case_name(const testing::TestParamInfo<fs::path>& param) {
    std::string name = param.param.stem().string();
    std::replace_if(
        name.begin(), name.end(), [](char c) { return c == '-' || c == '.'; }, '_');
    return name;
}

INSTANTIATE_TEST_SUITE_P(Records, GoldenRecord, testing::ValuesIn(case_files()), case_name);

}  // namespace
}  // namespace newsmill
