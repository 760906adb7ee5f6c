#include "pipeline/journal_record.hpp"

#include <xxhash.h>

#include <utility>

#include "pipeline/byte_codec.hpp"

namespace newsmill {
namespace {

constexpr std::string_view kMagic = "NMJ2";
constexpr std::size_t kHashBytes = 8;

enum Flag : std::uint8_t { kCanceled = 1, kHasEvent = 2, kHasVersionCreated = 4, kHasVersion = 8 };

// The smallest that an entry can be: flags, four numbers, the exact hash, two lengths. Bounds what
// a count in a record may claim.
constexpr std::size_t kEntryBytesMin = 1 + 4 + 16 + 2;

void begin_record(JournalRecordKind kind, std::uint64_t writer, std::string& out) {
    out.assign(kMagic);
    put_fixed(out, static_cast<std::uint8_t>(kind));
    put_fixed(out, writer);
}

void end_record(std::string& out) {
    put_fixed(out, static_cast<std::uint64_t>(XXH3_64bits(out.data(), out.size())));
}

// Cuts at a code point's border.
std::string_view cut(std::string_view text, std::size_t bytes_max) {
    if (text.size() <= bytes_max) return text;
    while (bytes_max > 0 && (static_cast<unsigned char>(text[bytes_max]) & 0xC0) == 0x80)
        --bytes_max;
    return text.substr(0, bytes_max);
}

std::string_view trim(std::string_view text) {
    constexpr std::string_view kSpace = " \t\r\n";
    const std::size_t begin = text.find_first_not_of(kSpace);
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(kSpace) + 1 - begin);
}

// Differences wrap around, so that any two times have one.
std::int64_t minus(std::int64_t a, std::int64_t b) {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}
std::int64_t plus(std::int64_t a, std::int64_t b) {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}

bool decode_table(ByteReader& reader, std::vector<std::string_view>& texts) {
    const std::uint64_t count = reader.number();
    if (count > reader.rest.size()) return false;
    for (std::uint64_t i = 0; i < count && reader.ok; ++i) texts.push_back(reader.text());
    return reader.ok;
}

bool decode_entry(ByteReader& reader, const JournalRecord& record, std::int64_t& before_ms,
                  JournalEntry& entry) {
    const auto flags = reader.fixed<std::uint8_t>();
    const std::uint64_t topic = reader.number();
    const std::uint64_t source = reader.number();
    if (topic >= record.topics.size() || source >= record.sources.size()) return false;
    entry.origin.topic = record.topics[topic];
    entry.source = record.sources[source];
    entry.origin.partition = static_cast<std::int32_t>(reader.signed_number());
    entry.origin.offset = reader.signed_number();
    entry.exact_hash.high = reader.fixed<std::uint64_t>();
    entry.exact_hash.low = reader.fixed<std::uint64_t>();
    if ((flags & kHasEvent) != 0) {
        entry.event_ms = before_ms = plus(before_ms, reader.signed_number());
    }
    if ((flags & kHasVersionCreated) != 0) {
        entry.version_created_ms = plus(before_ms, reader.signed_number());
    }
    if ((flags & kHasVersion) != 0) entry.version = static_cast<std::uint32_t>(reader.number());
    entry.canceled = (flags & kCanceled) != 0;
    entry.uri = reader.text();
    entry.sketch = reader.text();
    return reader.ok;
}

bool decode_entries(ByteReader& reader, JournalRecord& out) {
    out.sequence = reader.fixed<std::uint64_t>();
    const std::uint64_t entries = reader.number();
    if (!decode_table(reader, out.topics) || !decode_table(reader, out.sources)) return false;
    if (entries > reader.rest.size() / kEntryBytesMin) return false;
    std::int64_t before_ms = 0;
    for (std::uint64_t i = 0; i < entries; ++i) {
        if (!decode_entry(reader, out, before_ms, out.entries.emplace_back())) return false;
    }
    return true;
}

}  // namespace

JournalEntry journal_entry(const Article& article) noexcept {
    JournalEntry entry;
    entry.origin = article.origin;
    entry.exact_hash = article.exact_hash;
    entry.sketch = article.sketch;
    entry.event_ms = article.origin.timestamp_ms;
    if (entry.event_ms == kNoTime) entry.event_ms = article.version_created_ms;
    if (entry.event_ms == kNoTime) entry.event_ms = article.first_created_ms;
    entry.version_created_ms = article.version_created_ms;
    entry.version = article.version;
    entry.canceled = article.canceled;
    entry.uri = cut(article.uri, kJournalUriBytesMax);
    entry.source = cut(trim(article.raw.source), kJournalSourceBytesMax);
    return entry;
}

// ---- Encoding
// ----------------------------------------------------------------------------------------

