#include "stages/quotes/attribution.hpp"

#include <algorithm>

namespace newsmill {
namespace {

constexpr std::uint32_t kClauseTokensMax = 24;
// The densest of 5,000 articles has 31 tokens for each pair of marks. In a long text that has more
// marks, those that are too many are taken for no quotations, so that its cost is bounded.
constexpr std::size_t kSegmentsFree = 4096;
constexpr std::size_t kTokensPerSegment = 24;

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
    const bool ends =
        last == TokenKind::kStop || last == TokenKind::kComma || last == TokenKind::kDash ||
        !segment.has_close ||
        (segment.close + 1 < tokens.all().size() &&
         (tokens[segment.close + 1].kind == TokenKind::kComma ||
          (!tokens.reads_clauses() && tokens[segment.close + 1].kind == TokenKind::kStop)));
    std::uint32_t word = first;
    while (word < segment.close && tokens[word].kind != TokenKind::kWord) ++word;
    return ends && word < segment.close && (tokens[word].capital || segment.continues);
}

const std::vector<Attribution>& Attributor::attribute(const Clauses& clauses,
                                                      const std::vector<Segment>& segments,
                                                      const std::vector<Frame>& frames) noexcept {
    clauses_ = &clauses;
    tokens_ = &clauses.tokens();
    segments_ = &segments;
    frames_ = &frames;
    next_frame_ = 0;
    start_open_ = kNoToken;
    has_double_ = std::any_of(segments.begin(), segments.end(),
                              [](const Segment& segment) { return !segment.single; });
    results_.clear();
    const std::size_t bound =
        std::min(segments.size(), kSegmentsFree + tokens_->all().size() / kTokensPerSegment);
    for (std::size_t i = 0; i < bound; ++i) {
        Attribution result = attribute_one(i);
        result.is_quotation = is_quotation(i, result);
        results_.push_back(result);
    }
    results_.resize(segments.size());
    return results_;
}

// Where the segment's sentence starts; several rules ask for it.
std::uint32_t Attributor::start_of(const Segment& segment) const noexcept {
    if (start_open_ != segment.open) {
        start_open_ = segment.open;
        start_ = clauses_->sentence_start(segment.open, tokens_->paragraphs()[segment.paragraph]);
    }
    return start_;
}

// The frame that holds the segment; null if there is none. Frames and segments come in order.
const Frame* Attributor::frame_of(const Segment& segment) noexcept {
    const auto& frames = *frames_;
    while (next_frame_ < frames.size() && frames[next_frame_].last <= segment.open) ++next_frame_;
    for (std::size_t i = next_frame_; i < frames.size() && i < next_frame_ + 4; ++i) {
        const Frame& frame = frames[i];
        if (frame.first <= segment.open && segment.open < frame.last) return &frame;
    }
    return nullptr;
}

bool Attributor::by_frame(const Segment& segment, Attribution& result) noexcept {
    const Frame* frame = frame_of(segment);
    if (frame == nullptr) return false;
    result.speaker = frame->speaker;
    result.cue = frame->cue;
    result.has_cue = true;
    result.form = Attribution::Form::kSentence;
    result.frame = static_cast<std::int32_t>(frame - frames_->data());
    if (frame->after) {
        result.region_end = std::max(frame->cue + 1, frame->speaker.end);
        if (segment.close + 2 >= frame->last) result.form = Attribution::Form::kBeside;
    } else if (segment.open <= frame->first + 1 && frame->first <= frame->cue + 3) {
        result.form = Attribution::Form::kBeside;
    }
    return true;
}

// "“SMITH: We go on.": a transcript in marks names its speaker inside of them.
bool Attributor::by_inner_name(const Segment& segment, Attribution& result) const noexcept {
    const Tokens& tokens = *tokens_;
    if (!segment.has_open) return false;
    const std::uint32_t first = segment.open + 1;
    std::uint32_t at = first;
    while (at + 1 < segment.close && at < first + 3 && tokens[at].upper) ++at;
    if (at == first || tokens[at].kind != TokenKind::kColon || tokens[first].has(kLabel)) {
        return false;
    }
    result.speaker = phrase_ending(tokens, first, at - 1);
    if (!result.speaker) return false;
    result.form = Attribution::Form::kBeside;
    result.words_first = at + 1;
    return true;
}

// "«Мы ждали, — сказал Иван Петров. — И дождались»": the cue and its speaker between dashes, or in
// French between commas, inside of the marks.
bool Attributor::by_inner_cue(const Segment& segment, Attribution& result) const noexcept {
    constexpr std::uint32_t kInciseTokensMax = 16;
    const Tokens& tokens = *tokens_;
    if (tokens.reads_clauses() || !segment.has_open || !segment.has_close) return false;
    for (std::uint32_t i = segment.open + 2; i + 2 < segment.close; ++i) {
        const Token& verb = tokens[i + 1];
        if (tokens[i].kind != TokenKind::kDash || !verb.has(kCue) || verb.capital) continue;
        const std::uint32_t bound = std::min(segment.close, i + kInciseTokensMax);
        result.speaker = phrase_starting(tokens, i + 2, bound);
        if (!result.speaker) continue;
        std::uint32_t end = result.speaker.end;
        while (end < bound && tokens[end].kind != TokenKind::kDash) ++end;
        result.cue = i + 1;
        result.has_cue = true;
        result.form = Attribution::Form::kBeside;
        result.cut_first = i;
        result.cut_last = end < bound ? end + 1 : segment.close;
        return true;
    }
    return false;
}

// A cue at the end of a statement that runs over paragraphs tells who spoke from its beginning.
void Attributor::tell_before(std::size_t index, const Mention& speaker) noexcept {
    constexpr std::size_t kParagraphsMax = 16;
    for (std::size_t i = index; i > 0 && index - i < kParagraphsMax; --i) {
        Attribution& last = results_[i - 1];
        if (last.form > Attribution::Form::kCarried) break;
        last.speaker = speaker;
        last.form = Attribution::Form::kCarried;
        if (!(*segments_)[i - 1].continues) break;
    }
}

Attribution Attributor::attribute_one(std::size_t index) noexcept {
    const Segment& segment = (*segments_)[index];
    Attribution result;
    if (by_inner_name(segment, result) || by_inner_cue(segment, result)) return result;
    if (index > 0 && (segment.continues || !segment.has_open) && results_[index - 1].is_quotation) {
        Attribution own;
        if (by_frame(segment, own) || after(index, own)) {
            own.joined = true;
            tell_before(index, own.speaker);
            return own;
        }
        result = results_[index - 1];
        result.joined = true;
        result.region_end = 0;
        result.frame = -1;
        result.words_first = result.cut_first = result.cut_last = 0;
        if (result.speaker) return result;
    }
    if (by_frame(segment, result)) return result;
    if (before(index, true, result)) return result;
    // "…," she said, "…": the cue after the segment before is this one's too.
    if (index > 0 && (*segments_)[index - 1].paragraph == segment.paragraph) {
        const Attribution& last = results_[index - 1];
        if (last.region_end != 0 && last.region_end <= segment.open &&
            start_of(segment) <= last.region_end - 1) {
            result = last;
            result.region_end = 0;
            result.frame = -1;
            result.joined = true;
            return result;
        }
    }
    if (after(index, result)) return result;
    if (clauses_->has_steps()) {
        if (before(index, false, result)) return result;
        if (after_far(index, result)) return result;
    }
    if (before_by_colon(index, result)) return result;
    carried(index, result);
    return result;
}

// "according to S" at `at`.
bool Attributor::source_at(std::uint32_t at, std::uint32_t bound,
                           Attribution& result) const noexcept {
    const Tokens& tokens = *tokens_;
    if (tokens[at].kind != TokenKind::kWord || !tokens[at].has(kSource) ||
        clauses_->is_quoted(at)) {
        return false;
    }
    std::uint32_t first = at + 1;
    if (first < bound && tokens.is(tokens[first], "to")) ++first;
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
    std::uint32_t low = start_of(segment);
    if (index > 0 && results_[index - 1].region_end > low) {
        low = std::min(segment.open, results_[index - 1].region_end);
    }
    std::uint32_t high = segment.open;
    std::uint32_t words = 0;
    for (std::uint32_t at = high; at > low; --at) {
        const std::uint32_t i = at - 1;
        const Token& token = tokens[i];
        if (clauses_->is_quoted(i)) continue;
        if (beside && words > 2 && token.kind == TokenKind::kWord) return false;
        if (token.kind == TokenKind::kWord && !token.has(kConjunction | kPronoun)) ++words;
        if (source_at(i, segment.open, result)) {
            result.form = Attribution::Form::kSentence;
            return true;
        }
        const bool near_enough = segment.open - i <= kClauseTokensMax;
        if (!clauses_->is_cue(i, kCue | kParticiple | (near_enough ? kWeakCue : std::uint64_t{0})))
            continue;
        Mention speaker = clauses_->subject_of(low, i);
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
    const std::uint32_t low = start_of(segment);
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
    return clauses_->is_cue(verb, kCue) ? verb : bound;
}

// A clause "said S", "S said" or "according to S" that starts at `at`.
bool Attributor::clause_at(std::uint32_t at, std::uint32_t bound,
                           Attribution& result) const noexcept {
    const Tokens& tokens = *tokens_;
    if (at >= bound || tokens[at].kind != TokenKind::kWord || clauses_->is_quoted(at)) return false;
    if (source_at(at, bound, result)) {
        result.region_end = result.speaker.end;
        return true;
    }
    if (tokens[at].has(kCue) && tokens[at].has(kHe | kShe)) {  // "« … », dit-elle"
        result.speaker = phrase_ending(tokens, at, at);
        result.cue = at;
        result.has_cue = true;
        result.region_end = at + 1;
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
    for (std::uint32_t i = at + 1; i < high && !clauses_->is_quoted(i); ++i) {
        if (tokens[i].has(kSourceAfter)) {
            result.speaker = phrase_ending(tokens, at, i - 1);
            result.cue = i;
        } else if (clauses_->is_cue(i, kCue | kWeakCue | kThink) && !tokens[i].capital) {
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
    const std::uint32_t bound = clauses_->sentence_end(at, paragraph);
    if (tokens[at - 1].kind == TokenKind::kDash && tokens[at].capital) {  // "…" — Jan Holt
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
        const bool full_stop = tokens.is(tokens[segment.close - 1], ".");
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
    const std::uint32_t bound = clauses_->sentence_end(segment.close + 1, paragraph);
    for (std::uint32_t i = segment.close + 1; i < bound; ++i) {
        if (clauses_->is_quoted(i) && tokens[i].kind != TokenKind::kMark) continue;
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

// "“…,” S said. “…”": only the cue's clause stands between this segment and the one before.
bool Attributor::goes_on_after_cue(std::size_t index) const noexcept {
    constexpr std::uint32_t kAdjunctsMax = 10;
    const Tokens& tokens = *tokens_;
    const Segment& segment = (*segments_)[index];
    const std::uint32_t end = results_[index - 1].region_end;
    if ((*segments_)[index - 1].paragraph != segment.paragraph || end == 0) return false;
    if (end >= segment.open || segment.open - end > kAdjunctsMax) return false;
    if (tokens[segment.open - 1].kind != TokenKind::kStop) return false;
    for (std::uint32_t i = end; i + 1 < segment.open; ++i) {
        if (clauses_->ends_sentence(i) || clauses_->is_cue(i, kCue)) return false;
    }
    return true;
}

// No cue in the sentence: the speaker of the segment before, or who the sentence before is about.
bool Attributor::carried(std::size_t index, Attribution& result) const noexcept {
    const Tokens& tokens = *tokens_;
    const Segment& segment = (*segments_)[index];
    const Paragraph& paragraph = tokens.paragraphs()[segment.paragraph];
    const bool starts = is_sentence_like(tokens, segment);
    std::size_t before = index;
    while (before > 0 && index - before < 3 && !results_[before - 1].is_quotation) --before;
    if (before > 0 && results_[before - 1].is_quotation && results_[before - 1].speaker) {
        const Segment& last = (*segments_)[before - 1];
        const bool same = last.paragraph == segment.paragraph;
        const bool next =
            last.paragraph + 1 == segment.paragraph && segment.open == paragraph.first && starts;
        if (same || next) {
            result.speaker = results_[before - 1].speaker;
            result.form = Attribution::Form::kCarried;
            result.joined = before == index && starts && goes_on_after_cue(index);
            return true;
        }
    }
    if (!starts) return false;
    // The sentence before, in this paragraph or (when a colon leads over) in the one before.
    std::uint32_t low = start_of(segment);
    std::uint32_t high = segment.open;
    if (low == segment.open && low > paragraph.first) {
        high = low - 1;
        low = clauses_->sentence_start(high, paragraph);
    } else if (segment.open == paragraph.first && segment.paragraph > 0) {
        const Paragraph& last = tokens.paragraphs()[segment.paragraph - 1];
        if (last.last == last.first) return false;
        high = last.last - 1;
        low = clauses_->sentence_start(high, last);
        const bool colon = tokens[high].kind == TokenKind::kColon;
        if (!colon && tokens[high].kind != TokenKind::kStop) return false;
    } else {
        return false;
    }
    for (std::uint32_t at = high; at > low; --at) {
        if (!clauses_->is_cue(at - 1, kCue)) continue;
        const Mention speaker = clauses_->subject_of(low, at - 1);
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

// A run of capital words, small prepositions and articles apart: the title of a work or show.
bool Attributor::is_all_capital(const Segment& segment) const noexcept {
    const Tokens& tokens = *tokens_;
    // "Union pour un Mouvement": a name of another language has small words of its own.
    constexpr std::uint32_t kForeignBytesMax = 4;
    std::uint32_t counted = 0;
    for (std::uint32_t i = inner_first(segment); i < segment.close; ++i) {
        const Token& token = tokens[i];
        const bool small =
            !token.capital && (token.has(kPreposition | kDeterminer | kConjunction) ||
                               (token.classes == 0 && token.end - token.start <= kForeignBytesMax &&
                                tokens.nouns_are_capital()));
        if (token.kind != TokenKind::kWord || small) continue;
        if (!token.capital) return false;
        ++counted;
    }
    return counted != 0;
}

// A name of a work, a show, a person: by its form and by what stands before it.
bool Attributor::is_title(std::size_t index, std::uint32_t words,
                          const Attribution& result) const noexcept {
    using Form = Attribution::Form;
    const Tokens& tokens = *tokens_;
    const Segment& segment = (*segments_)[index];
    if (words > 8 || !is_all_capital(segment)) return false;
    const TokenKind last = tokens[segment.close - 1].kind;
    const bool exclaims = last == TokenKind::kStop && !tokens.is(tokens[segment.close - 1], ".");
    const bool first = segment.open == 0;
    const Token* before = first ? nullptr : &tokens[segment.open - 1];
    // "Robert “Bobby” Scott"
    if (words <= 2 && before != nullptr && before->kind == TokenKind::kWord && before->capital &&
        segment.close + 1 < tokens.all().size() && tokens[segment.close + 1].capital &&
        tokens[segment.close + 1].kind == TokenKind::kWord) {
        return true;
    }
    // "the TV show “…”": a noun, though "show" is a verb too.
    const bool work = before != nullptr && before->has(kScare) &&
                      (before->has(kNoun) || !clauses_->is_cue(segment.open - 1, kAnyCue));
    if (before != nullptr && before->kind == TokenKind::kWord &&
        (before->genitive || work || (before->has(kPreposition) && !before->has(kAnyCue)) ||
         (words >= 2 && before->has(kConjunction) && !shares_phrase(index)))) {
        return words >= 2 || result.form == Form::kNone || before->genitive || work;
    }
    // "according to “Morning Report”", "laut „Neue Welle“"
    if (before != nullptr && !exclaims &&
        (before->has(kSource) ||
         (segment.open > 1 && tokens.is(*before, "to") && tokens[segment.open - 2].has(kSource)))) {
        return true;
    }
    // "told “Fox and Friends,”", "his book, “A Time for Truth,”"
    const std::uint32_t back = segment.open > 1 ? segment.open - 2 : 0;
    const bool apposed =
        before != nullptr && before->kind == TokenKind::kComma && tokens[back].has(kScare);
    if (apposed) return true;
    if (exclaims || words < 2) return result.form == Form::kNone;
    if (result.form == Form::kBeside && before != nullptr && before->kind == TokenKind::kComma) {
        return false;
    }
    // What somebody says of it makes it a slogan, or a name that they call something by.
    if (result.frame >= 0) return before != nullptr && before->has(kTell);
    const bool after_cue =
        before != nullptr && before->has(kCue | kParticiple) && !before->has(kTell);
    return !after_cue && !(result.region_end != 0 && result.form == Form::kBeside);
}

// "die Zeitung „Neue Welle“", "der „Preis der Stadt“": a name after its noun, or with an article.
bool Attributor::is_name_after_noun(const Segment& segment, std::uint32_t words,
                                    const Attribution& result) const noexcept {
    const Tokens& tokens = *tokens_;
    if (segment.open == 0 || words > 6 || is_sentence_like(tokens, segment)) return false;
    const Token& before = tokens[segment.open - 1];
    const Token& word = tokens[inner_first(segment)];
    if (before.kind != TokenKind::kWord || !word.capital) {
        return word.kind == TokenKind::kNumber && result.form == Attribution::Form::kNone;
    }
    if (before.capital) return true;
    return words <= 5 && before.has(kDeterminer | kPreposition) &&
           (words >= 2 || result.form == Attribution::Form::kNone);
}

// "dismissed her as “weak”", "gone after him as a “spoiled brat”", "calling the mayor “weak”": a
// word that calls, with its object or an article between.
bool Attributor::is_called(const Segment& segment) const noexcept {
    constexpr std::uint32_t kObjectTokensMax = 6;
    const Tokens& tokens = *tokens_;
    const std::uint32_t low = tokens.paragraphs()[segment.paragraph].first;
    for (std::uint32_t at = segment.open; at > low && segment.open - at < kObjectTokensMax; --at) {
        const Token& token = tokens[at - 1];
        if (token.kind != TokenKind::kWord || clauses_->is_quoted(at - 1)) return false;
        if (!token.has(kCall)) continue;
        if (at == segment.open) return true;
        if (!token.has(kPreposition | kConjunction)) {
            return !tokens[at].has(kPreposition);  // not "calls for …"
        }
        // "as the “establishment” candidate" tells what all call it so.
        return at + 1 == segment.open && !token.capital && tokens[at].has(kDeterminer) &&
               !tokens.is(tokens[at], "the");
    }
    return false;
}

// "“Slow Tom” and “Lazy Jim”": only a conjunction between this one and the quotation before.
bool Attributor::shares_phrase(std::size_t index) const noexcept {
    return index > 0 && results_[index - 1].is_quotation &&
           (*segments_)[index - 1].close + 2 == (*segments_)[index].open;
}

// "news.example.org": stops without a space behind them.
bool Attributor::is_address(const Segment& segment) const noexcept {
    const Tokens& tokens = *tokens_;
    bool stops = false;
    for (std::uint32_t i = inner_first(segment); i + 1 < segment.close; ++i) {
        if (tokens[i].end != tokens[i + 1].start) return false;
        stops = stops || tokens.is(tokens[i], ".");
    }
    return stops && tokens[segment.close - 1].kind == TokenKind::kWord;
}

// Whether the quotation before stands in this sentence too: "“fake” and “rigged”".
bool Attributor::shares_sentence(std::size_t index) const noexcept {
    const Segment& segment = (*segments_)[index];
    if (index == 0 || !results_[index - 1].is_quotation) return false;
    const Segment& last = (*segments_)[index - 1];
    return last.paragraph == segment.paragraph && start_of(segment) <= last.close;
}

// Whether it is one whatever its words are: "added: “X”", "dismissed her as “X”", "chants of “X”",
// "called her “X”", or a sentence of its own.
bool Attributor::is_surely_quotation(const Segment& segment,
                                     const Attribution& result) const noexcept {
    const Tokens& tokens = *tokens_;
    const Paragraph& paragraph = tokens.paragraphs()[segment.paragraph];
    if (!segment.has_close || segment.open <= paragraph.first) return false;
    const Token& before = tokens[segment.open - 1];
    if (before.kind == TokenKind::kColon) return true;
    if (is_called(segment)) return true;
    if (segment.open >= paragraph.first + 2 && before.has(kPreposition)) {
        const Token& noun = tokens[segment.open - 2];
        if (noun.has(kCall) && !noun.has(kPreposition)) return true;
    }
    // "called Reed “Slow Tom”": the verb has its object between it and the marks.
    if (result.has_cue && result.cue + 1 < segment.open && segment.open - result.cue <= 5 &&
        tokens[result.cue].has(kObjectCue) && before.kind == TokenKind::kWord &&
        (before.capital || before.has(kAnyPronoun | kHis | kHer))) {
        return true;
    }
    if (before.kind != TokenKind::kStop) return false;
    return tokens[segment.close - 1].kind == TokenKind::kStop &&
           clauses_->closes_sentence(segment.close, paragraph);
}

bool Attributor::is_quotation(std::size_t index, const Attribution& result) const noexcept {
    using Form = Attribution::Form;
    const Tokens& tokens = *tokens_;
    const Segment& segment = (*segments_)[index];
    const std::uint32_t words = inner_words(tokens, segment);
    if (words == 0) return false;
    if (segment.continues && words > 3) return true;
    if (!segment.has_open) return true;
    const bool is_first = segment.open == 0;
    if (!is_first && tokens.is(tokens[segment.open - 1], "=")) return false;  // left markup
    const TokenKind inner = tokens[segment.open + 1].kind;
    if (inner == TokenKind::kParen && tokens[segment.close - 1].kind != TokenKind::kWord &&
        words <= 2) {
        return false;  // "(Laughter.)"
    }
    const bool sentence = is_sentence_like(tokens, segment);
    // Where double marks are the text's, single ones hold what they quote, or a headline.
    if (segment.single && has_double_ && !(sentence && result.form == Form::kBeside)) return false;
    if (!segment.single && is_surely_quotation(segment, result)) return true;
    if (!is_first && tokens[segment.open - 1].has(kScare) && !tokens[segment.open - 1].has(kCue) &&
        words <= 6 && result.frame < 0) {
        return false;
    }
    if (tokens.nouns_are_capital() && is_name_after_noun(segment, words, result)) return false;
    if (is_title(index, words, result)) return false;
    if (result.form != Form::kSentence && is_address(segment)) return false;
    if (result.joined) return true;
    switch (result.form) {
        case Form::kBeside:
        case Form::kSentence: return true;
        case Form::kCarried: return words >= 2 || shares_sentence(index);
        case Form::kNearby: return words >= 3;
        case Form::kNone: break;
    }
    // "The pink slip - “a farewell gift” - came on Friday", "NOW OPEN—“A New Hall for …”"
    if (!is_first && tokens[segment.open - 1].kind == TokenKind::kDash &&
        segment.open - 1 != tokens.paragraphs()[segment.paragraph].first) {
        return false;
    }
    return words >= 3;
}

}  // namespace newsmill
