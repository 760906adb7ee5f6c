#include "stages/topics.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <unordered_map>

#include "pipeline/check.hpp"

namespace newsmill::embedded {
extern const std::string_view topics_en;
}

namespace newsmill {
namespace {

constexpr std::string_view kCreator = "newsmill/topics-rules@1";
constexpr std::size_t kTopicsMax = 17;
constexpr std::size_t kWordBytesMax = 24;  // longer words are no terms
constexpr std::uint32_t kLeadBytes = 400;  // about two paragraphs: where a report says it all
// How often an occurrence counts, in halves.
constexpr std::uint32_t kHeadlineCount = 8;
constexpr std::uint32_t kLeadCount = 3;
constexpr std::uint32_t kBodyCount = 2;
constexpr std::uint32_t kCountMax = 127;

// What a lexicon's weight is worth: clear terms outweigh any handful of hints.
constexpr std::array<std::uint32_t, 10> kWorth = {0, 1, 2, 4, 7, 11, 16, 22, 29, 37};

enum ByteClass : std::uint8_t { kSeparator, kSpace, kLetter, kHighLead, kApostrophe };

struct ByteTables {
    std::array<ByteClass, 256> kind{};
    std::array<char, 256> lower{};
    constexpr ByteTables() {
        for (int c = 0; c < 256; ++c) {
            const bool upper = c >= 'A' && c <= 'Z';
            const bool letter = upper || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
            kind[c] = letter || c >= 0x80 ? kLetter : kSeparator;
            lower[c] = static_cast<char>(upper ? c + 32 : c);
        }
        kind[' '] = kind['-'] = kSpace;
        kind['\''] = kApostrophe;
        kind[0xE2] = kind[0xC2] = kHighLead;  // U+2000… punctuation, no-break space, guillemets
    }
};
constexpr ByteTables kBytes;

// A word in lower case, zero-padded, so that equal words have equal bytes.
struct Word {
    alignas(8) std::array<char, kWordBytesMax + 8> text{};
    std::size_t size = 0;

    void clear() noexcept {
        std::memset(text.data(), 0, text.size());
        size = 0;
    }
    void push(char c) noexcept {
        if (size < kWordBytesMax) text[size] = c;
        ++size;
    }
    std::uint64_t hash() const noexcept {
        std::array<std::uint64_t, 3> parts;
        std::memcpy(parts.data(), text.data(), sizeof parts);
        std::uint64_t h = (parts[0] ^ 0x9e3779b97f4a7c15u) * 0xbf58476d1ce4e5b9u;
        h = (std::rotl(h, 29) ^ parts[1]) * 0x94d049bb133111ebu;
        h = (std::rotl(h, 31) ^ parts[2]) * 0xbf58476d1ce4e5b9u;
        return h ^ (h >> 32);
    }
};

bool is_vowel(char c) noexcept {
    return c == 'a' || c == 'e' || c == 'i' || c == 'o' || c == 'u' || c == 'y';
}

// Cuts plain English suffixes: s, ed, ing, then a last e, and y becomes i, so that the inflections
// of a word meet ("movie", "movies"; "vote", "voting"; "party", "parties"). Only has to be the same
// for the lexicon and the text, not to be a word.
void fold(Word& word) noexcept {
    char* text = word.text.data();
    std::size_t n = word.size;
    const auto ends = [&](std::string_view suffix) {
        return n > suffix.size() &&
               std::memcmp(text + n - suffix.size(), suffix.data(), suffix.size()) == 0;
    };
    if (n > 3 && text[n - 1] == 's' && text[n - 2] != 's' && text[n - 2] != 'u' &&
        text[n - 2] != 'i') {
        --n;
    }
    const std::size_t cut = n >= 6 && ends("ing") ? 3 : (n >= 5 && ends("ed") ? 2 : 0);
    if (cut != 0 && std::any_of(text, text + n - cut, is_vowel)) {
        n -= cut;
        const char last = text[n - 1];
        if (n > 3 && last == text[n - 2] && last != 'l' && last != 's' && last != 'z') --n;
    }
    if (n > 3 && text[n - 1] == 'e') --n;
    if (n > 2 && text[n - 1] == 'y') text[n - 1] = 'i';
    std::memset(text + n, 0, word.size - n);
    word.size = n;
}

// Calls word(Word&) for each word and gap() where something other than a space or a hyphen parts
// two words.
template <typename OnWord, typename OnGap>
void for_each_word(std::string_view text, OnWord on_word, OnGap on_gap) noexcept {
    Word word;
    const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
    const std::size_t size = text.size();
    std::size_t at = 0;
    const auto finish = [&](std::size_t end) {
        if (word.size != 0) on_word(word, end);
        word.clear();
    };
    const auto is_letter = [&](std::size_t i) {
        return i < size && kBytes.kind[bytes[i]] == kLetter;
    };
    while (at < size) {
        const unsigned char c = bytes[at];
        ByteClass kind = kBytes.kind[c];
        std::size_t width = 1;
        if (kind == kHighLead) {
            const bool general = c == 0xE2 && at + 2 < size && bytes[at + 1] == 0x80;
            const bool latin = c == 0xC2 && at + 1 < size;
            kind = kLetter;
            if (general) {
                const unsigned char third = bytes[at + 2];
                width = 3;
                kind = third == 0x99 ? kApostrophe : (third <= 0x91 ? kSpace : kSeparator);
            } else if (latin) {
                width = 2;
                kind = bytes[at + 1] == 0xA0 ? kSpace : kSeparator;
            }
        }
        if (kind == kLetter) {
            word.push(kBytes.lower[c]);
        } else {
            const bool apostrophe = kind == kApostrophe && word.size != 0;
            finish(at);
            if (apostrophe && at + width < size && (bytes[at + width] | 0x20) == 's' &&
                !is_letter(at + width + 1)) {
                ++width;  // the genitive's s is no word
            } else if (kind != kSpace) {
                on_gap();
            }
        }
        at += width;
    }
    finish(size);
    on_gap();
}

struct TopicInfo {
    std::string code;
    std::string name;
};

struct Evidence {
    std::uint8_t topic;
    std::uint8_t weight;
};

// The terms of one language. Immutable once built.
class Lexicon {
   public:
    explicit Lexicon(const LexiconSource& source) : language_(source.language) {
        read(source);
        build_tables();
    }

