#include "stages/topics/query.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

namespace newsmill::topics {
namespace {

constexpr int kDepthMax = 64;

std::string small(std::string_view text) {
    std::string out(text);
    for (char& c : out) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
    }
    return out;
}

struct Modifier {
    std::string name;
    std::optional<Compare> compare;
    std::string value;
    std::size_t at = 0;
};

class Parser {
   public:
    explicit Parser(std::string_view text) noexcept : text_(text) {}

    Query parse() {
        Query query = parse_group(0);
        skip_blanks();
        if (at_ < text_.size()) fail("text after the end of the query");
        return query;
    }

   private:
    [[noreturn]] void fail(const std::string& why) const { throw QueryError(at_, why); }
    [[noreturn]] static void fail_at(std::size_t at, const std::string& why) {
        throw QueryError(at, why);
    }

    // Blanks, and comments between two pairs of slashes.
    void skip_blanks() {
        while (at_ < text_.size()) {
            if (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t' ||
                text_[at_] == '\r') {
                ++at_;
            } else if (text_.substr(at_).starts_with("//")) {
                const auto end = text_.find("//", at_ + 2);
                if (end == text_.npos) fail("the comment has no '//' at its end");
                at_ = end + 2;
            } else {
                return;
            }
        }
    }
    bool next_is(char c) {
        skip_blanks();
        return at_ < text_.size() && text_[at_] == c;
    }
    void expect(char c, const char* what) {
        if (!next_is(c)) fail(std::string("expected ") + what);
        ++at_;
    }

    // A run of letters, digits and underscores.
    std::string_view name() noexcept {
        const std::size_t start = at_;
        while (at_ < text_.size() &&
               (std::isalnum(static_cast<unsigned char>(text_[at_])) != 0 || text_[at_] == '_')) {
            ++at_;
        }
        return text_.substr(start, at_ - start);
    }

    std::optional<Compare> compare() noexcept {
        const auto starts = [&](std::string_view sign) {
            if (!text_.substr(at_).starts_with(sign)) return false;
            at_ += sign.size();
            return true;
        };
        if (starts("<=")) return Compare::kLessEqual;
        if (starts(">=")) return Compare::kGreaterEqual;
        if (starts("==") || starts("=")) return Compare::kEqual;
        if (starts("<")) return Compare::kLess;
        if (starts(">")) return Compare::kGreater;
        return std::nullopt;
    }

    std::vector<Modifier> modifiers() {
        std::vector<Modifier> list;
        while (at_ < text_.size() && text_[at_] == '/') {
            ++at_;
            Modifier modifier;
            modifier.at = at_;
            modifier.name = small(name());
            if (modifier.name.empty()) fail("expected a modifier after '/'");
            modifier.compare = compare();
            if (modifier.compare) {
                modifier.value = small(name());
                if (modifier.value.empty()) fail("expected a value");
            }
            list.push_back(std::move(modifier));
        }
        return list;
    }

    std::string quoted() {
        expect('"', "a quoted text");
        std::string out;
        while (at_ < text_.size() && text_[at_] != '"') {
            // A backslash is kept but before a quotation mark: regular expressions are full of it.
            if (text_[at_] == '\\' && at_ + 1 < text_.size() && text_[at_ + 1] == '"') ++at_;
            out += text_[at_++];
        }
        if (at_ == text_.size()) fail("the quoted text has no end");
        ++at_;
        return out;
    }

    Query parse_group(int depth) {
        if (depth > kDepthMax) fail("nested more than 64 deep");
        skip_blanks();
        const std::size_t start = at_;
        expect('(', "'('");
        skip_blanks();
        if (next_is('"')) return close(parse_clause("", start), start);
        if (next_is('(')) {
            Query inner = parse_group(depth + 1);
            return close(std::move(inner), start);
        }
        const std::size_t word_at = at_;
        const std::string word = small(name());
        if (word.empty()) fail("expected an operator, a field or a quoted text");
        if (word == "and" || word == "or" || word == "not" || word == "prox") {
            return parse_operator(word, start, depth);
        }
        return close(parse_clause(word, word_at), start);
    }

    Query close(Query query, std::size_t start) {
        if (!next_is(')')) {
            if (at_ == text_.size()) fail_at(start, "'(' without its ')'");
            fail("expected ')'");
        }
        ++at_;
        return query;
    }

    Query parse_operator(const std::string& word, std::size_t start, int depth) {
        Query query;
        query.at = start;
        query.kind = word == "and"   ? Query::Kind::kAnd
                     : word == "or"  ? Query::Kind::kOr
                     : word == "not" ? Query::Kind::kNot
                                     : Query::Kind::kProx;
        for (const Modifier& modifier : modifiers()) apply(modifier, query);
        while (next_is('(')) query.parts.push_back(parse_group(depth + 1));
        query = close(std::move(query), start);
        if (query.parts.empty()) fail_at(start, "'" + word + "' has no parts");
        if (query.kind == Query::Kind::kProx) check_prox(query);
        return query;
    }

    static std::uint32_t number(const Modifier& modifier) {
        std::uint32_t value = 0;
        const char* end = modifier.value.data() + modifier.value.size();
        const auto [stop, error] = std::from_chars(modifier.value.data(), end, value);
        if (error != std::errc{} || stop != end) {
            fail_at(modifier.at, "'" + modifier.name + "' needs a comparison with a number");
        }
        return value;
    }

