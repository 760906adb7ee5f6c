// Turns packs into Rules. Used once; throws PackError.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "stages/topics/regexps.hpp"
#include "stages/topics/rules.hpp"
#include "stages/topics/term.hpp"

namespace newsmill::topics {

// One language's rules while they are made.
class LanguageCompiler {
   public:
    LanguageCompiler(LanguageRules& out, const std::vector<TopicInfo>& topics)
        : out_(out), topics_(topics) {}

    void add_term(const PackTerm& term, std::uint32_t topic);
    void add_rule(const PackRule& rule, std::uint32_t topic, const std::string& id);
    void finish();

   private:
    using Path = std::vector<std::pair<Symbol, bool>>;  // symbol, gap before it
    enum class Mode : std::uint8_t { kExact, kStem, kFolded };

    Path path_of(const std::vector<TermWord>& words, Mode mode);
    std::uint32_t insert(const Path& path, const std::string& literal, bool is_atom);
    std::uint32_t child_of(std::uint32_t node, Symbol symbol, bool gap);
    std::uint32_t new_node(bool gap);
    std::uint32_t compile(const Query& query, std::uint32_t rule, bool negated, bool placed);
    std::uint32_t compile_clause(const Query& query, std::uint32_t rule, bool negated, bool placed);
    std::uint32_t atom_of(std::string_view term, const Query& query);
    std::uint64_t trigger_cost(std::uint32_t node) const;
    std::uint64_t leaf_cost(std::uint32_t leaf) const;
    void set_triggers(std::uint32_t node, std::uint32_t least);
    std::uint32_t cheapest(const LanguageRules::QueryNode& node) const;

    LanguageRules& out_;
    const std::vector<TopicInfo>& topics_;
    std::vector<std::vector<LanguageRules::Entry>> node_entries_;
    std::map<std::string, std::uint32_t> terms_;
    std::map<std::string, std::uint32_t> atoms_;
    std::vector<std::map<std::uint32_t, std::uint32_t>> term_weights_;  // topic -> weight
    std::vector<std::vector<std::uint32_t>> atom_leaves_;
    std::vector<std::uint32_t> atom_cost_;
    std::vector<Regexps::Expression> expressions_;
};

}  // namespace newsmill::topics
