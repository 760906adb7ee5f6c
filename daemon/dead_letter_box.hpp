// The dead letters of a daemon: those of its topic, or of an NDJSON file that `enrich` wrote; what
// is in them, and what becomes of them.
//
// What was sent again or discarded is noted in a compacted topic beside the dead letters' own
// (NAME.handled; the key is the letter's id), in the same transaction: a letter is handled once,
// whatever is killed when, and whoever does it. The positions of the group PREFIX-dlq, before which
// all is handled, are committed with it, so the group's lag is what waits.
//
// A letter goes to the topic and the partition that it came from, with its key, bytes, timestamp
// and headers, and one header that says how often it was sent again: a letter that comes back after
// `replays_max` times is held back.
//
// Ownership: letters are copies. Threads: one at a time; each call connects, reads and closes, so
// nothing is held between them. Blocking, for as long as the broker takes; throws StartError (2 for
// an id that there is not).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pipeline/batch.hpp"
#include "pipeline/config.hpp"

namespace newsmill {

struct DeadLetter {
    std::string id;     // "PARTITION@OFFSET" in the topic, or the number of the line in the file
    std::string topic;  // where the article came from; or the file,
    std::int32_t partition = -1;          // -1: a file
    std::int64_t offset = 0;              // and its line
    std::int64_t timestamp_ms = kNoTime;  // the article's
    std::int64_t at_ms = kNoTime;         // when it was given up
    std::string stage, code, message;
    std::int64_t replays = 0;  // how often it was sent again before
    std::string build, config_hash;
    std::optional<std::string> key, value;
    bool is_cut = false;  // `value` is only the beginning: the topic takes no more
    std::vector<std::pair<std::string, std::string>> headers;  // the article's own
    std::string handled;              // "replayed", "discarded"; empty: it waits
    std::int32_t box_partition = -1;  // its own place in the dead letters' topic
    std::int64_t box_offset = -1;
};

struct DeadLetterFilter {
    std::vector<std::string> ids;      // none: all
    std::vector<std::string> codes;    // none: all
    std::string stage;                 // empty: all
    std::int64_t from_ms = INT64_MIN;  // half-open, of the time when it was given up
    std::int64_t to_ms = INT64_MAX;
    bool with_handled = false;

    bool matches(const DeadLetter& letter) const;
};

struct DeadLetterOutcome {
    std::uint64_t matched = 0;
    std::uint64_t done = 0;       // sent again, or discarded; with a dry run: would be
    std::uint64_t held_back = 0;  // by replays_max
    std::uint64_t homeless = 0;   // from a file, and no topic was named
    std::uint64_t lost = 0;       // cut, and the whole is not in its topic any more
};

class DeadLetterBox {
   public:
    // `file` empty: the topic output.kafka.dead_letter_topic.
    explicit DeadLetterBox(const Config& config, std::string file = {});

    using Visit = std::function<bool(DeadLetter& letter)>;
    // In the order of time; false ends the visit.
    void visit(const DeadLetterFilter& filter, const Visit& each) const;
    std::vector<DeadLetter> list(const DeadLetterFilter& filter, std::size_t letters_max) const;
    std::optional<DeadLetter> show(const std::string& id) const;

    struct ReplayOptions {
        std::int64_t replays_max = 3;
        std::string topic;  // empty: where it came from
        bool dry_run = false;
    };
    // `each` (may be null) is told of every letter that is, or would be, sent.
    DeadLetterOutcome replay(const DeadLetterFilter& filter, const ReplayOptions& options,
                             const Visit& each = nullptr) const;
    // A file is written anew without them.
    DeadLetterOutcome discard(const DeadLetterFilter& filter, bool dry_run,
                              const Visit& each = nullptr) const;

   private:
    std::string handled_topic() const;
    void visit_topic(const DeadLetterFilter& filter, const Visit& each) const;
    void visit_file(const DeadLetterFilter& filter, const Visit& each) const;
    std::string note_key(const DeadLetter& letter) const;
    void discard_in_file(const DeadLetterFilter& filter) const;
    bool make_whole(DeadLetter& letter) const;

    Config config_;
    std::string file_;
};

// One line of JSON, as in a file of dead letters, with "id" (and "handled") before; no newline.
std::string dead_letter_json(const DeadLetter& letter);

}  // namespace newsmill
