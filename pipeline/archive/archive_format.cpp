#include "pipeline/archive/archive_format.hpp"

#include <xxhash.h>
#include <zstd.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <memory>

#include "pipeline/byte_codec.hpp"

namespace newsmill {
namespace {

// Skippable frames: zstd leaves them out. Each kind has a number of its own.
constexpr std::uint32_t kHeadFrame = 0x184D2A50;
constexpr std::uint32_t kBlockFrame = 0x184D2A51;
constexpr std::uint32_t kFootFrame = 0x184D2A52;
constexpr std::size_t kFrameBytes = 8;
constexpr std::string_view kHeadMagic = "NMARCH01";
constexpr std::string_view kFootMagic = "NMAFOOT1";
constexpr std::size_t kFootBlockBytes = 8 + 8 + 8 + 4 + 4 + 4 + 8 + 8 + 8;
constexpr std::size_t kRecordHeadBytes = 4 + 8;
constexpr std::size_t kDigits = 20;

enum Flag : std::uint8_t { kHasKey = 1, kHasValue = 2, kHasTime = 4 };

std::uint64_t hash_of(std::string_view bytes, std::uint64_t seed = 0) {
    return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

void begin_frame(std::uint32_t magic, std::size_t content_bytes, std::string& out) {
    put_fixed(out, magic);
    put_fixed(out, static_cast<std::uint32_t>(content_bytes));
}

// The content of a skippable frame whose last 8 bytes are the hash of those before; false if it is
// not whole.
bool frame_content(std::string_view bytes, std::uint32_t magic, std::string_view& content) {
    ByteReader reader{bytes};
    const bool right = reader.fixed<std::uint32_t>() == magic;
    const auto size = reader.fixed<std::uint32_t>();
    if (!right || !reader.ok || size < 8) return false;
    content = reader.take(size - 8);
    return reader.ok && reader.fixed<std::uint64_t>() == hash_of(content) && reader.ok;
}

void put_block_fields(const ArchiveBlock& block, std::string& out) {
    put_fixed(out, block.transaction);
    put_fixed(out, block.first_record);
    put_fixed(out, block.records);
    put_fixed(out, block.plain_bytes);
    put_fixed(out, block.packed_bytes);
    put_fixed(out, block.time_min_ms);
    put_fixed(out, block.time_max_ms);
    put_fixed(out, block.packed_hash);
}

void read_block_fields(ByteReader& reader, ArchiveBlock& block) {
    block.transaction = reader.fixed<std::uint64_t>();
    block.first_record = reader.fixed<std::uint64_t>();
    block.records = reader.fixed<std::uint32_t>();
    block.plain_bytes = reader.fixed<std::uint32_t>();
    block.packed_bytes = reader.fixed<std::uint32_t>();
    block.time_min_ms = reader.fixed<std::int64_t>();
    block.time_max_ms = reader.fixed<std::int64_t>();
    block.packed_hash = reader.fixed<std::uint64_t>();
}

}  // namespace

void ArchiveBlock::note_time(std::int64_t timestamp_ms) noexcept {
    if (timestamp_ms == kNoTime) return;
    time_min_ms = std::min(time_min_ms, timestamp_ms);
    time_max_ms = std::max(time_max_ms, timestamp_ms);
}

std::string archive_segment_name(std::uint64_t first_record) {
    char name[32];
    std::snprintf(name, sizeof(name), "%020llu", static_cast<unsigned long long>(first_record));
    return name + std::string(kArchiveSuffix);
}

std::optional<std::uint64_t> archive_segment_number(std::string_view name) {
    if (name.size() != kDigits + kArchiveSuffix.size() || !name.ends_with(kArchiveSuffix))
        return std::nullopt;
    std::uint64_t number = 0;
    const char* end = name.data() + kDigits;
    const auto [rest, error] = std::from_chars(name.data(), end, number);
    if (error != std::errc() || rest != end) return std::nullopt;
    return number;
}

// ---- Records
// ------------------------------------------------------------------------------

void put_archive_record(const Article& article, std::uint64_t number, std::int64_t journal_position,
                        std::string& out) {
    const std::size_t head_at = out.size();
    out.append(kRecordHeadBytes, '\0');
    const std::size_t at = out.size();
    const Origin& origin = article.origin;
    const bool has_time = origin.timestamp_ms != kNoTime;
    out.push_back(static_cast<char>((article.has_key ? kHasKey : 0) |
                                    (article.has_payload ? kHasValue : 0) |
                                    (has_time ? kHasTime : 0)));
    put_text(out, origin.topic);
    put_signed(out, origin.partition);
    put_signed(out, origin.offset);
    if (has_time) put_signed(out, origin.timestamp_ms);
    put_signed(out, journal_position);
    if (article.has_key) put_text(out, article.key);
    put_number(out, article.headers.size());
    for (const Header& header : article.headers) {
        put_text(out, header.name);
        put_text(out, header.value);
    }
    if (article.has_payload) put_text(out, article.payload);
    std::string head;
    put_fixed(head, static_cast<std::uint32_t>(out.size() - at));
    put_fixed(head, hash_of(std::string_view(out).substr(at), number));
    out.replace(head_at, kRecordHeadBytes, head);
}

bool take_archive_record(std::string_view& rest, std::uint64_t number, ArchivedRecord& record) {
    ByteReader frame{rest};
    const auto size = frame.fixed<std::uint32_t>();
    const auto hash = frame.fixed<std::uint64_t>();
    const std::string_view bytes = frame.take(size);
    if (!frame.ok || hash_of(bytes, number) != hash) return false;
    ByteReader reader{bytes};
    const auto flags = reader.fixed<std::uint8_t>();
    record.number = number;
    record.origin.topic = reader.text();
    record.origin.partition = static_cast<std::int32_t>(reader.signed_number());
    record.origin.offset = reader.signed_number();
    record.origin.timestamp_ms = (flags & kHasTime) != 0 ? reader.signed_number() : kNoTime;
    record.journal_position = reader.signed_number();
    record.has_key = (flags & kHasKey) != 0;
    record.key = record.has_key ? reader.text() : std::string_view();
    const std::uint64_t headers = reader.number();
    // A header takes two bytes at least: a number that is made up allocates nothing.
    if (headers > reader.rest.size() / 2) return false;
    record.headers.clear();
    for (std::uint64_t i = 0; i < headers; ++i) {
        const std::string_view name = reader.text();
        record.headers.push_back({name, reader.text()});
    }
    record.has_value = (flags & kHasValue) != 0;
    record.value = record.has_value ? reader.text() : std::string_view();
    if (!reader.ok || !reader.rest.empty()) return false;
    rest = frame.rest;
    return true;
}

// ---- Frames
// ------------------------------------------------------------------------------

void put_archive_head(const ArchiveHead& head, std::string& out) {
    std::string content(kHeadMagic);
    put_fixed(content, head.archive);
    put_fixed(content, head.first_record);
    begin_frame(kHeadFrame, content.size() + 8, out);
    out.append(content);
    put_fixed(out, hash_of(content));
}

bool read_archive_head(std::string_view bytes, ArchiveHead& head) {
    std::string_view content;
    if (!frame_content(bytes, kHeadFrame, content)) return false;
    ByteReader reader{content};
    if (reader.take(kHeadMagic.size()) != kHeadMagic) return false;
    head.archive = reader.fixed<std::uint64_t>();
    head.first_record = reader.fixed<std::uint64_t>();
    return reader.ok;
}

void put_archive_block_head(const ArchiveBlock& block, std::string& out) {
    std::string content;
    put_block_fields(block, content);
    begin_frame(kBlockFrame, content.size() + 8, out);
    out.append(content);
    put_fixed(out, hash_of(content));
}

bool read_archive_block_head(std::string_view bytes, ArchiveBlock& block) {
    std::string_view content;
    if (!frame_content(bytes, kBlockFrame, content)) return false;
    ByteReader reader{content};
    read_block_fields(reader, block);
    return reader.ok && reader.rest.empty() && block.plain_bytes <= kArchivePlainBytesMax;
}

void put_archive_foot(const ArchiveFoot& foot, std::string& out) {
    std::string content;
    content.push_back(foot.settled ? 1 : 0);
    put_fixed(content, static_cast<std::uint32_t>(foot.blocks.size()));
    for (const ArchiveBlock& block : foot.blocks) {
        put_fixed(content, block.at);
        put_block_fields(block, content);
    }
    put_fixed(content, hash_of(content));
    const std::size_t frame_bytes = kFrameBytes + content.size() + kArchiveTailBytes;
    begin_frame(kFootFrame, content.size() + kArchiveTailBytes, out);
    out.append(content);
    put_fixed(out, static_cast<std::uint32_t>(frame_bytes));
    out.append(kFootMagic);
}

std::uint64_t archive_foot_bytes(std::string_view tail) {
    ByteReader reader{tail};
    const auto size = reader.fixed<std::uint32_t>();
    return reader.take(kFootMagic.size()) == kFootMagic && reader.ok ? size : 0;
}

bool read_archive_foot(std::string_view bytes, ArchiveFoot& foot) {
    ByteReader frame{bytes};
    if (frame.fixed<std::uint32_t>() != kFootFrame) return false;
    const auto size = frame.fixed<std::uint32_t>();
    if (!frame.ok || size < 8 + kArchiveTailBytes || size != frame.rest.size()) return false;
    const std::string_view content = frame.take(size - 8 - kArchiveTailBytes);
    if (frame.fixed<std::uint64_t>() != hash_of(content) || !frame.ok) return false;
    ByteReader reader{content};
    foot.settled = reader.fixed<std::uint8_t>() != 0;
    const auto count = reader.fixed<std::uint32_t>();
    if (!reader.ok || std::uint64_t{count} * kFootBlockBytes != reader.rest.size()) return false;
    foot.blocks.assign(count, {});
    for (ArchiveBlock& block : foot.blocks) {
        block.at = reader.fixed<std::uint64_t>();
        read_block_fields(reader, block);
        if (block.plain_bytes > kArchivePlainBytesMax) return false;
    }
    return reader.ok;
}

// ---- Packing
// ------------------------------------------------------------------------------

bool pack_archive_block(ArchiveBlock& block, std::string_view plain, int level, std::string& out) {
    std::string packed(ZSTD_compressBound(plain.size()), '\0');
    const std::size_t size =
        ZSTD_compress(packed.data(), packed.size(), plain.data(), plain.size(), level);
    if (ZSTD_isError(size) != 0) return false;
    packed.resize(size);
    block.plain_bytes = static_cast<std::uint32_t>(plain.size());
    block.packed_bytes = static_cast<std::uint32_t>(size);
    block.packed_hash = hash_of(packed);
    put_archive_block_head(block, out);
    out.append(packed);
    return true;
}

bool unpack_archive_block(const ArchiveBlock& block, std::string_view packed, char* to) {
    if (packed.size() != block.packed_bytes || hash_of(packed) != block.packed_hash) return false;
    const std::size_t size = ZSTD_decompress(to, block.plain_bytes, packed.data(), packed.size());
    return ZSTD_isError(size) == 0 && size == block.plain_bytes;
}

std::string salvage_archive_block(std::string_view packed) {
    struct Free {
        void operator()(ZSTD_DStream* stream) const { ZSTD_freeDStream(stream); }
    };
    const std::unique_ptr<ZSTD_DStream, Free> stream(ZSTD_createDStream());
    std::string plain;
    std::string piece(ZSTD_DStreamOutSize(), '\0');
    ZSTD_inBuffer in{packed.data(), packed.size(), 0};
    for (;;) {
        ZSTD_outBuffer out{piece.data(), piece.size(), 0};
        const std::size_t hint = ZSTD_decompressStream(stream.get(), &out, &in);
        plain.append(piece, 0, out.pos);
        const bool stuck = in.pos == in.size && out.pos < out.size;
        if (ZSTD_isError(hint) != 0 || hint == 0 || stuck) return plain;
        if (plain.size() > kArchivePlainBytesMax) return plain;
    }
}

}  // namespace newsmill
