#include "daemon/fingerprinter.hpp"

#include <utility>

#include "pipeline/journal_record.hpp"

namespace newsmill {
namespace {

BatchLimits one_article() {
    BatchLimits limits;
    limits.articles_max = 1;
    return limits;
}

}  // namespace

JournalEntry Fingerprint::journal_entry() const noexcept {
    JournalEntry out = entry;
    out.origin.topic = topic;
    out.uri = uri;
    out.source = source;
    out.sketch = sketch;
    return out;
}

Fingerprint Fingerprint::of(const JournalEntry& entry) {
    Fingerprint out;
    out.entry = entry;
    out.topic = entry.origin.topic;
    out.uri = entry.uri;
    out.source = entry.source;
    out.sketch = entry.sketch;
    return out;
}

Fingerprinter::Fingerprinter(StageChain front) : stages_(std::move(front)), batch_(one_article()) {}

Fingerprint Fingerprinter::make(std::string_view payload, std::string_view file,
                                std::int64_t number, bool is_json) {
    Article& article = batch_.add(payload);
    article.payload_is_json = is_json;
    article.origin.topic = file;
    article.origin.offset = number;
    return run(article);
}

Fingerprint Fingerprinter::make(const FileRecord& record) {
    Article& article = batch_.add(record.bytes);
    article.payload_padded = true;
    article.payload_oversized = (record.flags & FileRecord::kOversized) != 0;
    article.payload_is_json = !record.is_text;
    article.origin.topic = record.file;
    article.origin.offset = record.number;
    return run(article);
}

Fingerprint Fingerprinter::run(Article& article) {
    for (const auto& stage : stages_) stage->process(batch_);
    Fingerprint out;
    if (article.ok()) {
        out = Fingerprint::of(newsmill::journal_entry(article));
        out.headline = article.headline;
        out.body = article.body;
    } else {
        out.code = article.verdict.code;
        out.message = article.verdict.message;
    }
    batch_.reset();
    return out;
}

}  // namespace newsmill
