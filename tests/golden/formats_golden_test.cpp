// Golden cases of the formats: every file of tests/golden/formats/ is read as `newsmill enrich`
// reads it (split, parsed, normalized), and what comes out is compared with NAME.expect.json: a
// list, one object an article, of its code and message, or of its fields. A new case is a file;
// with NEWSMILL_GOLDEN_UPDATE=1 in the environment the expectations are written, to be looked at.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "pipeline/archive/file_reader.hpp"
#include "pipeline/json_quote.hpp"
#include "stages/formats/json_writer.hpp"
#include "stages/normalize.hpp"
#include "stages/parse.hpp"

namespace newsmill {
namespace {

namespace fs = std::filesystem;

const fs::path& folder() {
    static const fs::path kFolder = fs::path(NEWSMILL_SOURCE_DIR) / "tests/golden/formats";
    return kFolder;
}

std::vector<std::string> case_names() {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder())) {
        const std::string name = entry.path().filename().native();
        if (!name.ends_with(".expect.json")) names.push_back(name);
    }
    std::sort(names.begin(), names.end());
    return names;
}

std::string time_text(std::int64_t unix_ms) {
    char buffer[kTimestampBytesMax];
    return std::string(format_timestamp(unix_ms, buffer));
}

// Members in a fixed order, one a line; empty ones are left out.
std::string describe(const Article& article) {
    std::string out;
    const auto member = [&](const char* name, std::string_view value) {
        if (value.empty()) return;
        out += std::string(out.empty() ? "" : ",") + "\n    \"" + name +
               "\": " + json_quoted(std::string(value));
    };
    if (!article.ok()) {
        member("code", code_name(article.verdict.code));
        member("message", article.verdict.message);
        return "  {" + out + "\n  }";
    }
    const bool hashed = article.uri.starts_with("urn:newsmill:sha256:");
    member("uri", hashed ? "urn:newsmill:sha256:" : article.uri);
    member("headline", article.headline);
    member("body", article.body);
    member("by", article.by);
    member("located", article.located);
    member("language", article.language_declared);
    member("published", time_text(article.first_created_ms));
    member("updated", time_text(article.version_created_ms));
    member("embargoed", article.raw.embargoed);
    member("version", article.version == 0 ? "" : std::to_string(article.version));
    member("pub_status", article.raw.pub_status);
    member("canceled", article.canceled ? "true" : "");
    member("urgency", article.raw.urgency);
    member("slugline", article.raw.slugline);
    member("source", article.raw.source);
    member("ednote", article.raw.ednote);
    member("copyright", article.raw.copyright);
    member("copyright_notice", article.raw.copyright_notice);
    member("usage_terms", article.raw.usage_terms);
    return "  {" + out + "\n  }";
}

std::string read_case(const std::string& name) {
    FileReader reader({(folder() / name).native()});
    FileRecord record;
    std::string out = "[";
    std::int64_t number = 0;
    while (reader.next(record)) {
        EXPECT_EQ(record.number, ++number);
        Batch batch({.articles_max = 1});
        Article& article = batch.add(record.bytes);
        article.payload_is_json = !record.is_text;
        ParseStage().process(batch);
        NormalizeStage().process(batch);
        out += (number > 1 ? ",\n" : "\n") + describe(article);
    }
    for (const FileError& error : reader.errors()) ADD_FAILURE() << error.message;
    return out + "\n]\n";
}

class FormatsGolden : public testing::TestWithParam<std::string> {};

TEST_P(FormatsGolden, IsAsExpected) {
    const std::string actual = read_case(GetParam());
    const fs::path expected = folder() / (GetParam() + ".expect.json");
    if (std::getenv("NEWSMILL_GOLDEN_UPDATE") != nullptr) {
        std::ofstream(expected) << actual;
        return;
    }
    std::ifstream file(expected);
    ASSERT_TRUE(file) << "no " << expected;
    std::stringstream text;
    text << file.rdbuf();
    EXPECT_EQ(actual, text.str());
}

std::string test_name(const testing::TestParamInfo<std::string>& tested) {
    std::string name = tested.param;
    std::replace_if(
        name.begin(), name.end(),
        [](char c) { return std::isalnum(static_cast<unsigned char>(c)) == 0; }, '_');
    return name;
}

INSTANTIATE_TEST_SUITE_P(Files, FormatsGolden, testing::ValuesIn(case_names()), test_name);

}  // namespace
}  // namespace newsmill
