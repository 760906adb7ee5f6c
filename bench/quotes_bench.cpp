// What the quotes stage costs a byte: on prose, on articles of a file, and on texts that are made
// to be slow (quotation marks, colons, cues and unclosed marks without end), which must stay within
// a small factor of prose.
//
//     quotes_bench [--articles=FILE] [benchmark flags]
//
// FILE: one article a line, in any format that the program reads. Before it measures, it checks
// what the stage finds in a known text.
#include <benchmark/benchmark.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "stages/normalize.hpp"
#include "stages/parse.hpp"
#include "stages/quotes.hpp"

namespace newsmill {
namespace {

constexpr std::size_t kTextBytes = 1 << 20;
constexpr std::size_t kBatchArticles = 64;

constexpr std::string_view kProse =
    "The city council voted on Monday to repair the old bridge over the river, which has been "
    "closed to trucks since a storm tore at its piers two years ago.\n\n\"The bridge is not "
    "safe,\" "
    "Maria Lopez, the city engineer, said. \"We must act before winter.\"\n\nMayor Tom Reed said "
    "that money was short, but that he would look for it. Critics called the plan \"a gamble\" and "
    "asked for a vote in the spring. The work is expected to take eleven months and to cost nine "
    "million, a third of it paid by the region. Trains are not affected.\n\n";

// A bench that measures a wrong answer measures nothing.
void check_answers() {
    QuotesStage stage{QuotesOptions{}};
    Batch batch{BatchLimits{}};
    Article& article = batch.add("");
    article.body = kProse;
    article.language = "en";
    stage.process(batch);
    const bool right = article.quotes.size() >= 4 && article.quotes[0].speaker == "Maria Lopez" &&
                       article.quotes[1].statement == article.quotes[0].statement &&
                       article.quotes[2].speaker == "Tom Reed" &&
                       article.quotes[2].type == QuoteType::kIndirect;
    if (right) return;
    std::fprintf(stderr, "quotes_bench: the known text has other quotes than it should have\n");
    std::exit(1);
}

std::string repeated(std::string_view piece) {
    std::string text;
    while (text.size() < kTextBytes) text += piece;
    return text;
}

void run(benchmark::State& state, const std::vector<std::string>& bodies) {
    QuotesStage stage{QuotesOptions{}};
    Batch batch{BatchLimits{}};
    std::size_t bytes = 0;
    for (const std::string& body : bodies) bytes += body.size();
    std::size_t quotes = 0;
    for (auto _ : state) {
        quotes = 0;
        for (std::size_t i = 0; i < bodies.size();) {
            batch.reset();
            for (std::size_t n = 0; n < kBatchArticles && i < bodies.size(); ++n, ++i) {
                Article& article = batch.add("");
                article.body = bodies[i];
                article.language = "en";
            }
            stage.process(batch);
            for (const Article& article : batch.articles) quotes += article.quotes.size();
        }
    }
    state.SetBytesProcessed(static_cast<std::int64_t>(bytes) * state.iterations());
    state.counters["articles"] = static_cast<double>(bodies.size());
    state.counters["quotes"] = static_cast<double>(quotes);
}

// The bodies as the stage sees them in the mill: parsed and normalized.
std::vector<std::string> read_articles(const char* path) {
    std::ifstream in(path, std::ios::binary);
    std::vector<std::string> bodies;
    ParseStage parse;
    NormalizeStage normalize{NormalizeOptions{}};
    Batch batch{BatchLimits{}};
    std::size_t bytes = 0;
    for (std::string line; bytes < (std::size_t{64} << 20) && std::getline(in, line);) {
        batch.reset();
        Article& article = batch.add(line);
        parse.process(batch);
        normalize.process(batch);
        if (!article.ok() || article.language != "en") continue;
        bytes += article.body.size();
        bodies.emplace_back(article.body);
    }
    if (bodies.empty()) {
        std::fprintf(stderr, "quotes_bench: no articles in %s\n", path);
        std::exit(1);
    }
    return bodies;
}

const std::vector<std::pair<const char*, const char*>> kHostile = {
    {"marks", "\""},
    {"open_marks", "“"},
    {"pairs", "“Yes” "},
    {"pairs_with_comma", "“Yes,” "},
    {"pairs_and", "“a” and "},
    {"unclosed", "“a b c\n\n"},
    {"apostrophes", "’s "},
    {"colons", ":"},
    {"questions", "Q: a b\n\n"},
    {"speakers", "SMITH: yes we do\n\n"},
    {"dashes", "— a b?\n\n"},
    {"said", "Smith said "},
    {"to_say", "to say "},
    {"adding", ", adding that "},
    {"according", "according to "},
    {"names", "Ana Bell, "},
    {"empty_lines", "a\n\n"},
};

}  // namespace
}  // namespace newsmill

int main(int argc, char** argv) {
    using namespace newsmill;
    check_answers();
    std::vector<std::string> articles;
    int kept = 1;
    for (int i = 1; i < argc; ++i) {
        if (std::strncmp(argv[i], "--articles=", 11) == 0) {
            articles = read_articles(argv[i] + 11);
        } else {
            argv[kept++] = argv[i];
        }
    }
    argc = kept;
    const std::vector<std::string> prose = {repeated(kProse)};
    benchmark::RegisterBenchmark("prose", [&](benchmark::State& state) { run(state, prose); });
    if (!articles.empty()) {
        benchmark::RegisterBenchmark("articles",
                                     [&](benchmark::State& state) { run(state, articles); });
    }
    for (const auto& [name, piece] : kHostile) {
        const std::vector<std::string> text = {repeated(piece)};
        benchmark::RegisterBenchmark((std::string("hostile/") + name).c_str(),
                                     [text](benchmark::State& state) { run(state, text); });
    }
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
    benchmark::RunSpecifiedBenchmarks();
    return 0;
}
