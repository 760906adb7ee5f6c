#include "stages/fingerprint/sketch.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

namespace newsmill {
namespace {

static_assert(std::endian::native == std::endian::little, "the wire form is copied as it stands");

constexpr std::size_t kFewToSort = 12;

void insert_sorted(const std::uint32_t* from, std::size_t size, std::uint32_t* to) noexcept {
    for (std::size_t i = 0; i < size; ++i) {
        const std::uint32_t one = from[i];
        std::size_t at = i;
        for (; at > 0 && to[at - 1] > one; --at) to[at] = to[at - 1];
        to[at] = one;
    }
}

// Sorts numbers that lie evenly below `below`: into 128 buckets by counting, then by insertion.
void sort_even(const std::uint32_t* from, std::size_t size, std::uint64_t below,
               std::uint32_t* to) noexcept {
    constexpr std::size_t kBuckets = 128;
    if (size > 8 * kBuckets) {
        std::copy_n(from, size, to);
        std::sort(to, to + size);
        return;
    }
    if (size <= kFewToSort) {
        insert_sorted(from, size, to);
        return;
    }
    const std::uint64_t scale = (std::uint64_t{kBuckets} << 32) / below;
    std::uint16_t ends[kBuckets + 1] = {};
    for (std::size_t i = 0; i < size; ++i) ++ends[(from[i] * scale >> 32) + 1];
    for (std::size_t i = 1; i < kBuckets; ++i)
        ends[i] = static_cast<std::uint16_t>(ends[i] + ends[i - 1]);
    for (std::size_t i = 0; i < size; ++i) to[ends[from[i] * scale >> 32]++] = from[i];
    insert_sorted(to, size, to);
}

void sample_facts(const std::vector<std::uint64_t>& hashes, std::vector<std::uint32_t>& scratch,
                  FactSample& out) {
    const std::size_t size = hashes.size();
    if (scratch.size() < 2 * size) scratch.resize(4 * size);
    std::uint32_t* const from = scratch.data();
    std::uint32_t* const sorted = from + size;
    for (std::size_t i = 0; i < size; ++i) {
        from[i] = static_cast<std::uint32_t>(hashes[i] >> (64 - kFactBits));
    }
    sort_even(from, size, std::uint64_t{1} << kFactBits, sorted);
    const auto distinct = static_cast<std::size_t>(std::unique(sorted, sorted + size) - sorted);
    out.count = static_cast<std::uint8_t>(std::min(distinct, kSketchFacts));
    for (std::size_t i = 0; i < out.count; ++i) out.set(i, sorted[i]);
}

}  // namespace

// Returns their number. A word's hash is 64 random bits; a shingle's is the sum of other 32 of them
// for each place, which is as random, and costs no multiplication.
std::size_t Sketcher::shingle(std::span<const std::uint64_t> words) {
    const std::size_t count = words.size();
    if (shingles_.size() < count + 1) shingles_.resize(2 * count + 1);
    std::uint32_t* const out = shingles_.data();
    if (count == 0) return 0;
    const std::uint64_t* const word = words.data();
    const auto first = [&](std::size_t i) { return static_cast<std::uint32_t>(word[i]); };
    const auto second = [&](std::size_t i) { return static_cast<std::uint32_t>(word[i] >> 32); };
    const auto third = [&](std::size_t i) { return static_cast<std::uint32_t>(word[i] >> 16); };
    if (count < kShingleWords) {
        out[0] = first(0) + (count > 1 ? second(1) : 0);
        return 1;
    }
    const std::size_t size = count - kShingleWords + 1;
    for (std::size_t i = 0; i < size; ++i) out[i] = first(i) + second(i + 1) + third(i + 2);
    return size;
}

// Guesses where the 64th smallest lies, so that few are kept and sorted.
void Sketcher::take_smallest(std::size_t count, Sketch& out) {
    if (kept_.size() < count + 1) {
        kept_.resize(2 * count + 1);
        sorted_.resize(2 * count + 1);
    }
    const std::uint32_t* const from = shingles_.data();
    std::uint32_t* const kept = kept_.data();
    std::uint32_t* const sorted = sorted_.data();
    std::size_t distinct = 0;
    for (std::uint64_t share = 5;; share *= 2) {  // quarters: 1.25 times the expected place first
        const std::uint64_t all = std::uint64_t{1} << 32;
        const std::uint64_t below =
            count <= kSketchHashes ? all : std::min(all, (share * kSketchHashes << 30) / count);
        std::size_t size = 0;
        for (std::size_t i = 0; i < count; ++i) {
            kept[size] = from[i];
            size += from[i] < below ? 1 : 0;
        }
        sort_even(kept, size, below, sorted);
        distinct = static_cast<std::size_t>(std::unique(sorted, sorted + size) - sorted);
        if (distinct >= kSketchHashes || below == all) break;
    }
    out.count = static_cast<std::uint8_t>(std::min(distinct, kSketchHashes));
    std::copy_n(sorted, out.count, out.hashes.begin());
}

void Sketcher::make(const WordList& words, Sketch& out) {
    const std::size_t count = shingle(words.words);
    out.shingles = static_cast<std::uint32_t>(count);
    take_smallest(count, out);
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
