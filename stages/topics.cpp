#include "stages/topics.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <unordered_map>

#include "pipeline/check.hpp"
#include "stages/tagging/byte_block.hpp"

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
    constexpr ByteTables() {
        for (int c = 0; c < 256; ++c) {
            const bool upper = c >= 'A' && c <= 'Z';
            const bool letter = upper || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
            kind[c] = letter || c >= 0x80 ? kLetter : kSeparator;
        }
        kind[' '] = kind['-'] = kSpace;
        kind['\''] = kApostrophe;
        kind[0xE2] = kind[0xC2] = kHighLead;  // U+2000… punctuation, no-break space, guillemets
    }
};
constexpr ByteTables kBytes;

// Eight bytes in lower case; only ASCII changes.
constexpr std::uint64_t lower_case(std::uint64_t bytes) noexcept {
    constexpr std::uint64_t kEach = 0x0101010101010101u;
    const std::uint64_t low = bytes & kEach * 0x7f;
    const std::uint64_t from_a = low + kEach * (0x80 - 'A');
    const std::uint64_t past_z = low + kEach * (0x7f - 'Z');
    return bytes | (((from_a ^ past_z) & ~bytes & kEach * 0x80) >> 2);
}

static_assert(std::endian::native == std::endian::little, "words are loaded as integers");

// A word in lower case, zero-padded, so that equal words have equal bytes.
struct Word {
    std::array<std::uint64_t, 3> parts{};
    std::size_t size = 0;

    // `readable`: so many bytes from its start on may be read.
    Word(std::string_view raw, std::size_t readable) noexcept : size(raw.size()) {
        const std::size_t kept = std::min(size, kWordBytesMax);
        if (readable < kWordBytesMax) {
            std::memcpy(parts.data(), raw.data(), kept);
        } else {
            std::memcpy(parts.data(), raw.data(), 8);
            if (kept > 8) {
                std::memcpy(&parts[1], raw.data() + 8, 16);
                parts[1] &= low_bits(static_cast<unsigned>(8 * (kept - 8)));
                parts[2] &= kept > 16 ? low_bits(static_cast<unsigned>(8 * (kept - 16))) : 0;
            } else {
                parts[0] &= low_bits(static_cast<unsigned>(8 * kept));
            }
        }
        parts[0] = lower_case(parts[0]);
        if (kept > 8) {
            parts[1] = lower_case(parts[1]);
            parts[2] = lower_case(parts[2]);
        }
    }

