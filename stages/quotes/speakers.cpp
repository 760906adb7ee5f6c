#include "stages/quotes/speakers.hpp"

#include <algorithm>

namespace newsmill {
namespace {

using Kind = Mention::Kind;

constexpr std::uint32_t kPhraseTokensMax = 14;
constexpr std::uint32_t kAppositionTokensMax = 22;
constexpr std::size_t kPeopleMax = 128;  // bounds the search; later names resolve to themselves

bool is_word(const Tokens& tokens, std::uint32_t at) noexcept {
    return at < tokens.all().size() && tokens[at].kind == TokenKind::kWord;
}
bool is_kind(const Tokens& tokens, std::uint32_t at, TokenKind kind) noexcept {
    return at < tokens.all().size() && tokens[at].kind == kind;
}
bool is_lower_word(const Tokens& tokens, std::uint32_t at) noexcept {
    return is_word(tokens, at) && !tokens[at].capital;
}
// "Mr", "Frau": no role.
bool is_courtesy(const Token& token) noexcept {
    return token.has(kTitle) && !token.has(kPerson) && token.end - token.start <= 5;
}
// Parts a name that carries on: "Department of Justice".
bool is_joiner(const Tokens& tokens, std::uint32_t at) noexcept {
    if (!is_lower_word(tokens, at) || !tokens[at].has(kPreposition | kParticle)) return false;
    const Token& token = tokens[at];
    return tokens.is(token, "of") || tokens.is(token, "for") || tokens.is(token, "on");
}
bool ends_noun_phrase(const Token& token) noexcept {
    return token.kind != TokenKind::kWord ||
           (!token.capital && token.has(kAnyCue | kConjunction | kAnyPronoun) &&
            !token.has(kPerson | kDeterminer));
}

Kind pronoun_kind(const Token& token) noexcept {
    if (token.has(kHe)) return Kind::kHe;
    if (token.has(kShe)) return Kind::kShe;
    return token.has(kPronoun) ? Kind::kPronoun : Kind::kNone;
}

Kind gender_of(const Token& token) noexcept {
    const bool male = token.has(kMale);
    return male == token.has(kFemale) ? Kind::kNone : (male ? Kind::kHe : Kind::kShe);
}

Span span_of(const Tokens& tokens, std::uint32_t first, std::uint32_t last) noexcept {
    return {tokens[first].start, tokens[last].end};
}

// Whether `role` is, or ends in, the one word `wanted`; ASCII case does not matter. `in_compound`:
// "Ministerin" is the end of "Verkehrsministerin".
bool same_last_word(std::string_view role, std::string_view wanted, bool in_compound) noexcept {
    if (wanted.empty() || role.size() < wanted.size()) return false;
    const std::size_t at = role.size() - wanted.size();
    if (at > 0 && role[at - 1] != ' ' && !in_compound) return false;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        const auto a = static_cast<unsigned char>(role[at + i]);
        const auto b = static_cast<unsigned char>(wanted[i]);
        if (a != b && ((a ^ b) != 0x20 || (a | 0x20) < 'a' || (a | 0x20) > 'z')) return false;
    }
    return true;
}

// Equal for equal names, and rarely for others: the size and three letters.
std::uint32_t key_of(std::string_view name) noexcept {
    if (name.empty()) return 0;
    const auto letter = [&](std::size_t i) {
        return std::uint32_t{static_cast<unsigned char>(name[i])};
    };
    const std::size_t size = name.size();
    return static_cast<std::uint32_t>(size) << 24 | letter(0) << 16 | letter(size / 2) << 8 |
           letter(size - 1);
}

// "Ecologist", "Forecaster": what somebody does, by the form of the word.
bool is_trade(std::string_view word) noexcept {
    return word.size() >= 7 && (word.ends_with("ist") || word.ends_with("er") ||
                                word.ends_with("or") || word.ends_with("ian"));
}

// Cuts the titles off a run of capital words [first, last].
Mention split_titles(const Tokens& tokens, std::uint32_t first, std::uint32_t last) noexcept {
    Mention mention;
    mention.first = first;
    mention.end = last + 1;
    std::uint32_t name = first;
    while (name < last && tokens[name].has(kNation | kTitle | kPerson)) ++name;
    if (name == first && last >= first + 2 && gender_of(tokens[first + 1]) != Kind::kNone &&
        is_trade(tokens.text(tokens[first])) && gender_of(tokens[first]) == Kind::kNone) {
        ++name;
    }
    for (std::uint32_t i = name; i < last; ++i) {
        if (tokens[i].has(kTitle) && gender_of(tokens[name]) == Kind::kNone) name = i + 1;
    }
    for (std::uint32_t i = first; i <= last && mention.gender == Kind::kNone; ++i) {
        mention.gender = i <= name ? gender_of(tokens[i]) : Kind::kNone;
    }
    const bool only_titles = name == last && tokens[last].has(kTitle | kPerson | kNation) &&
                             (first == last || tokens[last - 1].has(kTitle | kNation)) &&
                             !(first < last && is_courtesy(tokens[last - 1]));
    if (only_titles) {
        mention.kind = Kind::kNoun;
        mention.span = mention.role = span_of(tokens, first, last);
        return mention;
    }
    mention.kind = Kind::kName;
    mention.span = span_of(tokens, name, last);
    std::uint32_t role = first;
    while (role < name && is_courtesy(tokens[role]) &&
           (gender_of(tokens[role]) != Kind::kNone || role + 1 == name ||
            !tokens[role + 1].has(kTitle | kPerson))) {  // "Prime Minister" stays whole
        ++role;
    }
    std::uint32_t role_end = name;
    while (role_end > role && is_courtesy(tokens[role_end - 1])) --role_end;
    const bool nation_only = role_end == role + 1 && tokens[role].has(kNation);
    if (role < role_end && !nation_only) mention.role = span_of(tokens, role, role_end - 1);
    return mention;
}

// The particles of a name that end before `end`: one ("de"), or two ("von der", "de la").
std::uint32_t particles_before(const Tokens& tokens, std::uint32_t low,
                               std::uint32_t end) noexcept {
    if (end > low + 1 && is_lower_word(tokens, end - 1) && tokens[end - 1].has(kParticle)) {
        const bool two = is_lower_word(tokens, end - 2) && tokens[end - 2].has(kParticle);
        return two ? 2 : 1;
    }
    return end > low + 2 && is_lower_word(tokens, end - 1) && tokens[end - 1].has(kDeterminer) &&
                   is_lower_word(tokens, end - 2) && tokens[end - 2].has(kParticle)
               ? 2
               : 0;
}
std::uint32_t particles_after(const Tokens& tokens, std::uint32_t first,
                              std::uint32_t bound) noexcept {
    if (first + 1 >= bound || !is_lower_word(tokens, first) || !tokens[first].has(kParticle)) {
        return 0;
    }
    const bool two = first + 2 < bound && is_lower_word(tokens, first + 1) &&
                     tokens[first + 1].has(kParticle | kDeterminer);
    return two ? 2 : 1;
}

// Extends a run of name tokens from `last` to the left.
std::uint32_t run_start(const Tokens& tokens, std::uint32_t low, std::uint32_t last) noexcept {
    std::uint32_t first = last;
    while (first > low && last - first < kPhraseTokensMax) {
        const std::uint32_t before = first - 1;
        // "Harbor Workers' Union"
        if (before > low && tokens[first].has(kPerson) &&
            is_kind(tokens, before, TokenKind::kMark) && is_single(tokens[before].family) &&
            tokens[before].start == tokens[before - 1].end &&
            tokens.ends_in(tokens[before - 1], "s") && is_name_token(tokens, before - 1)) {
            first = before - 1;
            continue;
        }
        if (!is_word(tokens, before) || tokens[before].genitive) break;
        if (is_name_token(tokens, before)) {
            first = before;
            continue;
        }
        const std::uint32_t particles = particles_before(tokens, low, first);
        if (particles == 0 || first < low + particles + 1) break;
        const std::uint32_t name = first - particles - 1;
        if (!is_name_token(tokens, name) || tokens[name].genitive ||
            tokens[name].has(kTitle | kPerson)) {
            break;
        }
        first = name;
    }
    return first;
}

std::uint32_t run_end(const Tokens& tokens, std::uint32_t first, std::uint32_t bound) noexcept {
    std::uint32_t last = first;
    while (last + 1 < bound && !tokens[last].genitive && last - first < kPhraseTokensMax) {
        if (is_name_token(tokens, last + 1)) {
            ++last;
            continue;
        }
        const std::uint32_t particles = particles_after(tokens, last + 1, bound);
        const std::uint32_t name = last + particles + 1;
        if (particles == 0 || name >= bound || tokens[last].has(kTitle | kPerson) ||
            !is_name_token(tokens, name)) {
            break;
        }
        last = name;
    }
    return last;
}

// A role before a name, in small letters: "ministry spokeswoman Jane Doe".
void take_role_before(const Tokens& tokens, std::uint32_t low, Mention& mention) noexcept {
    std::uint32_t at = mention.first;
    if (at <= low || !is_lower_word(tokens, at - 1) || !tokens[at - 1].has(kPerson | kTitle))
        return;
    int modifiers = 0;  // "law professor": words before a noun, not before "former"
    while (at > low && mention.first - at < 6 && is_word(tokens, at - 1) &&
           !tokens[at - 1].genitive && !ends_noun_phrase(tokens[at - 1]) &&
           !tokens[at - 1].has(kDeterminer | kPreposition | kSkip | kConjunction | kStop)) {
        const bool known = tokens[at - 1].has(kPerson | kTitle | kNation);
        if (!known && !tokens[at - 1].capital) {
            if (++modifiers > 2 || (modifiers == 1 && !tokens[at].has(kPerson))) break;
        }
        --at;
    }
    if (at == mention.first) return;
    mention.role.start = tokens[at].start;
    if (mention.role.end == 0) mention.role.end = tokens[mention.first - 1].end;
    mention.first = at;
}

// A role after a name: ", the finance minister,".
void take_role_after(const Tokens& tokens, std::uint32_t bound, Mention& mention) noexcept {
    std::uint32_t at = mention.end;
    if (at + 1 >= bound || !is_kind(tokens, at, TokenKind::kComma)) return;
    std::uint32_t first = at + 1;
    if (is_kind(tokens, first, TokenKind::kNumber) &&
        is_kind(tokens, first + 1, TokenKind::kComma)) {
        first += 2;  // an age
    }
    if (first >= bound) return;
    if (tokens[first].has(kDeterminer)) ++first;
    bool says_role = false;
    std::uint32_t end = first;
    while (end < bound && end - first < kAppositionTokensMax && is_word(tokens, end)) {
        if (!tokens[end].capital && tokens[end].has(kAnyCue | kAnyPronoun) &&
            !tokens[end].has(kPerson)) {
            break;
        }
        if (tokens[end].has(kConjunction) && end - first < 1) return;
        if (end - first < 6 && tokens[end].has(kPerson | kTitle)) says_role = true;
        ++end;
    }
    if (!says_role || end == first) return;
    if (end < bound && is_word(tokens, end)) return;  // ran into a verb: a clause, no apposition
    if (mention.role.end == 0) mention.role = span_of(tokens, first, end - 1);
    mention.end = end < bound && is_kind(tokens, end, TokenKind::kComma) ? end + 1 : end;
}

Mention noun_ending(const Tokens& tokens, std::uint32_t low, std::uint32_t last) noexcept {
    std::uint32_t first = last;
    bool after_preposition = false;
    while (last - first < kPhraseTokensMax) {
        const Token& token = tokens[first];
        const bool starts = token.has(kDeterminer) && !token.has(kPreposition);
        if (starts) {
            after_preposition = first > low && is_word(tokens, first - 1) &&
                                (tokens[first - 1].has(kPreposition) ||
                                 (tokens.nouns_are_capital() && tokens[first - 1].capital &&
                                  tokens[first - 1].has(kPerson)));
            if (!after_preposition) break;
        }
        if (first == low || ends_noun_phrase(tokens[first - 1])) break;
        --first;
    }
    while (first < last && tokens[first].has(kPreposition | kSkip | kStop) &&
           !tokens[first].has(kDeterminer)) {
        ++first;
    }
    Mention mention;
    if (!is_word(tokens, last) || tokens[last].has(kPreposition | kConjunction)) return mention;
    mention.kind = Kind::kNoun;
    mention.first = first;
    mention.end = last + 1;
    mention.span = span_of(tokens, first, last);
    return mention;
}

// A noun phrase from `first` on: its head, then "of …", "for …" as far as it is plain.
Mention noun_starting(const Tokens& tokens, std::uint32_t first, std::uint32_t bound) noexcept {
    Mention mention;
    std::uint32_t end = first;
    if (end < bound && tokens[end].has(kDeterminer)) ++end;
    const std::uint32_t head = end;
    bool person = false;
    while (end < bound && end - first < kPhraseTokensMax && is_word(tokens, end)) {
        const Token& token = tokens[end];
        // "лидер оппозиции Пётр Краг"
        if (person && !tokens.reads_clauses() && end > head && is_name_token(tokens, end) &&
            !tokens[end - 1].capital && !tokens[end - 1].has(kPreposition | kDeterminer)) {
            mention = split_titles(tokens, end, run_end(tokens, end, bound));
            if (mention.kind == Kind::kName) mention.role = span_of(tokens, head, end - 1);
            mention.first = first;
            return mention;
        }
        if (!token.capital && end > head && token.has(kAnyCue) && !token.has(kPerson)) break;
        if (token.has(kSkip) && !token.has(kDeterminer | kTitle)) break;
        if (token.has(kConjunction | kAnyPronoun)) break;
        if (token.has(kTime) && person) break;
        if (tokens.nouns_are_capital() && end > head && token.has(kPreposition) &&
            !tokens.is(token, "für") && !tokens.is(token, "vom")) {
            break;
        }
        if (person && token.has(kPreposition) && !tokens.reads_clauses() && !token.has(kParticle)) {
            break;  // "dijo la ministra a los periodistas"
        }
        if (person && token.has(kPreposition)) {
            const bool place = tokens.is(token, "in") || tokens.is(token, "on") ||
                               tokens.is(token, "to") || tokens.is(token, "by");
            if (place) break;
        }
        person = person || token.has(kPerson | kTitle);
        ++end;
    }
    while (end > head && tokens[end - 1].has(kPreposition | kDeterminer)) --end;
    if (end == head) return mention;
    mention.kind = Kind::kNoun;
    mention.first = first;
    mention.end = end;
    mention.span = span_of(tokens, first, end - 1);
    // "the minister, Marie Dupont,"
    if (person && end + 2 < bound && is_kind(tokens, end, TokenKind::kComma) &&
        is_name_token(tokens, end + 1) && is_name_token(tokens, end + 2)) {
        const std::uint32_t last = run_end(tokens, end + 1, bound);
        if (last + 1 >= bound || !is_word(tokens, last + 1)) {
            const Span role = span_of(tokens, head, end - 1);
            mention = split_titles(tokens, end + 1, last);
            if (mention.kind == Kind::kName) mention.role = role;
            mention.first = first;
        }
    }
    return mention;
}

}  // namespace

