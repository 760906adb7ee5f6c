// must fail: static assertion
// A move that throws would leave a hole in the sequence.
#include "pipeline/queue.hpp"

struct Item {
    Item() = default;
#ifdef CONTROL
    Item(Item&&) noexcept {}
#else
    Item(Item&&) {}
#endif
};

std::size_t make() { return newsmill::SpscQueue<Item>(2).capacity(); }
