#include "stages/tagging/text_memo.hpp"

#include <xxhash.h>

#include <algorithm>
#include <bit>

namespace newsmill {
namespace {

constexpr std::size_t kBytesAResult = 256;  // the least that is usual: slots never run short
constexpr std::size_t kRingsAResult = 16;   // a larger one would drive out too many

}  // namespace

TextMemo::TextMemo(std::size_t bytes)
    : ring_(bytes),
      slots_(bytes == 0 ? 0 : std::bit_ceil(std::max<std::size_t>(bytes / kBytesAResult, 1))) {}

Hash128 TextMemo::key_of(std::string_view language, std::string_view headline,
                         std::string_view body) noexcept {
    const std::uint64_t others = XXH3_64bits_withSeed(
        headline.data(), headline.size(), XXH3_64bits(language.data(), language.size()));
    const XXH128_hash_t hash = XXH3_128bits_withSeed(body.data(), body.size(), others);
    return {hash.high64, hash.low64};
}

std::string_view TextMemo::find(const Hash128& key) const noexcept {
    if (!enabled()) return {};
    const Slot& slot = slots_[key.low & (slots_.size() - 1)];
    if (!slot.used || slot.key != key || end_ - slot.at > ring_.size()) return {};
    return {ring_.data() + slot.at % ring_.size(), slot.bytes};
}

std::span<char> TextMemo::keep(const Hash128& key, std::size_t bytes) noexcept {
    if (!enabled() || bytes > ring_.size() / kRingsAResult) return {};
    std::uint64_t at = end_;
    // A result is in one piece: what is left at the ring's end stays empty.
    if (const std::size_t place = at % ring_.size(); place + bytes > ring_.size())
        at += ring_.size() - place;
    end_ = at + bytes;
    slots_[key.low & (slots_.size() - 1)] = {key, at, static_cast<std::uint32_t>(bytes), true};
    return {ring_.data() + at % ring_.size(), bytes};
}

void TextMemo::clear() noexcept {
    for (Slot& slot : slots_) slot.used = false;
}

}  // namespace newsmill
