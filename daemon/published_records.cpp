#include "daemon/published_records.hpp"

#include <fmt/format.h>
#include <simdjson.h>
#include <xxhash.h>

#include <utility>

#include "daemon/record_view.hpp"
#include "pipeline/json_quote.hpp"

namespace newsmill {
namespace {

using simdjson::dom::element;
using simdjson::dom::object;

std::string text_at(const element& root, const char* pointer) {
    std::string_view text;
    return root.at_pointer(pointer).get(text) == simdjson::SUCCESS ? std::string(text)
                                                                   : std::string();
}

std::uint64_t hash_of(std::string_view text, std::uint64_t seed) {
    return XXH3_64bits_withSeed(text.data(), text.size(), seed);
}

std::uint64_t hash_at(const element& root, const char* pointer) {
    element part;
    if (root.at_pointer(pointer).get(part) != simdjson::SUCCESS) return 0;
    return hash_of(simdjson::minify(part), 1);
}

// All members but those that are compared on their own, or that say who made the record.
std::uint64_t hash_of_rest(const element& root) {
    std::uint64_t hash = 0;
    object members;
    if (root.get(members) != simdjson::SUCCESS) return 0;
    for (const auto& [name, value] : members) {
        if (name == "subjects" || name == "people" || name == "enrichment") continue;
        hash = hash_of(simdjson::minify(value), hash_of(name, hash));
    }
    return hash;
}

std::int64_t number_at(const element& root, const std::string& pointer) {
    std::int64_t number = -1;
    return root.at_pointer(pointer).get(number) == simdjson::SUCCESS ? number : -1;
}

std::string input_at(const element& root, const std::string& parent) {
    const std::string topic = text_at(root, (parent + "/topic").c_str());
    if (!topic.empty()) {
        return input_name({topic, static_cast<std::int32_t>(number_at(root, parent + "/partition")),
                           number_at(root, parent + "/offset"), kNoTime});
    }
    const std::string file = text_at(root, (parent + "/file").c_str());
    if (file.empty()) return {};
    return input_name({file, -1, number_at(root, parent + "/line"), kNoTime});
}

}  // namespace

std::string input_name(const Origin& origin) {
    if (origin.partition < 0) return fmt::format("{}@{}", origin.topic, origin.offset);
    return fmt::format("{}/{}@{}", origin.topic, origin.partition, origin.offset);
}

// ---- Facts
// ------------------------------------------------------------------------------

struct RecordReader::Parser {
    simdjson::dom::parser parser;
};

RecordReader::RecordReader() : parser_(std::make_unique<Parser>()) {}
RecordReader::~RecordReader() = default;

bool RecordReader::read(std::string_view json, RecordFacts& facts) {
    facts = {};
    element root;
    if (parser_->parser.parse(json.data(), json.size()).get(root) != simdjson::SUCCESS)
        return false;
    if (const std::string code = text_at(root, "/errors/code"); !code.empty()) {
        facts.input = input_at(root, "/errors");
        facts.decision = "dead letter " + code;
        return !facts.input.empty();
    }
    facts.input = input_at(root, "/enrichment/input");
    if (facts.input.empty()) return false;
    facts.uri = text_at(root, "/uri");
    facts.headline = text_at(root, "/headlines/0/value");
    facts.decision = text_at(root, "/enrichment/dedup/decision");
    facts.of = text_at(root, "/enrichment/dedup/of/uri");
    facts.cluster = text_at(root, "/enrichment/dedup/clusterId");
    facts.topics = hash_at(root, "/subjects") ^ hash_at(root, "/enrichment/topics");
    facts.quotes = hash_at(root, "/enrichment/quotes");
    facts.text = hash_of_rest(root);
    return true;
}

// ---- Comparison
// ------------------------------------------------------------------------------

void PublishedRecords::add(RecordFacts facts) {
    std::string input = facts.input;
    records_.try_emplace(std::move(input), Known{std::move(facts), false});
}

RecordChange PublishedRecords::compare(const RecordFacts& after, bool is_dropped) {
    RecordChange change;
    change.after = &after;
    const auto it = records_.find(after.input);
    if (it == records_.end()) {
        if (is_dropped) {  // as it was then
            ++counts_.compared;
            ++counts_.same;
            return change;
        }
        ++counts_.not_published;
        change.decision = true;
        return change;
    }
    const RecordFacts& before = it->second.facts;
    it->second.seen = true;
    change.before = &before;
    ++counts_.compared;
    // A profile without `enrichment` tells the kind alone, in a header.
    const bool kind_only = before.cluster.empty() || after.cluster.empty();
    change.decision = before.decision != after.decision ||
                      (!kind_only && (before.of != after.of || before.cluster != after.cluster));
    const bool both = !before.uri.empty() && !after.uri.empty();  // records, no dead letters
    change.topics = both && before.topics != after.topics;
    change.quotes = both && before.quotes != after.quotes;
    change.text = both && before.text != after.text;
    counts_.decisions += change.decision ? 1 : 0;
    counts_.topics += change.topics ? 1 : 0;
    counts_.quotes += change.quotes ? 1 : 0;
    counts_.text += change.text ? 1 : 0;
    counts_.same += change.any() ? 0 : 1;
    return change;
}

void PublishedRecords::count_rest() {
    counts_.not_replayed = 0;
    for (const auto& [input, known] : records_) counts_.not_replayed += known.seen ? 0 : 1;
}

CompareProducer::CompareProducer(PublishedRecords& published, Say say)
    : published_(published), say_(std::move(say)) {}

void CompareProducer::sent(const Batch& batch) noexcept {
    RecordFacts facts;
    for (const Article& article : batch.articles) {
        if (!article.ok()) {
            facts = {};
            facts.decision = "dead letter " + std::string(code_name(article.verdict.code));
        } else {
            reader_.read(article.record, facts);
        }
        facts.input = input_name(article.origin);
        const RecordChange change =
            published_.compare(facts, article.output.channel == Channel::kNone);
        if (change.any()) say_(change);
    }
}

// ---- Lines
// ------------------------------------------------------------------------------

namespace {

std::string decision_text(const RecordFacts* facts) {
    if (facts == nullptr) return "nothing";
    std::string text = facts->decision;
    if (!facts->of.empty()) text += " of " + facts->of;
    return text;
}

std::string side_json(const RecordFacts* facts) {
    if (facts == nullptr) return "null";
    std::string text = "{\"decision\":" + json_quoted(facts->decision);
    if (!facts->of.empty()) text += ",\"of\":" + json_quoted(facts->of);
    if (!facts->cluster.empty()) text += ",\"clusterId\":" + json_quoted(facts->cluster);
    return text + "}";
}

std::vector<std::string_view> parts_of(const RecordChange& change) {
    std::vector<std::string_view> parts;
    if (change.decision) parts.push_back("decision");
    if (change.topics) parts.push_back("topics");
    if (change.quotes) parts.push_back("quotes");
    if (change.text) parts.push_back("text");
    return parts;
}

const RecordFacts& known_side(const RecordChange& change) {
    return change.after != nullptr ? *change.after : *change.before;
}

}  // namespace

std::string change_text(const RecordChange& change) {
    const RecordFacts& facts = known_side(change);
    std::string text = facts.input + "  ";
    if (change.decision) {
        const std::string before = decision_text(change.before);
        const std::string after = decision_text(change.after);
        text += before + " -> " + after;
        if (before == after)
            text += fmt::format(" (cluster {} -> {})", change.before->cluster, facts.cluster);
    } else {
        std::string parts;
        for (const std::string_view part : parts_of(change))
            parts.append(parts.empty() ? "" : ", ").append(part);
        text += "other " + parts;
    }
    if (!facts.headline.empty()) text += "  \"" + first_columns(facts.headline, 60) + "\"";
    return text;
}

std::string change_json(const RecordChange& change) {
    const RecordFacts& facts = known_side(change);
    std::string text = "{\"input\":" + json_quoted(facts.input);
    if (!facts.uri.empty()) text += ",\"uri\":" + json_quoted(facts.uri);
    if (!facts.headline.empty()) text += ",\"headline\":" + json_quoted(facts.headline);
    text += ",\"changed\":[";
    bool first = true;
    for (const std::string_view part : parts_of(change)) {
        text += std::exchange(first, false) ? "" : ",";
        text += json_quoted(part);
    }
    return text + "],\"before\":" + side_json(change.before) +
           ",\"after\":" + side_json(change.after) + "}";
}

}  // namespace newsmill
