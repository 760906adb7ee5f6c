#include "stages/quotes.hpp"

#include <algorithm>
#include <stdexcept>

#include "stages/quotes/attribution.hpp"
#include "stages/quotes/clauses.hpp"
#include "stages/quotes/cue_lexicon.hpp"
#include "stages/quotes/frames.hpp"
#include "stages/quotes/marks.hpp"
#include "stages/quotes/remembered.hpp"
#include "stages/quotes/speakers.hpp"
#include "stages/quotes/tokens.hpp"
#include "stages/quotes/transcript.hpp"

namespace newsmill::embedded {
extern const std::string_view quotes_en;
extern const std::string_view quotes_de;
extern const std::string_view quotes_fr;
extern const std::string_view quotes_es;
extern const std::string_view quotes_pt;
extern const std::string_view quotes_ru;
}  // namespace newsmill::embedded

namespace newsmill {
namespace {

// English is the fallback for languages without a lexicon.
std::vector<LexiconSource> built_in_lexicons() {
    return {{"en", "configs/quotes/en.cues", embedded::quotes_en},
            {"de", "configs/quotes/de.cues", embedded::quotes_de},
            {"fr", "configs/quotes/fr.cues", embedded::quotes_fr},
            {"es", "configs/quotes/es.cues", embedded::quotes_es},
            {"pt", "configs/quotes/pt.cues", embedded::quotes_pt},
            {"ru", "configs/quotes/ru.cues", embedded::quotes_ru}};
}

std::uint8_t confidence_of(const Attribution& attribution, bool sentence) noexcept {
    switch (attribution.form) {
        case Attribution::Form::kBeside: return 92;
        case Attribution::Form::kSentence: return attribution.has_cue ? 80 : 65;
        case Attribution::Form::kCarried: return attribution.joined ? 90 : (sentence ? 76 : 62);
        case Attribution::Form::kNearby: return attribution.has_cue ? 64 : 60;
        case Attribution::Form::kNone: break;
    }
    return 40;
}

std::uint8_t confidence_of(const Frame& frame) noexcept {
    switch (frame.kind) {
        case Frame::Kind::kThat: return 80;
        case Frame::Kind::kPlain: return 72;
        case Frame::Kind::kObject: return 58;
        case Frame::Kind::kThink: break;
    }
    return 50;
}

}  // namespace

std::shared_ptr<const CueLexicons> compile_lexicons(std::span<const LexiconSource> given) {
    std::vector<LexiconSource> sources = built_in_lexicons();
    for (const LexiconSource& own : given) {
        const auto same = std::find_if(sources.begin(), sources.end(), [&](const auto& source) {
            return source.language == own.language;
        });
        if (same == sources.end()) {
            sources.push_back(own);
        } else {
            *same = own;
        }
    }
    return std::make_shared<const CueLexicons>(sources.begin(), sources.end());
}

class QuotesStage::Finder {
   public:
    explicit Finder(const QuotesOptions& options)
        : confidence_min_(options.confidence_min), transcripts_(options.transcripts) {
        if (confidence_min_ > 100) throw std::invalid_argument("confidence_min is over 100");
        lexicons_ =
            options.live != nullptr ? options.live->get() : compile_lexicons(options.lexicons);
    }

    // Whether they are others than before. Nothing of an article refers to its lexicon once it is
    // done.
    bool take_over(std::shared_ptr<const CueLexicons> lexicons) noexcept {
        const bool others = lexicons != lexicons_;
        lexicons_ = std::move(lexicons);
        return others;
    }

