#include "stages/quotes.hpp"

#include <algorithm>
#include <stdexcept>

#include "stages/tagging/attribution.hpp"
#include "stages/tagging/cue_lexicon.hpp"
#include "stages/tagging/marks.hpp"
#include "stages/tagging/speakers.hpp"
#include "stages/tagging/tokens.hpp"
#include "stages/tagging/transcript.hpp"

namespace newsmill::embedded {
extern const std::string_view quotes_en;
extern const std::string_view quotes_de;
extern const std::string_view quotes_fr;
}  // namespace newsmill::embedded

namespace newsmill {
namespace {

std::uint8_t confidence_of(const Attribution& attribution, bool sentence) noexcept {
    switch (attribution.form) {
        case Attribution::Form::kBeside: return 92;
        case Attribution::Form::kSentence: return attribution.has_cue ? 80 : 65;
        case Attribution::Form::kCarried: return sentence ? 65 : 55;
        case Attribution::Form::kNearby: return attribution.has_cue ? 60 : 50;
        case Attribution::Form::kNone: break;
    }
    return 40;
}

}  // namespace

class QuotesStage::Finder {
   public:
    explicit Finder(const QuotesOptions& options)
        : confidence_min_(options.confidence_min), transcripts_(options.transcripts) {
        if (confidence_min_ > 100) throw std::invalid_argument("confidence_min is over 100");
        std::vector<LexiconSource> sources = options.lexicons;
        if (sources.empty()) {
            sources = {{"en", "configs/quotes/en.cues", embedded::quotes_en},
                       {"de", "configs/quotes/de.cues", embedded::quotes_de},
                       {"fr", "configs/quotes/fr.cues", embedded::quotes_fr}};
        }
        for (const auto& source : sources) lexicons_.emplace_back(source);
    }

    void find(Article& article, Arena& arena) noexcept {
        found_.clear();
        tokens_.read(article.body, lexicon_of(article.language));
        const std::vector<Segment>& segments = pairer_.pair(tokens_);
        const bool may_be_transcript = transcripts_ && tokens_.has_colon();
        if (segments.empty() && !may_be_transcript) return;
        mark_quoted(segments);
        people_.read(tokens_, quoted_);
        taken_.assign(tokens_.paragraphs().size(), 0);
        std::uint32_t statements = 0;
        if (may_be_transcript) statements = take_transcript();
        take_segments(segments, statements);
        std::sort(found_.begin(), found_.end(), [](const Found& a, const Found& b) {
            return a.quote.span.start < b.quote.span.start;
        });
        publish(article, arena);
    }

   private:
    struct Found {
        Quote quote;
        Span quoted;  // empty if none
    };

    const CueLexicon& lexicon_of(std::string_view language) const noexcept {
        for (const auto& lexicon : lexicons_) {
            if (lexicon.language() == language) return lexicon;
        }
        return lexicons_.front();
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
            quote.span = {
                tokens_[turn.first].start,
                std::max(tokens_[turn.last - 1].end, tokens_.paragraphs()[turn.paragraph].end)};
            name_speaker(turn.speaker, turn.paragraph, quote);
            quote.confidence = turn.speaker ? 90 : 60;
            statements = turn.statement + 1;
            taken_[turn.paragraph] = 1;
            found_.push_back(found);
        }
        return statements;
    }

    void take_segments(const std::vector<Segment>& segments, std::uint32_t statements) noexcept {
        const auto& attributions = attributor_.attribute(tokens_, segments, quoted_);
        bool last_taken = false;
        for (std::size_t i = 0; i < segments.size(); ++i) {
            const Segment& segment = segments[i];
            const Attribution& attribution = attributions[i];
            if (!attribution.is_quotation || taken_[segment.paragraph] != 0) {
                last_taken = false;
                continue;
            }
            Found found = from_segment(segment, attribution);
            found.quote.statement =
                attribution.joined && last_taken ? statements - 1 : statements++;
            last_taken = true;
            if (found.quote.confidence >= confidence_min_) found_.push_back(found);
        }
    }

