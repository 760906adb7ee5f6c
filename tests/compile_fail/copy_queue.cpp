// must fail: deleted
// A queue is a place that two threads know: a copy would be another place.
#include "pipeline/queue.hpp"

std::size_t size_of(const newsmill::SpscQueue<int>& queue) {
#ifdef CONTROL
    const newsmill::SpscQueue<int>& same = queue;
#else
    const newsmill::SpscQueue<int> same = queue;
#endif
    return same.size();
}
