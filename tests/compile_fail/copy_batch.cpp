// must fail: deleted
// A batch has one owner: it is passed on, never copied.
#include "pipeline/batch.hpp"

std::size_t size_of(const newsmill::Batch& batch) {
#ifdef CONTROL
    const newsmill::Batch& same = batch;
#else
    const newsmill::Batch same = batch;
#endif
    return same.articles.size();
}
