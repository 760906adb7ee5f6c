// A segment of the journal in files, of any bytes.
#include "pipeline/archive/file_journal.hpp"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "pipeline/start_error.hpp"
#include "tests/fuzz/harness.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace newsmill;
    namespace fs = std::filesystem;
    static const fs::path kFolder =
        fs::temp_directory_path() / ("newsmill_fuzz_" + std::to_string(getpid()));
    static const std::string kSegment = [] {
        fs::remove_all(kFolder);
        FileJournal journal({.path = kFolder.native(), .sync = false});
        static_cast<void>(journal.append("one record"));
        std::string name;
        for (const auto& entry : fs::directory_iterator(kFolder)) {
            if (entry.file_size() > 0) name = entry.path().native();
        }
        return name;
    }();
    std::ofstream(kSegment, std::ios::binary | std::ios::trunc)
        .write(reinterpret_cast<const char*>(data), static_cast<std::streamsize>(size));
    try {
        FileJournal journal({.path = kFolder.native(), .sync = false, .read_only = true});
        std::string_view record;
        for (int i = 0; i < 100; ++i) {
            if (journal.poll(record) != Outcome::kOk || record.empty()) break;
        }
    } catch (const StartError&) {
    }
    return 0;
}
