#include "stages/formats/xml_paragraphs.hpp"

#include <algorithm>

namespace newsmill {
namespace {

constexpr std::size_t kWireWidthMin = 45;
constexpr std::size_t kWireWidthMax = 85;

bool is_space(char c) noexcept { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

std::string_view trim(std::string_view text) noexcept {
    while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
    return text;
}

std::string_view cut(std::string_view& text, char at) noexcept {
    const std::size_t end = std::min(text.find(at), text.size());
    const std::string_view first = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return first;
}

// A typesetter's dash that came through escaped, "<endash>-</endash>" (STT): what it stands for.
constexpr std::string_view kEnDash = "<endash>-</endash>";
constexpr std::string_view kEmDash = "<emdash>-</emdash>";

std::string_view dash_at(std::string_view text) noexcept {
    if (text.starts_with(kEnDash)) return "\xE2\x80\x93";
    if (text.starts_with(kEmDash)) return "\xE2\x80\x94";
    return {};
}

}  // namespace

void ParagraphWriter::cell() {
    if (!paragraph_.empty()) paragraph_.append("\t");
}

void ParagraphWriter::end_paragraph() {
    const std::string_view text = trim(paragraph_);
    if (!text.empty()) {
        html_.append("<p>");
        write(text, is_wire_text(), is_wrapped());
        html_.append("</p>\n");
    }
    paragraph_.clear();
}

// Of the lines after the first, some are indented and some are not: the indented ones begin
// paragraphs. (All are indented in pretty-printed XML, none in a text that was wrapped later.)
bool ParagraphWriter::is_wire_text() const noexcept {
    std::string_view rest = trim(paragraph_);
    cut(rest, '\n');
    bool indented = false, flush = false;
    while (!rest.empty()) {
        const std::string_view one = cut(rest, '\n');
        if (trim(one).empty()) continue;
        if (one.starts_with("  ") || one.starts_with('\t')) {
            indented = true;
        } else {
            flush = true;
        }
    }
    return indented && flush;
}

bool ParagraphWriter::is_wrapped() const noexcept {
    std::string_view rest = trim(paragraph_);
    while (!rest.empty() && rest.back() == kBreak) rest = trim(rest.substr(0, rest.size() - 1));
    if (rest.find(kBreak) == std::string_view::npos) return false;
    while (true) {
        const std::string_view one = trim(cut(rest, kBreak));
        if (rest.empty()) return true;
        if (one.size() < kWireWidthMin || one.size() > kWireWidthMax) return false;
    }
}

void ParagraphWriter::write(std::string_view text, bool wire, bool wrapped) {
    std::size_t line_ends = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (const auto dash = dash_at(text.substr(i)); !dash.empty()) {
            html_.append(dash);
            i += kEnDash.size() - 1;
            line_ends = 0;
            continue;
        }
        if (c == kBreak) {
            html_.append(wrapped ? " " : "<br>");
            continue;
        }
        if (c != '\n') {
            if (!is_space(c)) line_ends = 0;
            put(c);
            continue;
        }
        ++line_ends;
        const std::string_view rest = text.substr(i + 1);
        const bool indented = rest.starts_with("  ") || rest.starts_with('\t');
        if (line_ends == 2 || (wire && indented && line_ends == 1)) {
            html_.append("</p>\n<p>");
        } else {
            html_.push_back('\n');
        }
    }
}

void ParagraphWriter::put(char c) {
    switch (c) {
        case '<': html_.append("&lt;"); break;
        case '>': html_.append("&gt;"); break;
        default: html_.push_back(c);
    }
}

}  // namespace newsmill