    char* text() noexcept { return reinterpret_cast<char*>(parts.data()); }
    std::uint64_t hash() const noexcept {
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
    char* text = word.text();
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

// Cuts a text into words. Calls on_word(raw word, its end) for each one, and on_gap() at least once
// where something other than a space or a hyphen parts two words.
//
// Words are found by counting zeros in bit sets of 64 bytes. Apostrophes and the lead bytes of
// U+2000… and U+0080… end a block early and are looked at by themselves.
template <typename OnWord, typename OnGap>
class WordReader {
   public:
    WordReader(std::string_view text, OnWord on_word, OnGap on_gap) noexcept
        : text_(text), on_word_(on_word), on_gap_(on_gap) {}

    void read() noexcept {
        std::size_t at = 0;
        while (at < text_.size()) {
            const ByteBlock block(text_, at);
            const std::uint64_t high = block.high();
            const std::uint64_t special =
                block.equal('\'') | (high == 0 ? 0 : block.equal('\xC2') | block.equal('\xE2'));
            std::size_t size = std::min<std::size_t>(ByteBlock::kBytes, text_.size() - at);
            if (special != 0) size = std::min<std::size_t>(size, std::countr_zero(special));
            const std::uint64_t letters = block.letters() | block.digits() | high;
            const std::uint64_t spaces = block.equal(' ') | block.equal('-');
            read_block(at, low_bits(static_cast<unsigned>(size)), letters, ~(letters | spaces));
            at += size;
            if (special != 0) at = read_special(at);
        }
        end_word(text_.size());
    }

   private:
    static constexpr std::size_t kNone = ~std::size_t{0};

    void read_block(std::size_t at, std::uint64_t within, std::uint64_t letters,
                    std::uint64_t gaps) noexcept {
        letters &= within;
        gaps &= within;
        const std::uint64_t before = letters << 1 | (start_ != kNone ? 1u : 0u);
        std::uint64_t starts = letters & ~before;
        std::uint64_t ends = ~letters & before & within;
        if (start_ != kNone) {
            if (ends == 0) return;
            end_word(at + std::countr_zero(ends));
            ends &= ends - 1;
        }
        for (; ends != 0; ends &= ends - 1, starts &= starts - 1) {
            const std::uint64_t below = (starts & (0 - starts)) - 1;
            if ((gaps & below) != 0) on_gap_();
            gaps &= ~below;
            const std::size_t first = at + std::countr_zero(starts);
            const std::size_t end = at + std::countr_zero(ends);
            on_word_(text_.substr(first, end - first), end);
        }
        if (starts != 0) start_ = at + std::countr_zero(starts);
        if (gaps != 0) on_gap_();  // none of them is behind the last start
    }

    // An apostrophe, or 0xC2 or 0xE2; returns where to go on.
    std::size_t read_special(std::size_t at) noexcept {
        const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text_[i]); };
        std::size_t width = 1;
        ByteClass kind = kBytes.kind[byte(at)];
        if (kind == kHighLead) {
            kind = kLetter;
            if (byte(at) == 0xE2 && at + 2 < text_.size() && byte(at + 1) == 0x80) {
                const unsigned char third = byte(at + 2);
                width = 3;
                kind = third == 0x99 ? kApostrophe : (third <= 0x91 ? kSpace : kSeparator);
            } else if (byte(at) == 0xC2 && at + 1 < text_.size()) {
                width = 2;
                kind = byte(at + 1) == 0xA0 ? kSpace : kSeparator;
            }
        }
        if (kind == kLetter) {
            if (start_ == kNone) start_ = at;
            return at + width;
        }
        const bool in_word = start_ != kNone;
        end_word(at);
        const std::size_t next = at + width;
        if (kind == kApostrophe && in_word && next < text_.size() && (byte(next) | 0x20) == 's' &&
            (next + 1 >= text_.size() || kBytes.kind[byte(next + 1)] != kLetter)) {
            return next + 1;  // the genitive's s is no word
        }
        if (kind != kSpace) on_gap_();
        return next;
    }

    void end_word(std::size_t end) noexcept {
        if (start_ != kNone) on_word_(text_.substr(start_, end - start_), end);
        start_ = kNone;
    }

    std::string_view text_;
    OnWord on_word_;
    OnGap on_gap_;
    std::size_t start_ = kNone;  // of the word that the last block left open
};

