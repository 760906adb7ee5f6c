// What the journal would say of an article, outside of a pipeline: the front stages (parse,
// normalize, fingerprint) on one article at a time. For the commands that look at duplicates.
// Threads: one. Errors: an article that can't be read has a code and a message.
#pragma once

#include <string>
#include <string_view>

#include "pipeline/archive/file_reader.hpp"
#include "pipeline/pipeline.hpp"

namespace newsmill {

// A JournalEntry that owns its texts, and what a person wants to see of the article.
struct Fingerprint {
    JournalEntry entry;  // but for the texts
    std::string topic;   // or file
    std::string uri;
    std::string source;
    std::string sketch;
    std::string headline;
    std::string body;       // none of these two from a journal
    Code code = Code::kOk;  // else there is none of the above
    std::string message;

    bool ok() const noexcept { return code == Code::kOk; }
    JournalEntry journal_entry() const noexcept;  // views this
    static Fingerprint of(const JournalEntry& entry);
};

class Fingerprinter {
   public:
    // `front`: Mill::front().
    explicit Fingerprinter(StageChain front);

    // `payload` as it stands in a file or in Kafka; `file` and `number` are its coordinates.
    Fingerprint make(std::string_view payload, std::string_view file, std::int64_t number,
                     bool is_json);
    Fingerprint make(const FileRecord& record);

   private:
    Fingerprint run(Article& article);

    StageChain stages_;
    Batch batch_;
};

}  // namespace newsmill