Mention phrase_ending(const Tokens& tokens, std::uint32_t low, std::uint32_t last) noexcept {
    Mention none;
    if (last < low || !is_word(tokens, last)) return none;
    const Token& token = tokens[last];
    const Kind pronoun = pronoun_kind(token);
    if (pronoun != Kind::kNone && !tokens.is(token, "who")) {
        return {pronoun, span_of(tokens, last, last), {}, last, last + 1, Kind::kNone, {}};
    }
    if (!is_name_token(tokens, last)) return noun_ending(tokens, low, last);
    const std::uint32_t first = run_start(tokens, low, last);
    if (tokens.nouns_are_capital() && first == last && first > low &&
        tokens[first - 1].has(kDeterminer)) {
        return noun_ending(tokens, low, last);
    }
    if (first > low + 1 && is_joiner(tokens, first - 1) && is_name_token(tokens, first - 2)) {
        // "Department of Justice", "President of Belarus".
        const std::uint32_t head = run_start(tokens, low, first - 2);
        const bool is_person = gender_of(tokens[head]) != Kind::kNone && head + 1 < first - 1;
        if (is_person) return split_titles(tokens, head, first - 2);
        if (tokens[first - 2].has(kTitle | kPerson)) return noun_ending(tokens, low, last);
        return {Kind::kName, span_of(tokens, head, last), {}, head, last + 1, Kind::kNone, {}};
    }
    if (first > low && is_word(tokens, first - 1) && !tokens[first - 1].capital &&
        tokens[first - 1].has(kPreposition)) {
        const Mention head = first - 1 > low ? phrase_ending(tokens, low, first - 2) : none;
        if (head.kind == Kind::kName) return head;
        if (head.kind == Kind::kNoun) {
            return {Kind::kNoun, span_of(tokens, head.first, last),
                    {},          head.first,
                    last + 1,    Kind::kNone,
                    {}};
        }
    }
    Mention mention = split_titles(tokens, first, last);
    if (mention.kind == Kind::kName) {
        take_role_before(tokens, low, mention);
    } else {
        const Mention noun = noun_ending(tokens, low, last);
        if (noun) return noun;
    }
    return mention;
}

