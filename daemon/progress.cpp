#include "daemon/progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>

namespace newsmill {
namespace {

constexpr int kBarWidth = 24;

double now_s() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

}  // namespace

std::string grouped(std::uint64_t number) {
    std::string text = std::to_string(number);
    for (auto at = static_cast<std::ptrdiff_t>(text.size()) - 3; at > 0; at -= 3) {
        text.insert(static_cast<std::size_t>(at), ",");
    }
    return text;
}

std::string progress_text(const ProgressState& state, double elapsed_s) {
    elapsed_s = std::max(elapsed_s, 1e-3);
    std::string text;
    if (state.bytes_total > 0) {
        const double part = std::min(
            1.0, static_cast<double>(state.bytes_read) / static_cast<double>(state.bytes_total));
        const int filled = static_cast<int>(part * kBarWidth);
        std::string bar(static_cast<std::size_t>(filled), '=');
        if (filled > 0) bar.back() = '>';
        bar.resize(kBarWidth, ' ');
        text = fmt::format("[{}] {:3.0f} %  ", bar, part * 100);
        text += fmt::format("{} articles  ", grouped(state.articles));
        if (part > 0.01) text += fmt::format("{:.0f} s left  ", elapsed_s * (1 - part) / part);
    } else {
        text = fmt::format("{} articles  ", grouped(state.articles));
    }
    text += fmt::format(
        "{}/s  {:.1f} MB/s",
        grouped(static_cast<std::uint64_t>(static_cast<double>(state.articles) / elapsed_s)),
        static_cast<double>(state.article_bytes) / 1e6 / elapsed_s);
    return text;
}

ProgressLine::ProgressLine(bool wanted)
    : on_(wanted && isatty(STDERR_FILENO) != 0), started_s_(now_s()) {}

ProgressLine::~ProgressLine() { clear(); }

void ProgressLine::draw(const ProgressState& state) {
    if (!on_) return;
    std::fprintf(stderr, "\r\033[K%s", progress_text(state, now_s() - started_s_).c_str());
    std::fflush(stderr);
    drawn_ = true;
}

void ProgressLine::clear() {
    if (!drawn_) return;
    std::fprintf(stderr, "\r\033[K");
    std::fflush(stderr);
    drawn_ = false;
}

}  // namespace newsmill
