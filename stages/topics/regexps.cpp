#include "stages/topics/regexps.hpp"

#include <hs/hs.h>

#include <utility>

#include "pipeline/check.hpp"
#include "stages/topics/query.hpp"

namespace newsmill::topics {
namespace {

unsigned flags_of(bool case_sensitive) noexcept {
    return HS_FLAG_SOM_LEFTMOST | HS_FLAG_UTF8 | HS_FLAG_UCP | HS_FLAG_DOTALL |
           (case_sensitive ? 0u : HS_FLAG_CASELESS);
}

struct Sink {
    const std::vector<Regexps::Expression>* expressions;
    std::uint8_t field;
    std::vector<Regexps::Match>* matches;
    std::vector<std::uint32_t> last;  // index + 1 of each expression's newest match
    std::vector<std::uint32_t> count;
};

int on_match(unsigned id, unsigned long long from, unsigned long long to, unsigned,
             void* context) noexcept {
    Sink& sink = *static_cast<Sink*>(context);
    const auto& expression = (*sink.expressions)[id];
    if ((expression.fields & sink.field) == 0 || from == to) return 0;
    const auto start = static_cast<std::uint32_t>(from);
    const auto end = static_cast<std::uint32_t>(to);
    if (const std::uint32_t last = sink.last[id]; last != 0) {
        Regexps::Match& match = (*sink.matches)[last - 1];
        if (start <= match.start) {  // the same match, grown
            match.start = start;
            match.end = end;
            return 0;
        }
        if (start < match.end) return 0;
    }
    if (sink.count[id] == Regexps::kMatchesMax) return 0;
    ++sink.count[id];
    sink.matches->push_back({expression.atom, start, end});
    sink.last[id] = static_cast<std::uint32_t>(sink.matches->size());
    return 0;
}

}  // namespace

void Regexps::check(const std::string& text, bool case_sensitive) {
    hs_database_t* database = nullptr;
    hs_compile_error_t* error = nullptr;
    if (hs_compile(text.c_str(), flags_of(case_sensitive), HS_MODE_BLOCK, nullptr, &database,
                   &error) == HS_SUCCESS) {
        hs_free_database(database);
        return;
    }
    const std::string message =
        error == nullptr ? "it can't be compiled" : std::string(error->message);
    hs_free_compile_error(error);
    throw QueryError(0, "the regular expression is wrong: " + message);
}

Regexps::Regexps(std::vector<Expression> expressions) : expressions_(std::move(expressions)) {
    std::vector<const char*> texts;
    std::vector<unsigned> flags;
    std::vector<unsigned> ids;
    for (const Expression& expression : expressions_) {
        texts.push_back(expression.text.c_str());
        flags.push_back(flags_of(expression.case_sensitive));
        ids.push_back(static_cast<unsigned>(ids.size()));
        fields_ |= expression.fields;
    }
    hs_compile_error_t* error = nullptr;
    if (hs_compile_multi(texts.data(), flags.data(), ids.data(), static_cast<unsigned>(ids.size()),
                         HS_MODE_BLOCK, nullptr, &database_, &error) != HS_SUCCESS) {
        const std::string message =
            error == nullptr ? "they can't be compiled" : std::string(error->message);
        hs_free_compile_error(error);
        throw QueryError(0, "the regular expressions are wrong: " + message);
    }
}

Regexps::~Regexps() { hs_free_database(database_); }

Regexps::Scratch::Scratch(const Regexps& regexps) {
    NEWSMILL_CHECK(hs_alloc_scratch(regexps.database_, &scratch_) == HS_SUCCESS,
                   "no memory for regular expressions");
}
Regexps::Scratch::~Scratch() { hs_free_scratch(scratch_); }
Regexps::Scratch::Scratch(Scratch&& other) noexcept
    : scratch_(std::exchange(other.scratch_, nullptr)) {}
Regexps::Scratch& Regexps::Scratch::operator=(Scratch&& other) noexcept {
    std::swap(scratch_, other.scratch_);
    return *this;
}

void Regexps::scan(std::string_view text, std::uint8_t field, const Scratch& scratch,
                   std::vector<Match>& matches) const noexcept {
    if ((fields_ & field) == 0 || text.empty()) return;
    Sink sink{&expressions_, field, &matches, std::vector<std::uint32_t>(expressions_.size()),
              std::vector<std::uint32_t>(expressions_.size())};
    hs_scan(database_, text.data(), static_cast<unsigned>(text.size()), 0, scratch.scratch_,
            on_match, &sink);
}

}  // namespace newsmill::topics
