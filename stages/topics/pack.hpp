// A rule pack: the topics of one language, with weighted terms and queries, as a text.
//
// Two formats, told apart by the first character: newsmill's own (configs/topics/README.md), and
// the JSON of IPTC's EXTRA examples, {"rules": [{"name", "query", "topicId"}]}.
//
// A value; owns its texts. read_pack() never throws: what is wrong with the text is a list, each
// with the line and the column (in bytes, from 1).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "stages/topics/query.hpp"

namespace newsmill::topics {

struct PackSource {
    std::string name;  // a file's path, for messages
    std::string text;
};

struct PackIssue {
    std::string pack;
    int line = 0;
    int column = 0;
    std::string message;
    bool is_warning = false;
};
// "FILE:LINE:COLUMN: MESSAGE"
std::string to_string(const PackIssue& issue);

struct PackTopic {
    std::string code;
    std::string name;
    std::string parent;  // the code above; empty at the top
    int line = 0;
};

struct PackTerm {
    enum class Form : std::uint8_t {
        kFolded,  // in all inflections
        kExact,   // this form, in any case: "=imports"
        kCased,   // as it stands: "^WHO"
    };
    std::string text;
    std::uint32_t topic = 0;  // index
    std::uint8_t weight = 0;  // 1-9
    Form form = Form::kFolded;
    int line = 0;
    int column = 0;
};

struct PackRule {
    std::string id;
    std::uint32_t topic = 0;
    std::uint8_t weight = 0;   // 1-9: counts like a term; 0: assigns
    std::uint8_t percent = 0;  // of an assigning rule: the confidence
    Query query;
    int line = 0;
    int column = 0;
};

struct PackTest {
    std::string text;                // headline and body are parted by " | "
    std::vector<std::string> codes;  // each is among the topics found
    bool absent = false;             // none of them is
    int line = 0;
};

struct Pack {
    std::string file;
    std::string name;               // "newsmill-en"
    std::string version;            // "2"
    std::string language;           // ISO 639-1
    std::string scheme;             // what stands before a code in a uri
    std::string alias;              // what stands before ':' in a literal
    std::vector<std::string> keep;  // words that are not stemmed
    std::vector<PackTopic> topics;
    std::vector<PackTerm> terms;
    std::vector<PackRule> rules;
    std::vector<PackTest> tests;
    std::vector<PackIssue> issues;

    bool ok() const noexcept;  // no issue but warnings
};

Pack read_pack(const PackSource& source);

}  // namespace newsmill::topics
