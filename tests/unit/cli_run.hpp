// Runs a command line inside the test's process and keeps what it printed.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "daemon/cli.hpp"

namespace newsmill {

struct Result {
    int code;
    std::string out;
    std::string err;
};

inline Result run(std::vector<std::string> words) {
    words.insert(words.begin(), "newsmill");
    std::vector<const char*> argv;
    for (const std::string& word : words) argv.push_back(word.c_str());
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    Result result;
    result.code = run_cli(static_cast<int>(argv.size()), argv.data());
    result.out = testing::internal::GetCapturedStdout();
    result.err = testing::internal::GetCapturedStderr();
    return result;
}

}  // namespace newsmill