    void find(Article& article, Arena& arena) noexcept {
        if (tokens_.tokens_room() > kTokensKept && article.body.size() < kTokensKept) forget();
        found_.clear();
        spans_.clear();
        tokens_.read(article.body, lexicon_of(article.language));
        const std::vector<Segment>& segments = pairer_.pair(tokens_);
        const bool may_be_transcript = transcripts_ && (tokens_.has_colon() || tokens_.has_dash());
        mark_quoted(segments);
        clauses_.read(tokens_, quoted_);
        const std::vector<Frame>& frames =
            frame_finder_.find(clauses_, lexicon_of(article.language).reads_clauses());
        if (segments.empty() && !may_be_transcript && frames.empty()) return;
        people_.read(tokens_, quoted_);
        taken_.assign(tokens_.paragraphs().size(), 0);
        std::uint32_t statements = 0;
        if (may_be_transcript) statements = take_transcript();
        statements = take_segments(segments, frames, statements);
        take_frames(frames, statements);
        const auto before = [](const Found& a, const Found& b) {
            return a.quote.span.start < b.quote.span.start;
        };
        if (!std::is_sorted(found_.begin(), found_.end(), before)) {
            std::sort(found_.begin(), found_.end(), before);
        }
        drop_overlaps();
        number();
        publish(article, arena);
    }

   private:
    // 10 MB. A body takes fewer tokens than bytes.
    static constexpr std::size_t kTokensKept = 1 << 18;

    // Gives back what a huge body made the scratch grow to.
    void forget() noexcept {
        tokens_ = {};
        pairer_ = {};
        people_ = {};
        attributor_ = {};
        transcript_ = {};
        clauses_ = {};
        frame_finder_ = {};
        quoted_ = {};
        taken_ = {};
        frame_uses_ = {};
        found_ = {};
        spans_ = {};
        numbers_ = {};
    }

    struct Found {
        Quote quote;
        std::uint32_t spans_first = 0;  // in spans_
        std::uint32_t spans = 0;
    };

    // Bounds the record of a text that is all marks; the longest hearing has a tenth of it.
    static constexpr std::size_t kStatementsMax = 16384;

    void keep(const Found& found) noexcept {
        if (found.quote.confidence < confidence_min_ || found_.size() >= kStatementsMax) return;
        found_.push_back(found);
    }

    const CueLexicon& lexicon_of(std::string_view language) const noexcept {
        for (const auto& lexicon : *lexicons_) {
            if (lexicon.language() == language) return lexicon;
        }
        return lexicons_->front();
    }

    void mark_quoted(const std::vector<Segment>& segments) noexcept {
        quoted_.assign(tokens_.all().size(), 0);
        for (const Segment& segment : segments) {
            const std::uint32_t end = segment.has_close ? segment.close + 1 : segment.close;
            std::fill(quoted_.begin() + segment.open, quoted_.begin() + end, std::uint8_t{1});
        }
    }

    std::uint32_t take_transcript() noexcept {
        std::uint32_t statements = 0;
        for (const Turn& turn : transcript_.read(tokens_, people_)) {
            Found found;
            Quote& quote = found.quote;
            quote.type = QuoteType::kTranscript;
            quote.statement = turn.statement;
            const Paragraph& paragraph = tokens_.paragraphs()[turn.paragraph];
            quote.span = {tokens_[turn.first].start,
                          turn.last == paragraph.last ? paragraph.end : tokens_[turn.last - 1].end};
            if (turn.cue != 0) quote.cue = {tokens_[turn.cue].start, tokens_[turn.cue].end};
            name_speaker(turn.speaker, turn.paragraph, quote);
            quote.confidence = turn.speaker ? 90 : 60;
            statements = turn.statement + 1;
            taken_[turn.paragraph] = 1;
            keep(found);
        }
        return statements;
    }

