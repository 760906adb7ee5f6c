// The features of the topic model: each word of a text, and each pair of neighbours, as hashes.
#pragma once

#include <bit>
#include <cstdint>
#include <string_view>

#include "stages/topics/words.hpp"

namespace newsmill::topics {

template <typename OnFeature>
void for_each_feature(std::string_view text, OnFeature on_feature) noexcept {
    std::uint64_t previous = 0;
    for_each_word(text, [&](std::string_view word, std::size_t start, bool) {
        const std::uint64_t hash = word.size() <= Word::kBytesMax
                                       ? Word(word, text.size() - start).hash()
                                       : hash_of(lower_case(word));
        on_feature(hash);
        if (previous != 0) {
            const std::uint64_t pair = (std::rotl(previous, 23) ^ hash) * 0x9e3779b97f4a7c15u;
            on_feature(pair ^ pair >> 29);
        }
        previous = hash;
    });
}

}  // namespace newsmill::topics
