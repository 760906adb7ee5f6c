// Reads journals and snapshots offline, as the daemon's agent would follow them: for the commands
// that look at duplicates. Blocking; nothing is written, locked or mended.
// Threads: one. Errors: StartError when a journal is opened; a message from the functions.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/config.hpp"
#include "pipeline/journal_record.hpp"
#include "pipeline/snapshot.hpp"
#include "pipeline/stage.hpp"

namespace newsmill {

// The snapshots of a folder that a daemon may be writing to.
class SnapshotFiles final : public SnapshotStore {
   public:
    explicit SnapshotFiles(std::string folder) : folder_(std::move(folder)) {}

    void begin(std::int64_t) noexcept override {}
    bool try_append(std::string&) noexcept override { return false; }
    void commit() noexcept override {}
    void abandon() noexcept override {}
    State state() noexcept override { return State::kIdle; }
    std::vector<std::string> names() override;
    std::unique_ptr<SnapshotReader> open(const std::string& name) override;

   private:
    std::string folder_;
};

// What was read, and where the follower stands after it.
struct JournalSummary {
    std::string identity;
    std::int64_t begin = 0;  // positions
    std::int64_t end = 0;
    std::uint64_t records = 0;
    std::uint64_t entries = 0;
    std::uint64_t bytes = 0;
    std::uint64_t ignored = 0;         // damaged, foreign, or of another version
    std::uint64_t state_hashes = 0;    // of daemons, that could be compared …
    std::uint64_t disagreements = 0;   // … and are others than here
    std::string settings;              // that hold at the end; empty: the follower's own
    std::string snapshot;              // from which the reading began; empty: from the beginning
    std::vector<std::string> refused;  // snapshots, and why
};

// Each record before it is applied to the follower; false ends the reading.
using RecordVisitor = std::function<bool(const JournalRecord& record)>;

// Reads the configuration's journal from its beginning, or with `snapshots` from the newest good
// one, to the end that it had when it was opened. `follower` null: nothing is applied. Returns what
// went wrong, or empty.
std::string read_journal(const Config& config, JournalFollower* follower, bool snapshots,
                         const RecordVisitor& visit, JournalSummary& summary);

// "journal = \"memory\"" has nothing to read: the error to say, or empty.
std::string journal_readable(const Config& config);

}  // namespace newsmill
