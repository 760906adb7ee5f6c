// A running daemon takes over another configuration: the file and the --set options of its command
// line are read again and compared with what runs. All or nothing:
//   - anything wrong with the new one (an error in the file, a rule pack, a model or a lexicon that
//     can't be used, too much memory) or a key that needs a restart: refused, nothing changes;
//   - else hot keys at once;
//   - and if a key asks for it, the pipeline is brought to rest, in which all that was read is
//     committed, and built anew in place: the daemon stays a member of its group, keeps its
//     partitions, its connections and the state of duplicates, and loses some milliseconds.
// The journal's settings ([dedup] window, capacity, thresholds) are all daemons': where this one's
// stood in the journal, the new ones are put there; where the journal has others, only
// dedup.settings = "change" may do so.
//
// Files that options name (packs, model, lexicons) are read again even if no option differs.
//
// Threads: main's, where the pipeline is started and joined. Errors: in the result and in the log.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/cli.hpp"
#include "daemon/mill.hpp"
#include "pipeline/config_table.hpp"
#include "pipeline/pipeline.hpp"

namespace newsmill {

struct ReloadResult {
    enum class Outcome : std::uint8_t {
        kApplied,   // all holds now
        kDraining,  // accepted; holds once what is in flight is committed
        kRefused,   // nothing has changed
    };
    Outcome outcome = Outcome::kRefused;
    std::vector<ConfigChange> changes;  // secrets as ***; also of a refused one
    std::vector<std::string> refused;   // why, a line each
    std::string hash_before;            // config hashes
    std::string hash_after;
};
std::string_view outcome_name(ReloadResult::Outcome outcome) noexcept;
// One object: {"outcome", "hashes", "changes", "refused"}.
std::string reload_json(const ReloadResult& result);

class Reloader {
   public:
    // `pipeline` is made of the mill's parts.
    Reloader(ConfigArgs args, LoadedConfig running, std::unique_ptr<Mill> mill, Pipeline& pipeline);

    // `sets`: "key=value" to be put after those of the command line, now and, if they are
    // accepted, at every later reload.
    ReloadResult reload(const std::vector<std::string>& sets = {});
    // For a signal, which is not answered: as reload(), or once the one that is under way is done.
    void request();
    // One is under way: what is in flight drains, or the journal has not yet got the settings.
    bool busy() const noexcept { return next_ != nullptr || settling_; }
    // When the pipeline has come to rest: builds it anew. Whoever calls it starts the pipeline.
    void rebuild();
    // Every few milliseconds: sees that all holds, and says so.
    void poll();

    const LoadedConfig& running() const noexcept { return running_; }
    const Mill& mill() const noexcept { return *mill_; }
    std::uint64_t applied() const noexcept { return applied_; }
    std::uint64_t refused() const noexcept { return refused_; }

   private:
    struct Next {
        LoadedConfig loaded;
        std::vector<std::string> sets;
        std::unique_ptr<Mill> mill;
        bool change_journal = false;
    };

    void prepare(Next& next, const std::vector<std::string>& sets, ReloadResult& result);
    void check_restart(const Next& next, ReloadResult& result) const;
    void check_mill(Next& next, ReloadResult& result) const;
    void check_journal(Next& next, ReloadResult& result) const;
    void apply_hot(const Config& config);

    ConfigArgs args_;
    LoadedConfig running_;
    std::unique_ptr<Mill> mill_;
    Pipeline& pipeline_;
    std::unique_ptr<Next> next_;  // accepted, waits for the drain
    bool settling_ = false;       // built anew, waits for the journal
    bool again_ = false;          // was requested meanwhile
    std::chrono::steady_clock::time_point asked_at_;
    std::string hash_before_;
    std::uint64_t applied_ = 0;
    std::uint64_t refused_ = 0;
};

}  // namespace newsmill