    static void apply(const Modifier& modifier, Query& query) {
        const bool is_or = query.kind == Query::Kind::kOr || query.kind == Query::Kind::kCount ||
                           query.kind == Query::Kind::kCountUnique;
        if (is_or && (modifier.name == "count" || modifier.name == "countunique")) {
            query.kind = modifier.name == "count" ? Query::Kind::kCount : Query::Kind::kCountUnique;
            query.bound = number(modifier);
            query.compare = *modifier.compare;
        } else if (query.kind == Query::Kind::kProx && modifier.name == "distance") {
            query.bound = number(modifier);
            query.compare = *modifier.compare;
            has_distance(query) = true;
        } else if (query.kind == Query::Kind::kProx && modifier.name == "unit") {
            if (modifier.value == "word") {
                query.unit = Query::Unit::kWord;
            } else if (modifier.value == "sentence") {
                query.unit = Query::Unit::kSentence;
            } else if (modifier.value == "paragraph") {
                query.unit = Query::Unit::kParagraph;
            } else {
                fail_at(modifier.at, "a unit is word, sentence or paragraph");
            }
        } else if (query.kind == Query::Kind::kProx && modifier.name == "ordered") {
            query.ordered = modifier.value != "false";
        } else if (query.kind == Query::Kind::kProx && modifier.name == "unordered") {
            query.ordered = false;
        } else {
            fail_at(modifier.at, "'" + modifier.name +
                                     "' is no modifier of this operator (or: count, countunique; "
                                     "prox: unit, distance, ordered)");
        }
    }

    // Marks that a distance was given: without one, prox/ordered has none.
    static bool& has_distance(Query& query) noexcept { return query.literal; }

    static void check_prox(Query& query) {
        if (query.parts.size() < 2) fail_at(query.at, "'prox' needs two parts or more");
        if (!has_distance(query)) {
            if (!query.ordered) fail_at(query.at, "'prox' needs a distance");
            query.compare = Compare::kGreaterEqual;
            query.bound = 0;
        }
        query.literal = false;
        for (const Query& part : query.parts) {
            if (!is_place(part)) {
                fail_at(part.at, "a part of 'prox' is a clause, or an 'or' of clauses");
            }
        }
    }

    static bool is_place(const Query& query) noexcept {
        if (query.kind == Query::Kind::kClause) return true;
        return query.kind == Query::Kind::kOr &&
               std::all_of(query.parts.begin(), query.parts.end(), is_place);
    }

    // After the field; the closing parenthesis is the caller's.
    Query parse_clause(const std::string& field, std::size_t field_at) {
        Query query;
        if (!field.empty()) {
            query.fields = field_of(field, field_at);
            parse_relation(query);
        }
        skip_blanks();
        query.at = at_ + 1;
        query.terms = quoted();
        if (query.terms.find_first_not_of(" \t\n") == std::string::npos) {
            fail_at(query.at, "no term between the quotation marks");
        }
        return query;
    }

    static std::uint8_t field_of(const std::string& field, std::size_t at) {
        if (field == "title" || field == "headline") return kInTitle;
        if (field == "body") return kInBody;
        if (field == "text_content" || field == "text") return kInTitle | kInBody;
        fail_at(at, "'" + field +
                        "' is neither a field (title, body, text_content) nor an operator (and, "
                        "or, not, prox)");
    }

    void parse_relation(Query& query) {
        skip_blanks();
        const std::size_t at = at_;
        if (next_is('=')) {
            while (at_ < text_.size() && text_[at_] == '=') ++at_;
            query.relation = Query::Relation::kAny;
        } else {
            const std::string word = small(name());
            if (word == "any") {
                query.relation = Query::Relation::kAny;
            } else if (word == "all") {
                query.relation = Query::Relation::kAll;
            } else if (word == "adj") {
                query.relation = Query::Relation::kAdjacent;
            } else {
                fail_at(at, word.empty() ? "expected a relation: any, all, adj or ="
                                         : "'" + word + "' is no relation: any, all, adj or =");
            }
        }
        for (const Modifier& modifier : modifiers()) {
            if (modifier.name == "stemming") {
                query.stemming = true;
            } else if (modifier.name == "literal") {
                query.literal = true;
            } else if (modifier.name == "casesensitive") {
                query.case_sensitive = true;
            } else if (modifier.name == "regexp" || modifier.name == "regex") {
                query.regexp = true;
            } else {
                fail_at(modifier.at, "'" + modifier.name +
                                         "' is no modifier of a clause (stemming, literal, "
                                         "casesensitive, regexp)");
            }
        }
        if (query.stemming && (query.literal || query.case_sensitive || query.regexp)) {
            fail_at(at, "stemming goes with none of literal, casesensitive and regexp");
        }
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

}  // namespace

bool holds(std::uint64_t value, Compare compare, std::uint64_t bound) noexcept {
    switch (compare) {
        case Compare::kLess: return value < bound;
        case Compare::kLessEqual: return value <= bound;
        case Compare::kEqual: return value == bound;
        case Compare::kGreaterEqual: return value >= bound;
        case Compare::kGreater: return value > bound;
    }
    return false;
}

Query parse_query(std::string_view text) { return Parser(text).parse(); }

}  // namespace newsmill::topics
