// Journal entries and decisions for tests of dedup: small articles, made from words.
#pragma once

#include <xxhash.h>

#include <cstring>
#include <deque>
#include <random>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "stages/dedup.hpp"
#include "stages/fingerprint.hpp"

namespace newsmill::dedup_test {

// An article as the stages before dedup leave it.
struct Story {
    std::int64_t offset = 0;
    std::string text;
    std::string uri;
    std::string source = {};
    std::uint32_t version = 0;
    std::int64_t created_ms = kNoTime;
    bool canceled = false;
    std::int64_t event_ms = 1'000'000;
    std::string topic = "raw";
    std::int32_t partition = 0;
};

// Fingerprints stories; the entries' views live as long as it.
class Maker {
   public:
    JournalEntry entry(const Story& story) {
        const Story& kept = stories_.emplace_back(story);
        Batch& batch = batches_.emplace_back(BatchLimits{.articles_max = 1, .arena_bytes = 4096});
        Article& article = batch.add("x");
        article.body = kept.text;
        article.body_is_ascii = true;
        article.uri = kept.uri;
        stage_.process(batch);
        JournalEntry entry;
        entry.origin = {kept.topic, kept.partition, kept.offset, kNoTime};
        entry.exact_hash = article.exact_hash;
        entry.sketch = article.sketch;
        entry.event_ms = kept.event_ms;
        entry.version_created_ms = kept.created_ms;
        entry.version = kept.version;
        entry.canceled = kept.canceled;
        entry.uri = kept.uri;
        entry.source = kept.source;
        return entry;
    }

   private:
    FingerprintStage stage_;
    std::deque<Story> stories_;
    std::deque<Batch> batches_;
};

inline std::string place(const Origin& origin) {
    return std::string(origin.topic) + "/" + std::to_string(origin.partition) + "@" +
           std::to_string(origin.offset);
}

// All that a decision says, as a line.
inline std::string to_string(const Decision& decision) {
    std::ostringstream out;
    out << dedup_kind_name(decision.kind) << " c" << decision.cluster_id << " "
        << decision.similarity << "/" << decision.containment;
    if (!decision.of.topic.empty()) out << " of " << decision.of_uri << " " << place(decision.of);
    if (decision.killed) out << " killed";
    if (decision.notices_omitted > 0) out << " omitted " << decision.notices_omitted;
    for (const Notice& notice : decision.notices) {
        out << "; " << notice_kind_name(notice.kind) << " " << notice.uri << " "
            << place(notice.copy) << " by " << notice.by_uri << " " << place(notice.by);
    }
    return out.str();
}

// Words of one size that no list of common words knows, from a seed.
inline std::string words(std::mt19937& random, int count) {
    static const char* const kSyllables[] = {"ka",  "lo",  "mi",  "ru",  "ten", "vas",
                                             "por", "ghi", "sel", "dan", "bru", "tol",
                                             "wen", "fir", "osk", "ula"};
    std::string text;
    for (int i = 0; i < count; ++i) {
        if (i > 0) text += ' ';
        for (int k = 0; k < 3; ++k) text += kSyllables[random() % 16];
    }
    return text;
}

// The text with a few words changed.
inline std::string edited(const std::string& text, std::mt19937& random, int changes) {
    std::vector<std::string> parts;
    std::istringstream in(text);
    for (std::string word; in >> word;) parts.push_back(word);
    for (int i = 0; i < changes; ++i) parts[random() % parts.size()] = words(random, 1);
    std::string out;
    for (const std::string& part : parts) out += (out.empty() ? "" : " ") + part;
    return out;
}

// Gives a chunk of a snapshot the checksum of what it holds now.
inline void seal(std::string& chunk) {
    const std::uint64_t hash = XXH3_64bits(chunk.data(), chunk.size() - 8);
    std::memcpy(chunk.data() + chunk.size() - 8, &hash, 8);
}

}  // namespace newsmill::dedup_test
