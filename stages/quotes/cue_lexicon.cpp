#include "stages/quotes/cue_lexicon.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace newsmill {
namespace {

// Sections that are no classes of words.
constexpr std::uint64_t kEnding = std::uint64_t{1} << 63;
constexpr std::uint64_t kOption = std::uint64_t{1} << 62;

constexpr std::array<std::pair<std::string_view, std::uint64_t>, 47> kSections = {{
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
    {"think", kThink},
    {"tell", kTell},
    {"claim", kClaim},
    {"short", kShort},
    {"noun", kNoun},
    {"be", kBe},
    {"that", kThat},
    {"lead", kLead},
    {"his", kHis},
    {"her", kHer},
    {"put-it", kPutIt},
    {"after-only", kAfterOnly},
    {"silent", kSilent},
    {"object", kObjectCue},
    {"question", kQuestion},
    {"answer", kAnswer},
    {"call", kCall},
    {"state", kState},
    {"government", kGovernment},
    {"any-state", kAnyState},
    {"any-government", kAnyGovernment},
    {"lesser", kLesser},
    {"ending", kEnding},
    {"option", kOption},
}};

std::uint64_t section_class(std::string_view name) noexcept {
    for (const auto& [section, word_class] : kSections) {
        if (section == name) return word_class;
    }
    return 0;
}

}  // namespace

CueLexicon::CueLexicon(const LexiconSource& source) : language_(source.language) {
    LexiconLines lines(source.text);
    std::string_view line;
    std::uint64_t current = 0;
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
            if (current == kOption && word != "nouns-are-capital" && word != "clauses") {
                throw LexiconError(source.name, lines.number(),
                                   "unknown option '" + std::string(word) + "'");
            }
            if (current == kOption) {
                (word == "clauses" ? reads_clauses_ : nouns_are_capital_) = true;
            }
            if (current != kOption) add(word, current);
            const auto next = end == line.npos ? line.npos : line.find_first_not_of(" \t", end);
            line = next == line.npos ? std::string_view{} : line.substr(next);
        }
    }
    if (!any_cue) throw LexiconError(source.name, lines.number(), "no words under [cue]");
    pack();
}

void CueLexicon::pack() {
    class_sets_ = classes_;
    class_sets_.push_back(0);
    std::sort(class_sets_.begin(), class_sets_.end());
    class_sets_.erase(std::unique(class_sets_.begin(), class_sets_.end()), class_sets_.end());
    tags_.resize(hashes_.size());
    sets_.resize(hashes_.size());
    for (std::size_t i = 0; i < hashes_.size(); ++i) {
        const auto at = std::lower_bound(class_sets_.begin(), class_sets_.end(), classes_[i]);
        tags_[i] = static_cast<std::uint32_t>(hashes_[i] >> 32);
        sets_[i] = static_cast<std::uint16_t>(at - class_sets_.begin());
    }
    // Two tags that are alike give the union of their numbers: no place behind the end.
    class_sets_.resize(std::bit_ceil(class_sets_.size()));
    hashes_ = {};
    classes_ = {};
}

void CueLexicon::add(std::string_view text, std::uint64_t word_class) {
    if (word_class == kEnding) {
        endings_.emplace_back(text);
        return;
    }
    LookupWord word;
    word.size = std::min(text.size(), LookupWord::kBytesMax);
    std::memcpy(word.text(), text.data(), word.size);
    while (!put(word.hash(), word_class)) grow();
}

// False if all places are taken.
bool CueLexicon::put(std::uint64_t hash, std::uint64_t classes) noexcept {
    if (hashes_.empty()) return false;
    const std::size_t at = hash & mask_;
    for (std::size_t i = at; i < at + kPlaces; ++i) {
        if (classes_[i] != 0 && hashes_[i] != hash) continue;
        hashes_[i] = hash;
        classes_[i] |= classes;
        return true;
    }
    return false;
}

// To twice the size, or more if it takes that.
void CueLexicon::grow() {
    const std::vector<std::uint64_t> hashes = std::move(hashes_);
    const std::vector<std::uint64_t> classes = std::move(classes_);
    bool fits = false;
    while (!fits) {
        mask_ = mask_ == 0 ? 255 : mask_ * 2 + 1;
        hashes_.assign(mask_ + kPlaces, 0);
        classes_.assign(mask_ + kPlaces, 0);
        fits = true;
        for (std::size_t i = 0; i < hashes.size() && fits; ++i) {
            fits = classes[i] == 0 || put(hashes[i], classes[i]);
        }
    }
}

std::uint64_t CueLexicon::classes_by_ending(const LookupWord& word) const noexcept {
    for (const std::string& ending : endings_) {
        if (word.size <= ending.size() || !word.view().ends_with(ending)) continue;
        // "Verkehrsministerin": the ending tells the gender.
        return kTitle | kPerson | (ending.ends_with("in") ? kFemale : std::uint64_t{0});
    }
    return 0;
}

}  // namespace newsmill
