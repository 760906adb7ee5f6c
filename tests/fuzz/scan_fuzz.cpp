// Scalar and SIMD scans agree.
#include "stages/formats/text_scan.hpp"

#include <string>

#include "tests/fuzz/harness.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace newsmill;
    const std::string_view text = fuzz::text_of(data, size);
    for (std::size_t from = 0; from <= size && from < 20; ++from) {
        const std::string_view rest = text.substr(from);
        std::string copied(rest.size(), '\0'), portably(rest.size(), '\0');
        const std::size_t plain = copy_plain(rest, copied.data());
        NEWSMILL_CHECK(plain == portable::copy_plain(rest, portably.data()), "escapes");
        NEWSMILL_CHECK(rest.starts_with(copied.substr(0, plain)), "what is copied");
        NEWSMILL_CHECK(rest.starts_with(portably.substr(0, plain)), "what is copied portably");
        NEWSMILL_CHECK(count_words(rest) == portable::count_words(rest), "words");
    }
    if (!is_valid_utf8(text)) return 0;
    static CodePointIndex index;
    index.build(text, false);
    NEWSMILL_CHECK(index.total() == count_code_points(text), "code points");
    return 0;
}
