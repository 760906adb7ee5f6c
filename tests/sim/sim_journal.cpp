#include "tests/sim/sim_journal.hpp"

#include <algorithm>

namespace newsmill::sim {
namespace {

constexpr std::size_t kKept = 2;
constexpr std::uint64_t kSlowDisk = 3;
constexpr std::uint64_t kFullDisk = 60;

class BytesReader final : public SnapshotReader {
   public:
    explicit BytesReader(std::string bytes) : bytes_(std::move(bytes)) {}
    std::size_t read(char* to, std::size_t size) override {
        const std::size_t part = bytes_.copy(to, size, at_);
        at_ += part;
        return part;
    }

   private:
    std::string bytes_;
    std::size_t at_ = 0;
};

}  // namespace

void SimDisk::damage(Random& random) {
    if (snapshots.empty()) return;
    std::string& bytes = snapshots.back().second;
    const std::size_t at = random.below(bytes.size());
    if (random.one_in(2)) {
        bytes.resize(at);
    } else {
        bytes[at] = static_cast<char>(bytes[at] ^ (1 << random.below(8)));
    }
}

void SimSnapshots::begin(std::int64_t position) noexcept {
    state_ = State::kWriting;
    committed_ = false;
    name_ = std::to_string(position);
    bytes_.clear();
}

bool SimSnapshots::try_append(std::string& bytes) noexcept {
    if (broker_.fault(kSlowDisk)) return false;
    bytes_ += bytes;
    bytes.clear();
    if (broker_.fault(kFullDisk)) state_ = State::kFailed;
    return true;
}

SnapshotStore::State SimSnapshots::state() noexcept {
    if (state_ == State::kWriting && committed_ && !broker_.fault(kSlowDisk)) {
        disk_.snapshots.emplace_back(name_, std::move(bytes_));
        if (disk_.snapshots.size() > kKept) disk_.snapshots.erase(disk_.snapshots.begin());
        state_ = State::kDone;
    }
    return state_;
}

std::vector<std::string> SimSnapshots::names() {
    std::vector<std::string> names;
    for (const auto& [name, bytes] : disk_.snapshots) names.push_back(name);
    std::reverse(names.begin(), names.end());
    return names;
}

std::unique_ptr<SnapshotReader> SimSnapshots::open(const std::string& name) {
    for (const auto& [key, bytes] : disk_.snapshots) {
        if (key == name) return std::make_unique<BytesReader>(bytes);
    }
    return nullptr;
}

}  // namespace newsmill::sim
