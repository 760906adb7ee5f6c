#include "stages/topics/matcher.hpp"

#include <algorithm>

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
      memo_hashes_(kSlots),
      memo_classes_(kSlots),
      term_counts_(rules.term_count()),
      atom_counts_(rules.atom_count),
      atom_last_(rules.atom_count),
      leaf_counts_(rules.leaves.size()),
      leaf_atoms_met_(rules.leaves.size()),
      rule_waiting_(rules.rules.size()),
      scores_(topics.size()) {
    memo_hashes_[0] = 1;     // no slot holds a hash that belongs to it yet
    classes_.push_back({});  // 0: no symbol
    if (rules.regexps != nullptr) regexp_scratch_ = Regexps::Scratch(*rules.regexps);
    for (std::uint32_t i = 0; i < roots_of_.size(); ++i) roots_of_[i] = isqrt(i * 128u);
}

// ---- Words -----------------------------------------------------------------------------------

std::uint32_t Matcher::class_of(std::string_view raw, std::size_t readable) noexcept {
    if (raw.size() > Word::kBytesMax) [[unlikely]] {
        lower_ = lower_case(raw);
        return find_class(lower_, hash_of(lower_));
    }
    const Word word(raw, readable);
    const std::uint64_t hash = word.hash();
    const std::size_t slot = hash % kSlots;
    if (memo_hashes_[slot] != hash) [[unlikely]] {
        memo_hashes_[slot] = hash;
        memo_classes_[slot] = find_class(word.text(), hash);
    }
    return memo_classes_[slot];
}

std::uint32_t Matcher::find_class(std::string_view lower, std::uint64_t hash) noexcept {
    std::array<Symbol, Vocabulary::kSymbolsMax> symbols;
    const std::size_t count = rules_.vocabulary.symbols(lower, hash, stemmer_, symbols.data());
    return count == 0 ? 0 : class_of_symbols({symbols.data(), count});
}

std::uint32_t Matcher::class_of_symbols(std::span<const Symbol> symbols) noexcept {
    const std::string key(reinterpret_cast<const char*>(symbols.data()), symbols.size_bytes());
    const auto [at, is_new] =
        class_ids_.try_emplace(key, static_cast<std::uint32_t>(classes_.size()));
    if (!is_new) return at->second;
    WordClass made{};
    made.symbols = static_cast<std::uint32_t>(class_symbols_.size());
    made.roots = static_cast<std::uint32_t>(class_roots_.size());
    made.symbol_count = static_cast<std::uint16_t>(symbols.size());
    made.single = kNone;
    for (const Symbol symbol : symbols) {
        class_symbols_.push_back(symbol);
        if (const std::uint32_t root = rules_.roots[symbol]; root != kNone) {
            class_roots_.push_back(root);
            ++made.root_count;
        }
    }
    if (made.root_count == 1) {
        const LanguageRules::Node& node = rules_.nodes[class_roots_.back()];
        const LanguageRules::Entry* entry = rules_.entries.data() + node.entries;
        if (!node.has_children && node.entry_count == 1 && !entry->is_atom &&
            entry->literal == kNone) {
            made.single = entry->id;
        }
    }
    classes_.push_back(made);
    return at->second;
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

void Matcher::collect(std::string_view text) noexcept {
    std::size_t count = 0;
    std::uint32_t place = 0;
    if (hits_.size() < 64) hits_.resize(64);
    for_each_word(text, [&](std::string_view word, std::size_t start, bool gap) {
        const std::uint32_t word_class = class_of(word, text.size() - start);
        if (count == hits_.size()) [[unlikely]]
            hits_.resize(2 * count);
        hits_[count] = {static_cast<std::uint32_t>(start),
                        static_cast<std::uint32_t>(start + word.size()), place | (gap ? kGap : 0),
                        word_class};
        count += word_class != 0;  // a branch would be guessed wrong too often
        ++place;
    });
    hit_count_ = count;
    words_ += place;
}

void Matcher::scan(std::string_view text, std::uint8_t field) noexcept {
    text_ = text;
    field_ = field;
    collect(text);
    std::uint32_t free_place = 0;  // what lies before belongs to a weighted term already
    for (std::size_t i = 0; i < hit_count_; ++i) {
        const Hit& hit = hits_[i];
        const WordClass& word_class = classes_[hit.word_class];
        if (word_class.root_count == 0) continue;
        const std::uint32_t place = hit.place & ~kGap;
        if (word_class.single != kNone) {
            if (place >= free_place) count_term(word_class.single, i, i);
            continue;
        }
        best_term_ = kNone;
        best_words_ = 0;
        walk(i);
        if (best_term_ != kNone && place >= free_place) {
            count_term(best_term_, i, i + best_words_ - 1);
            free_place = place + static_cast<std::uint32_t>(best_words_);
        }
    }
    scan_regexps(text, field);
}

void Matcher::walk(std::size_t index) noexcept {
    const WordClass& word_class = classes_[hits_[index].word_class];
    for (std::size_t r = 0; r < word_class.root_count; ++r) {
        visit(class_roots_[word_class.roots + r], index, 1);
    }
}

// `depth` words from hits_[index] on have led to the node.
void Matcher::visit(std::uint32_t node_index, std::size_t index, std::size_t depth) noexcept {
    const LanguageRules::Node& node = rules_.nodes[node_index];
    if (node.entry_count != 0) take_entries(node_index, index, depth);
    if (!node.has_children || index + depth >= hit_count_) return;
    const Hit& next = hits_[index + depth];
    if ((next.place & ~kGap) != (hits_[index].place & ~kGap) + depth) return;
    const WordClass& word_class = classes_[next.word_class];
    for (std::size_t s = 0; s < word_class.symbol_count; ++s) {
        const Symbol symbol = class_symbols_[word_class.symbols + s];
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
        if (entry.literal != kNone && !stands_as(rules_.literals[entry.literal], hit.start)) {
            continue;
        }
        if (entry.is_atom) {
            count_atom(entry.id, hit.start, hits_[index + depth - 1].end, hit.place & ~kGap, depth);
        } else if (depth > best_words_) {
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

void Matcher::count_atom(std::uint32_t atom, std::uint32_t start, std::uint32_t end,
                         std::uint32_t place, std::size_t words) noexcept {
    std::array<std::uint32_t, 2>& counts = atom_counts_[atom];
    if ((counts[0] | counts[1]) == 0) met_atoms_.push_back(atom);
    ++counts[field_ == kInTitle ? 0 : 1];
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
            if (leaf.trigger && rule_waiting_[leaf.rule] == 0) {
                rule_waiting_[leaf.rule] = 1;
                waiting_.push_back(leaf.rule);
            }
        }
    }
    std::sort(waiting_.begin(), waiting_.end());
    for (const std::uint32_t rule : waiting_) {
        rule_waiting_[rule] = 0;
        judge(rule);
    }
    for (const std::uint32_t rule : rules_.always) judge(rule);
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
