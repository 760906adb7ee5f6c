// must fail: cannot bind|no matching
// What is pushed is given away, and the caller says so.
#include <memory>
#include <utility>

#include "pipeline/batch.hpp"
#include "pipeline/queue.hpp"

bool hand_off(newsmill::SpscQueue<std::unique_ptr<newsmill::Batch>>& queue,
              std::unique_ptr<newsmill::Batch> batch) {
#ifdef CONTROL
    return queue.try_push(std::move(batch));
#else
    return queue.try_push(batch);
#endif
}
