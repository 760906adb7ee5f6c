#include "stages/topics/stemmer.hpp"

#include <libstemmer.h>

#include <cstring>
#include <string>

namespace newsmill::topics {
namespace {

// Longer "words" are no words; they keep the cost of a stem bounded.
constexpr std::size_t kBytesMax = 64;

// The letters with which a suffix that English's stemmer cuts or changes can end: s, ed, ing, y,
// e, al, er, ic, ent, ism, iti, ion.
constexpr std::uint32_t kEnglishEnds = [] {
    std::uint32_t letters = 0;
    for (const char c : std::string_view("sdgyelrctmin")) letters |= 1u << (c - 'a');
    return letters;
}();

}  // namespace

void Stemmer::Free::operator()(sb_stemmer* stemmer) const noexcept { sb_stemmer_delete(stemmer); }

Stemmer::Stemmer(std::string_view language)
    : stemmer_(sb_stemmer_new(std::string(language).c_str(), nullptr)),
      is_english_(language == "en") {}
Stemmer::~Stemmer() = default;
Stemmer::Stemmer(Stemmer&&) noexcept = default;
Stemmer& Stemmer::operator=(Stemmer&&) noexcept = default;

std::string_view Stemmer::stem(std::string_view word) const noexcept {
    if (!may_change(word)) return word;
    const sb_symbol* out =
        sb_stemmer_stem(stemmer_.get(), reinterpret_cast<const sb_symbol*>(word.data()),
                        static_cast<int>(word.size()));
    if (out == nullptr) return word;
    return {reinterpret_cast<const char*>(out),
            static_cast<std::size_t>(sb_stemmer_length(stemmer_.get()))};
}

bool Stemmer::may_change(std::string_view word) const noexcept {
    if (stemmer_ == nullptr || word.empty() || word.size() > kBytesMax) return false;
    const char last = word.back();
    if (last >= '0' && last <= '9') return false;
    return !is_english_ || (last >= 'a' && last <= 'z' && (kEnglishEnds >> (last - 'a') & 1) != 0);
}

}  // namespace newsmill::topics
