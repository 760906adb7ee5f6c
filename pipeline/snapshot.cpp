#include "pipeline/snapshot.hpp"

#include <xxhash.h>

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "pipeline/byte_codec.hpp"
#include "pipeline/check.hpp"

namespace newsmill {
namespace {

constexpr std::string_view kMagic = "NMSNAP01";
constexpr std::uint64_t kHeader = 1;
constexpr std::uint64_t kChunk = 2;
constexpr std::uint64_t kFooter = 3;
constexpr std::size_t kFrameHeadBytes = 4 + 8;
// A header holds two short texts. A chunk may be a little over the bound that followers keep.
constexpr std::size_t kFrameBytesMax = 4 * JournalFollower::kSnapshotChunkBytes;

std::uint64_t frame_hash(std::uint64_t number, std::uint64_t kind, std::string_view bytes) {
    return XXH3_64bits_withSeed(bytes.data(), bytes.size(), number * 4 + kind);
}

std::uint64_t chained(std::uint64_t chain, std::uint64_t hash) {
    return XXH3_64bits_withSeed(&hash, sizeof(hash), chain);
}

std::string header_bytes(const SnapshotHeader& header) {
    std::string out;
    put_text(out, header.journal);
    put_fixed(out, header.position);
    put_fixed(out, header.last_record);
    put_fixed(out, header.last_mark);
    put_text(out, header.settings);
    put_fixed(out, header.state_hash);
    put_fixed(out, header.entries);
    put_fixed(out, header.made_unix_ms);
    return out;
}

bool parse_header(std::string_view bytes, SnapshotHeader& header) {
    ByteReader reader{bytes};
    header.journal = reader.text();
    header.position = reader.fixed<std::int64_t>();
    header.last_record = reader.fixed<std::int64_t>();
    header.last_mark = reader.fixed<std::uint64_t>();
    header.settings = reader.text();
    header.state_hash = reader.fixed<std::uint64_t>();
    header.entries = reader.fixed<std::uint64_t>();
    header.made_unix_ms = reader.fixed<std::int64_t>();
    return reader.ok && reader.rest.empty();
}

// Frames off a reader, in sequence.
class FrameReader {
   public:
    explicit FrameReader(SnapshotReader& reader) : reader_(reader) {}

    // The kind, with the bytes in `bytes`; 0 if cut or damaged.
    std::uint64_t next(std::string& bytes) {
        char head[kFrameHeadBytes];
        if (reader_.read(head, sizeof(head)) != sizeof(head)) return 0;
        ByteReader fields{{head, sizeof(head)}};
        const auto size = fields.fixed<std::uint32_t>();
        const auto hash = fields.fixed<std::uint64_t>();
        if (size > kFrameBytesMax) return 0;
        bytes.resize(size);
        if (reader_.read(bytes.data(), size) != size) return 0;
        for (const std::uint64_t kind : {kHeader, kChunk, kFooter}) {
            if (frame_hash(number_, kind, bytes) != hash) continue;
            ++number_;
            chain_before_ = std::exchange(chain_, chained(chain_, hash));
            return kind;
        }
        return 0;
    }
    std::uint64_t number() const { return number_; }
    std::uint64_t chain_before() const { return chain_before_; }  // the newest frame
    bool at_end() {
        char byte = 0;
        return reader_.read(&byte, 1) == 0;
    }

   private:
    SnapshotReader& reader_;
    std::uint64_t number_ = 0;
    std::uint64_t chain_ = 0;
    std::uint64_t chain_before_ = 0;
};

// The record that stands before the snapshot's place, and that the journal is there after it.
std::string check_place(const SnapshotHeader& header, Journal& journal, int timeout_ms) {
    if (header.journal != journal.identity()) {
        return "of another journal ('" + header.journal + "', here '" +
               std::string(journal.identity()) + "')";
    }
    if (header.position > journal.end_position()) {
        return "newer than the journal (position " + std::to_string(header.position) +
               ", the journal ends at " + std::to_string(journal.end_position()) + ")";
    }
    if (header.last_record < journal.begin_position() || !journal.seek(header.last_record)) {
        return "of a place that the journal no longer holds (position " +
               std::to_string(header.last_record) + ", the journal begins at " +
               std::to_string(journal.begin_position()) + ")";
    }
    const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms);
    std::string_view record;
    Outcome outcome = journal.poll(record);
    while (outcome == Outcome::kRetry && std::chrono::steady_clock::now() < until) {
        std::this_thread::sleep_for(std::chrono::microseconds(200));
        outcome = journal.poll(record);
    }
    if (outcome != Outcome::kOk) return "not comparable: the journal gives no record in time";
    if (journal.position() != header.position || journal_record_mark(record) != header.last_mark) {
        return "of a journal that was made anew since (another record stands at position " +
               std::to_string(header.last_record) + ")";
    }
    return {};
}

std::string restore_one(SnapshotReader& reader, Journal& journal, JournalFollower& follower,
                        int timeout_ms, SnapshotHeader& header) {
    std::string wrong = read_snapshot(
        reader,
        [&](const SnapshotHeader& h) -> std::string {
            header = h;
            std::string no = check_place(h, journal, timeout_ms);
            if (no.empty() && !follower.adopt(h.settings))
                no = "made with settings that can't be taken over here ('" + h.settings + "')";
            return no;
        },
        [&](std::string_view chunk) -> std::string {
            return follower.restore(chunk) ? "" : "not a state of this version of the program";
        });
    if (wrong.empty() && !follower.finish_restore())
        wrong = "not a whole state of this version of the program";
    if (wrong.empty() && follower.state_hash() != header.state_hash)
        wrong = "not what it says it is: the state hash is another one";
    return wrong;
}

}  // namespace

