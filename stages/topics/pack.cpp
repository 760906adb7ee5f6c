#include "stages/topics/pack.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "stages/formats/json_unescape.hpp"
#include "stages/topics/regexps.hpp"
#include "stages/topics/taxonomy.hpp"
#include "stages/topics/term.hpp"
#include "stages/topics/words.hpp"

namespace newsmill::topics {
namespace {

constexpr std::size_t kTopicsMax = 20'000;
constexpr std::uint8_t kAssignedPercent = 80;  // of a rule that does not say how sure it is

std::string_view trim(std::string_view text) noexcept {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r')) {
        text.remove_suffix(1);
    }
    return text;
}

// The text before a comment: '#' at the start or after a blank, outside quotation marks.
std::string_view without_comment(std::string_view line) noexcept {
    bool quoted = false;
    for (std::size_t i = 0; i < line.size(); ++i) {
        if (line[i] == '"') quoted = !quoted;
        if (line[i] == '#' && !quoted && (i == 0 || line[i - 1] == ' ' || line[i - 1] == '\t')) {
            return line.substr(0, i);
        }
    }
    return line;
}

// What the grammar alone does not find: terms without words, bad regular expressions.
void check_query(const Query& query) {
    for (const Query& part : query.parts) check_query(part);
    if (query.kind != Query::Kind::kClause) return;
    const bool one = query.relation == Query::Relation::kAdjacent;
    for (const std::string_view term :
         one ? std::vector<std::string_view>{query.terms} : split_blanks(query.terms)) {
        const auto at = static_cast<std::size_t>(term.data() - query.terms.data());
        if (query.regexp) {
            try {
                Regexps::check(std::string(term), query.literal || query.case_sensitive);
            } catch (const QueryError& error) {
                throw QueryError(query.at + at, error.what());
            }
        } else if (const std::string problem = term_problem(term); !problem.empty()) {
            throw QueryError(query.at + at, problem);
        }
    }
}

// Both formats add topics and rules through this.
class Builder {
   public:
    explicit Builder(Pack& pack) : pack_(pack) {
        pack_.language = "en";
        pack_.version = "1";
        pack_.scheme = kMediaTopicScheme;
        pack_.alias = kMediaTopicAlias;
    }

    void issue(int line, int column, std::string message, bool is_warning = false) {
        pack_.issues.push_back({pack_.file, line, column, std::move(message), is_warning});
    }

    bool is_media_topics() const { return pack_.scheme == kMediaTopicScheme; }

    // The index of a topic; it is added if it is new.
    std::uint32_t topic(std::string_view code, std::string_view name, std::string_view parent,
                        int line) {
        const auto known = indices_.find(std::string(code));
        if (known != indices_.end()) return known->second;
        const auto index = static_cast<std::uint32_t>(pack_.topics.size());
        indices_.emplace(code, index);
        pack_.topics.push_back({std::string(code), std::string(name), std::string(parent), line});
        return index;
    }
    bool has_topic(std::string_view code) const { return indices_.contains(std::string(code)); }
    std::optional<std::uint32_t> find_topic(std::string_view code) const {
        const auto known = indices_.find(std::string(code));
        if (known == indices_.end()) return std::nullopt;
        return known->second;
    }

    bool new_rule_id(const std::string& id) { return ids_.insert(id).second; }

    Pack& pack() { return pack_; }

   private:
    Pack& pack_;
    std::map<std::string, std::uint32_t> indices_;
    std::set<std::string> ids_;
};

// ---- newsmill's own format -------------------------------------------------------------------

class TextReader {
   public:
    TextReader(std::string_view text, Pack& pack) : rest_(text), out_(pack) {}

    void read() {
        std::string_view raw;
        while (next_line(raw)) {
            const std::string_view line = without_comment(raw);
            if (trim(line).empty()) continue;
            indent_ = line.find_first_not_of(" \t");
            statement(trim(line));
        }
        if (out_.pack().topics.empty()) out_.issue(std::max(number_, 1), 1, "no topic in it");
    }

