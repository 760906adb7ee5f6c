#include "daemon/quote_lexicons.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>
#include <vector>

#include "daemon/cli.hpp"
#include "pipeline/start_error.hpp"

namespace newsmill {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> lexicon_files(const std::string& folder) {
    std::error_code error;
    std::vector<fs::path> paths;
    for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
        if (it->path().extension() == ".cues") paths.push_back(it->path());
    }
    if (error) {
        throw StartError(kExitConfig, "quotes.lexicons: " + folder + ": " + error.message());
    }
    if (paths.empty()) {
        throw StartError(kExitConfig, "quotes.lexicons: no file LANGUAGE.cues in " + folder);
    }
    std::sort(paths.begin(), paths.end());
    return paths;
}

}  // namespace

std::shared_ptr<const CueLexicons> read_lexicons(const std::string& folder) {
    struct File {
        std::string language;
        std::string path;
        std::string text;
    };
    std::vector<File> files;
    if (!folder.empty()) {
        for (const fs::path& path : lexicon_files(folder)) {
            std::ifstream in(path, std::ios::binary);
            std::string text{std::istreambuf_iterator<char>(in), {}};
            if (!in.good() && !in.eof()) {
                throw StartError(kExitConfig, "quotes.lexicons: can't read " + path.string());
            }
            files.push_back({path.stem().string(), path.string(), std::move(text)});
        }
    }
    std::vector<LexiconSource> sources;
    sources.reserve(files.size());
    for (const File& file : files) sources.push_back({file.language, file.path, file.text});
    try {
        return compile_lexicons(sources);
    } catch (const LexiconError& wrong) {
        throw StartError(kExitConfig, wrong.what());
    }
}

}  // namespace newsmill