    static constexpr std::uint16_t kUnknown = 0;

    // The id of a word as it stands in a text; folds it.
    std::uint16_t word_id(Word& word) const noexcept {
        if (word.size > kWordBytesMax) return kUnknown;
        const std::uint64_t raw_hash = word.hash();
        fold(word);
        const std::uint16_t id = find_word(word.hash());
        if (id != kUnknown && has_kept_[id]) {
            const std::uint16_t kept = find_word(raw_hash ^ kKeptSalt);
            if (kept != kUnknown) return kept;
        }
        return id;
    }

    // The longest term that starts at ids[0]: its index, and its length in words (1 if there is
    // none).
    static constexpr std::uint16_t kNoTerm = 0xFFFF;
    std::uint16_t longest_term(const std::uint16_t* ids, std::size_t& words) const noexcept {
        words = 1;
        const std::uint16_t first = ids[0];
        if (starts_phrase_[first] && ids[1] != kUnknown) {
            if (ids[2] != kUnknown) {
                const std::uint16_t term = find_phrase(phrase_key(first, ids[1], ids[2]));
                if (term != kNoTerm) return words = 3, term;
            }
            const std::uint16_t term = find_phrase(phrase_key(first, ids[1], 0));
            if (term != kNoTerm) return words = 2, term;
        }
        return single_[first];
    }

    std::span<const Evidence> evidence(std::uint16_t term) const noexcept {
        return {evidence_.data() + offsets_[term], evidence_.data() + offsets_[term + 1u]};
    }
    std::size_t term_count() const noexcept { return offsets_.size() - 1; }
    const std::vector<TopicInfo>& topics() const noexcept { return topics_; }
    std::string_view language() const noexcept { return language_; }

   private:
    static constexpr std::uint64_t kKeptSalt = 0xa5a5a5a5a5a5a5a5u;
    struct Slot {
        std::uint64_t key = 0;
        std::uint16_t value = 0;
        bool used = false;
    };
    struct Term {
        std::array<std::uint16_t, 3> ids{};
        std::vector<Evidence> evidence;
    };

    static std::uint64_t phrase_key(std::uint64_t a, std::uint64_t b, std::uint64_t c) noexcept {
        const std::uint64_t key = (a | b << 16 | c << 32) * 0x9e3779b97f4a7c15u;
        return key ^ (key >> 31);
    }

