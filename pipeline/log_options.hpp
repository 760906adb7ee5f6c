// How log lines are written: shared by the logger (pipeline/log.hpp) and the configuration.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace newsmill {

enum class LogLevel : std::uint8_t { kTrace, kDebug, kInfo, kWarning, kError, kOff };
enum class LogFormat : std::uint8_t { kText, kJson };

struct LogOptions {
    LogLevel level = LogLevel::kInfo;
    LogFormat format = LogFormat::kText;
    std::string file;                // appended to; empty: standard error
    std::size_t queue_lines = 8192;  // beyond it the oldest waiting lines are lost, and counted
};

}  // namespace newsmill
