// Kafka headers that the mill writes: lists in an arena, and the coordinates that stand in them.
#pragma once

#include <span>
#include <string_view>

#include "pipeline/batch.hpp"

namespace newsmill {

inline constexpr std::string_view kErrorHeaderPrefix = "__newsmill.errors.";
inline constexpr std::string_view kOwnHeaderPrefix = "newsmill-";

// A list of headers of bounded length in the arena. Names and values must live as long as it.
class HeaderList {
   public:
    HeaderList(Arena& arena, std::size_t count_max) noexcept
        : headers_(arena.array<Header>(count_max)) {}

    void add(std::string_view name, std::string_view value) noexcept {
        headers_[count_++] = {name, value};
    }
    // Headers that came with an article, but the error headers of an earlier dead letter.
    void add_original(std::span<const Header> headers) noexcept;
    // The same without all that a mill wrote before: the producer's own.
    void add_foreign(std::span<const Header> headers) noexcept;
    std::span<const Header> list() const noexcept { return headers_.first(count_); }

   private:
    std::span<Header> headers_;
    std::size_t count_ = 0;
};

// `topic/partition@offset`, or `file@line`.
std::string_view format_origin(const Origin& origin, Arena& arena) noexcept;

std::string_view format_integer(std::int64_t value, Arena& arena) noexcept;

}  // namespace newsmill
