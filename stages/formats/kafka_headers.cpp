#include "stages/formats/kafka_headers.hpp"

#include <charconv>

namespace newsmill {

void HeaderList::add_original(std::span<const Header> headers) noexcept {
    for (const Header& header : headers) {
        if (!header.name.starts_with(kErrorHeaderPrefix)) add(header.name, header.value);
    }
}

void HeaderList::add_foreign(std::span<const Header> headers) noexcept {
    for (const Header& header : headers) {
        if (header.name.starts_with(kErrorHeaderPrefix)) continue;
        if (header.name.starts_with(kOwnHeaderPrefix)) continue;
        add(header.name, header.value);
    }
}

std::string_view format_origin(const Origin& origin, Arena& arena) noexcept {
    constexpr std::size_t kNumbersMax = 1 + 11 + 1 + 20;
    const std::size_t room = origin.topic.size() + kNumbersMax;
    char* const first = arena.alloc(room);
    char* out = first + origin.topic.copy(first, origin.topic.size());
    if (origin.partition >= 0) {
        *out++ = '/';
        out = std::to_chars(out, first + room, origin.partition).ptr;
    }
    *out++ = '@';
    out = std::to_chars(out, first + room, origin.offset).ptr;
    arena.shrink(out, first + room);
    return {first, static_cast<std::size_t>(out - first)};
}

std::string_view format_integer(std::int64_t value, Arena& arena) noexcept {
    constexpr std::size_t kDigitsMax = 20;
    char* const first = arena.alloc(kDigitsMax);
    const char* const end = std::to_chars(first, first + kDigitsMax, value).ptr;
    arena.shrink(end, first + kDigitsMax);
    return {first, static_cast<std::size_t>(end - first)};
}

}  // namespace newsmill
