// The target of a request, taken apart. Not for others than the files of AdminApi.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "daemon/admin_api.hpp"

namespace newsmill {

struct AdminApi::Query {
    std::string path;
    std::map<std::string, std::string, std::less<>> values;  // decoded; of like names the last

    explicit Query(std::string_view target) {
        const std::size_t mark = target.find('?');
        path = target.substr(0, mark);
        if (mark == std::string_view::npos) return;
        std::string_view rest = target.substr(mark + 1);
        while (!rest.empty()) {
            const std::string_view one = rest.substr(0, rest.find('&'));
            rest.remove_prefix(std::min(rest.size(), one.size() + 1));
            const std::size_t equals = std::min(one.find('='), one.size());
            values[decoded(one.substr(0, equals))] =
                decoded(one.substr(std::min(one.size(), equals + 1)));
        }
    }

    std::string text(std::string_view name, std::string_view otherwise = {}) const {
        const auto at = values.find(name);
        return at == values.end() ? std::string(otherwise) : at->second;
    }
    // What is no number, or out of its bounds, is the nearest that is allowed.
    std::uint64_t number(std::string_view name, std::uint64_t otherwise, std::uint64_t max) const {
        const auto at = values.find(name);
        if (at == values.end()) return otherwise;
        const std::string& text = at->second;
        std::uint64_t value = 0;
        const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
        if (result.ec == std::errc::result_out_of_range) return max;
        if (result.ec != std::errc() || result.ptr != text.data() + text.size()) return otherwise;
        return std::min(value, max);
    }

    static std::string decoded(std::string_view text) {
        std::string out;
        for (std::size_t i = 0; i < text.size(); ++i) {
            unsigned code = 0;
            if (text[i] == '%' && i + 2 < text.size() &&
                std::from_chars(text.data() + i + 1, text.data() + i + 3, code, 16).ptr ==
                    text.data() + i + 3) {
                out += static_cast<char>(code);
                i += 2;
            } else {
                out += text[i] == '+' ? ' ' : text[i];
            }
        }
        return out;
    }
};

}  // namespace newsmill
