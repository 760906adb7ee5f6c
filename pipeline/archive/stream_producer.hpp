// The sink's side of files: records as lines on a file descriptor (standard output), dead letters
// and notices handed to callbacks. A commit writes out what is buffered; there is nothing to abort.
// Threads: the sink's. Errors: a closed pipe or a full disk is final.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "pipeline/sink.hpp"

namespace newsmill {

class StreamProducer final : public Producer {
   public:
    using DeadLetter = std::function<void(const Article&)>;

    using Notice = std::function<void(const Output&)>;
    // Appends what is to be written for a record; it may wrap or turn it into something else.
    using Writer = std::function<void(std::string_view record, std::string& out)>;

    // `fd` stays the caller's. `dead_letter` and `notice` are called in the order of the input;
    // without `notice` there is no place for them. Without `writer` a record is a line.
    StreamProducer(int fd, DeadLetter dead_letter, Notice notice = nullptr,
                   Writer writer = nullptr);

    Outcome begin() noexcept override { return Outcome::kOk; }
    Outcome send(const Article& article) noexcept override;
    Outcome send_notice(const Article& article, const Output& notice) noexcept override;
    Outcome send_positions(const std::vector<Position>& /*positions*/,
                           const GroupToken& /*token*/) noexcept override {
        return Outcome::kOk;
    }
    Outcome commit() noexcept override;
    Outcome abort() noexcept override { return Outcome::kOk; }
    Failure failure() const override { return failure_; }

   private:
    int fd_;
    DeadLetter dead_letter_;
    Notice notice_;
    Writer writer_;
    std::string buffer_;
    Failure failure_;
};

}  // namespace newsmill