Mention phrase_starting(const Tokens& tokens, std::uint32_t first, std::uint32_t bound) noexcept {
    Mention none;
    for (int i = 0; i < 3 && first + 1 < bound && first < tokens.all().size() &&
                    (is_kind(tokens, first, TokenKind::kNumber) ||
                     (i > 0 && is_kind(tokens, first, TokenKind::kOther)));
         ++i) {
        ++first;  // "9/11 widow Jane Doe"
    }
    if (first >= bound || !is_word(tokens, first)) return none;
    const Token& token = tokens[first];
    const Kind pronoun = pronoun_kind(token);
    if (pronoun != Kind::kNone) {
        return {pronoun, span_of(tokens, first, first), {}, first, first + 1, Kind::kNone, {}};
    }
    // "said in a statement", "said Monday": no subject.
    if (token.has(kPreposition | kTime) && !token.has(kDeterminer | kTitle) &&
        !is_name_token(tokens, first)) {
        return none;
    }
    std::uint32_t at = first;
    const bool determined = token.has(kDeterminer) && !is_name_token(tokens, first);
    if (determined) ++at;
    // "a 2008 Reed veteran"
    if (determined && at + 1 < bound && is_kind(tokens, at, TokenKind::kNumber)) ++at;
    const std::uint32_t head = at;
    while (at < bound && at - head < 6 && is_lower_word(tokens, at) &&
           !ends_noun_phrase(tokens[at]) && !tokens[at].has(kPreposition | kSkip)) {
        ++at;
    }
    const bool role_before =
        at > head && tokens[at - 1].has(kPerson | kTitle) && !tokens[at - 1].genitive;
    if (at < bound && is_name_token(tokens, at) && (at == head || role_before)) {
        std::uint32_t last = run_end(tokens, at, bound);
        const bool all_titles = split_titles(tokens, at, last).kind == Kind::kNoun;
        if (last + 2 < bound && is_joiner(tokens, last + 1) && is_name_token(tokens, last + 2) &&
            !all_titles && gender_of(tokens[at]) == Kind::kNone) {
            last = run_end(tokens, last + 2, bound);
        }
        if (all_titles || tokens[last].genitive) return noun_starting(tokens, first, bound);
        Mention mention = split_titles(tokens, at, last);
        if (at > head) {
            mention.role.start = tokens[head].start;
            if (mention.role.end == 0) mention.role.end = tokens[at - 1].end;
        }
        mention.first = first;
        take_role_after(tokens, bound, mention);
        return mention;
    }
    return noun_starting(tokens, first, bound);
}

