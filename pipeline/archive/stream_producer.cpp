#include "pipeline/archive/stream_producer.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace newsmill {

constexpr std::size_t kBufferBytes = 1 << 20;

StreamProducer::StreamProducer(int fd, DeadLetter dead_letter, Notice notice, Writer writer)
    : fd_(fd),
      dead_letter_(std::move(dead_letter)),
      notice_(std::move(notice)),
      writer_(std::move(writer)) {
    buffer_.reserve(2 * kBufferBytes);
}

Outcome StreamProducer::send(const Article& article) noexcept {
    if (article.output.channel == Channel::kDeadLetters) {
        dead_letter_(article);
        return Outcome::kOk;
    }
    if (writer_) {
        writer_(article.output.value, buffer_);
    } else {
        buffer_.append(article.output.value).push_back('\n');
    }
    return buffer_.size() < kBufferBytes ? Outcome::kOk : commit();
}

Outcome StreamProducer::send_notice(const Article& /*article*/, const Output& notice) noexcept {
    if (notice_) notice_(notice);
    return Outcome::kOk;
}

Outcome StreamProducer::commit() noexcept {
    std::size_t at = 0;
    while (at < buffer_.size()) {
        const ssize_t written = write(fd_, buffer_.data() + at, buffer_.size() - at);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) {
            failure_ = {75, std::string("output: ") + std::strerror(errno)};
            return Outcome::kFailed;
        }
        at += static_cast<std::size_t>(written);
    }
    buffer_.clear();
    return Outcome::kOk;
}

}  // namespace newsmill