    static const Slot& probe(const std::vector<Slot>& table, std::uint64_t key) noexcept {
        std::size_t at = key & (table.size() - 1);
        while (table[at].used && table[at].key != key) at = (at + 1) & (table.size() - 1);
        return table[at];
    }
    std::uint16_t find_word(std::uint64_t hash) const noexcept {
        const Slot& slot = probe(words_, hash);
        return slot.used ? slot.value : kUnknown;
    }
    std::uint16_t find_phrase(std::uint64_t key) const noexcept {
        const Slot& slot = probe(phrases_, key);
        return slot.used ? slot.value : kNoTerm;
    }

    static std::vector<Slot> make_table(
        const std::unordered_map<std::uint64_t, std::uint16_t>& values) {
        std::vector<Slot> table(std::bit_ceil(values.size() * 2 + 2));
        for (const auto& [key, value] : values) {
            const_cast<Slot&>(probe(table, key)) = {key, value, true};
        }
        return table;
    }

    void read(const LexiconSource& source) {
        LexiconLines lines(source.text);
        std::string_view line;
        while (lines.next(line)) {
            const auto fail = [&](const std::string& why) {
                throw LexiconError(source.name, lines.number(), why);
            };
            if (line.starts_with("topic ")) {
                read_topic(line.substr(6), fail);
            } else if (line.starts_with("keep:")) {
                each_term(line.substr(5), [&](std::string_view word) { add_kept(word, fail); });
            } else {
                if (line.size() < 3 || line[0] < '1' || line[0] > '9' || line[1] != ':') {
                    fail(
                        "expected 'topic CODE NAME', 'keep: WORDS' or 'WEIGHT: TERMS' with a "
                        "weight from 1 to 9");
                }
                if (topics_.empty()) fail("terms before the first topic");
                const auto weight = static_cast<std::uint8_t>(line[0] - '0');
                each_term(line.substr(2),
                          [&](std::string_view term) { add_term(term, weight, fail); });
            }
        }
        if (topics_.empty()) throw LexiconError(source.name, lines.number(), "no topic in it");
    }

    template <typename Fail>
    void read_topic(std::string_view rest, Fail fail) {
        const auto space = rest.find(' ');
        const std::string_view code = rest.substr(0, space);
        if (code.size() != 8 || code.find_first_not_of("0123456789") != code.npos ||
            space == rest.npos) {
            fail("a topic needs a code of eight digits and a name");
        }
        if (topics_.size() == kTopicsMax) fail("more than 17 topics");
        for (const auto& topic : topics_) {
            if (topic.code == code) fail("topic " + topic.code + " stands here twice");
        }
        topics_.push_back({std::string(code), std::string(rest.substr(space + 1))});
    }

    template <typename OnTerm>
    static void each_term(std::string_view list, OnTerm on_term) {
        while (!list.empty()) {
            const auto comma = list.find(',');
            std::string_view term = list.substr(0, comma);
            list = comma == list.npos ? std::string_view{} : list.substr(comma + 1);
            while (term.starts_with(' ')) term.remove_prefix(1);
            while (term.ends_with(' ')) term.remove_suffix(1);
            on_term(term);
        }
    }

    std::uint16_t intern(std::uint64_t hash) {
        return word_ids_.try_emplace(hash, static_cast<std::uint16_t>(word_ids_.size() + 1))
            .first->second;
    }

    std::uint16_t intern_word(Word& word) {
        const auto kept = word_ids_.find(word.hash() ^ kKeptSalt);
        if (kept != word_ids_.end()) return kept->second;
        fold(word);
        return intern(word.hash());
    }

    template <typename Fail>
    void add_kept(std::string_view text, Fail fail) {
        if (!terms_.empty()) fail("'keep:' must stand before all terms");
        for_each_word(
            text,
            [&](Word& word, std::size_t) {
                intern(word.hash() ^ kKeptSalt);
                fold(word);
                kept_folded_.push_back(intern(word.hash()));
            },
            [] {});
    }

    template <typename Fail>
    void add_term(std::string_view text, std::uint8_t weight, Fail fail) {
        Term term;
        std::size_t count = 0;
        for_each_word(
            text,
            [&](Word& word, std::size_t) {
                if (word.size > kWordBytesMax) fail("a word is over 24 letters long");
                if (count < 3) term.ids[count] = intern_word(word);
                ++count;
            },
            [] {});
        if (count < 1 || count > 3) {
            fail("'" + std::string(text) + "' has no word or more than three");
        }
        if (word_ids_.size() > 30000) fail("more than 30,000 words");
        const std::uint64_t key = phrase_key(term.ids[0], term.ids[1], term.ids[2]);
        const auto [at, is_new] = term_ids_.try_emplace(key, terms_.size());
        if (is_new) terms_.push_back(term);
        auto& evidence = terms_[at->second].evidence;
        const auto topic = static_cast<std::uint8_t>(topics_.size() - 1);
        for (const auto& known : evidence) {
            if (known.topic == topic) fail("'" + std::string(text) + "' stands here twice");
        }
        evidence.push_back({topic, weight});
    }

