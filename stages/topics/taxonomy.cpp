#include "stages/topics/taxonomy.hpp"

#include <algorithm>

#include "stages/topics/words.hpp"

namespace newsmill::embedded {
extern const std::string_view mediatopics;
}

namespace newsmill::topics {
namespace {

std::vector<MediaTopic> read() {
    std::vector<MediaTopic> topics;
    std::string_view rest = embedded::mediatopics;
    while (!rest.empty()) {
        const auto end = rest.find('\n');
        const std::string_view line = rest.substr(0, end);
        rest = end == rest.npos ? std::string_view{} : rest.substr(end + 1);
        const auto first = line.find('\t');
        const auto second = line.find('\t', first + 1);
        if (line.starts_with('#') || first == line.npos || second == line.npos) continue;
        std::string_view parent = line.substr(first + 1, second - first - 1);
        if (parent == "-") parent = {};
        topics.push_back({line.substr(0, first), parent, line.substr(second + 1)});
    }
    std::sort(topics.begin(), topics.end(),
              [](const MediaTopic& a, const MediaTopic& b) { return a.code < b.code; });
    return topics;
}

}  // namespace

const std::vector<MediaTopic>& media_topics() {
    static const std::vector<MediaTopic> topics = read();
    return topics;
}

const MediaTopic* find_media_topic(std::string_view code) {
    const auto& all = media_topics();
    const auto at = std::lower_bound(
        all.begin(), all.end(), code,
        [](const MediaTopic& topic, std::string_view c) { return topic.code < c; });
    return at != all.end() && at->code == code ? &*at : nullptr;
}

const MediaTopic* find_media_topic_named(std::string_view name) {
    const std::string wanted = lower_case(name);
    for (const MediaTopic& topic : media_topics()) {
        if (topic.name.size() == name.size() && lower_case(topic.name) == wanted) return &topic;
    }
    return nullptr;
}

}  // namespace newsmill::topics