std::uint64_t journal_record_mark(std::string_view record) noexcept {
    const std::string_view end =
        record.substr(record.size() - std::min<std::size_t>(record.size(), 64));
    return XXH3_64bits_withSeed(end.data(), end.size(), record.size());
}

// ---- SnapshotWriter
// ----------------------------------------------------------------------------------

void SnapshotWriter::add_frame(std::uint64_t kind, std::string_view bytes) {
    const std::uint64_t hash = frame_hash(frames_, kind, bytes);
    put_fixed(out_, static_cast<std::uint32_t>(bytes.size()));
    put_fixed(out_, hash);
    out_.append(bytes);
    ++frames_;
    chain_ = chained(chain_, hash);
}

void SnapshotWriter::begin(const SnapshotHeader& header, JournalFollower& follower) noexcept {
    NEWSMILL_CHECK(!active(), "one snapshot at a time");
    phase_ = Phase::kChunks;
    complete_ = false;
    frames_ = chunk_bytes_ = bytes_ = chain_ = 0;
    out_.assign(kMagic);
    add_frame(kHeader, header_bytes(header));
    follower.begin_snapshot();
    store_.begin(header.position);
}

void SnapshotWriter::add_footer() {
    std::string footer;
    put_fixed(footer, frames_ - 1);
    put_fixed(footer, chunk_bytes_);
    put_fixed(footer, chain_);
    add_frame(kFooter, footer);
}

Agent::Work SnapshotWriter::step(JournalFollower& follower) noexcept {
    if (phase_ == Phase::kIdle) return Agent::Work::kIdle;
    const SnapshotStore::State state = store_.state();
    if (phase_ == Phase::kSafe) {
        if (state == SnapshotStore::State::kWriting) return Agent::Work::kIdle;
        phase_ = Phase::kIdle;
        return Agent::Work::kDone;
    }
    if (state == SnapshotStore::State::kFailed) {
        abandon(follower);
        return Agent::Work::kDone;
    }
    if (!out_.empty()) {
        const std::size_t size = out_.size();
        if (!store_.try_append(out_)) return Agent::Work::kIdle;
        bytes_ += size;
    }
    if (complete_) {
        follower.end_snapshot();
        store_.commit();
        phase_ = Phase::kSafe;
    } else if (follower.next_snapshot_chunk(chunk_)) {
        NEWSMILL_CHECK(chunk_.size() <= kFrameBytesMax, "a follower's chunks are bounded");
        chunk_bytes_ += chunk_.size();
        add_frame(kChunk, chunk_);
    } else {
        complete_ = true;
        add_footer();
    }
    return Agent::Work::kBusy;
}

void SnapshotWriter::abandon(JournalFollower& follower) noexcept {
    if (phase_ == Phase::kChunks) follower.end_snapshot();
    phase_ = Phase::kIdle;
    out_.clear();
    if (store_.state() == SnapshotStore::State::kWriting) store_.abandon();
}

// ---- Reading
// -----------------------------------------------------------------------------------------

std::string read_snapshot(SnapshotReader& reader,
                          const std::function<std::string(const SnapshotHeader&)>& on_header,
                          const std::function<std::string(std::string_view)>& on_chunk) {
    char magic[8];
    if (reader.read(magic, sizeof(magic)) != sizeof(magic)) return "cut off at its beginning";
    if (std::string_view(magic, sizeof(magic)) != kMagic)
        return "no snapshot, or one of another version";
    FrameReader frames(reader);
    std::string bytes;
    SnapshotHeader header;
    if (frames.next(bytes) != kHeader || !parse_header(bytes, header))
        return "damaged or cut off: its header fails its checksum";
    if (std::string wrong = on_header(header); !wrong.empty()) return wrong;
    std::uint64_t chunk_bytes = 0;
    for (;;) {
        const std::uint64_t kind = frames.next(bytes);
        if (kind == kFooter) break;
        if (kind != kChunk) {
            return "damaged or cut off: chunk " + std::to_string(frames.number()) +
                   " fails its checksum";
        }
        chunk_bytes += bytes.size();
        if (std::string wrong = on_chunk(bytes); !wrong.empty()) return wrong;
    }
    ByteReader footer{bytes};
    const bool good = footer.fixed<std::uint64_t>() == frames.number() - 2 &&
                      footer.fixed<std::uint64_t>() == chunk_bytes &&
                      footer.fixed<std::uint64_t>() == frames.chain_before() && footer.ok;
    if (!good) return "damaged: its parts do not belong together";
    if (!frames.at_end()) return "damaged: something follows its end";
    return {};
}

FollowedState restore_newest(SnapshotStore& store, Journal& journal, JournalFollower& follower,
                             int timeout_ms) {
    FollowedState state;
    const auto started = std::chrono::steady_clock::now();
    for (const std::string& name : store.names()) {
        const std::unique_ptr<SnapshotReader> reader = store.open(name);
        const std::string wrong =
            reader == nullptr ? "not readable"
                              : restore_one(*reader, journal, follower, timeout_ms, state.header);
        if (wrong.empty()) {
            state.restored = true;
            state.name = name;
            break;
        }
        state.refused.push_back("snapshot " + name + " is " + wrong);
        follower.reset();
    }
    if (!state.restored) {
        state.header = {};
        // Only a journal in memory can't go back, and it has no past.
        static_cast<void>(journal.seek(journal.begin_position()));
    }
    state.took_ms = std::chrono::duration_cast<std::chrono::milliseconds>(
                        std::chrono::steady_clock::now() - started)
                        .count();
    return state;
}

}  // namespace newsmill
