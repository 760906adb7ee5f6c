// Interviews, hearings, calls, and texts that only look like them, with what the quotes stage has
// to find in them. tests/golden/transcripts/cases.txt holds one after the other: "=== LANGUAGE
// NAME", then paragraphs, in which "[[SPEAKER|words]]" marks a statement (no speaker: unknown).
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "stages/quotes.hpp"

namespace newsmill {
namespace {

struct Spoken {
    std::string speaker;
    std::string words;
    std::size_t start = 0;
    bool operator==(const Spoken&) const = default;
};

struct Document {
    std::string language;
    std::string name;
    std::string body;
    std::vector<Spoken> spoken;
};

std::string unmarked(const std::string& text, std::vector<Spoken>& spoken) {
    std::string body;
    std::size_t at = 0;
    while (at < text.size()) {
        const std::size_t open = text.find("[[", at);
        if (open == std::string::npos) break;
        const std::size_t bar = text.find('|', open);
        const std::size_t close = text.find("]]", bar);
        body += text.substr(at, open - at);
        const std::string words = text.substr(bar + 1, close - bar - 1);
        spoken.push_back({text.substr(open + 2, bar - open - 2), words, body.size()});
        body += words;
        at = close + 2;
    }
    body += text.substr(at);
    while (body.ends_with('\n')) body.pop_back();
    return body;
}

std::vector<Document> read_documents() {
    std::ifstream in(std::string(NEWSMILL_SOURCE_DIR) + "/tests/golden/transcripts/cases.txt",
                     std::ios::binary);
    const std::string all{std::istreambuf_iterator<char>(in), {}};
    std::vector<Document> documents;
    std::size_t at = all.find("=== ");
    while (at != std::string::npos) {
        const std::size_t line_end = all.find('\n', at);
        const std::size_t next = all.find("\n=== ", line_end);
        Document document;
        document.language = all.substr(at + 4, 2);
        document.name = all.substr(at + 7, line_end - at - 7);
        document.body = unmarked(
            all.substr(line_end + 1, next == std::string::npos ? next : next - line_end - 1),
            document.spoken);
        documents.push_back(document);
        at = next == std::string::npos ? next : next + 1;
    }
    return documents;
}

std::vector<Spoken> found_in(const Document& document, Stage& stage) {
    Batch batch{BatchLimits{}};
    Article& article = batch.add("");
    article.language = document.language;
    article.body = document.body;
    stage.process(batch);
    std::vector<Spoken> found;
    for (const Quote& quote : article.quotes) {
        if (quote.type != QuoteType::kTranscript) continue;
        found.push_back({std::string(quote.speaker),
                         document.body.substr(quote.span.start, quote.span.end - quote.span.start),
                         quote.span.start});
    }
    return found;
}

TEST(Golden, Transcripts) {
    QuotesStage stage{QuotesOptions{}};
    const std::vector<Document> documents = read_documents();
    ASSERT_GE(documents.size(), 40u);
    std::size_t right = 0;
    for (const Document& document : documents) {
        const std::vector<Spoken> found = found_in(document, stage);
        if (found == document.spoken) {
            ++right;
            continue;
        }
        std::string report = document.name + ":\n";
        for (const Spoken& spoken : document.spoken) {
            report += "  expected " + spoken.speaker + " | " + spoken.words + "\n";
        }
        for (const Spoken& spoken : found) {
            report += "  found    " + spoken.speaker + " | " + spoken.words + "\n";
        }
        std::printf("%s", report.c_str());
    }
    EXPECT_GE(static_cast<double>(right), 0.97 * static_cast<double>(documents.size()))
        << right << " of " << documents.size();
}

}  // namespace
}  // namespace newsmill
