// The line of settings in the journal, and who is trusted.
#include "stages/dedup/settings.hpp"

#include <gtest/gtest.h>

#include "pipeline/config.hpp"
#include "stages/dedup/trust.hpp"

namespace newsmill::dedup {
namespace {

TEST(DedupSettings, are_read_as_they_are_written) {
    Settings settings;
    settings.capacity = 12;
    settings.window_ms = 34;
    settings.match.facts_min = 56;
    settings.match.check_facts = false;
    settings.trust = {"wire.example", "associated press", "süd, ost = 100%"};
    const std::string text = settings_text(settings);
    Settings read;
    ASSERT_TRUE(parse_settings(text, read)) << text;
    EXPECT_EQ(settings_text(read), text);
    EXPECT_EQ(read.capacity, 12u);
    EXPECT_EQ(read.trust[2], "süd, ost = 100%");
}

TEST(DedupSettings, anything_else_is_refused) {
    const std::string good = settings_text({});
    Settings settings;
    ASSERT_TRUE(parse_settings(good, settings));
    for (std::size_t cut = 0; cut < good.size(); ++cut) {
        EXPECT_FALSE(parse_settings(good.substr(0, cut), settings)) << cut;
    }
    for (const char* wrong :
         {"format=1", "format=3", "capacity=0", "capacity=99999999999", "capacity=+1",
          "capacity=01", "window_ms=-1", "trust=a%2", "trust=a%2g", "zz=1"}) {
        std::string text = good;
        const std::string key = std::string(wrong, std::string(wrong).find('=') + 1);
        const std::size_t at = text.find(key);
        if (at == std::string::npos) {
            text += std::string(" ") + wrong;
        } else {
            text.replace(at, std::min(text.find(' ', at), text.size()) - at, wrong);
        }
        EXPECT_FALSE(parse_settings(text, settings)) << text;
    }
}

TEST(DedupSettings, the_defaults_of_the_config_are_those_of_the_stage) {
    const Config config;
    const MatchOptions match;
    EXPECT_EQ(config.dedup.near.containment_min, match.containment_min);
    EXPECT_EQ(config.dedup.near.few_containment_min, match.few_containment_min);
    EXPECT_EQ(config.dedup.near.uneven_containment_min, match.uneven_containment_min);
    EXPECT_EQ(config.dedup.near.figures_min, match.figures_min);
    EXPECT_EQ(config.dedup.near.facts_min, match.facts_min);
}

TEST(DedupTrust, by_name_and_by_domain) {
    Trust trust;
    ASSERT_TRUE(trust.set({"The Wire", "paper.example", "www.Daily.example"}));
    const auto rank = [&](std::string_view source, std::string_view uri = "urn:x") {
        return trust.rank(trust.source_of(source, uri));
    };
    EXPECT_EQ(rank(" the wire "), 0u);
    EXPECT_EQ(rank("PAPER.example"), 1u);
    EXPECT_EQ(rank("https://www.paper.example/feed"), 1u);
    EXPECT_EQ(rank("", "https://news.paper.example:443/a?b=c.daily.example"), 1u);
    EXPECT_EQ(rank("", "http://daily.example"), 2u);
    EXPECT_EQ(rank("Blog", "https://notpaper.example/"), UINT32_MAX);
    EXPECT_EQ(rank(""), UINT32_MAX);
    // The better of two.
    EXPECT_EQ(rank("The Wire", "https://paper.example/1"), 0u);
    // A source keeps its number when the list changes.
    const SourceNumber wire = trust.source_of("the wire", "");
    ASSERT_TRUE(trust.set({"daily.example", "the wire"}));
    EXPECT_EQ(trust.rank(wire), 1u);
    EXPECT_EQ(rank("paper.example"), UINT32_MAX);
}

}  // namespace
}  // namespace newsmill::dedup
