// The cue lexicon of one language: a set of classes for each word that helps to find who said
// what. The text format is described in configs/quotes/README.md.
//
// Immutable once built, so that threads may share it. A bad text throws LexiconError from the
// constructor, naming the line.
#pragma once

#include <array>
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
    alignas(8) std::array<char, kBytesMax> text{};
    std::size_t size = 0;

    std::string_view view() const noexcept { return {text.data(), size}; }
    std::uint64_t hash() const noexcept;
};

class CueLexicon {
   public:
    explicit CueLexicon(const LexiconSource& source);

    std::string_view language() const noexcept { return language_; }
    // Whether the language writes every noun with a capital letter.
    bool nouns_are_capital() const noexcept { return nouns_are_capital_; }
    // The classes of a word; 0 if it is not known.
    std::uint32_t classes(const LookupWord& word) const noexcept;

   private:
    // The 64-bit hash stands for the word.
    struct Slot {
        std::uint64_t hash = 0;
        std::uint32_t classes = 0;
    };
    void add(std::string_view word, std::uint32_t word_class);
    void grow();
    Slot& probe(std::uint64_t hash) noexcept;

    std::string language_;
    std::vector<Slot> slots_;
    std::size_t used_ = 0;
    std::vector<std::string> endings_;
    bool nouns_are_capital_ = false;
};

}  // namespace newsmill
