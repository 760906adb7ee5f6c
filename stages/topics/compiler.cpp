#include "stages/topics/compiler.hpp"

#include <algorithm>
#include <array>

#include "stages/topics/taxonomy.hpp"

namespace newsmill::topics {
namespace {

// What a term's weight is worth: clear terms outweigh any handful of hints.
constexpr std::array<std::uint32_t, 10> kWorth = {0, 1, 2, 4, 7, 11, 16, 22, 29, 37};
constexpr std::uint64_t kNever = ~std::uint64_t{0};

// How often a word comes in texts, roughly: short ones do.
std::uint32_t word_cost(const TermWord& word) {
    constexpr std::array<std::uint32_t, 9> kByLength = {100, 100, 60, 30, 16, 8, 6, 5, 4};
    const std::size_t length = word.text.size();
    return kByLength[std::min<std::size_t>(length, 8)] * (word.is_pattern ? 2 : 1);
}

}  // namespace

void LanguageCompiler::add_term(const PackTerm& term, std::uint32_t topic) {
    const Mode mode = term.form == PackTerm::Form::kFolded ? Mode::kFolded : Mode::kExact;
    const Path path = path_of(term_words(term.text), mode);
    const std::string literal = term.form == PackTerm::Form::kCased ? term.text : "";
    const std::uint32_t id = insert(path, literal, false);
    if (id == term_weights_.size()) {
        term_weights_.emplace_back();
        out_.term_texts.push_back(term.text);
    }
    std::uint32_t& weight = term_weights_[id][topic];
    weight = std::max<std::uint32_t>(weight, term.weight);
}

LanguageCompiler::Path LanguageCompiler::path_of(const std::vector<TermWord>& words, Mode mode) {
    Path path;
    for (const TermWord& word : words) {
        Symbol symbol = kNoSymbol;
        if (word.is_pattern) {
            symbol = out_.vocabulary.add_pattern(word.text);
        } else if (mode == Mode::kExact) {
            symbol = out_.vocabulary.add_exact(word.text);
        } else if (mode == Mode::kStem) {
            symbol = out_.vocabulary.add_stem(word.text);
        } else {
            symbol = out_.vocabulary.add_folded(word.text);
        }
        path.emplace_back(symbol, word.gap_before);
    }
    return path;
}

// The id of the term or atom at the end of a path; a new one if there is none.
std::uint32_t LanguageCompiler::insert(const Path& path, const std::string& literal, bool is_atom) {
    std::string key = literal + '\n';
    for (const auto& [symbol, gap] : path) key += std::to_string(symbol) + (gap ? "-" : " ");
    auto& known = is_atom ? atoms_ : terms_;
    const std::uint32_t next =
        is_atom ? out_.atom_count : static_cast<std::uint32_t>(terms_.size());
    const auto [at, is_new] = known.try_emplace(key, next);
    if (!is_new) return at->second;
    if (is_atom) ++out_.atom_count;
    std::uint32_t node = kNone;
    for (const auto& [symbol, gap] : path) node = child_of(node, symbol, gap);
    std::uint32_t verify = kNone;
    if (!literal.empty()) {
        verify = static_cast<std::uint32_t>(out_.literals.size());
        out_.literals.push_back({literal, static_cast<std::uint32_t>(term_lead(literal))});
    }
    node_entries_[node].push_back({next, verify, is_atom});
    if (verify != kNone) out_.nodes[node].has_literal = true;
    return next;
}

std::uint32_t LanguageCompiler::new_node(bool gap) {
    out_.nodes.push_back({});
    out_.nodes.back().gap_before = gap;
    node_entries_.emplace_back();
    return static_cast<std::uint32_t>(out_.nodes.size() - 1);
}

// kNone is the root.
std::uint32_t LanguageCompiler::child_of(std::uint32_t node, Symbol symbol, bool gap) {
    if (node == kNone) {
        if (out_.roots.size() <= symbol) out_.roots.resize(symbol + 1, kNone);
        if (out_.roots[symbol] == kNone) out_.roots[symbol] = new_node(false);
        return out_.roots[symbol];
    }
    out_.nodes[node].has_children = true;
    out_.nodes[node].child_set |= LanguageRules::bit_of(symbol);
    const std::uint64_t key = LanguageRules::edge_key(node, symbol);
    if (const std::uint32_t* known = out_.edges.find(key)) {
        if (gap) out_.nodes[*known].gap_before = true;
        return *known;
    }
    const std::uint32_t child = new_node(gap);
    out_.edges[key] = child;
    return child;
}

void LanguageCompiler::add_rule(const PackRule& rule, std::uint32_t topic, const std::string& id) {
    const auto index = static_cast<std::uint32_t>(out_.rules.size());
    LanguageRules::Rule compiled;
    compiled.id = id;
    compiled.topic = topic;
    compiled.weight = rule.weight;
    compiled.percent = rule.percent;
    compiled.first_leaf = static_cast<std::uint32_t>(out_.leaves.size());
    compiled.root = compile(rule.query, index, false, false);
    compiled.leaf_count = static_cast<std::uint32_t>(out_.leaves.size()) - compiled.first_leaf;
    out_.rules.push_back(std::move(compiled));
    const std::uint32_t root = out_.rules.back().root;
    if (trigger_cost(root) == kNever) {
        out_.always.push_back(index);
    } else {
        set_triggers(root, 1);
    }
}

std::uint32_t LanguageCompiler::compile(const Query& query, std::uint32_t rule, bool negated,
                                        bool placed) {
    if (query.kind == Query::Kind::kClause) return compile_clause(query, rule, negated, placed);
    LanguageRules::QueryNode node{query.kind,
                                  query.compare,
                                  query.unit,
                                  query.ordered,
                                  query.bound,
                                  0,
                                  static_cast<std::uint32_t>(query.parts.size())};
    std::vector<std::uint32_t> parts;
    for (const Query& part : query.parts) {
        parts.push_back(compile(part, rule, negated || query.kind == Query::Kind::kNot,
                                placed || query.kind == Query::Kind::kProx));
    }
    node.first = static_cast<std::uint32_t>(out_.children.size());
    out_.children.insert(out_.children.end(), parts.begin(), parts.end());
    out_.query_nodes.push_back(node);
    return static_cast<std::uint32_t>(out_.query_nodes.size() - 1);
}

std::uint32_t LanguageCompiler::compile_clause(const Query& query, std::uint32_t rule, bool negated,
                                               bool placed) {
    const auto index = static_cast<std::uint32_t>(out_.leaves.size());
    LanguageRules::Leaf leaf{};
    leaf.rule = rule;
    leaf.fields = query.fields;
    leaf.all = query.relation == Query::Relation::kAll;
    leaf.negated = negated;
    leaf.atoms = static_cast<std::uint32_t>(out_.leaf_atoms.size());
    const bool one = query.relation == Query::Relation::kAdjacent;
    std::set<std::uint32_t> atoms;
    for (const std::string_view term :
         one ? std::vector<std::string_view>{query.terms} : split_blanks(query.terms)) {
        atoms.insert(atom_of(term, query));
    }
    for (const std::uint32_t atom : atoms) {
        out_.leaf_atoms.push_back(atom);
        atom_leaves_[atom].push_back(index);
        out_.atom_fields[atom] |= query.fields;
        if (placed) out_.atom_placed[atom] = 1;
    }
    leaf.atom_count = static_cast<std::uint32_t>(atoms.size());
    out_.leaves.push_back(leaf);
    out_.query_nodes.push_back(
        {Query::Kind::kClause, Compare::kEqual, Query::Unit::kWord, false, 0, index, 0});
    return static_cast<std::uint32_t>(out_.query_nodes.size() - 1);
}

std::uint32_t LanguageCompiler::atom_of(std::string_view term, const Query& query) {
    std::uint32_t atom = 0;
    std::uint32_t cost = 4;
    if (query.regexp) {
        atom = out_.atom_count++;
        expressions_.push_back(
            {std::string(term), query.literal || query.case_sensitive, query.fields, atom});
    } else {
        const std::vector<TermWord> words = term_words(term);
        const Path path = path_of(words, query.stemming ? Mode::kStem : Mode::kExact);
        const bool cased = query.literal || query.case_sensitive;
        atom = insert(path, cased ? std::string(term) : "", true);
        cost = word_cost(words[0]);
        for (const TermWord& word : words) cost = std::min(cost, word_cost(word));
        if (words.size() > 1) cost = (cost + 1) / 2;
    }
    if (atom >= atom_leaves_.size()) {
        atom_leaves_.resize(atom + 1);
        atom_cost_.resize(atom + 1);
        out_.atom_placed.resize(atom + 1);
        out_.atom_fields.resize(atom + 1);
        atom_cost_[atom] = cost;
    }
    return atom;
}

std::uint64_t LanguageCompiler::leaf_cost(std::uint32_t index) const {
    const LanguageRules::Leaf& leaf = out_.leaves[index];
    std::uint64_t sum = 0;
    std::uint64_t least = kNever;
    for (std::uint32_t i = 0; i < leaf.atom_count; ++i) {
        const std::uint64_t cost = 4ull * atom_cost_[out_.leaf_atoms[leaf.atoms + i]];
        sum += cost;
        least = std::min(least, cost);
    }
    const std::uint64_t cost = leaf.all ? least : sum;
    return leaf.fields == kInTitle ? std::max<std::uint64_t>(1, cost / 8) : cost;
}

// How often the triggers of a query would be met, roughly; kNever if it may hold without any.
std::uint64_t LanguageCompiler::trigger_cost(std::uint32_t index) const {
    const LanguageRules::QueryNode& node = out_.query_nodes[index];
    switch (node.kind) {
        case Query::Kind::kClause: return leaf_cost(node.first);
        case Query::Kind::kNot: return kNever;
        case Query::Kind::kAnd:
        case Query::Kind::kProx: {
            const std::uint32_t best = cheapest(node);
            return best == kNone ? kNever : trigger_cost(best);
        }
        default: break;
    }
    std::uint64_t sum = 0;
    for (std::uint32_t i = 0; i < node.count; ++i) {
        const std::uint64_t cost = trigger_cost(out_.children[node.first + i]);
        if (cost == kNever) return kNever;
        sum += cost;
    }
    return sum;
}

// The part of an 'and' or 'prox' to wait for. Where far apart is good, only the first must be met.
std::uint32_t LanguageCompiler::cheapest(const LanguageRules::QueryNode& node) const {
    const bool near = node.kind == Query::Kind::kAnd || node.compare == Compare::kLess ||
                      node.compare == Compare::kLessEqual || node.compare == Compare::kEqual;
    std::uint32_t best = kNone;
    std::uint64_t least = kNever;
    for (std::uint32_t i = 0; i < (near ? node.count : 1); ++i) {
        const std::uint32_t part = out_.children[node.first + i];
        const std::uint64_t cost = trigger_cost(part);
        if (cost < least) {
            least = cost;
            best = part;
        }
    }
    return best;
}

// `least`: how often a clause must be met for what it is the only part of.
void LanguageCompiler::set_triggers(std::uint32_t index, std::uint32_t least) {
    const LanguageRules::QueryNode& node = out_.query_nodes[index];
    if (node.kind == Query::Kind::kClause) {
        out_.leaves[node.first].trigger = least;
    } else if (node.kind == Query::Kind::kAnd || node.kind == Query::Kind::kProx) {
        set_triggers(cheapest(node), 1);
    } else {
        const bool counts =
            node.kind == Query::Kind::kCount || node.kind == Query::Kind::kCountUnique;
        least = 1;
        if (counts && node.count == 1 && node.compare == Compare::kGreater) least = node.bound + 1;
        if (counts && node.count == 1 && node.compare == Compare::kGreaterEqual) {
            least = std::max(1u, node.bound);
        }
        for (std::uint32_t i = 0; i < node.count; ++i) {
            set_triggers(out_.children[node.first + i], least);
        }
    }
}

void LanguageCompiler::finish() {
    for (std::size_t i = 0; i < out_.nodes.size(); ++i) {
        out_.nodes[i].entries = static_cast<std::uint32_t>(out_.entries.size());
        out_.nodes[i].entry_count = static_cast<std::uint16_t>(node_entries_[i].size());
        out_.entries.insert(out_.entries.end(), node_entries_[i].begin(), node_entries_[i].end());
    }
    out_.roots.resize(out_.vocabulary.symbol_count(), kNone);
    // A term counts for the topics above its own too, unless it stands there with its own weight.
    for (const auto& weights : term_weights_) {
        out_.evidence_at.push_back(static_cast<std::uint32_t>(out_.evidence.size()));
        std::map<std::uint32_t, Evidence> found;
        for (const auto& [origin, weight] : weights) {
            std::uint32_t topic = origin;
            do {
                Evidence& best = found.try_emplace(topic, Evidence{topic, origin, 0}).first->second;
                if (kWorth[weight] > best.worth) best = {topic, origin, kWorth[weight]};
                topic = topics_[topic].parent;
            } while (topic != kNone && !weights.contains(topic));
        }
        out_.points_at.push_back(static_cast<std::uint32_t>(out_.points.size()));
        std::map<std::uint32_t, std::int32_t> points;
        for (const auto& [topic, evidence] : found) {
            out_.evidence.push_back(evidence);
            points[topic] += static_cast<std::int32_t>(evidence.worth);
            const std::uint32_t above = topics_[topic].parent;
            if (above != kNone) points[above] -= static_cast<std::int32_t>(evidence.worth);
        }
        for (const auto& [topic, more] : points) {
            if (more != 0) out_.points.push_back({topic, more});
        }
    }
    out_.evidence_at.push_back(static_cast<std::uint32_t>(out_.evidence.size()));
    out_.points_at.push_back(static_cast<std::uint32_t>(out_.points.size()));
    for (const auto& leaves : atom_leaves_) {
        out_.atom_leaves_at.push_back(static_cast<std::uint32_t>(out_.atom_leaves.size()));
        out_.atom_leaves.insert(out_.atom_leaves.end(), leaves.begin(), leaves.end());
    }
    out_.atom_leaves_at.push_back(static_cast<std::uint32_t>(out_.atom_leaves.size()));
    if (!expressions_.empty()) out_.regexps = std::make_unique<Regexps>(std::move(expressions_));
}

// ---- All packs -------------------------------------------------------------------------------

class Compiler {
   public:
    std::shared_ptr<const Rules> compile(const std::vector<Pack>& packs) {
        std::string errors;
        for (const Pack& pack : packs) {
            for (const PackIssue& issue : pack.issues) {
                if (!issue.is_warning) errors += (errors.empty() ? "" : "\n") + to_string(issue);
            }
        }
        if (!errors.empty()) throw PackError(errors);
        for (const Pack& pack : packs) add_topics(pack);
        std::set<std::string> languages;
        for (const Pack& pack : packs) languages.insert(pack.language);
        for (const std::string& language : languages) compile_language(language, packs);
        return rules_;
    }

