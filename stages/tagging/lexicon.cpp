#include "stages/tagging/lexicon.hpp"

namespace newsmill {

bool LexiconLines::next(std::string_view& line) noexcept {
    while (!rest_.empty()) {
        const auto end = rest_.find('\n');
        line = rest_.substr(0, end);
        rest_ = end == std::string_view::npos ? std::string_view{} : rest_.substr(end + 1);
        ++number_;
        line = line.substr(0, line.find('#'));
        const auto first = line.find_first_not_of(" \t\r");
        if (first == std::string_view::npos) continue;
        line = line.substr(first, line.find_last_not_of(" \t\r") - first + 1);
        return true;
    }
    return false;
}

}  // namespace newsmill
