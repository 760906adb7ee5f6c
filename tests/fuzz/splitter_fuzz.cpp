// Feeds, parted: each part is shorter than the whole, and holds no second article.
#include "pipeline/archive/feed_splitter.hpp"

#include <string>

#include "tests/fuzz/harness.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace newsmill;
    FeedSplitter splitter, again;
    if (!splitter.split(fuzz::text_of(data, size))) return 0;
    NEWSMILL_CHECK(splitter.size() > 1, "several");
    std::string part;
    for (std::size_t i = 0; i < splitter.size() && i < 64; ++i) {
        part.resize(splitter.part_bytes(i));
        splitter.write(i, part.data());
        NEWSMILL_CHECK(part.size() < size, "a part is less than the whole");
    }
    return 0;
}
