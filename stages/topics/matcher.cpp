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
      memo_pages_(2 * kSlots * sizeof *memo_),
      class_by_symbol_(rules.roots.size()),
      term_counts_(rules.term_count()),
      met_terms_(rules.term_count() + 1),
      atom_counts_(rules.atom_count),
      atom_last_(rules.atom_count),
      met_atoms_(rules.atom_count + 1),
      leaf_counts_(rules.leaves.size()),
      leaf_atoms_met_(rules.leaves.size()),
      rule_waiting_(rules.rules.size()),
      scores_(topics.size()),
      topic_bits_((topics.size() + 63) / 64) {
    // Huge pages are as large as the memo, and aligned.
    constexpr std::uintptr_t kBytes = kSlots * sizeof *memo_;
    const auto start = reinterpret_cast<std::uintptr_t>(memo_pages_.data());
    memo_ = reinterpret_cast<std::uint64_t*>((start + kBytes - 1) / kBytes * kBytes);
    new_class({});  // 0: words that mean nothing
    for (const TopicInfo& topic : topics) parents_.push_back(topic.parent);
    if (rules.regexps != nullptr) regexp_scratch_ = Regexps::Scratch(*rules.regexps);
    for (std::uint32_t i = 0; i < roots_of_.size(); ++i) roots_of_[i] = isqrt(i * 128u);
}

// ---- Words -----------------------------------------------------------------------------------

// Cuts the text into tokens_. Eight at a time are written whether there are so many or not, since a
// branch a word would be guessed wrong too often; what is too much is written over.
void Matcher::cut(std::string_view text) noexcept {
    constexpr std::size_t kRoom = 80;
    std::size_t start_count = 0;
    std::size_t end_count = 0;
    const auto on_block = [&](std::size_t at, std::uint64_t starts, std::uint64_t gaps,
                              std::uint64_t ends) {
        if (tokens_.size() < start_count + kRoom) [[unlikely]]
            tokens_.resize(2 * tokens_.size() + kRoom);
        const auto base = static_cast<std::uint32_t>(at);
        const auto bit_of = [](std::uint64_t set) {
            return static_cast<std::uint32_t>(std::countr_zero(set));
        };
        Token* out = tokens_.data() + start_count;
        do {
#pragma GCC unroll 8
            for (int i = 0; i < 8; ++i) {
                const std::uint32_t bit = bit_of(starts);
                out->start = base + bit;
                out->gap = gaps >> (bit & 63) & 1;
                out += starts != 0;
                starts &= starts - 1;
            }
        } while (starts != 0);
        start_count = static_cast<std::size_t>(out - tokens_.data());
        out = tokens_.data() + end_count;
        do {
#pragma GCC unroll 8
            for (int i = 0; i < 8; ++i) {
                out->end = base + bit_of(ends);
                out += ends != 0;
                ends &= ends - 1;
            }
        } while (ends != 0);
        end_count = static_cast<std::size_t>(out - tokens_.data());
    };
    WordReader<decltype(on_block)>(text, on_block).read();
    token_count_ = end_count;
    if (work_.size() <= token_count_) {
        work_.resize(tokens_.size() + 1);
        atom_work_.resize(tokens_.size() + 1);
    }
}

// The keys of some tokens.
void Matcher::key_words(std::size_t first, std::size_t last) noexcept {
    const std::uint64_t* const memo = memo_;
    const std::string_view text = text_;
    std::uint64_t* out = keys_.data();
    for (const Token* token = tokens_.data() + first; token != tokens_.data() + last; ++token) {
        const std::string_view raw(text.data() + token->start, token->end - token->start);
        std::uint64_t hash = 0;
        if (raw.size() <= Word::kBytesMax) [[likely]] {
            hash = Word(raw, text.size() - token->start).hash();
        } else {
            hash = hash_of(lower_case(raw));
        }
        const std::uint64_t key = key_of_hash(hash);
        __builtin_prefetch(memo + (key & kSlotMask));
        *out++ = key;
    }
}