   private:
    bool next_line(std::string_view& line) {
        if (rest_.empty()) return false;
        const auto end = rest_.find('\n');
        line = rest_.substr(0, end);
        rest_ = end == rest_.npos ? std::string_view{} : rest_.substr(end + 1);
        ++number_;
        return true;
    }

    // The column of a part of the current line.
    int column(std::string_view line, std::string_view part) const {
        return static_cast<int>(indent_ + static_cast<std::size_t>(part.data() - line.data())) + 1;
    }
    void fail(std::string_view line, std::string_view part, std::string message) {
        out_.issue(number_, column(line, part), std::move(message));
    }

    void statement(std::string_view line) {
        const auto starts = [&](std::string_view word) {
            return line.starts_with(word) && line.size() > word.size() && line[word.size()] == ' ';
        };
        if (line.size() > 2 && line[0] >= '1' && line[0] <= '9' && line[1] == ':') {
            terms(line);
        } else if (line.starts_with("keep:")) {
            keep(line);
        } else if (starts("topic")) {
            topic(line);
        } else if (starts("rule")) {
            rule(line);
        } else if (starts("test")) {
            test(line);
        } else if (starts("pack")) {
            out_.pack().name = trim(line.substr(5));
        } else if (starts("version")) {
            out_.pack().version = trim(line.substr(8));
        } else if (starts("language")) {
            out_.pack().language = trim(line.substr(9));
        } else if (starts("scheme")) {
            out_.pack().scheme = trim(line.substr(7));
        } else if (starts("alias")) {
            out_.pack().alias = trim(line.substr(6));
        } else {
            fail(line, line,
                 "expected 'topic CODE', 'WEIGHT: TERMS' with a weight from 1 to 9, 'rule ID "
                 "WEIGHT: QUERY', 'keep: WORDS', 'test CODE: TEXT', or pack, version, language, "
                 "scheme, alias");
        }
    }

    // "topic CODE", "topic CODE NAME", "topic CODE > PARENT NAME"
    void topic(std::string_view line) {
        std::string_view rest = trim(line.substr(5));
        const std::string_view code = rest.substr(0, rest.find(' '));
        rest = trim(rest.substr(code.size()));
        std::string_view parent;
        if (rest.starts_with('>')) {
            rest = trim(rest.substr(1));
            parent = rest.substr(0, rest.find(' '));
            rest = trim(rest.substr(parent.size()));
        }
        has_topic_ = true;
        if (out_.has_topic(code)) {
            fail(line, code, "topic " + std::string(code) + " stands here twice");
            return;
        }
        if (out_.pack().topics.size() == kTopicsMax) {
            fail(line, code, "more than 20,000 topics");
            return;
        }
        std::string_view name = rest;
        if (out_.is_media_topics()) {
            const MediaTopic* known = find_media_topic(code);
            if (known == nullptr) {
                fail(line, code, std::string(code) + " is no code of IPTC Media Topics");
                return;
            }
            if (!name.empty() && name != known->name) {
                fail(line, name,
                     "the name of " + std::string(code) + " is '" + std::string(known->name) + "'");
            }
            name = known->name;
            parent = known->parent;
        } else if (name.empty()) {
            fail(line, code, "a topic of an own scheme needs a name");
        } else if (!parent.empty() && !out_.has_topic(parent)) {
            fail(line, parent, "the topic above, " + std::string(parent) + ", must stand before");
            parent = {};
        }
        topic_ = out_.topic(code, name, parent, number_);
    }

    bool needs_topic(std::string_view line) {
        if (!has_topic_) fail(line, line, "a topic must stand before its terms and rules");
        return has_topic_ && !out_.pack().topics.empty();
    }

