#include "stages/tagging/cue_lexicon.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <utility>

namespace newsmill {
namespace {

// Sections that are no classes of words.
constexpr std::uint32_t kEnding = 1u << 31;
constexpr std::uint32_t kOption = 1u << 30;

constexpr std::array<std::pair<std::string_view, std::uint32_t>, 25> kSections = {{
    {"cue", kCue},
    {"weak", kWeakCue},
    {"participle", kParticiple},
    {"source", kSource},
    {"after", kSourceAfter},
    {"title", kTitle},
    {"person", kPerson},
    {"nation", kNation},
    {"he", kHe},
    {"she", kShe},
    {"pronoun", kPronoun},
    {"first", kFirstPerson},
    {"skip", kSkip},
    {"determiner", kDeterminer},
    {"preposition", kPreposition},
    {"conjunction", kConjunction},
    {"time", kTime},
    {"particle", kParticle},
    {"stop", kStop},
    {"male", kMale},
    {"female", kFemale},
    {"scare", kScare},
    {"label", kLabel},
    {"ending", kEnding},
    {"option", kOption},
}};

std::uint32_t section_class(std::string_view name) noexcept {
    for (const auto& [section, word_class] : kSections) {
        if (section == name) return word_class;
    }
    return 0;
}

}  // namespace

CueLexicon::CueLexicon(const LexiconSource& source) : language_(source.language), slots_(256) {
    LexiconLines lines(source.text);
    std::string_view line;
    std::uint32_t current = 0;
    bool any_cue = false;
    while (lines.next(line)) {
        if (line.front() == '[') {
            const std::string section(line.substr(1, line.find(']') - 1));
            current = line.back() == ']' ? section_class(section) : 0;
            if (current == 0) {
                throw LexiconError(source.name, lines.number(),
                                   "unknown section '" + std::string(line) + "'");
            }
            continue;
        }
        if (current == 0) {
            throw LexiconError(source.name, lines.number(), "words before the first [section]");
        }
        any_cue = any_cue || current == kCue;
        while (!line.empty()) {
            const auto end = line.find_first_of(" \t");
            const std::string_view word = line.substr(0, end);
            if (word.find_first_of("[]:,;\"") != std::string_view::npos) {
                throw LexiconError(source.name, lines.number(),
                                   "'" + std::string(word) + "' is not a word");
            }
            if (current == kOption && word != "nouns-are-capital") {
                throw LexiconError(source.name, lines.number(),
                                   "unknown option '" + std::string(word) + "'");
            }
            nouns_are_capital_ = nouns_are_capital_ || current == kOption;
            if (current != kOption) add(word, current);
            const auto next = end == line.npos ? line.npos : line.find_first_not_of(" \t", end);
            line = next == line.npos ? std::string_view{} : line.substr(next);
        }
    }
    if (!any_cue) throw LexiconError(source.name, lines.number(), "no words under [cue]");
}

std::uint64_t LookupWord::hash() const noexcept {
    std::uint64_t h = size * 0x9e3779b97f4a7c15u;
    for (std::size_t at = 0; at < size; at += 8) {
        std::uint64_t part;
        std::memcpy(&part, text.data() + at, sizeof part);
        h = (std::rotl(h, 29) ^ part) * 0xbf58476d1ce4e5b9u;
    }
    return h ^ (h >> 32);
}

CueLexicon::Slot& CueLexicon::probe(std::uint64_t hash) noexcept {
    std::size_t at = hash & (slots_.size() - 1);
    while (slots_[at].classes != 0 && slots_[at].hash != hash) at = (at + 1) & (slots_.size() - 1);
    return slots_[at];
}

void CueLexicon::add(std::string_view text, std::uint32_t word_class) {
    if (word_class == kEnding) {
        endings_.emplace_back(text);
        return;
    }
    if (used_ * 4 >= slots_.size()) grow();
    LookupWord word;
    word.size = std::min(text.size(), LookupWord::kBytesMax);
    std::memcpy(word.text.data(), text.data(), word.size);
    Slot& slot = probe(word.hash());
    used_ += slot.classes == 0;
    slot.hash = word.hash();
    slot.classes |= word_class;
}

void CueLexicon::grow() {
    std::vector<Slot> old(slots_.size() * 2);
    old.swap(slots_);
    for (const Slot& slot : old) {
        if (slot.classes != 0) probe(slot.hash) = slot;
    }
}

std::uint32_t CueLexicon::classes(const LookupWord& word) const noexcept {
    const std::uint64_t hash = word.hash();
    std::size_t at = hash & (slots_.size() - 1);
    while (slots_[at].classes != 0) {
        if (slots_[at].hash == hash) return slots_[at].classes;
        at = (at + 1) & (slots_.size() - 1);
    }
    for (const std::string& ending : endings_) {
        if (word.size > ending.size() && word.view().ends_with(ending)) return kTitle | kPerson;
    }
    return 0;
}

}  // namespace newsmill
