// Quotes of any body in each language: spans lie in it, in order, at the edges of characters.
#include "stages/quotes.hpp"

#include "tests/fuzz/harness.hpp"

namespace newsmill {
namespace {

bool is_edge(std::string_view body, std::uint32_t at) {
    return at == body.size() || (at < body.size() && (body[at] & 0xC0) != 0x80);
}

void check(std::string_view body, Span span) {
    NEWSMILL_CHECK(span.start <= span.end && span.end <= body.size(), "a span is inside");
    NEWSMILL_CHECK(is_edge(body, span.start) && is_edge(body, span.end), "of whole characters");
}

}  // namespace
}  // namespace newsmill

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace newsmill;
    static NormalizeStage normalize;
    static QuotesStage quotes{QuotesOptions{}};
    static EncodeStage encode;
    static Batch batch({.articles_max = 1});
    if (size == 0) return 0;
    constexpr std::string_view kLanguages[] = {"en", "de", "fr", "es", "und"};
    batch.reset();
    Article& article = batch.add(fuzz::text_of(data, size));
    article.raw.body = fuzz::text_of(data + 1, size - 1);
    article.raw.headline = "T";
    normalize.process(batch);
    if (!article.ok()) return 0;
    article.language = kLanguages[data[0] % std::size(kLanguages)];
    quotes.process(batch);
    for (const Quote& quote : article.quotes) {
        check(article.body, quote.span);
        check(article.body, quote.mention);
        check(article.body, quote.cue);
        for (const Span span : quote.quoted) check(article.body, span);
    }
    encode.process(batch);
    NEWSMILL_CHECK(is_valid_utf8(article.record), "a record is UTF-8");
    return 0;
}
