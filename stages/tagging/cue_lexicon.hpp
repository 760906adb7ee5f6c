// The cue lexicon of one language: a set of classes for each word that helps to find who said
// what. The text format is described in configs/quotes/README.md.
//
// Immutable once built, so that threads may share it. A bad text throws LexiconError from the
// constructor, naming the line.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "stages/tagging/lexicon.hpp"

namespace newsmill {

// A word's classes, a bit set; the names follow the sections of the lexicon.
enum WordClass : std::uint32_t {
    kCue = 1u << 0,
    kWeakCue = 1u << 1,
    kParticiple = 1u << 2,
    kSource = 1u << 3,
    kSourceAfter = 1u << 4,
    kTitle = 1u << 5,
    kPerson = 1u << 6,
    kNation = 1u << 7,
    kHe = 1u << 8,
    kShe = 1u << 9,
    kPronoun = 1u << 10,
    kFirstPerson = 1u << 11,
    kSkip = 1u << 12,
    kDeterminer = 1u << 13,
    kPreposition = 1u << 14,
    kConjunction = 1u << 15,
    kTime = 1u << 16,
    kParticle = 1u << 17,
    kStop = 1u << 18,
    kMale = 1u << 19,
    kFemale = 1u << 20,
    kScare = 1u << 21,
    kLabel = 1u << 22,
};
inline constexpr std::uint32_t kAnyCue = kCue | kWeakCue | kParticiple;
inline constexpr std::uint32_t kAnyPronoun = kHe | kShe | kPronoun;
// Words that a capital letter at the start of a sentence does not make a name.
inline constexpr std::uint32_t kNotName =
    kAnyPronoun | kDeterminer | kPreposition | kConjunction | kTime | kStop | kSkip | kFirstPerson;

// A word as the lexicon wants it: in lower case, cut at 32 bytes, zero-padded.
struct LookupWord {
    static constexpr std::size_t kBytesMax = 32;
    std::array<std::uint64_t, kBytesMax / 8> parts{};
    std::size_t size = 0;

    char* text() noexcept { return reinterpret_cast<char*>(parts.data()); }
    std::string_view view() const noexcept {
        return {reinterpret_cast<const char*>(parts.data()), size};
    }
    std::uint64_t hash() const noexcept {
        std::uint64_t h = short_hash(size, parts[0], parts[1]);
        if (size > kShortBytesMax) {
            h = (std::rotl(h, 29) ^ parts[2]) * 0xbf58476d1ce4e5b9u;
            h = (std::rotl(h, 29) ^ parts[3]) * 0xbf58476d1ce4e5b9u;
        }
        return h ^ (h >> 32);
    }

    // The same for a word of at most 16 bytes, for those who have it in registers.
    static constexpr std::size_t kShortBytesMax = 16;
    static std::uint64_t hash_of(std::size_t size, std::uint64_t first,
                                 std::uint64_t second) noexcept {
        const std::uint64_t h = short_hash(size, first, second);
        return h ^ (h >> 32);
    }

   private:
    static std::uint64_t short_hash(std::size_t size, std::uint64_t first,
                                    std::uint64_t second) noexcept {
        const std::uint64_t h = (size * 0x9e3779b97f4a7c15u ^ first) * 0xbf58476d1ce4e5b9u;
        return (std::rotl(h, 29) ^ second) * 0xbf58476d1ce4e5b9u;
    }
};

class CueLexicon {
   public:
    explicit CueLexicon(const LexiconSource& source);

    std::string_view language() const noexcept { return language_; }
    // Whether the language writes every noun with a capital letter.
    bool nouns_are_capital() const noexcept { return nouns_are_capital_; }
    // The classes of a word; 0 if it is not known.
    std::uint32_t classes(const LookupWord& word) const noexcept {
        const std::uint32_t found = listed_classes(word.hash());
        return found != 0 || endings_.empty() ? found : classes_by_ending(word);
    }
    // The same by the word's hash, if it is listed itself: all there is when has_endings() is
    // false. All places of the word are looked at, since a guess whether a word is known is wrong
    // too often.
    std::uint32_t listed_classes(std::uint64_t hash) const noexcept {
        const std::uint64_t* hashes = hashes_.data() + (hash & mask_);
        const std::uint32_t* classes = classes_.data() + (hash & mask_);
        const auto at = [&](std::size_t i) {
            return classes[i] & (0u - static_cast<std::uint32_t>(hashes[i] == hash));
        };
        static_assert(kPlaces == 4);
        return at(0) | at(1) | at(2) | at(3);
    }
    bool has_endings() const noexcept { return !endings_.empty(); }

   private:
    static constexpr std::size_t kPlaces = 4;
    void add(std::string_view word, std::uint32_t word_class);
    bool put(std::uint64_t hash, std::uint32_t classes) noexcept;
    void grow();
    std::uint32_t classes_by_ending(const LookupWord& word) const noexcept;

    // A hash table; the 64-bit hash stands for the word, which is at most kPlaces - 1 places
    // behind its own. No classes: a free place.
    std::size_t mask_ = 0;
    std::vector<std::uint64_t> hashes_;
    std::vector<std::uint32_t> classes_;
    std::string language_;
    std::vector<std::string> endings_;
    bool nouns_are_capital_ = false;
};

}  // namespace newsmill