// A batch has few topics and few sources, and neighbours have the same.
std::size_t JournalEncoder::Table::number_of(std::string_view text) {
    if (last_ < texts_.size() && texts_[last_] == text) return last_;
    for (last_ = texts_.size(); last_-- > 0;) {
        if (texts_[last_] == text) return last_;
    }
    texts_.push_back(text);
    return last_ = texts_.size() - 1;
}

std::uint32_t JournalEncoder::encode(const Batch& batch, std::uint64_t writer, std::string& out) {
    entries_.clear();
    for (const Article& article : batch.articles) {
        if (article.ok()) entries_.push_back(journal_entry(article));
    }
    encode(entries_, writer, batch.sequence, out);
    return static_cast<std::uint32_t>(entries_.size());
}

void JournalEncoder::encode(std::span<const JournalEntry> entries, std::uint64_t writer,
                            std::uint64_t sequence, std::string& out) {
    topics_.clear();
    sources_.clear();
    numbers_.clear();
    for (const JournalEntry& entry : entries) {
        numbers_.emplace_back(topics_.number_of(entry.origin.topic),
                              sources_.number_of(entry.source));
    }
    begin_record(JournalRecordKind::kEntries, writer, out);
    put_fixed(out, sequence);
    put_number(out, entries.size());
    for (const Table* table : {&topics_, &sources_}) {
        put_number(out, table->texts().size());
        for (const std::string_view text : table->texts()) put_text(out, text);
    }
    std::int64_t before_ms = 0;
    for (std::size_t i = 0; i < entries.size(); ++i) {
        const JournalEntry& entry = entries[i];
        const bool has_event = entry.event_ms != kNoTime;
        const bool has_version_created = entry.version_created_ms != kNoTime;
        put_fixed(out, static_cast<std::uint8_t>((entry.canceled ? kCanceled : 0) |
                                                 (has_event ? kHasEvent : 0) |
                                                 (has_version_created ? kHasVersionCreated : 0) |
                                                 (entry.version != 0 ? kHasVersion : 0)));
        put_number(out, numbers_[i].first);
        put_number(out, numbers_[i].second);
        put_signed(out, entry.origin.partition);
        put_signed(out, entry.origin.offset);
        put_fixed(out, entry.exact_hash.high);
        put_fixed(out, entry.exact_hash.low);
        if (has_event) {
            put_signed(out, minus(entry.event_ms, before_ms));
            before_ms = entry.event_ms;
        }
        if (has_version_created) put_signed(out, minus(entry.version_created_ms, before_ms));
        if (entry.version != 0) put_number(out, entry.version);
        put_text(out, entry.uri);
        put_text(out, entry.sketch);
    }
    end_record(out);
}

void encode_settings_record(std::uint64_t writer, bool change, std::string_view settings,
                            std::string& out) {
    begin_record(JournalRecordKind::kSettings, writer, out);
    put_fixed(out, static_cast<std::uint8_t>(change ? 1 : 0));
    put_text(out, settings);
    end_record(out);
}

void encode_state_hash_record(std::uint64_t writer, std::int64_t position, std::uint64_t hash,
                              std::string_view settings, std::string& out) {
    begin_record(JournalRecordKind::kStateHash, writer, out);
    put_fixed(out, position);
    put_fixed(out, hash);
    put_text(out, settings);
    end_record(out);
}

// ---- Decoding
// ----------------------------------------------------------------------------------------

bool decode_journal_record(std::string_view bytes, JournalRecord& out) {
    out.entries.clear();
    out.topics.clear();
    out.sources.clear();
    out.settings = {};
    if (bytes.size() < kMagic.size() + kHashBytes || !bytes.starts_with(kMagic)) return false;
    const std::string_view body = bytes.substr(0, bytes.size() - kHashBytes);
    ByteReader tail{bytes.substr(body.size())};
    if (tail.fixed<std::uint64_t>() != XXH3_64bits(body.data(), body.size())) return false;
    ByteReader reader{body.substr(kMagic.size())};
    out.kind = static_cast<JournalRecordKind>(reader.fixed<std::uint8_t>());
    out.writer = reader.fixed<std::uint64_t>();
    switch (out.kind) {
        case JournalRecordKind::kEntries:
            if (!decode_entries(reader, out)) return false;
            break;
        case JournalRecordKind::kSettings:
            out.change = reader.fixed<std::uint8_t>() != 0;
            out.settings = reader.text();
            break;
        case JournalRecordKind::kStateHash:
            out.position = reader.fixed<std::int64_t>();
            out.state_hash = reader.fixed<std::uint64_t>();
            out.settings = reader.text();
            break;
        default: return false;  // a later version's kind
    }
    return reader.ok && reader.rest.empty();
}

}  // namespace newsmill
