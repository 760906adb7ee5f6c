// Finds what the rules of one language say about a text: one pass that cuts it into words, looks
// each up, and walks the trie of terms; then the queries of which a trigger was met; then the
// topics' scores.
//
// Words are looked up in a memo of those met last (nearly all words of a text are among a few
// thousand), so that stemming is off the hot path. Each word belongs to a class: what the rules
// make of it. Only words that are a term alone, or that the next word may make one, are looked at
// any further. Weighted terms match leftmost, the longest at each place, and don't overlap; terms
// of queries match wherever they stand. Linear in the text: a place costs at most the trie's depth.
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

#include "pipeline/pages.hpp"
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
        std::int64_t points = 0;     // of weighted terms and rules
        std::uint32_t assigned = 0;  // the confidence that an assigning rule gives; 0: none
    };
    // Topics of which there is any evidence, those below a topic before it.
    std::span<const std::uint32_t> topics() const noexcept { return met_topics_; }
    const Score& score(std::uint32_t topic) const noexcept { return scores_[topic]; }
    std::uint64_t words() const noexcept { return words_; }
    std::span<const Occurrence> occurrences() const noexcept { return occurrences_; }
    // Rules that hold.
    std::span<const std::uint32_t> fired() const noexcept { return fired_; }
    const LanguageRules& rules() const noexcept { return rules_; }

   private:
    friend class QueryEvaluator;
    // A word of the text at hand.
    struct Token {
        std::uint32_t start;
        std::uint32_t end;
        std::uint32_t word_class;
        std::uint32_t gap;  // 1: a gap before it
    };
    // The keys of so many words are made, and their slots in the memo on their way from memory,
    // before the first of them is looked up.
    static constexpr std::size_t kAhead = 64;
    static constexpr std::size_t kTokensKept = 1 << 16;
    // What words with the same symbols have in common, in one field: what is asked of each word.
    struct ClassHead {
        std::uint32_t term = kNone;    // the weighted term that the word alone is
        std::uint32_t atom = kNone;    // the only atom that it is; or kMore
        std::uint64_t symbol_set = 0;  // the bits of its symbols
        std::uint64_t child_set = 0;   // of symbols with which a phrase goes on
    };
    // Several atoms, or terms that must stand as they are written, or an atom of which the place
    // is needed.
    static constexpr std::uint32_t kMore = kNone - 1;
    // The rest.
    struct WordClass {
        std::uint32_t symbols = 0;  // the first
        std::uint32_t roots = 0;    // the first of those that are more than the word alone
        std::uint32_t atoms = 0;    // the first that the word alone is
        std::uint16_t symbol_count = 0;
        std::uint16_t root_count = 0;
        std::uint32_t atom_count = 0;
    };
    // The memo: 2 MiB of pairs of slots. A slot holds the word's class in place of the lower bits
    // of its key, which its place tells. The newest word of a pair is in the first.
    static constexpr unsigned kSlotBits = 18;
    static constexpr std::size_t kSlots = std::size_t{1} << kSlotBits;
    static constexpr std::uint64_t kSlotMask = kSlots - 1;

    void cut(std::string_view text) noexcept;
    void key_words(std::size_t first, std::size_t last) noexcept;
    template <bool kCountsAtoms>
    void look_up(std::size_t first, std::size_t last) noexcept;
    std::uint32_t remembered(std::uint64_t key, const Token& token) noexcept;
    std::uint32_t new_class(std::span<const Symbol> symbols) noexcept;
    std::uint32_t find_class(std::string_view lower, std::uint64_t key) noexcept;
    std::uint32_t class_of_symbols(std::span<const Symbol> symbols) noexcept;
    std::uint32_t atom_in(const WordClass& word_class, std::uint8_t field) const noexcept;
    void scan(std::string_view text, std::uint8_t field) noexcept;
    void take_more(std::size_t index) noexcept;
    void walk(std::size_t index) noexcept;
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
    void add_points(std::uint32_t topic, std::int64_t points) noexcept;
    void roll_up() noexcept;
    void forget_long_text() noexcept;

    const LanguageRules& rules_;
    Stemmer stemmer_;
    Regexps::Scratch regexp_scratch_;
    std::vector<std::uint32_t> parents_;  // of topics

    Pages memo_pages_;
    std::uint64_t* memo_;
    std::array<std::uint64_t, kAhead> keys_;
    std::array<std::vector<ClassHead>, 2> heads_;  // in the title, in the body
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
    std::vector<Token> tokens_;  // as many as the longest text had, and a few
    std::size_t token_count_ = 0;
    std::uint64_t words_ = 0;
    // Words that may be a term, or begin one: the index, twice, and 1 if the next may go on.
    std::vector<std::uint32_t> work_;
    std::size_t work_count_ = 0;
    std::vector<std::uint32_t> atom_work_;
    std::size_t atom_work_count_ = 0;
    std::uint64_t last_child_set_ = 0;  // of the word that was looked up last
    bool last_is_term_ = false;
    std::uint32_t best_term_ = kNone;  // the longest weighted term at the place at hand
    std::size_t best_words_ = 0;

    std::vector<std::uint32_t> term_counts_;  // in halves
    std::vector<std::uint32_t> met_terms_;    // room for all, and one
    std::size_t met_term_count_ = 0;
    std::vector<std::array<std::uint32_t, 2>> atom_counts_;  // title, body
    std::vector<std::uint32_t> atom_last_;                   // index + 1 of its newest occurrence
    std::vector<std::uint32_t> met_atoms_;                   // room for all, and one
    std::size_t met_atom_count_ = 0;
    std::vector<Occurrence> occurrences_;
    std::vector<Regexps::Match> regexp_matches_;

    std::vector<std::uint32_t> leaf_counts_;
    std::vector<std::uint32_t> leaf_atoms_met_;
    std::vector<std::uint32_t> met_leaves_;
    std::vector<std::uint8_t> rule_waiting_;
    std::vector<std::uint32_t> waiting_;
    std::vector<std::uint32_t> fired_;

    std::vector<Score> scores_;
    std::vector<std::uint64_t> topic_bits_;  // bit n: topic n is met
    std::vector<std::uint32_t> met_topics_;
    std::array<std::uint32_t, 128> roots_of_{};  // sqrt(count / 2) in sixteenths
};

}  // namespace newsmill::topics
