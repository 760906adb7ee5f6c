// Invariants that hold in every build. A broken one is a bug: say where, then abort. What can go
// wrong in the world (a bad article, a broker that is down) is never a check; see
// docs/architecture.md, "Errors".
#pragma once

namespace newsmill {

// Prints one line to stderr and aborts. Any thread.
[[noreturn]] void check_failed(const char* condition, const char* file, int line,
                               const char* why) noexcept;

}  // namespace newsmill

#define NEWSMILL_CHECK(condition, why) \
    (static_cast<bool>(condition)      \
         ? static_cast<void>(0)        \
         : ::newsmill::check_failed(#condition, __FILE__, __LINE__, (why)))
