// The bytes of one file, decompressed: plain, gzip (any number of members) or zstd (any number of
// frames), told apart by the first bytes and never by the name.
//
// Ownership: owns the descriptor and the decoder's state, about 128 KiB and what the format needs
// (zstd: its window, at most 128 MiB). Threads: one; position() may be read by any thread.
// Errors: a status and a message; what was decoded before the error has been given by then.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace newsmill {

class ByteStream {
   public:
    enum class Status : std::uint8_t {
        kData,   // at least one byte
        kWait,   // a pipe has nothing now, and the caller does not wish to wait
        kEnd,    // all bytes were given
        kError,  // see error(); no more bytes will come
    };

    ByteStream();
    ~ByteStream();
    ByteStream(const ByteStream&) = delete;
    ByteStream& operator=(const ByteStream&) = delete;

    // Opens `path`, or standard input for "-". False: see error().
    bool open(const std::string& path);
    void close() noexcept;

    // Up to `room` bytes into `to`, as many as one read of the file brings; `got` says how many.
    Status read(char* to, std::size_t room, bool may_wait, std::size_t& got) noexcept;

    // Bytes of the file (compressed, if it is) that were used so far. Any thread.
    std::uint64_t position() const noexcept {
        return position_.load(std::memory_order_relaxed);  // a progress bar: orders nothing
    }
    bool compressed() const noexcept {
        return format_ == Format::kGzip || format_ == Format::kZstd;
    }
    const std::string& error() const noexcept { return error_; }

   private:
    struct Decoder;
    enum class Format : std::uint8_t { kUnknown, kPlain, kGzip, kZstd };

    Status refill(char* to, std::size_t room, bool may_wait, std::size_t& got) noexcept;
    Status refill_raw(bool may_wait) noexcept;
    Status sniff(bool may_wait) noexcept;
    Status read_plain(char* to, std::size_t room, bool may_wait, std::size_t& got) noexcept;
    Status read_gzip(char* to, std::size_t room, bool may_wait, std::size_t& got) noexcept;
    Status read_zstd(char* to, std::size_t room, bool may_wait, std::size_t& got) noexcept;
    // Between two gzip members: kData if another one begins.
    Status next_member(bool may_wait) noexcept;
    Status fail(std::string message) noexcept;
    void use_raw(std::size_t bytes) noexcept;
    std::size_t raw_bytes() const noexcept { return raw_end_ - raw_begin_; }

    int descriptor_ = -1;
    bool may_block_ = false;  // no regular file: ask before reading
    bool ended_ = false;      // the file has no more bytes (raw ones may be left)
    bool between_ = false;    // no gzip member or zstd frame is open
    bool pending_ = false;    // the decoder may hold output that did not fit
    Format format_ = Format::kUnknown;
    std::unique_ptr<char[]> raw_;
    std::size_t raw_begin_ = 0;
    std::size_t raw_end_ = 0;
    std::atomic<std::uint64_t> position_{0};
    std::unique_ptr<Decoder> decoder_;
    std::string error_;
};

}  // namespace newsmill
