// A pipeline under the process's control: signals, ticks, the drain deadline. On Boost.Asio, in
// main's thread; SIGTERM and SIGINT ask for a drain, a second one, or the deadline, ends the
// process at once; SIGHUP asks for a reload.
#pragma once

#include <cstdint>
#include <functional>

#include "pipeline/pipeline.hpp"

namespace newsmill {

struct ProcessOptions {
    std::int64_t drain_deadline_ms = 30'000;
    // Called about every `tick_ms`, and never by another thread.
    std::function<void()> tick;
    std::int64_t tick_ms = 100;
    // The same about every ten milliseconds: for what only looks whether something has happened.
    std::function<void()> poll;
    // Called once when a stop was asked for.
    std::function<void()> stopping;
    // Called at every SIGHUP. Without it, SIGHUP ends the process.
    std::function<void()> reload;
    // Called when the pipeline is at rest for a hand-over: rebuilds it; it is started again then.
    std::function<void()> rebuild;
};

// Starts the pipeline and returns when it is finished and joined. Does not return if it could not
// be drained in time: the process exits with kExitTryAgain and nothing of what was open is
// committed.
void run_process(Pipeline& pipeline, const ProcessOptions& options);

}  // namespace newsmill
