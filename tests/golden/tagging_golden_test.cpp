// Golden cases of the quotes and topics stages: each FILE.txt in tests/golden/quotes and
// tests/golden/topics is an article (its language, its headline, then paragraphs, each after an
// empty line), and FILE.golden what the stage makes of it. A new case is a file; run with
// NEWSMILL_UPDATE_GOLDEN=1 to write what is missing or changed, then read the difference.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "stages/quotes.hpp"
#include "stages/topics.hpp"

namespace newsmill {
namespace {

namespace fs = std::filesystem;

std::string read_file(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

struct Case {
    std::string language;
    std::string headline;
    std::string body;
};

Case read_case(const fs::path& path) {
    Case result;
    std::string text = read_file(path);
    while (text.ends_with('\n')) text.pop_back();
    const auto first = text.find("\n\n");
    const auto second = text.find("\n\n", first + 2);
    result.language = text.substr(0, first);
    result.headline = text.substr(first + 2, second - first - 2);
    result.body = text.substr(second + 2);
    return result;
}

std::string slice(const Case& article, Span span) {
    return article.body.substr(span.start, span.end - span.start);
}

std::string describe_quotes(const Case& text, const Article& article) {
    std::string out;
    for (const Quote& quote : article.quotes) {
        out += std::to_string(quote.statement) + " " + std::string(quote_type_name(quote.type)) +
               " " + std::to_string(quote.confidence) + "\n  span: " + slice(text, quote.span) +
               "\n";
        for (const Span& span : quote.quoted) out += "  quoted: " + slice(text, span) + "\n";
        out += "  speaker: " + std::string(quote.speaker) + " (" +
               std::string(resolved_name(quote.resolved)) + ")\n";
        if (!quote.role.empty()) out += "  role: " + std::string(quote.role) + "\n";
        if (quote.mention.end != 0) out += "  mention: " + slice(text, quote.mention) + "\n";
        if (quote.cue.end != 0) out += "  cue: " + slice(text, quote.cue) + "\n";
    }
    return out;
}

std::string describe_topics(const Case&, const Article& article) {
    std::string out;
    for (const Topic& topic : article.topics) {
        out += std::string(topic.code) + " " + std::string(topic.name) + " confidence " +
               std::to_string(topic.confidence) + " relevance " + std::to_string(topic.relevance) +
               "\n";
    }
    return out;
}

template <typename Describe>
void run_cases(const char* folder, Stage& stage, Describe describe) {
    const fs::path directory = fs::path(NEWSMILL_SOURCE_DIR) / "tests" / "golden" / folder;
    const bool update = std::getenv("NEWSMILL_UPDATE_GOLDEN") != nullptr;
    int cases = 0;
    for (const auto& entry : fs::directory_iterator(directory)) {
        if (entry.path().extension() != ".txt") continue;
        const Case text = read_case(entry.path());
        Batch batch{BatchLimits{}};
        Article& article = batch.add("");
        article.language = text.language;
        article.headline = text.headline;
        article.body = text.body;
        stage.process(batch);
        const std::string found = describe(text, article);
        fs::path golden = entry.path();
        golden.replace_extension(".golden");
        if (update) std::ofstream(golden, std::ios::binary) << found;
        EXPECT_EQ(found, read_file(golden)) << entry.path();
        ++cases;
    }
    EXPECT_GT(cases, 0);
}

TEST(Golden, Quotes) {
    QuotesStage stage{QuotesOptions{}};
    run_cases("quotes", stage, describe_quotes);
}

TEST(Golden, Topics) {
    TopicsStage stage{TopicsOptions{}};
    run_cases("topics", stage, describe_topics);
}

}  // namespace
}  // namespace newsmill
