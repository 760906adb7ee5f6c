#include "stages/fingerprint/words.hpp"

#include <unicode/uchar.h>
#include <unicode/uscript.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "stages/formats/utf8.hpp"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace newsmill {
namespace {

constexpr std::size_t kBlock = kEdgeBlock;
constexpr std::size_t kStep = 16;  // bytes of a word that are hashed at a time
constexpr std::size_t kNameLetters = 5;
constexpr std::uint64_t kSeed = 0xA0761D6478BD642Full;
constexpr std::uint64_t kMultiplier = 0xE7037ED1A0B428DBull;

__extension__ using Uint128 = unsigned __int128;

std::uint64_t multiply_fold(std::uint64_t a, std::uint64_t b) noexcept {
    const Uint128 product = static_cast<Uint128>(a) * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

// Sixteen bytes from 16 - size on are a mask of the first `size`.
struct alignas(2 * kStep) FirstBytes {
    std::uint8_t bytes[2 * kStep];
};
constexpr FirstBytes make_first_bytes() {
    FirstBytes mask{};
    for (std::size_t i = 0; i < kStep; ++i) mask.bytes[i] = 0xFF;
    return mask;
}
constexpr FirstBytes kFirstBytes = make_first_bytes();

struct Step {
    std::uint64_t low, high;
};

// The first `size` of the 16 bytes at `at`, folded; all 16 go to `out`.
#if defined(__SSE2__)
inline Step take_step(const char* at, std::size_t size, char* out) noexcept {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const __m128i ascii = _mm_cmpgt_epi8(bytes, _mm_set1_epi8(-1));
    const __m128i folded = _mm_or_si128(bytes, _mm_and_si128(ascii, _mm_set1_epi8(0x20)));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out), folded);
    const __m128i mask =
        _mm_loadu_si128(reinterpret_cast<const __m128i*>(kFirstBytes.bytes + kStep - size));
    const __m128i kept = _mm_and_si128(folded, mask);
    return {static_cast<std::uint64_t>(_mm_cvtsi128_si64(kept)),
            static_cast<std::uint64_t>(_mm_cvtsi128_si64(_mm_unpackhi_epi64(kept, kept)))};
}
#else
// Lower case for ASCII letters; digits and the bytes of other characters stay as they are.
inline std::uint64_t fold_ascii(std::uint64_t bytes) noexcept {
    constexpr std::uint64_t kCase = 0x2020202020202020ull;
    return bytes | (kCase & ~((bytes & 0x8080808080808080ull) >> 2));
}
inline Step take_step(const char* at, std::size_t size, char* out) noexcept {
    std::uint64_t folded[2], mask[2];
    std::memcpy(folded, at, kStep);
    for (std::uint64_t& bytes : folded) bytes = fold_ascii(bytes);
    std::memcpy(out, folded, kStep);
    std::memcpy(mask, kFirstBytes.bytes + kStep - size, kStep);
    return {folded[0] & mask[0], folded[1] & mask[1]};
}
#endif

// Hashes a word, which most often is one step without a branch; kStep bytes may be read past its
// end. Its folded bytes go to `out`, with up to kStep that mean nothing behind them.
inline std::uint64_t hash_word(const char* at, std::size_t size, char* out) noexcept {
    std::uint64_t hash = kSeed ^ size;
    for (; size > kStep; size -= kStep) {
        const Step step = take_step(at, kStep, out);
        hash = multiply_fold(hash ^ step.low, step.high ^ kMultiplier);
        at += kStep;
        out += kStep;
    }
    const Step step = take_step(at, size, out);
    return multiply_fold(hash ^ step.low, step.high ^ kMultiplier);
}

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
constexpr bool is_upper(char c) noexcept { return c >= 'A' && c <= 'Z'; }
// A capital after it says nothing.
constexpr bool is_stop(char c) noexcept {
    constexpr std::uint64_t kStops =
        1ull << '.' | 1ull << '!' | 1ull << '?' | 1ull << ':' | 1ull << '"' | 1ull << '\n';
    const auto bit = static_cast<unsigned char>(c);
    return bit < 64 && (kStops >> bit & 1) != 0;
}
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

WordReader::WordReader() : folded_(kTableEnd), find_edges_(word_edges_here().front()) {
    for (std::uint32_t c = 0x80; c < kTableEnd; ++c) {
        folded_[c] = static_cast<std::uint16_t>(fold(c));
    }
}

const WordList& WordReader::read(std::string_view text, bool ascii) {
    list_.figures.clear();
    list_.names.clear();
    capitals_.clear();
    symbols_.clear();
    letters_known_ = true;
    buffer_.clear();
    if (ascii) {
        buffer_.append(text);
    } else {
        rewrite(text);
    }
    size_ = buffer_.size();
    buffer_.append(kBlock, '\0');
    make_room();
    find_words();
    hash_words();
    find_facts();
    return list_;
}