    void terms(std::string_view line) {
        if (!needs_topic(line)) return;
        const auto weight = static_cast<std::uint8_t>(line[0] - '0');
        for_each_listed(line.substr(2), [&](std::string_view text) {
            PackTerm term;
            term.topic = topic_;
            term.weight = weight;
            term.line = number_;
            term.column = column(line, text);
            if (text[0] == '=') term.form = PackTerm::Form::kExact;
            if (text[0] == '^') term.form = PackTerm::Form::kCased;
            term.text = term.form == PackTerm::Form::kFolded ? text : text.substr(1);
            if (const std::string problem = term_problem(term.text); !problem.empty()) {
                fail(line, text, problem);
                return;
            }
            if (!seen_.insert(std::to_string(topic_) + ' ' + std::string(text)).second) {
                fail(line, text, "'" + std::string(text) + "' stands here twice");
                return;
            }
            out_.pack().terms.push_back(std::move(term));
        });
    }

    template <typename OnText>
    void for_each_listed(std::string_view list, OnText on_text) {
        while (true) {
            const auto comma = list.find(',');
            const std::string_view text = trim(list.substr(0, comma));
            if (!text.empty()) on_text(text);
            if (comma == list.npos) return;
            list = list.substr(comma + 1);
        }
    }

    void keep(std::string_view line) {
        if (!out_.pack().terms.empty()) fail(line, line, "'keep:' must stand before all terms");
        for_each_listed(line.substr(5), [&](std::string_view word) {
            out_.pack().keep.push_back(lower_case(word));
        });
    }

    // "rule ID WEIGHT: QUERY"; indented lines that follow go on with the query.
    void rule(std::string_view line) {
        const std::string_view rest = line.substr(5);
        const std::string_view id = trim(rest.substr(0, rest.find_first_of(" :")));
        const auto colon = rest.find(':');
        if (colon == rest.npos || id.empty()) {
            fail(line, rest, "expected 'rule ID WEIGHT: QUERY'");
            return;
        }
        PackRule rule;
        rule.id = id;
        rule.line = number_;
        const std::string_view strength = trim(rest.substr(id.size(), colon - id.size()));
        if (!read_strength(strength, rule)) {
            fail(line, strength.empty() ? rest.substr(colon) : strength,
                 "a rule's strength is a weight from 1 to 9, or a confidence from 1% to 100%");
        }
        if (!out_.new_rule_id(rule.id)) fail(line, id, "rule " + rule.id + " stands here twice");
        const std::string_view head = rest.substr(colon + 1);
        read_query(head, column(line, head), rule);
        if (needs_topic(line)) {
            rule.topic = topic_;
            if (good_query_) out_.pack().rules.push_back(std::move(rule));
        }
    }

    static bool read_strength(std::string_view text, PackRule& rule) {
        if (text.empty()) {
            rule.percent = kAssignedPercent;
            return true;
        }
        const bool percent = text.ends_with('%');
        if (percent) text.remove_suffix(1);
        unsigned value = 0;
        if (text.empty() || text.size() > 3) return false;
        for (const char c : text) {
            if (c < '0' || c > '9') return false;
            value = value * 10 + static_cast<unsigned>(c - '0');
        }
        if (value < 1 || value > (percent ? 100u : 9u)) return false;
        (percent ? rule.percent : rule.weight) = static_cast<std::uint8_t>(value);
        return true;
    }

    void read_query(std::string_view head, int head_column, PackRule& rule) {
        struct Piece {
            std::size_t at;
            int line;
            int column;
        };
        std::vector<Piece> pieces = {{0, number_, head_column}};
        std::string text(head);
        while (!rest_.empty() && (rest_[0] == ' ' || rest_[0] == '\t')) {
            std::string_view raw;
            next_line(raw);
            const std::string_view part = without_comment(raw);
            text += '\n';
            pieces.push_back({text.size(), number_, 1});
            text += part;
        }
        good_query_ = false;
        try {
            rule.query = parse_query(text);
            check_query(rule.query);
            good_query_ = true;
            rule.column = head_column;
        } catch (const QueryError& error) {
            const std::size_t at = std::min(error.at(), text.size());
            auto piece = pieces.end() - 1;
            while (piece->at > at) --piece;
            out_.issue(piece->line, piece->column + static_cast<int>(at - piece->at), error.what());
        }
    }