    std::uint32_t take_segments(const std::vector<Segment>& segments,
                                const std::vector<Frame>& frames,
                                std::uint32_t statements) noexcept {
        const auto& attributions = attributor_.attribute(clauses_, segments, frames);
        frame_uses_.assign(frames.size(), {});
        bool last_taken = false;
        for (std::size_t i = 0; i < segments.size() && found_.size() < kStatementsMax; ++i) {
            const Segment& segment = segments[i];
            const Attribution& attribution = attributions[i];
            if (!attribution.is_quotation || taken_[segment.paragraph] != 0) {
                last_taken = false;
                continue;
            }
            if (attribution.frame >= 0) {
                FrameUse& use = frame_uses_[static_cast<std::size_t>(attribution.frame)];
                if (use.segments++ == 0) use.first = static_cast<std::uint32_t>(i);
                const Frame& frame = frames[static_cast<std::size_t>(attribution.frame)];
                if (!fills(segment, frame)) {
                    use.mixed = true;
                    last_taken = false;
                    continue;
                }
            }
            Found found = from_segment(segment, attribution);
            if (attribution.frame >= 0) {
                widen(segment, frames[static_cast<std::size_t>(attribution.frame)], found.quote);
            }
            found.quote.statement =
                attribution.joined && last_taken ? statements - 1 : statements++;
            last_taken = true;
            keep(found);
        }
        // Statements that are partly in marks.
        for (std::size_t f = 0; f < frames.size(); ++f) {
            if (!frame_uses_[f].mixed) continue;
            take_mixed(segments, attributions, frames[f], f, statements++);
        }
        return statements;
    }

    // Whether the segment is all that a frame says, but for a word or a sign.
    bool fills(const Segment& segment, const Frame& frame) const noexcept {
        std::uint32_t first = frame.first;
        std::uint32_t last = frame.last;
        while (first < last && tokens_[first].kind != TokenKind::kWord &&
               tokens_[first].kind != TokenKind::kMark) {
            ++first;
        }
        while (last > first && tokens_[last - 1].kind != TokenKind::kWord &&
               tokens_[last - 1].kind != TokenKind::kMark) {
            --last;
        }
        if (segment.open <= first && segment.close + 1 >= last) return true;
        const std::uint32_t inner = tokens_[segment.close - 1].end - tokens_[segment.open].start;
        const std::uint32_t outer = tokens_[last - 1].end - tokens_[first].start;
        return inner * 100 >= outer * 93;
    }

    // "S said that “…”": the word before the marks is part of the statement, though next to all of
    // it stands in them.
    void widen(const Segment& segment, const Frame& frame, Quote& quote) const noexcept {
        if (frame.first >= segment.open) return;
        std::uint32_t first = frame.first;
        if (tokens_[first].has(kThat)) {
            if (first + 2 == segment.open && tokens_[first + 1].kind == TokenKind::kComma) ++first;
        } else if (is_sentence_like(tokens_, segment)) {
            return;
        }
        std::uint32_t outside = 0;
        for (std::uint32_t i = frame.first; i < segment.open; ++i) {
            // "in Paris, “…”": what a comma or a dash parts from the marks is no part of it.
            if (tokens_[i].kind != TokenKind::kWord && i != first) return;
            outside += tokens_[i].end - tokens_[i].start;
        }
        std::uint32_t inside = 0;
        for (std::uint32_t i = segment.open + 1; i < segment.close; ++i) {
            if (tokens_[i].kind != TokenKind::kWord) continue;
            inside += tokens_[i].end - tokens_[i].start;
        }
        if (outside * 95 > inside * 5) return;
        quote.type = QuoteType::kDirect;
        quote.span.start = std::min(quote.span.start, tokens_[frame.first].start);
    }

    void take_mixed(const std::vector<Segment>& segments,
                    const std::vector<Attribution>& attributions, const Frame& frame,
                    std::size_t index, std::uint32_t statement) noexcept {
        const FrameUse& use = frame_uses_[index];
        Found found = from_segment(segments[use.first], attributions[use.first]);
        found.quote.type = QuoteType::kMixed;
        found.quote.statement = statement;
        const Segment* last = &segments[use.first];
        for (std::size_t i = use.first + 1; i < segments.size(); ++i) {
            if (segments[i].open >= frame.last) break;
            if (!attributions[i].is_quotation ||
                attributions[i].frame != static_cast<std::int32_t>(index)) {
                continue;
            }
            spans_.push_back(inside(segments[i]));
            ++found.spans;
            last = &segments[i];
        }
        found.quote.span = {tokens_[frame.first].start, tokens_[frame.last - 1].end};
        found.quote.span.end = std::max(found.quote.span.end, outer_end(*last));
        found.quote.span.start = std::min(found.quote.span.start, spans_[found.spans_first].start);
        keep(found);
    }

