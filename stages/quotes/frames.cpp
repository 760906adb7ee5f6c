#include "stages/quotes/frames.hpp"

#include <algorithm>

namespace newsmill {
namespace {

using Kind = Frame::Kind;

// A longer run without a stop is cut: what is that long is no sentence.
constexpr std::uint32_t kPlainTokensMax = 250;
constexpr std::uint32_t kAdjunctTokensMax = 14;
constexpr std::uint64_t kFrameVerbs = kCue | kWeakCue | kThink | kParticiple;

bool is_parting(const Token& token) noexcept {
    return token.kind == TokenKind::kComma || token.kind == TokenKind::kDash;
}

}  // namespace

const std::vector<Frame>& FrameFinder::find(const Clauses& clauses, bool reads_clauses) noexcept {
    clauses_ = &clauses;
    tokens_ = &clauses.tokens();
    frames_.clear();
    if (!reads_clauses) return frames_;
    const auto& paragraphs = tokens_->paragraphs();
    // In registers, since all tokens pass here.
    const Token* const all = tokens_->all().data();
    const std::uint8_t* const quoted = clauses.quoted();
    for (paragraph_ = 0; paragraph_ < paragraphs.size(); ++paragraph_) {
        const Paragraph& paragraph = paragraphs[paragraph_];
        const std::uint32_t last_token = paragraph.last;
        std::uint32_t at = paragraph.first;
        while (at < last_token) {
            std::uint32_t end = at;
            std::uint32_t plain = 0;
            std::uint64_t classes = 0;
            for (; end < last_token && plain < kPlainTokensMax; ++end) {
                if (quoted[end] != 0) {
                    const bool last = end + 1 >= last_token || quoted[end + 1] == 0 ||
                                      all[end + 1].kind == TokenKind::kMark;
                    if (last && clauses.closes_sentence(end, paragraph)) {
                        ++end;
                        break;
                    }
                    continue;
                }
                ++plain;
                classes |= all[end].classes;
                if (all[end].kind == TokenKind::kStop && clauses.ends_sentence(end)) break;
            }
            while (plain >= kPlainTokensMax && end < paragraph.last && clauses.is_quoted(end)) {
                ++end;
            }
            if ((classes & (kFrameVerbs | kSource | kSourceAfter | kClaim)) != 0) {
                read_sentence(at, end);
            }
            at = std::max(end, at + 1);
            while (at < last_token && quoted[at] == 0 && all[at].kind != TokenKind::kWord &&
                   all[at].kind != TokenKind::kNumber && all[at].kind != TokenKind::kMark) {
                ++at;
            }
        }
    }
    return frames_;
}

void FrameFinder::add(const Frame& frame) noexcept {
    if (frame.first >= frame.last || !frame.speaker) return;
    frames_.push_back(frame);
    frames_.back().paragraph = paragraph_;
}

// "NORDHAVN, May 4 (Courier) - The government …"
std::uint32_t FrameFinder::past_dateline(std::uint32_t low, std::uint32_t high) const noexcept {
    constexpr std::uint32_t kDatelineTokensMax = 14;
    const Tokens& tokens = *tokens_;
    if (low != tokens.paragraphs()[paragraph_].first || !tokens[low].upper) return low;
    for (std::uint32_t i = low + 1; i + 1 < high && i < low + kDatelineTokensMax; ++i) {
        if (clauses_->is_quoted(i) || tokens[i].kind == TokenKind::kStop) return low;
        if (tokens[i].kind == TokenKind::kWord && tokens[i].has(kFrameVerbs)) return low;
        const bool dash = tokens[i].kind == TokenKind::kDash && !tokens.is(tokens[i], ";");
        if (!dash) continue;
        std::uint32_t next = i + 1;
        while (next < high && tokens[next].kind == TokenKind::kDash) ++next;
        return next;
    }
    return low;
}

void FrameFinder::read_sentence(std::uint32_t low, std::uint32_t high) noexcept {
    const Tokens& tokens = *tokens_;
    low = past_dateline(low, high);
    low_ = clause_start_ = low;
    subject_ = {};
    if (read_tail(high)) return;
    std::uint32_t at = low;
    while (at < high) {
        if (clauses_->is_quoted(at) || !tokens[at].has(kFrameVerbs | kSource | kClaim)) {
            ++at;
            continue;
        }
        std::uint32_t next = at;
        if (tokens[at].has(kSource)) next = read_source(at, high);
        if (next == at && clauses_->is_cue(at, kFrameVerbs)) next = read_verb(at, high);
        if (next == at && tokens[at].has(kClaim)) next = read_claim(at, high);
        at = std::max(next, at + 1);
    }
}

// "…, S said." at the sentence's end: all before it is what is said.
bool FrameFinder::read_tail(std::uint32_t high) noexcept {
    const Tokens& tokens = *tokens_;
    const std::uint32_t bound = high > low_ + 18 ? high - 18 : low_ + 1;
    int parts = 0;
    for (std::uint32_t i = high; i > bound && parts < 3; --i) {
        const std::uint32_t at = i - 1;  // the sign that parts them
        const bool quoted = clauses_->is_quoted(at);
        if (quoted ? tokens[at].kind != TokenKind::kMark : !is_parting(tokens[at])) continue;
        if (quoted && i < high && clauses_->is_quoted(i)) continue;
        ++parts;
        if (i >= high || tokens[i].kind != TokenKind::kWord) continue;
        std::uint32_t end = at;
        while (end > low_ && is_parting(tokens[end - 1])) --end;
        if (quoted) end = i;
        if (end <= low_ || is_introduction(low_, end)) continue;
        const std::uint32_t verb = tail_verb(i, high);
        if (verb == high) {
            if (quoted) return false;
            continue;
        }
        Frame frame;
        frame.kind = Kind::kPlain;
        frame.after = true;
        frame.cue = verb;
        frame.speaker =
            verb == i ? phrase_starting(tokens, verb + 1, high) : clauses_->subject_of(i, verb);
        frame.first = low_;
        frame.last = end;
        if (!frame.speaker) continue;
        add(frame);
        return true;
    }
    return false;
}

// The cue of a clause "S said" or "said S" that fills [at, high); `high` if it is none.
std::uint32_t FrameFinder::tail_verb(std::uint32_t at, std::uint32_t high) const noexcept {
    const Tokens& tokens = *tokens_;
    const Token& token = tokens[at];
    if (token.has(kConjunction | kPreposition | kParticiple | kSource)) return high;
    if (clauses_->is_cue(at, kCue)) {
        if (token.has(kTell)) return high;
        const Mention speaker = phrase_starting(tokens, at + 1, high);
        if (!speaker) return high;
        return skip_adjuncts(speaker.end, high) >= high ? at : high;
    }
    const Mention speaker = phrase_starting(tokens, at, high);
    if (!speaker || speaker.end >= high) return high;
    std::uint32_t verb = speaker.end;
    while (verb < high && verb < speaker.end + 4 && tokens[verb].kind == TokenKind::kWord &&
           !tokens[verb].has(kCue) &&
           (tokens[verb].has(kSkip) || tokens.ends_in(tokens[verb], "ly"))) {
        ++verb;
    }
    if (verb >= high || !clauses_->is_cue(verb, kCue) || clauses_->is_passive(at, verb))
        return high;
    std::uint32_t rest = verb + 1;
    if (tokens[verb].has(kTell) && rest < high) {
        const Mention listener = phrase_starting(tokens, rest, high);
        if (listener) rest = listener.end;
    }
    return skip_adjuncts(rest, high) >= high ? verb : high;
}

// "according to S" at `at`; one past what it takes, or `at`.
std::uint32_t FrameFinder::read_source(std::uint32_t at, std::uint32_t high) noexcept {
    const Tokens& tokens = *tokens_;
    std::uint32_t first = at + 1;
    if (first < high && tokens.is(tokens[first], "to")) ++first;
    // "nach Angaben der Polizei": a noun introduces a source behind its preposition only.
    const bool noun = tokens.nouns_are_capital() && tokens[at].capital && at > low_;
    if (noun && (clauses_->is_quoted(at - 1) || !tokens[at - 1].has(kPreposition))) return at;
    const Mention speaker = phrase_starting(tokens, first, high);
    if (!speaker) return at;
    Frame frame;
    frame.kind = Kind::kThat;
    frame.cue = at;
    frame.speaker = speaker;
    const bool opens = at == low_ || (at == low_ + 1 && (noun || tokens[low_].has(kConjunction)));
    std::uint32_t end = speaker.end;
    if (opens) {
        while (end < high && !is_parting(tokens[end]) && !clauses_->is_quoted(end)) ++end;
        frame.first = end < high && is_parting(tokens[end]) ? end + 1 : end;
        frame.last = content_end(frame.first, high, frame.kind);
        add(frame);
        subject_ = speaker;
        clause_start_ = frame.last;
        return std::max(frame.last, at + 1);
    }
    frame.after = true;
    frame.first = clause_start_;
    frame.last = at;
    while (frame.last > frame.first && is_parting(tokens[frame.last - 1])) --frame.last;
    add(frame);
    subject_ = speaker;
    clause_start_ = end;
    return end;
}

// Whether the words before a comma only lead into the clause after it: "On Monday,".
bool FrameFinder::is_introduction(std::uint32_t first, std::uint32_t last) const noexcept {
    const Tokens& tokens = *tokens_;
    if (last <= first) return true;
    if (clauses_->is_quoted(first)) return false;
    const Token& token = tokens[first];
    const bool leads = token.has(kPreposition | kTime | kStop | kParticiple) ||
                       (token.has(kConjunction) && last - first < 3);
    return leads && last - first < 12 && !token.has(kAnyPronoun | kDeterminer);
}

// Past what may stand between a verb and its clause: "Monday", "in a statement", "on CNN".
std::uint32_t FrameFinder::skip_adjuncts(std::uint32_t at, std::uint32_t high) const noexcept {
    const Tokens& tokens = *tokens_;
    std::uint32_t end = at;
    while (end < high && !clauses_->is_quoted(end) && end - at < kAdjunctTokensMax) {
        const Token& token = tokens[end];
        if (token.kind == TokenKind::kNumber && end > at) {
            ++end;
            continue;
        }
        if (token.kind != TokenKind::kWord) break;
        if (token.has(kTime) || tokens.ends_in(token, "ly")) {
            ++end;
            continue;
        }
        const std::string_view text = tokens.text(token);
        const bool last_week = (text == "last" || text == "this" || text == "earlier" ||
                                text == "later" || text == "late" || text == "early") &&
                               end + 1 < high && tokens[end + 1].kind == TokenKind::kWord;
        if (last_week) {
            end += 2;
            continue;
        }
        if (!token.has(kPreposition) || token.capital) break;
        // A prepositional phrase: a short noun phrase up to what parts it.
        std::uint32_t i = end + 1;
        if (i < high && tokens[i].has(kDeterminer)) ++i;
        const std::uint32_t head = i;
        while (i < high && i - head < 8 && tokens[i].kind == TokenKind::kWord &&
               !clauses_->is_quoted(i) && !tokens[i].has(kThat | kPreposition | kAnyPronoun) &&
               !(tokens[i].has(kTime) && i > head) && !(tokens[i].has(kDeterminer) && i > head)) {
            ++i;
        }
        if (i == head) break;
        end = i;
    }
    return end;
}

// The "that" that a verb's clause starts with, close after `at`; `high` if there is none.
std::uint32_t FrameFinder::that_after(std::uint32_t at, std::uint32_t high) const noexcept {
    const Tokens& tokens = *tokens_;
    const std::uint32_t bound = std::min(high, at + kAdjunctTokensMax);
    for (std::uint32_t i = at; i < bound; ++i) {
        const Token& token = tokens[i];
        if (clauses_->is_quoted(i) || token.kind == TokenKind::kColon ||
            token.kind == TokenKind::kDash) {
            return high;
        }
        if (token.has(kThat)) {
            // "told the man that he met" and "said of the plan that failed" are rare enough.
            return i;
        }
        if (i > at && token.has(kFrameVerbs) && clauses_->is_cue(i, kFrameVerbs)) return high;
        if (token.has(kBe) && i > at) return high;
        if (token.has(kConjunction) && !token.has(kPreposition)) return high;
    }
    return high;
}

// Where what a verb governs starts, and in which way.
std::uint32_t FrameFinder::content_start(std::uint32_t cue, std::uint32_t high,
                                         Frame::Kind& kind) const noexcept {
    const Tokens& tokens = *tokens_;
    const Token& verb = tokens[cue];
    kind = verb.has(kThink) ? Kind::kThink : (verb.has(kCue) ? Kind::kPlain : Kind::kObject);
    const std::uint32_t that = that_after(cue + 1, high);
    if (that < high) {
        if (kind != Kind::kThink) kind = Kind::kThat;
        return that;
    }
    std::uint32_t at = cue + 1;
    if (at < high && verb.has(kPutIt)) ++at;
    if (verb.has(kTell) && at < high && !clauses_->is_quoted(at)) {
        const Mention listener = phrase_starting(tokens, at, high);
        if (listener && listener.end < high && tokens[listener.end].kind != TokenKind::kComma) {
            at = listener.end;
        }
    }
    // "wies das zurück: „…“": whatever stands before the colon.
    for (std::uint32_t i = at; i + 1 < high && i < at + 8 && !clauses_->is_quoted(i); ++i) {
        if (tokens[i].kind == TokenKind::kColon && clauses_->is_quoted(i + 1)) return i + 1;
        if (tokens[i].kind != TokenKind::kWord && tokens[i].kind != TokenKind::kNumber) break;
    }
    const std::uint32_t adjuncts = skip_adjuncts(at, high);
    const bool marks = adjuncts < high && (clauses_->is_quoted(adjuncts) ||
                                           tokens[adjuncts].kind == TokenKind::kColon);
    // "said Monday he would": a time, then the clause.
    if (marks || (at < high && tokens[at].has(kTime))) {
        std::uint32_t from = adjuncts;
        if (!marks) {
            from = at;
            while (from < high && tokens[from].has(kTime)) ++from;
        }
        if (from < high && tokens[from].kind == TokenKind::kColon) ++from;
        return from;
    }
    if (adjuncts > at && adjuncts < high &&
        (tokens[adjuncts].has(kAnyPronoun | kDeterminer) || tokens[adjuncts].capital) &&
        !tokens[at].has(kPreposition)) {
        return adjuncts;
    }
    if (kind == Kind::kObject && at < high && tokens[at].has(kPreposition) &&
        !tokens.is(tokens[at], "to")) {
        return at + 1;
    }
    return at;
}

// Whether after a comma another subject starts to speak.
bool FrameFinder::starts_clause(std::uint32_t at, std::uint32_t high,
                                bool leads_in) const noexcept {
    const Tokens& tokens = *tokens_;
    if (clauses_->is_quoted(at) || tokens[at].kind != TokenKind::kWord) return false;
    if (tokens[at].has(kConjunction | kPreposition) && !tokens[at].has(kDeterminer)) return false;
    const std::uint32_t bound = std::min(high, at + 16);
    const Mention other = phrase_starting(tokens, at, bound);
    if (!other) return false;
    std::uint32_t verb = other.end;
    while (verb < bound && verb < other.end + 4 && tokens[verb].kind == TokenKind::kWord &&
           !tokens[verb].has(kFrameVerbs) &&
           (tokens[verb].has(kSkip) || tokens.ends_in(tokens[verb], "ly"))) {
        ++verb;
    }
    if (leads_in && (other.kind != Mention::Kind::kNoun || tokens[at].has(kDeterminer))) {
        return verb < bound && tokens[verb].kind == TokenKind::kWord;
    }
    if (verb + 1 >= bound || !clauses_->is_cue(verb, kCue) || tokens[verb].has(kNoun)) return false;
    const Token& next = tokens[verb + 1];
    return clauses_->is_quoted(verb + 1) || next.has(kThat) || next.kind == TokenKind::kColon ||
           (next.kind == TokenKind::kComma && verb + 2 < high && clauses_->is_quoted(verb + 2));
}

// Where what is said ends, when it starts at `first`.
std::uint32_t FrameFinder::content_end(std::uint32_t first, std::uint32_t high,
                                       Frame::Kind kind) const noexcept {
    const Tokens& tokens = *tokens_;
    // "When S said that …, T …": the clause that leads in ends at its comma.
    bool leads_in = false;
    for (std::uint32_t i = low_; clause_start_ == low_ && i < first && i < low_ + 4; ++i) {
        leads_in = leads_in || (tokens[i].kind == TokenKind::kWord && tokens[i].has(kLead));
    }
    const bool loose = (kind == Kind::kObject || kind == Kind::kThink) && !tokens[first].has(kThat);
    for (std::uint32_t i = first; i < high; ++i) {
        if (clauses_->is_quoted(i)) continue;
        const Token& token = tokens[i];
        if (token.kind == TokenKind::kComma && i + 1 < high && i > first) {
            if (starts_clause(i + 1, high, leads_in || loose)) return i;
            const Token& joint = tokens[i + 1];
            if (joint.kind == TokenKind::kWord && joint.has(kLead) &&
                (loose || (i + 2 < high && starts_clause(i + 2, high, false)))) {
                return i;
            }
            std::uint32_t next = i + 1;
            while (next < high && next < i + 3 && tokens[next].has(kConjunction | kPreposition) &&
                   !tokens[next].has(kSource)) {
                ++next;
            }
            if (clauses_->is_cue(next, kParticiple)) return i;
            if (tokens[next].has(kSource) && !clauses_->is_quoted(next)) return i;
        }
        if (token.kind == TokenKind::kDash && tokens.is(token, ";")) return i;
        if (token.kind == TokenKind::kWord && token.has(kConjunction) && i > first &&
            i + 1 < high) {
            const bool joins = tokens.is(token, "and") || tokens.is(token, "but") ||
                               tokens.is(token, "und") || tokens.is(token, "aber");
            if (!joins) continue;
            std::uint32_t next = i + 1;
            while (next < high && next < i + 4 && tokens[next].kind == TokenKind::kWord &&
                   !tokens[next].has(kFrameVerbs) &&
                   (tokens[next].has(kSkip) || tokens.ends_in(tokens[next], "ly"))) {
                ++next;
            }
            std::uint32_t end = i;
            if (end > first && tokens[end - 1].kind == TokenKind::kComma) --end;
            if (next >= high) continue;
            if (clauses_->is_cue(next, kCue | kWeakCue | kThink) &&
                !tokens.ends_in(tokens[next], "ing")) {
                const std::string_view verb = tokens.text(tokens[next]);
                if (verb.ends_with("ed") || verb.ends_with("s") || verb == "said" ||
                    verb == "told" || verb == "wrote" || verb == "went") {
                    return end;
                }
            }
            const Mention other = phrase_starting(tokens, i + 1, std::min(high, i + 16));
            if (other && other.end < high && end < i &&
                clauses_->is_cue(other.end, kCue | kWeakCue | kThink) &&
                !tokens[other.end].has(kNoun)) {
                return end;
            }
        }
    }
    return high;
}

// A cue behind what is said; `rest` is what stands after it.
std::uint32_t FrameFinder::read_after(std::uint32_t cue, std::uint32_t clause_end,
                                      std::uint32_t rest, std::uint32_t high,
                                      const Mention& speaker) noexcept {
    const Tokens& tokens = *tokens_;
    Frame frame;
    frame.kind = tokens[cue].has(kThink) ? Kind::kThink : Kind::kPlain;
    frame.after = true;
    frame.cue = cue;
    frame.speaker = speaker;
    frame.first = clause_start_;
    frame.last = clause_end;
    add(frame);
    subject_ = speaker;
    clause_start_ = rest;
    if (rest >= high || tokens[rest].kind != TokenKind::kComma || rest + 1 >= high) return rest;
    // "…, S said, …": what follows goes on, unless it says something about S.
    std::uint32_t next = rest + 1;
    if (clauses_->is_quoted(next)) return rest;
    const Token& token = tokens[next];
    if (token.has(kSource) || clauses_->is_cue(next, kParticiple)) return rest;
    if (token.has(kConjunction | kPreposition | kParticiple) && !token.has(kThat)) {
        const std::string_view text = tokens.text(token);
        const bool relative = text.starts_with("wh") || text == "as" || text == "after";
        if (relative || token.has(kPreposition)) return rest;
        std::uint32_t verb = next + 1;
        while (verb < high && verb < next + 4 && tokens[verb].has(kSkip)) ++verb;
        if (verb < high && clauses_->is_cue(verb, kCue | kWeakCue)) return rest;
    }
    if (tokens.ends_in(token, "ing")) return rest;
    frame.first = next;
    frame.last = content_end(next, high, frame.kind);
    frame.joined = true;
    add(frame);
    clause_start_ = frame.last;
    return frame.last;
}

// The subject that a second verb or a participle has beside it: "S smiled and said", "with S
// saying".
Mention FrameFinder::own_subject(std::uint32_t cue) const noexcept {
    const Tokens& tokens = *tokens_;
    if (cue < low_ + 1) return {};
    const Token& last = tokens[cue - 1];
    if (last.kind != TokenKind::kWord || clauses_->is_quoted(cue - 1)) return {};
    const auto named = [&](std::uint32_t at) -> Mention {
        if (at < clause_start_ || at < low_ || clauses_->is_quoted(at)) return {};
        const Token& token = tokens[at];
        if (token.kind != TokenKind::kWord || token.genitive) return {};
        if (!is_name_token(tokens, at) && !token.has(kHe | kShe | kPronoun)) return {};
        if (token.has(kPronoun) && token.has(kDeterminer)) return {};
        return phrase_ending(tokens, clause_start_, at);
    };
    if (last.has(kConjunction)) {
        for (std::uint32_t back = 3; back <= 5 && cue >= low_ + back; ++back) {
            const std::uint32_t at = cue - back;
            if (tokens[at + 1].kind != TokenKind::kWord || tokens[at + 1].has(kPreposition)) break;
            const Mention subject = named(at);
            if (subject) return subject;
        }
        return {};
    }
    if (tokens[cue].has(kParticiple) && !last.has(kPreposition | kConjunction | kBe)) {
        return named(cue - 1);
    }
    return {};
}

// "S's claim that …", "his warning that …"
std::uint32_t FrameFinder::read_claim(std::uint32_t noun, std::uint32_t high) noexcept {
    const Tokens& tokens = *tokens_;
    if (noun + 1 >= high || !tokens[noun + 1].has(kThat)) return noun;
    std::uint32_t owner = noun;
    while (owner > clause_start_ && noun - owner < 3 &&
           tokens[owner - 1].kind == TokenKind::kWord) {
        --owner;
        if (tokens[owner].genitive || tokens[owner].has(kDeterminer)) break;
    }
    if (owner == noun) return noun;
    Frame frame;
    frame.kind = Kind::kThat;
    frame.cue = noun;
    if (tokens[owner].genitive) {
        frame.speaker = phrase_ending(tokens, clause_start_, owner);
    } else if (tokens[owner].has(kHis | kHer)) {
        frame.speaker.kind = tokens[owner].has(kHis) ? Mention::Kind::kHe : Mention::Kind::kShe;
        frame.speaker.span = {tokens[owner].start, tokens[owner].end};
        frame.speaker.first = owner;
        frame.speaker.end = owner + 1;
    }
    if (!frame.speaker) return noun;
    frame.first = noun + 1;
    frame.last = content_end(frame.first, high, frame.kind);
    subject_ = frame.speaker;
    add(frame);
    clause_start_ = frame.last;
    return frame.last;
}

// "…, said S": one past what it takes, or `cue` if it is none.
std::uint32_t FrameFinder::read_inverted(std::uint32_t cue, std::uint32_t high) noexcept {
    const Tokens& tokens = *tokens_;
    const Token& verb = tokens[cue];
    const bool parted = cue > clause_start_ && cue > low_ &&
                        (is_parting(tokens[cue - 1]) || clauses_->is_quoted(cue - 1));
    if (!parted || !verb.has(kCue) || verb.has(kParticiple) || cue + 1 >= high) return cue;
    // "Jane Doe, the mayor, told reporters" has its listener behind the verb.
    if (verb.has(kTell) && !clauses_->is_quoted(cue - 1)) return cue;
    const Mention speaker = phrase_starting(tokens, cue + 1, high);
    if (!speaker) return cue;
    if (speaker.kind == Mention::Kind::kNoun &&
        !tokens[cue + 1].has(kDeterminer | kPerson | kTitle | kNation)) {
        return cue;
    }
    std::uint32_t end = cue;
    while (end > clause_start_ && is_parting(tokens[end - 1])) --end;
    if (is_introduction(clause_start_, end)) return cue;
    const std::uint32_t rest = skip_adjuncts(speaker.end, high);
    const bool ends = rest >= high || clauses_->is_quoted(end - 1) ||
                      tokens[rest].kind != TokenKind::kWord || tokens[rest].has(kConjunction);
    return ends ? read_after(cue, end, rest, high, speaker) : cue;
}

// Whom the cue has for a subject. `shares`: it has the one of another verb.
Mention FrameFinder::speaker_of(std::uint32_t cue, bool shares) const noexcept {
    const Tokens& tokens = *tokens_;
    Mention speaker;
    if (shares) {
        const Mention own = own_subject(cue);
        if (own) return own;
        if (subject_) return subject_;
        return clauses_->subject_of(low_, cue);
    }
    if (cue > clause_start_) speaker = clauses_->subject_of(clause_start_, cue);
    // "in a message posted on Friday": no subject stands behind a preposition.
    const std::uint32_t start = speaker.first;
    if (speaker && start > low_ && tokens[start - 1].has(kPreposition) &&
        !tokens[start - 1].has(kLead | kConjunction)) {
        return {};
    }
    return speaker;
}

// "…, S said": the clause before the comma is what is said, if nothing follows. One past what it
// takes, or `cue`.
std::uint32_t FrameFinder::read_trailing(std::uint32_t cue, std::uint32_t high,
                                         const Mention& speaker) noexcept {
    const Tokens& tokens = *tokens_;
    const Token& verb = tokens[cue];
    const std::uint32_t start = speaker.first;
    if (start <= clause_start_ || !verb.has(kCue | kThink)) return cue;
    if (!is_parting(tokens[start - 1]) && !clauses_->is_quoted(start - 1)) return cue;
    std::uint32_t after = cue + (verb.has(kPutIt) ? 2 : 1);
    if (verb.has(kTell) && after < high && !clauses_->is_quoted(after)) {
        const Mention listener = phrase_starting(tokens, after, high);
        if (listener) after = listener.end;
    }
    after = skip_adjuncts(after, high);
    const bool ends = after >= high || tokens[after].kind == TokenKind::kComma ||
                      tokens[after].kind == TokenKind::kParen ||
                      (tokens[after].kind == TokenKind::kDash && !clauses_->is_quoted(after));
    if (!ends || that_after(cue + 1, high) != high) return cue;
    std::uint32_t end = start;
    while (end > clause_start_ && is_parting(tokens[end - 1])) --end;
    return is_introduction(clause_start_, end) ? cue : read_after(cue, end, after, high, speaker);
}

std::uint32_t FrameFinder::read_verb(std::uint32_t cue, std::uint32_t high) noexcept {
    const Tokens& tokens = *tokens_;
    const Token& verb = tokens[cue];
    if (clauses_->is_passive(low_, cue)) return cue;
    if (const std::uint32_t next = read_inverted(cue, high); next != cue) return next;
    const bool shares =
        verb.has(kParticiple) ||
        (cue > low_ && (tokens[cue - 1].has(kConjunction) || tokens.is(tokens[cue - 1], "to")));
    const Mention speaker = speaker_of(cue, shares);
    if (!speaker) return cue;
    if (!shares) {
        const std::uint32_t next = read_trailing(cue, high, speaker);
        if (next != cue) return next;
    }
    const bool inverted = speaker.first > cue;  // "Am Montag erklärte S, …"
    Frame frame;
    frame.cue = cue;
    frame.speaker = speaker;
    frame.first = content_start(inverted ? speaker.end - 1 : cue, high, frame.kind);
    if (inverted) frame.kind = verb.has(kCue) ? Kind::kPlain : Kind::kObject;
    while (frame.first < high && tokens[frame.first].kind == TokenKind::kComma) ++frame.first;
    frame.last = content_end(frame.first, high, frame.kind);
    subject_ = speaker;
    if (frame.first >= frame.last) return cue;
    add(frame);
    clause_start_ = frame.last;
    return frame.last;
}

}  // namespace newsmill
