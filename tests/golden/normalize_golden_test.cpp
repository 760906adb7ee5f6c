// Golden cases of the normalizer: every file of tests/golden/normalize/ is one article. "input" has
// the raw fields by the names of Fields (and "payload"), "expect" the fields to compare: those of
// the article by name, "repairs" as names, "code" for a rejection. A new case is a file.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "stages/normalize.hpp"

namespace newsmill {
namespace {

namespace fs = std::filesystem;
using simdjson::dom::element;

std::vector<std::string> case_names() {
    std::vector<std::string> names;
    const fs::path folder = fs::path(NEWSMILL_SOURCE_DIR) / "tests/golden/normalize";
    for (const auto& entry : fs::directory_iterator(folder)) {
        if (entry.path().extension() == ".json") names.push_back(entry.path().stem().string());
    }
    std::sort(names.begin(), names.end());
    return names;
}

void set_field(Article& article, std::string_view name, element value) {
    if (name == "body_is_html") {
        article.raw.body_is_html = value.get_bool().value();
        return;
    }
    static const std::map<std::string_view, std::string_view Fields::*> kFields = {
        {"id", &Fields::id},
        {"uri", &Fields::uri},
        {"url", &Fields::url},
        {"headline", &Fields::headline},
        {"body", &Fields::body},
        {"by", &Fields::by},
        {"located", &Fields::located},
        {"language", &Fields::language},
        {"source", &Fields::source},
        {"published", &Fields::published},
        {"updated", &Fields::updated},
        {"version", &Fields::version},
        {"pub_status", &Fields::pub_status}};
    const std::string_view text = value.get_string().value();
    if (name == "payload") {
        article.payload = text;
        return;
    }
    const auto field = kFields.find(name);
    ASSERT_NE(field, kFields.end()) << "no input field " << name;
    article.raw.*field->second = text;
}

std::vector<std::string> repair_names(std::uint32_t repairs) {
    static constexpr std::pair<Repair, const char*> kNames[] = {
        {kRepairEntities, "entities"}, {kRepairMojibake, "mojibake"},
        {kRepairControls, "controls"}, {kRepairInvisible, "invisible"},
        {kRepairNfc, "nfc"},           {kRepairMarkup, "markup"},
        {kRepairHeadline, "headline"}, {kRepairBoilerplate, "boilerplate"},
        {kRepairSpace, "space"},       {kRepairUtf8, "utf8"}};
    std::vector<std::string> names;
    for (const auto& [bit, name] : kNames) {
        if ((repairs & bit) != 0) names.emplace_back(name);
    }
    return names;
}

void compare(const Article& article, std::string_view name, element value) {
    SCOPED_TRACE(std::string(name));
    static const std::map<std::string_view, std::string_view Article::*> kTexts = {
        {"uri", &Article::uri},
        {"headline", &Article::headline},
        {"body", &Article::body},
        {"by", &Article::by},
        {"located", &Article::located},
        {"language", &Article::language},
        {"language_declared", &Article::language_declared},
        {"published_raw", &Article::published_raw}};
    static const std::map<std::string_view, std::int64_t Article::*> kTimes = {
        {"first_created_ms", &Article::first_created_ms},
        {"version_created_ms", &Article::version_created_ms}};
    if (const auto text = kTexts.find(name); text != kTexts.end()) {
        EXPECT_EQ(article.*text->second, value.get_string().value());
    } else if (const auto time = kTimes.find(name); time != kTimes.end()) {
        const std::int64_t expected = value.is_null() ? kNoTime : value.get_int64().value();
        EXPECT_EQ(article.*time->second, expected);
    } else if (name == "code") {
        EXPECT_EQ(code_name(article.verdict.code), value.get_string().value());
    } else if (name == "version") {
        EXPECT_EQ(article.version, value.get_uint64().value());
    } else if (name == "canceled") {
        EXPECT_EQ(article.canceled, value.get_bool().value());
    } else if (name == "body_is_ascii") {
        EXPECT_EQ(article.body_is_ascii, value.get_bool().value());
    } else if (name == "body_is_view") {
        const bool view = article.body.data() >= article.raw.body.data() &&
                          article.body.data() < article.raw.body.data() + article.raw.body.size();
        EXPECT_EQ(view, value.get_bool().value());
    } else if (name == "language_confidence_min") {
        EXPECT_GE(article.language_confidence, value.get_int64().value());
    } else if (name == "language_confidence_max") {
        EXPECT_LE(article.language_confidence, value.get_int64().value());
    } else if (name == "repairs") {
        std::vector<std::string> expected;
        simdjson::dom::array list;
        ASSERT_EQ(value.get(list), simdjson::SUCCESS);
        for (const element one : list) expected.emplace_back(one.get_string().value());
        EXPECT_THAT(repair_names(article.repairs), testing::UnorderedElementsAreArray(expected));
    } else {
        ADD_FAILURE() << "nothing to compare";
    }
}

class NormalizeGolden : public testing::TestWithParam<std::string> {};

TEST_P(NormalizeGolden, Case) {
    const fs::path path =
        fs::path(NEWSMILL_SOURCE_DIR) / "tests/golden/normalize" / (GetParam() + ".json");
    simdjson::dom::parser parser;
    element document;
    ASSERT_EQ(parser.load(path.string()).get(document), simdjson::SUCCESS);

    Batch batch({});
    Article& article = batch.add("{}");
    simdjson::dom::object input, expect;
    ASSERT_EQ(document["input"].get(input), simdjson::SUCCESS);
    ASSERT_EQ(document["expect"].get(expect), simdjson::SUCCESS);
    for (const auto field : input) set_field(article, field.key, field.value);
    NormalizeStage stage;
    stage.process(batch);
    for (const auto field : expect) compare(article, field.key, field.value);
    if (expect["code"].error() != simdjson::SUCCESS) {
        EXPECT_TRUE(article.ok());
    }
}

INSTANTIATE_TEST_SUITE_P(Files, NormalizeGolden, testing::ValuesIn(case_names()),
                         [](const auto& param) {
                             std::string name = param.param;
                             std::replace(name.begin(), name.end(), '-', '_');
                             return name;
                         });

}  // namespace
}  // namespace newsmill
