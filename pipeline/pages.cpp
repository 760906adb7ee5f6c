#include "pipeline/pages.hpp"

#include <sys/mman.h>

#include "pipeline/check.hpp"

namespace newsmill {

Pages::Pages(std::size_t bytes)
    : data_(mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)),
      bytes_(bytes) {
    NEWSMILL_CHECK(data_ != MAP_FAILED, "the system gives no memory for a table");
#if defined(MADV_HUGEPAGE)
    madvise(data_, bytes_, MADV_HUGEPAGE);  // a wish: small pages do too
#endif
}

Pages::~Pages() { munmap(data_, bytes_); }

}  // namespace newsmill
