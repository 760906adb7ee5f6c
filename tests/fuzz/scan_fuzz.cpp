// Scalar and SIMD scans agree.
#include "stages/formats/text_scan.hpp"

#include "tests/fuzz/harness.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace newsmill;
    const std::string_view text = fuzz::text_of(data, size);
    for (std::size_t from = 0; from <= size && from < 20; ++from) {
        const std::string_view rest = text.substr(from);
        NEWSMILL_CHECK(find_escape(rest) == portable::find_escape(rest), "escapes");
        NEWSMILL_CHECK(count_words(rest) == portable::count_words(rest), "words");
    }
    if (!is_valid_utf8(text)) return 0;
    static CodePointIndex index;
    index.build(text, false);
    NEWSMILL_CHECK(index.total() == count_code_points(text), "code points");
    return 0;
}
