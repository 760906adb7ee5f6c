#include "daemon/fact_texts.hpp"

#include <algorithm>
#include <set>

namespace newsmill {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || static_cast<unsigned char>(c) >= 128;
}

// Words, and numbers with their points and commas, in the order of the text.
std::vector<std::string_view> tokens(std::string_view body) {
    std::vector<std::string_view> out;
    for (std::size_t at = 0; at < body.size();) {
        std::size_t end = at;
        while (end < body.size() &&
               (is_letter(body[end]) || is_digit(body[end]) ||
                ((body[end] == '.' || body[end] == ',') && end > at && is_digit(body[end - 1]) &&
                 end + 1 < body.size() && is_digit(body[end + 1])))) {
            ++end;
        }
        if (end > at) out.push_back(body.substr(at, end - at));
        at = end > at ? end : at + 1;
    }
    return out;
}

}  // namespace

FactTexts fact_texts(std::string_view body) {
    FactTexts out;
    WordReader reader;
    Sketcher sketcher;
    Sketch sketch;
    std::string before;
    for (const std::string_view view : tokens(body)) {
        const std::string token(view);
        // Names are capitalised words inside sentences, and two of them in a row.
        sketcher.make(reader.read("a " + token, false), sketch);
        if (sketch.figures.count > 0) out.figures.try_emplace(sketch.figures[0], token);
        if (sketch.names.count > 0) {
            out.names.try_emplace(sketch.names[0], token);
            sketcher.make(reader.read("a " + before + " " + token, false), sketch);
            for (std::size_t i = 0; i < sketch.names.count; ++i) {
                if (is_full_name(sketch.names[i])) {
                    out.names.try_emplace(sketch.names[i], before + " " + token);
                }
            }
        }
        before = token;
    }
    return out;
}

FactComparison compare_facts(const FactSample& here, const FactSample& there,
                             const std::map<std::uint32_t, std::string>& texts) {
    // Above the smaller of two full samples' last facts, one of them may hold what it leaves out.
    std::uint32_t last = ~0u;
    for (const FactSample* sample : {&here, &there}) {
        if (!sample->complete()) last = std::min(last, (*sample)[sample->count - 1u]);
    }
    std::set<std::uint32_t> others;
    for (std::size_t i = 0; i < there.count; ++i) {
        if (there[i] <= last) others.insert(there[i]);
    }
    FactComparison out;
    for (std::size_t i = 0; i < here.count && here[i] <= last; ++i) {
        const auto text = texts.find(here[i]);
        const bool common = others.erase(here[i]) > 0;
        (common ? out.both : out.here).push_back(text == texts.end() ? "?" : text->second);
    }
    out.there = others.size();
    return out;
}

}  // namespace newsmill
