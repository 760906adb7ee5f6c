#include "daemon/journal_reader.hpp"

#include <algorithm>
#include <chrono>
#include <deque>
#include <filesystem>
#include <thread>

#include "daemon/journal_wiring.hpp"
#include "pipeline/archive/snapshot_folder.hpp"

namespace newsmill {
namespace {

namespace fs = std::filesystem;

constexpr auto kPause = std::chrono::milliseconds(2);
constexpr auto kPatience = std::chrono::seconds(30);

// Applies records as the agent does, and keeps the hashes of the state that others may name.
class Follower {
   public:
    Follower(Journal& journal, JournalFollower* follower, JournalSummary& summary)
        : journal_(journal), follower_(follower), summary_(summary) {}

    // What is wrong, or empty.
    std::string apply(const JournalRecord& record) {
        switch (record.kind) {
            case JournalRecordKind::kEntries:
                summary_.entries += record.entries.size();
                if (follower_ != nullptr) follower_->apply(record.entries);
                note();
                return {};
            case JournalRecordKind::kSettings:
                if (!summary_.settings.empty() && !record.change) return {};
                return adopt(record.settings);
            case JournalRecordKind::kStateHash: return compare(record);
        }
        return {};
    }

   private:
    struct Point {
        std::int64_t position;
        std::uint64_t hash;
    };
    static constexpr std::size_t kPoints = 4096;

    std::string adopt(std::string_view settings) {
        summary_.settings = settings;
        if (follower_ == nullptr || follower_->adopt(settings)) return {};
        return "the journal's settings can't be taken over here: '" + summary_.settings + "'";
    }
    void note() {
        if (follower_ == nullptr) return;
        points_.push_back({journal_.position(), follower_->state_hash()});
        if (points_.size() > kPoints) points_.pop_front();
    }
    std::string compare(const JournalRecord& record) {
        if (summary_.settings.empty() && !record.settings.empty()) {
            if (std::string wrong = adopt(record.settings); !wrong.empty()) return wrong;
        }
        for (const Point& point : points_) {
            if (point.position != record.position) continue;
            ++summary_.state_hashes;
            summary_.disagreements += point.hash == record.state_hash ? 0 : 1;
        }
        return {};
    }

    Journal& journal_;
    JournalFollower* follower_;
    JournalSummary& summary_;
    std::deque<Point> points_;
};

// The next record; what went wrong, or empty. `end`: there is none left.
std::string next_record(Journal& journal, std::string_view& bytes, bool& end) {
    const auto until = std::chrono::steady_clock::now() + kPatience;
    for (;;) {
        end = journal.caught_up();
        if (end) return {};
        switch (journal.poll(bytes)) {
            case Outcome::kOk: return {};
            case Outcome::kRetry: break;
            default: return journal.failure().message;
        }
        if (std::chrono::steady_clock::now() > until) return "the journal gives no record for 30 s";
        std::this_thread::sleep_for(kPause);
    }
}

std::string read_all(Journal& journal, JournalFollower* follower, const RecordVisitor& visit,
                     JournalSummary& summary) {
    Follower following(journal, follower, summary);
    JournalRecord record;
    for (;;) {
        std::string_view bytes;
        bool end = false;
        std::string wrong = next_record(journal, bytes, end);
        if (!wrong.empty() || end) return wrong;
        ++summary.records;
        summary.bytes += bytes.size();
        if (!decode_journal_record(bytes, record)) {
            ++summary.ignored;
            continue;
        }
        if (visit && !visit(record)) return {};
        wrong = following.apply(record);
        if (!wrong.empty()) return wrong;
    }
}

}  // namespace

std::vector<std::string> SnapshotFiles::names() {
    std::vector<std::string> names;
    std::error_code error;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder_, error)) {
        const std::string name = entry.path().filename().string();
        if (name.starts_with("snapshot-") && name.ends_with(".nms")) names.push_back(name);
    }
    std::sort(names.rbegin(), names.rend());  // positions have leading zeros
    return names;
}

std::unique_ptr<SnapshotReader> SnapshotFiles::open(const std::string& name) {
    return SnapshotFolder::open_file_at(folder_ + "/" + name);
}

std::string journal_readable(const Config& config) {
    if (!config.dedup.enabled) return "dedup.enabled is false: there is no journal";
    if (config.dedup.journal == JournalType::kMemory) {
        return "dedup.journal = \"memory\" keeps nothing that could be read";
    }
    return {};
}

std::string read_journal(const Config& config, JournalFollower* follower, bool snapshots,
                         const RecordVisitor& visit, JournalSummary& summary) {
    if (std::string wrong = journal_readable(config); !wrong.empty()) return wrong;
    const std::unique_ptr<Journal> journal = open_journal(config, true);
    if (snapshots && follower != nullptr && !config.dedup.snapshot_path.empty()) {
        SnapshotFiles store(config.dedup.snapshot_path);
        const FollowedState state = restore_newest(store, *journal, *follower);
        summary.refused = state.refused;
        if (state.restored) {
            summary.snapshot = state.name;
            summary.settings = state.header.settings;
            summary.entries = state.header.entries;
        }
    }
    summary.identity = journal->identity();
    summary.begin = journal->begin_position();
    summary.end = journal->end_position();
    return read_all(*journal, follower, visit, summary);
}

}  // namespace newsmill
