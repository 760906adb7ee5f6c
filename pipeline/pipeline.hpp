// The wiring: source -> front lanes -> journal and dedup -> back lanes -> sink -> pool. One place
// builds it for production, for tests and for the inline run; they differ in who drives the agents.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/journal_agent.hpp"
#include "pipeline/lane.hpp"
#include "pipeline/runner.hpp"
#include "pipeline/sink.hpp"
#include "pipeline/source.hpp"

namespace newsmill {

using StageChain = std::vector<std::unique_ptr<Stage>>;

struct PipelineOptions {
    std::size_t lanes_front = 1;
    std::size_t lanes_back = 1;
    std::size_t pool_batches = 32;
    BatchLimits batch;
    SourceOptions source;
    SinkOptions sink;
    RunnerOptions runner;
    JournalAgentOptions journal;
};

// What a pipeline is made of; all references outlive it.
struct PipelineParts {
    Consumer& consumer;
    Producer& producer;
    JournalParts journal;               // none: no dedup
    std::function<StageChain()> front;  // a fresh chain for each lane; before threads start
    std::function<StageChain()> back;
};

class Pipeline {
   public:
    Pipeline(PipelineParts parts, const PipelineOptions& options, const Clock& clock);
    ~Pipeline();
    Pipeline(const Pipeline&) = delete;
    Pipeline& operator=(const Pipeline&) = delete;

    // In production: a thread an agent (journal and dedup are one).
    void start();
    // All agents are done: the input has ended, a stop has been drained, or something failed.
    bool finished() const noexcept;
    void join();

    // ---- Built anew in place, by one thread that is no agent's. Ask; wait until finished(); if
    // handed_over(), all that was read is committed, and source, journal and sink are at rest with
    // what they hold: partitions, state, connections. Then rebuild(), and start() again. If not
    // (the input has ended, a stop came first, something failed), the end is as without it.
    void request_handover() noexcept { control_.request_handover(); }
    bool handed_over() const noexcept { return control_.handed_over() && !control_.failed(); }
    // Other lanes, pool and stages; the parts' consumer, producer and journal stay.
    void rebuild(std::function<StageChain()> front, std::function<StageChain()> back,
                 const PipelineOptions& options);

    // In the inline run: one thread, this one, until all agents are done.
    void run_inline() noexcept;

    // How far each thread has come, for a watchdog; by the one that starts and rebuilds.
    struct Progress {
        std::string_view name;
        std::uint64_t rounds = 0;
        bool finished = false;
    };
    std::vector<Progress> progress() const;

    // In the simulator: whoever calls their do_work().
    const std::vector<Agent*>& agents() const noexcept { return agents_; }

    Control& control() noexcept { return control_; }
    Metrics& metrics() noexcept { return metrics_; }
    const Metrics& metrics() const noexcept { return metrics_; }
    SinkAgent& sink() noexcept { return *sink_; }
    bool ready() const noexcept { return journal_->ready(); }
    // The settings that stand in the journal; any thread.
    std::string journal_settings() const { return journal_->settings(); }

    // ---- For metrics, from any thread.
    struct Queue {
        std::string name;  // of the agents that take from it: "front", "journal", …; "source" is
                           // the pool of free batches
        std::size_t lane;
        std::size_t batches;  // now
    };
    std::vector<Queue> queues() const;
    std::size_t pool_batches() const;
    std::vector<PartitionState> partitions() const { return parts_.consumer.partitions(); }
    std::vector<Position> committed() const { return sink_->committed(); }
    // Bytes that the pool may pin at most.
    std::size_t pool_bytes() const noexcept;

   private:
    void build();
    Link& new_link();
    std::vector<Link*> new_links(std::size_t count);
    void add_lanes(const char* name, std::size_t count, const std::function<StageChain()>& chain,
                   const std::vector<Link*>& in, const std::vector<Link*>& out);

    PipelineOptions options_;
    const Clock& clock_;
    Control control_;
    Metrics metrics_;
    std::vector<std::unique_ptr<Batch>> pool_;
    std::vector<std::unique_ptr<Link>> links_;
    std::vector<std::unique_ptr<LaneAgent>> lanes_;
    std::unique_ptr<SourceAgent> source_;
    std::unique_ptr<JournalAgent> journal_;
    std::unique_ptr<SinkAgent> sink_;
    std::vector<Agent*> agents_;              // from the source to the sink
    std::vector<std::vector<Link*>> inputs_;  // of the agent at the same place
    // Guards agents_, inputs_, their links and options_ where queues() may look at them meanwhile.
    mutable std::mutex wiring_mutex_;
    std::vector<std::unique_ptr<Runner>> runners_;
    PipelineParts parts_;
};

}  // namespace newsmill
