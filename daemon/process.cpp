#include "daemon/process.hpp"

#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <csignal>

#include "daemon/cli.hpp"

namespace newsmill {
namespace {

class Loop {
   public:
    Loop(Pipeline& pipeline, const ProcessOptions& options)
        : pipeline_(pipeline), options_(options), signals_(io_, SIGINT, SIGTERM), timer_(io_) {
        if (options_.reload) signals_.add(SIGHUP);
    }

    void run() {
        pipeline_.start();
        wait_signal();
        wait_tick();
        io_.run();
        pipeline_.join();
    }

   private:
    using Time = std::chrono::steady_clock::time_point;

    void wait_signal() {
        signals_.async_wait([this](const boost::system::error_code& error, int signal) {
            if (error) return;
            if (signal == SIGHUP) {
                options_.reload();
            } else {
                if (stopping_) give_up("a second signal");
                stop();
            }
            wait_signal();
        });
    }

    void wait_tick() {
        timer_.expires_after(std::chrono::milliseconds(kPollMs));
        timer_.async_wait([this](const boost::system::error_code& error) {
            if (!error) tick();
        });
    }

    void tick() {
        if (pipeline_.finished()) {
            if (!options_.rebuild || !pipeline_.handed_over()) {
                signals_.cancel();
                return;
            }
            pipeline_.join();
            options_.rebuild();
            pipeline_.start();
        }
        const Time now = std::chrono::steady_clock::now();
        // After a failure the agents end by themselves, but a client library may hold one back.
        if (!stopping_ && (pipeline_.control().failed() || pipeline_.control().stop_requested()))
            stop();
        if (stopping_ && now > deadline_) give_up("the drain deadline");
        if (options_.poll) options_.poll();
        if (options_.tick && now >= next_tick_) {
            next_tick_ = now + std::chrono::milliseconds(options_.tick_ms);
            options_.tick();
        }
        wait_tick();
    }

    void stop() {
        stopping_ = true;
        deadline_ = std::chrono::steady_clock::now() +
                    std::chrono::milliseconds(options_.drain_deadline_ms);
        pipeline_.control().request_stop();
        if (options_.stopping) options_.stopping();
    }

    [[noreturn]] void give_up(const char* why) {
        const Failure failure = pipeline_.control().failure();
        say_error(failure.exit_code != 0 ? failure.message
                                         : std::string("stopped by ") + why +
                                               " before all was drained; what was not committed is "
                                               "read again at the next start");
        _exit(failure.exit_code != 0 ? failure.exit_code : kExitTryAgain);
    }

    // How soon the end is seen.
    static constexpr int kPollMs = 10;

    Pipeline& pipeline_;
    const ProcessOptions& options_;
    boost::asio::io_context io_;
    boost::asio::signal_set signals_;
    boost::asio::steady_timer timer_;
    bool stopping_ = false;
    Time deadline_{};
    Time next_tick_{};
};

}  // namespace

void run_process(Pipeline& pipeline, const ProcessOptions& options) {
    Loop(pipeline, options).run();
}

}  // namespace newsmill