// The classes of some tokens, and which of them are worth a closer look. kCountsAtoms: words that
// are one atom and nothing else to look at go into a list of their own.
template <bool kCountsAtoms>
void Matcher::look_up(std::size_t first, std::size_t last) noexcept {
    const std::uint64_t* const memo = memo_;
    const std::vector<ClassHead>& all_heads = heads_[field_ == kInTitle ? 0 : 1];
    const ClassHead* heads = all_heads.data();
    Token* const tokens = tokens_.data();
    std::uint32_t* const work = work_.data();
    std::size_t work_count = work_count_;
    std::uint64_t child_set = last_child_set_;
    std::uint32_t* const atoms = atom_work_.data();
    std::size_t atom_count = atom_work_count_;
    bool is_term = last_is_term_;
    for (std::size_t i = first; i < last; ++i) {
        const std::uint64_t key = keys_[i - first];
        const std::uint64_t slot = memo[key & kSlotMask];
        const std::uint64_t other = memo[(key & kSlotMask) ^ 1];
        const bool is_first = ((slot ^ key) & ~kSlotMask) == 0;
        auto word_class = static_cast<std::uint32_t>((is_first ? slot : other) & kSlotMask);
        if (!is_first && ((other ^ key) & ~kSlotMask) != 0) [[unlikely]] {
            word_class = remembered(key, tokens[i]);
            heads = all_heads.data();
        }
        tokens[i].word_class = word_class;
        const ClassHead& head = heads[word_class];
        const bool goes_on = (child_set & head.symbol_set) != 0;
        work[work_count] = static_cast<std::uint32_t>(2 * i - 2 + goes_on);
        work_count += goes_on | is_term;
        child_set = head.child_set;
        if constexpr (kCountsAtoms) {
            atoms[atom_count] = head.atom;
            atom_count += head.atom < kMore;
            is_term = (head.term != kNone) | (head.atom == kMore);
        } else {
            is_term = (head.term & head.atom) != kNone;
        }
    }
    atom_work_count_ = atom_count;
    work_count_ = work_count;
    last_child_set_ = child_set;
    last_is_term_ = is_term;
}

// Looks the word up, and puts it into the memo.
std::uint32_t Matcher::remembered(std::uint64_t key, const Token& token) noexcept {
    const std::string_view raw = text_.substr(token.start, token.end - token.start);
    const std::uint32_t found = raw.size() <= Word::kBytesMax
                                    ? find_class(Word(raw, text_.size() - token.start).text(), key)
                                    : find_class(lower_case(raw), key);
    if (found > kSlotMask) return found;
    std::uint64_t& slot = memo_[key & kSlotMask];
    memo_[(key & kSlotMask) ^ 1] = slot;
    slot = (key & ~kSlotMask) | found;
    return found;
}

