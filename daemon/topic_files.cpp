#include "daemon/topic_files.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string_view>

#include "daemon/cli.hpp"
#include "pipeline/start_error.hpp"

namespace newsmill {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const std::string& path, int error) {
    throw StartError(kExitConfig, path + ": " + std::strerror(error));
}

std::vector<std::string> pack_files(const std::string& path) {
    std::error_code error;
    if (!fs::is_directory(path, error)) return {path};
    std::vector<std::string> files;
    for (const auto& entry : fs::directory_iterator(path, error)) {
        const std::string extension = entry.path().extension();
        if (extension == ".topics" || extension == ".json") files.push_back(entry.path());
    }
    if (error) fail(path, error.value());
    std::sort(files.begin(), files.end());
    return files;
}

}  // namespace

std::vector<topics::Pack> read_packs(const std::vector<std::string>& paths) {
    std::vector<topics::Pack> packs;
    for (const std::string& path : paths) {
        for (const std::string& file : pack_files(path)) {
            std::ifstream in(file, std::ios::binary);
            if (!in) fail(file, errno);
            std::string text(std::istreambuf_iterator<char>(in), {});
            if (in.bad()) fail(file, EIO);
            packs.push_back(topics::read_pack({file, std::move(text)}));
        }
    }
    return packs;
}

std::shared_ptr<const topics::Model> open_model(const std::string& path) {
    // Read, not mapped: who writes a new model over an old one must not change the one in use.
    std::ifstream in(path, std::ios::binary);
    if (!in) fail(path, errno);
    const auto bytes = std::make_shared<std::string>();
    std::error_code unknown;
    const std::uintmax_t size = fs::file_size(path, unknown);
    if (unknown) fail(path, unknown.value());
    bytes->resize(static_cast<std::size_t>(size));
    in.read(bytes->data(), static_cast<std::streamsize>(bytes->size()));
    if (in.bad()) fail(path, EIO);
    bytes->resize(static_cast<std::size_t>(in.gcount()));
    try {
        return topics::Model::open(bytes, *bytes, path);
    } catch (const topics::ModelError& error_of_model) {
        throw StartError(kExitConfig, error_of_model.what());
    }
}

TopicsOptions topics_options(const Config& config) {
    TopicsOptions options;
    options.topics_max = static_cast<std::uint32_t>(config.topics.topics_max);
    options.confidence_min = static_cast<std::uint32_t>(config.topics.confidence_min);
    options.relevance_min = static_cast<std::uint32_t>(config.topics.relevance_min);
    options.matches_max = static_cast<std::uint32_t>(config.topics.matches_max);
    options.memo_bytes = static_cast<std::size_t>(config.pipeline.memo_bytes);
    if (!config.topics.enabled) return options;
    if (!config.topics.model.empty()) options.model = open_model(config.topics.model);
    if (config.topics.built_in && config.topics.packs.empty()) return options;
    std::vector<topics::Pack> packs;
    if (config.topics.built_in) packs = topics::built_in_packs();
    for (topics::Pack& pack : read_packs(config.topics.packs)) packs.push_back(std::move(pack));
    try {
        options.rules = topics::Rules::compile(packs);
    } catch (const topics::PackError& error) {
        throw StartError(kExitConfig, error.what());
    }
    return options;
}

}  // namespace newsmill