    // "test CODE, CODE: HEADLINE | BODY", or "test not CODE: …"
    void test(std::string_view line) {
        std::string_view rest = line.substr(5);
        const auto colon = rest.find(": ");
        if (colon == rest.npos) {
            fail(line, rest, "expected 'test CODE: TEXT'");
            return;
        }
        PackTest test;
        test.line = number_;
        test.text = trim(rest.substr(colon + 2));
        std::string_view codes = trim(rest.substr(0, colon));
        if (codes.starts_with("not ")) {
            test.absent = true;
            codes = trim(codes.substr(4));
        }
        for_each_listed(codes, [&](std::string_view code) { test.codes.emplace_back(code); });
        out_.pack().tests.push_back(std::move(test));
    }

    std::string_view rest_;
    Builder out_;
    int number_ = 0;
    std::size_t indent_ = 0;
    std::uint32_t topic_ = 0;
    bool has_topic_ = false;
    bool good_query_ = false;
    std::set<std::string> seen_;
};

// ---- EXTRA's JSON ----------------------------------------------------------------------------

// As much JSON as a list of rules is: strings with the place of each of their bytes.
class JsonRules {
   public:
    JsonRules(std::string_view text, Pack& pack) : text_(text), out_(pack) {}

    void read() {
        try {
            value("");
            blanks();
            if (at_ != text_.size()) stop(at_, "text after the end of the JSON");
            if (rules_ == 0) stop(0, "no \"rules\" in it");
        } catch (const QueryError& error) {
            issue(error.at(), error.what());
        }
    }

   private:
    struct Text {
        std::string value;
        std::vector<std::size_t> at;  // of each byte, and of the closing mark
    };
    using Members = std::map<std::string, Text>;

    [[noreturn]] static void stop(std::size_t at, const std::string& why) {
        throw QueryError(at, why);
    }
    void issue(std::size_t at, const std::string& why, bool is_warning = false) {
        at = std::min(at, text_.size());
        const std::string_view before = text_.substr(0, at);
        const auto line = 1 + std::count(before.begin(), before.end(), '\n');
        const auto start = before.rfind('\n');
        const std::size_t column = start == before.npos ? at + 1 : at - start;
        out_.issue(static_cast<int>(line), static_cast<int>(column), why, is_warning);
    }

    void blanks() noexcept {
        while (at_ < text_.size() &&
               std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos)
            ++at_;
    }
    bool take(char c) noexcept {
        blanks();
        if (at_ >= text_.size() || text_[at_] != c) return false;
        ++at_;
        return true;
    }
    void need(char c) {
        if (!take(c)) stop(at_, std::string("expected '") + c + "'");
    }

    Text string() {
        need('"');
        Text out;
        while (at_ < text_.size() && text_[at_] != '"') {
            const std::size_t start = at_;
            at_ += text_[at_] == '\\' ? (text_.substr(at_).starts_with("\\u") ? 6 : 2) : 1;
            if (at_ > text_.size()) break;
            const std::string_view raw = text_.substr(start, at_ - start);
            char plain[8];
            std::size_t size = 1;
            plain[0] = raw[0];
            if (raw[0] == '\\') {
                if (!escapes_are_valid(raw)) stop(start, "no valid escape");
                size = unescape_json(raw, plain);
            }
            out.value.append(plain, size);
            out.at.insert(out.at.end(), size, start);
        }
        if (at_ >= text_.size()) stop(text_.size(), "the string has no end");
        out.at.push_back(at_++);
        return out;
    }