std::uint32_t Matcher::find_class(std::string_view lower, std::uint64_t key) noexcept {
    std::array<Symbol, Vocabulary::kSymbolsMax> symbols;
    const std::size_t count = rules_.vocabulary.symbols(lower, key, stemmer_, symbols.data());
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
    WordClass made;
    made.symbols = static_cast<std::uint32_t>(class_symbols_.size());
    made.roots = static_cast<std::uint32_t>(class_roots_.size());
    made.atoms = static_cast<std::uint32_t>(class_atoms_.size());
    made.symbol_count = static_cast<std::uint16_t>(symbols.size());
    ClassHead head;
    for (const Symbol symbol : symbols) {
        class_symbols_.push_back(symbol);
        head.symbol_set |= LanguageRules::bit_of(symbol);
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
    for (const std::uint8_t field : {kInTitle, kInBody}) {
        ClassHead in_field = head;
        if (in_field.atom == kNone) in_field.atom = atom_in(made, field);
        heads_[field == kInTitle ? 0 : 1].push_back(in_field);
    }
    classes_.push_back(made);
    return static_cast<std::uint32_t>(classes_.size() - 1);
}

// The atom that a word alone is for the queries of a field; or kMore.
std::uint32_t Matcher::atom_in(const WordClass& word_class, std::uint8_t field) const noexcept {
    std::uint32_t only = kNone;
    for (std::uint32_t a = 0; a < word_class.atom_count; ++a) {
        const std::uint32_t atom = class_atoms_[word_class.atoms + a];
        if ((rules_.atom_fields[atom] & field) == 0) continue;
        if (only != kNone || rules_.atom_placed[atom] != 0) return kMore;
        only = atom;
    }
    return only;
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
    roll_up();
}

void Matcher::clear() noexcept {
    for (const std::uint32_t topic : met_topics_) scores_[topic] = {};
    met_topics_.clear();
    occurrences_.clear();
    fired_.clear();
    words_ = 0;
}

void Matcher::scan(std::string_view text, std::uint8_t field) noexcept {
    text_ = text;
    field_ = field;
    cut(text);
    work_count_ = 0;
    atom_work_count_ = 0;
    last_child_set_ = 0;
    last_is_term_ = false;
    for (std::size_t at = 0; at < token_count_; at += kAhead) {
        const std::size_t end = std::min(at + kAhead, token_count_);
        key_words(at, end);
        if (rules_.atom_count == 0 || explain_) {
            look_up<false>(at, end);
        } else {
            look_up<true>(at, end);
        }
    }
    if (last_is_term_) work_[work_count_++] = static_cast<std::uint32_t>(2 * token_count_ - 2);
    words_ += token_count_;
    const std::vector<ClassHead>& heads = heads_[field == kInTitle ? 0 : 1];
    std::size_t free_place = 0;  // what lies before belongs to a weighted term already
    for (std::size_t w = 0; w < work_count_; ++w) {
        const std::size_t index = work_[w] / 2;
        const ClassHead& head = heads[tokens_[index].word_class];
        best_term_ = head.term;
        best_words_ = 1;
        if (head.atom == kMore || (explain_ && head.atom != kNone)) take_more(index);
        if ((work_[w] & 1) != 0) walk(index);
        if (best_term_ != kNone && index >= free_place) {
            count_term(best_term_, index, index + best_words_ - 1);
            free_place = index + best_words_;
        }
    }
    for (std::size_t a = 0; a < atom_work_count_; ++a) add_atom(atom_work_[a]);
    scan_regexps(text, field);
    if (tokens_.size() > kTokensKept) [[unlikely]]
        forget_long_text();
}

// One text of many megabytes must not hold its memory for ever.
void Matcher::forget_long_text() noexcept {
    tokens_ = {};
    work_ = {};
    atom_work_ = {};
}

// Atoms that are the word alone, and terms that must stand as they are written.
void Matcher::take_more(std::size_t index) noexcept {
    const Token& token = tokens_[index];
    const WordClass& word_class = classes_[token.word_class];
    for (std::uint32_t a = 0; a < word_class.atom_count; ++a) {
        count_atom(class_atoms_[word_class.atoms + a], token.start, token.end,
                   static_cast<std::uint32_t>(index), 1);
    }
    for (std::size_t r = 0; r < word_class.root_count; ++r) {
        const std::uint32_t root = class_roots_[word_class.roots + r];
        if (rules_.nodes[root].has_literal) take_entries(root, index, 1);
    }
}

// Phrases that begin with the word; the next may go on with one.
void Matcher::walk(std::size_t index) noexcept {
    const WordClass& word_class = classes_[tokens_[index].word_class];
    for (std::size_t r = 0; r < word_class.root_count; ++r) {
        const std::uint32_t root = class_roots_[word_class.roots + r];
        if (rules_.nodes[root].has_children) descend(root, index, 1);
    }
}

// `depth` words from tokens_[index] on have led to the node.
void Matcher::visit(std::uint32_t node_index, std::size_t index, std::size_t depth) noexcept {
    const LanguageRules::Node& node = rules_.nodes[node_index];
    if (node.entry_count != 0) take_entries(node_index, index, depth);
    if (node.has_children && index + depth < token_count_) descend(node_index, index, depth);
}

// Goes on with the next word.
void Matcher::descend(std::uint32_t node_index, std::size_t index, std::size_t depth) noexcept {
    const LanguageRules::Node& node = rules_.nodes[node_index];
    const Token& next = tokens_[index + depth];
    if ((node.child_set & heads_[0][next.word_class].symbol_set) == 0) return;
    const WordClass& word_class = classes_[next.word_class];
    for (std::size_t s = 0; s < word_class.symbol_count; ++s) {
        const Symbol symbol = class_symbols_[word_class.symbols + s];
        if ((node.child_set & LanguageRules::bit_of(symbol)) == 0) continue;
        const std::uint32_t* child = rules_.edges.find(LanguageRules::edge_key(node_index, symbol));
        if (child == nullptr) continue;
        if (next.gap != 0 && !rules_.nodes[*child].gap_before) continue;
        visit(*child, index, depth + 1);
    }
}

void Matcher::take_entries(std::uint32_t node_index, std::size_t index,
                           std::size_t depth) noexcept {
    const LanguageRules::Node& node = rules_.nodes[node_index];
    for (std::size_t e = 0; e < node.entry_count; ++e) {
        const LanguageRules::Entry& entry = rules_.entries[node.entries + e];
        const Token& token = tokens_[index];
        if (entry.literal == kNone) {
            if (depth == 1) continue;  // the word's class has it
        } else if (!stands_as(rules_.literals[entry.literal], token.start)) {
            continue;
        }
        if (entry.is_atom) {
            count_atom(entry.id, token.start, tokens_[index + depth - 1].end,
                       static_cast<std::uint32_t>(index), depth);
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
    const std::uint32_t end = tokens_[last].end;
    std::uint32_t& count = term_counts_[term];
    met_terms_[met_term_count_] = term;
    met_term_count_ += count == 0;  // a branch would be guessed wrong every other time
    count += field_ == kInTitle ? kHeadlineCount : end <= kLeadBytes ? kLeadCount : kBodyCount;
    if (explain_) {
        occurrences_.push_back({term, tokens_[first].start, end, static_cast<std::uint32_t>(first),
                                static_cast<std::uint16_t>(last - first + 1), field_, false, 0});
    }
}

inline void Matcher::add_atom(std::uint32_t atom) noexcept {
    std::array<std::uint32_t, 2>& counts = atom_counts_[atom];
    met_atoms_[met_atom_count_] = atom;
    met_atom_count_ += (counts[0] | counts[1]) == 0;
    ++counts[field_ == kInTitle ? 0 : 1];
}

inline void Matcher::count_atom(std::uint32_t atom, std::uint32_t start, std::uint32_t end,
                                std::uint32_t place, std::size_t words) noexcept {
    if ((rules_.atom_fields[atom] & field_) == 0) return;
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
    const std::span<const std::uint32_t> met_atoms(met_atoms_.data(), met_atom_count_);
    for (const std::uint32_t atom : met_atoms) {
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
    for (const std::uint32_t atom : met_atoms) {
        atom_counts_[atom] = {};
        atom_last_[atom] = 0;
    }
    for (const std::uint32_t leaf : met_leaves_) leaf_counts_[leaf] = leaf_atoms_met_[leaf] = 0;
    met_atom_count_ = 0;
    met_leaves_.clear();
    waiting_.clear();
}

void Matcher::judge(std::uint32_t index) noexcept {
    const LanguageRules::Rule& rule = rules_.rules[index];
    if (!QueryEvaluator(*this).is_true(rule.root)) return;
    fired_.push_back(index);
    add_points(rule.topic, std::int64_t{kWorth[rule.weight]} * roots_of_[kRuleCount]);
    std::uint32_t& assigned = scores_[rule.topic].assigned;
    assigned = std::max<std::uint32_t>(assigned, rule.percent);
}

void Matcher::score_terms() noexcept {
    for (std::size_t i = 0; i < met_term_count_; ++i) {
        const std::uint32_t term = met_terms_[i];
        const std::uint32_t root = roots_of_[std::min(term_counts_[term], kCountMax)];
        term_counts_[term] = 0;
        for (std::uint32_t p = rules_.points_at[term]; p < rules_.points_at[term + 1]; ++p) {
            const TermPoints& points = rules_.points[p];
            add_points(points.topic, std::int64_t{points.more} * root);
        }
    }
    met_term_count_ = 0;
}

inline void Matcher::add_points(std::uint32_t topic, std::int64_t points) noexcept {
    scores_[topic].points += points;
    topic_bits_[topic / 64] |= std::uint64_t{1} << (topic % 64);
}

// What a topic has counts for that above it, which has a smaller index.
void Matcher::roll_up() noexcept {
    for (std::size_t i = topic_bits_.size(); i-- > 0;) {
        while (topic_bits_[i] != 0) {
            const auto bit = static_cast<std::uint32_t>(63 - std::countl_zero(topic_bits_[i]));
            topic_bits_[i] ^= std::uint64_t{1} << bit;
            const auto topic = static_cast<std::uint32_t>(64 * i + bit);
            met_topics_.push_back(topic);
            const std::uint32_t parent = parents_[topic];
            if (parent == kNone) continue;
            add_points(parent, scores_[topic].points);
            scores_[parent].assigned = std::max(scores_[parent].assigned, scores_[topic].assigned);
        }
    }
}

}  // namespace newsmill::topics
