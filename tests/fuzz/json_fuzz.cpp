#include "tests/fuzz/harness.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace newsmill;
    static fuzz::Reading reading({.format = ParseOptions::Format::kJson, .passthrough = true});
    reading.read(fuzz::text_of(data, size));
    return 0;
}
