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

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace newsmill {

// A word's classes, a bit set; the names follow the sections of the lexicon.
enum WordClass : std::uint64_t {
    kCue = std::uint64_t{1} << 0,
    kWeakCue = std::uint64_t{1} << 1,
    kParticiple = std::uint64_t{1} << 2,
    kSource = std::uint64_t{1} << 3,
    kSourceAfter = std::uint64_t{1} << 4,
    kTitle = std::uint64_t{1} << 5,
    kPerson = std::uint64_t{1} << 6,
    kNation = std::uint64_t{1} << 7,
    kHe = std::uint64_t{1} << 8,
    kShe = std::uint64_t{1} << 9,
    kPronoun = std::uint64_t{1} << 10,
    kFirstPerson = std::uint64_t{1} << 11,
    kSkip = std::uint64_t{1} << 12,
    kDeterminer = std::uint64_t{1} << 13,
    kPreposition = std::uint64_t{1} << 14,
    kConjunction = std::uint64_t{1} << 15,
    kTime = std::uint64_t{1} << 16,
    kParticle = std::uint64_t{1} << 17,
    kStop = std::uint64_t{1} << 18,
    kMale = std::uint64_t{1} << 19,
    kFemale = std::uint64_t{1} << 20,
    kScare = std::uint64_t{1} << 21,
    kLabel = std::uint64_t{1} << 22,
    kThink = std::uint64_t{1} << 23,
    kTell = std::uint64_t{1} << 24,
    kClaim = std::uint64_t{1} << 25,
    kShort = std::uint64_t{1} << 26,
    kNoun = std::uint64_t{1} << 27,
    kBe = std::uint64_t{1} << 28,
    kThat = std::uint64_t{1} << 29,
    kLead = std::uint64_t{1} << 30,
    kHis = std::uint64_t{1} << 31,
    kHer = std::uint64_t{1} << 32,
    kPutIt = std::uint64_t{1} << 33,
    kAfterOnly = std::uint64_t{1} << 34,
    kSilent = std::uint64_t{1} << 35,
    kObjectCue = std::uint64_t{1} << 36,
    kQuestion = std::uint64_t{1} << 37,
    kAnswer = std::uint64_t{1} << 38,
    kCall = std::uint64_t{1} << 39,
    kState = std::uint64_t{1} << 40,
    kGovernment = std::uint64_t{1} << 41,
    kAnyState = std::uint64_t{1} << 42,
    kAnyGovernment = std::uint64_t{1} << 43,
    kLesser = std::uint64_t{1} << 44,
};
inline constexpr std::uint64_t kAnyCue = kCue | kWeakCue | kParticiple | kThink;
inline constexpr std::uint64_t kAnyPronoun = kHe | kShe | kPronoun;
// Words that a capital letter at the start of a sentence does not make a name.
inline constexpr std::uint64_t kNotName =
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
    // Whether clauses without marks are read too ("S said that …").
    bool reads_clauses() const noexcept { return reads_clauses_; }
    // The classes of a word; 0 if it is not known.
    std::uint64_t classes(const LookupWord& word) const noexcept {
        const std::uint64_t found = listed_classes(word.hash());
        return found != 0 || endings_.empty() ? found : classes_by_ending(word);
    }
    // The same by the word's hash, if it is listed itself: all there is when has_endings() is
    // false. All places of the word are looked at, since a guess whether a word is known is wrong
    // too often. 32 bits of the hash stand for the word: among 2^32 words that are not listed, four
    // are taken for one that is. Views of the lexicon, for a loop to hold in registers.
    class Listed {
       public:
        explicit Listed(const CueLexicon& lexicon) noexcept
            : mask_(lexicon.mask_),
              tags_(lexicon.tags_.data()),
              sets_(lexicon.sets_.data()),
              class_sets_(lexicon.class_sets_.data()) {}
        std::uint64_t classes(std::uint64_t hash) const noexcept;

       private:
        std::size_t mask_;
        const std::uint32_t* tags_;
        const std::uint16_t* sets_;
        const std::uint64_t* class_sets_;
    };
    std::uint64_t listed_classes(std::uint64_t hash) const noexcept {
        return Listed(*this).classes(hash);
    }
    bool has_endings() const noexcept { return !endings_.empty(); }

   private:
    static constexpr std::size_t kPlaces = 4;
    void add(std::string_view word, std::uint64_t word_class);
    bool put(std::uint64_t hash, std::uint64_t classes) noexcept;
    void grow();
    void pack();
    std::uint64_t classes_by_ending(const LookupWord& word) const noexcept;

    // A hash table; a word is at most kPlaces - 1 places behind its own. While it is filled, whole
    // hashes and classes are kept (no classes: a free place); then it is packed to what fits the
    // nearest cache, since every word of every text is looked up: a tag, and which of the few sets
    // of classes that occur is the word's (the first one is empty).
    std::size_t mask_ = 0;
    std::vector<std::uint64_t> hashes_;
    std::vector<std::uint64_t> classes_;
    std::vector<std::uint32_t> tags_;
    std::vector<std::uint16_t> sets_;
    std::vector<std::uint64_t> class_sets_;
    std::string language_;
    std::vector<std::string> endings_;
    bool nouns_are_capital_ = false;
    bool reads_clauses_ = false;
};

inline std::uint64_t CueLexicon::Listed::classes(std::uint64_t hash) const noexcept {
    const std::uint32_t* tags = tags_ + (hash & mask_);
    const std::uint16_t* sets = sets_ + (hash & mask_);
    const auto tag = static_cast<std::uint32_t>(hash >> 32);
    static_assert(kPlaces == 4);
#ifdef __SSE2__
    const __m128i same = _mm_cmpeq_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(tags)),
                                         _mm_set1_epi32(std::bit_cast<int>(tag)));
    const __m128i found = _mm_and_si128(_mm_packs_epi32(same, same),
                                        _mm_loadl_epi64(reinterpret_cast<const __m128i*>(sets)));
    auto set = static_cast<std::uint64_t>(_mm_cvtsi128_si64(found));
    set |= set >> 32;
    return class_sets_[(set | set >> 16) & 0xFFFF];
#else
    const auto at = [&](std::size_t i) {
        return static_cast<std::uint32_t>(sets[i]) &
               (0u - static_cast<std::uint32_t>(tags[i] == tag));
    };
    return class_sets_[at(0) | at(1) | at(2) | at(3)];
#endif
}

}  // namespace newsmill
