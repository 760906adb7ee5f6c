// Snapshots, and the dedup state in their chunks. An input that begins with the magic is a snapshot
// as it lies on a disk; any other is what a chunk holds.
#include "pipeline/snapshot.hpp"

#include <algorithm>
#include <string>

#include "stages/dedup.hpp"
#include "tests/fuzz/harness.hpp"

namespace newsmill {
namespace {

class MemoryReader final : public SnapshotReader {
   public:
    explicit MemoryReader(std::string_view bytes) : rest_(bytes) {}
    std::size_t read(char* to, std::size_t size) override {
        size = std::min(size, rest_.size());
        rest_.copy(to, size);
        rest_.remove_prefix(size);
        return size;
    }

   private:
    std::string_view rest_;
};

}  // namespace
}  // namespace newsmill

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace newsmill;
    static DedupStage dedup{DedupOptions{.capacity = 64}};
    const std::string_view bytes = fuzz::text_of(data, size);
    dedup.reset();
    bool good = true;
    if (bytes.starts_with("NMSNAP01")) {
        MemoryReader reader(bytes);
        good = read_snapshot(
                   reader, [](const SnapshotHeader&) { return std::string(); },
                   [&](std::string_view chunk) {
                       return dedup.restore(chunk) ? std::string() : std::string("refused");
                   })
                   .empty();
    } else {
        good = dedup.restore(bytes);
    }
    if (good && dedup.finish_restore()) static_cast<void>(dedup.state_hash());
    return 0;
}
