// The words of all rules of one language, as symbols. A word of a text stands for up to a few
// symbols: itself (exact), its stem (of queries), its stem unless the pack keeps it (of weighted
// terms), and the patterns with * and ? that fit it.
//
// Built once, then only read. Threads: any, with a stemmer each. Errors: none.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "stages/topics/flat_table.hpp"
#include "stages/topics/stemmer.hpp"

namespace newsmill::topics {

using Symbol = std::uint32_t;  // from 1
inline constexpr Symbol kNoSymbol = 0;

class Vocabulary {
   public:
    explicit Vocabulary(std::string language);

    std::string_view language() const noexcept { return language_; }

    // ---- While it is built; words in lower case.
    void keep(std::string_view word);
    Symbol add_exact(std::string_view word);
    Symbol add_stem(std::string_view word);
    Symbol add_folded(std::string_view word);  // the exact word if it is kept
    // Begins with a letter or digit; * is any letters, ? one byte.
    Symbol add_pattern(std::string_view pattern);
    Symbol symbol_count() const noexcept { return next_; }

    // ---- Then. The symbols of a word; `key` is key_of(word). At most kSymbolsMax.
    static constexpr std::size_t kSymbolsMax = 16;
    std::size_t symbols(std::string_view word, std::uint64_t key, const Stemmer& stemmer,
                        Symbol* out) const noexcept;

   private:
    struct Exact {
        Symbol symbol = kNoSymbol;
        bool kept = false;
    };
    struct Stem {
        Symbol stem = kNoSymbol;
        Symbol folded = kNoSymbol;
    };
    struct Pattern {
        std::string text;
        Symbol symbol = kNoSymbol;
        std::uint32_t next = 0;  // index + 1 of the next pattern with the same beginning
    };

    // The first letters of stems: a word without such a beginning has no stem that is known.
    static std::size_t beginning(std::uint64_t first_bytes, unsigned letters) noexcept;
    void note_beginning(std::string_view stem);
    bool may_have_stem(std::string_view word) const noexcept;

    std::string language_;
    Stemmer stemmer_;
    Symbol next_ = 1;
    FlatTable<Exact> exact_;
    FlatTable<Stem> stems_;
    std::vector<std::uint16_t> beginnings_;  // bit n: of a stem of n letters; n + 8: or of more
    std::vector<Pattern> patterns_;
    FlatTable<std::uint32_t> pattern_starts_;  // index + 1 of the first pattern
    std::uint64_t pattern_lengths_ = 0;        // bit n: some pattern begins with n plain bytes
};

}  // namespace newsmill::topics
