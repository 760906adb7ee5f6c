#include "pipeline/config.hpp"

#include "tests/fuzz/harness.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace newsmill;
    const std::string_view text = fuzz::text_of(data, size);
    // No files and no secrets of this machine are read: what names them is passed over.
    if (text.find("${") != std::string_view::npos) return 0;
    const LoadedConfig loaded = parse_config(text, "fuzz.toml");
    NEWSMILL_CHECK(loaded.hash.size() == 16, "a config has a hash");
    return 0;
}
