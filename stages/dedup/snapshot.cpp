// A snapshot, version 1:
//   header  "NMDS1", settings text, now_ms, first_ms, first number, count, the index's high water,
//           state hash, the names of sources
//   entries in order, each
//     flags, kind, similarity, containment: bytes
//     topic, partition, offset, exact hash, arrived_ms, version, version_created_ms, source, uri,
//     sketch
//     how far the cluster's member before it is away (0: none in the snapshot; then, if it does not
//     begin the cluster, the cluster's id), and what it names: `of` and More
// A topic is a number; the next free one is followed by its name. An article that is named is so
// many numbers away, if it is in the snapshot; else 0 and how far it is from the first, followed,
// the first time, by its identity. Clusters, tables and the index are not in it: they follow from
// the entries in order.
#include "stages/dedup/snapshot.hpp"

#include <xxhash.h>

#include <bit>
#include <cstring>
#include <utility>

namespace newsmill {
namespace {

using dedup::Entry;
using dedup::Identity;
using dedup::kNoNumber;
using dedup::More;
using dedup::SourceNumber;
using dedup::TextRing;
using dedup::Window;

constexpr std::string_view kMagic = "NMDS1";
constexpr char kHeader = 'H';
constexpr char kEntries = 'E';
constexpr std::size_t kHashBytes = 8;
static_assert(std::endian::native == std::endian::little, "fixed numbers are copied");

class Writer {
   public:
    explicit Writer(std::string& out) : out_(out) {}
    void byte(std::uint8_t value) { out_.push_back(static_cast<char>(value)); }
    void fixed(std::uint64_t value) {
        char bytes[8];
        std::memcpy(bytes, &value, 8);
        out_.append(bytes, 8);
    }
    void number(std::uint64_t value) {
        for (; value >= 0x80; value >>= 7) byte(static_cast<std::uint8_t>(value | 0x80));
        byte(static_cast<std::uint8_t>(value));
    }
    void integer(std::int64_t value) {
        number(static_cast<std::uint64_t>(value) << 1 ^ static_cast<std::uint64_t>(value >> 63));
    }
    void text(std::string_view value) {
        number(value.size());
        out_.append(value);
    }

   private:
    std::string& out_;
};

// What can't be read gives zeros, and good() is false from then on.
class Reader {
   public:
    explicit Reader(std::string_view bytes) : rest_(bytes) {}
    bool good() const { return good_; }
    bool at_end() const { return rest_.empty(); }
    std::uint8_t byte() {
        const std::string_view one = bytes(1);
        return one.empty() ? 0 : static_cast<std::uint8_t>(one[0]);
    }
    std::uint64_t fixed() {
        const std::string_view eight = bytes(8);
        std::uint64_t value = 0;
        if (!eight.empty()) std::memcpy(&value, eight.data(), 8);
        return value;
    }
    std::uint64_t number(std::uint64_t max = UINT64_MAX) {
        std::uint64_t value = 0;
        for (int shift = 0; shift < 64; shift += 7) {
            const std::uint8_t one = byte();
            value |= static_cast<std::uint64_t>(one & 0x7F) << shift;
            if (one >= 0x80) continue;
            good_ = good_ && value <= max;
            return good_ ? value : 0;
        }
        good_ = false;
        return 0;
    }
    std::int64_t integer() {
        const std::uint64_t value = number();
        return static_cast<std::int64_t>(value >> 1 ^ (0 - (value & 1)));
    }
    std::string_view text(std::size_t bytes_max) {
        return bytes(static_cast<std::size_t>(number(bytes_max)));
    }
    void fail() { good_ = false; }

