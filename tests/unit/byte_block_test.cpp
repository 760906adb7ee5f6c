#include "stages/tagging/byte_block.hpp"

#include <gtest/gtest.h>

#include <string>

namespace newsmill {
namespace {

template <typename Test>
std::uint64_t by_hand(std::string_view text, std::size_t at, Test test) {
    std::uint64_t bits = 0;
    for (std::size_t i = 0; i < ByteBlock::kBytes; ++i) {
        const unsigned char byte =
            at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0;
        bits |= std::uint64_t{test(byte)} << i;
    }
    return bits;
}

bool is_lower(unsigned char c) { return c >= 'a' && c <= 'z'; }
bool is_upper(unsigned char c) { return c >= 'A' && c <= 'Z'; }

// All 256 bytes at all 64 places of a block, and every length of a last block.
TEST(ByteBlock, SaysWhatALoopSays) {
    std::string text;
    for (int i = 0; i < 512; ++i) text.push_back(static_cast<char>(i));
    for (std::size_t at = 0; at <= text.size(); ++at) {
        const ByteBlock block(text, at);
        ASSERT_EQ(block.lower(), by_hand(text, at, is_lower)) << at;
        ASSERT_EQ(block.letters(),
                  by_hand(text, at, [](unsigned char c) { return is_lower(c) || is_upper(c); }))
            << at;
        ASSERT_EQ(block.digits(),
                  by_hand(text, at, [](unsigned char c) { return c >= '0' && c <= '9'; }))
            << at;
        ASSERT_EQ(block.high(), by_hand(text, at, [](unsigned char c) { return c >= 0x80; })) << at;
        const auto is_digit = [](unsigned char c) { return c >= '0' && c <= '9'; };
        ASSERT_EQ(block.has_high(), block.high() != 0) << at;
        ASSERT_EQ(block.word_bytes(), by_hand(text, at,
                                              [&](unsigned char c) {
                                                  return is_lower(c) || is_upper(c) ||
                                                         is_digit(c) || c >= 0x80;
                                              }))
            << at;
        ASSERT_EQ(block.high_up_to('\x91'),
                  by_hand(text, at, [](unsigned char c) { return c >= 0x80 && c <= 0x91; }))
            << at;
        ASSERT_EQ(block.either(' ', '\xA0'),
                  by_hand(text, at, [](unsigned char c) { return c == ' ' || c == 0xA0; }))
            << at;
        for (const char wanted : {' ', '\'', '\xC2'}) {
            ASSERT_EQ(
                block.equal(wanted),
                by_hand(text, at,
                        [&](unsigned char c) { return c == static_cast<unsigned char>(wanted); }))
                << at;
        }
    }
}

}  // namespace
}  // namespace newsmill
