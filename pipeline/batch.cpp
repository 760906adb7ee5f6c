#include "pipeline/batch.hpp"

#include "pipeline/check.hpp"

namespace newsmill {

std::string_view code_name(Code code) noexcept {
    switch (code) {
        case Code::kOk: return "OK";
        case Code::kParseJson: return "PARSE_JSON";
        case Code::kNoText: return "NO_TEXT";
        case Code::kTooLarge: return "TOO_LARGE";
        case Code::kBadUtf8: return "BAD_UTF8";
        case Code::kFormat: return "FORMAT";
        case Code::kOutputRejected: return "OUTPUT_REJECTED";
        case Code::kParseXml: return "PARSE_XML";
        case Code::kTooComplex: return "TOO_COMPLEX";
        case Code::kNotText: return "NOT_TEXT";
        case Code::kSeveralArticles: return "SEVERAL_ARTICLES";
    }
    return "OK";
}

std::string_view dedup_kind_name(DedupKind kind) noexcept {
    constexpr std::string_view kNames[] = {"unique",   "exact",  "near", "contained",
                                           "contains", "update", "kill"};
    return kNames[static_cast<std::size_t>(kind)];
}

bool is_duplicate(DedupKind kind) noexcept {
    return kind == DedupKind::kExact || kind == DedupKind::kNear || kind == DedupKind::kContained;
}

std::string_view notice_kind_name(Notice::Kind kind) noexcept {
    return kind == Notice::Kind::kKill ? "kill" : "election";
}

std::string_view quote_type_name(QuoteType type) noexcept {
    constexpr std::string_view kNames[] = {"direct", "mixed", "indirect", "transcript"};
    return kNames[static_cast<int>(type)];
}

std::string_view resolved_name(Resolved resolved) noexcept {
    constexpr std::string_view kNames[] = {"none", "explicit", "pronoun", "title"};
    return kNames[static_cast<int>(resolved)];
}

Batch::Batch(const BatchLimits& limits) : arena(limits.arena_bytes), limits_(limits) {
    articles.reserve(limits.articles_max);
    pins_.reserve(limits.articles_max);
}

Batch::~Batch() { reset(); }

bool Batch::full() const noexcept {
    return articles.size() >= limits_.articles_max || payload_bytes_ >= limits_.payload_bytes_max;
}

Article& Batch::add(std::string_view payload) {
    NEWSMILL_CHECK(articles.size() < limits_.articles_max, "a full batch takes no article");
    Article& article = articles.emplace_back();
    article.payload = payload;
    payload_bytes_ += payload.size();
    return article;
}

void Batch::reset() noexcept {
    articles.clear();
    arena.reset();
    for (const Pin& pin : pins_) pin.release(pin.object);
    pins_.clear();
    payload_bytes_ = 0;
    sequence = 0;
    epoch = 0;
    journal_position = -1;
    issued_ns = 0;
}

}  // namespace newsmill
