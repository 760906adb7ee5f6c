#include "stages/fingerprint/words.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

namespace newsmill {
namespace {

using Hashes = std::vector<std::uint64_t>;

bool is_ascii(const std::string& text) {
    return std::all_of(text.begin(), text.end(),
                       [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

struct Read {
    Hashes words, figures, names;
};
Read read(const std::string& text) {
    WordReader reader;
    const WordList& list = reader.read(text, is_ascii(text));
    return {{list.words.begin(), list.words.end()}, list.figures, list.names};
}
Hashes words(const std::string& text) { return read(text).words; }

TEST(Words, AreFoldedRunsOfLettersAndDigits) {
    EXPECT_EQ(words("The mayor spoke.").size(), 3u);
    EXPECT_EQ(words("The Mayor SPOKE"), words("the mayor spoke"));
    EXPECT_EQ(words("The mayor, (spoke)"), words("the\n\nmayor spoke."));
    EXPECT_NE(words("mayor"), words("mayors"));
    EXPECT_TRUE(words("").empty());
    EXPECT_TRUE(words(" -- ... \n").empty());
}

TEST(Words, TypographyMakesNoDifference) {
    EXPECT_EQ(words("he doesn\u2019t \u201cknow\u201d\u2026 it\u2014yet"),
              words("he doesn't \"know\"... it - yet"));
    EXPECT_EQ(words("co\u00ADoperate"), words("cooperate"));
    EXPECT_EQ(words("five\u00A0per cent"), words("five per cent"));
}

TEST(Words, LettersBeyondAsciiFoldToo) {
    EXPECT_EQ(words("ÄRGER IN KÖLN"), words("ärger in köln"));
    EXPECT_EQ(words("МОСКВА И КИЕВ"), words("Москва и Киев"));
    EXPECT_NE(words("peña"), words("pena"));
    EXPECT_EQ(words("Ærø").size(), 1u);
}

// Words longer than a step of the hash, at every place of a block.
TEST(Words, PlaceInTheTextMakesNoDifference) {
    const std::string text = "Donaudampfschifffahrtsgesellschaft announced 12,500 new berths";
    const Hashes expected = words(text);
    for (std::size_t shift = 1; shift < 140; ++shift) {
        EXPECT_EQ(words(std::string(shift, ' ') + text), expected) << shift;
        EXPECT_EQ(words(std::string(shift, '.') + text + "\u2014"), expected) << shift;
    }
}

TEST(Words, ScriptsWithoutSpacesAreReadCharacterByCharacter) {
    EXPECT_EQ(words("市长周一说").size(), 5u);
    EXPECT_EQ(words("市长，周一说").size(), 5u);
    EXPECT_NE(words("市长周一说"), words("市长，周一说"));  // a word does not cross a comma
    const Hashes thai = words("นายกรัฐมนตรี");
    EXPECT_GT(thai.size(), 8u);
    EXPECT_EQ(words("도시의 시장은 말했다").size(), 3u);  // Hangul has spaces
}

TEST(Words, FiguresLoseTheirThousandsSeparators) {
    const auto figures = [](const std::string& text) { return read(text).figures; };
    EXPECT_EQ(figures("1,234,567 votes"), figures("1234567 votes"));
    EXPECT_EQ(figures("1.234.567 Stimmen"), figures("1234567 Stimmen"));
    EXPECT_NE(figures("1.5 per cent"), figures("15 per cent"));
    EXPECT_EQ(figures("costs 1.50.").size(), 1u);
    EXPECT_EQ(figures("from 3 to 4, then 5").size(), 3u);
    EXPECT_TRUE(figures("the 12th man in 3D").empty());
}

TEST(Words, NamesAreCapitalisedInsideSentences) {
    const auto names = [](const std::string& text) { return read(text).names.size(); };
    EXPECT_EQ(names("Yesterday the mayor met Anna Berg in Oslo."), 4u);  // and Anna Berg
    EXPECT_EQ(names("He left. She stayed. They met."), 0u);
    EXPECT_EQ(names("He said: \"Go\" and went"), 0u);
    EXPECT_EQ(names("dort sprach Änne Öller"), 3u);
    EXPECT_EQ(names("вчера Иван приехал"), 1u);
    EXPECT_EQ(names("THE MAYOR MET ANNA BERG IN OSLO"), 0u);  // capitals say nothing here
    EXPECT_EQ(names("the WARNING was given to NATO"), 1u);    // a short one may be a name
}

TEST(Words, TwoCapitalsInARowMakeAFullName) {
    const auto full_names = [](const std::string& text) {
        Hashes names = read(text).names;
        std::erase_if(names, [](std::uint64_t name) { return (name & kFullName) == 0; });
        return names;
    };
    EXPECT_EQ(full_names("we met Anna Berg").size(), 1u);
    EXPECT_EQ(full_names("we met Anna Berg"), full_names("Anna Berg met us"));
    EXPECT_NE(full_names("we met Anna Berg"), full_names("we met Berg Anna"));
    EXPECT_NE(full_names("we met Anna Berg"), full_names("we met Anna Holm"));
    EXPECT_EQ(full_names("it was Jean-Pierre Morel").size(), 2u);
    EXPECT_TRUE(full_names("he saw Anna. Berg left").empty());
    EXPECT_TRUE(full_names("he saw Anna and Berg").empty());
    EXPECT_TRUE(full_names("he saw Anna 5 Berg").empty());
    EXPECT_EQ(full_names("zu Änne Öller"), full_names("mit Änne Öller"));
}

TEST(Words, InvalidBytesArePartings) {
    EXPECT_EQ(words("one\xFFtwo").size(), 2u);
    EXPECT_EQ(words("one\xE2\x80").size(), 1u);
    EXPECT_EQ(words(std::string("one\0two", 7)).size(), 2u);
}

}  // namespace
}  // namespace newsmill
