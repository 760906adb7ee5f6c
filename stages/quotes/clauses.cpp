#include "stages/quotes/clauses.hpp"

#include <algorithm>

namespace newsmill {
namespace {

bool is_name_noun_or_pronoun(const Token& token) noexcept {
    return token.has(kAnyPronoun | kPerson | kTitle) || token.capital;
}

}  // namespace

bool Clauses::is_cue(std::uint32_t at, std::uint64_t classes) const noexcept {
    const Tokens& tokens = *tokens_;
    const Token& token = tokens[at];
    if (token.kind != TokenKind::kWord || !token.has(classes)) return false;
    if (is_quoted(at)) return false;
    const bool starts = at == 0 || tokens[at - 1].kind != TokenKind::kWord;
    if (token.capital && !starts) return false;
    if (token.has(kPutIt) && (at + 1 >= tokens.all().size() || !tokens.is(tokens[at + 1], "it"))) {
        return false;
    }
    if (token.has(kAfterOnly)) {  // "„…“, so Jonas Berg"
        const bool parted = at > 0 && (tokens[at - 1].kind == TokenKind::kComma ||
                                       tokens[at - 1].kind == TokenKind::kMark ||
                                       tokens[at - 1].kind == TokenKind::kDash);
        return parted && !token.capital && at + 1 < tokens.all().size() &&
               (tokens[at + 1].capital || tokens[at + 1].has(kDeterminer));
    }
    if (starts) {
        return !token.has(kNoun) || at == 0 || tokens[at - 1].kind == TokenKind::kComma ||
               tokens[at - 1].kind == TokenKind::kMark;
    }
    const Token& last = tokens[at - 1];
    if (last.genitive) return false;
    if (last.has(kDeterminer) && (!last.has(kAnyPronoun | kPerson) || token.has(kNoun))) {
        return false;
    }
    if (last.has(kPreposition) && !last.has(kParticle) && !token.has(kParticiple)) {
        return tokens.is(last, "to") && !tokens.ends_in(token, "s") && !tokens.ends_in(token, "ed");
    }
    if (token.has(kNoun) && !tokens.nouns_are_capital()) {
        // "Republican claims", "recent calls": a noun after a word that no subject ends in.
        if (!is_name_noun_or_pronoun(last) && !last.has(kSkip | kConjunction)) {
            const bool plural = last.kind == TokenKind::kWord && tokens.ends_in(last, "s");
            const bool speaks =
                at + 1 < tokens.all().size() &&
                (tokens[at + 1].has(kThat) || tokens[at + 1].kind == TokenKind::kMark ||
                 tokens[at + 1].kind == TokenKind::kColon ||
                 tokens[at + 1].kind == TokenKind::kStop);
            if (!plural && !speaks && !tokens.is(last, "report")) return false;
        }
        if (last.has(kNation) && !last.has(kPerson)) return false;
        if (at + 1 < tokens.all().size()) {
            const Token& next = tokens[at + 1];
            if (tokens.is(next, "of") || next.has(kBe)) return false;
        }
    }
    return true;
}

bool Clauses::is_passive(std::uint32_t low, std::uint32_t cue) const noexcept {
    const Tokens& tokens = *tokens_;
    if (tokens.ends_in(tokens[cue], "ing")) return false;
    std::uint32_t at = cue;
    while (at > low && cue - at < 4 && tokens[at - 1].kind == TokenKind::kWord &&
           !tokens[at - 1].has(kBe) &&
           (tokens[at - 1].has(kSkip) || tokens.ends_in(tokens[at - 1], "ly"))) {
        --at;
    }
    return at > low && tokens[at - 1].has(kBe);
}

// A full stop inside brackets, before a comma or before a small letter ends an abbreviation only.
bool Clauses::ends_sentence(std::uint32_t at) const noexcept {
    const Tokens& tokens = *tokens_;
    if (tokens[at].kind != TokenKind::kStop) return false;
    if (at + 1 >= tokens.all().size() || !tokens.is(tokens[at], ".")) return true;
    const Token& next = tokens[at + 1];
    const bool adjacent = next.start == tokens[at].end;
    if (next.kind == TokenKind::kComma || next.kind == TokenKind::kParen) return !adjacent;
    return next.kind != TokenKind::kWord || next.capital || next.start > tokens[at].end + 1;
}

bool Clauses::closes_sentence(std::uint32_t close, const Paragraph& paragraph) const noexcept {
    const Tokens& tokens = *tokens_;
    if (close == paragraph.first || tokens[close].kind != TokenKind::kMark) return false;
    if (tokens[close - 1].kind != TokenKind::kStop) return false;
    if (close + 1 >= paragraph.last) return true;
    const Token& next = tokens[close + 1];
    if (next.kind == TokenKind::kMark) return true;
    if (next.kind != TokenKind::kWord || !next.capital) return false;
    if (tokens.is(tokens[close - 1], ".")) return true;
    // "“Who?” Smith asked."
    for (std::uint32_t i = close + 2; i < paragraph.last && i < close + 8; ++i) {
        if (tokens[i].kind != TokenKind::kWord) break;
        if (is_cue(i, kCue)) return false;
    }
    return true;
}

std::uint32_t Clauses::sentence_start(std::uint32_t at, const Paragraph& paragraph) const noexcept {
    const Tokens& tokens = *tokens_;
    const std::uint32_t low = std::max(paragraph.first, at > reach() ? at - reach() : 0);
    for (std::uint32_t i = at; i > low; --i) {
        --steps_left_;
        const Token& token = tokens[i - 1];
        if (!is_quoted(i - 1)) {
            if (ends_sentence(i - 1)) return i;
        } else if (token.kind == TokenKind::kMark && i - 1 > low && i < at && !is_quoted(i) &&
                   tokens[i - 2].kind == TokenKind::kStop && tokens[i].kind == TokenKind::kWord &&
                   tokens[i].capital) {
            return i;  // "…." He added: "…"
        } else if (token.kind == TokenKind::kMark && i == at && i - 1 > low &&
                   tokens[i - 2].kind == TokenKind::kStop) {
            return i;  // one quotation after the other
        }
    }
    return low;
}

std::uint32_t Clauses::sentence_end(std::uint32_t at, const Paragraph& paragraph) const noexcept {
    const std::uint32_t high = std::min(paragraph.last, at + reach());
    for (std::uint32_t i = at; i < high; ++i) {
        --steps_left_;
        if (!is_quoted(i) && ends_sentence(i)) return i;
    }
    return high;
}

std::uint32_t Clauses::next_end(std::uint32_t at, const Paragraph& paragraph) const noexcept {
    for (std::uint32_t i = at; i < paragraph.last; ++i) {
        if (!is_quoted(i)) {
            if (ends_sentence(i)) return i;
        } else if ((i + 1 >= paragraph.last || !is_quoted(i + 1) ||
                    (*tokens_)[i + 1].kind == TokenKind::kMark) &&
                   closes_sentence(i, paragraph)) {
            return i + 1;
        }
    }
    return paragraph.last;
}

// Where the verb comes second, its subject stands behind it if something else opens the clause:
// "Am Montag erklärte sie", "Der Zeitung sagte Jonas Berg".
Mention Clauses::subject_after_verb(std::uint32_t low, std::uint32_t cue) const noexcept {
    const Tokens& tokens = *tokens_;
    std::uint32_t start = low;
    for (std::uint32_t i = cue; i > low && cue - i < reach(); --i) {
        --steps_left_;
        const Token& token = tokens[i - 1];
        const bool parts =
            token.kind == TokenKind::kComma || token.kind == TokenKind::kDash || is_quoted(i - 1);
        if (parts) {
            start = i;
            break;
        }
    }
    if (start == cue && cue > low && tokens[cue - 1].kind == TokenKind::kComma) return {};
    std::uint32_t first = cue + 1;
    const auto bound = static_cast<std::uint32_t>(
        std::min<std::size_t>(tokens.all().size(), std::size_t{cue} + 14));
    while (first < bound && tokens[first].kind == TokenKind::kWord && !tokens[first].capital &&
           tokens[first].has(kSkip) && !tokens[first].has(kAnyPronoun | kDeterminer)) {
        ++first;
    }
    if (first >= bound || is_quoted(first) || tokens[first].kind != TokenKind::kWord) return {};
    const Mention after = phrase_starting(tokens, first, bound);
    if (!after) return {};
    if (after.kind != Mention::Kind::kName && after.kind != Mention::Kind::kNoun) return after;
    if (start >= cue) return after;
    const Token& lead = tokens[start];
    const bool subject_first =
        lead.kind == TokenKind::kWord &&
        (lead.has(kDeterminer | kAnyPronoun) || (lead.capital && !lead.has(kNotName)) ||
         is_name_token(tokens, start));
    const bool adverbial = !subject_first || (lead.has(kPreposition) && !lead.has(kDeterminer));
    if (adverbial && (after.kind == Mention::Kind::kName || tokens[first].has(kDeterminer))) {
        return after;
    }
    const bool named =
        after.kind == Mention::Kind::kName && lead.has(kDeterminer) &&
        tokens.text(after.span.start, after.span.end).find(' ') != std::string_view::npos;
    return named ? after : Mention{};
}

Mention Clauses::subject_of(std::uint32_t low, std::uint32_t cue) const noexcept {
    const Tokens& tokens = *tokens_;
    const Token& token = tokens[cue];
    if (tokens.nouns_are_capital()) {
        const Mention after = subject_after_verb(low, cue);
        if (after) return after;
    }
    // Never look back across other marks: their words are no subject.
    std::uint32_t near = low;
    for (std::uint32_t i = cue; i > low && cue - i < reach(); --i) {
        --steps_left_;
        if (is_quoted(i - 1)) {
            near = i;
            break;
        }
    }
    if (cue > near) {
        const Token& last = tokens[cue - 1];
        const bool shares = last.has(kConjunction) || token.has(kParticiple) ||
                            tokens.is(last, "to") || last.kind == TokenKind::kMark;
        if (!shares || (token.has(kParticiple) && tokens.is(last, "as"))) {
            const Mention subject = subject_before(tokens, near, cue);
            if (subject) return subject;
        }
    }
    const std::uint32_t far = cue > low + reach() ? cue - reach() : low;
    for (std::uint32_t i = cue; i > far; --i) {  // "called it … and said": the subject before
        --steps_left_;
        if (i - 1 > low && is_cue(i - 1, kCue | kWeakCue)) {
            const Mention subject = subject_before(tokens, low, i - 1);
            if (subject) return subject;
        }
    }
    if (steps_left_ <= 0 && cue > low + reach()) return {};
    steps_left_ -= (cue - low) / 2;
    return main_subject(tokens, low, cue);
}

}  // namespace newsmill
