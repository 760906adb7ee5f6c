// The journals and the snapshots of simulated daemons: the journal of the fake broker, one in real
// files, one in memory that the world may read afterwards; and a disk for snapshots that is slow,
// fails, and damages what it holds, as the world's seed wants it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "pipeline/journal.hpp"
#include "pipeline/snapshot.hpp"
#include "tests/sim/sim_broker.hpp"

namespace newsmill::sim {

enum class JournalKind : std::uint8_t { kBroker, kFile, kMemory };

// A memory journal that keeps a copy of what it gave out.
class RecordedJournal final : public Journal {
   public:
    explicit RecordedJournal(std::vector<std::string>& log) : log_(log) {}
    Outcome append(std::string_view record) noexcept override { return inner_.append(record); }
    Outcome poll(std::string_view& record) noexcept override {
        const Outcome outcome = inner_.poll(record);
        if (outcome == Outcome::kOk) log_.emplace_back(record);
        return outcome;
    }
    bool caught_up() noexcept override { return inner_.caught_up(); }
    std::string_view identity() const noexcept override { return inner_.identity(); }
    std::int64_t begin_position() const noexcept override { return inner_.begin_position(); }
    std::int64_t end_position() const noexcept override { return inner_.end_position(); }
    std::int64_t position() const noexcept override { return inner_.position(); }
    bool seek(std::int64_t position) noexcept override { return inner_.seek(position); }

   private:
    MemoryJournal inner_;
    std::vector<std::string>& log_;
};

// What a daemon's disk holds; it outlives the daemon's crashes.
struct SimDisk {
    std::vector<std::pair<std::string, std::string>> snapshots;  // name, bytes; the newest last

    // A bit, or the end of the newest one.
    void damage(Random& random);
};

class SimSnapshots final : public SnapshotStore {
   public:
    SimSnapshots(SimDisk& disk, SimBroker& broker) : disk_(disk), broker_(broker) {}
    void begin(std::int64_t position) noexcept override;
    bool try_append(std::string& bytes) noexcept override;
    void commit() noexcept override { committed_ = true; }
    void abandon() noexcept override { state_ = State::kIdle; }
    State state() noexcept override;
    std::vector<std::string> names() override;
    std::unique_ptr<SnapshotReader> open(const std::string& name) override;

   private:
    SimDisk& disk_;
    SimBroker& broker_;
    State state_ = State::kIdle;
    bool committed_ = false;
    std::string name_;
    std::string bytes_;
};

}  // namespace newsmill::sim
