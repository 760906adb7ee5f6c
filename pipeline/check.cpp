#include "pipeline/check.hpp"

#include <cstdio>
#include <cstdlib>

namespace newsmill {

void check_failed(const char* condition, const char* file, int line, const char* why) noexcept {
    std::fprintf(stderr, "newsmill: %s:%d: check failed: %s (%s)\n", file, line, condition, why);
    std::fflush(stderr);
    std::abort();
}

}  // namespace newsmill
