// Properties that must hold for the sample articles of the demo, whatever the stages find.
#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include "stages/parse.hpp"
#include "stages/quotes.hpp"
#include "stages/topics.hpp"

namespace newsmill {
namespace {

std::vector<std::string> samples() {
    std::ifstream in(NEWSMILL_SOURCE_DIR "/daemon/samples/articles.ndjson");
    std::vector<std::string> lines;
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    return lines;
}

bool is_border(std::string_view text, std::uint32_t at) {
    return at == text.size() || (static_cast<unsigned char>(text[at]) & 0xC0) != 0x80;
}

void check_span(std::string_view body, Span span) {
    ASSERT_LE(span.start, span.end);
    ASSERT_LE(span.end, body.size());
    EXPECT_TRUE(is_border(body, span.start));
    EXPECT_TRUE(is_border(body, span.end));
}

void check_article(const Article& article) {
    const std::string_view body = article.body;
    std::uint32_t last_end = 0;
    for (const Quote& quote : article.quotes) {
        check_span(body, quote.span);
        check_span(body, quote.mention);
        check_span(body, quote.cue);
        EXPECT_GE(quote.span.start, last_end);
        last_end = quote.span.end;
        for (const Span& span : quote.quoted) {
            check_span(body, span);
            EXPECT_GE(span.start, quote.span.start);
            EXPECT_LE(span.end, quote.span.end);
        }
        EXPECT_EQ(quote.quoted.empty(),
                  quote.type == QuoteType::kTranscript || quote.type == QuoteType::kIndirect);
        EXPECT_LE(quote.confidence, 100);
    }
    for (std::size_t i = 1; i < article.topics.size(); ++i) {
        EXPECT_GE(article.topics[i - 1].relevance, article.topics[i].relevance);
    }
}

TEST(Samples, SpansLieOnBordersInOrder) {
    ParseStage parse;
    QuotesStage quotes{QuotesOptions{}};
    TopicsStage topics{TopicsOptions{}};
    std::size_t with_quotes = 0;
    std::size_t broken = 0;
    for (const std::string& line : samples()) {
        // Every article as it is, and cut off at odd places.
        for (std::size_t cut : {0, 1, 17, 113}) {
            Batch batch{BatchLimits{}};
            Article& article = batch.add(line);
            parse.process(batch);
            broken += cut == 0 && !article.ok();
            if (!article.ok()) continue;
            article.headline = article.raw.headline;
            article.body = article.raw.body.substr(std::min(cut, article.raw.body.size()));
            while (!article.body.empty() && !is_border(article.body, 0)) {
                article.body.remove_prefix(1);
            }
            article.language = "en";
            quotes.process(batch);
            topics.process(batch);
            check_article(article);
            with_quotes += cut == 0 && !article.quotes.empty();
        }
    }
    EXPECT_GE(with_quotes, 20u);
    EXPECT_EQ(broken, 1u);  // the record that is cut off; the empty one is normalize's to refuse
}

}  // namespace
}  // namespace newsmill
