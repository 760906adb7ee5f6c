// Compiled rule packs: everything that a matcher needs to find topics, per language.
//
// All terms of all rules of a language are one trie over the symbols of their words
// (stages/topics/vocabulary.hpp), which one pass over the text walks. Regular expressions are one
// vectorscan database. A query is looked at only if one of its trigger terms was met: the fewest
// and rarest terms without which it can't hold.
//
// Immutable once built, so that threads share it. Errors: compile() throws PackError, with all
// issues of all packs, one a line.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "stages/topics/flat_table.hpp"
#include "stages/topics/pack.hpp"
#include "stages/topics/vocabulary.hpp"

namespace newsmill::topics {

class PackError : public std::runtime_error {
   public:
    using std::runtime_error::runtime_error;
};

inline constexpr std::uint32_t kNone = ~std::uint32_t{0};

struct TopicInfo {
    std::string scheme;
    std::string alias;
    std::string code;
    std::string name;
    std::string creator;  // "newsmill/topics-rules@2"
    std::uint32_t parent = kNone;
    std::uint32_t depth = 0;
};

// What a term says for one topic: for that in whose list it stands (origin), and those above it.
struct Evidence {
    std::uint32_t topic;
    std::uint32_t origin;
    std::uint32_t worth;
};

// The same for the score: what the term adds to a topic beyond what it adds to those below it. All
// points of a topic count for those above.
struct TermPoints {
    std::uint32_t topic;
    std::int32_t more;
};

class Regexps;

// One language.
class LanguageRules {
   public:
    explicit LanguageRules(std::string language);
    ~LanguageRules();
    LanguageRules(LanguageRules&&) noexcept;
    LanguageRules& operator=(LanguageRules&&) noexcept;

    // What stands at the end of a path through the trie.
    struct Entry {
        std::uint32_t id;       // of a weighted term, or of an atom
        std::uint32_t literal;  // index into literals, kNone if any form will do
        bool is_atom;
    };
    struct Node {
        std::uint32_t entries = 0;  // the first
        std::uint16_t entry_count = 0;
        bool has_children = false;
        bool has_literal = false;     // an entry that must stand as it is written
        bool gap_before = false;      // its word may stand behind a gap: the term has one there too
        std::uint64_t child_set = 0;  // a child by a symbol with this bit_of()
    };
    struct Literal {
        std::string text;
        std::uint32_t lead;  // bytes before its first word
    };
    // A clause of a query: words or phrases, of which some must be met.
    struct Leaf {
        std::uint32_t rule;
        std::uint32_t atoms;  // the first; in leaf_atoms
        std::uint32_t atom_count;
        std::uint32_t trigger;  // its rule is looked at if it is met so often; 0: is no trigger
        std::uint8_t fields;
        bool all;      // all atoms must be met
        bool negated;  // it stands under a not
    };
    struct QueryNode {
        Query::Kind kind;
        Compare compare;
        Query::Unit unit;
        bool ordered;
        std::uint32_t bound;
        std::uint32_t first;  // child in children, or the leaf
        std::uint32_t count;
    };
    struct Rule {
        std::string id;
        std::uint32_t topic;
        std::uint8_t weight;
        std::uint8_t percent;
        std::uint32_t root;        // node
        std::uint32_t first_leaf;  // its leaves are next to each other
        std::uint32_t leaf_count;
    };

    Vocabulary vocabulary;
    std::vector<std::uint32_t> roots;  // node by symbol, kNone if none
    std::vector<Node> nodes;
    FlatTable<std::uint32_t> edges;  // edge_key -> node
    std::vector<Entry> entries;
    std::vector<Literal> literals;
    // One of 64 for a symbol, so that most sets of symbols are seen not to meet by their bits.
    static std::uint64_t bit_of(Symbol symbol) noexcept {
        return std::uint64_t{1} << (symbol * 0x9e3779b1u >> 26);
    }
    static std::uint64_t edge_key(std::uint32_t node, Symbol symbol) noexcept {
        return (std::uint64_t{node} << 32 | symbol) * 0x9e3779b97f4a7c15u;
    }

    // Weighted terms: evidence[evidence_at[id] … evidence_at[id + 1]).
    std::vector<std::uint32_t> evidence_at;
    std::vector<Evidence> evidence;
    std::vector<std::uint32_t> points_at;
    std::vector<TermPoints> points;
    std::vector<std::string> term_texts;
    std::size_t term_count() const noexcept { return evidence_at.size() - 1; }

    // Queries.
    std::uint32_t atom_count = 0;
    std::vector<std::uint32_t> atom_leaves_at;
    std::vector<std::uint32_t> atom_leaves;
    std::vector<std::uint8_t> atom_fields;  // of all its clauses
    std::vector<std::uint8_t> atom_placed;  // its places are needed: it is part of a prox
    std::vector<Leaf> leaves;
    std::vector<std::uint32_t> leaf_atoms;
    std::vector<QueryNode> query_nodes;
    std::vector<std::uint32_t> children;
    std::vector<Rule> rules;
    std::vector<std::uint32_t> always;  // rules that have no trigger
    std::unique_ptr<Regexps> regexps;   // null if there are none
};

class Rules {
   public:
    static std::shared_ptr<const Rules> compile(const std::vector<Pack>& packs);
    // The packs that are built in (configs/topics/*.topics).
    static std::shared_ptr<const Rules> built_in();

    const std::vector<TopicInfo>& topics() const noexcept { return topics_; }
    // By scheme and code; kNone if there is none.
    std::uint32_t find_topic(std::string_view scheme, std::string_view code) const;
    const std::vector<LanguageRules>& languages() const noexcept { return languages_; }

   private:
    friend class Compiler;
    std::vector<TopicInfo> topics_;
    std::map<std::string, std::uint32_t> indices_;  // by scheme and code
    std::vector<LanguageRules> languages_;
};

std::vector<Pack> built_in_packs();

}  // namespace newsmill::topics
