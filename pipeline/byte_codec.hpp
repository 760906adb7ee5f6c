// Little-endian numbers, LEB128 numbers and texts, put at the end of a string and taken off the
// front of a view: what the journal's records and the snapshots are written with. Header only;
// nothing here fails but a ByteReader, whose `ok` turns false at the first value that is not there,
// and stays so.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

namespace newsmill {

template <typename T>
void put_fixed(std::string& out, T value) {
    static_assert(std::is_integral_v<T>);
    char bytes[sizeof(T)];
    const auto bits = static_cast<std::make_unsigned_t<T>>(value);
    for (std::size_t i = 0; i < sizeof(T); ++i) bytes[i] = static_cast<char>(bits >> (8 * i));
    out.append(bytes, sizeof(T));
}

inline void put_number(std::string& out, std::uint64_t value) {
    while (value >= 0x80) {
        out.push_back(static_cast<char>(value | 0x80));
        value >>= 7;
    }
    out.push_back(static_cast<char>(value));
}

inline void put_signed(std::string& out, std::int64_t value) {
    put_number(out, static_cast<std::uint64_t>(value) << 1 ^
                        static_cast<std::uint64_t>(value >> 63));  // zigzag
}

inline void put_text(std::string& out, std::string_view text) {
    put_number(out, text.size());
    out.append(text);
}

struct ByteReader {
    std::string_view rest;
    bool ok = true;

    template <typename T>
    T fixed() {
        static_assert(std::is_integral_v<T>);
        using Bits = std::make_unsigned_t<T>;
        const std::string_view bytes = take(sizeof(T));
        Bits value = 0;
        for (std::size_t i = 0; i < bytes.size(); ++i) {
            value = static_cast<Bits>(
                value | static_cast<Bits>(static_cast<Bits>(static_cast<unsigned char>(bytes[i]))
                                          << (8 * i)));
        }
        return static_cast<T>(value);
    }

    std::uint64_t number() {
        std::uint64_t value = 0;
        for (std::size_t i = 0; i < rest.size() && i < 10; ++i) {
            const auto byte = static_cast<unsigned char>(rest[i]);
            value |= static_cast<std::uint64_t>(byte & 0x7F) << (7 * i);
            if (byte < 0x80) {
                rest.remove_prefix(i + 1);
                return value;
            }
        }
        fail();
        return 0;
    }

    std::int64_t signed_number() {
        const std::uint64_t value = number();
        return static_cast<std::int64_t>(value >> 1 ^ (~(value & 1) + 1));
    }

    std::string_view text() {
        const std::uint64_t size = number();
        return take(size);
    }

    std::string_view take(std::uint64_t size) {
        if (size > rest.size()) {
            fail();
            return {};
        }
        const std::string_view bytes = rest.substr(0, size);
        rest.remove_prefix(size);
        return bytes;
    }

    void fail() {
        ok = false;
        rest = {};
    }
};

}  // namespace newsmill
