#include "stages/topics/evaluator.hpp"

#include <algorithm>

#include "stages/topics/sentences.hpp"

namespace newsmill::topics {
namespace {

// How far apart, in words: 0 if they overlap, 1 if next to each other; in sentences and
// paragraphs: 1 if the same.
std::uint32_t distance(std::uint32_t first_end, std::uint32_t second_start, bool words) noexcept {
    const std::uint32_t apart = second_start > first_end ? second_start - first_end : 0;
    return words ? apart : apart + 1;
}

// Sorted views of some stretches, to find the nearest one to a place without looking at all.
class Neighbours {
   public:
    template <typename Stretches>
    explicit Neighbours(const Stretches& in_order) {
        std::uint32_t largest = 0;
        for (const auto& one : in_order) {
            starts_.push_back(one.first);
            ends_.push_back(one.last);
            largest = std::max(largest, one.last);
            largest_end_.push_back(largest);
        }
        std::sort(ends_.begin(), ends_.end());
    }
    bool overlaps(std::uint32_t first, std::uint32_t last) const noexcept {
        const auto at = std::upper_bound(starts_.begin(), starts_.end(), last);
        return at != starts_.begin() && largest_end_[at - starts_.begin() - 1] >= first;
    }
    bool starts_at(std::uint32_t place) const noexcept {
        return std::binary_search(starts_.begin(), starts_.end(), place);
    }
    bool ends_at(std::uint32_t place) const noexcept {
        return std::binary_search(ends_.begin(), ends_.end(), place);
    }
    // The first start behind a place, the last end before it; kNone if there is none.
    std::uint32_t next_start(std::uint32_t place) const noexcept {
        const auto at = std::upper_bound(starts_.begin(), starts_.end(), place);
        return at == starts_.end() ? kNone : *at;
    }
    std::uint32_t last_end(std::uint32_t place) const noexcept {
        const auto at = std::lower_bound(ends_.begin(), ends_.end(), place);
        return at == ends_.begin() ? kNone : *(at - 1);
    }

