#include "stages/normalize.hpp"

#include <algorithm>

#include "stages/normalize/cleaner.hpp"
#include "stages/normalize/dates.hpp"
#include "stages/normalize/furniture.hpp"
#include "stages/normalize/language.hpp"
#include "stages/normalize/status.hpp"
#include "stages/normalize/unicode.hpp"
#include "stages/normalize/uri.hpp"

namespace newsmill {
namespace {

using normalize::Form;

constexpr std::string_view kBreak = "\n\n";

// The paragraphs of a body, one after the other.
class Paragraphs {
   public:
    explicit Paragraphs(std::string_view body) noexcept : rest_(body) {}

    bool next(std::string_view& paragraph) noexcept {
        if (rest_.empty()) return false;
        const std::size_t end = rest_.find(kBreak);
        paragraph = rest_.substr(0, end);
        rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + kBreak.size());
        return true;
    }

   private:
    std::string_view rest_;
};

std::string_view cut_at_word(std::string_view line, std::size_t chars_max) noexcept {
    if (line.size() <= chars_max) return line;
    std::size_t chars = 0, end = 0, word_end = 0;
    for (; end < line.size(); ++end) {
        if (normalize::is_continuation(line[end])) continue;
        if (chars++ == chars_max) break;
        if (line[end] == ' ') word_end = end;
    }
    if (end == line.size()) return line;
    return line.substr(0, word_end == 0 || line[end] == ' ' ? end : word_end);
}

bool is_ascii(std::string_view text) noexcept {
    return std::all_of(text.begin(), text.end(),
                       [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

}  // namespace

class NormalizeStage::Worker {
   public:
    explicit Worker(const NormalizeOptions& options)
        : options_(options), uris_(options.tracking_parameters, options.uri_bytes_max) {}

    void normalize(Article& article, Arena& arena) noexcept {
        text(article, arena);
        article.version = normalize::version_number(article.raw.version);
        article.canceled = normalize::pub_status(article.raw.pub_status) == "canceled";
        // A withdrawal needs no words.
        if (article.headline.empty() && article.body.empty() && !article.canceled) {
            reject(article, Code::kNoText, "normalize", "no headline and no body left");
            return;
        }
        article.by = authors(article.raw.by, arena);
        article.located = line(article, article.raw.located, arena);
        furniture(article, arena);
        language(article);
        dates(article);
        article.uri = uri(article, arena);
    }

   private:
    std::string_view line(Article& article, std::string_view raw, Arena& arena) noexcept {
        if (raw.empty()) return {};
        const normalize::Cleaned cleaned = cleaner_.clean(raw, Form::kLine, false, arena);
        article.repairs |= cleaned.repairs & ~static_cast<std::uint32_t>(kRepairSpace);
        return cleaned.text;
    }

    void text(Article& article, Arena& arena) noexcept {
        article.headline = headline(article, arena);
        if (article.raw.body.empty()) return;
        const normalize::Cleaned body =
            cleaner_.clean(article.raw.body, Form::kParagraphs, article.raw.body_is_html, arena);
        article.body = body.text;
        article.body_is_ascii = body.ascii;
        article.repairs |= body.repairs;
    }

    // Lines that say the same are one line.
    std::string_view headline(Article& article, Arena& arena) noexcept {
        const std::string_view raw = article.raw.headline;
        if (raw.empty()) return {};
        const bool lines = normalize::trim_ascii(raw).find('\n') != std::string_view::npos;
        normalize::Cleaned cleaned =
            cleaner_.clean(raw, lines ? Form::kParagraphs : Form::kLine, false, arena);
        article.repairs |= cleaned.repairs & ~static_cast<std::uint32_t>(kRepairSpace);
        if (cleaned.text.find('\n') != std::string_view::npos) {
            cleaned.text = join_lines(cleaned.text, arena);
        }
        return cut_at_word(normalize::without_repetition(cleaned.text),
                           options_.headline_chars_max);
    }

    std::string_view join_lines(std::string_view text, Arena& arena) noexcept {
        scratch_.clear();
        std::string_view previous, one;
        for (Paragraphs paragraphs(text); paragraphs.next(one); previous = one) {
            if (normalize::same_words(one, previous)) continue;
            if (!scratch_.empty()) scratch_.push_back(' ');
            scratch_.append(one);
        }
        return arena.copy(scratch_);
    }

    std::string_view authors(std::string_view raw, Arena& arena) noexcept {
        if (raw.empty()) return {};
        const normalize::Cleaned cleaned = cleaner_.clean(raw, Form::kLine, false, arena);
        scratch_.clear();
        normalize::clean_authors(cleaned.text, scratch_);
        return scratch_ == cleaned.text ? cleaned.text : arena.copy(scratch_);
    }

    // What a paragraph is, beside a part of the story.
    enum class Part : std::uint8_t { kStory, kHeadline, kByline, kBoilerplate };

    Part part_of(const Article& article, std::string_view paragraph, bool leading) noexcept {
        if (leading && options_.drop_repeated_headline && !article.headline.empty() &&
            (normalize::same_words(paragraph, article.headline) ||
             normalize::same_words(paragraph, normalize::without_site_name(article.headline)))) {
            return Part::kHeadline;
        }
        if (!options_.drop_boilerplate) return Part::kStory;
        if (leading) {
            const std::string_view names = normalize::byline_names(paragraph);
            if (!names.empty() &&
                (article.by.empty() || article.by.find(names) != std::string_view::npos ||
                 normalize::same_words(names, article.by))) {
                return Part::kByline;
            }
        }
        return normalize::is_boilerplate(paragraph) ? Part::kBoilerplate : Part::kStory;
    }

    // Drops furniture from the body and reads the dateline. A body that loses only paragraphs at
    // its ends stays a view; one that loses others is copied once.
    void furniture(Article& article, Arena& arena) noexcept {
        kept_.clear();
        std::string_view paragraph;
        bool leading = true, in_credits = false;
        for (Paragraphs paragraphs(article.body); paragraphs.next(paragraph);) {
            Part part = part_of(article, paragraph, leading);
            if (options_.drop_boilerplate && part == Part::kStory)
                credits(paragraph, part, in_credits);
            switch (part) {
                case Part::kStory:
                    if (leading && article.located.empty()) {
                        article.located = normalize::dateline_place(paragraph);
                    }
                    leading = false;
                    kept_.push_back(paragraph);
                    break;
                case Part::kHeadline: article.repairs |= kRepairHeadline; break;
                case Part::kByline:
                    if (article.by.empty()) article.by = normalize::byline_names(paragraph);
                    [[fallthrough]];
                case Part::kBoilerplate: article.repairs |= kRepairBoilerplate;
            }
        }
        keep(article, arena);
    }

    // "(Reporting by A;" and "editing by B)" are one credit line in two paragraphs.
    static void credits(std::string_view paragraph, Part& part, bool& inside) noexcept {
        if (inside) {
            const bool ends = paragraph.size() < 320 && paragraph.find(')') != paragraph.npos;
            if (ends) part = Part::kBoilerplate;
            inside = false;
        } else if (normalize::opens_credits(paragraph)) {
            part = Part::kBoilerplate;
            inside = true;
        }
    }

    void keep(Article& article, Arena& arena) noexcept {
        std::size_t bytes = 0;
        for (const std::string_view one : kept_) bytes += one.size() + kBreak.size();
        if (bytes == 0) {
            article.body = {};
            article.body_is_ascii = true;
            return;
        }
        bytes -= kBreak.size();
        if (bytes == article.body.size()) return;
        const char* const first = kept_.front().data();
        const std::string_view last = kept_.back();
        const auto stretch = static_cast<std::size_t>(last.data() + last.size() - first);
        if (stretch == bytes) {
            article.body = {first, bytes};
        } else {
            char* const body = arena.alloc(bytes);
            char* at = body;
            for (const std::string_view one : kept_) {
                if (at != body) at = std::copy(kBreak.begin(), kBreak.end(), at);
                at = std::copy(one.begin(), one.end(), at);
            }
            article.body = {body, bytes};
        }
        if (!article.body_is_ascii) article.body_is_ascii = is_ascii(article.body);
    }

    void language(Article& article) noexcept {
        const std::string_view declared = normalize::language_code(article.raw.language);
        article.language_declared = declared;
        if (!options_.detect_language) {
            article.language = declared.empty() ? "und" : declared;
            article.language_confidence = declared.empty() ? 0 : 50;
            return;
        }
        constexpr std::size_t kBodyEnough = 400;
        std::string_view sample = article.body;
        if (sample.size() < kBodyEnough) {
            scratch_.assign(article.headline);
            scratch_.push_back('\n');
            scratch_.append(article.body);
            sample = scratch_;
        }
        const normalize::Identified found =
            normalize::identify_language(sample, declared, options_.language_bytes_max);
        article.language = found.language;
        article.language_confidence = found.confidence;
    }

    void dates(Article& article) noexcept {
        const Fields& raw = article.raw;
        const std::string_view language = raw.language.size() <= 8 ? raw.language : "";
        article.first_created_ms = normalize::parse_date_ms(raw.published, language);
        if (article.first_created_ms == kNoTime) article.published_raw = raw.published;
        article.version_created_ms = normalize::parse_date_ms(raw.updated, language);
        if (article.version_created_ms == kNoTime) {
            article.version_created_ms = article.first_created_ms;
        }
    }

    std::string_view uri(const Article& article, Arena& arena) noexcept {
        std::string_view uri = uris_.canonical(article.raw.uri, arena);
        if (uri.empty() && normalize::is_urn(article.raw.id)) {
            uri = uris_.canonical(article.raw.id, arena);
        }
        if (uri.empty()) uri = uris_.canonical(article.raw.url, arena);
        return uri.empty() ? normalize::payload_urn(article.payload, arena) : uri;
    }

    NormalizeOptions options_;
    normalize::TextCleaner cleaner_;
    normalize::UriCanonicalizer uris_;
    std::string scratch_;
    std::vector<std::string_view> kept_;
};

NormalizeStage::NormalizeStage(const NormalizeOptions& options)
    : worker_(std::make_unique<Worker>(options)) {}
NormalizeStage::~NormalizeStage() = default;

void NormalizeStage::process(Batch& batch) noexcept {
    for (Article& article : batch.articles) {
        if (article.ok()) worker_->normalize(article, batch.arena);
    }
}

}  // namespace newsmill