    void take_frames(const std::vector<Frame>& frames, std::uint32_t statements) noexcept {
        bool frame_taken = false;
        for (std::size_t f = 0; f < frames.size(); ++f) {
            const Frame& frame = frames[f];
            if (frame_uses_[f].segments != 0 || taken_[frame.paragraph] != 0) continue;
            if (clauses_.is_quoted(frame.first) && clauses_.is_quoted(frame.last - 1)) continue;
            if (!reports(frame) || !says_something(frame)) {
                frame_taken = false;
                continue;
            }
            Found found;
            Quote& quote = found.quote;
            quote.type = QuoteType::kIndirect;
            quote.span = {tokens_[frame.first].start, tokens_[frame.last - 1].end};
            quote.cue = {tokens_[frame.cue].start, tokens_[frame.cue].end};
            quote.confidence = confidence_of(frame);
            const bool goes_on = frame.joined && frame_taken && statements > 0;
            quote.statement = goes_on ? statements - 1 : statements++;
            frame_taken = true;
            name_speaker(frame.speaker, frame.paragraph, quote);
            lower_if_unsure(quote);
            keep(found);
        }
    }

    // Whether a clause without marks is a statement: some verbs tell of one beside marks only.
    bool reports(const Frame& frame) const noexcept {
        const Token& cue = tokens_[frame.cue];
        switch (frame.kind) {
            case Frame::Kind::kThat: return true;
            case Frame::Kind::kPlain: return !cue.has(kSilent);
            case Frame::Kind::kObject: return cue.has(kObjectCue);
            case Frame::Kind::kThink: return tokens_[frame.first].has(kThat);
        }
        return false;
    }

    // "denied that", "berichtete darüber": no words that are somebody's.
    bool says_something(const Frame& frame) const noexcept {
        std::uint32_t words = 0;
        for (std::uint32_t i = frame.first; i < frame.last && words < 2; ++i) {
            words += tokens_[i].kind == TokenKind::kWord || tokens_[i].kind == TokenKind::kNumber;
        }
        return words >= 2;
    }

    std::uint32_t outer_end(const Segment& segment) const noexcept {
        return segment.has_close ? tokens_[segment.close].end
                                 : tokens_.paragraphs()[segment.paragraph].end;
    }

    Span inside(const Segment& segment) const noexcept {
        const std::uint32_t start = tokens_[segment.open].start;
        const std::uint32_t end = segment.has_close ? tokens_[segment.close].end
                                                    : tokens_.paragraphs()[segment.paragraph].end;
        Span quoted = {segment.has_open ? tokens_[segment.open].end : start,
                       segment.has_close ? tokens_[segment.close].start : end};
        trim(quoted);
        return quoted;
    }

    Found from_segment(const Segment& segment, const Attribution& attribution) noexcept {
        Found found;
        Quote& quote = found.quote;
        quote.span.start = tokens_[segment.open].start;
        quote.span.end = outer_end(segment);
        found.spans_first = static_cast<std::uint32_t>(spans_.size());
        found.spans = 1;
        spans_.push_back(inside(segment));
        if (attribution.words_first != 0) {
            quote.span.start = spans_.back().start = tokens_[attribution.words_first].start;
        }
        if (attribution.cut_first != 0) cut(attribution, found);
        const bool sentence = is_sentence_like(tokens_, segment);
        quote.type = sentence || attribution.joined ? QuoteType::kDirect : QuoteType::kMixed;
        if (attribution.has_cue) {
            quote.cue = {tokens_[attribution.cue].start, tokens_[attribution.cue].end};
        }
        quote.confidence = confidence_of(attribution, sentence);
        name_speaker(attribution.speaker, segment.paragraph, quote);
        lower_if_unsure(quote);
        return found;
    }