    Found from_segment(const Segment& segment, const Attribution& attribution) noexcept {
        Found found;
        Quote& quote = found.quote;
        quote.span.start = tokens_[segment.open].start;
        quote.span.end = tokens_[segment.has_close ? segment.close : segment.close - 1].end;
        if (!segment.has_close) quote.span.end = tokens_.paragraphs()[segment.paragraph].end;
        found.quoted = {segment.has_open ? tokens_[segment.open].end : quote.span.start,
                        segment.has_close ? tokens_[segment.close].start : quote.span.end};
        trim(found.quoted);
        const bool sentence = is_sentence_like(tokens_, segment);
        quote.type = sentence || attribution.joined ? QuoteType::kDirect : QuoteType::kMixed;
        if (attribution.has_cue) {
            quote.cue = {tokens_[attribution.cue].start, tokens_[attribution.cue].end};
        }
        quote.confidence = confidence_of(attribution, sentence);
        name_speaker(attribution.speaker, segment.paragraph, quote);
        if (quote.resolved == Resolved::kNone && quote.confidence > 45) {
            quote.confidence = static_cast<std::uint8_t>(quote.confidence - 15);
        } else if (quote.resolved == Resolved::kPronoun) {
            quote.confidence = static_cast<std::uint8_t>(quote.confidence - 8);
        }
        return found;
    }

    void name_speaker(const Mention& mention, std::uint32_t paragraph, Quote& quote) noexcept {
        using Kind = Mention::Kind;
        if (!mention) return;
        quote.mention = mention.span;
        const People::Person* person = nullptr;
        if (mention.kind == Kind::kName) {
            const std::string_view name = tokens_.text(mention.span.start, mention.span.end);
            person = people_.find(name, mention.first, mention.gender);
            // Where every noun is capital, one unknown word is no name.
            if (tokens_.nouns_are_capital() && person == nullptr && name.find(' ') == name.npos &&
                !people_.is_known(name)) {
                return;
            }
            quote.speaker = person != nullptr ? person->name : name;
            quote.resolved = Resolved::kExplicit;
        } else if (mention.kind == Kind::kHe || mention.kind == Kind::kShe) {
            person = people_.antecedent(tokens_, mention.kind, mention.first,
                                        paragraph_of(mention.first, paragraph));
            if (person == nullptr) return;
            quote.speaker = person->name;
            quote.resolved = Resolved::kPronoun;
        } else if (mention.kind == Kind::kNoun) {
            if (!names_a_body(mention)) return;
            quote.role = without_determiner(mention);
            quote.resolved = Resolved::kTitle;
            person = people_.by_role(quote.role, mention.first);
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

    void publish(Article& article, Arena& arena) noexcept {
        if (found_.empty()) return;
        const std::span<Quote> quotes = arena.array<Quote>(found_.size());
        const std::span<Span> spans = arena.array<Span>(found_.size());
        for (std::size_t i = 0; i < found_.size(); ++i) {
            quotes[i] = found_[i].quote;
            if (found_[i].quoted.end == 0) continue;
            spans[i] = found_[i].quoted;
            quotes[i].quoted = spans.subspan(i, 1);
        }
        article.quotes = quotes;
    }

    std::uint32_t confidence_min_;
    bool transcripts_;
    std::vector<CueLexicon> lexicons_;
    // Scratch, kept for its capacity.
    Tokens tokens_;
    MarkPairer pairer_;
    People people_;
    Attributor attributor_;
    TranscriptReader transcript_;
    std::vector<std::uint8_t> quoted_;
    std::vector<std::uint8_t> taken_;  // paragraphs that a transcript has
    std::vector<Found> found_;
};

QuotesStage::QuotesStage(const QuotesOptions& options)
    : finder_(std::make_unique<Finder>(options)) {}
QuotesStage::~QuotesStage() = default;

void QuotesStage::process(Batch& batch) noexcept {
    for (Article& article : batch.articles) {
        if (article.ok()) finder_->find(article, batch.arena);
    }
}

}  // namespace newsmill
