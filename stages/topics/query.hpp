// The query language of topic rules: that of IPTC's EXTRA (EQL), in prefix form.
//
//   (title any/stemming "election vote")     clause: FIELD RELATION[/MODIFIER…] "TERMS"
//   ("text")                                 the same as (text_content adj "text")
//   (and Q…) (or Q…) (not Q…)                not: none of them
//   (or/count>=3 Q…)                         occurrences of all of Q, summed, compared
//   (or/countunique>2 Q…)                    how many of Q hold, compared
//   (prox/unit=word/distance<=3 Q Q…)        how near occurrences are; unit word, sentence or
//                                            paragraph; /ordered: in this order
//   // a comment //
//
// Fields: title, body, text_content (both). Relations: any and = (one of the words), all, adj (the
// phrase). Modifiers: stemming; literal and casesensitive (as it stands); regexp. A word may hold
// * and ? after its first letter. Keywords in any case. Distances: next words are 1 apart, the same
// sentence or paragraph is 1 (as in EXTRA); with > and >=, an occurrence of the first part
// counts that has none of the others nearer ("college", not in "electoral college").
// docs/topics.md describes it for people.
//
// A value; owns its texts. Errors: QueryError with the byte at which the query is wrong.
#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace newsmill::topics {

class QueryError : public std::runtime_error {
   public:
    QueryError(std::size_t at, const std::string& why) : std::runtime_error(why), at_(at) {}
    std::size_t at() const noexcept { return at_; }

   private:
    std::size_t at_;
};

enum class Compare : std::uint8_t { kLess, kLessEqual, kEqual, kGreaterEqual, kGreater };
bool holds(std::uint64_t value, Compare compare, std::uint64_t bound) noexcept;

inline constexpr std::uint8_t kInTitle = 1;
inline constexpr std::uint8_t kInBody = 2;

struct Query {
    enum class Kind : std::uint8_t { kAnd, kOr, kCount, kCountUnique, kNot, kProx, kClause };
    enum class Relation : std::uint8_t { kAny, kAll, kAdjacent };
    enum class Unit : std::uint8_t { kWord, kSentence, kParagraph };

    Kind kind = Kind::kClause;
    std::size_t at = 0;  // its first byte; of a clause, that of its terms
    std::vector<Query> parts;

    // count, countunique, prox
    Compare compare = Compare::kGreaterEqual;
    std::uint32_t bound = 0;
    // prox
    Unit unit = Unit::kWord;
    bool ordered = false;
    // clause
    std::uint8_t fields = kInTitle | kInBody;
    Relation relation = Relation::kAdjacent;
    bool stemming = false;
    bool literal = false;
    bool case_sensitive = false;
    bool regexp = false;
    std::string terms;
};

Query parse_query(std::string_view text);

}  // namespace newsmill::topics