    // Reads any value; that of the member "rules" is the list.
    void value(const std::string& name) {
        blanks();
        if (++depth_ > 64) stop(at_, "nested too deep");
        if (at_ >= text_.size()) stop(at_, "expected a value");
        const std::size_t start = at_;
        if (text_[at_] == '"') {
            string();
        } else if (take('{')) {
            Members members;
            object(members);
            if (in_rules_) rule(members, start);
        } else if (take('[')) {
            const bool outer = in_rules_;
            in_rules_ = name == "rules" || (name.empty() && depth_ == 1);
            if (!take(']')) {
                do value("-");
                while (take(','));
                need(']');
            }
            in_rules_ = outer;
        } else {
            while (at_ < text_.size() &&
                   std::string_view(",]} \t\r\n").find(text_[at_]) == std::string_view::npos) {
                ++at_;
            }
            if (at_ == start) stop(at_, "expected a value");
        }
        --depth_;
    }

    void object(Members& members) {
        if (take('}')) return;
        do {
            blanks();
            const Text name = string();
            need(':');
            blanks();
            if (at_ < text_.size() && text_[at_] == '"') {
                members[name.value] = string();
            } else {
                value(name.value);
            }
        } while (take(','));
        need('}');
    }

    void rule(const Members& members, std::size_t start) {
        ++rules_;
        const auto query = members.find("query");
        const auto topic = members.find("topicId");
        if (query == members.end() || topic == members.end()) {
            issue(start, "a rule needs \"query\" and \"topicId\"");
            return;
        }
        PackRule rule;
        const auto name = members.find("name");
        rule.id = name == members.end() ? topic->second.value : name->second.value;
        for (int n = 2; !out_.new_rule_id(rule.id); ++n) {
            rule.id = rule.id.substr(0, rule.id.rfind('~')) + "~" + std::to_string(n);
        }
        rule.percent = kAssignedPercent;
        std::string_view code = topic->second.value;
        if (const auto colon = code.find(':'); colon != code.npos) code = code.substr(colon + 1);
        const MediaTopic* known = find_media_topic(code);
        if (known == nullptr) {
            issue(topic->second.at[0],
                  "'" + topic->second.value +
                      "' is no code of IPTC Media Topics that is in use; the rule's name serves",
                  true);
        }
        place_at(topic->second.at[0], rule);
        rule.topic = out_.topic(code, known == nullptr ? std::string_view(rule.id) : known->name,
                                known == nullptr ? std::string_view{} : known->parent, rule.line);
        try {
            rule.query = parse_query(query->second.value);
            check_query(rule.query);
            place_at(query->second.at[0], rule);
            out_.pack().rules.push_back(std::move(rule));
        } catch (const QueryError& error) {
            const auto& at = query->second.at;
            issue(at[std::min(error.at(), at.size() - 1)], error.what());
        }
    }

    void place_at(std::size_t at, PackRule& rule) {
        const std::string_view before = text_.substr(0, at);
        rule.line = 1 + static_cast<int>(std::count(before.begin(), before.end(), '\n'));
        const auto start = before.rfind('\n');
        rule.column = static_cast<int>(start == before.npos ? at + 1 : at - start);
    }

    std::string_view text_;
    Builder out_;
    std::size_t at_ = 0;
    int depth_ = 0;
    int rules_ = 0;
    bool in_rules_ = false;
};

}  // namespace

std::string to_string(const PackIssue& issue) {
    return issue.pack + ":" + std::to_string(issue.line) + ":" + std::to_string(issue.column) +
           ": " + (issue.is_warning ? "warning: " : "") + issue.message;
}

bool Pack::ok() const noexcept {
    return std::all_of(issues.begin(), issues.end(),
                       [](const PackIssue& issue) { return issue.is_warning; });
}

Pack read_pack(const PackSource& source) {
    Pack pack;
    pack.file = source.name;
    const auto slash = source.name.rfind('/');
    pack.name = source.name.substr(slash == std::string::npos ? 0 : slash + 1);
    pack.name = pack.name.substr(0, pack.name.rfind('.'));
    const auto first = source.text.find_first_not_of(" \t\r\n");
    const char start = first == std::string::npos ? '\0' : source.text[first];
    if (start == '{' || start == '[') {
        JsonRules(source.text, pack).read();
    } else {
        TextReader(source.text, pack).read();
    }
    return pack;
}

}  // namespace newsmill::topics