    void build_tables() {
        const std::size_t words = word_ids_.size() + 1;
        words_ = make_table(word_ids_);
        has_kept_.assign(words, 0);
        starts_phrase_.assign(words, 0);
        single_.assign(words, kNoTerm);
        for (const auto id : kept_folded_) has_kept_[id] = 1;
        std::unordered_map<std::uint64_t, std::uint16_t> phrases;
        for (std::size_t i = 0; i < terms_.size(); ++i) {
            const Term& term = terms_[i];
            const auto index = static_cast<std::uint16_t>(i);
            if (term.ids[1] == kUnknown) {
                single_[term.ids[0]] = index;
            } else {
                starts_phrase_[term.ids[0]] = 1;
                phrases[phrase_key(term.ids[0], term.ids[1], term.ids[2])] = index;
            }
            offsets_.push_back(static_cast<std::uint32_t>(evidence_.size()));
            evidence_.insert(evidence_.end(), term.evidence.begin(), term.evidence.end());
        }
        offsets_.push_back(static_cast<std::uint32_t>(evidence_.size()));
        phrases_ = make_table(phrases);
        terms_.clear();
        word_ids_.clear();
        term_ids_.clear();
    }

    std::string language_;
    std::vector<TopicInfo> topics_;
    // Only while reading.
    std::unordered_map<std::uint64_t, std::uint16_t> word_ids_;
    std::unordered_map<std::uint64_t, std::size_t> term_ids_;
    std::vector<Term> terms_;
    std::vector<std::uint16_t> kept_folded_;
    // The tables; a word's id is from 1, a term's index from 0.
    std::vector<Slot> words_;
    std::vector<Slot> phrases_;
    std::vector<std::uint8_t> has_kept_;
    std::vector<std::uint8_t> starts_phrase_;
    std::vector<std::uint16_t> single_;
    std::vector<std::uint32_t> offsets_;
    std::vector<Evidence> evidence_;
};

std::uint32_t isqrt(std::uint64_t value) noexcept {
    std::uint64_t root = 0;
    for (std::uint64_t bit = 1u << 30; bit != 0; bit >>= 1) {
        if ((root | bit) * (root | bit) <= value) root |= bit;
    }
    return static_cast<std::uint32_t>(root);
}

}  // namespace

class TopicsStage::Tagger {
   public:
    explicit Tagger(const TopicsOptions& options) : options_(options) {
        if (options_.topics_max < 1 || options_.topics_max > kTopicsMax) {
            throw std::invalid_argument("topics_max is not between 1 and 17");
        }
        const LexiconSource built_in{"en", "configs/topics/en.topics", embedded::topics_en};
        if (options.lexicons.empty()) lexicons_.emplace_back(built_in);
        for (const auto& source : options.lexicons) lexicons_.emplace_back(source);
        options_.lexicons.clear();  // views of the caller's texts
        for (std::uint32_t i = 0; i < root_.size(); ++i) root_[i] = isqrt(i * 128u);
    }

    void tag(Article& article, Arena& arena) noexcept {
        const Lexicon* lexicon = lexicon_of(article.language);
        if (lexicon == nullptr) return;
        counts_.resize(std::max(counts_.size(), lexicon->term_count()));
        words_ = 0;
        count_terms(*lexicon, article.headline, true);
        count_terms(*lexicon, article.body, false);
        score(*lexicon);
        choose(*lexicon, article, arena);
    }

   private:
    const Lexicon* lexicon_of(std::string_view language) const noexcept {
        const std::string_view wanted = language.empty() || language == "und" ? "en" : language;
        for (const auto& lexicon : lexicons_) {
            if (lexicon.language() == wanted) return &lexicon;
        }
        return nullptr;
    }

