// The normalizer's text cleaner: the fast path must give what the slow one gives, and a clean text
// stays as it is.
#include "stages/normalize/cleaner.hpp"
#include "tests/fuzz/harness.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace newsmill;
    using normalize::Cleaned;
    using normalize::Form;
    static normalize::TextCleaner cleaner;
    if (size == 0) return 0;
    const bool html = (data[0] & 1) != 0;
    const Form form = (data[0] & 2) != 0 ? Form::kLine : Form::kParagraphs;
    const std::string_view text = fuzz::text_of(data + 1, size - 1);
    Arena arena(1 << 16);
    const Cleaned fast = cleaner.clean(text, form, html, arena);
    const Cleaned slow = cleaner.clean_slowly(text, form, html, arena);
    NEWSMILL_CHECK(fast.text == slow.text, "both paths clean alike");
    NEWSMILL_CHECK(is_valid_utf8(fast.text), "what is clean is UTF-8");
    return 0;
}
