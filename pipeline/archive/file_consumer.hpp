// The source's side of files: the records of files and archives as articles. A bounded input of one
// membership; a rewind is impossible, and never asked for, since the stream producer does not
// abort. Threads: the source's; progress() is for any.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "pipeline/archive/record_source.hpp"
#include "pipeline/source.hpp"

namespace newsmill {

class FileConsumer final : public Consumer {
   public:
    explicit FileConsumer(const std::vector<std::string>& paths, FileReaderLimits limits = {});

    Event poll(Batch* batch) noexcept override;
    GroupToken accept_assignment() noexcept override { return nullptr; }
    void release_assignment() noexcept override {}
    bool rewind() noexcept override { return false; }
    // Files are always ready; a pipe that has nothing is looked at again soon.
    std::int64_t poll_interval_ns() const noexcept override { return 2 * kMillisecond; }

    struct Progress {
        std::uint64_t bytes_read;
        std::uint64_t bytes_total;  // 0: unknown (a pipe)
    };
    Progress progress() const noexcept {
        const RecordSource::Progress read = source_->progress();
        return {read.read, read.total};
    }
    // Files that could not be read to their end. After the pipeline's end.
    std::vector<FileError> errors() const { return source_->errors(); }

   private:
    std::unique_ptr<RecordSource> source_;
    SourceRecord record_;
    bool assigned_ = false;
    const void* pinned_ = nullptr;  // what the batch in the making has pinned last
};

}  // namespace newsmill