template <typename OnWord, typename OnGap>
void for_each_word(std::string_view text, OnWord on_word, OnGap on_gap) noexcept {
    WordReader<OnWord, OnGap>(text, on_word, on_gap).read();
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

    // The id of a word of at most kWordBytesMax letters as it stands in a text.
    std::uint16_t word_id(const Word& raw) const noexcept {
        Word word = raw;
        fold(word);
        const std::uint16_t id = find_word(word.hash());
        if (id != kUnknown && has_kept_[id]) {
            const std::uint16_t kept = find_word(raw.hash() ^ kKeptSalt);
            if (kept != kUnknown) return kept;
        }
        return id;
    }

    // The longest term that starts at ids[0]: its index, and its length in words (1 if there is
    // none).
    static constexpr std::uint16_t kNoTerm = 0xFFFF;
    std::uint16_t longest_term(const std::array<std::uint16_t, 3>& ids,
                               std::uint32_t& words) const noexcept {
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
            [&](std::string_view raw, std::size_t) {
                Word word(raw, raw.size());
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
            [&](std::string_view raw, std::size_t) {
                Word word(raw, raw.size());
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

// The ids of the words met last, so that they need not be folded and looked up again: nearly all
// words of a text are among a few thousand. What it answers is what the lexicon answers.
class WordMemo {
   public:
    WordMemo() noexcept { hashes_[0] = 1; }  // no slot holds a hash that belongs to it yet

    std::uint16_t word_id(const Lexicon& lexicon, std::string_view raw,
                          std::size_t readable) noexcept {
        if (raw.size() > kWordBytesMax) return Lexicon::kUnknown;
        const Word word(raw, readable);
        const std::uint64_t hash = word.hash();
        const std::size_t slot = hash % kSlots;
        if (hashes_[slot] != hash) [[unlikely]] {
            hashes_[slot] = hash;
            ids_[slot] = lexicon.word_id(word);
        }
        return ids_[slot];
    }

   private:
    static constexpr std::size_t kSlots = 16384;  // 160 KiB
    std::array<std::uint64_t, kSlots> hashes_{};
    std::array<std::uint16_t, kSlots> ids_{};
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
        memos_.resize(lexicons_.size());
        options_.lexicons.clear();  // views of the caller's texts
        for (std::uint32_t i = 0; i < root_.size(); ++i) root_[i] = isqrt(i * 128u);
    }

    void tag(Article& article, Arena& arena) noexcept {
        const std::size_t index = lexicon_of(article.language);
        if (index == lexicons_.size()) return;
        const Lexicon& lexicon = lexicons_[index];
        counts_.resize(std::max(counts_.size(), lexicon.term_count()));
        words_ = 0;
        count_terms(lexicon, memos_[index], article.headline, true);
        count_terms(lexicon, memos_[index], article.body, false);
        score(lexicon);
        choose(lexicon, article, arena);
    }

   private:
    // A word of the lexicon in a text. Words next to each other have consecutive places.
    struct Hit {
        std::uint32_t place;
        std::uint16_t id;
        bool in_lead;
    };

    // The index of a language's lexicon; lexicons_.size() if it has none.
    std::size_t lexicon_of(std::string_view language) const noexcept {
        const std::string_view wanted = language.empty() || language == "und" ? "en" : language;
        std::size_t index = 0;
        while (index < lexicons_.size() && lexicons_[index].language() != wanted) ++index;
        return index;
    }

    void count_terms(const Lexicon& lexicon, WordMemo& memo, std::string_view text,
                     bool is_headline) noexcept {
        std::size_t count = 0;
        std::uint32_t place = 0;
        std::uint32_t words = 0;
        for_each_word(
            text,
            [&](std::string_view word, std::size_t end) {
                const std::size_t readable = text.size() - end + word.size();
                const std::uint16_t id = memo.word_id(lexicon, word, readable);
                if (count == hits_.size()) hits_.resize(2 * count + 64);
                hits_[count] = {place, id, end <= kLeadBytes};
                count += id != Lexicon::kUnknown;  // a branch would be guessed wrong too often
                ++place;
                ++words;
            },
            [&] { ++place; });
        words_ += words;
        std::uint32_t free_place = 0;  // what lies before belongs to a term already
        for (std::size_t i = 0; i < count; ++i) {
            const Hit& hit = hits_[i];
            if (hit.place < free_place) continue;
            std::array<std::uint16_t, 3> ids = {hit.id, Lexicon::kUnknown, Lexicon::kUnknown};
            for (std::size_t j = 1; j < 3 && i + j < count; ++j) {
                if (hits_[i + j].place == hit.place + j) ids[j] = hits_[i + j].id;
            }
            std::uint32_t length = 1;
            const std::uint16_t term = lexicon.longest_term(ids, length);
            free_place = hit.place + length;
            if (term == Lexicon::kNoTerm) continue;
            if (counts_[term] == 0) touched_.push_back(term);
            counts_[term] += is_headline ? kHeadlineCount : (hit.in_lead ? kLeadCount : kBodyCount);
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
    std::vector<WordMemo> memos_;                      // one for each lexicon
    std::array<std::uint32_t, kCountMax + 1> root_{};  // sqrt(count / 2) in sixteenths
    // Scratch, kept for its capacity.
    std::vector<Hit> hits_;
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
