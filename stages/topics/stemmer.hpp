// Snowball's stemmers (libstemmer): the stem in which the inflections of a word meet.
//
// Ownership: the object's own. Threads: one at a time, an object for each. Errors: a language
// without a stemmer has words stay as they are.
#pragma once

#include <memory>
#include <string_view>

struct sb_stemmer;

namespace newsmill::topics {

class Stemmer {
   public:
    explicit Stemmer(std::string_view language);  // ISO 639-1
    ~Stemmer();
    Stemmer(Stemmer&&) noexcept;
    Stemmer& operator=(Stemmer&&) noexcept;

    // Of a word in lower case; lives until the next call.
    std::string_view stem(std::string_view word) const noexcept;
    // Whether a word may have a stem other than itself; a word that surely has none costs nothing.
    bool may_change(std::string_view word) const noexcept;

   private:
    struct Free {
        void operator()(sb_stemmer* stemmer) const noexcept;
    };
    std::unique_ptr<sb_stemmer, Free> stemmer_;
    bool is_english_ = false;
};

}  // namespace newsmill::topics
