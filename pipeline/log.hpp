// The log: one process-wide logger, a thin face on spdlog. Lines go to a bounded queue and a thread
// writes them to standard error or to a file, so that the pipeline never waits for a terminal or a
// disk: when the queue is full the oldest lines are lost, and counted.
//
// A line is text ("2026-11-24T06:07:20.123Z info  batch 12 done") or a JSON object ({"time": ...,
// "level": ..., "message": ..., then the fields}). Control characters and bytes that are no UTF-8
// are escaped in both, so that no input can forge a line.
//
// Threads: log_start() and log_stop() by main, while no other thread logs; all else by any thread.
// Before log_start() and after log_stop() lines go straight to standard error, as text.
// Errors: log_start() throws std::runtime_error if the file can't be opened; nothing else fails.
#pragma once

#include <fmt/core.h>

#include <atomic>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "pipeline/log_options.hpp"

namespace newsmill {

struct LogField {
    std::string_view name;
    std::string_view value;
};

void log_start(const LogOptions& options);
// Writes what waits, then closes.
void log_stop() noexcept;

void log_set_level(LogLevel level) noexcept;
bool log_enabled(LogLevel level) noexcept;
// Lines lost to a full queue since log_start().
std::uint64_t log_lines_lost() noexcept;

// `fields` stand beside the message, for machines: log_event(kWarning, "rebalance", {{"topic",
// t}}).
void log_event(LogLevel level, std::string_view message,
               std::initializer_list<LogField> fields = {}) noexcept;

namespace log_detail {
void log_formatted(LogLevel level, fmt::string_view format, fmt::format_args args) noexcept;
}  // namespace log_detail

template <typename... Args>
void log_line(LogLevel level, fmt::format_string<Args...> format, Args&&... args) noexcept {
    if (!log_enabled(level)) return;
    log_detail::log_formatted(level, format, fmt::make_format_args(args...));
}
template <typename... Args>
void log_debug(fmt::format_string<Args...> format, Args&&... args) noexcept {
    log_line(LogLevel::kDebug, format, std::forward<Args>(args)...);
}
template <typename... Args>
void log_info(fmt::format_string<Args...> format, Args&&... args) noexcept {
    log_line(LogLevel::kInfo, format, std::forward<Args>(args)...);
}
template <typename... Args>
void log_warning(fmt::format_string<Args...> format, Args&&... args) noexcept {
    log_line(LogLevel::kWarning, format, std::forward<Args>(args)...);
}
template <typename... Args>
void log_error(fmt::format_string<Args...> format, Args&&... args) noexcept {
    log_line(LogLevel::kError, format, std::forward<Args>(args)...);
}

// Lets one of many like lines pass: the first at once, then at most one each interval. One gate
// for each kind of line, for example a static or a member; any thread.
//
//     if (const LogPass pass = gate.try_pass()) {
//         log_warning("broker {} is down{}", name, pass.suffix());   // " (41 more)"
//     }
class LogPass {
   public:
    LogPass() = default;
    explicit LogPass(std::uint64_t held_back) : open_(true), held_back_(held_back) {}
    explicit operator bool() const noexcept { return open_; }
    // Like lines that were held back since the last one that passed.
    std::uint64_t held_back() const noexcept { return held_back_; }
    std::string suffix() const;  // " (41 more)", or empty

   private:
    bool open_ = false;
    std::uint64_t held_back_ = 0;
};

class LogGate {
   public:
    explicit LogGate(std::int64_t interval_ms = 10000) noexcept;
    LogPass try_pass() noexcept;
    // The same at a given time, for tests.
    LogPass try_pass_at(std::int64_t now_ms) noexcept;

   private:
    std::int64_t interval_ms_;
    std::atomic<std::int64_t> next_ms_;
    std::atomic<std::uint64_t> held_back_{0};
};

}  // namespace newsmill
