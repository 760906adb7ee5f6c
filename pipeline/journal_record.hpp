// What stands in the journal: records, version 2. Three kinds: the entries that one batch made, the
// settings that all followers share, and a hash of the state at an earlier place, by which
// followers see that they agree.
//
// Format. "NMJ2", u8 kind, u64 writer, then by kind what follows, then u64 XXH3-64 of all before.
// u8, u64 and i64 are little endian; `number` is LEB128, a signed one in zigzag order; `text` is a
// number of bytes and the bytes.
//   1 entries     u64 sequence, number entries, number topics, text*, number sources, text*, then
//                 for each entry: u8 flags, number topic, number source, signed partition, signed
//                 offset, u64 exact hash (high), u64 (low), [signed event_ms, from the entry's
//                 before], [signed version_created_ms, from event_ms], [number version], text uri,
//                 text sketch
//                 flags: 1 canceled, 2 has event_ms, 4 has version_created_ms, 8 has version
//   2 settings    u8 (0 initial: counts if none came before; 1 change: counts), text
//   3 state hash  i64 position, u64 hash, text of the settings there
// A record that fails its checksum, or has another magic (version 1 was "NMJ1") or kind, is ignored
// by every reader alike, and counted.
//
// Ownership: what is decoded views the record's bytes. Threads: none of its own. Errors: a false
// return; nothing is ever read past the given bytes. An encoder or record that is used again does
// not allocate once it has grown to its largest batch.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/batch.hpp"

namespace newsmill {

// Longer ones are cut in the journal, and so in `of.uri`; normalize's own bound is the same unless
// it was raised.
inline constexpr std::size_t kJournalUriBytesMax = 4096;
inline constexpr std::size_t kJournalSourceBytesMax = 256;

// What the journal says of one article.
JournalEntry journal_entry(const Article& article) noexcept;

class JournalEncoder {
   public:
    // The entries of the batch's ok articles, with the batch's sequence; returns their number.
    std::uint32_t encode(const Batch& batch, std::uint64_t writer, std::string& out);
    void encode(std::span<const JournalEntry> entries, std::uint64_t writer, std::uint64_t sequence,
                std::string& out);

   private:
    // Numbers the texts of one record in the order of their first use.
    class Table {
       public:
        void clear() { texts_.clear(); }
        std::size_t number_of(std::string_view text);
        const std::vector<std::string_view>& texts() const { return texts_; }

       private:
        std::vector<std::string_view> texts_;
        std::size_t last_ = 0;
    };

    std::vector<JournalEntry> entries_;
    std::vector<std::pair<std::uint32_t, std::uint32_t>> numbers_;  // topic, source; an entry each
    Table topics_;
    Table sources_;
};

// `change`: from this place on; else it counts only if no settings stand before it.
void encode_settings_record(std::uint64_t writer, bool change, std::string_view settings,
                            std::string& out);
void encode_state_hash_record(std::uint64_t writer, std::int64_t position, std::uint64_t hash,
                              std::string_view settings, std::string& out);

enum class JournalRecordKind : std::uint8_t { kEntries = 1, kSettings = 2, kStateHash = 3 };

struct JournalRecord {
    JournalRecordKind kind = JournalRecordKind::kEntries;
    std::uint64_t writer = 0;

    std::uint64_t sequence = 0;  // entries: the writer's number of the batch
    std::vector<JournalEntry> entries;

    bool change = false;        // settings
    std::string_view settings;  // settings, state hash

    std::int64_t position = 0;  // state hash: after which record
    std::uint64_t state_hash = 0;

    std::vector<std::string_view> topics;  // entries: the tables, kept for their capacity
    std::vector<std::string_view> sources;
};
// False for a foreign, cut or damaged record.
bool decode_journal_record(std::string_view bytes, JournalRecord& out);

}  // namespace newsmill