   private:
    std::string_view bytes(std::size_t count) {
        if (!good_ || rest_.size() < count) {
            good_ = false;
            return {};
        }
        const std::string_view taken = rest_.substr(0, count);
        rest_.remove_prefix(count);
        return taken;
    }
    std::string_view rest_;
    bool good_ = true;
};

std::uint64_t hash_of(std::string_view bytes) { return XXH3_64bits(bytes.data(), bytes.size()); }

}  // namespace

// ---- Writing
// -----------------------------------------------------------------------------------------

namespace {

// Writes entries of one snapshot. `Snapshot` is DedupStage's.
template <typename Snapshot>
class EntryWriter {
   public:
    EntryWriter(const Window& window, Snapshot& snapshot, std::string& out)
        : window_(window), snapshot_(snapshot), out_(out) {}

    void write(std::uint64_t number) {
        const Entry& entry = window_.entry(number);
        const Identity self = window_.identity(number);
        for (const std::uint8_t byte : {entry.flags, static_cast<std::uint8_t>(entry.kind),
                                        entry.similarity, entry.containment}) {
            out_.byte(byte);
        }
        place(self);
        out_.fixed(entry.exact_hash.high);
        out_.fixed(entry.exact_hash.low);
        out_.integer(entry.arrived_ms);
        out_.number(entry.version);
        out_.integer(entry.version_created_ms);
        source(entry.source);
        out_.text(self.uri);
        out_.text(window_.sketch(number));
        const bool in_snapshot = entry.before > 0 && number - entry.before >= snapshot_.first;
        out_.number(in_snapshot ? entry.before : 0);
        if (!in_snapshot && (entry.flags & dedup::kRoot) == 0) {
            out_.fixed(window_.cluster_id(number));
        }
        named(entry.of, number);
        if ((entry.flags & dedup::kHasMore) != 0) more(window_.more(number), number);
    }

   private:
    void place(const Identity& identity) {
        const auto [it, first] =
            snapshot_.topics.try_emplace(std::string(identity.topic), snapshot_.topics.size());
        out_.number(it->second);
        if (first) out_.text(identity.topic);
        out_.integer(identity.partition);
        out_.integer(identity.offset);
    }
    void source(SourceNumber number) {
        // A source that was first named after the snapshot began is none of its entries'.
        out_.number(number == dedup::kUnlisted ? 0 : number + std::uint64_t{1});
    }
    // 1 + the distance; 0 for an outlived one.
    void named(std::uint64_t other, std::uint64_t number) {
        if (other >= snapshot_.first) {
            out_.number(1 + number - other);
            return;
        }
        out_.number(0);
        out_.number(snapshot_.first - other);
        if (!snapshot_.outlived.insert(other).second) return;
        const Identity identity = window_.identity(other);
        place(identity);
        source(identity.source);
        out_.text(identity.uri);
    }
    void more(const More& more, std::uint64_t number) {
        for (const std::uint64_t other : {more.elected_over, more.killed_by}) {
            out_.byte(other == kNoNumber ? 0 : 1);
            if (other != kNoNumber) named(other, number);
        }
        out_.number(more.copies_omitted);
        out_.number(more.copies.size());
        for (const std::uint64_t copy : more.copies) named(copy, number);
    }

