#include "pipeline/archive/byte_stream.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <system_error>
#include <utility>

#include "pipeline/check.hpp"

namespace newsmill {

namespace {

constexpr std::size_t kRawBytes = 128 << 10;
constexpr std::size_t kMagicBytes = 4;

std::string system_message(const char* what, int error) {
    return std::string(what) + ": " + std::system_category().message(error);
}

bool is_gzip(std::string_view raw) { return raw.starts_with("\x1f\x8b\x08"); }

bool is_zstd(std::string_view raw) {
    if (raw.starts_with("\x28\xb5\x2f\xfd")) return true;
    // A skippable frame, which may come first: 0x184D2A50 to 0x184D2A5F, little-endian.
    return raw.size() >= kMagicBytes && (raw[0] & 0xf0) == 0x50 &&
           raw.substr(1, 3) == "\x2a\x4d\x18";
}

}  // namespace

struct ByteStream::Decoder {
    z_stream gzip{};
    bool gzip_open = false;
    ZSTD_DStream* zstd = nullptr;

    ~Decoder() {
        if (gzip_open) inflateEnd(&gzip);
        ZSTD_freeDStream(zstd);
    }
};

ByteStream::ByteStream() : raw_(std::make_unique_for_overwrite<char[]>(kRawBytes)) {}
ByteStream::~ByteStream() { close(); }

bool ByteStream::open(const std::string& path) {
    close();
    raw_begin_ = raw_end_ = 0;
    position_.store(0, std::memory_order_relaxed);
    ended_ = false;
    format_ = Format::kUnknown;
    error_.clear();
    descriptor_ = path == "-" ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor_ < 0) {
        fail(system_message("cannot open", errno));
        return false;
    }
    struct stat about {};
    const bool known = ::fstat(descriptor_, &about) == 0;
    may_block_ = !known || !S_ISREG(about.st_mode);
    if (!may_block_) ::posix_fadvise(descriptor_, 0, 0, POSIX_FADV_SEQUENTIAL);
    return true;
}

void ByteStream::close() noexcept {
    if (descriptor_ > STDIN_FILENO) ::close(descriptor_);
    descriptor_ = -1;
    decoder_.reset();
}

ByteStream::Status ByteStream::fail(std::string message) noexcept {
    error_ = std::move(message);
    return Status::kError;
}

void ByteStream::use_raw(std::size_t bytes) noexcept {
    raw_begin_ += bytes;
    position_.store(position() + bytes, std::memory_order_relaxed);
}

// One read(2) of the file.
ByteStream::Status ByteStream::refill(char* to, std::size_t room, bool may_wait,
                                      std::size_t& got) noexcept {
    if (ended_) return Status::kEnd;
    if (may_block_ && !may_wait) {
        pollfd ask{descriptor_, POLLIN, 0};
        if (::poll(&ask, 1, 0) == 0) return Status::kWait;
    }
    ssize_t bytes = 0;
    while ((bytes = ::read(descriptor_, to, room)) < 0) {
        if (errno == EAGAIN) {  // someone made standard input non-blocking
            if (!may_wait) return Status::kWait;
            pollfd ask{descriptor_, POLLIN, 0};
            ::poll(&ask, 1, -1);
        } else if (errno != EINTR) {
            return fail(system_message("cannot read", errno));
        } else if (!may_wait) {
            return Status::kWait;
        }
    }
    ended_ = bytes == 0;
    got = static_cast<std::size_t>(bytes);
    return ended_ ? Status::kEnd : Status::kData;
}

// Appends to the raw bytes; only called while there is room.
ByteStream::Status ByteStream::refill_raw(bool may_wait) noexcept {
    if (raw_begin_ == raw_end_) raw_begin_ = raw_end_ = 0;
    std::size_t got = 0;
    const Status status = refill(raw_.get() + raw_end_, kRawBytes - raw_end_, may_wait, got);
    raw_end_ += got;
    return status;
}

ByteStream::Status ByteStream::sniff(bool may_wait) noexcept {
    while (raw_bytes() < kMagicBytes) {
        const Status status = refill_raw(may_wait);
        if (status == Status::kEnd) break;
        if (status != Status::kData) return status;
    }
    const std::string_view raw{raw_.get() + raw_begin_, raw_bytes()};
    decoder_ = std::make_unique<Decoder>();
    format_ = Format::kPlain;
    if (is_gzip(raw)) {
        format_ = Format::kGzip;
        constexpr int kGzipOnly = 16;
        if (inflateInit2(&decoder_->gzip, MAX_WBITS + kGzipOnly) != Z_OK) {
            return fail("gzip: out of memory");
        }
        decoder_->gzip_open = true;
    } else if (is_zstd(raw)) {
        format_ = Format::kZstd;
        decoder_->zstd = ZSTD_createDStream();
        if (decoder_->zstd == nullptr) return fail("zstd: out of memory");
    }
    between_ = pending_ = false;
    return Status::kData;
}