Mention subject_before(const Tokens& tokens, std::uint32_t low, std::uint32_t verb) noexcept {
    Mention none;
    std::uint32_t at = verb;
    const auto is_skipped = [&](std::uint32_t i) {
        if (!is_lower_word(tokens, i) || tokens[i].has(kAnyPronoun)) return false;
        return tokens[i].has(kSkip) || tokens.ends_in(tokens[i], "ly");
    };
    while (at > low && is_skipped(at - 1)) --at;
    if (at > low && is_kind(tokens, at - 1, TokenKind::kParen)) {
        for (std::uint32_t i = at - 1; i > low && at - i < kAppositionTokensMax; --i) {
            if (is_kind(tokens, i - 1, TokenKind::kParen))
                return subject_before(tokens, low, i - 1);
        }
        return none;
    }
    if (at <= low) return none;
    std::uint32_t last = at - 1;
    if (tokens[last].kind == TokenKind::kComma || tokens[last].kind == TokenKind::kDash) {
        // Back over one apposition or relative clause, and over those before it.
        Mention inner = last > low ? phrase_ending(tokens, low, last - 1) : none;
        std::uint32_t i = last;
        for (int hops = 0; hops < 3; ++hops) {
            const std::uint32_t close = i;
            do {
                if (i <= low || close - i > kAppositionTokensMax) return inner;
                --i;
            } while (tokens[i].kind != TokenKind::kComma && tokens[i].kind != TokenKind::kDash);
            if (i <= low) return inner;
            Mention head = phrase_ending(tokens, low, i - 1);
            if (!head) continue;
            if (head.kind == Kind::kName) take_role_after(tokens, verb, head);
            if (head.kind == Kind::kNoun && inner.kind == Kind::kName && inner.first == i + 1) {
                const bool determined = tokens[head.first].has(kDeterminer);
                inner.role =
                    determined ? Span{tokens[head.first + 1].start, head.span.end} : head.span;
                inner.first = head.first;  // "his wife, Marit,"
                return inner;
            }
            return head;
        }
        return inner;
    }
    if (is_word(tokens, last) && tokens.is(tokens[last], "who") && last > low + 1) {
        const bool comma = is_kind(tokens, last - 1, TokenKind::kComma);
        Mention antecedent = phrase_ending(tokens, low, last - (comma ? 2 : 1));
        antecedent.relative = span_of(tokens, last, last);
        return antecedent;
    }
    return phrase_ending(tokens, low, last);
}

