// Zeroed memory straight from the system, for a table that is too large for the heap: pages are
// taken as they are touched, huge ones where the system grants them (transparent huge pages on
// request), which spares a table that is looked up at random most of its TLB misses.
//
// Ownership: the object's; freed with it. Threads: as for any memory. Errors: without room the
// process ends, like every allocation of the mill; the memory plan is there to prevent it.
#pragma once

#include <cstddef>

namespace newsmill {

class Pages {
   public:
    explicit Pages(std::size_t bytes);
    ~Pages();
    Pages(const Pages&) = delete;
    Pages& operator=(const Pages&) = delete;

    void* data() const noexcept { return data_; }  // aligned to a page
    std::size_t bytes() const noexcept { return bytes_; }

   private:
    void* data_;
    std::size_t bytes_;
};

}  // namespace newsmill
