#include "stages/fingerprint/sketch.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

namespace newsmill {
namespace {

static_assert(std::endian::native == std::endian::little, "the wire form is copied as it stands");

std::uint64_t mix(std::uint64_t x) noexcept {
    x *= 0xD6E8FEB86659FD93ull;
    x ^= x >> 32;
    return x * 0xD6E8FEB86659FD93ull;
}

void sample_facts(const std::vector<std::uint64_t>& hashes, std::vector<std::uint32_t>& scratch,
                  FactSample& out) {
    scratch.clear();
    for (const std::uint64_t hash : hashes)
        scratch.push_back(static_cast<std::uint32_t>(hash >> (64 - kFactBits)));
    std::sort(scratch.begin(), scratch.end());
    scratch.erase(std::unique(scratch.begin(), scratch.end()), scratch.end());
    out.count = static_cast<std::uint8_t>(std::min(scratch.size(), kSketchFacts));
    for (std::size_t i = 0; i < out.count; ++i) out.set(i, scratch[i]);
}

}  // namespace

void Sketcher::shingle(const std::vector<std::uint64_t>& words) {
    constexpr std::uint64_t kStep = 0x9E3779B97F4A7C15ull;
    shingles_.clear();
    const std::size_t count = words.size();
    if (count == 0) return;
    if (count < kShingleWords) {
        std::uint64_t hash = count;
        for (const std::uint64_t word : words) hash = (hash + word) * kStep;
        shingles_.push_back(static_cast<std::uint32_t>(mix(hash) >> 32));
        return;
    }
    shingles_.resize(count - kShingleWords + 1);
    for (std::size_t i = 0; i + kShingleWords <= count; ++i) {
        const std::uint64_t hash =
            ((words[i] * kStep + words[i + 1]) * kStep + words[i + 2]) * kStep;
        shingles_[i] = static_cast<std::uint32_t>(mix(hash ^ hash >> 32) >> 32);
    }
}

// Guesses where the 64th smallest lies, so that few are kept and sorted.
void Sketcher::take_smallest(Sketch& out) {
    const std::uint64_t count = shingles_.size();
    for (std::uint64_t share = 3;; share *= 2) {  // halves: 1.5 times the expected place first
        const std::uint64_t below =
            count <= kSketchHashes ? std::uint64_t{1} << 32
                                   : std::min<std::uint64_t>(std::uint64_t{1} << 32,
                                                             (share * kSketchHashes << 31) / count);
        kept_.resize(count);
        std::size_t size = 0;
        for (const std::uint32_t hash : shingles_) {
            kept_[size] = hash;
            size += hash < below ? 1 : 0;
        }
        kept_.resize(size);
        std::sort(kept_.begin(), kept_.end());
        kept_.erase(std::unique(kept_.begin(), kept_.end()), kept_.end());
        if (kept_.size() >= kSketchHashes || below == std::uint64_t{1} << 32) break;
    }
    out.count = static_cast<std::uint8_t>(std::min(kept_.size(), kSketchHashes));
    std::copy_n(kept_.begin(), out.count, out.hashes.begin());
}

void Sketcher::make(const WordList& words, Sketch& out) {
    shingle(words.words);
    out.shingles = static_cast<std::uint32_t>(shingles_.size());
    take_smallest(out);
    sample_facts(words.figures, facts_, out.figures);
    sample_facts(words.names, facts_, out.names);
}

namespace {

std::size_t encoded_bytes(const Sketch& sketch) noexcept {
    return 8 + 4u * sketch.count + 3u * (sketch.figures.count + sketch.names.count);
}

void encode(const Sketch& sketch, char* at) noexcept {
    const auto put = [&at](const void* from, std::size_t size) {
        std::memcpy(at, from, size);
        at += size;
    };
    const std::uint8_t head[] = {kSketchVersion, sketch.count, sketch.figures.count,
                                 sketch.names.count};
    put(head, sizeof head);
    put(&sketch.shingles, 4);
    put(sketch.hashes.data(), 4u * sketch.count);
    put(sketch.figures.bytes.data(), 3u * sketch.figures.count);
    put(sketch.names.bytes.data(), 3u * sketch.names.count);
}

}  // namespace

void append_sketch(const Sketch& sketch, std::string& out) {
    const std::size_t before = out.size();
    out.resize(before + encoded_bytes(sketch));
    encode(sketch, out.data() + before);
}

std::string_view encode_sketch(const Sketch& sketch, Arena& arena) noexcept {
    const std::size_t size = encoded_bytes(sketch);
    char* const bytes = arena.alloc(size);
    encode(sketch, bytes);
    return {bytes, size};
}

bool decode_sketch(std::string_view bytes, Sketch& out) noexcept {
    if (bytes.size() < 8) return false;
    const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(bytes[i]); };
    const std::size_t count = byte(1), figures = byte(2), names = byte(3);
    if (byte(0) != kSketchVersion || count > kSketchHashes || figures > kSketchFacts ||
        names > kSketchFacts || bytes.size() != 8 + 4 * count + 3 * (figures + names)) {
        return false;
    }
    out.count = byte(1);
    out.figures.count = byte(2);
    out.names.count = byte(3);
    const char* const at = bytes.data() + 4;
    std::memcpy(&out.shingles, at, 4);
    std::memcpy(out.hashes.data(), at + 4, 4 * count);
    std::memcpy(out.figures.bytes.data(), at + 4 + 4 * count, 3 * figures);
    std::memcpy(out.names.bytes.data(), at + 4 + 4 * count + 3 * figures, 3 * names);
    const auto ascends = [](const auto& hashes, std::size_t size) {
        for (std::size_t i = 1; i < size; ++i) {
            if (hashes[i - 1] >= hashes[i]) return false;
        }
        return true;
    };
    return ascends(out.hashes, count) && ascends(out.figures, figures) && ascends(out.names, names);
}

}  // namespace newsmill
