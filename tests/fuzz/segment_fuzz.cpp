// A segment of the archive, of any bytes: read, and mended by a writer.
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "pipeline/archive/archive_reader.hpp"
#include "pipeline/archive/archive_writer.hpp"
#include "pipeline/log.hpp"
#include "pipeline/start_error.hpp"
#include "tests/fuzz/harness.hpp"

namespace newsmill::fuzz {
namespace {

std::size_t count_records(const std::string& path) {
    ArchiveReader reader(path);
    ArchivedRecord record;
    std::size_t records = 0;
    unsigned sum = 0;
    for (; reader.next(record); ++records) {
        for (const char c : record.value) sum += static_cast<unsigned char>(c);
        for (const Header& header : record.headers)
            sum += static_cast<unsigned>(header.name.size());
    }
    [[maybe_unused]] static volatile unsigned kept;
    kept = sum;
    return records;
}

}  // namespace
}  // namespace newsmill::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace newsmill;
    namespace fs = std::filesystem;
    static const std::string kFolder =
        fs::temp_directory_path() / ("newsmill_segment_" + std::to_string(getpid()));
    log_set_level(LogLevel::kOff);
    fs::remove_all(kFolder);
    fs::create_directories(kFolder);
    std::ofstream(kFolder + "/" + archive_segment_name(0), std::ios::binary)
        .write(reinterpret_cast<const char*>(data), static_cast<std::streamsize>(size));
    const std::size_t before = fuzz::count_records(kFolder);
    try {
        ArchiveWriter writer({.path = kFolder, .sync = false});
        Article article;
        article.payload = "one more";
        writer.add(article, 0);
        if (writer.seal() == 0) writer.confirm();
    } catch (const StartError&) {
        return 0;
    }
    // Mending never loses a record that could be read.
    NEWSMILL_CHECK(fuzz::count_records(kFolder) > before, "records are kept");
    fs::remove_all(kFolder);
    return 0;
}