    void count_terms(const Lexicon& lexicon, std::string_view text, bool is_headline) noexcept {
        ids_.clear();
        std::size_t lead_ids = 0;
        for_each_word(
            text,
            [&](Word& word, std::size_t end) {
                ids_.push_back(lexicon.word_id(word));
                ++words_;
                if (end <= kLeadBytes) lead_ids = ids_.size();
            },
            [&] { ids_.push_back(Lexicon::kUnknown); });
        ids_.insert(ids_.end(), 2, Lexicon::kUnknown);  // so that a phrase may look ahead
        std::size_t words = 1;
        for (std::size_t i = 0; i + 2 < ids_.size(); i += words) {
            words = 1;
            if (ids_[i] == Lexicon::kUnknown) continue;
            const std::uint16_t term = lexicon.longest_term(&ids_[i], words);
            if (term == Lexicon::kNoTerm) continue;
            if (counts_[term] == 0) touched_.push_back(term);
            counts_[term] +=
                is_headline ? kHeadlineCount : (i < lead_ids ? kLeadCount : kBodyCount);
        }
    }

    void score(const Lexicon& lexicon) noexcept {
        scores_.fill(0);
        for (const std::uint16_t term : touched_) {
            const std::uint32_t root = root_[std::min(counts_[term], kCountMax)];
            counts_[term] = 0;
            for (const Evidence& evidence : lexicon.evidence(term)) {
                scores_[evidence.topic] += kWorth[evidence.weight] * root;
            }
        }
        touched_.clear();
    }

    // 0-100; see the header. The evidence that a text of some length should show grows as the
    // square root of its length, as the terms' scores do.
    std::uint32_t confidence(std::uint64_t topic_score, std::uint64_t total) const noexcept {
        const std::uint64_t expected = kEvidenceBase + kEvidencePerRoot * isqrt(words_);
        const std::uint64_t evidence = 1000 * topic_score / (topic_score + expected);
        const std::uint64_t share = 1000 * topic_score / std::max<std::uint64_t>(total, 1);
        const std::uint64_t value = evidence * std::min<std::uint64_t>(1000, share * 3 / 2 + 100);
        return static_cast<std::uint32_t>(std::min<std::uint64_t>(99, value / 10000));
    }

    void choose(const Lexicon& lexicon, Article& article, Arena& arena) noexcept {
        std::array<std::uint8_t, kTopicsMax> order{};
        const std::size_t count = lexicon.topics().size();
        for (std::size_t i = 0; i < count; ++i) order[i] = static_cast<std::uint8_t>(i);
        std::sort(order.begin(), order.begin() + count, [&](std::uint8_t a, std::uint8_t b) {
            return scores_[a] != scores_[b] ? scores_[a] > scores_[b] : a < b;
        });
        std::uint64_t total = 0;
        for (std::size_t i = 0; i < count; ++i) total += scores_[i];
        const std::uint64_t best = scores_[order[0]];
        if (best == 0) return;
        std::array<Topic, kTopicsMax> chosen;
        std::size_t taken = 0;
        for (std::size_t i = 0; i < std::min<std::size_t>(count, options_.topics_max); ++i) {
            const std::uint64_t points = scores_[order[i]];
            const auto relevance = static_cast<std::uint32_t>(100 * points / best);
            const std::uint32_t sure = confidence(points, total);
            if (points == 0 || relevance < options_.relevance_min || sure < options_.confidence_min)
                break;
            const TopicInfo& info = lexicon.topics()[order[i]];
            chosen[taken++] = {info.code, info.name, kCreator, static_cast<std::uint8_t>(sure),
                               static_cast<std::uint8_t>(relevance)};
        }
        const std::span<Topic> topics = arena.array<Topic>(taken);
        std::copy_n(chosen.begin(), taken, topics.begin());
        article.topics = topics;
    }

    static constexpr std::uint64_t kEvidenceBase = 300;
    static constexpr std::uint64_t kEvidencePerRoot = 60;

    TopicsOptions options_;
    std::vector<Lexicon> lexicons_;
    std::array<std::uint32_t, kCountMax + 1> root_{};  // sqrt(count / 2) in sixteenths
    // Scratch, kept for its capacity.
    std::vector<std::uint16_t> ids_;
    std::vector<std::uint32_t> counts_;
    std::vector<std::uint16_t> touched_;
    std::array<std::uint64_t, kTopicsMax> scores_{};
    std::uint64_t words_ = 0;
};

TopicsStage::TopicsStage(const TopicsOptions& options)
    : tagger_(std::make_unique<Tagger>(options)) {}
TopicsStage::~TopicsStage() = default;

void TopicsStage::process(Batch& batch) noexcept {
    for (Article& article : batch.articles) {
        if (article.ok()) tagger_->tag(article, batch.arena);
    }
}

}  // namespace newsmill
