#include "stages/parse.hpp"

#include <array>
#include <charconv>
#include <utility>

#include "stages/formats/charset.hpp"
#include "stages/formats/plain_text.hpp"
#include "stages/formats/utf8.hpp"
#include "stages/formats/wire_text.hpp"

namespace newsmill {
namespace {

constexpr std::string_view kStage = "parse";
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

void give_up(Article& article, Code code, std::string_view message) noexcept {
    reject(article, code, kStage, message);
}

void give_up_at(Article& article, const JsonOutcome& outcome, std::size_t shift,
                Arena& arena) noexcept {
    char digits[20];
    const char* const end =
        std::to_chars(digits, digits + sizeof digits, outcome.offset + shift).ptr;
    constexpr std::string_view kStart = "JSON: ";
    constexpr std::string_view kAt = " at byte ";
    const std::string_view parts[] = {
        kStart, outcome.what, kAt, {digits, static_cast<std::size_t>(end - digits)}};
    std::size_t size = 0;
    for (const std::string_view part : parts) size += part.size();
    char* const message = arena.alloc(size);
    char* out = message;
    for (const std::string_view part : parts) out += part.copy(out, part.size());
    give_up(article, Code::kParseJson, {message, size});
}

bool is_space(char c) noexcept { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

std::string_view skip_space(std::string_view text) noexcept {
    while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
    return text;
}

// What a text has to begin with to be taken for JSON without a second look. A line of prose can
// begin with a bracket ("[Updates with quotes]"), hardly with these.
bool looks_like_json(std::string_view text) noexcept {
    if (text.front() == '{') return true;
    if (text.front() != '[') return false;
    text = skip_space(text.substr(1));
    return !text.empty() && (text.front() == '{' || text.front() == '[' || text.front() == '"');
}

}  // namespace

ParseStage::ParseStage(ParseOptions options)
    : options_(std::move(options)),
      json_(options_.fields, options_.passthrough),
      documents_(options_.markup) {}

void ParseStage::process(Batch& batch) noexcept {
    for (Article& article : batch.articles) {
        if (article.ok()) parse(article, batch.arena);
    }
}

void ParseStage::parse(Article& article, Arena& arena) noexcept {
    if (!article.has_payload) {
        return give_up(article, Code::kNoText, "the record is a tombstone: it has no value");
    }
    if (article.payload_oversized || article.payload.size() > options_.article_bytes_max) {
        return give_up(article, Code::kTooLarge, "the article is larger than article_bytes_max");
    }
    std::string_view text = article.payload;
    decode(article, text, arena);
    const std::string_view start = skip_space(text);
    if (start.empty()) return give_up(article, Code::kNoText, "the record's value is empty");
    using Format = ParseOptions::Format;
    switch (options_.format) {
        case Format::kText: return parse_text(article, text, arena);
        case Format::kJson: return parse_json(article, text, arena);
        case Format::kXml: return parse_document(article, start, false, arena);
        case Format::kHtml: return parse_document(article, start, true, arena);
        case Format::kWire: return parse_wire(article, start, arena);
        case Format::kAuto: break;
    }
    if (article.payload_is_json || looks_like_json(start)) return parse_json(article, text, arena);
    if (DocumentReader::is_html(start)) return parse_document(article, start, true, arena);
    if (DocumentReader::is_xml(start)) return parse_document(article, start, false, arena);
    if (is_wire_text(start)) return parse_wire(article, start, arena);
    if (is_mail(start)) return give_up(article, Code::kFormat, "an e-mail, not an article");
    if (is_json_value(text, arena)) {
        return give_up(article, Code::kFormat, "a JSON value, but not an object");
    }
    parse_text(article, text, arena);
}

// Byte order marks and the end's padding. The result may still be no UTF-8.
void ParseStage::decode(Article& article, std::string_view& text, Arena& arena) noexcept {
    if (decode_utf16(text, arena, text)) {
        article.repairs |= kRepairUtf8;
    } else if (text.starts_with(kByteOrderMark)) {
        text.remove_prefix(kByteOrderMark.size());
        article.repairs |= kRepairInvisible;
    }
    while (!text.empty() && (is_space(text.back()) || text.back() == '\0')) text.remove_suffix(1);
}

bool ParseStage::repair(Article& article, std::string_view& text, Arena& arena) noexcept {
    const RepairedText repaired = repair_utf8(text, arena);
    if (looks_binary(text) || too_many_invalid(repaired.invalid_bytes, text.size())) {
        give_up(article, Code::kBadUtf8, "too many bytes are neither UTF-8 nor cp1252 text");
        return false;
    }
    text = repaired.text;
    article.repairs |= kRepairUtf8;
    return true;
}

void ParseStage::parse_json(Article& article, std::string_view text, Arena& arena) noexcept {
    // A byte order mark shifts what the reader counts; a repair makes the offset one of the
    // repaired text.
    const bool view = text.data() >= article.payload.data() &&
                      text.data() <= article.payload.data() + article.payload.size();
    const std::size_t shift =
        view ? static_cast<std::size_t>(text.data() - article.payload.data()) : 0;
    using Kind = JsonOutcome::Kind;
    JsonOutcome outcome = json_.read(text, arena, article.raw);
    if (outcome.kind == Kind::kBadUtf8) {
        if (!repair(article, text, arena)) return;
        outcome = json_.read(text, arena, article.raw);
    }
    if (outcome.kind == Kind::kRawControls) {
        if (looks_binary(text)) return give_up(article, Code::kBadUtf8, "a binary value");
        text = escape_raw_controls(text, arena);
        article.repairs |= kRepairControls;
        outcome = json_.read(text, arena, article.raw);
    }
    switch (outcome.kind) {
        case Kind::kRead: return;
        case Kind::kNotAnObject:
            return give_up(article, Code::kFormat, "a JSON value, but not an object");
        case Kind::kSeveral:
            return give_up(article, Code::kSeveralArticles,
                           "a feed of several articles: send one in each record, or read it as a "
                           "file");
        case Kind::kNotText:
            return give_up(article, Code::kNotText, "an item of another medium than text");
        case Kind::kBadUtf8:
        case Kind::kRawControls:
        case Kind::kError: return give_up_at(article, outcome, shift, arena);
    }
}

void ParseStage::parse_text(Article& article, std::string_view text, Arena& arena) noexcept {
    if (!is_valid_utf8(text) && !repair(article, text, arena)) return;
    if (looks_binary(text)) return give_up(article, Code::kBadUtf8, "a binary value");
    read_plain_text(text, article.raw);
}

// A document that is valid UTF-8 is UTF-8, whatever it declares; else its declaration counts.
bool ParseStage::decode_declared(Article& article, std::string_view& text, Arena& arena) noexcept {
    if (is_valid_utf8(text)) return true;
    if (!decode_charset(text, declared_encoding(text), arena, text)) {
        return repair(article, text, arena);
    }
    article.repairs |= kRepairUtf8;
    return true;
}

void ParseStage::parse_document(Article& article, std::string_view text, bool html,
                                Arena& arena) noexcept {
    if (!decode_declared(article, text, arena)) return;
    if (looks_binary(text)) return give_up(article, Code::kBadUtf8, "a binary value");
    const DocumentOutcome outcome = html ? documents_.read_html(text, json_, arena, article.raw)
                                         : documents_.read_xml(text, arena, article.raw);
    if (!outcome.ok()) give_up(article, outcome.code, outcome.message);
}

void ParseStage::parse_wire(Article& article, std::string_view text, Arena& arena) noexcept {
    if (!is_wire_text(text)) return give_up(article, Code::kFormat, "no text of a wire");
    if (!is_valid_utf8(text) && !repair(article, text, arena)) return;
    if (looks_binary(text)) return give_up(article, Code::kBadUtf8, "a binary value");
    read_wire_text(text, scratch_, arena, article.raw);
}

// A number, a string, true, false, null, or a list of numbers: nothing that a newsroom would send
// as text, and a sure sign of a producer that sends something else than articles.
bool ParseStage::is_json_value(std::string_view text, Arena& arena) noexcept {
    Fields ignored;
    return json_.read(text, arena, ignored).kind == JsonOutcome::Kind::kNotAnObject;
}

}  // namespace newsmill
