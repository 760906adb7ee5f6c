// Files of any bytes: plain or packed, lines, arrays, feeds, text.
#include <sys/mman.h>
#include <unistd.h>

#include <string>

#include "pipeline/archive/file_reader.hpp"
#include "tests/fuzz/harness.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace newsmill;
    static const int kFile = memfd_create("fuzz", 0);
    static const std::string kPath = "/proc/self/fd/" + std::to_string(kFile);
    NEWSMILL_CHECK(ftruncate(kFile, 0) == 0, "the file is emptied");
    NEWSMILL_CHECK(pwrite(kFile, data, size, 0) == static_cast<ssize_t>(size), "it is written");
    FileReader reader({kPath}, {.block_bytes = 512, .record_bytes_max = 4096});
    FileRecord record;
    std::int64_t number = 0;
    unsigned sum = 0;
    for (std::size_t records = 0; reader.next(record); ++records) {
        NEWSMILL_CHECK(record.number > number, "numbers rise");
        number = record.number;
        // 64 bytes more may be read.
        for (std::size_t i = 0; i < record.bytes.size() + Block::kPaddingBytes; ++i) {
            sum += static_cast<unsigned char>(record.bytes.data()[i]);
        }
    }
    [[maybe_unused]] static volatile unsigned kept;
    kept = sum;
    return 0;
}
