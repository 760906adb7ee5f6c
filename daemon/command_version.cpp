// `newsmill version`: what this program is, for people and for bug reports.
#include <CLI/CLI.hpp>
#include <memory>

#include "daemon/cli.hpp"
#include "pipeline/build_info.hpp"
#include "pipeline/json_quote.hpp"

namespace newsmill {
namespace {

std::string version_text() {
    std::string out = "newsmill " + std::string(build_id()) + "\n";
    out +=
        "  built with " + std::string(build_compiler()) + ", " + std::string(build_type()) + "\n";
    std::string line = " ";
    for (const LibraryVersion& library : build_libraries()) {
        line += " " + std::string(library.name) + " " + std::string(library.version) + ",";
    }
    line.pop_back();
    return out + line + "\n";
}

std::string version_json() {
    std::string out = "{\"name\": \"newsmill\", \"version\": " + json_quoted(build_version()) +
                      ", \"build\": " + json_quoted(build_id()) +
                      ", \"compiler\": " + json_quoted(build_compiler()) +
                      ", \"type\": " + json_quoted(build_type()) + ", \"libraries\": {";
    bool first = true;
    for (const LibraryVersion& library : build_libraries()) {
        out += std::string(first ? "" : ", ") + json_quoted(library.name) + ": " +
               json_quoted(library.version);
        first = false;
    }
    return out + "}}\n";
}

}  // namespace

Action command_version(CLI::App& app) {
    auto json = std::make_shared<bool>(false);
    app.add_flag("--json", *json, "As one JSON object");
    return [json] {
        return write_out(*json ? version_json() : version_text()) ? kExitOk : kExitTryAgain;
    };
}

}  // namespace newsmill
