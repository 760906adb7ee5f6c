#include "stages/quotes/tokens.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "stages/tagging/byte_block.hpp"

namespace newsmill {
namespace {

constexpr bool is_upper_ascii(unsigned char c) noexcept { return c >= 'A' && c <= 'Z'; }
constexpr bool is_lower_ascii(unsigned char c) noexcept { return c >= 'a' && c <= 'z'; }
constexpr bool is_digit(unsigned char c) noexcept { return c >= '0' && c <= '9'; }

// Letters: ASCII's, and every sequence that is neither general punctuation (E2 80…8B) nor a sign
// of Latin-1's first half (C2).
bool is_letter(std::string_view text, std::size_t at, std::size_t end) noexcept {
    if (at >= end) return false;
    const auto c = static_cast<unsigned char>(text[at]);
    if (c < 0x80) return is_upper_ascii(c) || is_lower_ascii(c);
    if (c == 0xC2) return false;
    if (c != 0xE2) return true;
    return at + 1 >= end || static_cast<unsigned char>(text[at + 1]) > 0x8B;
}

bool is_word_byte(std::string_view text, std::size_t at, std::size_t end) noexcept {
    return at < end && (is_digit(static_cast<unsigned char>(text[at])) || is_letter(text, at, end));
}

std::size_t sequence_bytes(unsigned char lead) noexcept {
    return lead < 0x80 ? 1 : (lead < 0xE0 ? 2 : (lead < 0xF0 ? 3 : 4));
}

// Whether a capital letter stands here: ASCII, Latin-1, and the even half of Latin Extended-A,
// Greek and Cyrillic as far as names need it.
bool is_capital(std::string_view text, std::size_t at, std::size_t end) noexcept {
    const auto c = static_cast<unsigned char>(text[at]);
    if (c < 0x80) return is_upper_ascii(c);
    if (at + 1 >= end) return false;
    const auto d = static_cast<unsigned char>(text[at + 1]);
    if (c == 0xC3) return d <= 0x9E && d != 0x97;
    if (c == 0xC4 || c == 0xC5) return (d & 1) == 0;
    if (c == 0xCE) return d >= 0x91 && d <= 0xA9;
    return c == 0xD0 && d <= 0xAF;
}

std::uint32_t apostrophe_bytes(std::string_view text, std::size_t at, std::size_t end) noexcept {
    if (at >= end) return 0;
    if (text[at] == '\'') return 1;
    return text.substr(at, 3) == "\u2019" && at + 3 <= end ? 3 : 0;
}

// Eight bytes with ASCII's capitals made small.
constexpr std::uint64_t lower_ascii(std::uint64_t bytes) noexcept {
    constexpr std::uint64_t kOnes = 0x0101010101010101u;
    const std::uint64_t low = bytes & (kOnes * 0x7F);
    const std::uint64_t from_a = low + kOnes * (0x80 - 'A');
    const std::uint64_t above_z = low + kOnes * (0x7F - 'Z');
    return bytes | ((from_a & ~above_z & ~bytes & (kOnes * 0x80)) >> 2);
}

// Lower case of ASCII, Latin-1 and Russian; apostrophes become straight.
LookupWord lookup_word(std::string_view word) noexcept {
    LookupWord out;
    char* text = out.text();
    out.size = std::min(word.size(), LookupWord::kBytesMax);
    std::memcpy(text, word.data(), out.size);
    std::uint64_t any = 0;
    for (const std::uint64_t part : out.parts) any |= part;
    if ((any & 0x8080808080808080u) == 0) {
        for (std::uint64_t& part : out.parts) part = lower_ascii(part);
        return out;
    }
    out = {};
    for (std::size_t i = 0; i < word.size() && out.size < LookupWord::kBytesMax; ++i) {
        const auto c = static_cast<unsigned char>(word[i]);
        if (c == 0xE2 && word.substr(i, 3) == "\u2019") {
            text[out.size++] = '\'';
            i += 2;
            continue;
        }
        if (c == 0xD0 && i + 1 < word.size() && out.size + 2 <= LookupWord::kBytesMax) {
            const auto d = static_cast<unsigned char>(word[i + 1]);
            const bool second_half = d >= 0xA0 && d <= 0xAF;
            const bool small = d >= 0xB0;
            const bool io = d == 0x81;
            text[out.size++] = static_cast<char>(second_half || io ? 0xD1 : 0xD0);
            text[out.size++] = static_cast<char>(small         ? d
                                                 : io          ? 0x91
                                                 : second_half ? d - 0x20
                                                               : d + 0x20);
            ++i;
            continue;
        }
        const bool after_c3 = i > 0 && static_cast<unsigned char>(word[i - 1]) == 0xC3;
        const bool upper = is_upper_ascii(c) || (after_c3 && c >= 0x80 && c <= 0x9E && c != 0x97);
        text[out.size++] = static_cast<char>(upper ? c + 32 : c);
    }
    return out;
}

// The same of a word of ASCII letters of which only the first may be a capital.
LookupWord lookup_plain_word(std::string_view word) noexcept {
    LookupWord out;
    out.size = std::min(word.size(), LookupWord::kBytesMax);
    std::memcpy(out.parts.data(), word.data(), out.size);
    out.parts[0] |= 0x20;
    return out;
}

// "Mr.", "Prof.": the full stop belongs to it.
bool is_short_title(const Token& token) noexcept {
    return token.capital &&
           ((token.has(kTitle) && token.end - token.start <= 4) || token.has(kShort));
}

// What a byte begins, where a token may begin.
enum class Lead : std::uint8_t { kSpace, kLetter, kWord, kSign, kOther };

struct ByteTables {
    std::array<Lead, 256> lead{};
    std::array<TokenKind, 256> sign{};        // of a Lead::kSign
    std::array<bool, 256> parts_words{};      // before a mark: it can't close after this
    std::array<bool, 256> leads_word{};       // after a mark: as good as a word
    std::array<bool, 256> ends_plain_word{};  // whatever the word; no apostrophe, hyphen, ...
    constexpr ByteTables() {
        lead.fill(Lead::kOther);
        for (unsigned c = 0; c < 0x80; ++c) {
            const auto byte = static_cast<unsigned char>(c);
            const bool letter = is_upper_ascii(byte) || is_lower_ascii(byte);
            if (letter) lead[c] = Lead::kLetter;
            if (is_digit(byte)) lead[c] = Lead::kWord;
            ends_plain_word[c] =
                !letter && !is_digit(byte) && c != '\'' && c != '-' && c != '&' && c != '.';
        }
        lead[' '] = Lead::kSpace;
        for (const char c : std::string_view(" \n([{-/\"'")) {
            parts_words[static_cast<unsigned char>(c)] = true;
        }
        for (const char c : std::string_view("$#@[('\"")) {
            leads_word[static_cast<unsigned char>(c)] = true;
        }
        set(",", TokenKind::kComma);
        set(".!?", TokenKind::kStop);
        set(":", TokenKind::kColon);
        set(";-", TokenKind::kDash);
        set("()[]", TokenKind::kParen);
    }

