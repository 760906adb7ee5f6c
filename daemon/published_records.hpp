// What was published, and what a replay decides anew: for `newsmill replay --mode verify`.
//
// Ownership: facts are copies, about 200 bytes a record. Threads: add() before the pipeline starts,
// compare() by one thread (the sink's). Errors: a line that is no record is counted.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "pipeline/batch.hpp"
#include "pipeline/sink.hpp"

namespace newsmill {

// What is compared of a record or of a dead letter.
struct RecordFacts {
    std::string input;  // "topic/partition@offset", or "file@line"
    std::string uri;
    std::string headline;
    std::string decision;  // "near", "unique", …; "dead letter PARSE_JSON"; "dropped"
    std::string of;        // the uri of what it is a copy or version of
    std::string cluster;
    std::uint64_t topics = 0;  // hashes of the record's parts
    std::uint64_t quotes = 0;
    std::uint64_t text = 0;  // and of all else, but for who made it
};

class RecordReader {
   public:
    RecordReader();
    ~RecordReader();
    // False: no record and no dead letter of newsmill's.
    bool read(std::string_view json, RecordFacts& facts);

   private:
    struct Parser;
    std::unique_ptr<Parser> parser_;
};

std::string input_name(const Origin& origin);

struct RecordChange {
    // Null: this side has nothing.
    const RecordFacts* before = nullptr;
    const RecordFacts* after = nullptr;
    bool decision = false;
    bool topics = false;
    bool quotes = false;
    bool text = false;
    bool any() const noexcept { return decision || topics || quotes || text; }
};

struct VerifyCounts {
    std::uint64_t compared = 0;
    std::uint64_t same = 0;
    std::uint64_t decisions = 0;  // changed
    std::uint64_t topics = 0;     // records with other topics,
    std::uint64_t quotes = 0;     // other statements,
    std::uint64_t text = 0;       // or another text or date
    std::uint64_t not_published = 0;
    std::uint64_t not_replayed = 0;  // published, but not in the source
    std::uint64_t differences() const noexcept { return compared - same + not_published; }
};

class PublishedRecords {
   public:
    // The first of an input counts: a second one was never published by newsmill.
    void add(RecordFacts facts);
    std::size_t size() const noexcept { return records_.size(); }
    // What has changed; it points to `after` and into this. `is_dropped`: a duplicate that the
    // settings do not publish.
    RecordChange compare(const RecordFacts& after, bool is_dropped = false);
    // Of what was never compared. After the last compare().
    void count_rest();
    const VerifyCounts& counts() const noexcept { return counts_; }

   private:
    struct Known {
        RecordFacts facts;
        bool seen = false;
    };
    std::unordered_map<std::string, Known> records_;
    VerifyCounts counts_;
};

// The sink's side of verify: compares each article and publishes nothing.
class CompareProducer final : public Producer {
   public:
    using Say = std::function<void(const RecordChange& change)>;
    // `say`: of each change, in the sink's thread. `published` outlives it.
    CompareProducer(PublishedRecords& published, Say say);

    Outcome begin() noexcept override { return Outcome::kOk; }
    Outcome send(const Article&) noexcept override { return Outcome::kOk; }
    Outcome send_notice(const Article&, const Output&) noexcept override { return Outcome::kOk; }
    void sent(const Batch& batch) noexcept override;
    Outcome send_positions(const std::vector<Position>&, const GroupToken&) noexcept override {
        return Outcome::kOk;
    }
    Outcome commit() noexcept override { return Outcome::kOk; }
    Outcome abort() noexcept override { return Outcome::kOk; }

   private:
    PublishedRecords& published_;
    Say say_;
    RecordReader reader_;
};

// A line for people, and one for machines; no newline.
std::string change_text(const RecordChange& change);
std::string change_json(const RecordChange& change);

}  // namespace newsmill