ByteStream::Status ByteStream::read(char* to, std::size_t room, bool may_wait,
                                    std::size_t& got) noexcept {
    NEWSMILL_CHECK(room > 0, "a read needs room");
    got = 0;
    if (!error_.empty()) return Status::kError;
    if (format_ == Format::kUnknown) {
        const Status status = sniff(may_wait);
        if (status != Status::kData) return status;
    }
    switch (format_) {
        case Format::kGzip: return read_gzip(to, room, may_wait, got);
        case Format::kZstd: return read_zstd(to, room, may_wait, got);
        default: return read_plain(to, room, may_wait, got);
    }
}

ByteStream::Status ByteStream::read_plain(char* to, std::size_t room, bool may_wait,
                                          std::size_t& got) noexcept {
    if (raw_bytes() > 0) {  // what sniff() read; all later reads go past the raw buffer
        got = std::min(room, raw_bytes());
        std::memcpy(to, raw_.get() + raw_begin_, got);
        use_raw(got);
        return Status::kData;
    }
    const Status status = refill(to, room, may_wait, got);
    position_.store(position() + got, std::memory_order_relaxed);
    return status;
}

ByteStream::Status ByteStream::next_member(bool may_wait) noexcept {
    while (true) {
        // Zeros after the last member are a tape's padding.
        while (raw_bytes() > 0 && raw_[raw_begin_] == '\0') use_raw(1);
        if (raw_bytes() > 0) break;
        const Status status = refill_raw(may_wait);
        if (status != Status::kData) return status;
    }
    if (raw_[raw_begin_] != '\x1f') return fail("gzip: other bytes follow the end of the stream");
    inflateReset(&decoder_->gzip);
    between_ = false;
    return Status::kData;
}

ByteStream::Status ByteStream::read_gzip(char* to, std::size_t room, bool may_wait,
                                         std::size_t& got) noexcept {
    z_stream& stream = decoder_->gzip;
    while (true) {
        if (between_) {
            const Status status = next_member(may_wait);
            if (status != Status::kData) return status;
        }
        if (raw_bytes() == 0 && !pending_) {
            const Status status = refill_raw(may_wait);
            if (status == Status::kEnd) return fail("gzip: the file is cut off");
            if (status != Status::kData) return status;
        }
        const std::size_t had = raw_bytes();
        stream.next_in = reinterpret_cast<Bytef*>(raw_.get() + raw_begin_);
        stream.avail_in = static_cast<uInt>(had);
        stream.next_out = reinterpret_cast<Bytef*>(to);
        stream.avail_out = static_cast<uInt>(std::min<std::size_t>(room, 1u << 30));
        const uInt room_before = stream.avail_out;
        const int result = inflate(&stream, Z_NO_FLUSH);
        use_raw(had - stream.avail_in);
        got = room_before - stream.avail_out;
        pending_ = stream.avail_out == 0;
        between_ = result == Z_STREAM_END;
        if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR) {
            const char* why = stream.msg != nullptr ? stream.msg : "broken stream";
            fail(std::string("gzip: ") + why);
            return got > 0 ? Status::kData : Status::kError;  // the next read tells the error
        }
        if (got > 0) return Status::kData;
    }
}

ByteStream::Status ByteStream::read_zstd(char* to, std::size_t room, bool may_wait,
                                         std::size_t& got) noexcept {
    while (true) {
        if (raw_bytes() == 0 && !pending_) {
            const Status status = refill_raw(may_wait);
            if (status == Status::kEnd && !between_) return fail("zstd: the file is cut off");
            if (status != Status::kData) return status;
        }
        ZSTD_inBuffer in{raw_.get() + raw_begin_, raw_bytes(), 0};
        ZSTD_outBuffer out{to, room, 0};
        const std::size_t hint = ZSTD_decompressStream(decoder_->zstd, &out, &in);
        use_raw(in.pos);
        got = out.pos;
        pending_ = out.pos == out.size;
        if (ZSTD_isError(hint) != 0) {
            fail(std::string("zstd: ") + ZSTD_getErrorName(hint));
            return got > 0 ? Status::kData : Status::kError;  // the next read tells the error
        }
        // Without input or output there was no step, and the hint speaks of the next frame.
        if (in.pos > 0 || out.pos > 0) between_ = hint == 0;
        if (got > 0) return Status::kData;
    }
}

}  // namespace newsmill