Mention main_subject(const Tokens& tokens, std::uint32_t low, std::uint32_t bound) noexcept {
    std::uint32_t at = low;
    for (int hops = 0; hops < 3 && at < bound; ++hops) {
        while (at < bound && (tokens[at].kind != TokenKind::kWord ||
                              (tokens[at].has(kStop) &&
                               !tokens[at].has(kDeterminer | kAnyPronoun | kPreposition)))) {
            ++at;
        }
        if (at >= bound) return {};
        const Token& token = tokens[at];
        const bool subordinate = token.has(kPreposition | kConjunction | kParticiple | kTime) &&
                                 !token.has(kAnyPronoun | kDeterminer) && !(token.has(kNation));
        if (!subordinate) return phrase_starting(tokens, at, bound);
        if (token.has(kConjunction) && at + 1 < bound && at == low &&
            (tokens.text(token).size() <= 3)) {  // "And", "But"
            ++at;
            continue;
        }
        while (at < bound && tokens[at].kind != TokenKind::kComma) ++at;
        ++at;
    }
    return {};
}

namespace {

// "Dahl's spokesman, Emil Lund,": the noun before the comma says what the person does.
void take_role_before_comma(const Tokens& tokens, std::uint32_t low, Mention& mention) noexcept {
    const std::uint32_t comma = mention.first;
    if (mention.role.end != 0 || comma < low + 3 || tokens[comma - 1].kind != TokenKind::kComma)
        return;
    const bool ends = mention.end >= tokens.all().size() || !is_word(tokens, mention.end);
    if (!ends) return;
    const std::uint32_t noun = comma - 2;
    for (std::uint32_t at = noun; at > low && noun - at < 6 && is_word(tokens, at); --at) {
        if (tokens[at].capital || !tokens[at].has(kPerson | kTitle)) continue;
        const Token& before = tokens[at - 1];
        if (!before.genitive && !before.has(kDeterminer | kHis | kHer)) continue;
        mention.role = span_of(tokens, at, noun);
        return;
    }
}

}  // namespace

