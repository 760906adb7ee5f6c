// Finds what the rules of one language say about a text: one pass that cuts it into words, looks
// each up, and walks the trie of terms; then the queries of which a trigger was met; then the
// topics' scores.
//
// Words are looked up in a memo of those met last (nearly all words of a text are among a few
// thousand), so that stemming is off the hot path. Weighted terms match leftmost, the longest at
// each place, and don't overlap; terms of queries match wherever they stand. Linear in the text: a
// place costs at most the trie's depth.
//
// Ownership: results live until the next match(). Threads: one. Errors: none. No allocation a text
// in the steady state.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "stages/topics/regexps.hpp"
#include "stages/topics/rules.hpp"

namespace newsmill::topics {

// Where a term of a rule stands.
struct Occurrence {
    std::uint32_t id;  // of a weighted term, or of an atom
    std::uint32_t start;
    std::uint32_t end;
    std::uint32_t place;  // of its first word in its field, from 0
    std::uint16_t words;
    std::uint8_t field;  // kInTitle or kInBody
    bool is_atom;
    std::uint32_t previous;  // index + 1 of the atom's occurrence before; 0: none
};

class Matcher {
   public:
    // `topics` of the Rules that `rules` is part of; both outlive the matcher.
    Matcher(const LanguageRules& rules, const std::vector<TopicInfo>& topics);

    // `explain`: keep the occurrences of weighted terms too.
    void match(std::string_view headline, std::string_view body, bool explain) noexcept;

    struct Score {
        std::uint64_t points = 0;   // of weighted terms and rules
        std::uint8_t assigned = 0;  // the confidence that an assigning rule gives; 0: none
        std::uint8_t seen = 0;
    };
    // Topics of which there is any evidence.
    std::span<const std::uint32_t> topics() const noexcept { return met_topics_; }
    const Score& score(std::uint32_t topic) const noexcept { return scores_[topic]; }
    std::uint64_t words() const noexcept { return words_; }
    std::span<const Occurrence> occurrences() const noexcept { return occurrences_; }
    // Rules that hold.
    std::span<const std::uint32_t> fired() const noexcept { return fired_; }
    const LanguageRules& rules() const noexcept { return rules_; }

   private:
    friend class QueryEvaluator;
    struct Hit {
        std::uint32_t start;
        std::uint32_t end;
        std::uint32_t place;  // the upper bit: a gap before it
        std::uint32_t word_class;
    };
    // A word that is cut and hashed, and whose slot in the memo is on its way from memory.
    struct Pending {
        std::uint64_t hash;
        std::uint32_t start;
        std::uint32_t end;
        std::uint32_t place;  // the upper bit: a gap before it
    };
    static constexpr std::size_t kPending = 64;
    // What words with the same symbols have in common: what is asked of each word, and the rest.
    struct ClassHead {
        std::uint32_t term = kNone;    // the weighted term that the word alone is
        std::uint32_t symbol_set = 0;  // bit n: a symbol that is n modulo 32
        std::uint32_t child_set = 0;   // bit n: a phrase goes on with such a symbol
        std::uint32_t atom = kNone;    // the only atom that it is; or kMore
    };
    // Several atoms, or terms that must stand as they are written, or an atom of which the place
    // is needed.
    static constexpr std::uint32_t kMore = kNone - 1;
    struct WordClass {
        std::uint32_t symbols = 0;  // the first
        std::uint32_t roots = 0;    // the first of those that are more than the word alone
        std::uint32_t atoms = 0;    // the first that the word alone is
        std::uint16_t symbol_count = 0;
        std::uint16_t root_count = 0;
        std::uint32_t atom_count = 0;
    };
    static constexpr std::uint32_t kGap = 1u << 31;
    // The memo: 2 MiB. A slot holds the word's class in place of the lower bits of its hash, which
    // its place tells.
    static constexpr unsigned kSlotBits = 18;
    static constexpr std::uint64_t kSlotMask = (std::uint64_t{1} << kSlotBits) - 1;

