// The query language of topic rules, and how packs say what is wrong with them.
#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "stages/topics/matcher.hpp"
#include "stages/topics/pack.hpp"
#include "stages/topics/rules.hpp"
#include "stages/topics/sentences.hpp"
#include "stages/topics/stemmer.hpp"
#include "stages/topics/words.hpp"

namespace newsmill::topics {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

bool fires(const std::string& query, std::string_view title, std::string_view body) {
    const auto rules =
        Rules::compile({read_pack({"q.topics", "topic 11000000\nrule q 50%: " + query + "\n"})});
    Matcher matcher(rules->languages()[0], rules->topics());
    matcher.match(title, body, false);
    // Once more: nothing of a text may stay behind.
    const bool first = !matcher.fired().empty();
    matcher.match("", "", false);
    matcher.match(title, body, true);
    EXPECT_EQ(first, !matcher.fired().empty()) << query;
    return first;
}

std::string error_of(const std::string& text) {
    const Pack pack = read_pack({"x.topics", text});
    return pack.issues.empty() ? "" : to_string(pack.issues[0]);
}

TEST(TopicQuery, FieldsAndRelations) {
    EXPECT_TRUE(fires("(title any \"vote poll\")", "The poll", ""));
    EXPECT_FALSE(fires("(title any \"vote poll\")", "", "The poll"));
    EXPECT_TRUE(fires("(body = \"poll\")", "", "The poll"));
    EXPECT_TRUE(fires("(text_content any \"poll\")", "Poll", ""));
    EXPECT_TRUE(fires("(text_content any \"poll\")", "", "POLL"));
    EXPECT_TRUE(fires("(\"Sitcom\")", "", "a sitcom."));
    EXPECT_TRUE(fires("(body all \"vote poll\")", "", "A poll before the vote."));
    EXPECT_FALSE(fires("(body all \"vote poll\")", "", "A poll."));
    EXPECT_TRUE(fires("(body adj \"opinion poll\")", "", "an opinion poll of"));
    EXPECT_FALSE(fires("(body adj \"opinion poll\")", "", "poll of opinion"));
    EXPECT_FALSE(fires("(body adj \"opinion poll\")", "", "an opinion. Poll"));
    EXPECT_TRUE(fires("(body adj \"anti-trust\")", "", "an anti trust case"));
    EXPECT_TRUE(fires("(body adj \"U.S.television\")", "", "on U.S. television"));
    EXPECT_TRUE(fires("(body adj \"martin luther king's\")", "", "Martin Luther King’s dream"));
    EXPECT_TRUE(fires("(OR (title any \"a\") (BODY ANY \"b\"))", "", "b"));
}

TEST(TopicQuery, Modifiers) {
    EXPECT_FALSE(fires("(body any \"vote\")", "", "votes"));
    EXPECT_TRUE(fires("(body any/stemming \"vote\")", "", "voting"));
    EXPECT_TRUE(fires("(body adj/stemming \"drug gang\")", "", "drugs gangs"));
    EXPECT_TRUE(fires("(title any/literal \"AIDS\")", "AIDS day", ""));
    EXPECT_FALSE(fires("(title any/literal \"AIDS\")", "She aids him", ""));
    EXPECT_TRUE(fires("(body adj/literal \"m.l.s.\")", "", "the m.l.s. final"));
    EXPECT_FALSE(fires("(body adj/literal \"m.l.s.\")", "", "the m l s final"));
    EXPECT_TRUE(fires("(body any/casesensitive \"US\")", "", "the US"));
    EXPECT_FALSE(fires("(body any/casesensitive \"US\")", "", "told us"));
    EXPECT_TRUE(fires("(body adj \"model* agenc*\")", "", "modelling agencies"));
    EXPECT_TRUE(fires("(body any \"organi?ation\")", "", "organization"));
    EXPECT_FALSE(fires("(body any \"molest*\")", "", "mole"));
}

TEST(TopicQuery, RegularExpressions) {
    const std::string query = R"((title adj/regexp "\d+\-?\s+?year\-?\s?old"))";
    EXPECT_TRUE(fires(query, "A 12 year-old wins", ""));
    EXPECT_FALSE(fires(query, "A year-old dog", ""));
    EXPECT_FALSE(fires(query, "", "A 12 year old"));
    EXPECT_TRUE(fires(R"((body adj/regexp "b(lo)+g"))", "", "BLOLOG"));
    EXPECT_TRUE(
        fires("(prox/unit=word/distance<=2 (body adj/regexp \"gr.nd\") (body any \"prix\"))", "",
              "the grand old prix"));
    EXPECT_FALSE(
        fires("(prox/unit=word/distance<=2 (body adj/regexp \"gr.nd\") (body any \"prix\"))", "",
              "grand and very old prix"));
}

TEST(TopicQuery, Booleans) {
    const std::string query =
        "(and (or (title any \"gold\") (body any \"silver\")) (not (body any \"ring\") (title any "
        "\"summary\")))";
    EXPECT_TRUE(fires(query, "Gold", "found"));
    EXPECT_TRUE(fires(query, "", "silver"));
    EXPECT_FALSE(fires(query, "Gold", "ring"));
    EXPECT_FALSE(fires(query, "Gold summary", ""));
    EXPECT_FALSE(fires(query, "", "tin"));
    EXPECT_TRUE(fires("(not (body any \"tin\"))", "", "gold"));
    EXPECT_FALSE(fires("(not (body any \"tin\"))", "", "tin"));
    EXPECT_TRUE(fires("(or (not (body any \"tin\")) (title any \"x\"))", "", ""));
    EXPECT_TRUE(fires("(and (body any \"a\") // why: // (body any \"b\"))", "", "a b"));
    EXPECT_TRUE(fires("((body any \"a\"))", "", "a"));
}

TEST(TopicQuery, Counts) {
    const std::string count = "(or/count>=3 (body any \"ad ads\") (body adj \"online advert\"))";
    EXPECT_TRUE(fires(count, "", "ad, ads and an online advert"));
    EXPECT_TRUE(fires(count, "", "ad ad ad"));
    EXPECT_FALSE(fires(count, "", "ad ads"));
    EXPECT_FALSE(fires("(or/count<2 (body any \"ad\"))", "", "none"));
    EXPECT_TRUE(fires("(or/count<2 (body any \"ad\"))", "", "one ad"));
    const std::string unique =
        "(or/countunique>1 (body any \"fa uefa\") (body adj \"gold cup\") (body any \"fifa\"))";
    EXPECT_FALSE(fires(unique, "", "fa fa uefa uefa"));
    EXPECT_TRUE(fires(unique, "", "fa fifa"));
    EXPECT_TRUE(fires("(or/countunique>=2 (body any \"fa uefa\"))", "", "fa uefa"));
    EXPECT_FALSE(fires("(or/countunique>=2 (body any \"fa uefa\"))", "", "fa fa"));
}

TEST(TopicQuery, NearInWords) {
    const auto near = [](const std::string& distance, std::string_view body) {
        return fires(
            "(prox/unit=word/" + distance + " (body any \"play plays\") (body any \"guitar\"))", "",
            body);
    };
    EXPECT_TRUE(near("distance<2", "guitar plays"));
    EXPECT_FALSE(near("distance<2", "plays the guitar"));
    EXPECT_TRUE(near("distance<=3", "plays a bass guitar"));
    EXPECT_FALSE(near("distance<=3", "plays a red bass guitar"));
    EXPECT_TRUE(near("distance=2", "plays the guitar"));
    EXPECT_FALSE(near("distance=2", "plays guitar"));
    EXPECT_TRUE(near("distance<=2/ordered", "plays guitar"));
    EXPECT_FALSE(near("distance<=2/ordered", "guitar plays"));
    EXPECT_FALSE(fires("(prox/unit=word/distance<=9 (title any \"play\") (body any \"guitar\"))",
                       "play", "guitar"));
    EXPECT_TRUE(
        fires("(prox/ordered (body any \"first\") (body any \"last\"))", "", "first, last"));
    EXPECT_FALSE(
        fires("(prox/ordered (body any \"first\") (body any \"last\"))", "", "last first"));
}

TEST(TopicQuery, FarInWords) {
    const std::string college =
        "(prox/unit=word/distance>0 (title any \"college\") (title adj \"electoral college\"))";
    EXPECT_TRUE(fires(college, "College opens", ""));
    EXPECT_FALSE(fires(college, "Electoral College meets", ""));
    EXPECT_TRUE(fires(college, "College student on the Electoral College", ""));
    EXPECT_TRUE(
        fires("(prox/unit=word/distance>2 (body any \"a\") (body any \"b\"))", "", "a x x b"));
    EXPECT_FALSE(
        fires("(prox/unit=word/distance>2 (body any \"a\") (body any \"b\"))", "", "a x b"));
}

TEST(TopicQuery, NearInSentencesAndParagraphs) {
    const auto near = [](const std::string& unit, std::string_view body) {
        return fires("(prox/" + unit + " (body any \"police\") (body any \"drug\"))", "", body);
    };
    EXPECT_TRUE(near("unit=sentence/distance=1", "Mr. Smith told police of the drug. He left."));
    EXPECT_FALSE(near("unit=sentence/distance=1", "He told police. The drug is gone."));
    EXPECT_TRUE(near("unit=sentence/distance<=2", "He told police. The drug is gone."));
    EXPECT_TRUE(near("unit=sentence/distance>1", "He told police. The drug is gone."));
    EXPECT_FALSE(near("unit=sentence/distance>1", "Police found the drug."));
    EXPECT_FALSE(near("unit=paragraph/distance=1", "Police.\n\nA drug."));
    EXPECT_TRUE(near("unit=paragraph/distance=1", "Police came. A drug was found."));
}

// A rule that has the clause of another waits for its own words.
TEST(TopicQuery, ManyRulesDoNotDisturbEachOther) {
    std::string text = "topic 11000000\n";
    for (int i = 0; i < 300; ++i) {
        const std::string n = std::to_string(i);
        text += "rule r" + n + " 50%: (and (body any \"common\") (body any \"word" + n +
                "\") (not (body adj \"no word" + n + "\")))\n";
    }
    const auto rules = Rules::compile({read_pack({"x", text})});
    Matcher matcher(rules->languages()[0], rules->topics());
    matcher.match("", "common word7 and word250, no word8", false);
    EXPECT_THAT(matcher.fired(), ElementsAre(7u, 250u));
    matcher.match("", "common", false);
    EXPECT_THAT(matcher.fired(), IsEmpty());
}

TEST(TopicPack, SaysWhereItIsWrong) {
    EXPECT_EQ(error_of("9: x\n"), "x.topics:1:1: a topic must stand before its terms and rules");
    EXPECT_THAT(error_of("topic 1 x\n"), HasSubstr("x.topics:1:7: 1 is no code of IPTC"));
    EXPECT_THAT(error_of("topic 11000000 sport\n"), HasSubstr("x.topics:1:16: the name of"));
    EXPECT_THAT(error_of("topic 11000000\n\n9: vote, b, vote\n"),
                HasSubstr("x.topics:3:13: 'vote' stands here twice"));
    EXPECT_THAT(error_of("topic 11000000\n0: vote\n"), HasSubstr("x.topics:2:1: expected"));
    EXPECT_THAT(error_of("topic 11000000\n9: a, *b\n"), HasSubstr("x.topics:2:7: '*b'"));
    EXPECT_THAT(error_of("topic 11000000\n9: a, &\n"), HasSubstr("x.topics:2:7: '&' has no word"));
    EXPECT_THAT(error_of("# nothing\n"), HasSubstr("no topic in it"));
    EXPECT_EQ(error_of("topic 11000000\n9: vote # why\n"), "");
}

TEST(TopicPack, SaysWhereAQueryIsWrong) {
    const auto error = [](const std::string& rule) {
        return error_of("topic 11000000\nrule r 5: " + rule + "\n");
    };
    EXPECT_THAT(error("(titel any \"x\")"), HasSubstr("x.topics:2:12: 'titel' is neither a field"));
    EXPECT_THAT(error("(title some \"x\")"), HasSubstr("x.topics:2:18: 'some' is no relation"));
    EXPECT_THAT(error("(and (title any \"x\")"), HasSubstr("x.topics:2:11: '(' without its ')'"));
    EXPECT_THAT(error("(title any \"x)"), HasSubstr("the quoted text has no end"));
    EXPECT_THAT(error("(title any/steming \"x\")"), HasSubstr("x.topics:2:22: 'steming' is no"));
    EXPECT_THAT(error("(or/count (title any \"x\"))"), HasSubstr("needs a comparison"));
    EXPECT_THAT(error("(prox/unit=word (title any \"x\") (title any \"y\"))"),
                HasSubstr("'prox' needs a distance"));
    EXPECT_THAT(error("(prox/unit=word/distance<2 (not (title any \"x\")) (title any \"y\"))"),
                HasSubstr("a part of 'prox'"));
    EXPECT_THAT(error("(title adj/regexp \"a(b\")"),
                HasSubstr("x.topics:2:30: the regular expression is wrong"));
    EXPECT_THAT(error("(title any \"x\") y"), HasSubstr("text after the end"));
    EXPECT_THAT(error(""), HasSubstr("expected '('"));
    EXPECT_THAT(error("(and\n  (title any \"x\")\n  (boby any \"y\"))"),
                HasSubstr("x.topics:4:4: 'boby'"));
    EXPECT_THAT(error_of("topic 11000000\nrule r 12: (title any \"x\")\n"),
                HasSubstr("x.topics:2:8: a rule's strength"));
    std::string deep;
    for (int i = 0; i < 1000; ++i) deep += "(and ";
    EXPECT_THAT(error(deep), HasSubstr("nested more than 64 deep"));
}

TEST(TopicPack, ReadsRulesInJson) {
    const std::string json =
        "{\"rules\": [\n"
        "  {\"name\": \"Golf\", \"topicId\": \"medtop:20000940\",\n"
        "   \"query\": \"(or (title any \\\"golf\\\") (title adj/regexp \\\"\\\\d+ "
        "holes\\\"))\"},\n"
        "  {\"name\": \"Odd\", \"query\": \"(title any \\\"odd\\\")\", \"topicId\": "
        "\"medtop:2000099\"}\n"
        "]}\n";
    const Pack pack = read_pack({"e.json", json});
    EXPECT_TRUE(pack.ok());
    ASSERT_EQ(pack.rules.size(), 2u);
    EXPECT_EQ(pack.topics[0].name, "golf");
    ASSERT_EQ(pack.issues.size(), 1u);
    EXPECT_THAT(to_string(pack.issues[0]), HasSubstr("e.json:4:63: warning: 'medtop:2000099'"));
    const auto rules = Rules::compile({pack});
    Matcher matcher(rules->languages()[0], rules->topics());
    matcher.match("Now 18 holes", "", false);
    EXPECT_THAT(matcher.fired(), ElementsAre(0u));

    const std::string bad =
        "{\"rules\": [{\"query\": \"(titel any \\\"a\\\")\", \"topicId\": \"medtop:20000940\"}]}";
    const Pack broken = read_pack({"e.json", bad});
    ASSERT_EQ(broken.issues.size(), 1u);
    EXPECT_THAT(to_string(broken.issues[0]), HasSubstr("e.json:1:24: 'titel'"));
    EXPECT_FALSE(read_pack({"e.json", "{\"rules\": ["}).ok());
    EXPECT_FALSE(read_pack({"e.json", "{}"}).ok());
    EXPECT_THROW(Rules::compile({broken}), PackError);
}

TEST(TopicWords, CutsAndFolds) {
    std::vector<std::string> words;
    std::vector<bool> gaps;
    for_each_word("The U.S.' Ärzte, don't (ÄRZTE) king's 1,000 well-known ",
                  [&](std::string_view word, std::size_t, bool gap) {
                      words.push_back(lower_case(word));
                      gaps.push_back(gap);
                  });
    EXPECT_THAT(words, ElementsAre("the", "u", "s", "ärzte", "don", "t", "ärzte", "king", "1",
                                   "000", "well", "known"));
    EXPECT_THAT(gaps, ElementsAre(true, false, false, true, true, true, true, true, false, true,
                                  false, false));
}

TEST(TopicWords, DropsTheSOfGenitives) {
    const auto cut = [](std::string_view text) {
        std::string out;
        for_each_word(text, [&](std::string_view word, std::size_t, bool gap) {
            out += (gap ? "|" : "+") + std::string(word);
        });
        return out;
    };
    EXPECT_EQ(cut("the king's speech"), "|the+king+speech");
    EXPECT_EQ(cut("the KING’S speech"), "|the+KING+speech");
    EXPECT_EQ(cut("the king’s"), "|the+king");
    EXPECT_EQ(cut("“the king’s”"), "|the+king");
    EXPECT_EQ(cut("James' bag, 'so it's said'"), "|James|bag|so+it+said");
    EXPECT_EQ(cut("that'sx 'sand 's"), "|that|sx|sand|s");
    EXPECT_EQ(cut("x's's y"), "|x|s+y");
    EXPECT_EQ(cut("a\u2009b\u2014c\u00a0d\u00abe"), "|a+b|c+d|e");
}

// A word that only headlines are asked for says nothing in a body, and the other way round.
TEST(TopicQuery, AsksEachFieldForItsOwnWords) {
    const std::string rule = "(or (title any \"flood\") (body any \"storm\"))";
    EXPECT_TRUE(fires(rule, "a flood", "a dam"));
    EXPECT_TRUE(fires(rule, "a dam", "a storm"));
    EXPECT_FALSE(fires(rule, "a storm", "a flood"));
    EXPECT_FALSE(fires("(title adj \"big flood\")", "", "a big flood"));
    EXPECT_TRUE(fires("(title adj \"big flood\")", "a big flood", ""));
}

// The same words whatever stands before them: blocks of 64 bytes must not show.
TEST(TopicWords, BlocksDoNotShow) {
    const std::string text =
        "O'Brien’s U.S. team, m.l.s. “quoted” naïve--café\u00a0noir dog's's "
        "‘James’s’ 'it's' end";
    const auto cut = [](std::string_view all, std::size_t skip) {
        std::string out;
        std::size_t n = 0;
        for_each_word(all, [&](std::string_view word, std::size_t, bool gap) {
            if (n++ >= skip)
                out += std::string(gap && n > skip + 1 ? "|" : "+") + std::string(word);
        });
        return out;
    };
    const std::string expected = cut(text, 0);
    for (std::size_t before = 1; before < 140; ++before) {
        EXPECT_EQ(cut(std::string(before, 'x') + " " + text, 1), expected) << before;
        EXPECT_EQ(cut(std::string(before, ' ') + text, 0), expected) << before;
    }
}

TEST(TopicWords, LowerCaseBeyondAscii) {
    EXPECT_EQ(lower_case("ÀÖØÞ×"), "àöøþ×");
    EXPECT_EQ(lower_case("ĀŁŃŽŠ"), "āłńžš");
    EXPECT_EQ(lower_case("ΑΩ"), "αω");
    EXPECT_EQ(lower_case("ЁЖЯ"), "ёжя");
}

// Words that the filter says have no other stem, have none.
TEST(TopicStemmer, TheFilterIsRight) {
    const Stemmer english("en");
    EXPECT_EQ(english.stem("elections"), "elect");
    EXPECT_EQ(english.stem("dying"), "die");
    EXPECT_EQ(english.stem("news"), "news");
    EXPECT_FALSE(english.may_change("box"));
    EXPECT_FALSE(english.may_change("1990"));
    EXPECT_TRUE(english.may_change("1990s"));
    const Stemmer unknown("xx");
    EXPECT_EQ(unknown.stem("elections"), "elections");
}

TEST(TopicSentences, EndWhereTheyEnd) {
    const std::string text = "Mr. J. Smith left. He won 3.5 million! \"Why?\" he asked.\n\nNext.";
    UnitCounter sentences(text, true);
    EXPECT_EQ(sentences.unit_at(text.find("Smith")), 0u);
    EXPECT_EQ(sentences.unit_at(text.find("He")), 1u);
    EXPECT_EQ(sentences.unit_at(text.find("million")), 1u);
    EXPECT_EQ(sentences.unit_at(text.find("Why")), 2u);
    EXPECT_EQ(sentences.unit_at(text.find("asked")), 2u);
    EXPECT_GE(sentences.unit_at(text.find("Next")), 3u);
}

}  // namespace
}  // namespace newsmill::topics
