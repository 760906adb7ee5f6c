// The page of `enrich --format html`: what is marked, that nothing of an article gets out of its
// place, that its colours can be read, and that a browser draws it (skipped where there is none).
#include "daemon/html_page.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "daemon/cli.hpp"

namespace newsmill {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const char* const kRecord =
    R"({"uri":"urn:x:1","language":"en","headlines":[{"value":"Bridge & <river>"}],)"
    R"("bodies":[{"value":"“Café <b>safe</b>,” Ana Bell said.\n\nShe left."}],)"
    R"("subjects":[{"name":"transport","literal":"medtop:1","confidence":80}],)"
    R"("enrichment":{"dedup":{"decision":"unique"},"quotes":[{"id":"q:1","type":"direct",)"
    R"("text":"Café <b>safe</b>,","selector":{"field":"bodies/0","start":0,"end":19,)"
    R"("exact":"“Café <b>safe</b>,”"},"speaker":{"name":"Ana Bell","role":"engineer",)"
    R"("mention":{"start":20,"end":28},"resolved":"explicit"},"cue":{"text":"said","start":29,)"
    R"("end":33},"quoted":[{"start":1,"end":18}],"confidence":92}],)"
    R"("topics":[{"literal":"medtop:1","matches":[{"rule":"1","selector":{"field":"bodies/0",)"
    R"("start":40,"end":44,"exact":"left"}}]}]}})";

std::size_t count(const std::string& text, const std::string& part) {
    std::size_t found = 0;
    for (auto at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++found;
    return found;
}

TEST(HtmlPage, MarksStatementsSpeakersCuesAndTopics) {
    HtmlPage page;
    const std::string html = page.article(kRecord);
    EXPECT_THAT(html, HasSubstr("<mark class=\"direct\" id=\"a1q1\">“<span class=\"said\">Café "
                                "&lt;b&gt;safe&lt;/b&gt;,</span>”</mark>"));
    EXPECT_THAT(html, HasSubstr("<a class=\"who\" href=\"#a1r1\">1 Ana Bell</a>"));
    EXPECT_THAT(html, HasSubstr("<span class=\"name\">Ana Bell</span>"));
    EXPECT_THAT(html, HasSubstr("<span class=\"cue\">said</span>."));
    EXPECT_THAT(html, HasSubstr("<p dir=\"auto\">She <span class=\"topic\">left</span>.</p>"));
    EXPECT_THAT(html, HasSubstr("transport 80 %: left"));
    EXPECT_THAT(html, HasSubstr("Ana Bell, engineer"));
    EXPECT_THAT(html, HasSubstr("92 %"));
    EXPECT_THAT(html, HasSubstr("Bridge &amp; &lt;river&gt;"));
}

TEST(HtmlPage, WhatAnArticleSaysStaysText) {
    HtmlPage page;
    const std::string hostile =
        R"({"language":"en\" onload=\"x","headlines":[{"value":"<script>alert(1)</script>"}],)"
        R"("bodies":[{"value":"a<img src=x onerror=y>\n\nb\"'&"}],"by":"\"><i>",)"
        R"("subjects":[{"name":"<u>"}],"enrichment":{"quotes":[{"type":"x\" y=\"","selector":)"
        R"({"start":-5,"end":999,"exact":"<s>"},"speaker":{"name":"</a><b>","mention":)"
        R"({"start":9,"end":2}},"quoted":[{"start":3,"end":700}]}]}})";
    const std::string html = page.article(hostile);
    for (const char* tag : {"<script", "<img", "<i>", "<u>", "<b>", "<s>", "onload=\"x", " y=\""}) {
        EXPECT_THAT(html, Not(HasSubstr(tag)));
    }
    for (const char* tag : {"mark", "span", "p", "a", "article", "table"}) {
        const std::string name(tag);
        EXPECT_EQ(count(html, "<" + name + ">") + count(html, "<" + name + " "),
                  count(html, "</" + name + ">"))
            << tag << "\n"
            << html;
    }
    EXPECT_THAT(page.article("{"), HasSubstr("can't be read"));
    EXPECT_THAT(HtmlPage().foot(), HasSubstr("No articles."));
    EXPECT_THAT(page.foot(), Not(HasSubstr("No articles.")));
}

