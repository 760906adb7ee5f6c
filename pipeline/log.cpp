#include "pipeline/log.hpp"

#include <spdlog/async_logger.h>
#include <spdlog/details/thread_pool.h>
#include <spdlog/formatter.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <stdexcept>
#include <string>

#include "pipeline/json_quote.hpp"

namespace newsmill {
namespace {

constexpr std::string_view kLevelNames[] = {"trace", "debug", "info", "warning", "error", "off"};

spdlog::level::level_enum to_spdlog(LogLevel level) {
    return static_cast<spdlog::level::level_enum>(
        level == LogLevel::kOff ? spdlog::level::off : static_cast<int>(level));
}

std::string_view level_name(spdlog::level::level_enum level) {
    return level <= spdlog::level::err ? kLevelNames[level] : kLevelNames[4];
}

void append_time(std::string& out, spdlog::log_clock::time_point time) {
    using namespace std::chrono;
    const auto ms = duration_cast<milliseconds>(time.time_since_epoch()).count();
    const std::time_t seconds = static_cast<std::time_t>(ms / 1000);
    std::tm utc{};
    gmtime_r(&seconds, &utc);
    char text[40];
    const std::size_t length = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
    out.append(text, length);
    std::snprintf(text, sizeof text, ".%03dZ", static_cast<int>(ms % 1000));
    out += text;
}

// Control characters as \n or \x1b; bytes that are no UTF-8 as U+FFFD.
void append_one_line(std::string& out, std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t length = utf8_length(text, at);
        const auto c = static_cast<unsigned char>(text[at]);
        const bool is_c1 =
            c == 0xC2 && length == 2 && static_cast<unsigned char>(text[at + 1]) < 0xA0;
        if (length == 0 || is_c1) {
            out += "\xEF\xBF\xBD";
        } else if (c == '\n') {
            out += "\\n";
        } else if (c == '\t') {
            out += "\\t";
        } else if (c < 0x20 || c == 0x7F) {
            char escape[8];
            std::snprintf(escape, sizeof escape, "\\x%02x", c);
            out += escape;
        } else {
            out.append(text, at, length);
        }
        at += length == 0 ? 1 : length;
    }
}

// The message and its fields travel through spdlog's queue as one string: message, then for each
// field the separator, name, separator, value. The separators can't be in UTF-8 text.
constexpr char kSeparator = '\xFF';

std::string packed(std::string_view message, std::initializer_list<LogField> fields) {
    std::string out;
    const auto append = [&](std::string_view text) {
        for (const char c : text) out += c == kSeparator ? '?' : c;
    };
    append(message);
    for (const LogField& field : fields) {
        out += kSeparator;
        append(field.name);
        out += kSeparator;
        append(field.value);
    }
    return out;
}

std::string_view next_part(std::string_view& rest) {
    const auto end = rest.find(kSeparator);
    const std::string_view part = rest.substr(0, end);
    rest = end == rest.npos ? std::string_view() : rest.substr(end + 1);
    return part;
}

void append_text(std::string& out, spdlog::log_clock::time_point time,
                 spdlog::level::level_enum level, std::string_view payload, bool colour) {
    append_time(out, time);
    const std::string_view name = level_name(level);
    const bool bright = colour && level >= spdlog::level::warn;
    out += ' ';
    if (bright) out += level == spdlog::level::warn ? "\x1b[33m" : "\x1b[31m";
    out += name;
    if (bright) out += "\x1b[0m";
    out.append(8 - name.size(), ' ');
    append_one_line(out, next_part(payload));
    while (!payload.empty()) {
        out += ' ';
        append_one_line(out, next_part(payload));
        out += '=';
        append_one_line(out, next_part(payload));
    }
    out += '\n';
}

void append_json(std::string& out, spdlog::log_clock::time_point time,
                 spdlog::level::level_enum level, std::string_view payload) {
    out += "{\"time\":\"";
    append_time(out, time);
    out += "\",\"level\":\"";
    out += level_name(level);
    out += "\",\"message\":";
    append_json_quoted(out, next_part(payload));
    while (!payload.empty()) {
        out += ',';
        append_json_quoted(out, next_part(payload));
        out += ':';
        append_json_quoted(out, next_part(payload));
    }
    out += "}\n";
}

class LineFormatter final : public spdlog::formatter {
   public:
    LineFormatter(LogFormat format, bool colour) : format_(format), colour_(colour) {}

    void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& out) override {
        line_.clear();
        const std::string_view payload(message.payload.data(), message.payload.size());
        if (format_ == LogFormat::kJson) {
            append_json(line_, message.time, message.level, payload);
        } else {
            append_text(line_, message.time, message.level, payload, colour_);
        }
        out.append(line_.data(), line_.data() + line_.size());
    }

