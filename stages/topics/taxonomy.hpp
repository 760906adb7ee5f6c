// IPTC Media Topics: codes, names and the code above each; a tree with 17 roots. Built in, from
// configs/topics/mediatopics.tsv (the version of 2023-03-31).
//
// Immutable; made at the first call, for any thread. Views live as long as the program.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace newsmill::topics {

inline constexpr std::string_view kMediaTopicScheme = "http://cv.iptc.org/newscodes/mediatopic/";
inline constexpr std::string_view kMediaTopicAlias = "medtop";

struct MediaTopic {
    std::string_view code;    // "20000574"
    std::string_view parent;  // empty at the top
    std::string_view name;    // "election"
};

// In the order of codes.
const std::vector<MediaTopic>& media_topics();
// nullptr if there is none of this code.
const MediaTopic* find_media_topic(std::string_view code);
// By name, in any case; nullptr if there is none.
const MediaTopic* find_media_topic_named(std::string_view name);

}  // namespace newsmill::topics
