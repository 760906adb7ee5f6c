// A bounded, ordered input that can be read again from its beginning: what a replay reads. Behind
// it: files of any kind, archives of several daemons (both here), Kafka topics
// (pipeline/kafka/topic_source.hpp), and any of them sorted by time (pipeline/archive/spool.hpp).
//
// The order is a function of the input alone, so that "the first n records" means the same each
// time. Ownership: a record's views live as long as its pin. Threads: one, but for progress().
// Errors: kFailed is final, failure() says why; what a file can't give is in errors().
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "pipeline/archive/archive_reader.hpp"
#include "pipeline/archive/file_reader.hpp"
#include "pipeline/sink.hpp"

namespace newsmill {

struct SourceRecord {
    Origin origin;
    std::int64_t journal_position = -1;
    bool has_key = false;
    bool has_value = true;
    bool is_json = false;
    bool oversized = false;  // `value` is only the beginning
    bool padded = false;     // 64 bytes behind it may be read
    std::string_view key;
    std::string_view value;
    std::vector<Header> headers;
    std::shared_ptr<const void> pin;
};

// Adds the record to a batch that is not full. `pinned` is what the last call for this batch has
// pinned: neighbours share a pin.
Article& add_record(Batch& batch, const SourceRecord& record, const void*& pinned);

class RecordSource {
   public:
    enum class Pull : std::uint8_t { kRecord, kWait, kEnd, kFailed };
    struct Progress {
        std::uint64_t read = 0;
        std::uint64_t total = 0;  // 0: unknown
    };

    virtual ~RecordSource() = default;
    // Begins anew where `done` records were read before, and the partitions stood at `positions`.
    // Returns how many records the caller has to pass over to get there.
    virtual std::uint64_t open(std::uint64_t done, const std::vector<Position>& positions) = 0;
    virtual Pull next(SourceRecord& record) noexcept = 0;
    // In bytes, or in records; any thread.
    virtual Progress progress() const noexcept = 0;
    virtual std::vector<FileError> errors() const { return {}; }
    virtual Failure failure() const { return {}; }
    virtual void set_waker(Parker* parker) noexcept { static_cast<void>(parker); }
    // What it is made of, names and sizes: another text, another input.
    virtual std::string identity() const = 0;
};

// Files and folders in the order of their names, and archives among them. Archives that stand
// beside each other in `paths` are read as one, in the order of the journal, if all their records
// know their place in it. Records of archives outside of [from_ms, to_ms) are left out.
std::unique_ptr<RecordSource> make_file_source(const std::vector<std::string>& paths,
                                               FileReaderLimits limits,
                                               std::int64_t from_ms = INT64_MIN,
                                               std::int64_t to_ms = INT64_MAX);

}  // namespace newsmill