    // The words of the report inside of the marks part what is said in two.
    void cut(const Attribution& attribution, Found& found) noexcept {
        Span rest = spans_.back();
        spans_.back().end = tokens_[attribution.cut_first].start;
        trim(spans_.back());
        if (attribution.cut_last >= tokens_.all().size()) return;
        rest.start = std::max(rest.start, tokens_[attribution.cut_last].start);
        if (rest.start >= rest.end) return;
        spans_.push_back(rest);
        ++found.spans;
    }

    static void lower_if_unsure(Quote& quote) noexcept {
        std::uint8_t less = 0;
        if (quote.resolved == Resolved::kNone) less = quote.confidence > 45 ? 15 : 0;
        if (quote.resolved == Resolved::kPronoun) less = 8;
        if (quote.resolved == Resolved::kTitle) less = 4;
        quote.confidence = static_cast<std::uint8_t>(quote.confidence - less);
    }

    void name_speaker(const Mention& mention, std::uint32_t paragraph, Quote& quote) noexcept {
        using Kind = Mention::Kind;
        if (!mention) return;
        quote.mention = mention.relative.end != 0 ? mention.relative : mention.span;
        const People::Person* person = nullptr;
        if (mention.kind == Kind::kName) {
            const std::string_view name = tokens_.text(mention.span.start, mention.span.end);
            person = people_.find(name, mention.first, mention.gender);
            if (person == nullptr) person = people_.by_initials(name, mention.first);
            // Where every noun is capital, one unknown word is no name.
            if (quote.type != QuoteType::kTranscript && tokens_.nouns_are_capital() &&
                person == nullptr && name.find(' ') == name.npos && !people_.is_known(name)) {
                return;
            }
            quote.speaker = person != nullptr ? person->name : name;
            quote.resolved = mention.relative.end != 0 ? Resolved::kPronoun : Resolved::kExplicit;
        } else if (mention.kind == Kind::kHe || mention.kind == Kind::kShe) {
            // German "sie" is she, or they where the verb is a plural.
            const bool either = tokens_[mention.first].has(kPronoun) && mention.kind == Kind::kShe;
            if (either && tokens_.text(quote.cue.start, quote.cue.end).ends_with('n')) return;
            person = people_.antecedent(tokens_, mention.kind, mention.first,
                                        paragraph_of(mention.first, paragraph));
            if (person == nullptr) return;
            quote.speaker = person->name;
            quote.resolved = Resolved::kPronoun;
        } else if (mention.kind == Kind::kNoun) {
            if (!names_a_body(mention) && !tokens_[mention.first].has(kDeterminer)) return;
            quote.speaker = quote.role = without_determiner(mention);
            quote.resolved = Resolved::kTitle;
            person = people_.by_role(tokens_, quote.role, mention.first);
            if (person != nullptr) {
                quote.speaker = person->name;
                quote.role = person->role;
            }
            return;
        }
        if (mention.role.end != 0) {
            quote.role = tokens_.text(mention.role.start, mention.role.end);
        } else if (person != nullptr) {
            quote.role = person->role;
        }
    }

    // French sets spaces inside its marks.
    void trim(Span& span) const noexcept {
        const std::string_view body = tokens_.body();
        const auto inside = [&] { return body.substr(span.start, span.end - span.start); };
        while (inside().starts_with(' ')) ++span.start;
        while (inside().starts_with("\u00a0")) span.start += 2;
        while (inside().starts_with("\u202f")) span.start += 3;
        while (inside().ends_with(' ')) --span.end;
        while (inside().ends_with("\u00a0")) span.end -= 2;
        while (inside().ends_with("\u202f")) span.end -= 3;
    }

    // A carried speaker's mention may stand in a paragraph before.
    std::uint32_t paragraph_of(std::uint32_t token, std::uint32_t paragraph) const noexcept {
        while (paragraph > 0 && tokens_.paragraphs()[paragraph].first > token) --paragraph;
        return paragraph;
    }

