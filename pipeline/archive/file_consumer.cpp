#include "pipeline/archive/file_consumer.hpp"

#include <utility>

namespace newsmill {

FileConsumer::FileConsumer(const std::vector<std::string>& paths, FileReaderLimits limits)
    : source_(make_file_source(paths, limits)) {}

Consumer::Event FileConsumer::poll(Batch* batch) noexcept {
    if (!std::exchange(assigned_, true)) return Event::kAssigned;
    if (batch == nullptr) return Event::kNone;
    bool any = false;
    while (!batch->full()) {
        const RecordSource::Pull pull = source_->next(record_);
        if (pull == RecordSource::Pull::kEnd && !any) return Event::kEnd;
        if (pull != RecordSource::Pull::kRecord) break;
        any = true;
        add_record(*batch, record_, pinned_);
    }
    return any ? Event::kArticles : Event::kNone;
}

}  // namespace newsmill
