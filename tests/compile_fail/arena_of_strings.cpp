// must fail: static assertion
// The arena frees without destructors: what owns memory must not live there.
#include <string>
#include <string_view>

#include "pipeline/arena.hpp"

std::size_t make(newsmill::Arena& arena) {
#ifdef CONTROL
    return arena.array<std::string_view>(3).size();
#else
    return arena.array<std::string>(3).size();
#endif
}
