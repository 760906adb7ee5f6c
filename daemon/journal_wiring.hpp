// The journal and the snapshots that a configuration asks for. Blocking; throws StartError.
//
// To look at them offline: open_journal(config, true) and poll until caught_up(), each record
// through decode_journal_record(); or read_snapshot() of pipeline/snapshot.hpp, which
// SnapshotFolder::open_file_at() opens.
#pragma once

#include <memory>

#include "pipeline/config.hpp"
#include "pipeline/journal.hpp"
#include "pipeline/snapshot.hpp"

namespace newsmill {

// Null if dedup is off. `read_only`: nothing is made, locked or mended, append() fails. The Kafka
// topic must be there.
std::unique_ptr<Journal> open_journal(const Config& config, bool read_only = false);

// Null if none are asked for.
std::unique_ptr<SnapshotStore> open_snapshots(const Config& config);

}  // namespace newsmill
