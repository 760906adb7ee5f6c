// A thread that drives agents: spins a little, yields a little, then parks until something wakes
// it, so that an idle pipeline costs no CPU.
#pragma once

#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "pipeline/agent.hpp"
#include "pipeline/metrics.hpp"

namespace newsmill {

struct RunnerOptions {
    // Calls without work before the thread yields, and before it parks. On few cores a spinning
    // thread takes the core from the one that it waits for: park at once.
    std::uint32_t spins = 0;
    std::uint32_t yields = 1;
    // The longest sleep, whatever the agents' deadlines say: a bound on the harm of a lost wake-up
    // in a client library. 10 wake-ups a second cost less than 0.1 % of a core.
    std::int64_t park_max_ns = 100 * kMillisecond;
};

class Runner {
   public:
    // The agents and the meter (null: none) outlive the runner. They are asked in this order.
    Runner(std::string name, std::vector<Agent*> agents, const Clock& clock, RunnerOptions options,
           AgentMeter* meter = nullptr);
    ~Runner();  // joins
    Runner(const Runner&) = delete;
    Runner& operator=(const Runner&) = delete;

    Parker& parker() noexcept { return parker_; }
    void start();
    void join();
    const std::string& name() const noexcept { return name_; }
    // How often the agents were asked: grows as long as the thread moves. Any thread.
    std::uint64_t rounds() const noexcept {
        return rounds_.load(std::memory_order_relaxed);  // a number alone: no pair
    }
    // All agents are done; join() returns at once.
    bool finished() const noexcept {
        return finished_.load(std::memory_order_acquire);  // pairs with loop()'s release
    }

   private:
    void loop() noexcept;
    // One round over all agents.
    Agent::Work round() noexcept;
    Agent::Work measured_round() noexcept;
    std::int64_t sleep_ns() const noexcept;

    std::string name_;
    std::vector<Agent*> agents_;
    const Clock& clock_;
    RunnerOptions options_;
    AgentMeter* meter_;
    std::int64_t last_ns_ = 0;  // when the last round ended; 0 after a sleep
    Parker parker_;
    std::atomic<std::uint64_t> rounds_{0};  // written by the thread alone
    std::atomic<bool> finished_{false};
    std::thread thread_;
};

}  // namespace newsmill
