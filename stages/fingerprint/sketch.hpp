// The sketch of an article: what near-duplicate detection compares.
//
//   - The 64 smallest of the 32-bit hashes of its 3-word shingles (bottom-k sketch; Broder 1997,
//     Cohen and Kaplan 2007). Two of them estimate the Jaccard similarity and the containment of
//     the texts, also of texts of very different lengths.
//   - Its facts: up to 20 figures and 20 names, as 24-bit hashes, the smallest first (a bottom-k
//     sample again, exact where a text has no more).
//
// Wire form, version 2, little endian: u8 version, u8 hashes, u8 figures, u8 names, u32 shingles
// (all, repeated ones too), hashes x u32 ascending, figures x u24 ascending, names x u24
// ascending. All daemons of one journal must agree on it. At most kSketchBytesMax.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/batch.hpp"
#include "stages/fingerprint/words.hpp"

namespace newsmill {

inline constexpr std::uint8_t kSketchVersion = 2;
inline constexpr std::size_t kSketchHashes = 64;
inline constexpr std::size_t kIndexedHashes = 24;  // the smallest: by these an article is found
inline constexpr std::size_t kSketchFacts = 20;    // of each kind
inline constexpr int kShingleWords = 3;
inline constexpr std::size_t kSketchBytesMax = 8 + 4 * kSketchHashes + 2 * 3 * kSketchFacts;

// Of a name's hash: it is two words.
constexpr bool is_full_name(std::uint32_t fact) noexcept { return (fact & 1) != 0; }

struct FactSample {
    std::uint8_t count = 0;
    std::array<std::uint8_t, 3 * kSketchFacts> bytes;  // ascending

    bool complete() const noexcept { return count < kSketchFacts; }
    std::uint32_t operator[](std::size_t i) const noexcept {
        return bytes[3 * i] | bytes[3 * i + 1] << 8u | bytes[3 * i + 2] << 16u;
    }
    void set(std::size_t i, std::uint32_t hash) noexcept {
        bytes[3 * i] = static_cast<std::uint8_t>(hash);
        bytes[3 * i + 1] = static_cast<std::uint8_t>(hash >> 8);
        bytes[3 * i + 2] = static_cast<std::uint8_t>(hash >> 16);
    }
};

struct Sketch {
    std::uint32_t shingles = 0;
    std::array<std::uint32_t, kSketchHashes> hashes;  // ascending, distinct
    FactSample figures;
    FactSample names;
    std::uint8_t count = 0;  // of hashes
};

// Makes sketches; keeps its buffers. One thread each.
class Sketcher {
   public:
    void make(const WordList& words, Sketch& out);

   private:
    std::size_t shingle(std::span<const std::uint64_t> words);
    void take_smallest(std::size_t count, Sketch& out);

    // Only grown: making room must not cost a fill.
    std::vector<std::uint32_t> shingles_;
    std::vector<std::uint32_t> kept_;
    std::vector<std::uint32_t> sorted_;
    std::vector<std::uint32_t> facts_;
};

void append_sketch(const Sketch& sketch, std::string& out);
std::string_view encode_sketch(const Sketch& sketch, Arena& arena) noexcept;
// False for foreign or damaged bytes. Never reads past them.
bool decode_sketch(std::string_view bytes, Sketch& out) noexcept;

}  // namespace newsmill