double luminance(const std::string& colour) {
    const auto channel = [&](std::size_t at) {
        const double c = std::stoi(colour.substr(at, 2), nullptr, 16) / 255.0;
        return c <= 0.04045 ? c / 12.92 : std::pow((c + 0.055) / 1.055, 2.4);
    };
    return 0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5);
}

// WCAG 2's contrast of text: at least 4.5 to 1, on every ground that it may stand on.
TEST(HtmlPage, ColoursCanBeReadInBothSchemes) {
    const std::string css = HtmlPage::head();
    const std::size_t dark = css.find("prefers-color-scheme: dark");
    ASSERT_NE(dark, css.npos);
    for (const std::string& part : {css.substr(0, dark), css.substr(dark)}) {
        std::map<std::string, std::string> colours;
        for (auto at = part.find(": #"); at != part.npos; at = part.find(": #", at + 1)) {
            const std::size_t name = part.rfind("--", at);
            colours.emplace(part.substr(name + 2, at - name - 2), part.substr(at + 2, 7));
        }
        ASSERT_EQ(colours.size(), 12u);
        for (const char* text : {"text", "topic", "name"}) {
            for (const char* ground : {"back", "direct", "mixed", "indirect", "transcript"}) {
                double a = luminance(colours[text]) + 0.05;
                double b = luminance(colours[ground]) + 0.05;
                if (a < b) std::swap(a, b);
                EXPECT_GE(a / b, 4.5) << text << " on " << ground;
            }
        }
        for (const char* text : {"quiet", "link"}) {
            double a = luminance(colours[text]) + 0.05;
            double b = luminance(colours["back"]) + 0.05;
            if (a < b) std::swap(a, b);
            EXPECT_GE(a / b, 4.5) << text;
        }
    }
}

std::string browser() {
    for (const char* name : {"chromium", "chromium-browser", "google-chrome"}) {
        const std::string command = std::string("command -v ") + name + " > /dev/null 2>&1";
        if (std::system(command.c_str()) == 0) return name;
    }
    return "";
}

std::string file_text(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

// Big-endian, as PNG's header has them.
std::uint32_t png_number(const std::string& png, std::size_t at) {
    std::uint32_t number = 0;
    for (std::size_t i = at; i < at + 4; ++i) {
        number = number << 8 | static_cast<unsigned char>(png[i]);
    }
    return number;
}

TEST(HtmlPage, ABrowserDrawsTheSamplesInBothSchemes) {
    const std::string program = browser();
    if (program.empty()) GTEST_SKIP() << "no chromium here";
    const std::string folder = testing::TempDir() + "/newsmill_html_" + std::to_string(getpid());
    ASSERT_EQ(std::system(("mkdir -p " + folder).c_str()), 0);
    const std::string input = std::string(NEWSMILL_SOURCE_DIR) + "/daemon/samples/articles.ndjson";
    const std::array<const char*, 6> words = {"newsmill", "enrich", "--format",
                                              "html",     "-q",     input.c_str()};
    testing::internal::CaptureStdout();
    run_cli(static_cast<int>(words.size()), words.data());
    const std::string html = testing::internal::GetCapturedStdout();
    EXPECT_GE(count(html, "<mark class=\"direct\" id="), 3u);
    std::ofstream(folder + "/page.html", std::ios::binary) << html;
    std::vector<std::string> shots;
    for (const char* scheme : {"1", "0"}) {  // light, dark
        const std::string shot = folder + "/" + scheme + ".png";
        const std::string command =
            "timeout 60 " + program + " --headless --no-sandbox --disable-gpu --hide-scrollbars" +
            " --user-data-dir=" + folder + "/profile --window-size=900,1600" +
            " --blink-settings=preferredColorScheme=" + scheme + " --screenshot=" + shot +
            " file://" + folder + "/page.html > " + folder + "/log 2>&1";
        ASSERT_EQ(std::system(command.c_str()), 0) << file_text(folder + "/log");
        shots.push_back(file_text(shot));
        ASSERT_GE(shots.back().size(), 20'000u) << "an empty page compresses to less";
        EXPECT_EQ(png_number(shots.back(), 16), 900u);
        EXPECT_EQ(png_number(shots.back(), 20), 1600u);
    }
    EXPECT_NE(shots[0], shots[1]);
    std::system(("rm -rf " + folder).c_str()) == 0 ? SUCCEED() : ADD_FAILURE();
}

}  // namespace
}  // namespace newsmill
