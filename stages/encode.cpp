#include "stages/encode.hpp"

#include <xxhash.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <utility>

#include "pipeline/check.hpp"
#include "stages/formats/json_writer.hpp"
#include "stages/formats/kafka_headers.hpp"
#include "stages/formats/uri.hpp"
#include "stages/normalize/dates.hpp"
#include "stages/normalize/status.hpp"

namespace newsmill {
namespace {

constexpr std::string_view kNinjs3Schema = "http://www.iptc.org/std/ninjs/ninjs-schema_3.1.json#";
constexpr std::string_view kNinjs1Schema = "http://www.iptc.org/std/ninjs/ninjs-schema_1.6.json#";
constexpr int kContextCodePoints = 24;  // of a selector's prefix and suffix

constexpr std::string_view kProfileNames[] = {"ninjs-3.1-ext", "ninjs-3.1", "ninjs-1.x"};

// In the order of Repair's bits.
constexpr std::string_view kRepairNames[] = {"entities", "mojibake", "controls", "invisible",
                                             "nfc",      "markup",   "headline", "boilerplate",
                                             "space",    "utf8"};

std::string_view trim(std::string_view text) noexcept {
    constexpr std::string_view kSpace = " \t\r\n";
    const std::size_t first = text.find_first_not_of(kSpace);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

// 1-9, or 0 for anything else.
int urgency(std::string_view text) noexcept {
    text = trim(text);
    return text.size() == 1 && text[0] >= '1' && text[0] <= '9' ? text[0] - '0' : 0;
}

// A sentence about rights, not the name of a holder.
bool is_notice(std::string_view text) noexcept {
    return text.size() > 80 || text.find("opyright") != std::string_view::npos ||
           text.find("COPYRIGHT") != std::string_view::npos ||
           text.find("\xC2\xA9") != std::string_view::npos ||
           text.find("ights reserved") != std::string_view::npos || text.starts_with("(c)");
}

struct Rights {
    std::string_view holder;
    std::string_view notice;
};

// Providers put notices where the holder's name belongs.
Rights rights_of(const Fields& raw) noexcept {
    Rights rights = {trim(raw.copyright), trim(raw.copyright_notice)};
    if (!is_notice(rights.holder)) return rights;
    if (rights.notice.empty()) rights.notice = rights.holder;
    rights.holder = {};
    return rights;
}

std::int64_t embargo_ms(const Fields& raw) noexcept {
    return raw.embargoed.empty() ? kNoTime : normalize::parse_date_ms(raw.embargoed, {});
}

// Scripts that put no space between words: counting runs would say nothing.
bool counts_words(std::string_view language) noexcept {
    for (const std::string_view spaceless : {"zh", "ja", "th", "lo", "km", "my", "bo", "dz"}) {
        if (language == spaceless) return false;
    }
    return true;
}

std::string_view known_language(const Article& article) noexcept {
    return article.language == "und" ? std::string_view() : article.language;
}

void member_time(JsonWriter& out, std::string_view name, std::int64_t unix_ms) noexcept {
    char text[kTimestampBytesMax];
    out.member_if(name, format_timestamp(unix_ms, text));
}

void member_hex(JsonWriter& out, std::string_view name, std::string_view prefix,
                std::uint64_t value) noexcept {
    char text[20];
    std::memcpy(text, prefix.data(), prefix.size());
    format_hex(value, text + prefix.size());
    out.member(name, std::string_view(text, prefix.size() + 16));
}

void member_hash(JsonWriter& out, std::string_view name, const Hash128& hash) noexcept {
    char text[32];
    format_hex(hash.high, text);
    format_hex(hash.low, text + 16);
    out.member(name, std::string_view(text, sizeof text));
}

void member_uri(JsonWriter& out, std::string_view name, std::string_view uri) noexcept {
    out.key(name);
    write_uri(uri, out);
}

// Where a record was read: a place in a topic or in a file.
void write_origin(const Origin& origin, JsonWriter& out) noexcept {
    out.open_object();
    if (origin.partition >= 0) {
        out.member("topic", origin.topic);
        out.member("partition", std::int64_t{origin.partition});
        out.member("offset", origin.offset);
        member_time(out, "timestamp", origin.timestamp_ms);
    } else {
        out.member("file", origin.topic);
        out.member("line", origin.offset);
    }
    out.close_object();
}

// An article that another one speaks of.
void write_reference(std::string_view uri, const Origin& origin, JsonWriter& out) noexcept {
    out.open_object();
    if (!uri.empty()) member_uri(out, "uri", uri);
    out.key("input");
    write_origin(origin, out);
    out.close_object();
}

void write_cluster_id(std::uint64_t id, JsonWriter& out) noexcept {
    member_hex(out, "clusterId", "c:", id);
}

void write_run(const EncodeOptions& options, JsonWriter& out) noexcept {
    out.key("run");
    out.open_object();
    out.member_if("id", options.run_id);
    out.member_if("mode", options.mode);
    out.member_if("configHash", options.config_hash);
    out.member_if("build", options.build);
    out.close_object();
}

bool is_continuation(char c) noexcept { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

std::string_view context_before(std::string_view body, std::size_t at) noexcept {
    std::size_t start = at;
    for (int i = 0; i < kContextCodePoints && start > 0; ++i) {
        do --start;
        while (start > 0 && is_continuation(body[start]));
    }
    return body.substr(start, at - start);
}

std::string_view context_after(std::string_view body, std::size_t at) noexcept {
    std::size_t end = at;
    for (int i = 0; i < kContextCodePoints && end < body.size(); ++i) {
        do ++end;
        while (end < body.size() && is_continuation(body[end]));
    }
    return body.substr(at, end - at);
}

std::string_view slice(std::string_view body, Span span) noexcept {
    NEWSMILL_CHECK(span.start <= span.end && span.end <= body.size(), "a span is inside its body");
    return body.substr(span.start, span.end - span.start);
}

// What was said: the words in marks without the comma that only joins them to the cue, or the
// whole statement if it has other words than those.
std::string_view quote_text(std::string_view body, const Quote& quote) noexcept {
    if (quote.type != QuoteType::kDirect || quote.quoted.size() != 1)
        return slice(body, quote.span);
    std::string_view text = slice(body, quote.quoted[0]);
    if (text.ends_with(',')) text.remove_suffix(1);
    return text;
}

std::size_t estimate_bytes(const Article& article) noexcept {
    const Fields& raw = article.raw;
    std::size_t bytes = 2048 + article.headline.size() + article.body.size() +
                        article.body.size() / 16 + 2 * article.uri.size() + raw.ednote.size() +
                        raw.copyright.size() + raw.copyright_notice.size() +
                        raw.usage_terms.size() + raw.passthrough.size();
    for (const Quote& quote : article.quotes) {
        bytes += 640 + 2 * (quote.span.end - quote.span.start) + 32 * quote.quoted.size();
    }
    return bytes + 256 * article.topics.size();
}

}  // namespace

bool parse_profile(std::string_view name, Profile& profile) noexcept {
    for (std::size_t i = 0; i < std::size(kProfileNames); ++i) {
        if (name != kProfileNames[i]) continue;
        profile = static_cast<Profile>(i);
        return true;
    }
    return false;
}

std::string_view profile_name(Profile profile) noexcept {
    return kProfileNames[static_cast<std::size_t>(profile)];
}

EncodeStage::EncodeStage(EncodeOptions options) : options_(std::move(options)) {}

void EncodeStage::process(Batch& batch) noexcept {
    for (Article& article : batch.articles) {
        if (article.ok()) encode(article, batch.arena);
    }
}

void EncodeStage::encode(Article& article, Arena& arena) noexcept {
    code_points_.build(article.body, article.body_is_ascii);
    JsonWriter out(arena, estimate_bytes(article));
    out.open_object();
    if (options_.profile == Profile::kNinjs1) {
        write_ninjs1(article, out);
    } else {
        write_ninjs3(article, out);
        if (options_.profile == Profile::kNinjs31Ext) write_enrichment(article, out);
    }
    out.close_object();
    article.record = out.finish();
}

void EncodeStage::write_ninjs3(const Article& article, JsonWriter& out) noexcept {
    const Fields& raw = article.raw;
    out.key("standard");
    out.open_object();
    out.member("name", "ninjs");
    out.member("version", "3.1");
    out.member("schema", kNinjs3Schema);
    out.close_object();
    member_uri(out, "uri", article.uri);
    out.member("type", "text");
    if (options_.profile == Profile::kNinjs31Ext) out.member("profile", "newsmill-enriched-1");
    out.member_if("version", trim(raw.version));
    member_time(out, "firstCreated", article.first_created_ms);
    member_time(out, "versionCreated", article.version_created_ms);
    out.member_if("pubStatus", normalize::pub_status(raw.pub_status));
    if (const int value = urgency(raw.urgency); value > 0) out.member("urgency", value);
    member_time(out, "embargoedUntil", embargo_ms(raw));
    const Rights rights = rights_of(raw);
    out.member_if("copyrightHolder", rights.holder);
    out.member_if("copyrightNotice", rights.notice);
    out.member_if("usageTerms", trim(raw.usage_terms));
    out.member_if("edNote", trim(raw.ednote));
    out.member_if("language", known_language(article));
    out.member_if("slugline", trim(raw.slugline));
    out.member_if("by", article.by);
    out.member_if("located", article.located);
    if (!article.headline.empty()) {
        out.key("headlines");
        out.open_array();
        out.open_object();
        out.member("role", "main");
        out.member("contentType", "text/plain");
        out.member("value", article.headline);
        out.close_object();
        out.close_array();
    }
    write_body(article, out);
    write_subjects(article, out);
    write_people(article, out, "people");
    if (const std::string_view source = trim(raw.source); !source.empty()) {
        out.key("infoSources");
        out.open_array();
        out.open_object();
        out.member("name", source);
        out.member("role", "originator");
        out.close_object();
        out.close_array();
    }
    write_alt_ids(article, out);
}

void EncodeStage::write_body(const Article& article, JsonWriter& out) noexcept {
    if (article.body.empty()) return;
    out.key("bodies");
    out.open_array();
    out.open_object();
    out.member("role", "main");
    out.member("contentType", "text/plain");
    out.member("charCount", code_points_.total());
    if (counts_words(article.language)) {
        out.member("wordCount", static_cast<std::int64_t>(count_words(article.body)));
    }
    out.member("value", article.body);
    out.close_object();
    out.close_array();
}

void EncodeStage::write_subjects(const Article& article, JsonWriter& out) noexcept {
    if (article.topics.empty()) return;
    const bool ninjs1 = options_.profile == Profile::kNinjs1;
    out.key(ninjs1 ? "subject" : "subjects");
    out.open_array();
    for (const Topic& topic : article.topics) {
        out.open_object();
        out.member_if("name", topic.name);
        out.member("rel", "about");
        if (ninjs1) {
            out.member("scheme", topic.scheme);
            out.member("code", topic.code);
        } else {
            out.key("uri");
            out.string_of({topic.scheme, topic.code});
            out.key("literal");
            out.string_of({topic.alias, ":", topic.code});
        }
        out.member_if("creator", topic.creator);
        out.member("relevance", topic.relevance);
        out.member("confidence", topic.confidence);
        out.close_object();
    }
    out.close_array();
}

// Who is quoted, each once, in the order of the text.
void EncodeStage::write_people(const Article& article, JsonWriter& out,
                               std::string_view member) noexcept {
    bool any = false;
    for (std::size_t i = 0; i < article.quotes.size(); ++i) {
        const std::string_view name = article.quotes[i].speaker;
        const auto before = article.quotes.first(i);
        const bool seen = std::any_of(before.begin(), before.end(),
                                      [&](const Quote& quote) { return quote.speaker == name; });
        // A description ("spokeswoman for the ministry") is nobody's name.
        const bool described =
            article.quotes[i].resolved == Resolved::kTitle && name == article.quotes[i].role;
        if (name.empty() || seen || described) continue;
        if (!any) {
            out.key(member);
            out.open_array();
            any = true;
        }
        out.open_object();
        out.member("name", name);
        out.member("rel", "quoted");
        out.close_object();
    }
    if (any) out.close_array();
}

void EncodeStage::write_alt_ids(const Article& article, JsonWriter& out) noexcept {
    out.key("altIds");
    out.open_array();
    const auto alternative = [&](std::string_view role, std::string_view value) {
        if (value.empty() || value == article.uri) return;
        out.open_object();
        out.member("role", role);
        out.member("value", value);
        out.close_object();
    };
    alternative("provider", trim(article.raw.id));
    alternative("url", trim(article.raw.url));
    out.open_object();
    out.member("role", "newsmill:exact");
    member_hash(out, "value", article.exact_hash);
    out.close_object();
    out.close_array();
}

void EncodeStage::write_ninjs1(const Article& article, JsonWriter& out) noexcept {
    const Fields& raw = article.raw;
    out.key("$standard");
    out.open_object();
    out.member("name", "ninjs");
    out.member("version", "1.6");
    out.member("schema", kNinjs1Schema);
    out.close_object();
    member_uri(out, "uri", article.uri);
    out.member("type", "text");
    out.member_if("version", trim(raw.version));
    member_time(out, "firstcreated", article.first_created_ms);
    member_time(out, "versioncreated", article.version_created_ms);
    out.member_if("pubstatus", normalize::pub_status(raw.pub_status));
    if (const int value = urgency(raw.urgency); value > 0) out.member("urgency", value);
    member_time(out, "embargoed", embargo_ms(raw));
    const Rights rights = rights_of(raw);
    out.member_if("copyrightholder", rights.holder);
    out.member_if("copyrightnotice", rights.notice);
    out.member_if("usageterms", trim(raw.usage_terms));
    out.member_if("ednote", trim(raw.ednote));
    out.member_if("language", known_language(article));
    out.member_if("slugline", trim(raw.slugline));
    out.member_if("byline", article.by);
    out.member_if("located", article.located);
    out.member_if("headline", article.headline);
    if (!article.body.empty()) {
        out.member("charcount", code_points_.total());
        if (counts_words(article.language)) {
            out.member("wordcount", static_cast<std::int64_t>(count_words(article.body)));
        }
        out.member("body_text", article.body);
    }
    write_subjects(article, out);
    write_people(article, out, "person");
    if (const std::string_view source = trim(raw.source); !source.empty()) {
        out.key("infosource");
        out.open_array();
        out.open_object();
        out.member("name", source);
        out.close_object();
        out.close_array();
    }
    out.key("altids");
    out.open_object();
    out.member_if("provider", trim(raw.id));
    out.member_if("url", trim(raw.url));
    member_hash(out, "newsmill_exact", article.exact_hash);
    out.close_object();
}

void EncodeStage::write_enrichment(const Article& article, JsonWriter& out) noexcept {
    out.key("enrichment");
    out.open_object();
    out.member("schema", options_.schema);
    write_run(options_, out);
    out.key("input");
    write_origin(article.origin, out);
    write_dedup(article.decision, out);
    if (!article.quotes.empty()) {
        out.key("quotes");
        out.open_array();
        for (const Quote& quote : article.quotes) write_quote(article, quote, out);
        out.close_array();
    }
    write_topics(article, out);
    write_language(article, out);
    if (article.repairs != 0) {
        out.key("repairs");
        out.open_array();
        for (std::size_t i = 0; i < std::size(kRepairNames); ++i) {
            if ((article.repairs >> i & 1u) != 0) out.string(kRepairNames[i]);
        }
        out.close_array();
    }
    out.member_if("publishedRaw", article.published_raw);
    if (!article.raw.passthrough.empty()) {
        out.key("passthrough");
        out.raw(article.raw.passthrough);
    }
    out.close_object();
}

// The measures stand where words decided, or had a part in it: an update that is known by its uri
// alone has none.
void EncodeStage::write_dedup(const Decision& decision, JsonWriter& out) noexcept {
    out.key("dedup");
    out.open_object();
    out.member("decision", dedup_kind_name(decision.kind));
    write_cluster_id(decision.cluster_id, out);
    if (decision.similarity > 0 || decision.containment > 0) {
        out.member("similarity", decision.similarity);
        out.member("containment", decision.containment);
    }
    if (!decision.of.topic.empty()) {
        out.key("of");
        write_reference(decision.of_uri, decision.of, out);
    }
    if (decision.killed) {
        out.key("killed");
        out.raw("true");
    }
    if (decision.notices_omitted > 0) {
        out.member("noticesOmitted", std::int64_t{decision.notices_omitted});
    }
    out.close_object();
}

void EncodeStage::write_language(const Article& article, JsonWriter& out) noexcept {
    const std::string_view code = known_language(article);
    if (code.empty() && article.language_declared.empty()) return;
    out.key("language");
    out.open_object();
    if (!code.empty()) {
        out.member("code", code);
        out.member("confidence", article.language_confidence);
    }
    out.member_if("declared", article.language_declared);
    out.close_object();
}

// Why each topic was given, where that was asked for.
void EncodeStage::write_topics(const Article& article, JsonWriter& out) noexcept {
    bool any = false;
    for (const Topic& topic : article.topics) {
        if (topic.matches.empty()) continue;
        if (!any) {
            out.key("topics");
            out.open_array();
        }
        any = true;
        out.open_object();
        out.key("literal");
        out.string_of({topic.alias, ":", topic.code});
        out.key("matches");
        out.open_array();
        for (const TopicMatch& match : topic.matches) write_match(article, match, out);
        out.close_array();
        out.close_object();
    }
    if (any) out.close_array();
}

void EncodeStage::write_match(const Article& article, const TopicMatch& match,
                              JsonWriter& out) noexcept {
    const std::string_view text = match.in_headline ? article.headline : article.body;
    const auto place = [&](std::uint32_t byte) -> std::int64_t {
        if (!match.in_headline) return code_points_.at(byte);
        return static_cast<std::int64_t>(count_code_points(text.substr(0, byte)));
    };
    out.open_object();
    out.member("rule", match.rule);
    out.key("selector");
    out.open_object();
    out.member("field", match.in_headline ? "headlines/0" : "bodies/0");
    out.member("unit", "codepoint");
    out.member("start", place(match.span.start));
    out.member("end", place(match.span.end));
    out.member("exact", slice(text, match.span));
    out.close_object();
    out.close_object();
}

// Dozens of small members in most records: what is the same in all is written in one piece.
void EncodeStage::write_quote(const Article& article, const Quote& quote,
                              JsonWriter& out) noexcept {
    char id[16];
    format_hex(XXH3_64bits_withSeed(article.uri.data(), article.uri.size(), quote.statement), id);
    out.open_object();
    out.append("\"id\":\"q:");
    out.append({id, sizeof id});
    out.append("\",\"type\":\"");
    out.append(quote_type_name(quote.type));
    out.append("\",\"text\":");
    out.append_string(quote_text(article.body, quote));
    write_selector(article.body, quote.span, out);
    if (!quote.speaker.empty() || quote.mention.end > quote.mention.start)
        write_speaker(quote, out);
    if (quote.cue.end > quote.cue.start) {
        out.append(",\"cue\":{\"text\":");
        out.append_string(slice(article.body, quote.cue));
        out.append(",");
        write_places(quote.cue, out);
        out.append("}");
    }
    if (!quote.quoted.empty()) {
        std::string_view before = ",\"quoted\":[{";
        for (const Span span : quote.quoted) {
            out.append(std::exchange(before, "},{"));
            write_places(span, out);
        }
        out.append("}]");
    }
    out.append(",\"confidence\":");
    out.append_integer(quote.confidence);
    out.close_object();
}

void EncodeStage::write_selector(std::string_view body, Span span, JsonWriter& out) noexcept {
    out.append(",\"selector\":{\"field\":\"bodies/0\",\"unit\":\"codepoint\",");
    write_places(span, out);
    out.append(",\"exact\":");
    out.append_string(slice(body, span));
    if (const std::string_view prefix = context_before(body, span.start); !prefix.empty()) {
        out.append(",\"prefix\":");
        out.append_string(prefix);
    }
    if (const std::string_view suffix = context_after(body, span.end); !suffix.empty()) {
        out.append(",\"suffix\":");
        out.append_string(suffix);
    }
    out.append("}");
}

void EncodeStage::write_speaker(const Quote& quote, JsonWriter& out) noexcept {
    out.append(",\"speaker\":{");
    if (!quote.speaker.empty()) {
        out.append("\"name\":");
        out.append_string(quote.speaker);
        out.append(",");
    }
    if (!quote.role.empty() && quote.role != quote.speaker) {
        out.append("\"role\":");
        out.append_string(quote.role);
        out.append(",");
    }
    if (quote.mention.end > quote.mention.start) {
        out.append("\"mention\":{");
        write_places(quote.mention, out);
        out.append("},");
    }
    out.append("\"resolved\":\"");
    out.append(resolved_name(quote.resolved));
    out.append("\"}");
}

// The two members of a span of the body.
void EncodeStage::write_places(Span span, JsonWriter& out) noexcept {
    out.append("\"start\":");
    out.append_integer(code_points_.at(span.start));
    out.append(",\"end\":");
    out.append_integer(code_points_.at(span.end));
}

std::string_view notice_line(const Article& article, const Notice& notice,
                             const EncodeOptions& options, Arena& arena) noexcept {
    JsonWriter out(arena, 640 + notice.uri.size() + notice.by_uri.size());
    out.open_object();
    out.member("schema", kNoticeSchema);
    out.member("type", notice_kind_name(notice.kind));
    write_cluster_id(article.decision.cluster_id, out);
    if (!notice.uri.empty()) member_uri(out, "uri", notice.uri);
    out.key("input");
    write_origin(notice.copy, out);
    // A withdrawal comes from somebody; what lost an election is from now on a copy of somebody's.
    out.key(notice.kind == Notice::Kind::kKill ? "by" : "of");
    write_reference(notice.by_uri, notice.by, out);
    write_run(options, out);
    out.close_object();
    return out.finish();
}

namespace {

std::span<const Header> output_headers(const Article& article, const EncodeOptions& options,
                                       std::string_view schema, std::string_view notice,
                                       Arena& arena) noexcept {
    constexpr std::size_t kOwn = 6;
    HeaderList headers(arena, kOwn + article.headers.size());
    headers.add("newsmill-run", arena.copy(options.run_id));
    headers.add("newsmill-input", format_origin(article.origin, arena));
    if (!options.config_hash.empty())
        headers.add("newsmill-config", arena.copy(options.config_hash));
    headers.add("newsmill-schema", schema);
    headers.add("newsmill-dedup", dedup_kind_name(article.decision.kind));
    if (!notice.empty()) headers.add("newsmill-notice", notice);
    headers.add_foreign(article.headers);
    return headers.list();
}

}  // namespace

std::span<const Header> record_headers(const Article& article, const EncodeOptions& options,
                                       Arena& arena) noexcept {
    return output_headers(article, options, arena.copy(options.schema), {}, arena);
}

std::span<const Header> notice_headers(const Article& article, const Notice& notice,
                                       const EncodeOptions& options, Arena& arena) noexcept {
    return output_headers(article, options, kNoticeSchema, notice_kind_name(notice.kind), arena);
}

}  // namespace newsmill
