// Golden decisions: each NAME.json of tests/golden/dedup is a sequence of articles, which go
// through the stages one by one; NAME.expected has a line for each, enrichment.dedup of its record,
// and below it an indented line for each notice. A new case is a file; NEWSMILL_UPDATE_GOLDEN=1
// writes what is expected of it, for you to read.
//
// An article has the text of a file of texts/, or of several one after the other; `paragraphs` are
// those to keep, `replace` what to write in it instead. `offset` is its number unless given, and
// its other members are those of the input.
#include <gtest/gtest.h>
#include <simdjson.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <vector>

#include "pipeline/journal_record.hpp"
#include "pipeline/json_quote.hpp"
#include "stages/dedup.hpp"
#include "stages/fingerprint.hpp"
#include "stages/normalize.hpp"
#include "stages/parse.hpp"
#include "stages/route.hpp"

namespace newsmill {
namespace {

namespace fs = std::filesystem;
using simdjson::dom::element;

const fs::path kFolder = fs::path(NEWSMILL_SOURCE_DIR) / "tests/golden/dedup";

std::string read_file(const fs::path& path) {
    std::ifstream in(path);
    EXPECT_TRUE(in.good()) << path;
    std::stringstream text;
    text << in.rdbuf();
    return text.str();
}

std::vector<fs::path> case_files() {
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(kFolder)) {
        if (entry.path().extension() == ".json") files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
    return files;
}

std::int64_t number(element from, std::string_view member, std::int64_t otherwise) {
    std::int64_t value = 0;
    return from[member].get(value) == simdjson::SUCCESS ? value : otherwise;
}

std::vector<std::string> list(element from, std::string_view member) {
    std::vector<std::string> values;
    simdjson::dom::array array;
    if (from[member].get(array) != simdjson::SUCCESS) return values;
    for (const element one : array) values.emplace_back(one.get_string().value());
    return values;
}

std::vector<std::string> paragraphs_of(const std::string& text) {
    std::vector<std::string> paragraphs(1);
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) {
        if (line.empty()) {
            paragraphs.emplace_back();
        } else {
            paragraphs.back() += line;
        }
    }
    return paragraphs;
}

std::string text_of(element article) {
    std::string_view one;
    std::vector<std::string> names = list(article, "text");
    if (article["text"].get(one) == simdjson::SUCCESS) names.emplace_back(one);
    std::vector<std::string> all;
    for (const std::string& name : names) {
        for (std::string& part : paragraphs_of(read_file(kFolder / "texts" / (name + ".txt"))))
            all.push_back(std::move(part));
    }
    simdjson::dom::array keep;
    if (article["paragraphs"].get(keep) == simdjson::SUCCESS) {
        std::vector<std::string> kept;
        for (const element index : keep) kept.push_back(all.at(index.get_uint64().value()));
        all = kept;
    }
    std::string text;
    for (const std::string& part : all) text += (text.empty() ? "" : "\n\n") + part;
    simdjson::dom::object replace;
    if (article["replace"].get(replace) != simdjson::SUCCESS) return text;
    for (const auto& [from, to] : replace) {
        EXPECT_NE(text.find(from), std::string::npos) << from;
        const std::string_view word = to.get_string().value();
        for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos;) {
            text.replace(at, from.size(), word);
            at += word.size();
        }
    }
    return text;
}

// As a feed would send it.
std::string input_of(element article) {
    std::string json = "{\"text\": " + json_quoted(text_of(article));
    for (const char* member : {"uri", "source", "version", "updated", "pubStatus"}) {
        std::string_view value;
        if (article[member].get(value) != simdjson::SUCCESS) continue;
        json += std::string(", \"") + member + "\": " + json_quoted(std::string(value));
    }
    return json + "}";
}

DedupOptions options_of(element root) {
    DedupOptions options;
    options.window_ms = number(root, "window_ms", options.window_ms);
    options.clock_jump_ms_max = number(root, "clock_jump_ms_max", options.clock_jump_ms_max);
    options.notices_max = static_cast<std::size_t>(number(root, "notices_max", 1000));
    options.trust = list(root, "trust");
    return options;
}

std::string minified(std::string_view json, const char* pointer) {
    simdjson::dom::parser parser;
    const simdjson::padded_string text(json);
    element root;
    EXPECT_EQ(parser.parse(text).get(root), simdjson::SUCCESS) << json;
    element part;
    EXPECT_EQ(root.at_pointer(pointer).get(part), simdjson::SUCCESS) << json;
    return simdjson::minify(part);
}

class Stages {
   public:
    explicit Stages(const DedupOptions& options)
        : dedup_(options), encode_(encode_options()), route_(route_options()) {}

    std::string run(const std::string& input, const Origin& origin) {
        Batch batch({.articles_max = 1});
        Article& article = batch.add(input);
        article.origin = origin;
        parse_.process(batch);
        normalize_.process(batch);
        fingerprint_.process(batch);
        EXPECT_TRUE(article.ok()) << article.verdict.message;
        const JournalEntry entry = journal_entry(article);
        dedup_.apply({&entry, 1});
        dedup_.process(batch);
        encode_.process(batch);
        route_.process(batch);
        std::string lines = minified(article.record, "/enrichment/dedup") + "\n";
        for (const Output& notice : article.notices)
            lines += "    " + minified(notice.value, "") + "\n";
        return lines;
    }

   private:
    static EncodeOptions encode_options() { return {.config_hash = "c1", .build = "test"}; }
    static RouteOptions route_options() {
        RouteOptions options;
        options.encode = encode_options();
        return options;
    }
    ParseStage parse_{ParseOptions{}};
    NormalizeStage normalize_;
    FingerprintStage fingerprint_;
    DedupStage dedup_;
    EncodeStage encode_;
    RouteStage route_;
};

class GoldenDedup : public testing::TestWithParam<fs::path> {};

TEST_P(GoldenDedup, IsAsExpected) {
    simdjson::dom::parser parser;
    element root;
    ASSERT_EQ(parser.load(GetParam().string()).get(root), simdjson::SUCCESS);
    Stages stages(options_of(root));
    simdjson::dom::array articles;
    ASSERT_EQ(root["articles"].get(articles), simdjson::SUCCESS);
    std::string lines;
    std::int64_t count = 0;
    for (const element article : articles) {
        const Origin origin{"raw", 0, number(article, "offset", count),
                            number(article, "at_ms", 1'700'000'000'000)};
        lines += stages.run(input_of(article), origin);
        ++count;
    }
    fs::path expected = GetParam();
    expected.replace_extension(".expected");
    if (std::getenv("NEWSMILL_UPDATE_GOLDEN") != nullptr) std::ofstream(expected) << lines;
    EXPECT_EQ(lines, read_file(expected));
}

std::string case_name(const testing::TestParamInfo<fs::path>& param) {
    std::string name = param.param.stem().string();
    std::replace(name.begin(), name.end(), '-', '_');
    return name;
}

INSTANTIATE_TEST_SUITE_P(Dedup, GoldenDedup, testing::ValuesIn(case_files()), case_name);

}  // namespace
}  // namespace newsmill
