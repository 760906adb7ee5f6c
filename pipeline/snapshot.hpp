// Snapshots: the state of the journal's follower at one place of the journal, so that a daemon that
// starts reads only what came after it. A snapshot is a function of the journal's prefix, so any
// daemon of the same journal may take it over; and it is only ever a short cut: one that is
// damaged, foreign or too old is refused with one line, and the state comes from an older snapshot
// or from the whole journal.
//
// Format, little endian. "NMSNAP01", then frames, then the end of the file:
//   frame    u32 bytes, u64 XXH3-64 of them (its seed: the frame's number * 4 + its kind), bytes
//   header   kind 1, number 0: text identity of the journal; i64 position; i64 position before the
//            record that stands before `position`; u64 mark of that record; text settings; u64
//            state hash; u64 entries that the state was made from; i64 made at (Unix ms)
//   chunk    kind 2, numbers 1 …: as the follower gave it out
//   footer   kind 3: u64 number of chunks, u64 bytes in them, u64 XXH3-64 over all hashes before
// Texts are LEB128 length and bytes. The mark (journal_record_mark) tells a journal that was made
// anew from the one that the snapshot was made of.
//
// SnapshotStore is the seam: a folder of files (pipeline/archive/snapshot_folder.hpp), the
// simulator's. Threads: the agent's for writing, main's before the start for reading; a store does
// its slow work in a thread of its own.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/journal.hpp"
#include "pipeline/stage.hpp"

namespace newsmill {

struct SnapshotHeader {
    std::string journal;            // Journal::identity()
    std::int64_t position = 0;      // Journal::position(): what stands before it is in the state
    std::int64_t last_record = 0;   // the position before the last record of it
    std::uint64_t last_mark = 0;    // journal_record_mark() of that record
    std::string settings;           // the follower's
    std::uint64_t state_hash = 0;   // the follower's
    std::uint64_t entries = 0;      // that it was made from
    std::int64_t made_unix_ms = 0;  // for people
};

// A short fingerprint of a record: of its length and its end, where its own checksum stands.
std::uint64_t journal_record_mark(std::string_view record) noexcept;

// ---- Where snapshots are kept
// ------------------------------------------------------------------------

// A snapshot that is read from its beginning.
class SnapshotReader {
   public:
    virtual ~SnapshotReader() = default;
    // The next `size` bytes, fewer at the end or if they can't be read.
    virtual std::size_t read(char* to, std::size_t size) = 0;
};

class SnapshotStore {
   public:
    enum class State : std::uint8_t {
        kIdle,     // nothing begun, or the last one abandoned
        kWriting,  // begun, not yet safe
        kDone,     // the last one is safe: it will be read after a crash
        kFailed,   // the last one is not, failure() says why; begin() may be called again
    };

    virtual ~SnapshotStore() = default;

    // ---- Writing, by the agent. None of these waits.
    virtual void begin(std::int64_t position) noexcept = 0;
    // Takes the bytes and leaves `bytes` empty; false: the store is behind, call again later.
    virtual bool try_append(std::string& bytes) noexcept = 0;
    virtual void commit() noexcept = 0;  // all was appended: make it safe
    virtual void abandon() noexcept = 0;
    virtual State state() noexcept = 0;
    virtual std::string failure() { return {}; }

    // ---- Reading, before the start.
    virtual std::vector<std::string> names() = 0;  // of the complete ones, the newest first
    virtual std::unique_ptr<SnapshotReader> open(const std::string& name) = 0;  // null: can't
};

// ---- Writing
// -----------------------------------------------------------------------------------------

// Writes the follower's state, a chunk a step, into a store.
class SnapshotWriter {
   public:
    explicit SnapshotWriter(SnapshotStore& store) : store_(store) {}

    bool active() const noexcept { return phase_ != Phase::kIdle; }
    // The state as it is now; active() must be false.
    void begin(const SnapshotHeader& header, JournalFollower& follower) noexcept;
    // kBusy: did something, call again; kIdle: the store is behind; kDone: ended, see
    // store.state().
    Agent::Work step(JournalFollower& follower) noexcept;
    void abandon(JournalFollower& follower) noexcept;
    std::uint64_t bytes() const noexcept { return bytes_; }  // of the newest one

   private:
    enum class Phase : std::uint8_t { kIdle, kChunks, kSafe };
    void add_frame(std::uint64_t kind, std::string_view bytes);
    void add_footer();

    SnapshotStore& store_;
    Phase phase_ = Phase::kIdle;
    std::string chunk_;
    std::string out_;  // framed, not yet taken by the store
    bool complete_ = false;
    std::uint64_t frames_ = 0;
    std::uint64_t chunk_bytes_ = 0;
    std::uint64_t bytes_ = 0;
    std::uint64_t chain_ = 0;  // hash over all frames' hashes
};

// ---- Reading
// -----------------------------------------------------------------------------------------

// Reads a snapshot's header; then, chunk by chunk, the rest. Empty: well; else what is wrong.
std::string read_snapshot(SnapshotReader& reader,
                          const std::function<std::string(const SnapshotHeader&)>& on_header,
                          const std::function<std::string(std::string_view)>& on_chunk);

// Where a follower stands.
struct FollowedState {
    bool restored = false;
    std::string name;  // of the snapshot
    SnapshotHeader header;
    std::int64_t took_ms = 0;
    std::vector<std::string> refused;  // a line for each snapshot that was not taken
};

// Takes the newest good snapshot of `journal` over into `follower`, which is empty, and places the
// journal after it; or, if there is none, leaves the follower empty and the journal at its
// beginning. Waits for the journal, `timeout_ms` at most for each snapshot.
FollowedState restore_newest(SnapshotStore& store, Journal& journal, JournalFollower& follower,
                             int timeout_ms = 30'000);

}  // namespace newsmill