void People::read(const Tokens& tokens, const std::vector<std::uint8_t>& quoted) noexcept {
    people_.clear();
    name_keys_.clear();
    last_keys_.clear();
    sightings_.clear();
    const Token* const all = tokens.all().data();
    for (const Paragraph& paragraph : tokens.paragraphs()) {
        for (std::uint32_t at = paragraph.first; at < paragraph.last; ++at) {
            if (!all[at].capital || !is_name_token(tokens, at)) continue;
            const std::uint32_t last = run_end(tokens, at, paragraph.last);
            Mention mention = split_titles(tokens, at, last);
            if (mention.kind == Kind::kName) {
                take_role_before(tokens, paragraph.first, mention);
                take_role_before_comma(tokens, paragraph.first, mention);
                take_role_after(tokens, paragraph.last, mention);
                see(tokens, mention, quoted[at] != 0);
            }
            at = last;
        }
    }
}

// The index of the person whom a full name or a surname meant last; people_.size() if nobody.
std::size_t People::latest_of_name(std::string_view name, std::string_view last,
                                   bool full) const noexcept {
    const std::uint32_t key = key_of(full ? name : last);
    const auto& keys = full ? name_keys_ : last_keys_;
    for (std::size_t i = keys.size(); i > 0; --i) {
        if (keys[i - 1] != key) continue;
        const Person& person = people_[i - 1];
        if (full ? person.name == name : person.last == last) return i - 1;
    }
    return people_.size();
}

