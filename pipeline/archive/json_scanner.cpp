#include "pipeline/archive/json_scanner.hpp"

namespace newsmill {

// Inside a string: returns the offset after its end, or the text's size.
std::size_t JsonScanner::feed_string(std::string_view text, std::size_t at) noexcept {
    for (; at < text.size(); ++at) {
        const char c = text[at];
        if (escaped_) {
            escaped_ = false;
        } else if (c == '\\') {
            escaped_ = true;
        } else if (c == '"' || c == '\n') {
            broken_ |= c == '\n';
            in_string_ = false;
            return at + 1;
        }
    }
    return at;
}

std::size_t JsonScanner::feed(std::string_view text) noexcept {
    std::size_t at = 0;
    while (at < text.size() && !done_) {
        if (in_string_) {
            at = feed_string(text, at);
            done_ = !in_string_ && depth_ == 0;
            continue;
        }
        const char c = text[at];
        const bool closes = c == '}' || c == ']';
        if (in_scalar_ && (closes || c == ',' || is_json_blank(c))) {
            done_ = true;
            break;  // the delimiter is not the value's
        }
        ++at;
        if (c == '"') {
            in_string_ = true;
        } else if (c == '{' || c == '[') {
            ++depth_;
        } else if (closes && depth_ > 0) {
            done_ = --depth_ == 0;
        } else if (depth_ == 0) {
            in_scalar_ = true;
        }
    }
    return at;
}

}  // namespace newsmill
