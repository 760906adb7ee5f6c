// A body cut into tokens, and its paragraphs: the ground that quotes and speakers are found on.
//
// One pass, linear. Offsets are bytes of the body. The vectors keep their capacity between
// articles. One thread.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "stages/quotes/cue_lexicon.hpp"

namespace newsmill {

enum class TokenKind : std::uint8_t {
    kWord,
    kNumber,
    kMark,  // a quotation mark; or an apostrophe that stands where a mark may
    kComma,
    kStop,  // . ! ? …
    kColon,
    kDash,   // also a semicolon: what parts clauses
    kParen,  // any bracket
    kOther,
};

// Which marks pair with each other.
enum class MarkFamily : std::uint8_t {
    kStraight,     // "
    kCurly,        // “ ” „
    kGuillemet,    // « »
    kTwoSingles,   // '' ``
    kSingle,       // '
    kCurlySingle,  // ‘ ’ ‚
    kSingleAngle,  // ‹ ›
};

constexpr bool is_single(MarkFamily family) noexcept {
    return family == MarkFamily::kSingle || family == MarkFamily::kCurlySingle;
}

struct Token {
    std::uint64_t classes = 0;  // of WordClass
    std::uint32_t start = 0;
    std::uint32_t end = 0;
    TokenKind kind = TokenKind::kWord;
    MarkFamily family = MarkFamily::kStraight;
    bool capital = false;   // a word that starts with a capital letter
    bool upper = false;     // a word of two letters or more, all capital
    bool genitive = false;  // followed by 's, which belongs to no token
    bool may_open = false;  // marks, by their neighbours and their form
    bool may_close = false;
    bool has(std::uint64_t any) const noexcept { return (classes & any) != 0; }
};

struct Paragraph {
    std::uint32_t start = 0;  // bytes
    std::uint32_t end = 0;
    std::uint32_t first = 0;  // tokens, half-open
    std::uint32_t last = 0;
    bool has_mark = false;
};

class Tokens {
   public:
    void read(std::string_view body, const CueLexicon& lexicon) noexcept;

    bool nouns_are_capital() const noexcept { return lexicon_->nouns_are_capital(); }
    bool reads_clauses() const noexcept { return lexicon_->reads_clauses(); }
    std::string_view body() const noexcept { return body_; }
    std::span<const Token> all() const noexcept { return {tokens_.data(), count_}; }
    const Token& operator[](std::size_t i) const noexcept { return tokens_[i]; }
    const std::vector<Paragraph>& paragraphs() const noexcept { return paragraphs_; }
    bool has_colon() const noexcept { return has_colon_; }
    // A long dash, or two hyphens.
    bool has_dash() const noexcept { return has_dash_; }
    std::string_view text(std::uint32_t start, std::uint32_t end) const noexcept {
        return body_.substr(start, end - start);
    }
    std::string_view text(const Token& token) const noexcept {
        return text(token.start, token.end);
    }

    // The classes of a phrase, its spaces as hyphens: "head of state" is listed as one word.
    std::uint64_t phrase_classes(std::string_view phrase) const noexcept;
    // Whether a token is, or ends in, a literal: compared in place, where a view would call memcmp.
    template <std::size_t N>
    bool is(const Token& token, const char (&word)[N]) const noexcept {
        return token.end - token.start == N - 1 &&
               std::memcmp(body_.data() + token.start, word, N - 1) == 0;
    }
    template <std::size_t N>
    bool ends_in(const Token& token, const char (&tail)[N]) const noexcept {
        return token.end - token.start >= N - 1 &&
               std::memcmp(body_.data() + token.end - (N - 1), tail, N - 1) == 0;
    }

    // What the largest body so far made it keep.
    std::size_t tokens_room() const noexcept { return room_; }

   private:
    void find_small_letters() noexcept;
    void read_paragraph(std::uint32_t start, std::uint32_t end) noexcept;
    std::uint32_t read_plain_words(std::uint32_t at, std::uint32_t end) noexcept;
    std::uint32_t read_plain_word(std::uint32_t at, std::uint32_t end) noexcept;
    std::uint32_t read_word(std::uint32_t at, std::uint32_t end) noexcept;
    std::uint32_t joint_bytes(std::uint32_t at, std::uint32_t end, bool any_letter,
                              std::uint32_t letters) const noexcept;
    bool is_genitive(std::uint32_t at, std::uint32_t end) const noexcept;
    std::uint32_t read_sign(std::uint32_t at, std::uint32_t end) noexcept;
    void push_mark(std::uint32_t at, std::uint32_t width, MarkFamily family, char form) noexcept;

    // A new token, to be filled where it stands: copying one that was just written piece by piece
    // stalls the processor, and cost more than all the rest of a word.
    Token& add_token() noexcept {
        if (count_ == room_) {
            room_ = 2 * count_ + 256;
            tokens_.resize(room_);
        }
        return *std::construct_at(&tokens_[count_++]);
    }

    std::string_view body_;
    const CueLexicon* lexicon_ = nullptr;
    // Only grows, so that a body costs no initialising; the first count_ are the body's.
    std::vector<Token> tokens_;
    std::uint32_t count_ = 0;
    std::uint32_t room_ = 0;                    // tokens_.size(), which is a division
    std::vector<std::uint64_t> small_letters_;  // a bit for each byte that is one of a-z
    std::vector<Paragraph> paragraphs_;
    std::uint32_t mark_count_ = 0;
    bool has_colon_ = false;
    bool has_dash_ = false;
};

}  // namespace newsmill
