#include "stages/topics/matcher.hpp"

#include <algorithm>
#include <bit>

#include "stages/topics/evaluator.hpp"
#include "stages/topics/words.hpp"

namespace newsmill::topics {
namespace {

constexpr std::uint32_t kLeadBytes = 400;  // about two paragraphs: where a report says it all
// How often an occurrence counts, in halves.
constexpr std::uint32_t kHeadlineCount = 8;
constexpr std::uint32_t kLeadCount = 3;
constexpr std::uint32_t kBodyCount = 2;
constexpr std::uint32_t kCountMax = 127;
// A weighted query that holds counts like a term in the headline.
constexpr std::uint32_t kRuleCount = 8;
constexpr std::array<std::uint32_t, 10> kWorth = {0, 1, 2, 4, 7, 11, 16, 22, 29, 37};

std::uint32_t isqrt(std::uint64_t value) noexcept {
    std::uint64_t root = 0;
    for (std::uint64_t bit = 1u << 30; bit != 0; bit >>= 1) {
        if ((root | bit) * (root | bit) <= value) root |= bit;
    }
    return static_cast<std::uint32_t>(root);
}

}  // namespace

Matcher::Matcher(const LanguageRules& rules, const std::vector<TopicInfo>& topics)
    : rules_(rules),
      stemmer_(rules.vocabulary.language()),
      topics_(topics),
      memo_(kSlotMask + 1),
      class_by_symbol_(rules.roots.size()),
      term_counts_(rules.term_count()),
      atom_counts_(rules.atom_count),
      atom_last_(rules.atom_count),
      leaf_counts_(rules.leaves.size()),
      leaf_atoms_met_(rules.leaves.size()),
      rule_waiting_(rules.rules.size()),
      scores_(topics.size()) {
    memo_[0] = ~std::uint64_t{0};  // no slot holds a hash that belongs to it yet
    classes_.emplace_back();       // 0: no symbol
    heads_.emplace_back();
    if (rules.regexps != nullptr) regexp_scratch_ = Regexps::Scratch(*rules.regexps);
    for (std::uint32_t i = 0; i < roots_of_.size(); ++i) roots_of_[i] = isqrt(i * 128u);
}

// ---- Words -----------------------------------------------------------------------------------

inline void Matcher::note_word(std::string_view raw, std::size_t start, bool gap,
                               std::size_t readable) noexcept {
    std::uint64_t hash = 0;
    if (raw.size() <= Word::kBytesMax) [[likely]] {
        hash = Word(raw, readable).hash();
    } else {
        lower_ = lower_case(raw);
        hash = hash_of(lower_);
    }
    __builtin_prefetch(memo_.data() + (hash & kSlotMask));
    pending_[pending_count_] = {hash, static_cast<std::uint32_t>(start),
                                static_cast<std::uint32_t>(start + raw.size()),
                                place_ | (gap ? kGap : 0)};
    ++place_;
    if (++pending_count_ == kPending) look_up_pending();
}

void Matcher::look_up_pending() noexcept {
    if (hits_.size() < hit_count_ + kPending) [[unlikely]]
        hits_.resize(2 * hits_.size() + kPending);
    Hit* out = hits_.data() + hit_count_;
    for (std::size_t i = 0; i < pending_count_; ++i) {
        const Pending& word = pending_[i];
        const std::uint64_t slot = memo_[word.hash & kSlotMask];
        std::uint32_t found = static_cast<std::uint32_t>(slot & kSlotMask);
        if (((slot ^ word.hash) & ~kSlotMask) != 0) [[unlikely]] {
            lower_ = lower_case(text_.substr(word.start, word.end - word.start));
            found = remembered(word.hash, lower_);
        }
        *out = {word.start, word.end, word.place, found};
        out += found != 0;  // a branch would be guessed wrong too often
    }
    hit_count_ = static_cast<std::size_t>(out - hits_.data());
    pending_count_ = 0;
}

// Looks the word up, and puts it into the memo.
std::uint32_t Matcher::remembered(std::uint64_t hash, std::string_view lower) noexcept {
    const std::uint32_t found = find_class(lower, hash);
    if (found <= kSlotMask) memo_[hash & kSlotMask] = (hash & ~kSlotMask) | found;
    return found;
}

std::uint32_t Matcher::find_class(std::string_view lower, std::uint64_t hash) noexcept {
    std::array<Symbol, Vocabulary::kSymbolsMax> symbols;
    const std::size_t count = rules_.vocabulary.symbols(lower, hash, stemmer_, symbols.data());
    return count == 0 ? 0 : class_of_symbols({symbols.data(), count});
}

std::uint32_t Matcher::class_of_symbols(std::span<const Symbol> symbols) noexcept {
    if (symbols.size() == 1) {
        std::uint32_t& known = class_by_symbol_[symbols[0]];
        if (known == 0) known = new_class(symbols);
        return known;
    }
    std::uint64_t key = symbols.size();
    for (const Symbol symbol : symbols) {
        key = (std::rotl(key, 29) ^ symbol) * 0x9e3779b97f4a7c15u;
    }
    std::uint32_t& known = class_ids_[key];
    if (known == 0) known = new_class(symbols);
    return known;
}

std::uint32_t Matcher::new_class(std::span<const Symbol> symbols) noexcept {
    ClassHead head;
    WordClass made;
    made.symbols = static_cast<std::uint32_t>(class_symbols_.size());
    made.roots = static_cast<std::uint32_t>(class_roots_.size());
    made.atoms = static_cast<std::uint32_t>(class_atoms_.size());
    made.symbol_count = static_cast<std::uint16_t>(symbols.size());
    for (const Symbol symbol : symbols) {
        class_symbols_.push_back(symbol);
        head.symbol_set |= 1u << (symbol & 31);
        const std::uint32_t root = rules_.roots[symbol];
        if (root == kNone) continue;
        const LanguageRules::Node& node = rules_.nodes[root];
        for (std::uint32_t e = node.entries; e < node.entries + node.entry_count; ++e) {
            const LanguageRules::Entry& entry = rules_.entries[e];
            if (entry.literal != kNone) continue;
            if (entry.is_atom) {
                class_atoms_.push_back(entry.id);
                ++made.atom_count;
            } else if (head.term == kNone) {
                head.term = entry.id;
            }
        }
        if (node.has_literal) head.atom = kMore;
        if (!node.has_children && !node.has_literal) continue;
        class_roots_.push_back(root);
        head.child_set |= node.child_set;
        ++made.root_count;
    }
    if (made.atom_count != 0) {
        const std::uint32_t only = class_atoms_.back();
        const bool simple =
            made.atom_count == 1 && head.atom == kNone && rules_.atom_placed[only] == 0;
        head.atom = simple ? only : kMore;
    }
    heads_.push_back(head);
    classes_.push_back(made);
    return static_cast<std::uint32_t>(classes_.size() - 1);
}

// ---- The pass over a text --------------------------------------------------------------------

void Matcher::match(std::string_view headline, std::string_view body, bool explain) noexcept {
    clear();
    explain_ = explain;
    headline_ = headline;
    body_ = body;
    scan(headline, kInTitle);
    scan(body, kInBody);
    judge_queries();
    score_terms();
}

void Matcher::clear() noexcept {
    for (const std::uint32_t topic : met_topics_) scores_[topic] = {};
    met_topics_.clear();
    occurrences_.clear();
    fired_.clear();
    words_ = 0;
}

// Cuts the text into words and keeps those that mean something to the rules.
void Matcher::collect(std::string_view text) noexcept {
    hit_count_ = 0;
    place_ = 0;
    for_each_word(text, [&](std::string_view word, std::size_t start, bool gap) {
        note_word(word, start, gap, text.size() - start);
    });
    look_up_pending();
    if (hits_.size() == hit_count_) hits_.emplace_back();
    hits_[hit_count_] = {};  // of the class without symbols: nothing follows the last hit
    words_ += place_;
}

void Matcher::scan(std::string_view text, std::uint8_t field) noexcept {
    text_ = text;
    field_ = field;
    collect(text);
    std::uint32_t free_place = 0;  // what lies before belongs to a weighted term already
    for (std::size_t i = 0; i < hit_count_; ++i) {
        const ClassHead& head = heads_[hits_[i].word_class];
        const std::uint32_t place = hits_[i].place & ~kGap;
        best_term_ = head.term;
        best_words_ = 1;
        if (head.atom != kNone) {
            if (head.atom == kMore || explain_) {
                take_more(i);
            } else {
                add_atom(head.atom);
            }
        }
        if ((head.child_set & heads_[hits_[i + 1].word_class].symbol_set) != 0) walk(i);
        if (best_term_ != kNone && place >= free_place) {
            count_term(best_term_, i, i + best_words_ - 1);
            free_place = place + static_cast<std::uint32_t>(best_words_);
        }
    }
    scan_regexps(text, field);
}

// Atoms that are the word alone, and terms that must stand as they are written.
void Matcher::take_more(std::size_t index) noexcept {
    const Hit& hit = hits_[index];
    const WordClass& word_class = classes_[hit.word_class];
    for (std::uint32_t a = 0; a < word_class.atom_count; ++a) {
        count_atom(class_atoms_[word_class.atoms + a], hit.start, hit.end, hit.place & ~kGap, 1);
    }
    for (std::size_t r = 0; r < word_class.root_count; ++r) {
        const std::uint32_t root = class_roots_[word_class.roots + r];
        if (rules_.nodes[root].has_literal) take_entries(root, index, 1);
    }
}

// Phrases that begin with the word; the next hit may go on with one.
void Matcher::walk(std::size_t index) noexcept {
    if (!follows(index, 1)) return;
    const WordClass& word_class = classes_[hits_[index].word_class];
    for (std::size_t r = 0; r < word_class.root_count; ++r) {
        const std::uint32_t root = class_roots_[word_class.roots + r];
        if (rules_.nodes[root].has_children) descend(root, index, 1);
    }
}

// Whether the word `depth` words behind a hit is one too.
inline bool Matcher::follows(std::size_t index, std::size_t depth) const noexcept {
    return index + depth < hit_count_ &&
           (hits_[index + depth].place & ~kGap) == (hits_[index].place & ~kGap) + depth;
}

// `depth` words from hits_[index] on have led to the node.
void Matcher::visit(std::uint32_t node_index, std::size_t index, std::size_t depth) noexcept {
    const LanguageRules::Node& node = rules_.nodes[node_index];
    if (node.entry_count != 0) take_entries(node_index, index, depth);
    if (node.has_children && follows(index, depth)) descend(node_index, index, depth);
}

// Goes on with the next hit, which follows.
void Matcher::descend(std::uint32_t node_index, std::size_t index, std::size_t depth) noexcept {
    const LanguageRules::Node& node = rules_.nodes[node_index];
    const Hit& next = hits_[index + depth];
    if ((node.child_set & heads_[next.word_class].symbol_set) == 0) return;
    const WordClass& word_class = classes_[next.word_class];
    for (std::size_t s = 0; s < word_class.symbol_count; ++s) {
        const Symbol symbol = class_symbols_[word_class.symbols + s];
        if ((node.child_set >> (symbol & 31) & 1) == 0) continue;
        const std::uint32_t* child = rules_.edges.find(LanguageRules::edge_key(node_index, symbol));
        if (child == nullptr) continue;
        if ((next.place & kGap) != 0 && !rules_.nodes[*child].gap_before) continue;
        visit(*child, index, depth + 1);
    }
}

void Matcher::take_entries(std::uint32_t node_index, std::size_t index,
                           std::size_t depth) noexcept {
    const LanguageRules::Node& node = rules_.nodes[node_index];
    for (std::size_t e = 0; e < node.entry_count; ++e) {
        const LanguageRules::Entry& entry = rules_.entries[node.entries + e];
        const Hit& hit = hits_[index];
        if (entry.literal == kNone) {
            if (depth == 1) continue;  // the word's class has it
        } else if (!stands_as(rules_.literals[entry.literal], hit.start)) {
            continue;
        }
        if (entry.is_atom) {
            count_atom(entry.id, hit.start, hits_[index + depth - 1].end, hit.place & ~kGap, depth);
        } else if (depth > best_words_ || best_term_ == kNone) {
            best_term_ = entry.id;
            best_words_ = depth;
        }
    }
}

// Whether the text reads so, case and punctuation included.
bool Matcher::stands_as(const LanguageRules::Literal& literal, std::uint32_t start) const noexcept {
    if (start < literal.lead) return false;
    return text_.substr(start - literal.lead).starts_with(literal.text);
}

void Matcher::count_term(std::uint32_t term, std::size_t first, std::size_t last) noexcept {
    const std::uint32_t end = hits_[last].end;
    if (term_counts_[term] == 0) met_terms_.push_back(term);
    term_counts_[term] += field_ == kInTitle  ? kHeadlineCount
                          : end <= kLeadBytes ? kLeadCount
                                              : kBodyCount;
    if (explain_) {
        occurrences_.push_back({term, hits_[first].start, end, hits_[first].place & ~kGap,
                                static_cast<std::uint16_t>(last - first + 1), field_, false, 0});
    }
}

inline void Matcher::add_atom(std::uint32_t atom) noexcept {
    std::array<std::uint32_t, 2>& counts = atom_counts_[atom];
    if ((counts[0] | counts[1]) == 0) met_atoms_.push_back(atom);
    ++counts[field_ == kInTitle ? 0 : 1];
}

inline void Matcher::count_atom(std::uint32_t atom, std::uint32_t start, std::uint32_t end,
                                std::uint32_t place, std::size_t words) noexcept {
    add_atom(atom);
    if (explain_ || rules_.atom_placed[atom] != 0) {
        occurrences_.push_back({atom, start, end, place, static_cast<std::uint16_t>(words), field_,
                                true, atom_last_[atom]});
        atom_last_[atom] = static_cast<std::uint32_t>(occurrences_.size());
    }
}

void Matcher::scan_regexps(std::string_view text, std::uint8_t field) noexcept {
    if (rules_.regexps == nullptr) return;
    regexp_matches_.clear();
    rules_.regexps->scan(text, field, regexp_scratch_, regexp_matches_);
    const std::size_t first = occurrences_.size();
    bool placed = false;
    for (const Regexps::Match& match : regexp_matches_) {
        count_atom(match.atom, match.start, match.end, 0, 1);
        placed |= rules_.atom_placed[match.atom] != 0;
    }
    if (placed) place_regexps(text, first);
}

// Counts the words before the matches that were found from occurrences_[first] on.
void Matcher::place_regexps(std::string_view text, std::size_t first) noexcept {
    std::vector<std::uint32_t> starts;
    for_each_word(text, [&](std::string_view, std::size_t start, bool) {
        starts.push_back(static_cast<std::uint32_t>(start));
    });
    for (std::size_t i = first; i < occurrences_.size(); ++i) {
        Occurrence& found = occurrences_[i];
        const auto at = std::upper_bound(starts.begin(), starts.end(), found.start);
        const auto end = std::lower_bound(at, starts.end(), found.end);
        const auto place = static_cast<std::uint32_t>(at - starts.begin());
        found.place = place == 0 ? 0 : place - 1;
        found.words = static_cast<std::uint16_t>(std::min<std::ptrdiff_t>(1 + (end - at), 65535));
    }
}

// ---- What it says ----------------------------------------------------------------------------

void Matcher::judge_queries() noexcept {
    for (const std::uint32_t atom : met_atoms_) {
        const std::array<std::uint32_t, 2>& counts = atom_counts_[atom];
        for (std::uint32_t i = rules_.atom_leaves_at[atom]; i < rules_.atom_leaves_at[atom + 1];
             ++i) {
            const std::uint32_t index = rules_.atom_leaves[i];
            const LanguageRules::Leaf& leaf = rules_.leaves[index];
            const std::uint32_t count = ((leaf.fields & kInTitle) != 0 ? counts[0] : 0) +
                                        ((leaf.fields & kInBody) != 0 ? counts[1] : 0);
            if (count == 0) continue;
            if (leaf_counts_[index] == 0) met_leaves_.push_back(index);
            leaf_counts_[index] += count;
            ++leaf_atoms_met_[index];
            if (leaf.trigger != 0 && leaf_counts_[index] >= leaf.trigger &&
                rule_waiting_[leaf.rule] == 0) {
                rule_waiting_[leaf.rule] = 1;
                waiting_.push_back(leaf.rule);
            }
        }
    }
    for (const std::uint32_t rule : waiting_) {
        rule_waiting_[rule] = 0;
        judge(rule);
    }
    for (const std::uint32_t rule : rules_.always) judge(rule);
    std::sort(fired_.begin(), fired_.end());
    for (const std::uint32_t atom : met_atoms_) {
        atom_counts_[atom] = {};
        atom_last_[atom] = 0;
    }
    for (const std::uint32_t leaf : met_leaves_) leaf_counts_[leaf] = leaf_atoms_met_[leaf] = 0;
    met_atoms_.clear();
    met_leaves_.clear();
    waiting_.clear();
}

void Matcher::judge(std::uint32_t index) noexcept {
    const LanguageRules::Rule& rule = rules_.rules[index];
    if (QueryEvaluator(*this).value(rule.root) == 0) return;
    fired_.push_back(index);
    for (std::uint32_t topic = rule.topic; topic != kNone; topic = topics_[topic].parent) {
        if (rule.weight != 0) {
            add_points(topic, std::uint64_t{kWorth[rule.weight]} * roots_of_[kRuleCount]);
        } else {
            assign(topic, rule.percent);
        }
    }
}

void Matcher::score_terms() noexcept {
    for (const std::uint32_t term : met_terms_) {
        const std::uint32_t root = roots_of_[std::min(term_counts_[term], kCountMax)];
        term_counts_[term] = 0;
        for (std::uint32_t i = rules_.evidence_at[term]; i < rules_.evidence_at[term + 1]; ++i) {
            const Evidence& evidence = rules_.evidence[i];
            add_points(evidence.topic, std::uint64_t{evidence.worth} * root);
        }
    }
    met_terms_.clear();
}

void Matcher::add_points(std::uint32_t topic, std::uint64_t points) noexcept {
    Score& score = scores_[topic];
    if (score.seen == 0) {
        score.seen = 1;
        met_topics_.push_back(topic);
    }
    score.points += points;
}

void Matcher::assign(std::uint32_t topic, std::uint8_t percent) noexcept {
    add_points(topic, 0);
    scores_[topic].assigned = std::max(scores_[topic].assigned, percent);
}

}  // namespace newsmill::topics