// Sizes are checked once a text: what is written goes through plain pointers.
void WordReader::make_room() {
    if (room_ >= size_) return;
    room_ = size_ + size_ / 2 + 1024;
    edges_ = std::make_unique_for_overwrite<std::uint32_t[]>(room_ + kBlock);
    words_ = std::make_unique_for_overwrite<std::uint64_t[]>(room_ / 2 + 1);
    special_ = std::make_unique_for_overwrite<std::uint32_t[]>(room_ / 2 + 2);
    letters_ = std::make_unique_for_overwrite<char[]>(room_ * 4 + kBlock);
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
        if (c == 0xAD || (c >= 0x200B && c <= 0x200D) || c == 0xFE0F) {
            // Between two digits it matters to an exact hash, also beside a point.
            const char before = buffer_.empty() ? ' ' : buffer_.back();
            letters_known_ &= !is_digit(before) && before != '.' && before != ',';
            return;
        }
        const bool stop = (c >= 0x201C && c <= 0x201F) || c == 0xAB || c == 0xBB || c == 0x2026 ||
                          c == 0x3002 || c == 0xFF01 || c == 0xFF1F || c == 0x0964;
        const bool currency = u_charType(static_cast<UChar32>(c)) == U_CURRENCY_SYMBOL;
        if (currency) symbols_.push_back({static_cast<std::uint32_t>(buffer_.size()), c});
        buffer_.push_back(currency ? '$' : stop ? '!' : ' ');
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
    letters_known_ = false;  // they stand in several words
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

void WordReader::find_words() {
    places_.clear();
    count_ = find_edges_(buffer_.data(), size_, edges_.get(), places_) / 2;
    places_.push_back(UINT32_MAX);
}

// Hashes the words and writes what an exact hash is of; notes which may be facts.
void WordReader::hash_words() {
    const char* const text = buffer_.data();
    const std::uint32_t* edges = edges_.get();
    std::uint64_t* const words = words_.get();
    std::uint32_t* special = special_.get();
    char* const letters = letters_.get();
    char* out = letters;
    next_place_ = next_symbol_ = 0;
    std::size_t next_place = places_[0];
    std::size_t previous_end = 0;
    for (std::size_t i = 0; i < count_; ++i) {
        const std::size_t start = edges[2 * i], end = edges[2 * i + 1];
        if (start > next_place) [[unlikely]] {
            out = keep_symbols(start, out);
            next_place = places_[next_place_];
        }
        const char first = text[start];
        // Between two digits one byte stays.
        if (is_digit(first) && out > letters && is_digit(out[-1])) {
            const char gap = text[previous_end];
            const bool point = previous_end + 1 == start && (gap == '.' || gap == ',');
            *out++ = point ? gap : ' ';
        }
        words[i] = hash_word(text + start, end - start, out);
        out += end - start;
        previous_end = end;
        // A small ASCII letter begins most words.
        *special = static_cast<std::uint32_t>(i);
        special += static_cast<unsigned char>(first - 'a') >= 26 ? 1 : 0;
    }
    out = keep_symbols(size_, out);
    specials_ = static_cast<std::size_t>(special - special_.get());
    list_.words = {words, count_};
    list_.letters = {letters, static_cast<std::size_t>(out - letters)};
    list_.letters_known = letters_known_;
}

// Those before `end` that were not kept yet.
char* WordReader::keep_symbols(std::size_t end, char* out) noexcept {
    for (; places_[next_place_] < end; ++next_place_) {
        const std::uint32_t at = places_[next_place_];
        if (next_symbol_ < symbols_.size() && symbols_[next_symbol_].at == at) {
            out = append_code_point(out, symbols_[next_symbol_++].point);
        } else {
            *out++ = buffer_[at];
        }
    }
    return out;
}

bool WordReader::begins_sentence(std::size_t word) const noexcept {
    if (word == 0) return true;
    const char* const text = buffer_.data();
    for (std::size_t at = end_of(word - 1); at < start_of(word); ++at) {
        if (is_stop(text[at])) return true;
    }
    return false;
}

void WordReader::find_facts() {
    const char* const text = buffer_.data();
    std::size_t figure_end = 0;     // words before this place belong to a figure
    std::size_t shouted = 0;        // words of capitals alone
    std::size_t capital = 0;        // of capitals_, the next
    std::size_t after_capital = 0;  // the word after the last with a capital; or 0
    std::uint64_t before = 0;       // the hash of that last one
    for (std::size_t k = 0; k < specials_; ++k) {
        const std::size_t word = special_[k];
        const std::size_t start = start_of(word), end = end_of(word);
        if (is_digit(text[start])) {
            if (start >= figure_end) figure_end = figure(start, end);
            continue;
        }
        if (!is_upper(text[start])) {
            while (capital < capitals_.size() && capitals_[capital] < start) ++capital;
            if (capital == capitals_.size() || capitals_[capital] != start) continue;
        }
        bool shout = end - start > 1;
        for (std::size_t i = start + 1; i < end && shout; ++i) shout = is_upper(text[i]);
        shouted += shout ? 1 : 0;
        if (shout && end - start > 5) continue;
        // By its beginning; its letters have as many bytes each as the first, or fewer.
        const std::size_t letter_bytes = static_cast<unsigned char>(text[start]) < 0x80 ? 1 : 2;
        const std::size_t told = std::min(end - start, kNameLetters * letter_bytes);
        char folded[2 * kStep];
        const std::uint64_t hash = hash_word(text + start, told, folded);
        if (!begins_sentence(word)) {
            list_.names.push_back(hash & ~kFullName);
            // Others have the first name, and others the last: few have both.
            if (after_capital == word) {
                list_.names.push_back(kFullName |
                                      multiply_fold(before ^ kSeed, hash ^ kMultiplier));
            }
        }
        before = hash;
        after_capital = word + 1;
    }
    if (shouted * 2 > count_) list_.names.clear();
}

// Reads the number that begins with the digits [start, end); returns its end.
std::size_t WordReader::figure(std::size_t start, std::size_t end) {
    char digits[48];
    std::size_t count = 0;
    std::size_t at = start;
    std::size_t group = start;  // where the digits since the last separator begin
    bool thousands = true;
    const auto keep = [&](char c) {
        if (count < sizeof digits - 2 * kStep) digits[count++] = c;
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
    char folded[sizeof digits];
    list_.figures.push_back(hash_word(digits, count, folded));
    return at;
}

}  // namespace newsmill