    const Window& window_;
    Snapshot& snapshot_;
    Writer out_;
};

}  // namespace

void DedupStage::begin_snapshot() noexcept {
    snapshot_ = std::make_unique<Snapshot>();
    snapshot_->first = snapshot_->next = window_.live();
    snapshot_->end = window_.end();
    snapshot_->state_hash = state_hash();
    snapshot_->high_water = window_.near().high_water();
    snapshot_->now_ms = now_ms_;
    snapshot_->first_ms = first_ms_;
    snapshot_->settings = settings_text(settings_);
    snapshot_->sources = window_.trust().names();
}

bool DedupStage::next_snapshot_chunk(std::string& chunk) noexcept {
    // Room for the largest entry: two uris, a sketch, and a kill's copies come on top.
    constexpr std::size_t kFullBytes = kSnapshotChunkBytes / 2;
    chunk.clear();
    if (!snapshot_) return false;
    Snapshot& snapshot = *snapshot_;
    if (snapshot.header_written && snapshot.next == snapshot.end) return false;
    Writer out(chunk);
    if (!std::exchange(snapshot.header_written, true)) {
        out.byte(kHeader);
        out.text(kMagic);
        out.text(snapshot.settings);
        out.integer(snapshot.now_ms);
        out.integer(snapshot.first_ms);
        out.number(snapshot.first);
        out.number(snapshot.end - snapshot.first);
        out.number(snapshot.high_water);
        out.fixed(snapshot.state_hash);
        out.number(snapshot.sources.size());
        for (const std::string& name : snapshot.sources) out.text(name);
    } else {
        out.byte(kEntries);
        EntryWriter<Snapshot> writer(window_, snapshot, chunk);
        while (snapshot.next < snapshot.end && chunk.size() < kFullBytes) {
            writer.write(snapshot.next++);
        }
    }
    out.fixed(hash_of(chunk));
    return true;
}

void DedupStage::end_snapshot() noexcept { snapshot_.reset(); }

// ---- Reading
// -----------------------------------------------------------------------------------------

namespace {

// Reads entries into the window. `Restore` is DedupStage's.
template <typename Restore>
class EntryReader {
   public:
    EntryReader(Window& window, Restore& restore, Reader& in)
        : window_(window), restore_(restore), in_(in) {}

    bool read() {
        const std::uint64_t number = window_.end();
        if (number >= restore_.end) return false;
        Window::Added added{};
        Entry& entry = added.entry;
        entry.flags = in_.byte();
        const std::uint8_t kind = in_.byte();
        entry.similarity = in_.byte();
        entry.containment = in_.byte();
        Identity self;
        place(self);
        added.topic = self.topic;
        entry.partition = self.partition;
        entry.offset = self.offset;
        entry.exact_hash.high = in_.fixed();
        entry.exact_hash.low = in_.fixed();
        entry.arrived_ms = in_.integer();
        entry.version = static_cast<std::uint32_t>(in_.number(UINT32_MAX));
        entry.version_created_ms = in_.integer();
        entry.source = source();
        added.uri = in_.text(TextRing::kTextBytesMax);
        added.sketch = in_.text(kSketchBytesMax);
        if (kind > static_cast<std::uint8_t>(DedupKind::kKill)) return false;
        entry.kind = static_cast<DedupKind>(kind);
        cluster(number, added);
        entry.of = named(number);
        if ((entry.flags & dedup::kHasMore) != 0) more(number, added.more);
        if (!in_.good() || !is_sound(number, added)) return false;
        window_.add(added);
        return true;
    }

