#include "daemon/record_view.hpp"

#include <simdjson.h>

#include <algorithm>

namespace newsmill {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;

std::string text_at(const element& root, const char* pointer) {
    std::string_view text;
    return root.at_pointer(pointer).get(text) == simdjson::SUCCESS ? std::string(text)
                                                                   : std::string();
}

std::int64_t number_at(const element& root, const char* pointer) {
    std::int64_t number = -1;
    return root.at_pointer(pointer).get(number) == simdjson::SUCCESS ? number : -1;
}

bool is_start(char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }

}  // namespace

RecordView view_record(std::string_view json) {
    RecordView view;
    simdjson::dom::parser parser;
    element root;
    if (parser.parse(simdjson::padded_string(json)).get(root) != simdjson::SUCCESS) return view;
    view.uri = text_at(root, "/uri");
    view.headline = text_at(root, "/headlines/0/value");
    view.decision = text_at(root, "/enrichment/dedup/decision");
    view.partition = static_cast<std::int32_t>(number_at(root, "/enrichment/input/partition"));
    view.offset = number_at(root, "/enrichment/input/offset");
    array items;
    if (root.at_pointer("/subjects").get(items) == simdjson::SUCCESS) {
        for (const element& item : items) view.topics.push_back(text_at(item, "/name"));
    }
    if (root.at_pointer("/enrichment/quotes").get(items) == simdjson::SUCCESS) {
        for (const element& item : items) {
            view.quotes.emplace_back(text_at(item, "/speaker/name"), text_at(item, "/text"));
        }
    }
    return view;
}

std::size_t columns(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), is_start));
}

std::string first_columns(std::string_view text, std::size_t width) {
    if (columns(text) <= width) return std::string(text);
    std::size_t at = 0;
    for (std::size_t seen = 0; at < text.size(); ++at) {
        if (is_start(text[at]) && ++seen == width) break;
    }
    return std::string(text.substr(0, at)) + "…";
}

}  // namespace newsmill
