#include "stages/fingerprint/words.hpp"

#include <unicode/uchar.h>
#include <unicode/uscript.h>

#include <bit>
#include <cstring>

#include "stages/formats/utf8.hpp"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace newsmill {
namespace {

constexpr std::size_t kBlock = 64;
constexpr std::uint64_t kSeed = 0xA0761D6478BD642Full;
constexpr std::uint64_t kMultiplier = 0xE7037ED1A0B428DBull;

__extension__ using Uint128 = unsigned __int128;

std::uint64_t multiply_fold(std::uint64_t a, std::uint64_t b) noexcept {
    const Uint128 product = static_cast<Uint128>(a) * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

std::uint64_t load_eight(const char* at) noexcept {
    std::uint64_t word;
    std::memcpy(&word, at, sizeof word);
    return word;
}

// Lower case for ASCII letters; digits and the bytes of other characters stay as they are.
std::uint64_t fold_ascii(std::uint64_t bytes) noexcept {
    constexpr std::uint64_t kCase = 0x2020202020202020ull;
    return bytes | (kCase & ~((bytes & 0x8080808080808080ull) >> 2));
}

// Eight bytes may be read past `at + size`.
std::uint64_t hash_word(const char* at, std::size_t size) noexcept {
    std::uint64_t hash = kSeed ^ size;
    while (size > 8) {
        hash = multiply_fold(hash ^ fold_ascii(load_eight(at)), kMultiplier);
        at += 8;
        size -= 8;
    }
    const std::uint64_t rest = fold_ascii(load_eight(at)) & (~std::uint64_t{0} >> (64 - 8 * size));
    return multiply_fold(hash ^ rest, kMultiplier);
}

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
constexpr bool is_upper(char c) noexcept { return c >= 'A' && c <= 'Z'; }

struct Masks {
    std::uint64_t word = 0;  // ASCII letters and digits, and every byte beyond ASCII
    std::uint64_t stop = 0;  // . ! ? : " and line feed: a capital after it says nothing
};

#if defined(__SSE2__)
Masks classify(const char* at) noexcept {
    Masks masks;
    for (unsigned i = 0; i < kBlock / 16; ++i) {
        const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at + 16 * i));
        // Signed comparisons: bytes beyond ASCII are below zero.
        const __m128i lower = _mm_or_si128(bytes, _mm_set1_epi8(0x20));
        const __m128i letter = _mm_and_si128(_mm_cmpgt_epi8(lower, _mm_set1_epi8('a' - 1)),
                                             _mm_cmplt_epi8(lower, _mm_set1_epi8('z' + 1)));
        const __m128i digit = _mm_and_si128(_mm_cmpgt_epi8(bytes, _mm_set1_epi8('0' - 1)),
                                            _mm_cmplt_epi8(bytes, _mm_set1_epi8('9' + 1)));
        const __m128i word = _mm_or_si128(_mm_or_si128(letter, digit), bytes);
        __m128i stop = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('.'));
        for (const char c : {'!', '?', ':', '"', '\n'}) {
            stop = _mm_or_si128(stop, _mm_cmpeq_epi8(bytes, _mm_set1_epi8(c)));
        }
        masks.word |= static_cast<std::uint64_t>(static_cast<unsigned>(_mm_movemask_epi8(word)))
                      << (16 * i);
        masks.stop |= static_cast<std::uint64_t>(static_cast<unsigned>(_mm_movemask_epi8(stop)))
                      << (16 * i);
    }
    return masks;
}
#else
Masks classify(const char* at) noexcept {
    Masks masks;
    for (unsigned i = 0; i < kBlock; ++i) {
        const auto c = static_cast<unsigned char>(at[i]);
        const bool word = c >= 0x80 || static_cast<unsigned char>((c | 0x20) - 'a') < 26 ||
                          static_cast<unsigned char>(c - '0') < 10;
        const bool stop = c == '.' || c == '!' || c == '?' || c == ':' || c == '"' || c == '\n';
        masks.word |= static_cast<std::uint64_t>(word) << i;
        masks.stop |= static_cast<std::uint64_t>(stop) << i;
    }
    return masks;
}
#endif

constexpr std::uint32_t kWordMask = U_GC_L_MASK | U_GC_M_MASK | U_GC_ND_MASK;

// What a code point becomes in a word; 0 if it is no part of one.
std::uint32_t fold(std::uint32_t c) noexcept {
    const auto point = static_cast<UChar32>(c);
    if ((U_GET_GC_MASK(point) & kWordMask) == 0) return 0;
    if (u_hasBinaryProperty(point, UCHAR_DEFAULT_IGNORABLE_CODE_POINT)) return 0;
    return static_cast<std::uint32_t>(u_foldCase(point, U_FOLD_CASE_DEFAULT));
}

