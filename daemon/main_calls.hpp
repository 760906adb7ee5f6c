// What another thread wants done in main's: a reload, which only main's thread may do. The other
// thread waits for the answer; main's looks for such wishes every few milliseconds.
//
// Threads: call() any, run() and close() main's. Errors: a call that is not done in time, or that
// comes after close(), is answered with 503; one that was not done in time is not done later.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>

#include "daemon/admin_api.hpp"

namespace newsmill {

class MainCalls {
   public:
    AdminReply call(std::function<AdminReply()> wish) {
        const auto call = std::make_shared<Call>();
        call->wish = std::move(wish);
        std::unique_lock lock(mutex_);
        if (!closed_) {
            calls_.push_back(call);
            done_.wait_for(lock, kPatience, [&] { return call->reply || call->taken || closed_; });
            // Once it has begun, its end is waited for.
            done_.wait(lock, [&] { return call->reply || !call->taken; });
        }
        if (call->reply) return *call->reply;
        std::erase(calls_, call);
        return {503, R"({"error":"the daemon is busy or ends"})"};
    }

    void run() {
        std::unique_lock lock(mutex_);
        while (!calls_.empty()) {
            const std::shared_ptr<Call> call = calls_.front();
            calls_.pop_front();
            call->taken = true;
            lock.unlock();
            AdminReply reply = call->wish();
            lock.lock();
            call->reply = std::move(reply);
            done_.notify_all();
        }
    }

    void close() {
        const std::lock_guard lock(mutex_);
        closed_ = true;
        done_.notify_all();
    }

   private:
    static constexpr std::chrono::seconds kPatience{10};

    struct Call {
        std::function<AdminReply()> wish;
        std::optional<AdminReply> reply;
        bool taken = false;
    };
    std::mutex mutex_;  // guards all
    std::condition_variable done_;
    std::deque<std::shared_ptr<Call>> calls_;
    bool closed_ = false;
};

}  // namespace newsmill
