#include "stages/formats/text_scan.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace newsmill {
namespace {

std::size_t scalar_find_escape(std::string_view text) {
    std::size_t i = 0;
    while (i < text.size() && static_cast<unsigned char>(text[i]) >= 0x20 && text[i] != '"' &&
           text[i] != '\\') {
        ++i;
    }
    return i;
}

std::size_t scalar_count_words(std::string_view text) {
    std::size_t count = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool space = static_cast<unsigned char>(text[i]) <= 0x20;
        const bool before = i == 0 || static_cast<unsigned char>(text[i - 1]) <= 0x20;
        count += before && !space ? 1 : 0;
    }
    return count;
}

std::size_t scalar_count_code_points(std::string_view text) {
    std::size_t count = 0;
    for (const char c : text) count += (static_cast<unsigned char>(c) & 0xC0) != 0x80 ? 1 : 0;
    return count;
}

// Every byte at every place of a text of every short length.
TEST(TextScan, FindsEveryByteEverywhere) {
    for (std::size_t size = 0; size < 40; ++size) {
        for (std::size_t at = 0; at < size; ++at) {
            for (int byte = 0; byte < 256; ++byte) {
                std::string text(size, 'a');
                text[at] = static_cast<char>(byte);
                const std::size_t expected = scalar_find_escape(text);
                for (const auto copy : {copy_plain, portable::copy_plain}) {
                    std::string out(size, '?');
                    ASSERT_EQ(copy(text, out.data()), expected) << size << ' ' << at << ' ' << byte;
                    ASSERT_EQ(out.substr(0, expected), text.substr(0, expected));
                }
            }
        }
    }
}

TEST(TextScan, CountsLikeTheScalarLoops) {
    std::mt19937 random(7);
    for (int round = 0; round < 2000; ++round) {
        std::string text(random() % 9000 >> (round % 10), '\0');
        const unsigned mask = round % 3 == 0 ? 0xFF : 0x3F;
        for (char& c : text) c = static_cast<char>(random() & mask);
        ASSERT_EQ(count_words(text), scalar_count_words(text));
        ASSERT_EQ(portable::count_words(text), scalar_count_words(text));
        ASSERT_EQ(count_code_points(text), scalar_count_code_points(text));
        ASSERT_EQ(portable::count_code_points(text), scalar_count_code_points(text));
        std::string out(text.size(), '?');
        const std::size_t plain = copy_plain(text, out.data());
        ASSERT_EQ(plain, scalar_find_escape(text));
        ASSERT_EQ(out.substr(0, plain), text.substr(0, plain));
        CodePointIndex index;
        index.build(text, false);
        ASSERT_EQ(index.total(), scalar_count_code_points(text));
        for (int i = 0; i < 20; ++i) {
            const std::size_t at = random() % (text.size() + 1);
            ASSERT_EQ(index.at(static_cast<std::uint32_t>(at)),
                      scalar_count_code_points(std::string_view(text).substr(0, at)));
        }
    }
}

TEST(TextScan, LongTextsOverflowNoLane) {
    std::string text;
    for (int i = 0; i < 50000; ++i) text += "a ";
    EXPECT_EQ(count_words(text), 50000u);
    EXPECT_EQ(count_words(""), 0u);
    EXPECT_EQ(count_words("   "), 0u);
}

}  // namespace
}  // namespace newsmill