// How many characters make a word where no spaces do; 0 elsewhere.
int spaceless_length(std::uint32_t c) noexcept {
    if (c < 0x0E00) return 0;
    if (c < 0x0F00 || (c >= 0x1000 && c < 0x10A0) || (c >= 0x1780 && c < 0x1800)) return 6;
    const bool kana_or_han = (c >= 0x3005 && c < 0x3100) || (c >= 0x3400 && c < 0xA000) ||
                             (c >= 0xF900 && c < 0xFB00) || (c >= 0x20000 && c < 0x40000);
    return kana_or_han ? 3 : 0;
}

// Valid UTF-8; a byte that is none reads as U+FFFD.
std::size_t decode(const unsigned char* at, std::size_t left, std::uint32_t& c) noexcept {
    if (at[0] >= 0xC0 && at[0] < 0xE0 && left >= 2) {
        c = (at[0] & 0x1Fu) << 6 | (at[1] & 0x3Fu);
        return 2;
    }
    if (at[0] >= 0xE0 && at[0] < 0xF0 && left >= 3) {
        c = (at[0] & 0x0Fu) << 12 | (at[1] & 0x3Fu) << 6 | (at[2] & 0x3Fu);
        return 3;
    }
    if (at[0] >= 0xF0 && at[0] < 0xF8 && left >= 4) {
        c = (at[0] & 0x07u) << 18 | (at[1] & 0x3Fu) << 12 | (at[2] & 0x3Fu) << 6 | (at[3] & 0x3Fu);
        return 4;
    }
    c = 0xFFFD;
    return 1;
}

}  // namespace

WordReader::WordReader() : folded_(kTableEnd) {
    for (std::uint32_t c = 0x80; c < kTableEnd; ++c) {
        folded_[c] = static_cast<std::uint16_t>(fold(c));
    }
}

const WordList& WordReader::read(std::string_view text, bool ascii) {
    list_.figures.clear();
    list_.names.clear();
    capitals_.clear();
    next_capital_ = figure_end_ = shouted_ = 0;
    buffer_.clear();
    if (ascii) {
        buffer_.append(text);
    } else {
        rewrite(text);
    }
    size_ = buffer_.size();
    buffer_.append(kBlock, '\0');
    scan();
    if (shouted_ * 2 > list_.words.size()) list_.names.clear();
    return list_;
}

// Copies the text with folded letters; what parts words becomes ASCII.
void WordReader::rewrite(std::string_view text) {
    spaceless_.fill(0);
    const auto* at = reinterpret_cast<const unsigned char*>(text.data());
    const auto* const end = at + text.size();
    while (at < end) {
        const auto* const run = at;
#if defined(__SSE2__)
        while (end - at >= 16 &&
               _mm_movemask_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at))) == 0) {
            at += 16;
        }
#endif
        while (at < end && *at < 0x80) ++at;
        if (at > run) {
            buffer_.append(reinterpret_cast<const char*>(run), static_cast<std::size_t>(at - run));
            spaceless_.fill(0);
        }
        while (at < end && *at >= 0x80) {
            std::uint32_t c;
            at += decode(at, static_cast<std::size_t>(end - at), c);
            rewrite_point(c);
        }
    }
}

void WordReader::rewrite_point(std::uint32_t c) {
    const std::uint32_t folded = c < kTableEnd ? folded_[c] : fold(c);
    char bytes[4 * kSpacelessMax + 2];
    if (folded == 0) {
        // Typographic quotation marks are stops; a soft hyphen or a joiner parts nothing.
        if (c == 0xAD || (c >= 0x200B && c <= 0x200D) || c == 0xFE0F) return;
        const bool stop = (c >= 0x201C && c <= 0x201F) || c == 0xAB || c == 0xBB || c == 0x2026 ||
                          c == 0x3002 || c == 0xFF01 || c == 0xFF1F || c == 0x0964;
        buffer_.push_back(stop ? '.' : ' ');
        spaceless_.fill(0);
        return;
    }
    const int length = spaceless_length(c);
    if (length == 0) {
        if (folded != c) capitals_.push_back(static_cast<std::uint32_t>(buffer_.size()));
        buffer_.append(bytes, static_cast<std::size_t>(append_code_point(bytes, folded) - bytes));
        spaceless_.fill(0);
        return;
    }
    // The first characters of a run make shorter words.
    char* out = bytes;
    *out++ = ' ';
    for (int i = kSpacelessMax - length; i < kSpacelessMax - 1; ++i) {
        if (spaceless_[i] != 0) out = append_code_point(out, spaceless_[i]);
    }
    out = append_code_point(out, folded);
    *out++ = ' ';
    buffer_.append(bytes, static_cast<std::size_t>(out - bytes));
    for (int i = 1; i < kSpacelessMax - 1; ++i) spaceless_[i - 1] = spaceless_[i];
    spaceless_[kSpacelessMax - 2] = folded;
}

