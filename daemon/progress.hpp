// A progress line on a terminal: "[=====>    ] 52 %  12,300 articles  8,100/s  35 MB/s  4 s left".
// Threads: main's. Draws nothing unless standard error is a terminal.
#pragma once

#include <cstdint>
#include <string>

namespace newsmill {

struct ProgressState {
    std::uint64_t bytes_read = 0;
    std::uint64_t bytes_total = 0;  // 0: unknown
    std::uint64_t articles = 0;
    std::uint64_t article_bytes = 0;
};

class ProgressLine {
   public:
    // `wanted` false: never draws.
    explicit ProgressLine(bool wanted);
    ~ProgressLine();  // clears the line
    void draw(const ProgressState& state);
    void clear();

   private:
    bool on_;
    bool drawn_ = false;
    double started_s_;
};

// "12,345"
std::string grouped(std::uint64_t number);

// What draw() writes, for `elapsed_s` seconds; for tests.
std::string progress_text(const ProgressState& state, double elapsed_s);

}  // namespace newsmill
