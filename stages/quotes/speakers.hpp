// Finds who is named at a place of a text: noun phrases that end or start at a token, their
// titles and roles, and the people that a body has introduced.
//
// No parser: capital letters, the lexicon's word classes and punctuation decide. All spans are
// bytes of the body; all names and roles are views of it. One thread.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "pipeline/batch.hpp"
#include "stages/quotes/marks.hpp"
#include "stages/quotes/tokens.hpp"

namespace newsmill {

struct Mention {
    enum class Kind : std::uint8_t { kNone, kName, kHe, kShe, kPronoun, kNoun };
    Kind kind = Kind::kNone;
    Span span;                  // the name without titles, the pronoun, or the noun phrase
    Span role;                  // "finance minister"; empty if not said here
    std::uint32_t first = 0;    // the token where the phrase starts, titles and all
    std::uint32_t end = 0;      // one past its last token, apposition and all
    Kind gender = Kind::kNone;  // kHe or kShe, by a title or a first name
    Span relative;              // the "who" that stands for it beside the verb; empty if none
    explicit operator bool() const noexcept { return kind != Kind::kNone; }
};

// May this token be part of a name?
inline bool is_name_token(const Tokens& tokens, std::uint32_t at) noexcept {
    if (at >= tokens.all().size()) return false;
    const Token& token = tokens[at];
    if (token.kind != TokenKind::kWord || !token.capital) return false;
    if (!token.has(kNotName)) return true;
    if (token.has(kTitle | kNation) && !token.has(kDeterminer)) return true;
    // "Theresa May", "Minister Will": a first name or a title turns such a word into a name.
    if (at == 0 || token.has(kAnyPronoun)) return false;
    const Token& before = tokens[at - 1];
    return before.kind == TokenKind::kWord && before.capital &&
           before.has(kMale | kFemale | kTitle);
}

// The phrase whose last token is `last`, no further left than `low`.
Mention phrase_ending(const Tokens& tokens, std::uint32_t low, std::uint32_t last) noexcept;

// The phrase that starts at `first`, before `bound`.
Mention phrase_starting(const Tokens& tokens, std::uint32_t first, std::uint32_t bound) noexcept;

// The subject of the verb at `verb`: looks left past auxiliaries, appositions and relative clauses,
// no further than `low`.
Mention subject_before(const Tokens& tokens, std::uint32_t low, std::uint32_t verb) noexcept;

// The first subject of the sentence that starts at `low`.
Mention main_subject(const Tokens& tokens, std::uint32_t low, std::uint32_t bound) noexcept;

// The people that a body names, in order.
class People {
   public:
    struct Person {
        std::string_view name;
        std::string_view last;
        std::string_view role;
        std::string_view office;           // the role without "of …"
        std::uint64_t office_classes = 0;  // of its words
        std::uint32_t first_token = 0;
        Span span;  // of the name, where it stands first
        std::uint32_t seen = 0;
        Mention::Kind gender = Mention::Kind::kNone;
        bool certain = false;  // something says that this is a person, not a place
        bool full = false;     // more than a surname
    };

    void read(const Tokens& tokens, const std::vector<std::uint8_t>& quoted) noexcept;

    // The full name (and role) of a named mention, as far as the body told it before `token`.
    const Person* find(std::string_view name, std::uint32_t token,
                       Mention::Kind gender) const noexcept;
    // Whom "he" or "she" at `token` means: the only one who fits, or nobody.
    const Person* antecedent(const Tokens& tokens, Mention::Kind gender, std::uint32_t token,
                             std::uint32_t paragraph) const noexcept;
    // The only person introduced with the role that "the bishop" or "the head of state" names; or
    // nobody.
    const Person* by_role(const Tokens& tokens, std::string_view role,
                          std::uint32_t token) const noexcept;
    bool is_known(std::string_view name) const noexcept;
    // The only person with these initials ("BC") named before `token`; or nobody.
    const Person* by_initials(std::string_view initials, std::uint32_t token) const noexcept;
    // The only person, in full, whom the text before `token` introduces; kNone if there are more.
    Mention introduced_before(std::uint32_t token) const noexcept;

   private:
    struct Sighting {
        std::uint32_t person;
        std::uint32_t token;
    };
    std::size_t latest_of_name(std::string_view name, std::string_view last,
                               bool full) const noexcept;
    static void take_office(const Tokens& tokens, const Mention& mention, Person& person) noexcept;
    void see(const Tokens& tokens, const Mention& mention, bool in_quote) noexcept;

    std::vector<Person> people_;
    // Of each person's name and surname, to pass over others without reading them.
    std::vector<std::uint32_t> name_keys_;
    std::vector<std::uint32_t> last_keys_;
    std::vector<Sighting> sightings_;  // outside quotation marks, by token
};

}  // namespace newsmill
