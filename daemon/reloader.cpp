#include "daemon/reloader.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include "daemon/client_properties.hpp"
#include "pipeline/json_quote.hpp"
#include "pipeline/log.hpp"

namespace newsmill {
namespace {

using How = ReloadResult::Outcome;

Reload needed_by(const std::vector<ConfigChange>& changes) {
    Reload needed = Reload::kHot;
    for (const ConfigChange& change : changes) needed = std::max(needed, change.option->reload);
    return needed;
}

std::string one_line(std::string text) {
    std::replace(text.begin(), text.end(), '\n', ';');
    return text;
}

std::string hash_words(const std::string& before, const std::string& after) {
    return before == after ? before + " stays" : before + " -> " + after;
}

std::string change_count(const ReloadResult& result) {
    const std::size_t count = result.changes.size();
    return count == 1 ? "1 change holds" : std::to_string(count) + " changes hold";
}

void log_result(const ReloadResult& result) {
    for (const ConfigChange& change : result.changes) log_info("reload: {}", change_text(change));
    for (const std::string& why : result.refused) {
        log_error("reload refused, all stays as it was: {}", why);
    }
    if (result.outcome == How::kApplied) {
        log_info("reload: {}; config hash {}",
                 result.changes.empty() ? "no option differs, files are read again"
                                        : change_count(result) + " now",
                 hash_words(result.hash_before, result.hash_after));
    } else if (result.outcome == How::kDraining) {
        log_info("reload: finishing what is in flight");
    }
}

}  // namespace

std::string_view outcome_name(How outcome) noexcept {
    switch (outcome) {
        case How::kApplied: return "applied";
        case How::kDraining: return "draining";
        case How::kRefused: return "refused";
    }
    return "";
}

std::string reload_json(const ReloadResult& result) {
    std::string refused;
    for (const std::string& why : result.refused) {
        refused += (refused.empty() ? "" : ", ") + json_quoted(why);
    }
    return "{\"outcome\": " + json_quoted(outcome_name(result.outcome)) + ", \"hashes\": [" +
           json_quoted(result.hash_before) + ", " + json_quoted(result.hash_after) +
           "], \"changes\": " + changes_json(result.changes) + ", \"refused\": [" + refused + "]}";
}

Reloader::Reloader(ConfigArgs args, LoadedConfig running, std::unique_ptr<Mill> mill,
                   Pipeline& pipeline)
    : args_(std::move(args)),
      running_(std::move(running)),
      mill_(std::move(mill)),
      pipeline_(pipeline) {}

ReloadResult Reloader::reload(const std::vector<std::string>& sets) {
    ReloadResult result;
    result.hash_before = result.hash_after = running_.hash;
    auto next = std::make_unique<Next>();
    if (busy()) {
        result.refused.emplace_back("another one is under way");
    } else {
        prepare(*next, sets, result);
    }
    if (!result.refused.empty()) {
        ++refused_;
        log_result(result);
        return result;
    }
    apply_hot(next->loaded.config);
    const bool drains = next->mill != nullptr;
    result.outcome = drains ? How::kDraining : How::kApplied;
    log_result(result);
    if (drains) {
        asked_at_ = std::chrono::steady_clock::now();
        hash_before_ = running_.hash;
        next_ = std::move(next);
        pipeline_.request_handover();
        return result;
    }
    running_ = std::move(next->loaded);
    args_.sets = std::move(next->sets);
    ++applied_;
    return result;
}

// All that can be wrong comes out here, and nothing of what runs is touched.
void Reloader::prepare(Next& next, const std::vector<std::string>& sets, ReloadResult& result) {
    next.sets = args_.sets;
    next.sets.insert(next.sets.end(), sets.begin(), sets.end());
    next.loaded = load_config(args_.file, next.sets);
    check_client_properties(next.loaded);
    for (const ConfigIssue& error : next.loaded.errors) result.refused.push_back(to_string(error));
    if (!result.refused.empty()) return;
    for (const ConfigIssue& warning : next.loaded.warnings) log_warning("{}", to_string(warning));
    result.changes = config_changes(running_, next.loaded);
    result.hash_after = next.loaded.hash;
    check_restart(next, result);
    if (result.refused.empty()) check_journal(next, result);
    if (result.refused.empty()) check_mill(next, result);
}

void Reloader::check_restart(const Next& next, ReloadResult& result) const {
    for (const ConfigChange& change : result.changes) {
        if (change.option->reload != Reload::kRestart) continue;
        result.refused.push_back(change.option->path + " needs a restart (" + change.before +
                                 " -> " + change.after + ")");
    }
    // The files are kept for twice the window that the daemon started with.
    const Config& config = next.loaded.config;
    if (config.dedup.enabled && config.dedup.journal == JournalType::kFile &&
        config.dedup.window_ms > running_.config.dedup.window_ms) {
        result.refused.emplace_back(
            "a longer dedup.window_ms needs a restart where the journal is in files");
    }
}

void Reloader::check_mill(Next& next, ReloadResult& result) const {
    try {
        if (needed_by(result.changes) == Reload::kHot) {
            mill_->reload_files();
            return;
        }
        next.mill = std::make_unique<Mill>(next.loaded.config, next.loaded.hash, *mill_);
    } catch (const std::exception& error) {
        result.refused.push_back(one_line(error.what()));
        return;
    }
    const MemoryPlan& memory = next.mill->memory();
    if (memory.fits()) return;
    result.refused.push_back("it may need " + rough_bytes(memory.total_bytes) +
                             " of memory, more than pipeline.memory_bytes_max " +
                             rough_bytes(memory.bytes_max));
}

void Reloader::check_journal(Next& next, ReloadResult& result) const {
    const Config& config = next.loaded.config;
    if (!config.dedup.enabled) return;
    const std::string before = journal_settings(running_.config);
    const std::string wanted = journal_settings(config);
    if (wanted == before) return;
    const std::string held = pipeline_.journal_settings();
    if (!pipeline_.ready()) {
        result.refused.emplace_back(
            "the journal is still being read: its settings can't change yet");
        return;
    }
    if (wanted == held) return;
    next.change_journal = held == before || config.dedup.settings == SettingsRule::kChange;
    if (next.change_journal) return;
    result.refused.push_back("the journal's settings are '" + held + "', not this daemon's '" +
                             before + "'; to change them for all, set dedup.settings = \"change\"");
}

void Reloader::apply_hot(const Config& config) {
    log_set_level(config.log.level);
    pipeline_.sink().set_commit_interval(config.output.kafka.commit_interval_ms * kMillisecond);
}

void Reloader::rebuild() {
    Next& next = *next_;
    next.mill->take_place();
    PipelineOptions options = next.mill->pipeline_options();
    options.journal.change_settings |= next.change_journal;
    Mill& mill = *next.mill;
    pipeline_.rebuild([&mill] { return mill.front(); }, [&mill] { return mill.back(); }, options);
    running_ = std::move(next.loaded);
    args_.sets = std::move(next.sets);
    mill_ = std::move(next.mill);  // the one before was used until rebuild() ended its lanes
    next_.reset();
    settling_ = true;
}

void Reloader::poll() {
    if (!settling_ || !pipeline_.ready()) return;
    settling_ = false;
    ++applied_;
    const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::steady_clock::now() - asked_at_);
    log_info("reload: the changes hold now, after {} ms; config hash {}", took.count(),
             hash_words(hash_before_, running_.hash));
    if (std::exchange(again_, false)) reload();
}

void Reloader::request() {
    if (busy()) {
        again_ = true;
    } else {
        reload();
    }
}

}  // namespace newsmill
