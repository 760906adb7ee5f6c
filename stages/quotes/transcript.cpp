#include "stages/quotes/transcript.hpp"

#include <algorithm>

namespace newsmill {
namespace {

constexpr std::uint32_t kLineTokensMax = 32;
constexpr std::uint32_t kNameWordsMax = 6;
constexpr std::uint32_t kWordsMin = 2;
constexpr std::uint32_t kLookAhead = 3;    // paragraphs
constexpr std::size_t kComesBackMax = 64;  // lines that are looked at, so that the cost is linear

bool is_kind(const Tokens& tokens, std::uint32_t at, TokenKind kind) noexcept {
    return at < tokens.all().size() && tokens[at].kind == kind;
}

}  // namespace

// "— Where is it?"
TranscriptReader::Line TranscriptReader::read_dash(const Paragraph& p) const noexcept {
    const Tokens& tokens = *tokens_;
    Line line;
    const bool long_dash = tokens[p.first].kind == TokenKind::kDash &&
                           tokens[p.first].end - tokens[p.first].start == 3;
    if (!long_dash || p.last < p.first + kWordsMin + 1 ||
        !is_kind(tokens, p.last - 1, TokenKind::kStop)) {
        return line;
    }
    line.role = Role::kDash;
    line.trust = Trust::kWeak;
    line.words_first = p.first + 1;
    line.inline_words = true;
    return line;
}

// "Karl Brandt -- Chief Executive Officer"
TranscriptReader::Line TranscriptReader::read_dashed_role(const Paragraph& p) const noexcept {
    const Tokens& tokens = *tokens_;
    Line line;
    if (p.last - p.first > 16 || p.last < p.first + 4) return line;
    std::uint32_t dash = p.first;
    while (dash < p.last && is_name_token(tokens, dash)) ++dash;
    if (dash < p.first + 2 || dash > p.first + 4 || !is_kind(tokens, dash, TokenKind::kDash)) {
        return line;
    }
    std::uint32_t role = dash;
    while (is_kind(tokens, role, TokenKind::kDash)) ++role;
    bool says_role = false;
    for (std::uint32_t i = role; i < p.last; ++i) {
        if (tokens[i].kind == TokenKind::kStop || tokens[i].kind == TokenKind::kColon) return line;
        says_role = says_role || tokens[i].has(kTitle | kPerson);
    }
    if (!says_role || tokens[p.first].has(kLabel)) return line;
    line.speaker = phrase_ending(tokens, p.first, dash - 1);
    line.speaker.role = {tokens[role].start, tokens[p.last - 1].end};
    line.trust = line.speaker.kind == Mention::Kind::kName ? Trust::kFair : Trust::kNone;
    line.head_end = dash;
    line.words_first = p.last;
    return line;
}

// "Statement by Clara Holm, chair of the board:"
TranscriptReader::Line TranscriptReader::read_statement_by(const Paragraph& p,
                                                           std::uint32_t colon) const noexcept {
    const Tokens& tokens = *tokens_;
    Line line;
    if (colon + 1 < p.last || !tokens[p.first].has(kClaim)) return line;
    for (std::uint32_t i = p.first + 1; i + 1 < colon && i < p.first + 8; ++i) {
        if (!tokens[i].has(kPreposition) || !is_name_token(tokens, i + 1)) continue;
        line.speaker = phrase_starting(tokens, i + 1, colon);
        if (line.speaker.kind != Mention::Kind::kName) continue;
        line.trust = Trust::kSure;
        line.head_end = line.speaker.end;
        line.words_first = colon + 1;
        return line;
    }
    return line;
}

// What stands between the name and the colon. False if that makes the line no speaker's line.
bool TranscriptReader::read_role(std::uint32_t end, std::uint32_t colon,
                                 Line& line) const noexcept {
    const Tokens& tokens = *tokens_;
    if (is_kind(tokens, end, TokenKind::kParen)) {
        return is_kind(tokens, colon - 1, TokenKind::kParen);
    }
    if (!is_kind(tokens, end, TokenKind::kComma) || end + 1 >= colon) return false;
    for (std::uint32_t i = end + 1; i < colon; ++i) {
        if (tokens[i].has(kCue) && !tokens[i].capital && !tokens[i].has(kPerson)) return false;
    }
    const std::uint32_t from = tokens[end + 1].has(kDeterminer) ? end + 2 : end + 1;
    if (from < colon) line.speaker.role = {tokens[from].start, tokens[colon - 1].end};
    return true;
}

void TranscriptReader::weigh(const Paragraph& p, std::uint32_t end, bool says_role,
                             Line& line) const noexcept {
    const Tokens& tokens = *tokens_;
    const std::uint32_t words = end - p.first;
    bool upper = true;
    for (std::uint32_t i = p.first; i < end; ++i) upper = upper && tokens[i].upper;
    const std::string_view name = tokens.text(line.speaker.span.start, line.speaker.span.end);
    const bool known = line.speaker.kind == Mention::Kind::kName &&
                       (people_->is_known(name) || line.speaker.gender != Mention::Kind::kNone ||
                        (upper && people_->by_initials(name, p.first) != nullptr));
    const bool person = line.speaker.kind == Mention::Kind::kNoun;  // "Moderator", "The President"
    const bool determined = tokens[p.first].has(kDeterminer);
    if (words >= 2 && !determined && (says_role || known)) {
        line.trust = line.inline_words ? Trust::kFair : Trust::kSure;
    } else if (upper || known || (words >= 2 && !determined)) {
        line.trust = line.inline_words && !upper && !known ? Trust::kWeak : Trust::kFair;
    } else if (person && tokens[end - 1].has(kPerson)) {
        line.trust = Trust::kFair;
    } else {
        line.trust = Trust::kWeak;
    }
}

TranscriptReader::Line TranscriptReader::read_line(std::uint32_t paragraph) const noexcept {
    const Tokens& tokens = *tokens_;
    Line line;
    const Paragraph& p = tokens.paragraphs()[paragraph];
    if (p.first >= p.last) return line;
    if (tokens[p.first].kind == TokenKind::kDash) return read_dash(p);
    const std::uint32_t bound = std::min(p.last, p.first + kLineTokensMax);
    std::uint32_t colon = p.first;
    while (colon < bound && !is_kind(tokens, colon, TokenKind::kColon)) {
        const TokenKind kind = tokens[colon].kind;
        if (kind == TokenKind::kStop || kind == TokenKind::kMark || kind == TokenKind::kOther) {
            return line;
        }
        ++colon;
    }
    if (colon >= bound) return read_dashed_role(p);
    if (colon == p.first) return line;
    line.words_first = colon + 1;
    line.inline_words = colon + 1 < p.last;
    const Token& first = tokens[p.first];
    if (colon == p.first + 1 && first.capital && first.has(kQuestion | kAnswer)) {
        line.trust = line.inline_words ? Trust::kFair : Trust::kNone;
        line.role = first.has(kQuestion) ? Role::kQuestion : Role::kAnswer;
        return line;
    }
    const Line statement = read_statement_by(p, colon);
    if (statement.trust != Trust::kNone) return statement;
    // The name: capital words up to a comma, a bracket or the colon.
    std::uint32_t end = p.first;
    if (first.has(kDeterminer) && first.capital && p.first + 1 < colon) ++end;
    const std::uint32_t head = end;
    if (!is_name_token(tokens, head) || first.has(kLabel) || first.has(kTime)) return line;
    while (end < colon && tokens[end].kind == TokenKind::kWord) {
        const bool part = is_name_token(tokens, end) || (end > head && tokens[end].has(kParticle));
        if (!part || tokens[end].genitive) return line;
        ++end;
    }
    const bool parted = end < colon;
    if (end - p.first > kNameWordsMax) return line;
    line.head_end = end;
    line.speaker = phrase_ending(tokens, head, end - 1);
    bool only_roles = true;  // "AUDIENCE MEMBER"
    for (std::uint32_t i = head; i < end; ++i) {
        only_roles = only_roles && tokens[i].has(kPerson | kTitle | kNation);
    }
    if (head > p.first || only_roles || line.speaker.kind != Mention::Kind::kName) {
        const Span span = {first.start, tokens[end - 1].end};
        const auto kind = only_roles ? Mention::Kind::kNoun : Mention::Kind::kName;
        line.speaker = {kind,    span, kind == Mention::Kind::kNoun ? span : Span{},
                        p.first, end,  Mention::Kind::kNone,
                        {}};
    }
    bool says_role = line.speaker.role.end != 0 && line.speaker.kind == Mention::Kind::kName;
    if (parted) {
        if (!read_role(end, colon, line)) return Line{};
        for (std::uint32_t i = end + 1; i < colon; ++i) {
            says_role = says_role || tokens[i].has(kTitle | kPerson);
        }
        says_role = says_role || is_kind(tokens, end, TokenKind::kParen);
    }
    weigh(p, end, says_role, line);
    return line;
}

// Whether another line starts with the same name.
bool TranscriptReader::comes_back(std::size_t index) const noexcept {
    const Tokens& tokens = *tokens_;
    const auto head = [&](std::size_t i) {
        const Paragraph& p = tokens.paragraphs()[i];
        return tokens.text(tokens[p.first].start, tokens[lines_[i].head_end - 1].end);
    };
    const std::size_t low = index > kComesBackMax ? index - kComesBackMax : 0;
    const std::size_t high = std::min(lines_.size(), index + kComesBackMax);
    for (std::size_t i = low; i < high; ++i) {
        if (i == index || lines_[i].trust == Trust::kNone || lines_[i].role != Role::kNamed) {
            continue;
        }
        if (lines_[i].head_end > 0 && head(i) == head(index)) return true;
    }
    return false;
}

// "Carson: A miracle.", with the report below it: no speaker, but the name of a section.
bool TranscriptReader::is_heading(std::size_t index) const noexcept {
    constexpr std::uint32_t kHeadingTokensMax = 6;
    constexpr std::uint32_t kReportTokensMin = 12;
    const Line& line = lines_[index];
    if (line.role != Role::kNamed || !line.inline_words || index + 1 >= lines_.size()) return false;
    const Paragraph& p = tokens_->paragraphs()[index];
    const Paragraph& next = tokens_->paragraphs()[index + 1];
    if (p.last - line.words_first > kHeadingTokensMax) return false;
    return lines_[index + 1].trust == Trust::kNone && next.last - next.first >= kReportTokensMin &&
           !is_speech(static_cast<std::uint32_t>(index)) &&
           !is_speech(static_cast<std::uint32_t>(index + 1)) && !comes_back(index);
}

// Takes the trust from lines that nothing supports.
void TranscriptReader::confirm_lines() noexcept {
    std::uint32_t dashes = 0;
    std::uint32_t spoken_dashes = 0;
    for (std::size_t i = 0; i < lines_.size(); ++i) {
        Line& line = lines_[i];
        if (line.role == Role::kDash && line.trust != Trust::kNone) {
            ++dashes;
            spoken_dashes += is_speech(static_cast<std::uint32_t>(i));
        }
    }
    const bool dialogue = dashes >= 2 && spoken_dashes * 2 >= dashes;
    std::uint32_t company = 0;
    for (std::size_t i = 0; i < lines_.size(); ++i) {
        Line& line = lines_[i];
        if (line.trust == Trust::kFair && is_heading(i)) {
            line.trust = Trust::kNone;
            continue;
        }
        if (line.role == Role::kDash) {
            line.trust = dialogue && line.trust != Trust::kNone ? Trust::kSure : Trust::kNone;
        } else if (line.trust == Trust::kWeak) {
            const bool person = line.speaker.kind == Mention::Kind::kNoun;
            if (!person && !comes_back(i))
                line.speaker = {};  // judged below
            else
                line.trust = Trust::kFair;
        }
        company += line.trust >= Trust::kFair;
    }
    for (Line& line : lines_) {
        if (line.trust == Trust::kWeak) line.trust = Trust::kNone;
        if (line.trust == Trust::kFair && company < 2) line.trust = Trust::kNone;
    }
}

// The only person whom the paragraphs before the first question introduce.
Mention TranscriptReader::who_answers() const noexcept {
    std::size_t first = 0;
    while (first < lines_.size() && lines_[first].role != Role::kQuestion) ++first;
    if (first == lines_.size() || first == 0) return {};
    return people_->introduced_before(tokens_->paragraphs()[first].first);
}

bool TranscriptReader::is_speech(std::uint32_t paragraph) const noexcept {
    const Paragraph& p = tokens_->paragraphs()[paragraph];
    bool marked = false;  // what others are quoted with
    for (std::uint32_t i = p.first; i < p.last; ++i) {
        const Token& token = (*tokens_)[i];
        if (token.kind == TokenKind::kMark && !is_single(token.family)) marked = !marked;
        if (marked) continue;
        if (token.has(kFirstPerson)) return true;
        if (token.kind == TokenKind::kStop && tokens_->is(token, "?")) return true;
    }
    return false;
}

// Does the report itself speak here? Somebody named is said to have said something, or the
// paragraph is no prose. Later paragraphs of a turn must also sound like speech.
bool TranscriptReader::is_narration(std::uint32_t paragraph, bool first) const noexcept {
    const Tokens& tokens = *tokens_;
    const Paragraph& p = tokens.paragraphs()[paragraph];
    if (p.last == p.first) return true;
    const TokenKind end = tokens[p.last - 1].kind;
    const bool prose =
        end == TokenKind::kStop || end == TokenKind::kMark || end == TokenKind::kParen;
    if (first) return !prose && p.last - p.first < 8;
    if (!prose) return true;
    for (std::uint32_t i = p.first + 1; i < p.last; ++i) {
        if (!tokens[i].has(kCue) || tokens[i].capital || tokens[i].has(kNoun)) continue;
        if (is_name_token(tokens, i - 1)) return true;
        // "“…,” he declared"
        const bool after_mark = i > p.first + 1 && tokens[i - 1].has(kHe | kShe) &&
                                tokens[i - 2].kind == TokenKind::kMark;
        if (after_mark) return true;
    }
    return !is_speech(paragraph) && !goes_on(paragraph);
}

// A paragraph without a first person stands inside of a turn if the turn comes back to one.
bool TranscriptReader::goes_on(std::uint32_t paragraph) const noexcept {
    for (std::uint32_t i = paragraph + 1; i < lines_.size() && i <= paragraph + kLookAhead; ++i) {
        if (lines_[i].trust != Trust::kNone) return false;
        const Paragraph& p = tokens_->paragraphs()[i];
        if (p.last == p.first || (*tokens_)[p.last - 1].kind != TokenKind::kStop) return false;
        for (std::uint32_t t = p.first + 1; t < p.last; ++t) {
            const Token& token = (*tokens_)[t];
            if (token.has(kCue) && !token.capital && is_name_token(*tokens_, t - 1)) return false;
        }
        if (is_speech(i)) return true;
    }
    return false;
}

// "—¿Está segura? —preguntó un periodista.": what follows the second dash tells who spoke.
void TranscriptReader::cut_incise(Turn& turn) const noexcept {
    const Tokens& tokens = *tokens_;
    for (std::uint32_t i = turn.first + 1; i + 1 < turn.last; ++i) {
        if (tokens[i].kind != TokenKind::kDash) continue;
        const Token& verb = tokens[i + 1];
        if (verb.kind != TokenKind::kWord || verb.capital || !verb.has(kCue)) continue;
        turn.speaker = verb.has(kHe | kShe) ? phrase_ending(tokens, i + 1, i + 1)
                                            : phrase_starting(tokens, i + 2, turn.last);
        turn.cue = i + 1;
        turn.last = i;
        return;
    }
}

void TranscriptReader::read_turns() noexcept {
    const auto& paragraphs = tokens_->paragraphs();
    const Mention answers = who_answers();
    std::uint32_t statement = 0;
    for (std::uint32_t i = 0; i < lines_.size(); ++i) {
        Line& line = lines_[i];
        if (line.trust == Trust::kNone) continue;
        if (line.role == Role::kAnswer) line.speaker = answers;
        const std::size_t before = turns_.size();
        if (line.inline_words) {
            if (paragraphs[i].last - line.words_first >= kWordsMin) {
                turns_.push_back(
                    {i, line.words_first, paragraphs[i].last, statement, line.speaker, 0});
                if (line.role == Role::kDash) cut_incise(turns_.back());
            }
        } else {
            // A quotation in marks after the line is read as such, with the line as its lead.
            const bool marked = i + 1 < lines_.size() &&
                                paragraphs[i + 1].first < paragraphs[i + 1].last &&
                                is_kind(*tokens_, paragraphs[i + 1].first, TokenKind::kMark);
            if (marked) continue;
        }
        const bool one = line.role == Role::kDash;
        for (std::uint32_t j = i + 1; !one && j < lines_.size() && lines_[j].trust == Trust::kNone;
             ++j) {
            const bool first = turns_.size() == before;
            if (is_narration(j, first)) break;
            turns_.push_back(
                {j, paragraphs[j].first, paragraphs[j].last, statement, line.speaker, 0});
        }
        if (turns_.size() > before) ++statement;
    }
}

const std::vector<Turn>& TranscriptReader::read(const Tokens& tokens,
                                                const People& people) noexcept {
    tokens_ = &tokens;
    people_ = &people;
    turns_.clear();
    lines_.clear();
    for (std::uint32_t i = 0; i < tokens.paragraphs().size(); ++i) lines_.push_back(read_line(i));
    confirm_lines();
    read_turns();
    return turns_;
}

}  // namespace newsmill