   private:
    void place(Identity& identity) {
        const std::uint64_t topic = in_.number(restore_.topics.size());
        if (topic == restore_.topics.size() && in_.good()) {
            restore_.topics.emplace_back(in_.text(UINT16_MAX));
        }
        const std::int64_t partition = in_.integer();
        identity.offset = in_.integer();
        identity.partition = static_cast<std::int32_t>(partition);
        if (identity.partition != partition) in_.fail();
        if (in_.good()) identity.topic = restore_.topics[topic];
    }
    SourceNumber source() {
        const std::uint64_t number = in_.number(restore_.sources.size());
        return number == 0 ? dedup::kUnlisted : restore_.sources[number - 1];
    }
    std::uint64_t named(std::uint64_t number) {
        const std::uint64_t distance = in_.number(1 + number - restore_.first);
        if (distance > 0) return number - (distance - 1);
        const std::uint64_t age = in_.number(restore_.first);
        const std::uint64_t other = restore_.first - age;
        if (!in_.good() || age == 0) {
            in_.fail();
            return number;
        }
        if (window_.knows(other)) return other;
        Identity identity;
        place(identity);
        identity.source = source();
        identity.uri = in_.text(TextRing::kTextBytesMax);
        if (in_.good()) window_.outlive(other, identity);
        return other;
    }
    void cluster(std::uint64_t number, Window::Added& added) {
        const std::uint64_t before = in_.number(number - restore_.first);
        const bool root = (added.entry.flags & dedup::kRoot) != 0;
        if (before > 0) {
            added.beside = number - before;
            // A chain, not a tree.
            if (root || !in_.good() || !window_.is_newest(added.beside)) in_.fail();
        } else if (!root) {
            added.cluster_id = in_.fixed();
        }
    }
    void more(std::uint64_t number, More& more) {
        for (std::uint64_t* other : {&more.elected_over, &more.killed_by}) {
            if (in_.byte() != 0) *other = named(number);
        }
        more.copies_omitted = static_cast<std::uint32_t>(in_.number(UINT32_MAX));
        std::uint64_t copies = in_.number();
        for (; copies > 0 && in_.good(); --copies) more.copies.push_back(named(number));
    }
    // What the rules can make; the window relies on it.
    static bool is_sound(std::uint64_t number, const Window::Added& added) {
        const Entry& entry = added.entry;
        const More& more = added.more;
        const auto has = [&](dedup::EntryFlag flag) { return (entry.flags & flag) != 0; };
        if (has(dedup::kKilled) != (more.killed_by != kNoNumber)) return false;
        if (has(dedup::kIndexed) && entry.kind == DedupKind::kKill) return false;
        if (!has(dedup::kRoot) && entry.of == number) return false;
        if (has(dedup::kWithdrawn) && entry.kind != DedupKind::kKill && !has(dedup::kKilled))
            return false;
        if (has(dedup::kRoot) && more.elected_over != kNoNumber) return false;
        for (const std::uint64_t other : {more.elected_over, more.killed_by}) {
            if (other == number) return false;
        }
        for (const std::uint64_t copy : more.copies) {
            if (copy == number) return false;
        }
        return entry.similarity <= 100 && entry.containment <= 100;
    }

    Window& window_;
    Restore& restore_;
    Reader& in_;
};

}  // namespace

bool DedupStage::restore(std::string_view chunk) noexcept {
    if (chunk.size() <= kHashBytes) return false;
    const std::string_view bytes = chunk.substr(0, chunk.size() - kHashBytes);
    if (Reader(chunk.substr(bytes.size())).fixed() != hash_of(bytes)) return false;
    Reader in(bytes);
    const char kind = static_cast<char>(in.byte());
    if (!restore_) {
        reset();
        restore_ = std::make_unique<Restore>();
    }
    Restore& restore = *restore_;
    if (restore.header_read) {
        if (kind != kEntries) return false;
        EntryReader<Restore> reader(window_, restore, in);
        while (!in.at_end()) {
            if (!reader.read()) return false;
        }
        return true;
    }
    if (kind != kHeader || in.text(kMagic.size()) != kMagic) return false;
    const std::string_view settings = in.text(kSnapshotChunkBytes);
    const std::int64_t now_ms = in.integer();
    const std::int64_t first_ms = in.integer();
    restore.first = in.number(UINT64_MAX / 2);
    const std::uint64_t count = in.number(dedup::kCapacityMax);
    restore.end = restore.first + count;
    const std::uint64_t high_water = in.number(dedup::kCapacityMax);
    restore.state_hash = in.fixed();
    if (!in.good() || !adopt(settings) || count > settings_.capacity) return false;
    for (std::uint64_t sources = in.number(dedup::kUnlisted); sources > 0 && in.good(); --sources) {
        restore.sources.push_back(window_.trust().remember(in.text(UINT16_MAX)));
    }
    if (!in.good() || !in.at_end()) return false;
    now_ms_ = now_ms;
    first_ms_ = first_ms;
    restart_window(restore.first, static_cast<std::size_t>(high_water));
    return restore.header_read = true;
}

bool DedupStage::finish_restore() noexcept {
    const std::unique_ptr<Restore> restore = std::move(restore_);
    return restore && restore->header_read && window_.end() == restore->end &&
           window_.sweep() == 0 && state_hash() == restore->state_hash;
}

void DedupStage::reset() noexcept {
    restore_.reset();
    snapshot_.reset();
    now_ms_ = first_ms_ = kNoTime;
    use_settings(own_settings());
    restart_window(0, 0);
}

}  // namespace newsmill
