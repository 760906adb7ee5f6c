// must fail: unused-result|ignoring return value
// A full queue refuses; whoever does not look loses the item.
#include "pipeline/queue.hpp"

void hand_off(newsmill::SpscQueue<int>& queue) {
#ifdef CONTROL
    static_cast<void>(queue.try_push(1));
#else
    queue.try_push(1);
#endif
}
