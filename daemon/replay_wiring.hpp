// What `newsmill replay` reads, how it is ordered, and under which name it publishes. Blocking;
// throws StartError (2 for what the command line has wrong).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "daemon/mill.hpp"
#include "daemon/published_records.hpp"
#include "pipeline/archive/record_source.hpp"
#include "pipeline/archive/spool.hpp"
#include "pipeline/config.hpp"

namespace newsmill {

enum class ReplayMode : std::uint8_t { kVerify, kShadow, kPublish };

struct ReplaySpec {
    std::vector<std::string> sources;  // FILE, FOLDER, topic:NAME
    std::string from, to;              // times; empty: no bound
    std::vector<std::string> offsets;  // PARTITION:FROM-TO
    std::string order;                 // name, published, journal; empty: what fits
    ReplayMode mode = ReplayMode::kVerify;
    std::string run;    // empty: made from all of this
    std::string topic;  // shadow's; empty: the output topic's name and ".shadow"
    bool of_topics() const;
};

// "2026-03-01T12:00:00Z", "2026-03-01", Unix milliseconds, or so long ago: "-2h", "-7d". Throws.
std::int64_t replay_time_ms(const std::string& text, const char* option);

// The configuration of the replay itself: run, mode, topics and journal of its own.
Config replay_config(const LoadedConfig& loaded, const ReplaySpec& spec);
// Equal for equal replays, so that the same command goes on with the same run.
std::string replay_run_id(const LoadedConfig& loaded, const ReplaySpec& spec);
std::string replay_group(const Config& config);

// When a record happened: its timestamp, else the date in it. `by_date`: the date in it first.
// `front`: a chain of Mill::front(). Not for several threads.
RecordTime record_time(StageChain front, bool by_date);

// `config` is the daemon's own: where its journal is, is read from there.
std::unique_ptr<RecordSource> open_source(const Config& config, const ReplaySpec& spec,
                                          const Mill& mill);

// Of the topics that the daemon publishes to, or of files of records (`files`).
void read_published(const Config& config, const std::vector<std::string>& files,
                    PublishedRecords& published);

}  // namespace newsmill
