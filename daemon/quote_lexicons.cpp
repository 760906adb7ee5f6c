#include "daemon/quote_lexicons.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

#include "daemon/cli.hpp"
#include "pipeline/start_error.hpp"
#include "stages/quotes.hpp"

namespace newsmill {
namespace fs = std::filesystem;

QuoteLexicons::QuoteLexicons(const std::string& folder) {
    if (folder.empty()) return;
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
    for (const fs::path& path : paths) {
        std::ifstream in(path, std::ios::binary);
        std::string text{std::istreambuf_iterator<char>(in), {}};
        if (!in.good() && !in.eof()) {
            throw StartError(kExitConfig, "quotes.lexicons: can't read " + path.string());
        }
        files_.push_back({path.stem().string(), path.string(), std::move(text)});
    }
    try {
        QuotesOptions options;
        options.lexicons = sources();
        const QuotesStage checked(options);
    } catch (const LexiconError& wrong) {
        throw StartError(kExitConfig, wrong.what());
    }
}

std::vector<LexiconSource> QuoteLexicons::sources() const {
    std::vector<LexiconSource> sources;
    sources.reserve(files_.size());
    for (const File& file : files_) sources.push_back({file.language, file.path, file.text});
    return sources;
}

}  // namespace newsmill
