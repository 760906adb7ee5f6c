#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <optional>
#include <sstream>

#include "pipeline/config_entries.hpp"

namespace newsmill {
namespace {

// A password or a certificate chain; a larger file was not meant.
constexpr std::size_t kFileBytesMax = 1 << 20;

struct Failure {
    std::string message;
};

std::string read_secret_file(const std::string& path, std::string_view what) {
    std::ifstream file(path, std::ios::binary);
    std::string text;
    if (file) {
        text.resize(kFileBytesMax + 1);
        errno = 0;
        file.read(text.data(), static_cast<std::streamsize>(text.size()));
        text.resize(static_cast<std::size_t>(file.gcount()));
    }
    if (!file.is_open() || file.bad()) {
        throw Failure{std::string(what) + ": cannot read '" + path + "': " + std::strerror(errno)};
    }
    if (text.size() > kFileBytesMax) {
        throw Failure{std::string(what) + ": '" + path + "' has more than 1MiB"};
    }
    // Editors and `echo` end a file with a newline that is no part of a password.
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
    return text;
}

// `name` is what stands between "${env:" and "}".
std::string env_value(std::string_view name) {
    std::optional<std::string_view> otherwise;
    if (const auto at = name.find(":-"); at != name.npos) {
        otherwise = name.substr(at + 2);
        name = name.substr(0, at);
    }
    const char* value = std::getenv(std::string(name).c_str());
    // As in the shell, :- stands in for an empty variable too.
    if (otherwise && (value == nullptr || *value == '\0')) return std::string(*otherwise);
    if (value == nullptr) {
        throw Failure{"${env:" + std::string(name) + "}: the variable is not set; ${env:" +
                      std::string(name) + ":-default} gives it a default"};
    }
    return value;
}

std::string cred_value(std::string_view name) {
    const std::string what = "${cred:" + std::string(name) + "}";
    if (name.empty() || name.find('/') != name.npos || name.starts_with("..")) {
        throw Failure{what + ": a credential's name has no slashes"};
    }
    const char* directory = std::getenv("CREDENTIALS_DIRECTORY");
    if (directory == nullptr || *directory == '\0') {
        throw Failure{what +
                      ": $CREDENTIALS_DIRECTORY is not set (systemd sets it for "
                      "LoadCredential=)"};
    }
    return read_secret_file(std::string(directory) + "/" + std::string(name), what);
}

std::string reference_value(std::string_view reference, bool& secret) {
    const auto colon = reference.find(':');
    const std::string_view kind = reference.substr(0, colon);
    const std::string_view name =
        colon == reference.npos ? std::string_view() : reference.substr(colon + 1);
    if (colon != reference.npos && !name.empty()) {
        if (kind == "env") return env_value(name);
        if (kind == "file") {
            secret = true;
            return read_secret_file(std::string(name), "${file:" + std::string(name) + "}");
        }
        if (kind == "cred") {
            secret = true;
            return cred_value(name);
        }
    }
    throw Failure{"'${" + std::string(reference) +
                  "}' is none of ${env:VAR}, ${env:VAR:-default}, ${file:PATH} and ${cred:NAME}; "
                  "write $${ for a plain ${"};
}

// One pass: what is put in is not looked at again.
std::string expand(std::string_view text, bool& changed, bool& secret) {
    std::string out;
    std::size_t at = 0;
    while (at < text.size()) {
        const auto dollar = text.find("${", at);
        if (dollar == text.npos) break;
        if (dollar > at && text[dollar - 1] == '$') {
            out.append(text, at, dollar - 1 - at);
            out += "${";
            at = dollar + 2;
            continue;
        }
        const auto close = text.find('}', dollar);
        if (close == text.npos) {
            throw Failure{"a ${ without its }; write $${ for a plain ${"};
        }
        out.append(text, at, dollar - at);
        out += reference_value(text.substr(dollar + 2, close - dollar - 2), secret);
        changed = true;
        at = close + 1;
    }
    out.append(text.substr(at));
    return out;
}

}  // namespace

bool substitute(ConfigValue& value, std::string_view path, std::vector<ConfigIssue>& issues) {
    bool good = true;
    for (ConfigValue& item : value.items) good = substitute(item, path, issues) && good;
    if (value.type != ConfigValue::Type::kString) return good;
    if (value.text.find("${") == std::string::npos) return good;
    try {
        bool changed = false;
        value.text = expand(value.text, changed, value.secret);
        if (changed) value.loose = true;
    } catch (const Failure& failure) {
        issues.push_back({value.where, std::string(path) + ": " + failure.message});
        return false;
    }
    return good;
}

}  // namespace newsmill
