// A source in another order: by the time of its records. All of it is written to a file without a
// name in a folder for temporary files first, then read in that order; the index takes 32 bytes a
// record.
//
// Records of the same time stay in the order that they had. One without a time comes right behind
// the one that stood before it. Threads: one, but for progress(). Errors: a full disk is a failure
// (75).
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "pipeline/archive/durable_file.hpp"
#include "pipeline/archive/record_source.hpp"

namespace newsmill {

// Of a record, in Unix milliseconds; kNoTime if there is none.
using RecordTime = std::function<std::int64_t(const SourceRecord& record)>;

class Spool final : public RecordSource {
   public:
    Spool(std::unique_ptr<RecordSource> source, RecordTime time, std::string folder);

    std::uint64_t open(std::uint64_t done, const std::vector<Position>& positions) override;
    Pull next(SourceRecord& record) noexcept override;
    Progress progress() const noexcept override;
    std::vector<FileError> errors() const override { return source_->errors(); }
    Failure failure() const override {
        return failure_.exit_code != 0 ? failure_ : source_->failure();
    }
    std::string identity() const override { return "by time: " + source_->identity(); }

   private:
    struct Entry {
        std::int64_t time_ms;
        std::uint64_t at;
        std::uint32_t bytes;
        bool is_json;
        bool oversized;
    };

    Pull fill() noexcept;
    bool keep(const SourceRecord& record) noexcept;
    bool write_out() noexcept;
    Pull fail(int error) noexcept;

    std::unique_ptr<RecordSource> source_;
    RecordTime time_;
    std::string folder_;
    FileDescriptor file_;
    std::string buffer_;
    std::uint64_t file_bytes_ = 0;
    std::int64_t last_time_ms_ = INT64_MIN;
    std::vector<Entry> entries_;
    bool filled_ = false;
    std::atomic<std::uint64_t> at_{0};
    std::atomic<std::uint64_t> total_{0};  // once it is filled
    std::deque<std::string> names_;
    Failure failure_;
};

}  // namespace newsmill