    // Whether a noun phrase is somebody or some body that speaks; others are left unsaid.
    bool names_a_body(const Mention& mention) const noexcept {
        for (std::uint32_t i = mention.first; i < mention.end && i < tokens_.all().size(); ++i) {
            if (tokens_[i].has(kPerson | kTitle)) return true;
            if (!tokens_.nouns_are_capital() && is_name_token(tokens_, i)) return true;
        }
        return false;
    }

    std::string_view without_determiner(const Mention& mention) const noexcept {
        std::uint32_t first = mention.first;
        const bool in_span = tokens_[first].start >= mention.span.start;
        if (!in_span || !tokens_[first].has(kDeterminer) ||
            tokens_[first].end >= mention.span.end) {
            return tokens_.text(mention.span.start, mention.span.end);
        }
        return tokens_.text(tokens_[first + 1].start, mention.span.end);
    }

    // Statements do not overlap: what starts inside of another one is part of it.
    void drop_overlaps() noexcept {
        std::size_t kept = 0;
        std::uint32_t end = 0;
        for (const Found& found : found_) {
            if (kept > 0 && found.quote.span.start < end) continue;
            end = found.quote.span.end;
            found_[kept++] = found;
        }
        found_.resize(kept);
    }

    // Numbers the statements in the order of the text.
    void number() noexcept {
        std::uint32_t highest = 0;
        for (const Found& found : found_) highest = std::max(highest, found.quote.statement);
        numbers_.assign(std::size_t{highest} + 1, 0);
        std::uint32_t next = 0;
        for (Found& found : found_) {
            std::uint32_t& number = numbers_[found.quote.statement];
            if (number == 0) number = ++next;
            found.quote.statement = number - 1;
        }
    }

    void publish(Article& article, Arena& arena) noexcept {
        if (found_.empty()) return;
        const std::span<Quote> quotes = arena.array<Quote>(found_.size());
        const std::span<Span> spans = arena.array<Span>(spans_.size());
        std::copy(spans_.begin(), spans_.end(), spans.begin());
        for (std::size_t i = 0; i < found_.size(); ++i) {
            quotes[i] = found_[i].quote;
            quotes[i].quoted = spans.subspan(found_[i].spans_first, found_[i].spans);
        }
        article.quotes = quotes;
    }

    std::uint32_t confidence_min_;
    bool transcripts_;
    std::shared_ptr<const CueLexicons> lexicons_;
    // Scratch, kept for its capacity.
    Tokens tokens_;
    MarkPairer pairer_;
    People people_;
    Attributor attributor_;
    TranscriptReader transcript_;
    std::vector<std::uint8_t> quoted_;
    std::vector<std::uint8_t> taken_;  // paragraphs that a transcript has
    struct FrameUse {
        std::uint32_t segments = 0;
        std::uint32_t first = 0;
        bool mixed = false;
    };
    Clauses clauses_;
    FrameFinder frame_finder_;
    std::vector<FrameUse> frame_uses_;
    std::vector<Found> found_;
    std::vector<Span> spans_;
    std::vector<std::uint32_t> numbers_;
};

QuotesStage::QuotesStage(const QuotesOptions& options)
    : live_(options.live), finder_(std::make_unique<Finder>(options)), memo_(options.memo_bytes) {}
QuotesStage::~QuotesStage() = default;

void QuotesStage::process(Batch& batch) noexcept {
    if (live_ != nullptr && finder_->take_over(live_->get())) memo_.clear();
    for (Article& article : batch.articles) {
        if (article.ok()) find(article, batch.arena);
    }
}

// A body that is word for word one of those before has its quotes.
void QuotesStage::find(Article& article, Arena& arena) noexcept {
    if (!memo_.enabled()) return finder_->find(article, arena);
    const Hash128 key = TextMemo::key_of(article.language, {}, article.body);
    if (const std::string_view known = memo_.find(key); known.data() != nullptr) {
        article.quotes = unpack_quotes(known, arena);
        return;
    }
    finder_->find(article, arena);
    const std::span<char> room = memo_.keep(key, packed_bytes(article.quotes));
    if (!room.empty()) pack(article.quotes, room.data());
}

}  // namespace newsmill
