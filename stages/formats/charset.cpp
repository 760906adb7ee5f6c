#include "stages/formats/charset.hpp"

#include <unicode/ucnv.h>

#include <array>
#include <memory>

#include "stages/formats/utf8.hpp"

namespace newsmill {
namespace {

struct CloseConverter {
    void operator()(UConverter* converter) const noexcept { ucnv_close(converter); }
};
using Converter = std::unique_ptr<UConverter, CloseConverter>;

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

// Encodings that browsers read; ICU knows some (UTF-7, EBCDIC) that no feed is in, and that would
// hide markup from whoever looked at the bytes.
bool is_readable(std::string_view name) noexcept {
    for (const std::string_view start :
         {"iso-8859-", "windows-125", "cp125", "koi8-", "shift_jis", "sjis", "euc-", "gb", "big5",
          "iso-2022-jp", "macintosh", "ibm866", "cp866", "windows-874", "tis-620", "windows-31j",
          "ks_c_5601", "windows-949", "hkscs"}) {
        if (name.starts_with(start)) return true;
    }
    return false;
}

bool is_western(std::string_view name) noexcept {
    for (const std::string_view one : {"iso-8859-1", "iso8859-1", "latin1", "us-ascii", "ascii",
                                       "windows-1252", "cp1252", "l1", "iso_8859-1"}) {
        if (name == one) return true;
    }
    return false;
}

}  // namespace

bool decode_charset(std::string_view bytes, std::string_view encoding, Arena& arena,
                    std::string_view& text) noexcept {
    std::array<char, 40> buffer{};
    if (encoding.empty() || encoding.size() >= buffer.size()) return false;
    for (std::size_t i = 0; i < encoding.size(); ++i) buffer[i] = lower(encoding[i]);
    const std::string_view name(buffer.data(), encoding.size());
    if (is_western(name)) {
        text = repair_utf8(bytes, arena).text;
        return true;
    }
    if (!is_readable(name) || bytes.size() > INT32_MAX / 4) return false;
    UErrorCode error = U_ZERO_ERROR;
    const Converter converter(ucnv_open(buffer.data(), &error));
    if (U_FAILURE(error)) return false;
    // A byte is a character of three bytes at most.
    const auto room = static_cast<std::int32_t>(bytes.size() * 3 + 16);
    char* const out = arena.alloc(static_cast<std::size_t>(room));
    const std::int32_t size =
        ucnv_toAlgorithmic(UCNV_UTF8, converter.get(), out, room, bytes.data(),
                           static_cast<std::int32_t>(bytes.size()), &error);
    if (U_FAILURE(error)) return false;
    arena.shrink(out + size, out + room);
    text = {out, static_cast<std::size_t>(size)};
    return true;
}

}  // namespace newsmill