void WordReader::scan() {
    if (words_max_ < size_ / 2 + 1) {
        words_max_ = size_ + 1024;
        words_ = std::make_unique_for_overwrite<std::uint64_t[]>(words_max_);
    }
    // Locals: what is written through a pointer could be a member, for all that the compiler knows.
    std::uint64_t* out = words_.get();
    const char* const text = buffer_.data();
    std::size_t start = 0, previous_end = 0, last_stop = 0;
    bool inside = false;
    // The zero bytes at the end close the last word.
    for (std::size_t base = 0; base < size_ + 1; base += kBlock) {
        const Masks masks = classify(text + base);
        std::uint64_t edges = masks.word ^ (masks.word << 1 | static_cast<std::uint64_t>(inside));
        for (; edges != 0; edges &= edges - 1) {
            const auto bit = static_cast<unsigned>(std::countr_zero(edges));
            const std::size_t at = base + bit;
            inside = !inside;
            if (inside) {
                start = at;
                continue;
            }
            const std::uint64_t hash = hash_word(text + start, at - start);
            *out++ = hash;
            const auto first = static_cast<unsigned char>(text[start]);
            // A small ASCII letter begins most words.
            if (static_cast<unsigned char>(first - 'a') >= 26) {
                // The last stop before the word: in this block, or noted with an earlier one.
                std::uint64_t stops = masks.stop;
                if (start >= base) {
                    stops &= (std::uint64_t{1} << (start - base)) - 1;
                } else {
                    stops = 0;
                }
                const std::size_t stop =
                    stops != 0 ? base + 63 - static_cast<unsigned>(std::countl_zero(stops))
                               : last_stop;
                if (is_digit(text[start])) {
                    if (start >= figure_end_) figure_end_ = figure(start, at);
                } else if (is_capital(start)) {
                    capital(start, at, hash, stop >= previous_end);
                }
            }
            previous_end = at;
        }
        if (masks.stop != 0) {
            last_stop = base + 63 - static_cast<unsigned>(std::countl_zero(masks.stop));
        }
    }
    list_.words = {words_.get(), out};
}

bool WordReader::is_capital(std::size_t at) noexcept {
    if (is_upper(buffer_[at])) return true;
    while (next_capital_ < capitals_.size() && capitals_[next_capital_] < at) ++next_capital_;
    return next_capital_ < capitals_.size() && capitals_[next_capital_] == at;
}

void WordReader::capital(std::size_t start, std::size_t end, std::uint64_t hash,
                         bool sentence_start) {
    bool shouted = end - start > 1;
    for (std::size_t i = start + 1; i < end && shouted; ++i) shouted = is_upper(buffer_[i]);
    if (shouted) ++shouted_;
    if (!sentence_start && !(shouted && end - start > 5)) list_.names.push_back(hash);
}

// Reads the number that begins with the digits [start, end); returns its end.
std::size_t WordReader::figure(std::size_t start, std::size_t end) {
    char digits[32];
    std::size_t count = 0;
    std::size_t at = start;
    std::size_t group = start;  // where the digits since the last separator begin
    bool thousands = true;
    const auto keep = [&](char c) {
        if (count < sizeof digits - 8) digits[count++] = c;
    };
    for (; at < size_; ++at) {
        const char c = buffer_[at];
        if (is_digit(c)) {
            keep(c);
            continue;
        }
        if ((c != ',' && c != '.') || at + 1 >= size_ || !is_digit(buffer_[at + 1])) break;
        std::size_t next = at + 1;
        while (next < size_ && is_digit(buffer_[next])) ++next;
        // Three digits after a separator are thousands: 1.234 is read as 1234 on every side.
        thousands = next - at == 4 && at - group <= 3;
        if (!thousands) keep('.');
        group = at + 1;
    }
    // Digits that go on with letters ("12th", "3D") are words.
    if (at < end) return end;
    std::memset(digits + count, 0, 8);
    list_.figures.push_back(hash_word(digits, count));
    return at;
}

}  // namespace newsmill
