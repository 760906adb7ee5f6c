// The defaults of the configuration are the stages' own: a stage that is built without a
// configuration, in a test or a benchmark, does what the daemon does.
#include <gtest/gtest.h>

#include "pipeline/config.hpp"
#include "stages/dedup.hpp"
#include "stages/normalize.hpp"
#include "stages/parse.hpp"
#include "stages/quotes.hpp"
#include "stages/topics.hpp"

namespace newsmill {
namespace {

TEST(ConfigDefaults, AreTheStagesOwn) {
    const Config config;
    const ParseOptions parse;
    EXPECT_EQ(static_cast<std::size_t>(config.input.article_bytes_max), parse.article_bytes_max);
    EXPECT_EQ(config.input.passthrough, parse.passthrough);

    const NormalizeOptions normalize;
    EXPECT_EQ(config.normalize.drop_boilerplate, normalize.drop_boilerplate);
    EXPECT_EQ(config.normalize.drop_repeated_headline, normalize.drop_repeated_headline);
    EXPECT_EQ(config.normalize.detect_language, normalize.detect_language);
    EXPECT_EQ(static_cast<std::size_t>(config.normalize.language_bytes_max),
              normalize.language_bytes_max);
    EXPECT_EQ(static_cast<std::size_t>(config.normalize.headline_chars_max),
              normalize.headline_chars_max);
    EXPECT_EQ(static_cast<std::size_t>(config.normalize.uri_bytes_max), normalize.uri_bytes_max);
    EXPECT_EQ(config.normalize.tracking_parameters, normalize.tracking_parameters);

    const DedupOptions dedup;
    EXPECT_EQ(config.dedup.window_ms, dedup.window_ms);
    EXPECT_EQ(static_cast<std::size_t>(config.dedup.capacity), dedup.capacity);
    EXPECT_EQ(config.dedup.clock_jump_ms_max, dedup.clock_jump_ms_max);

    const QuotesOptions quotes;
    EXPECT_EQ(config.quotes.confidence_min, quotes.confidence_min);
    EXPECT_EQ(config.quotes.transcripts, quotes.transcripts);

    const TopicsOptions topics;
    EXPECT_EQ(config.topics.topics_max, topics.topics_max);
    EXPECT_EQ(config.topics.confidence_min, topics.confidence_min);
    EXPECT_EQ(config.topics.relevance_min, topics.relevance_min);
}

// Each field that can be mapped is one that the parser knows.
TEST(ConfigDefaults, TheParserKnowsEachField) {
    const std::string fields =
        "id uri url headline body by located language source published updated version pub_status "
        "urgency ednote slugline copyright ";
    std::string text = "[input.fields]\n";
    for (std::size_t at = 0; at < fields.size(); at = fields.find(' ', at) + 1) {
        text += fields.substr(at, fields.find(' ', at) - at) + " = [\"/a/b\"]\n";
    }
    const LoadedConfig loaded = parse_config(text, "c.toml");
    for (const ConfigIssue& issue : loaded.errors) ADD_FAILURE() << to_string(issue);
    ParseOptions options;
    for (const auto& [name, pointers] : field_pointers(loaded.config)) {
        options.fields[name] = pointers;
    }
    EXPECT_EQ(options.fields.size(), 17u);
    EXPECT_NO_THROW(ParseStage{options});
}

}  // namespace
}  // namespace newsmill