   private:
    std::vector<std::uint32_t> starts_;
    std::vector<std::uint32_t> ends_;
    std::vector<std::uint32_t> largest_end_;
};

}  // namespace

std::uint64_t QueryEvaluator::value(std::uint32_t index) const noexcept {
    const LanguageRules& rules = matcher_.rules();
    const LanguageRules::QueryNode& node = rules.query_nodes[index];
    if (node.kind == Query::Kind::kClause) return clause(node.first);
    if (node.kind == Query::Kind::kProx) return prox(node);
    std::uint64_t sum = 0;
    std::uint64_t met = 0;
    for (std::uint32_t i = 0; i < node.count; ++i) {
        const std::uint64_t part = value(rules.children[node.first + i]);
        sum += part;
        met += part != 0;
        if (part == 0 && node.kind == Query::Kind::kAnd) return 0;
        if (part != 0 && node.kind == Query::Kind::kNot) return 0;
    }
    switch (node.kind) {
        case Query::Kind::kNot: return 1;
        case Query::Kind::kCount: return sum != 0 && holds(sum, node.compare, node.bound) ? sum : 0;
        case Query::Kind::kCountUnique: {
            const LanguageRules::QueryNode& only = rules.query_nodes[rules.children[node.first]];
            // Of one list, the words count.
            if (node.count == 1 && only.kind == Query::Kind::kClause) {
                met = matcher_.leaf_atoms_met_[only.first];
            }
            return met != 0 && holds(met, node.compare, node.bound) ? sum : 0;
        }
        default: return sum;
    }
}

bool QueryEvaluator::is_true(std::uint32_t index) const noexcept {
    const LanguageRules& rules = matcher_.rules();
    const LanguageRules::QueryNode& node = rules.query_nodes[index];
    switch (node.kind) {
        case Query::Kind::kClause: return clause(node.first) != 0;
        case Query::Kind::kAnd:
        case Query::Kind::kOr:
        case Query::Kind::kNot: break;
        default: return value(index) != 0;
    }
    const bool settles = node.kind != Query::Kind::kAnd;  // the part that makes the rest idle
    for (std::uint32_t i = 0; i < node.count; ++i) {
        if (is_true(rules.children[node.first + i]) == settles) {
            return node.kind == Query::Kind::kOr;
        }
    }
    return node.kind != Query::Kind::kOr;
}

std::uint64_t QueryEvaluator::clause(std::uint32_t index) const noexcept {
    const LanguageRules::Leaf& leaf = matcher_.rules().leaves[index];
    if (leaf.all && matcher_.leaf_atoms_met_[index] < leaf.atom_count) return 0;
    return matcher_.leaf_counts_[index];
}

std::uint64_t QueryEvaluator::prox(const LanguageRules::QueryNode& node) const noexcept {
    return prox_in(node, kInTitle) + prox_in(node, kInBody);
}

// The occurrences of the first part that have each other part near, or not near.
std::uint64_t QueryEvaluator::prox_in(const LanguageRules::QueryNode& node,
                                      std::uint8_t field) const noexcept {
    const LanguageRules& rules = matcher_.rules();
    const bool words = node.unit == Query::Unit::kWord;
    const bool far = node.compare == Compare::kGreater || node.compare == Compare::kGreaterEqual;
    const bool any_distance = far && node.bound == 0 && node.ordered;
    std::vector<Stretch> kept;
    places(rules.children[node.first], node.unit, field, kept);
    std::vector<Stretch> others;
    for (std::uint32_t i = 1; i < node.count && !kept.empty(); ++i) {
        places(rules.children[node.first + i], node.unit, field, others);
        Neighbours neighbours(others);
        const auto fits = [&](std::uint32_t apart) {
            switch (node.compare) {
                case Compare::kGreater: return any_distance || apart <= node.bound;
                case Compare::kGreaterEqual: return any_distance || apart < node.bound;
                default: return holds(apart, node.compare, node.bound);
            }
        };
        const auto is_near = [&](const Stretch& one) {
            const std::uint32_t same = words ? 0 : 1;
            if (!node.ordered && neighbours.overlaps(one.first, one.last) && fits(same)) {
                return true;
            }
            if (node.compare == Compare::kEqual && node.bound > same) {
                const std::uint32_t apart = node.bound - same;
                return neighbours.starts_at(one.last + apart) ||
                       (!node.ordered && one.first >= apart &&
                        neighbours.ends_at(one.first - apart));
            }
            const std::uint32_t after = neighbours.next_start(node.ordered ? one.first : one.last);
            if (after != kNone && fits(distance(one.last, after, words))) return true;
            const std::uint32_t before = neighbours.last_end(one.first);
            return !node.ordered && before != kNone && fits(distance(before, one.first, words));
        };
        const bool wanted = !far || any_distance;
        std::erase_if(kept, [&](const Stretch& one) { return is_near(one) != wanted; });
    }
    return kept.size();
}

// In the order of their starts.
void QueryEvaluator::places(std::uint32_t index, Query::Unit unit, std::uint8_t field,
                            std::vector<Stretch>& out) const noexcept {
    out.clear();
    const LanguageRules& rules = matcher_.rules();
    const std::string_view text = field == kInTitle ? matcher_.headline_ : matcher_.body_;
    std::vector<std::uint32_t> nodes = {index};
    while (!nodes.empty()) {
        const LanguageRules::QueryNode node = rules.query_nodes[nodes.back()];
        nodes.pop_back();
        if (node.kind != Query::Kind::kClause) {
            for (std::uint32_t i = 0; i < node.count; ++i) {
                nodes.push_back(rules.children[node.first + i]);
            }
            continue;
        }
        const LanguageRules::Leaf& leaf = rules.leaves[node.first];
        if ((leaf.fields & field) == 0 || clause(node.first) == 0) continue;
        for (std::uint32_t i = 0; i < leaf.atom_count; ++i) {
            const std::uint32_t atom = rules.leaf_atoms[leaf.atoms + i];
            for (std::uint32_t at = matcher_.atom_last_[atom]; at != 0;
                 at = matcher_.occurrences_[at - 1].previous) {
                const Occurrence& found = matcher_.occurrences_[at - 1];
                if (found.field != field) continue;
                if (unit == Query::Unit::kWord) {
                    out.push_back({found.place, found.place + found.words - 1});
                } else {
                    out.push_back({found.start, found.start});
                }
            }
        }
    }
    std::sort(out.begin(), out.end(),
              [](const Stretch& a, const Stretch& b) { return a.first < b.first; });
    if (unit != Query::Unit::kWord) {
        UnitCounter counter(text, unit == Query::Unit::kSentence);
        for (Stretch& one : out) one.first = one.last = counter.unit_at(one.first);
    }
}

}  // namespace newsmill::topics