    void note_word(std::string_view raw, std::size_t start, bool gap,
                   std::size_t readable) noexcept;
    void look_up_pending() noexcept;
    std::uint32_t remembered(std::uint64_t hash, std::string_view lower) noexcept;
    std::uint32_t new_class(std::span<const Symbol> symbols) noexcept;
    std::uint32_t find_class(std::string_view lower, std::uint64_t hash) noexcept;
    std::uint32_t class_of_symbols(std::span<const Symbol> symbols) noexcept;
    void scan(std::string_view text, std::uint8_t field) noexcept;
    void collect(std::string_view text) noexcept;
    void take_more(std::size_t index) noexcept;
    void walk(std::size_t index) noexcept;
    bool follows(std::size_t index, std::size_t depth) const noexcept;
    void visit(std::uint32_t node, std::size_t index, std::size_t depth) noexcept;
    void descend(std::uint32_t node, std::size_t index, std::size_t depth) noexcept;
    void take_entries(std::uint32_t node, std::size_t index, std::size_t depth) noexcept;
    void count_term(std::uint32_t term, std::size_t first, std::size_t last) noexcept;
    void add_atom(std::uint32_t atom) noexcept;
    void count_atom(std::uint32_t atom, std::uint32_t start, std::uint32_t end, std::uint32_t place,
                    std::size_t words) noexcept;
    bool stands_as(const LanguageRules::Literal& literal, std::uint32_t start) const noexcept;
    void scan_regexps(std::string_view text, std::uint8_t field) noexcept;
    void place_regexps(std::string_view text, std::size_t first) noexcept;
    void clear() noexcept;
    void judge_queries() noexcept;
    void judge(std::uint32_t rule) noexcept;
    void score_terms() noexcept;
    void add_points(std::uint32_t topic, std::uint64_t points) noexcept;
    void assign(std::uint32_t topic, std::uint8_t percent) noexcept;

    const LanguageRules& rules_;
    Stemmer stemmer_;
    Regexps::Scratch regexp_scratch_;
    const std::vector<TopicInfo>& topics_;

    std::vector<std::uint64_t> memo_;
    std::array<Pending, kPending> pending_;
    std::size_t pending_count_ = 0;
    std::string lower_;
    std::vector<ClassHead> heads_;
    std::vector<WordClass> classes_;
    std::vector<Symbol> class_symbols_;
    std::vector<std::uint32_t> class_roots_;
    std::vector<std::uint32_t> class_atoms_;
    std::vector<std::uint32_t> class_by_symbol_;  // of words with this symbol alone; 0: none yet
    FlatTable<std::uint32_t> class_ids_;          // of words with several symbols

    // The text at hand.
    std::string_view headline_;
    std::string_view body_;
    std::string_view text_;
    std::uint8_t field_ = 0;
    bool explain_ = false;
    std::vector<Hit> hits_;
    std::size_t hit_count_ = 0;
    std::uint32_t place_ = 0;
    std::uint64_t words_ = 0;
    std::uint32_t best_term_ = kNone;  // the longest weighted term at the place at hand
    std::size_t best_words_ = 0;

    std::vector<std::uint32_t> term_counts_;  // in halves
    std::vector<std::uint32_t> met_terms_;
    std::vector<std::array<std::uint32_t, 2>> atom_counts_;  // title, body
    std::vector<std::uint32_t> atom_last_;                   // index + 1 of its newest occurrence
    std::vector<std::uint32_t> met_atoms_;
    std::vector<Occurrence> occurrences_;
    std::vector<Regexps::Match> regexp_matches_;

    std::vector<std::uint32_t> leaf_counts_;
    std::vector<std::uint32_t> leaf_atoms_met_;
    std::vector<std::uint32_t> met_leaves_;
    std::vector<std::uint8_t> rule_waiting_;
    std::vector<std::uint32_t> waiting_;
    std::vector<std::uint32_t> fired_;

    std::vector<Score> scores_;
    std::vector<std::uint32_t> met_topics_;
    std::array<std::uint32_t, 128> roots_of_{};  // sqrt(count / 2) in sixteenths
};

}  // namespace newsmill::topics
