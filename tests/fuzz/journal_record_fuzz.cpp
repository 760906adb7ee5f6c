// Records of the journal as they come, and with the magic and the checksum put right, so that the
// decoder behind them is tried.
#include "pipeline/journal_record.hpp"

#include <xxhash.h>

#include <string>

#include "tests/fuzz/harness.hpp"

namespace newsmill {
namespace {

void decode(std::string_view bytes) {
    static JournalRecord record;
    if (!decode_journal_record(bytes, record)) return;
    std::size_t sum = record.settings.size();
    for (const JournalEntry& entry : record.entries) {
        for (const std::string_view text :
             {entry.uri, entry.sketch, entry.source, entry.origin.topic}) {
            for (const char c : text) sum += static_cast<unsigned char>(c);
        }
    }
    [[maybe_unused]] static volatile std::size_t kept;
    kept = sum;
}

}  // namespace
}  // namespace newsmill

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace newsmill;
    decode(fuzz::text_of(data, size));
    std::string mended = "NMJ2";
    mended.append(fuzz::text_of(data, size));
    const std::uint64_t hash = XXH3_64bits(mended.data(), mended.size());
    for (int i = 0; i < 8; ++i) mended.push_back(static_cast<char>(hash >> (8 * i) & 0xFF));
    decode(mended);
    return 0;
}
