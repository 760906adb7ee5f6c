// From bytes to UTF-8: what a payload needs before a reader can look at it.
//
// The functions allocate from the given arena, so that views of the result live as long as the
// batch. Pure otherwise, any thread.
#pragma once

#include <cstdint>
#include <string_view>

#include "pipeline/batch.hpp"

namespace newsmill {

bool is_valid_utf8(std::string_view bytes) noexcept;

inline constexpr std::string_view kReplacementCharacter = "\xEF\xBF\xBD";  // U+FFFD

// Writes the UTF-8 form (1-4 bytes); a surrogate or a number past U+10FFFF becomes U+FFFD.
char* append_code_point(char* out, std::uint32_t code_point) noexcept;

struct RepairedText {
    std::string_view text;          // in the arena
    std::size_t invalid_bytes = 0;  // of the input
};

// Keeps what is UTF-8 and reads every other byte as cp1252 (as the WHATWG defines it), which is
// what nearly all of the West's unmarked 8-bit text is. A surrogate pair that was encoded as two
// three-byte sequences (CESU-8) becomes the character it stands for.
RepairedText repair_utf8(std::string_view bytes, Arena& arena) noexcept;

// More than a tenth of the bytes make no UTF-8: an encoding that cp1252 can't stand in for.
constexpr bool too_many_invalid(std::size_t invalid, std::size_t total) noexcept {
    return invalid * 10 > total;
}

// More than a hundredth of the bytes are NUL: a binary format.
bool looks_binary(std::string_view bytes) noexcept;

// If `bytes` begins with a UTF-16 byte order mark, writes the rest as UTF-8 into the arena
// and returns true. Lone surrogates become U+FFFD; an odd last byte is dropped.
bool decode_utf16(std::string_view bytes, Arena& arena, std::string_view& text) noexcept;

}  // namespace newsmill