void People::take_office(const Tokens& tokens, const Mention& mention, Person& person) noexcept {
    person.role = tokens.text(mention.role.start, mention.role.end);
    std::uint32_t at = mention.first;
    while (at > 0 && tokens[at - 1].start >= mention.role.start) --at;
    while (at < mention.end && tokens[at].start < mention.role.start) ++at;
    std::uint32_t end = mention.role.start;
    for (; at < mention.end && tokens[at].end <= mention.role.end; ++at) {
        if (tokens[at].has(kPreposition) && !tokens[at].capital && end > mention.role.start) break;
        person.office_classes |= tokens[at].classes;
        end = tokens[at].end;
    }
    person.office = tokens.text(mention.role.start, end);
}

void People::see(const Tokens& tokens, const Mention& mention, bool in_quote) noexcept {
    const std::string_view name = tokens.text(mention.span.start, mention.span.end);
    const auto space = name.find_last_of(' ');
    const std::string_view last = space == name.npos ? name : name.substr(space + 1);
    const bool full = space != name.npos;
    const std::size_t index = latest_of_name(name, last, full);
    const std::uint32_t name_end = mention.end;
    const bool by_cue = (name_end < tokens.all().size() && !tokens[name_end].capital &&
                         tokens[name_end].has(kCue)) ||
                        (mention.first > 0 && !tokens[mention.first - 1].capital &&
                         tokens[mention.first - 1].has(kCue));
    const bool titled = tokens[mention.first].start < mention.span.start;
    const bool certain = mention.gender != Kind::kNone || mention.role.end != 0 || by_cue || titled;
    if (index == people_.size()) {
        if (people_.size() >= kPeopleMax || (!full && !certain)) return;
        people_.push_back(
            {name, last, {}, {}, 0, mention.first, mention.span, 0, Kind::kNone, false, full});
        name_keys_.push_back(key_of(name));
        last_keys_.push_back(key_of(last));
    }
    Person& person = people_[index];
    ++person.seen;
    if (person.gender == Kind::kNone) person.gender = mention.gender;
    if (person.role.empty() && mention.role.end != 0) {
        take_office(tokens, mention, person);
    }
    person.certain = person.certain || certain;
    if (!in_quote) sightings_.push_back({static_cast<std::uint32_t>(index), mention.first});
}

