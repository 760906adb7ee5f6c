#include "stages/dead_letter.hpp"

#include <charconv>

#include "stages/formats/json_writer.hpp"
#include "stages/formats/kafka_headers.hpp"
#include "stages/formats/utf8.hpp"

namespace newsmill {
namespace {

constexpr std::string_view kReplaysHeader = "__newsmill.errors.replays";

// How often the article was sent again: the letter's old count and this time.
std::int64_t count_replays(std::span<const Header> headers) noexcept {
    for (const Header& header : headers) {
        if (header.name != kReplaysHeader) continue;
        std::int64_t before = 0;
        std::from_chars(header.value.data(), header.value.data() + header.value.size(), before);
        return before + 1;
    }
    return 0;
}

void write_base64(std::string_view bytes, JsonWriter& out) noexcept {
    constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    out.begin_string();
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const std::size_t left = bytes.size() - i;
        std::uint32_t word = 0;
        for (std::size_t k = 0; k < 3; ++k) {
            word = word << 8 | (k < left ? static_cast<unsigned char>(bytes[i + k]) : 0u);
        }
        char quad[4];
        for (int k = 3; k >= 0; --k, word >>= 6) quad[k] = kDigits[word & 63];
        if (left < 3) quad[3] = '=';
        if (left < 2) quad[2] = '=';
        out.append({quad, sizeof quad});
    }
    out.end_string();
}

// Bytes of the world: text if they are text.
void member_bytes(JsonWriter& out, std::string_view name, std::string_view base64_name,
                  std::string_view bytes) noexcept {
    if (is_valid_utf8(bytes)) {
        out.member(name, bytes);
    } else {
        out.key(base64_name);
        write_base64(bytes, out);
    }
}

void write_headers(std::span<const Header> headers, JsonWriter& out) noexcept {
    out.key("headers");
    out.open_array();
    for (const Header& header : headers) {
        out.open_object();
        member_bytes(out, "name", "name_base64", header.name);
        member_bytes(out, "value", "value_base64", header.value);
        out.close_object();
    }
    out.close_array();
}

void write_errors(const Article& article, const DeadLetterContext& context,
                  JsonWriter& out) noexcept {
    char time[kTimestampBytesMax];
    const Origin& origin = article.origin;
    out.key("errors");
    out.open_object();
    if (origin.partition >= 0) {
        out.member("topic", origin.topic);
        out.member("partition", std::int64_t{origin.partition});
        out.member("offset", origin.offset);
    } else {
        out.member("file", origin.topic);
        out.member("line", origin.offset);
    }
    out.member_if("timestamp", format_timestamp(origin.timestamp_ms, time));
    out.member("stage", article.verdict.stage);
    out.member("code", context.code.empty() ? code_name(article.verdict.code) : context.code);
    out.member("message", article.verdict.message);
    out.member("attempts", std::int64_t{context.attempts});
    out.member("replays", context.replays < 0 ? count_replays(article.headers) : context.replays);
    out.member_if("build", context.build);
    out.member_if("config", context.config_hash);
    out.member_if("at", format_timestamp(context.at_ms, time));
    out.close_object();
}

}  // namespace

std::string_view dead_letter_line(const Article& article, const DeadLetterContext& context,
                                  Arena& arena) noexcept {
    // Room for the base64 form; escapes may need more.
    JsonWriter out(arena, 1024 + article.key.size() + article.payload.size() * 3 / 2);
    HeaderList headers(arena, article.headers.size());
    headers.add_original(article.headers);
    out.open_object();
    if (article.has_key) member_bytes(out, "key", "key_base64", article.key);
    if (article.has_payload) member_bytes(out, "value", "value_base64", article.payload);
    if (!headers.list().empty()) write_headers(headers.list(), out);
    write_errors(article, context, out);
    out.close_object();
    return out.finish();
}

std::span<const Header> dead_letter_headers(const Article& article,
                                            const DeadLetterContext& context,
                                            Arena& arena) noexcept {
    constexpr std::size_t kOwn = 12;
    const Origin& origin = article.origin;
    const auto time = [&](std::int64_t unix_ms) {
        char text[kTimestampBytesMax];
        return arena.copy(format_timestamp(unix_ms, text));
    };
    HeaderList headers(arena, kOwn + article.headers.size());
    headers.add_original(article.headers);
    headers.add("__newsmill.errors.topic", origin.topic);
    headers.add("__newsmill.errors.partition", format_integer(origin.partition, arena));
    headers.add("__newsmill.errors.offset", format_integer(origin.offset, arena));
    if (origin.timestamp_ms != kNoTime) {
        headers.add("__newsmill.errors.timestamp", time(origin.timestamp_ms));
    }
    headers.add("__newsmill.errors.stage", article.verdict.stage);
    headers.add("__newsmill.errors.code", code_name(article.verdict.code));
    headers.add("__newsmill.errors.message", article.verdict.message);
    headers.add("__newsmill.errors.attempts", format_integer(context.attempts, arena));
    headers.add(kReplaysHeader, format_integer(count_replays(article.headers), arena));
    if (!context.build.empty()) headers.add("__newsmill.errors.build", arena.copy(context.build));
    if (!context.config_hash.empty()) {
        headers.add("__newsmill.errors.config", arena.copy(context.config_hash));
    }
    if (context.at_ms != kNoTime) headers.add("__newsmill.errors.at", time(context.at_ms));
    return headers.list();
}

}  // namespace newsmill