   private:
    void add_topics(const Pack& pack) {
        for (const PackTopic& topic : pack.topics) {
            add_topic(pack, topic.code, topic.name, topic.parent);
        }
    }

    // Those above are added first, so that a parent's index is smaller than its children's.
    std::uint32_t add_topic(const Pack& pack, const std::string& code, const std::string& name,
                            const std::string& parent) {
        const std::uint32_t known = rules_->find_topic(pack.scheme, code);
        if (known != kNone) return known;
        TopicInfo info{pack.scheme, pack.alias, code, name, creator_of(pack), kNone, 0};
        if (!parent.empty()) {
            info.parent = rules_->find_topic(pack.scheme, parent);
            if (info.parent == kNone && pack.scheme == kMediaTopicScheme) {
                const MediaTopic* above = find_media_topic(parent);
                info.parent =
                    add_topic(pack, parent, std::string(above->name), std::string(above->parent));
            }
            if (info.parent != kNone) info.depth = rules_->topics_[info.parent].depth + 1;
        }
        const auto index = static_cast<std::uint32_t>(rules_->topics_.size());
        rules_->indices_.emplace(info.scheme + info.code, index);
        rules_->topics_.push_back(std::move(info));
        return index;
    }

    static std::string creator_of(const Pack& pack) {
        const bool own = pack.name.starts_with("newsmill-");
        return "newsmill/topics-rules@" + (own ? "" : pack.name + "-") + pack.version;
    }