const People::Person* People::find(std::string_view name, std::uint32_t token,
                                   Kind gender) const noexcept {
    const Person* found = nullptr;
    const bool full = name.find(' ') != name.npos;
    for (const Person& person : people_) {
        if (person.first_token > token) break;
        if (full ? person.name != name : (person.last != name || !person.full)) continue;
        if (!full && gender != Kind::kNone && person.gender != Kind::kNone &&
            person.gender != gender) {
            continue;
        }
        if (found != nullptr) return nullptr;  // two of that name
        found = &person;
    }
    return found;
}

const People::Person* People::antecedent(const Tokens& tokens, Kind gender, std::uint32_t token,
                                         std::uint32_t paragraph) const noexcept {
    auto at = std::lower_bound(sightings_.begin(), sightings_.end(), token,
                               [](const Sighting& s, std::uint32_t t) { return s.token < t; });
    const Person* found = nullptr;
    std::uint32_t current = paragraph;
    for (int steps = 0; at != sightings_.begin() && steps < 64; ++steps) {
        --at;
        while (current > 0 && at->token < tokens.paragraphs()[current].first) {
            if (found != nullptr) return found;  // the nearest paragraph that names somebody
            --current;
            if (paragraph - current > 3) return nullptr;
        }
        const Person& person = people_[at->person];
        if (tokens.nouns_are_capital() && !person.full && person.gender == Kind::kNone) continue;
        if (!person.certain || (person.gender != Kind::kNone && person.gender != gender)) continue;
        if (found != nullptr && found != &person) return nullptr;
        found = &person;
    }
    return found;
}

const People::Person* People::by_role(const Tokens& tokens, std::string_view role,
                                      std::uint32_t token) const noexcept {
    const std::uint64_t wanted = tokens.phrase_classes(role);
    std::uint64_t offices = 0;
    if ((wanted & kAnyState) != 0) offices |= kState;
    if ((wanted & kAnyGovernment) != 0) offices |= kGovernment;
    const bool compounds = tokens.nouns_are_capital();
    const Person* found = nullptr;
    for (const Person& person : people_) {
        if (person.first_token > token) break;
        if (!person.full) continue;
        const bool holds = (person.office_classes & offices) != 0 ||
                           same_last_word(person.role, role, compounds) ||
                           same_last_word(person.office, role, compounds);
        // "Vice President Jane Doe" is not "the president".
        if (!holds ||
            ((person.office_classes & kLesser) != 0 && person.role.size() > role.size())) {
            continue;
        }
        if (found != nullptr) return nullptr;
        found = &person;
    }
    return found;
}

const People::Person* People::by_initials(std::string_view initials,
                                          std::uint32_t token) const noexcept {
    const Person* found = nullptr;
    if (initials.size() < 2 || initials.size() > 3) return nullptr;
    for (const Person& person : people_) {
        if (person.first_token > token) break;
        std::size_t at = 0;
        bool fits = person.full;
        for (std::size_t i = 0; i < person.name.size() && fits; ++i) {
            if (i > 0 && person.name[i - 1] != ' ') continue;
            fits = at < initials.size() && person.name[i] == initials[at];
            ++at;
        }
        if (!fits || at != initials.size()) continue;
        if (found != nullptr) return nullptr;
        found = &person;
    }
    return found;
}

Mention People::introduced_before(std::uint32_t token) const noexcept {
    const Person* found = nullptr;
    for (const Person& person : people_) {
        if (person.first_token >= token) break;
        if (!person.full || (!person.certain && person.seen < 2)) continue;
        if (found != nullptr) return {};
        found = &person;
    }
    if (found == nullptr) return {};
    Mention mention;
    mention.kind = Kind::kName;
    mention.span = found->span;
    mention.first = found->first_token;
    mention.end = found->first_token + 1;
    return mention;
}

bool People::is_known(std::string_view name) const noexcept {
    return std::any_of(people_.begin(), people_.end(), [&](const Person& person) {
        return person.name == name || person.last == name;
    });
}

}  // namespace newsmill
