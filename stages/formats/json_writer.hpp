// Writes one JSON text into an arena. The caller says what is opened and closed, the writer puts
// the commas. Strings are escaped; nothing else is checked.
//
// Ownership: the text lives in the arena. The writer takes `estimate_bytes` at once, doubles when
// that was too little (the old block stays unused in the arena), and finish() gives the unused
// tail back. Do not allocate from the arena between construction and finish() if that tail
// matters. Threads: one. Errors: none; out of memory ends the process.
#pragma once

#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <string_view>

#include "pipeline/batch.hpp"

namespace newsmill {

class JsonWriter {
   public:
    JsonWriter(Arena& arena, std::size_t estimate_bytes) noexcept;
    JsonWriter(const JsonWriter&) = delete;
    JsonWriter& operator=(const JsonWriter&) = delete;

    void open_object() noexcept { open('{'); }
    void open_array() noexcept { open('['); }
    void close_object() noexcept { close('}'); }
    void close_array() noexcept { close(']'); }

    // `name` must need no escape: member names are ours.
    void key(std::string_view name) noexcept {
        ensure(name.size() + 4);
        separate_unchecked();
        *out_++ = '"';
        std::memcpy(out_, name.data(), name.size());
        out_ += name.size();
        *out_++ = '"';
        *out_++ = ':';
        comma_ = false;
    }
    void string(std::string_view text) noexcept;
    void string_of(std::initializer_list<std::string_view> parts) noexcept;  // one string
    void integer(std::int64_t value) noexcept;
    void raw(std::string_view json) noexcept;  // a whole JSON value

    void member(std::string_view name, std::string_view text) noexcept {
        key(name);
        string(text);
    }
    void member_if(std::string_view name, std::string_view text) noexcept {
        if (!text.empty()) member(name, text);
    }
    void member(std::string_view name, std::int64_t value) noexcept {
        key(name);
        integer(value);
    }

    // For a string that is written piece by piece with append(), which must need no escape.
    void begin_string() noexcept {
        ensure(2);
        separate_unchecked();
        *out_++ = '"';
    }
    void end_string() noexcept {
        ensure(1);
        *out_++ = '"';
        comma_ = true;
    }

    // Undo: what was written since mark() is taken back.
    struct Mark {
        std::size_t size;
        bool comma;
    };
    Mark mark() const noexcept { return {static_cast<std::size_t>(out_ - first_), comma_}; }
    void rewind(Mark mark) noexcept {
        out_ = first_ + mark.size;
        comma_ = mark.comma;
    }

    // Bytes without a comma before them, for a caller that knows the grammar: names and signs that
    // are always the same are written as one piece.
    void append(std::string_view bytes) noexcept {
        if (bytes.empty()) return;
        ensure(bytes.size());
        std::memcpy(out_, bytes.data(), bytes.size());
        out_ += bytes.size();
    }
    void append_string(std::string_view text) noexcept;  // in quotation marks, escaped
    void append_integer(std::int64_t value) noexcept;

    std::string_view finish() noexcept;

   private:
    void open(char bracket) noexcept {
        ensure(2);
        separate_unchecked();
        *out_++ = bracket;
        comma_ = false;
    }
    void close(char bracket) noexcept {
        ensure(1);
        *out_++ = bracket;
        comma_ = true;
    }
    void separate() noexcept {
        ensure(1);
        separate_unchecked();
    }
    void separate_unchecked() noexcept {
        if (comma_) *out_++ = ',';
    }
    void escaped(std::string_view text) noexcept;
    void ensure(std::size_t bytes) noexcept {
        if (static_cast<std::size_t>(end_ - out_) < bytes) grow(bytes);
    }
    void grow(std::size_t bytes) noexcept;

    Arena& arena_;
    char* first_;
    char* out_;
    char* end_;
    bool comma_ = false;  // a value stands right before
};

// RFC 3339 in UTC, `2026-11-24T03:41:07Z`; milliseconds only if they are not zero. `out` has room
// for kTimestampBytesMax. Empty outside the years 1 to 9999.
inline constexpr std::size_t kTimestampBytesMax = 24;
std::string_view format_timestamp(std::int64_t unix_ms, char* out) noexcept;

// Lower-case hexadecimal, 16 digits.
void format_hex(std::uint64_t value, char* out) noexcept;

}  // namespace newsmill