   private:
    constexpr void set(std::string_view signs, TokenKind kind) {
        for (const char c : signs) {
            lead[static_cast<unsigned char>(c)] = Lead::kSign;
            sign[static_cast<unsigned char>(c)] = kind;
        }
    }
};
constexpr ByteTables kBytes;

// What a word of so many bytes keeps of its first eight bytes, and, from 17 on, of the next eight.
constexpr auto kKeptBits = [] {
    std::array<std::uint64_t, 34> kept{};
    for (unsigned size = 0; size <= 16; ++size) {
        kept[size] = low_bits(8 * size);
        kept[size + 17] = size > 8 ? low_bits(8 * (size - 8)) : 0;
    }
    return kept;
}();

static_assert(std::endian::native == std::endian::little, "words are loaded as integers");

// How many small letters stand from `at` on, by their bits; kRunMax for that many and more.
constexpr std::uint32_t kRunMax = 56;
std::uint32_t small_letters_at(const std::uint64_t* bits, std::uint32_t at) noexcept {
    std::uint64_t letters = 0;
    std::memcpy(&letters, reinterpret_cast<const char*>(bits) + at / 8, sizeof letters);
    const std::uint64_t others = ~(letters >> (at % 8)) | std::uint64_t{1} << kRunMax;
    return static_cast<std::uint32_t>(std::countr_zero(others));
}

constexpr std::size_t kHashedBytes = LookupWord::kShortBytesMax;

// The hash of a word of at most kHashedBytes bytes, of which only the first may be a capital. Reads
// kHashedBytes bytes.
std::uint64_t plain_hash(const char* word, std::uint32_t size) noexcept {
    std::array<std::uint64_t, 2> parts;
    std::memcpy(parts.data(), word, kHashedBytes);
    return LookupWord::hash_of(size, (parts[0] & kKeptBits[size]) | 0x20,
                               parts[1] & kKeptBits[size + 17]);
}

// The classes of a word of ASCII letters of which only the first may be a capital.
std::uint64_t plain_classes(const CueLexicon& lexicon, std::string_view body, std::uint32_t at,
                            std::uint32_t size) noexcept {
    if (size <= kHashedBytes && at + kHashedBytes <= body.size() && !lexicon.has_endings()) {
        return lexicon.listed_classes(plain_hash(body.data() + at, size));
    }
    return lexicon.classes(lookup_plain_word(body.substr(at, size)));
}

}  // namespace

void Tokens::read(std::string_view body, const CueLexicon& lexicon) noexcept {
    body_ = body;
    lexicon_ = &lexicon;
    count_ = 0;
    mark_count_ = 0;
    has_colon_ = false;
    has_dash_ = false;
    paragraphs_.clear();
    find_small_letters();
    std::size_t at = 0;
    while (at < body.size()) {
        if (body[at] == '\n') {
            ++at;
            continue;
        }
        const void* found = std::memchr(body.data() + at, '\n', body.size() - at);
        const std::size_t end =
            found == nullptr
                ? body.size()
                : static_cast<std::size_t>(static_cast<const char*>(found) - body.data());
        read_paragraph(static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(end));
        at = end;
    }
}

std::uint64_t Tokens::phrase_classes(std::string_view phrase) const noexcept {
    if (phrase.size() > LookupWord::kBytesMax) return 0;
    LookupWord word = lookup_word(phrase);
    std::replace(word.text(), word.text() + word.size, ' ', '-');
    return lexicon_->classes(word);
}

void Tokens::find_small_letters() noexcept {
    const std::size_t blocks = body_.size() / ByteBlock::kBytes + 2;  // one more for the look ahead
    if (small_letters_.size() < blocks) small_letters_.resize(blocks);
    for (std::size_t i = 0; i < blocks; ++i) {
        small_letters_[i] = ByteBlock(body_, i * ByteBlock::kBytes).lower();
    }
}

// A run of short words that end as most do, and the signs between them, parted by spaces; up to
// where it can't go on. What it needs is held in registers.
inline std::uint32_t Tokens::read_plain_words(std::uint32_t at, std::uint32_t end) noexcept {
    if (lexicon_->has_endings() || body_.size() < kHashedBytes) return at;
    const char* const text = body_.data();
    const std::uint64_t* const letters = small_letters_.data();
    const CueLexicon::Listed listed(*lexicon_);
    const auto last = std::min(end, static_cast<std::uint32_t>(body_.size() - kHashedBytes));
    while (at < last) {
        const auto c = static_cast<unsigned char>(text[at]);
        if (kBytes.lead[c] == Lead::kSign && c != ':' && c != '-') {
            Token& token = add_token();
            token.start = at;
            token.end = ++at;
            token.kind = kBytes.sign[c];
            at += text[at] == ' ' ? 1 : 0;
            continue;
        }
        if (kBytes.lead[c] != Lead::kLetter) break;
        const std::uint32_t small = small_letters_at(letters, at + 1);
        const std::uint32_t stop = at + 1 + small;
        if (small >= kHashedBytes) break;
        const auto sign = static_cast<unsigned char>(text[stop]);
        const bool capital = is_upper_ascii(c);
        if (sign != ' ' && !kBytes.ends_plain_word[sign] &&
            (sign != '.' || capital || small == 0)) {
            break;
        }
        Token& token = add_token();
        token.start = at;
        token.end = stop;
        token.capital = capital;
        token.classes = listed.classes(plain_hash(text + at, small + 1));
        at = stop + (sign == ' ' ? 1 : 0);
    }
    return at;
}

// The common word: a letter, then small letters, then something that ends any word. What is
// different is left to read_word, which reads this word in the same way.
inline std::uint32_t Tokens::read_plain_word(std::uint32_t at, std::uint32_t end) noexcept {
    const std::uint32_t small = small_letters_at(small_letters_.data(), at + 1);
    const std::uint32_t stop = at + 1 + small;
    const char sign = stop < end ? body_[stop] : ' ';
    const bool full_stop = sign == '.' && small != 0;  // else an initial, or part of "U.S."
    std::uint32_t genitive_bytes = 0;
    if (small == kRunMax) return read_word(at, end);
    if (!full_stop && !kBytes.ends_plain_word[static_cast<unsigned char>(sign)]) {
        const std::uint32_t apostrophe = apostrophe_bytes(body_, stop, end);
        const bool ends = apostrophe != 0 ? !is_word_byte(body_, stop + apostrophe, end)
                                          : sign == '\xE2' && !is_letter(body_, stop, end);
        const bool genitive = apostrophe != 0 && is_genitive(stop + apostrophe, end);
        if (!ends && !genitive) return read_word(at, end);
        if (genitive) genitive_bytes = apostrophe + 1;
    }
    Token& token = add_token();
    token.start = at;
    token.end = stop;
    token.kind = TokenKind::kWord;
    token.capital = is_upper_ascii(static_cast<unsigned char>(body_[at]));
    token.classes = plain_classes(*lexicon_, body_, at, stop - at);
    token.genitive = genitive_bytes != 0;
    return stop + genitive_bytes + (full_stop && is_short_title(token) ? 1 : 0);
}

void Tokens::read_paragraph(std::uint32_t start, std::uint32_t end) noexcept {
    Paragraph paragraph{start, end, count_, 0};
    const std::uint32_t marks_before = mark_count_;
    std::uint32_t at = start;
    while (at < end) {
        const auto c = static_cast<unsigned char>(body_[at]);
        switch (kBytes.lead[c]) {
            case Lead::kSpace: ++at; break;
            case Lead::kLetter: {
                const std::uint32_t next = read_plain_words(at, end);
                at = next != at ? next : read_plain_word(at, end);
                break;
            }
            case Lead::kWord: at = read_word(at, end); break;
            case Lead::kSign: {
                Token& token = add_token();
                token.start = at;
                token.end = ++at;
                token.kind = kBytes.sign[c];
                has_colon_ = has_colon_ || c == ':';
                has_dash_ = has_dash_ || (c == '-' && at < end && body_[at] == '-');
                break;
            }
            case Lead::kOther:
                at = is_word_byte(body_, at, end) ? read_word(at, end) : read_sign(at, end);
        }
    }
    paragraph.last = count_;
    paragraph.has_mark = mark_count_ != marks_before;
    paragraphs_.push_back(paragraph);
}

// The width of a sign inside a word or number: an apostrophe, a hyphen, the stops of "U.S.", the
// sign of "AT&T", the commas of "1,000". 0: the word ends here.
std::uint32_t Tokens::joint_bytes(std::uint32_t at, std::uint32_t end, bool any_letter,
                                  std::uint32_t letters) const noexcept {
    const char c = body_[at];
    if (c == ' ') return 0;
    const std::uint32_t apostrophe = apostrophe_bytes(body_, at, end);
    if (apostrophe != 0) return is_word_byte(body_, at + apostrophe, end) ? apostrophe : 0;
    if ((c == '-' || c == '&' || (c == '.' && letters == 1)) && is_letter(body_, at + 1, end)) {
        return 1;
    }
    const bool in_number = !any_letter && at + 1 < end &&
                           is_digit(static_cast<unsigned char>(body_[at + 1])) &&
                           (c == ',' || c == '.' || c == ':');
    return in_number ? 1 : 0;
}

// An s that ends the word.
bool Tokens::is_genitive(std::uint32_t at, std::uint32_t end) const noexcept {
    return at < end && (body_[at] | 0x20) == 's' && !is_word_byte(body_, at + 1, end);
}

std::uint32_t Tokens::read_word(std::uint32_t at, std::uint32_t end) noexcept {
    Token& token = add_token();
    token.start = at;
    token.capital = is_capital(body_, at, end);
    bool all_upper = token.capital;
    bool any_letter = false;
    bool plain = true;
    std::uint32_t letters = 0;
    while (at < end) {
        const std::uint32_t run = at;
        while (at < end && is_lower_ascii(static_cast<unsigned char>(body_[at]))) ++at;
        if (at != run) {
            letters += at - run;
            any_letter = true;
            all_upper = false;
            continue;
        }
        if (is_word_byte(body_, at, end)) {
            const auto c = static_cast<unsigned char>(body_[at]);
            plain = plain && at == token.start && is_upper_ascii(c);
            if (!is_digit(c)) {
                any_letter = true;
                ++letters;
                all_upper = all_upper && is_capital(body_, at, end);
            }
            at += static_cast<std::uint32_t>(sequence_bytes(c));
            continue;
        }
        const std::uint32_t joint = joint_bytes(at, end, any_letter, letters);
        if (joint == 0) break;
        if (apostrophe_bytes(body_, at, end) != 0 && is_genitive(at + joint, end)) {
            token.genitive = true;
            break;
        }
        if (body_[at] == '.') letters = 0;
        plain = false;
        at += joint;
    }
    if (at > end) at = end;
    token.end = at;
    token.kind = any_letter ? TokenKind::kWord : TokenKind::kNumber;
    token.upper = all_upper && any_letter && at - token.start > 1;
    if (any_letter) {
        token.classes =
            lexicon_->classes(plain ? lookup_plain_word(text(token)) : lookup_word(text(token)));
    }
    // The full stop of an initial or of a short title ends no sentence.
    const bool initial = letters == 1 && token.capital;
    if (at < end && body_[at] == '.' && (initial || is_short_title(token))) ++at;
    if (token.genitive) at += apostrophe_bytes(body_, at, end) + 1;
    return at > end ? end : at;
}

void Tokens::push_mark(std::uint32_t at, std::uint32_t width, MarkFamily family,
                       char form) noexcept {
    Token& token = add_token();
    token.start = at;
    token.end = at + width;
    token.kind = TokenKind::kMark;
    ++mark_count_;
    token.family = family;
    const std::size_t size = body_.size();
    const bool word_before =
        at > 0 && (static_cast<unsigned char>(body_[at - 1]) >= 0x80
                       ? count_ > 1 && tokens_[count_ - 2].end == at &&
                             tokens_[count_ - 2].kind != TokenKind::kMark &&
                             tokens_[count_ - 2].kind != TokenKind::kDash
                       : !kBytes.parts_words[static_cast<unsigned char>(body_[at - 1])]);
    const std::uint32_t next = at + width;
    const bool word_after =
        next < size && (is_word_byte(body_, next, size) ||
                        kBytes.leads_word[static_cast<unsigned char>(body_[next])] ||
                        static_cast<unsigned char>(body_[next]) >= 0x80);
    const bool space_before = at == 0 || body_[at - 1] == ' ' || body_[at - 1] == '\n';
    const bool space_after = next >= size || body_[next] == ' ' || body_[next] == '\n';
    switch (form) {
        case 'o': token.may_open = true; break;
        case 'c': token.may_close = true; break;
        case 'e': token.may_open = token.may_close = true; break;  // either: decided in pairs
        default:
            token.may_open = !word_before && !space_after;
            token.may_close = !space_before && (word_before || !word_after || space_after);
            if (!token.may_open && !token.may_close) token.may_open = token.may_close = true;
    }
    if (family == MarkFamily::kSingle || family == MarkFamily::kCurlySingle) {
        if (token.may_close && word_after && is_word_byte(body_, next, size))
            token.may_close = false;
        if (token.may_open && (word_before || space_after)) token.may_open = false;
        if (token.may_open && next < size && is_digit(static_cast<unsigned char>(body_[next]))) {
            token.may_open = form == 'o' && family == MarkFamily::kCurlySingle;
        }
    }
}

std::uint32_t Tokens::read_sign(std::uint32_t at, std::uint32_t end) noexcept {
    const auto c = static_cast<unsigned char>(body_[at]);
    const std::string_view three = body_.substr(at, 3);
    const auto sign = [&](TokenKind kind, std::uint32_t width) {
        Token& token = add_token();
        token.start = at;
        token.end = at + width;
        token.kind = kind;
        return at + width;
    };
    const auto mark = [&](MarkFamily family, std::uint32_t width, char form) {
        push_mark(at, width, family, form);
        return at + width;
    };
    switch (c) {
        case '"': return mark(MarkFamily::kStraight, 1, 'n');
        case '`':
            if (three.starts_with("``")) return mark(MarkFamily::kTwoSingles, 2, 'o');
            return sign(TokenKind::kOther, 1);
        case '\'':
            if (three.starts_with("''")) return mark(MarkFamily::kTwoSingles, 2, 'n');
            return mark(MarkFamily::kSingle, 1, 'n');
        default: break;
    }
    const auto width = static_cast<std::uint32_t>(sequence_bytes(c));
    if (at + width > end) return sign(TokenKind::kOther, 1);
    if (three.starts_with("«")) return mark(MarkFamily::kGuillemet, 2, 'e');
    if (three.starts_with("»")) return mark(MarkFamily::kGuillemet, 2, 'e');
    if (three.starts_with("\u00a0")) return at + 2;
    if (three == "“") return mark(MarkFamily::kCurly, 3, 'e');
    if (three == "”") return mark(MarkFamily::kCurly, 3, 'e');
    if (three == "„") return mark(MarkFamily::kCurly, 3, 'o');
    if (three == "‘") return mark(MarkFamily::kCurlySingle, 3, 'e');
    if (three == "’") return mark(MarkFamily::kCurlySingle, 3, 'c');
    if (three == "‚") return mark(MarkFamily::kCurlySingle, 3, 'o');
    if (three == "‹" || three == "›") return mark(MarkFamily::kSingleAngle, 3, 'e');
    if (three == "…") return sign(TokenKind::kStop, 3);
    if (three == "–" || three == "—" || three == "―") {
        has_dash_ = true;
        return sign(TokenKind::kDash, 3);
    }
    return sign(TokenKind::kOther, width);
}

}  // namespace newsmill