    std::unique_ptr<formatter> clone() const override {
        return std::make_unique<LineFormatter>(format_, colour_);
    }

   private:
    LogFormat format_;
    bool colour_;
    std::string line_;
};

struct Logger {
    std::shared_ptr<spdlog::details::thread_pool> pool;
    std::shared_ptr<spdlog::async_logger> logger;
};

// Written by log_start and log_stop only, while no other thread logs (see the header).
Logger& current() {
    static Logger kLogger;
    return kLogger;
}
std::atomic<LogLevel> g_level{LogLevel::kInfo};

bool stderr_has_colour() {
    const char* no_color = std::getenv("NO_COLOR");
    return isatty(STDERR_FILENO) == 1 && (no_color == nullptr || *no_color == '\0');
}

}  // namespace

void log_start(const LogOptions& options) {
    log_stop();
    spdlog::sink_ptr sink;
    try {
        if (options.file.empty()) {
            sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
        } else {
            sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(options.file, false);
        }
    } catch (const std::exception& error) {
        throw std::runtime_error("log.file: " + std::string(error.what()));
    }
    sink->set_formatter(std::make_unique<LineFormatter>(
        options.format, options.file.empty() && stderr_has_colour()));
    Logger& log = current();
    log.pool = std::make_shared<spdlog::details::thread_pool>(options.queue_lines, 1);
    log.logger = std::make_shared<spdlog::async_logger>(
        "newsmill", std::move(sink), log.pool, spdlog::async_overflow_policy::overrun_oldest);
    log.logger->set_level(spdlog::level::trace);  // log_enabled() has decided already
    log.logger->flush_on(spdlog::level::info);
    // A log that can't be written (a full disk) must not stop the mill; spdlog's own handler
    // prints to standard error, once a second.
    log_set_level(options.level);
}

void log_stop() noexcept {
    Logger& log = current();
    if (log.logger == nullptr) return;
    const std::uint64_t lost = log_lines_lost();
    if (lost > 0) log_warning("{} log lines were lost: the queue was full", lost);
    // No flush(): it would take a place in the queue, and perhaps a line's. The pool's end waits
    // until the queue is written, and the file's end flushes.
    log.logger.reset();
    log.pool.reset();
}

void log_set_level(LogLevel level) noexcept { g_level.store(level, std::memory_order_relaxed); }

bool log_enabled(LogLevel level) noexcept {
    return level >= g_level.load(std::memory_order_relaxed) && level != LogLevel::kOff;
}

std::uint64_t log_lines_lost() noexcept {
    const Logger& log = current();
    return log.pool == nullptr ? 0 : log.pool->overrun_counter();
}

void log_event(LogLevel level, std::string_view message,
               std::initializer_list<LogField> fields) noexcept {
    if (!log_enabled(level)) return;
    const std::string payload = packed(message, fields);
    Logger& log = current();
    if (log.logger != nullptr) {
        log.logger->log(to_spdlog(level), spdlog::string_view_t(payload.data(), payload.size()));
        return;
    }
    std::string line;
    append_text(line, spdlog::log_clock::now(), to_spdlog(level), payload, false);
    std::fwrite(line.data(), 1, line.size(), stderr);
}

namespace log_detail {
void log_formatted(LogLevel level, fmt::string_view format, fmt::format_args args) noexcept {
    try {
        log_event(level, fmt::vformat(format, args));
    } catch (const std::exception& error) {
        // The format is checked at compile time; a formatter of an argument may still throw.
        log_event(level, std::string("log line could not be made: ") + error.what());
    }
}
}  // namespace log_detail

std::string LogPass::suffix() const {
    return held_back_ == 0 ? std::string() : " (" + std::to_string(held_back_) + " more)";
}

LogGate::LogGate(std::int64_t interval_ms) noexcept
    : interval_ms_(interval_ms), next_ms_(INT64_MIN) {}

LogPass LogGate::try_pass() noexcept {
    using namespace std::chrono;
    return try_pass_at(duration_cast<milliseconds>(steady_clock::now().time_since_epoch()).count());
}

LogPass LogGate::try_pass_at(std::int64_t now_ms) noexcept {
    // Relaxed: the gate guards a line of text, no memory. The exchange lets one thread through.
    std::int64_t next_ms = next_ms_.load(std::memory_order_relaxed);
    if (now_ms < next_ms || !next_ms_.compare_exchange_strong(next_ms, now_ms + interval_ms_,
                                                              std::memory_order_relaxed)) {
        held_back_.fetch_add(1, std::memory_order_relaxed);
        return {};
    }
    return LogPass(held_back_.exchange(0, std::memory_order_relaxed));
}

}  // namespace newsmill
