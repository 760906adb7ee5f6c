// All regular expressions of a language's rules as one vectorscan database: one pass over the text
// whatever their number, without backtracking. PCRE syntax without back references and look-around;
// case does not matter unless the clause says so.
//
// Immutable once built; a scratch belongs to one thread. Errors: a bad expression throws
// QueryError with the byte in it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct hs_database;
struct hs_scratch;

namespace newsmill::topics {

class Regexps {
   public:
    struct Expression {
        std::string text;
        bool case_sensitive = false;
        std::uint8_t fields = 0;
        std::uint32_t atom = 0;
    };
    // Throws QueryError for an expression that can't be one.
    static void check(const std::string& text, bool case_sensitive);

    explicit Regexps(std::vector<Expression> expressions);
    ~Regexps();

    class Scratch {
       public:
        Scratch() = default;
        explicit Scratch(const Regexps& regexps);
        ~Scratch();
        Scratch(Scratch&& other) noexcept;
        Scratch& operator=(Scratch&& other) noexcept;

       private:
        friend class Regexps;
        hs_scratch* scratch_ = nullptr;
    };

    struct Match {
        std::uint32_t atom;
        std::uint32_t start;
        std::uint32_t end;
    };
    // Appends the matches of one field (kInTitle or kInBody): leftmost, the longest at each start,
    // at most so many an expression.
    static constexpr std::size_t kMatchesMax = 100;
    void scan(std::string_view text, std::uint8_t field, const Scratch& scratch,
              std::vector<Match>& matches) const noexcept;
    std::uint8_t fields() const noexcept { return fields_; }

   private:
    std::vector<Expression> expressions_;
    hs_database* database_ = nullptr;
    std::uint8_t fields_ = 0;
};

}  // namespace newsmill::topics
