#include "stages/tagging/attribution.hpp"

#include <algorithm>

namespace newsmill {
namespace {

constexpr std::uint32_t kSentenceTokensMax = 120;  // looks no farther, so the cost stays linear
constexpr std::uint32_t kClauseTokensMax = 24;

std::uint32_t inner_first(const Segment& segment) noexcept {
    return segment.has_open ? segment.open + 1 : segment.open;
}

}  // namespace

std::uint32_t inner_words(const Tokens& tokens, const Segment& segment) noexcept {
    std::uint32_t words = 0;
    for (std::uint32_t i = inner_first(segment); i < segment.close && words < 50; ++i) {
        words += tokens[i].kind == TokenKind::kWord || tokens[i].kind == TokenKind::kNumber;
    }
    return words;
}

bool is_sentence_like(const Tokens& tokens, const Segment& segment) noexcept {
    const std::uint32_t first = inner_first(segment);
    if (first >= segment.close) return false;
    const TokenKind last = tokens[segment.close - 1].kind;
    const bool ends = last == TokenKind::kStop || last == TokenKind::kComma ||
                      last == TokenKind::kDash || !segment.has_close ||
                      (segment.close + 1 < tokens.all().size() &&
                       tokens[segment.close + 1].kind == TokenKind::kComma);
    std::uint32_t word = first;
    while (word < segment.close && tokens[word].kind != TokenKind::kWord) ++word;
    return ends && word < segment.close && (tokens[word].capital || segment.continues);
}

const std::vector<Attribution>& Attributor::attribute(
    const Tokens& tokens, const std::vector<Segment>& segments,
    const std::vector<std::uint8_t>& quoted) noexcept {
    tokens_ = &tokens;
    segments_ = &segments;
    quoted_ = &quoted;
    results_.clear();
    for (std::size_t i = 0; i < segments.size(); ++i) {
        Attribution result = attribute_one(i);
        result.is_quotation = is_quotation(i, result);
        results_.push_back(result);
    }
    return results_;
}

Attribution Attributor::attribute_one(std::size_t index) const noexcept {
    const Segment& segment = (*segments_)[index];
    Attribution result;
    if (index > 0 && (segment.continues || !segment.has_open) && results_[index - 1].is_quotation) {
        result = results_[index - 1];
        result.joined = true;
        result.region_end = 0;
        if (result.speaker) return result;
    }
    if (before(index, true, result)) return result;
    // "…," she said, "…": the cue after the segment before is this one's too.
    if (index > 0 && (*segments_)[index - 1].paragraph == segment.paragraph) {
        const Attribution& last = results_[index - 1];
        if (last.region_end != 0 && last.region_end <= segment.open &&
            sentence_start(segment.open, tokens_->paragraphs()[segment.paragraph]) <=
                last.region_end - 1) {
            result = last;
            result.region_end = 0;
            result.joined = true;
            return result;
        }
    }
    if (after(index, result)) return result;
    if (before(index, false, result)) return result;
    if (after_far(index, result)) return result;
    if (before_by_colon(index, result)) return result;
    carried(index, result);
    return result;
}

// A cue verb, not a noun or an adjective that is spelled alike.
bool Attributor::is_cue(std::uint32_t at, std::uint32_t classes) const noexcept {
    const Tokens& tokens = *tokens_;
    const Token& token = tokens[at];
    if (token.kind != TokenKind::kWord || !token.has(classes)) return false;
    if ((*quoted_)[at] != 0) return false;
    const bool starts = at == 0 || tokens[at - 1].kind != TokenKind::kWord;
    if (token.capital && !starts) return false;
    if (starts) return true;
    const Token& last = tokens[at - 1];
    if (last.genitive) return false;
    if (last.has(kDeterminer) && !last.has(kAnyPronoun)) return false;
    if (last.has(kPreposition) && !last.has(kParticle) && !token.has(kParticiple)) {
        return tokens.text(last) == "to" && token.has(kCue);
    }
    return true;
}

// A full stop inside brackets, before a comma or before a small letter ends an abbreviation only.
bool Attributor::ends_sentence(std::uint32_t at) const noexcept {
    const Tokens& tokens = *tokens_;
    if (tokens[at].kind != TokenKind::kStop) return false;
    if (at + 1 >= tokens.all().size() || tokens.text(tokens[at]) != ".") return true;
    const Token& next = tokens[at + 1];
    const bool adjacent = next.start == tokens[at].end;
    if (next.kind == TokenKind::kComma || next.kind == TokenKind::kParen) return !adjacent;
    return next.kind != TokenKind::kWord || next.capital || next.start > tokens[at].end + 1;
}

std::uint32_t Attributor::sentence_start(std::uint32_t at,
                                         const Paragraph& paragraph) const noexcept {
    const Tokens& tokens = *tokens_;
    const std::uint32_t low =
        std::max(paragraph.first, at > kSentenceTokensMax ? at - kSentenceTokensMax : 0);
    for (std::uint32_t i = at; i > low; --i) {
        const Token& token = tokens[i - 1];
        if ((*quoted_)[i - 1] == 0) {
            if (ends_sentence(i - 1)) return i;
        } else if (token.kind == TokenKind::kMark && i - 1 > low && i < at && (*quoted_)[i] == 0 &&
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

std::uint32_t Attributor::sentence_end(std::uint32_t at,
                                       const Paragraph& paragraph) const noexcept {
    const std::uint32_t high = std::min(paragraph.last, at + kSentenceTokensMax);
    for (std::uint32_t i = at; i < high; ++i) {
        if ((*quoted_)[i] == 0 && ends_sentence(i)) return i;
    }
    return high;
}

// Who does what the cue at `cue` says, in the sentence from `low`.
Mention Attributor::subject_of(std::uint32_t low, std::uint32_t cue) const noexcept {
    const Tokens& tokens = *tokens_;
    const Token& token = tokens[cue];
    // Never look back across other marks: their words are no subject.
    std::uint32_t near = low;
    for (std::uint32_t i = cue; i > low; --i) {
        if ((*quoted_)[i - 1] != 0) {
            near = i;
            break;
        }
    }
    if (cue > near) {
        const Token& last = tokens[cue - 1];
        const bool shares = last.has(kConjunction) || token.has(kParticiple) ||
                            tokens.text(last) == "to" || last.kind == TokenKind::kMark;
        if (!shares || (token.has(kParticiple) && tokens.text(last) == "as")) {
            const Mention subject = subject_before(tokens, near, cue);
            if (subject) return subject;
        }
    }
    for (std::uint32_t i = cue; i > low; --i) {  // "called it … and said": the subject before
        if (i - 1 > low && is_cue(i - 1, kCue | kWeakCue)) {
            const Mention subject = subject_before(tokens, low, i - 1);
            if (subject) return subject;
        }
    }
    return main_subject(tokens, low, cue);
}

// "according to S" at `at`.
bool Attributor::source_at(std::uint32_t at, std::uint32_t bound,
                           Attribution& result) const noexcept {
    const Tokens& tokens = *tokens_;
    if (tokens[at].kind != TokenKind::kWord || !tokens[at].has(kSource) || (*quoted_)[at] != 0) {
        return false;
    }
    std::uint32_t first = at + 1;
    if (first < bound && tokens.text(tokens[first]) == "to") ++first;
    const Mention speaker = phrase_starting(tokens, first, bound);
    if (!speaker) return false;
    result.speaker = speaker;
    result.cue = at;
    result.has_cue = true;
    return true;
}

bool Attributor::before(std::size_t index, bool beside, Attribution& result) const noexcept {
    const Tokens& tokens = *tokens_;
    const Segment& segment = (*segments_)[index];
    const Paragraph& paragraph = tokens.paragraphs()[segment.paragraph];
    std::uint32_t low = sentence_start(segment.open, paragraph);
    if (index > 0 && results_[index - 1].region_end > low) {
        low = std::min(segment.open, results_[index - 1].region_end);
    }
    std::uint32_t high = segment.open;
    std::uint32_t words = 0;
    for (std::uint32_t at = high; at > low; --at) {
        const std::uint32_t i = at - 1;
        const Token& token = tokens[i];
        if ((*quoted_)[i] != 0) continue;
        if (beside && words > 2 && token.kind == TokenKind::kWord) return false;
        if (token.kind == TokenKind::kWord && !token.has(kConjunction | kPronoun)) ++words;
        if (source_at(i, segment.open, result)) {
            result.form = Attribution::Form::kSentence;
            return true;
        }
        const bool near_enough = segment.open - i <= kClauseTokensMax;
        if (!is_cue(i, kCue | kParticiple | (near_enough ? kWeakCue : 0u))) continue;
        Mention speaker = subject_of(low, i);
        if (!speaker && i == low && !token.has(kParticiple)) {
            speaker = phrase_starting(tokens, i + 1, segment.open);  // "Asked Smith: …"
        }
        if (!speaker) continue;
        result.speaker = speaker;
        result.cue = i;
        result.has_cue = true;
        result.form = beside ? Attribution::Form::kBeside : Attribution::Form::kSentence;
        return true;
    }
    return false;
}

// "Smith was blunt: "…"", "Smith: "…""
bool Attributor::before_by_colon(std::size_t index, Attribution& result) const noexcept {
    const Tokens& tokens = *tokens_;
    const Segment& segment = (*segments_)[index];
    const Paragraph& paragraph = tokens.paragraphs()[segment.paragraph];
    if (segment.open <= paragraph.first || tokens[segment.open - 1].kind != TokenKind::kColon) {
        return false;
    }
    const std::uint32_t low = sentence_start(segment.open, paragraph);
    const Mention speaker = main_subject(tokens, low, segment.open - 1);
    if (!speaker || speaker.kind == Mention::Kind::kNoun) return false;
    result.speaker = speaker;
    result.form = Attribution::Form::kSentence;
    return true;
}

// The cue of a clause that starts at `at` with its verb ("said S", "a déclaré S"); else `bound`.
std::uint32_t Attributor::inverted_cue(std::uint32_t at, std::uint32_t bound) const noexcept {
    const Tokens& tokens = *tokens_;
    std::uint32_t verb = at;
    while (verb < bound && verb < at + 3 && tokens[verb].has(kSkip) && !tokens[verb].has(kCue) &&
           !tokens[verb].capital) {
        ++verb;
    }
    if (verb >= bound || tokens[verb].capital || tokens[verb].has(kDeterminer)) return bound;
    return is_cue(verb, kCue) ? verb : bound;
}

// A clause "said S", "S said" or "according to S" that starts at `at`.
bool Attributor::clause_at(std::uint32_t at, std::uint32_t bound,
                           Attribution& result) const noexcept {
    const Tokens& tokens = *tokens_;
    if (at >= bound || tokens[at].kind != TokenKind::kWord || (*quoted_)[at] != 0) return false;
    if (source_at(at, bound, result)) {
        result.region_end = result.speaker.end;
        return true;
    }
    const std::uint32_t verb = inverted_cue(at, bound);
    if (verb != bound) {
        std::uint32_t first = verb + 1;
        while (first < bound && tokens[first].has(kSkip) &&
               !tokens[first].has(kAnyPronoun | kDeterminer)) {
            ++first;
        }
        const Mention speaker = phrase_starting(tokens, first, bound);
        if (!speaker) return false;
        result.speaker = speaker;
        result.cue = verb;
        result.has_cue = true;
        result.region_end = speaker.end;
        return true;
    }
    const std::uint32_t high = std::min(bound, at + kClauseTokensMax);
    for (std::uint32_t i = at + 1; i < high && (*quoted_)[i] == 0; ++i) {
        if (tokens[i].has(kSourceAfter)) {
            result.speaker = phrase_ending(tokens, at, i - 1);
            result.cue = i;
        } else if (is_cue(i, kCue | kWeakCue) && !tokens[i].capital) {
            const bool has_subject = !(tokens[i - 1].has(kConjunction | kPreposition));
            result.speaker = has_subject ? subject_before(tokens, at, i) : Mention{};
            // A subject in the middle of the clause belongs to another verb.
            if (result.speaker && result.speaker.kind == Mention::Kind::kNoun &&
                result.speaker.first > at + 1) {
                const Mention start = phrase_starting(tokens, at, i);
                if (start) result.speaker = start;
            }
            result.cue = i;
        } else {
            continue;
        }
        if (!result.speaker) continue;
        result.has_cue = true;
        result.region_end = i + 1;
        return true;
    }
    return false;
}

bool Attributor::after(std::size_t index, Attribution& result) const noexcept {
    const Tokens& tokens = *tokens_;
    const Segment& segment = (*segments_)[index];
    if (!segment.has_close) return false;
    const Paragraph& paragraph = tokens.paragraphs()[segment.paragraph];
    std::uint32_t at = segment.close + 1;
    const TokenKind inner = tokens[segment.close - 1].kind;
    bool parted = inner == TokenKind::kComma || inner == TokenKind::kDash;
    const bool ended = inner == TokenKind::kStop;
    while (at < paragraph.last &&
           (tokens[at].kind == TokenKind::kComma || tokens[at].kind == TokenKind::kDash)) {
        parted = true;
        ++at;
    }
    if (at >= paragraph.last || tokens[at].kind != TokenKind::kWord) return false;
    const std::uint32_t bound = sentence_end(at, paragraph);
    if (tokens[at - 1].kind == TokenKind::kDash) {  // "…" — Marie Dupont
        const Mention signature = phrase_starting(tokens, at, paragraph.last);
        const bool alone = signature.end >= paragraph.last || signature.end >= bound;
        if (signature.kind == Mention::Kind::kName && alone) {
            result.speaker = signature;
            result.region_end = signature.end;
            result.form = Attribution::Form::kBeside;
            return true;
        }
    }
    const bool inverted =
        (!tokens[at].capital && tokens[at].has(kSource)) || inverted_cue(at, bound) != bound;
    if (!parted && !ended && !inverted) return false;
    // After a full stop a capital letter starts a new sentence; it tells the speaker of this
    // segment only if no other one follows in it.
    if (ended && !inverted && !parted) {
        const bool full_stop = tokens.text(tokens[segment.close - 1]) == ".";
        const bool next_in_sentence = index + 1 < segments_->size() &&
                                      (*segments_)[index + 1].paragraph == segment.paragraph &&
                                      (*segments_)[index + 1].open <= bound;
        if (full_stop && (next_in_sentence || bound > at + 8)) return false;
    }
    if (!clause_at(at, bound, result)) return false;
    const bool close_by = result.cue <= at + 12;
    result.form = close_by ? Attribution::Form::kBeside : Attribution::Form::kSentence;
    return true;
}

// "… a "disaster" and had to go, the minister said."
bool Attributor::after_far(std::size_t index, Attribution& result) const noexcept {
    const Tokens& tokens = *tokens_;
    const Segment& segment = (*segments_)[index];
    if (!segment.has_close) return false;
    const Paragraph& paragraph = tokens.paragraphs()[segment.paragraph];
    if (tokens[segment.close - 1].kind == TokenKind::kStop) return false;
    const std::uint32_t bound = sentence_end(segment.close + 1, paragraph);
    for (std::uint32_t i = segment.close + 1; i < bound; ++i) {
        if ((*quoted_)[i] != 0 && tokens[i].kind != TokenKind::kMark) continue;
        const bool parted = tokens[i].kind == TokenKind::kComma ||
                            tokens[i - 1].kind == TokenKind::kMark ||
                            tokens[i].kind == TokenKind::kDash;
        if (!parted && !tokens[i].has(kSource)) continue;
        const std::uint32_t at = tokens[i].kind == TokenKind::kWord ? i : i + 1;
        Attribution found;
        if (!clause_at(at, bound, found) || found.cue > at + 10) continue;
        result.speaker = found.speaker;
        result.cue = found.cue;
        result.has_cue = true;
        result.form = Attribution::Form::kSentence;
        return true;
    }
    return false;
}

// No cue in the sentence: the speaker of the segment before, or who the sentence before is about.
bool Attributor::carried(std::size_t index, Attribution& result) const noexcept {
    const Tokens& tokens = *tokens_;
    const Segment& segment = (*segments_)[index];
    const Paragraph& paragraph = tokens.paragraphs()[segment.paragraph];
    const bool starts = is_sentence_like(tokens, segment);
    if (index > 0 && results_[index - 1].is_quotation && results_[index - 1].speaker) {
        const Segment& last = (*segments_)[index - 1];
        const bool same = last.paragraph == segment.paragraph;
        const bool next =
            last.paragraph + 1 == segment.paragraph && segment.open == paragraph.first && starts;
        if (same || next) {
            result.speaker = results_[index - 1].speaker;
            result.form = Attribution::Form::kCarried;
            return true;
        }
    }
    if (!starts) return false;
    // The sentence before, in this paragraph or (when a colon leads over) in the one before.
    std::uint32_t low = sentence_start(segment.open, paragraph);
    std::uint32_t high = segment.open;
    if (low == segment.open && low > paragraph.first) {
        high = low - 1;
        low = sentence_start(high, paragraph);
    } else if (segment.open == paragraph.first && segment.paragraph > 0) {
        const Paragraph& last = tokens.paragraphs()[segment.paragraph - 1];
        if (last.last == last.first) return false;
        high = last.last - 1;
        low = sentence_start(high, last);
        const bool colon = tokens[high].kind == TokenKind::kColon;
        if (!colon && tokens[high].kind != TokenKind::kStop) return false;
    } else {
        return false;
    }
    for (std::uint32_t at = high; at > low; --at) {
        if (!is_cue(at - 1, kCue)) continue;
        const Mention speaker = subject_of(low, at - 1);
        if (!speaker || speaker.kind == Mention::Kind::kPronoun) continue;
        result.speaker = speaker;
        result.cue = at - 1;
        result.has_cue = true;
        result.form = Attribution::Form::kNearby;
        return true;
    }
    const Mention subject = main_subject(tokens, low, high);
    if (subject.kind != Mention::Kind::kName && subject.kind != Mention::Kind::kHe &&
        subject.kind != Mention::Kind::kShe) {
        return false;
    }
    result.speaker = subject;
    result.form = Attribution::Form::kNearby;
    return true;
}

// A short run of capital words, small prepositions and articles apart: the title of a work or show.
bool Attributor::is_title(std::size_t index, const Attribution& result) const noexcept {
    using Form = Attribution::Form;
    const Tokens& tokens = *tokens_;
    const Segment& segment = (*segments_)[index];
    std::uint32_t capital = 0;
    std::uint32_t counted = 0;
    for (std::uint32_t i = inner_first(segment); i < segment.close; ++i) {
        const Token& token = tokens[i];
        const bool small = !token.capital && token.has(kPreposition | kDeterminer | kConjunction);
        if (token.kind != TokenKind::kWord || small) continue;
        capital += token.capital;
        ++counted;
    }
    if (counted == 0 || capital != counted) return false;
    const bool after_preposition =
        segment.open > 0 && tokens[segment.open - 1].kind == TokenKind::kWord &&
        (tokens[segment.open - 1].has(kPreposition) || tokens[segment.open - 1].genitive);
    if (result.form == Form::kBeside || result.joined) return counted >= 2 && after_preposition;
    return !(counted <= 2 && is_sentence_like(tokens, segment) && result.form == Form::kCarried);
}

bool Attributor::is_quotation(std::size_t index, const Attribution& result) const noexcept {
    using Form = Attribution::Form;
    const Tokens& tokens = *tokens_;
    const Segment& segment = (*segments_)[index];
    const std::uint32_t words = inner_words(tokens, segment);
    if (words == 0) return false;
    if (segment.continues || !segment.has_open) return true;
    const bool is_first = segment.open == 0;
    if (!is_first && tokens[segment.open - 1].has(kScare) && !tokens[segment.open - 1].has(kCue) &&
        words <= 6) {
        return false;
    }
    if (words <= 7 && is_title(index, result)) return false;
    if (result.joined) return true;
    const bool sentence = is_sentence_like(tokens, segment);
    switch (result.form) {
        case Form::kBeside: return true;
        case Form::kSentence: return words >= 2 || result.cue + 14 > segment.open;
        case Form::kCarried: return words >= 2;
        case Form::kNearby: return words >= 4;
        case Form::kNone: break;
    }
    return words >= 6 && sentence;
}

}  // namespace newsmill