    void compile_language(const std::string& language, const std::vector<Pack>& packs) {
        rules_->languages_.emplace_back(language);
        LanguageRules& out = rules_->languages_.back();
        LanguageCompiler compiler(out, rules_->topics_);
        const auto each = [&](auto on_pack) {
            for (const Pack& pack : packs) {
                if (pack.language == language) on_pack(pack);
            }
        };
        each([&](const Pack& pack) {
            for (const std::string& word : pack.keep) out.vocabulary.keep(word);
        });
        each([&](const Pack& pack) {
            const auto topic_of = [&](std::uint32_t index) {
                return rules_->find_topic(pack.scheme, pack.topics[index].code);
            };
            for (const PackTerm& term : pack.terms) {
                compiler.add_term(term, topic_of(term.topic));
            }
            for (const PackRule& rule : pack.rules) {
                compiler.add_rule(rule, topic_of(rule.topic), pack.name + "/" + rule.id);
            }
        });
        compiler.finish();
    }

    std::shared_ptr<Rules> rules_ = std::make_shared<Rules>();
};

LanguageRules::LanguageRules(std::string language) : vocabulary(std::move(language)) {}
LanguageRules::~LanguageRules() = default;
LanguageRules::LanguageRules(LanguageRules&&) noexcept = default;
LanguageRules& LanguageRules::operator=(LanguageRules&&) noexcept = default;

std::shared_ptr<const Rules> Rules::compile(const std::vector<Pack>& packs) {
    return Compiler().compile(packs);
}

std::shared_ptr<const Rules> Rules::built_in() {
    static const std::shared_ptr<const Rules> rules = compile(built_in_packs());
    return rules;
}

std::uint32_t Rules::find_topic(std::string_view scheme, std::string_view code) const {
    const auto at = indices_.find(std::string(scheme).append(code));
    return at == indices_.end() ? kNone : at->second;
}

}  // namespace newsmill::topics
