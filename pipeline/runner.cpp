#include "pipeline/runner.hpp"

#include <pthread.h>

#include <algorithm>
#include <utility>

namespace newsmill {
namespace {

void pause_cpu() noexcept {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
}

}  // namespace

Runner::Runner(std::string name, std::vector<Agent*> agents, const Clock& clock,
               RunnerOptions options, AgentMeter* meter)
    : name_(std::move(name)),
      agents_(std::move(agents)),
      clock_(clock),
      options_(options),
      meter_(meter) {}

Runner::~Runner() { join(); }

void Runner::start() {
    thread_ = std::thread([this] { loop(); });
}

void Runner::join() {
    if (thread_.joinable()) thread_.join();
}

Agent::Work Runner::round() noexcept {
    bool busy = false;
    bool done = true;
    rounds_.store(rounds_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    for (Agent* agent : agents_) {
        const Agent::Work work = agent->do_work();
        busy |= work == Agent::Work::kBusy;
        done &= work == Agent::Work::kDone;
    }
    if (done) return Agent::Work::kDone;
    return busy ? Agent::Work::kBusy : Agent::Work::kIdle;
}

// One look at the clock a round: where one ends the next begins.
Agent::Work Runner::measured_round() noexcept {
    if (meter_ == nullptr) return round();
    if (last_ns_ == 0) last_ns_ = clock_.now_ns();
    const Agent::Work work = round();
    const std::int64_t now_ns = clock_.now_ns();
    if (work == Agent::Work::kBusy) {
        meter_->busy_ns.add(static_cast<std::uint64_t>(now_ns - last_ns_));
    }
    last_ns_ = now_ns;
    return work;
}

std::int64_t Runner::sleep_ns() const noexcept {
    std::int64_t deadline = kNever;
    for (const Agent* agent : agents_) deadline = std::min(deadline, agent->deadline_ns());
    if (deadline == kNever) return options_.park_max_ns;
    return std::clamp(deadline - clock_.now_ns(), std::int64_t{0}, options_.park_max_ns);
}

void Runner::loop() noexcept {
    pthread_setname_np(pthread_self(), name_.substr(0, 15).c_str());
    std::uint32_t idle = 0;
    for (;;) {
        Agent::Work work = measured_round();
        if (work == Agent::Work::kIdle && ++idle > options_.spins + options_.yields) {
            parker_.prepare();
            work = measured_round();
            if (work == Agent::Work::kIdle) {
                parker_.park(sleep_ns());
                last_ns_ = 0;
                continue;
            }
            parker_.cancel();
        }
        if (work == Agent::Work::kDone) {
            finished_.store(true, std::memory_order_release);  // pairs with finished()
            return;
        }
        if (work == Agent::Work::kBusy) {
            idle = 0;
        } else if (idle <= options_.spins) {
            pause_cpu();
        } else {
            std::this_thread::yield();
        }
    }
}

}  // namespace newsmill
