#include "pipeline/pipeline.hpp"

#include <algorithm>
#include <string>
#include <thread>
#include <utility>

#include "pipeline/check.hpp"

namespace newsmill {
namespace {

// "front" of "front0".
std::string_view group_of(std::string_view agent) {
    return agent.substr(0, agent.find_last_not_of("0123456789") + 1);
}

}  // namespace

Pipeline::Pipeline(PipelineParts parts, const PipelineOptions& options, const Clock& clock)
    : options_(options), clock_(clock), parts_(std::move(parts)) {
    build();
}

// The first time it makes the agents that outlive a hand-over; later they are given the new links.
void Pipeline::build() {
    Link& free = new_link();
    for (std::size_t i = 0; i < options_.pool_batches; ++i) {
        pool_.push_back(std::make_unique<Batch>(options_.batch));
        free.push(pool_.back().get());
    }
    const std::vector<Link*> front_in = new_links(options_.lanes_front);
    const std::vector<Link*> front_out = new_links(options_.lanes_front);
    const std::vector<Link*> back_in = new_links(options_.lanes_back);
    const std::vector<Link*> back_out = new_links(options_.lanes_back);
    if (source_ == nullptr) {
        source_ = std::make_unique<SourceAgent>(parts_.consumer, control_, clock_, free, front_in,
                                                metrics_, options_.source);
        journal_ = std::make_unique<JournalAgent>(parts_.journal, options_.journal, control_,
                                                  clock_, front_out, back_in, metrics_);
        sink_ = std::make_unique<SinkAgent>(parts_.producer, control_, clock_, back_out, free,
                                            metrics_, options_.sink);
    } else {
        source_->rewire(free, front_in, options_.source);
        journal_->rewire(options_.journal, front_out, back_in);
        sink_->rewire(back_out, free, options_.sink);
    }
    agents_.push_back(source_.get());
    inputs_.push_back({&free});
    add_lanes("front", options_.lanes_front, parts_.front, front_in, front_out);
    agents_.push_back(journal_.get());
    inputs_.push_back(front_out);
    add_lanes("back", options_.lanes_back, parts_.back, back_in, back_out);
    agents_.push_back(sink_.get());
    inputs_.push_back(back_out);
}

void Pipeline::rebuild(std::function<StageChain()> front, std::function<StageChain()> back,
                       const PipelineOptions& options) {
    NEWSMILL_CHECK(handed_over(), "rebuilt only at rest");
    control_.end_handover();  // nobody wakes a thread that is about to go
    // The admin server may look at the queues meanwhile.
    const std::lock_guard lock(wiring_mutex_);
    runners_.clear();
    agents_.clear();
    inputs_.clear();
    lanes_.clear();
    pool_.clear();
    links_.clear();
    parts_.front = std::move(front);
    parts_.back = std::move(back);
    options_ = options;
    build();
}

std::size_t Pipeline::pool_batches() const {
    const std::lock_guard lock(wiring_mutex_);
    return options_.pool_batches;
}

std::vector<Pipeline::Queue> Pipeline::queues() const {
    const std::lock_guard lock(wiring_mutex_);
    std::vector<Queue> queues;
    for (std::size_t i = 0; i < agents_.size(); ++i) {
        const std::string_view group = group_of(agents_[i]->name());
        const bool lane = !queues.empty() && queues.back().name == group;
        for (std::size_t j = 0; j < inputs_[i].size(); ++j) {
            const std::size_t number = lane ? queues.back().lane + 1 : j;
            queues.push_back({std::string(group), number, inputs_[i][j]->size()});
        }
    }
    return queues;
}

Pipeline::~Pipeline() {
    runners_.clear();
    // Clients and their wake-ups end before the parkers do; batches before the clients that they
    // pin.
    pool_.clear();
}

Link& Pipeline::new_link() {
    links_.push_back(std::make_unique<Link>(options_.pool_batches));
    return *links_.back();
}

std::vector<Link*> Pipeline::new_links(std::size_t count) {
    std::vector<Link*> links;
    for (std::size_t i = 0; i < count; ++i) links.push_back(&new_link());
    return links;
}

void Pipeline::add_lanes(const char* name, std::size_t count,
                         const std::function<StageChain()>& chain, const std::vector<Link*>& in,
                         const std::vector<Link*>& out) {
    for (std::size_t i = 0; i < count; ++i) {
        lanes_.push_back(std::make_unique<LaneAgent>(name + std::to_string(i), name, chain(),
                                                     control_, clock_, *in[i], *out[i], metrics_));
        agents_.push_back(lanes_.back().get());
        inputs_.push_back({in[i]});
    }
}

std::size_t Pipeline::pool_bytes() const noexcept {
    return options_.pool_batches * (options_.batch.payload_bytes_max + options_.batch.arena_bytes);
}

void Pipeline::start() {
    for (std::size_t i = 0; i < agents_.size(); ++i) {
        runners_.push_back(std::make_unique<Runner>(
            std::string(agents_[i]->name()), std::vector<Agent*>{agents_[i]}, clock_,
            options_.runner, &metrics_.agent(agents_[i]->name(), group_of(agents_[i]->name()))));
        Parker* parker = &runners_.back()->parker();
        for (Link* link : inputs_[i]) link->set_consumer(parker);
        control_.add_parker(parker);
        if (agents_[i] == source_.get()) parts_.consumer.set_waker(parker);
        if (agents_[i] == sink_.get()) parts_.producer.set_waker(parker);
        if (agents_[i] == journal_.get() && parts_.journal.journal != nullptr)
            parts_.journal.journal->set_waker(parker);
    }
    for (const auto& runner : runners_) runner->start();
}

bool Pipeline::finished() const noexcept {
    return std::all_of(runners_.begin(), runners_.end(),
                       [](const auto& runner) { return runner->finished(); });
}

std::vector<Pipeline::Progress> Pipeline::progress() const {
    std::vector<Progress> all;
    for (const auto& runner : runners_)
        all.push_back({runner->name(), runner->rounds(), runner->finished()});
    return all;
}

void Pipeline::join() {
    for (const auto& runner : runners_) runner->join();
}

void Pipeline::run_inline() noexcept {
    for (bool done = false; !done;) {
        done = true;
        bool busy = false;
        for (Agent* agent : agents_) {
            const Agent::Work work = agent->do_work();
            done &= work == Agent::Work::kDone;
            busy |= work == Agent::Work::kBusy;
        }
        if (!busy && !done) std::this_thread::yield();
    }
}

}  // namespace newsmill
