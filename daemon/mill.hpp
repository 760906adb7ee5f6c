// The mill: the stages of this program, made and wired from a configuration. The only place that
// knows them all.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "pipeline/config.hpp"
#include "pipeline/memory_plan.hpp"
#include "pipeline/pipeline.hpp"
#include "stages/dedup.hpp"
#include "stages/quotes.hpp"
#include "stages/route.hpp"
#include "stages/topics.hpp"

namespace newsmill {

class Mill {
   public:
    enum class Output : std::uint8_t { kKafka, kFiles };

    // Throws StartError for a cue lexicon that can't be read, std::runtime_error for a rule pack, a
    // model or a field mapping.
    Mill(const Config& config, std::string config_hash, Output output);
    // To take the place of `before` in the same pipeline: with its state of duplicates, which is
    // left alone until take_place().
    Mill(const Config& config, std::string config_hash, const Mill& before);
    // While the pipeline is at rest: asks for this configuration's settings of the journal.
    void take_place() { dedup_->want(dedup_options()); }

    StageChain front() const;  // parse, normalize, fingerprint
    StageChain back() const;   // quotes, topics, encode, route
    // One a pipeline, on the one journal's thread.
    DedupStage& dedup() noexcept { return *dedup_; }

    // `journal` null if dedup is off, `snapshots` if there are none; all outlive the pipeline.
    // Takes the newest good snapshot over, and logs what it did.
    PipelineParts parts(Consumer& consumer, Producer& producer, Journal* journal,
                        SnapshotStore* snapshots = nullptr);
    PipelineOptions pipeline_options() const;
    // Reads the rule packs, the model and the cue lexicons again and puts them into the place of
    // those that the stages of back() use. Throws StartError and changes nothing if any can't be
    // used.
    void reload_files();
    const MemoryPlan& memory() const noexcept { return memory_; }

   private:
    Mill(const Config& config, std::string config_hash, Output output,
         std::shared_ptr<DedupStage> dedup);
    DedupOptions dedup_options() const;
    RouteOptions route_options() const;

    Config config_;
    std::string config_hash_;
    Output output_;
    TopicsOptions topics_;
    std::shared_ptr<LiveTopics> live_topics_;  // what topics_ has as well
    MemoryPlan memory_;
    std::shared_ptr<LiveLexicons> live_lexicons_;
    std::shared_ptr<DedupStage> dedup_;
    RouteStage refused_;  // for articles that the output refuses
};

// When two texts are near duplicates, as the configuration has it.
MatchOptions match_options(const Config& config);

// The settings of the journal that the configuration asks for.
std::string journal_settings(const Config& config);

// What the window of duplicates takes when it is full, for the memory plan.
std::int64_t index_bytes(const Config& config);

// A number that no other run of a daemon has.
std::uint64_t random_writer();

}  // namespace newsmill
