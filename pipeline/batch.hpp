// The unit of work: a batch of articles that travels through the stages, and the shapes that the
// stages fill in. A batch is owned by exactly one agent at a time; a hand-off through a queue
// passes it on.
//
// Every std::string_view and std::span in an Article points into one of: the source's pinned memory
// (a fetched Kafka message, a mapped or read file), the batch's arena, or static storage. All of
// them live until the batch is released to the pool, so no stage owns or frees anything. All text
// is UTF-8. All offsets are bytes unless a name says otherwise. Times are Unix milliseconds, UTC.
#pragma once

#include <compare>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/arena.hpp"

namespace newsmill {

// ---- Where an article was read
// --------------------------------------------------------------------

inline constexpr std::int64_t kNoTime = INT64_MIN;

struct Header {
    std::string_view name;
    std::string_view value;
};

// The coordinates of one input record; (topic, partition, offset) is the article's id in the
// journal.
struct Origin {
    std::string_view topic;       // Kafka topic, or the file's name
    std::int32_t partition = -1;  // Kafka partition; -1 for files
    std::int64_t offset = 0;      // Kafka offset; for files the line (or array element), from 1
    std::int64_t timestamp_ms = kNoTime;  // the Kafka record's timestamp; kNoTime for files
};

// ---- What went wrong with an article
// ----------------------------------------------------------------

// Stable: the names (code_name) are part of the dead letter's contract.
enum class Code : std::uint8_t {
    kOk,
    kParseJson,       // PARSE_JSON       not JSON, or cut off
    kNoText,          // NO_TEXT          no headline and no body left
    kTooLarge,        // TOO_LARGE        over input.article_bytes_max
    kBadUtf8,         // BAD_UTF8         too many bytes that are no text in any known encoding
    kFormat,          // FORMAT           JSON, but not an article; or a format that is not known
    kOutputRejected,  // OUTPUT_REJECTED  the output broker refused the record for good
    kParseXml,        // PARSE_XML        XML that is not well-formed, or cut off
    kTooComplex,      // TOO_COMPLEX      deeper, or of more elements, than input.markup_*_max
    kNotText,         // NOT_TEXT         an item of another medium, or one that only names articles
    kSeveralArticles,  // SEVERAL_ARTICLES one value that holds more than one article
};
inline constexpr std::size_t kCodes = 11;
std::string_view code_name(Code code) noexcept;

struct Verdict {
    Code code = Code::kOk;
    std::string_view stage;    // static: the stage's name
    std::string_view message;  // one clear line, no article text; static or in the arena
};

// ---- parse
// -------------------------------------------------------------------------------------------

// The provider's own values: unescaped, otherwise untouched. Empty means absent.
struct Fields {
    std::string_view id;   // the provider's id or uuid
    std::string_view uri;  // uri, guid or url, as given
    std::string_view url;  // the web address, if given beside the uri
    std::string_view headline;
    std::string_view body;
    std::string_view by;  // authors, joined by ", "
    std::string_view located;
    std::string_view language;   // a code or a name in any language
    std::string_view source;     // a provider's name or domain
    std::string_view published;  // any date format
    std::string_view updated;    // any date format
    std::string_view version;
    std::string_view pub_status;  // usable, withheld or canceled
    std::string_view urgency;
    std::string_view ednote;
    std::string_view slugline;
    std::string_view copyright;         // the holder's name, or a notice
    std::string_view copyright_notice;  // a sentence
    std::string_view usage_terms;
    std::string_view embargoed;  // the time before which nothing may be published, any date format
    std::string_view
        passthrough;  // one JSON object text of the members that no mapping took; or empty
    bool body_is_html = false;  // the format says so (body_html, contentType text/html)
};

// ---- normalize
// ---------------------------------------------------------------------------------------

// What the normalizer had to do, for enrichment and metrics; a bit set.
enum Repair : std::uint32_t {
    kRepairEntities = 1u << 0,
    kRepairMojibake = 1u << 1,
    kRepairControls = 1u << 2,   // NUL, C0 and cp1252 controls, invalid UTF-8
    kRepairInvisible = 1u << 3,  // soft hyphens, zero-width characters, BOMs
    kRepairNfc = 1u << 4,
    kRepairMarkup = 1u << 5,    // tags removed
    kRepairHeadline = 1u << 6,  // a repeated headline dropped from the body
    kRepairBoilerplate = 1u << 7,
    kRepairSpace = 1u << 8,
    kRepairUtf8 = 1u << 9,  // the payload itself was no UTF-8 (set by parse)
};

// ---- fingerprint
// -------------------------------------------------------------------------------------

struct Hash128 {
    std::uint64_t high = 0;
    std::uint64_t low = 0;
    auto operator<=>(const Hash128&) const = default;
};

// ---- dedup
// -------------------------------------------------------------------------------------------

enum class DedupKind : std::uint8_t {
    kUnique,
    kExact,      // the same words
    kNear,       // nearly the same words
    kContained,  // a part of the other: a cut copy
    kContains,   // the other and more: a copy with additions
    kUpdate,     // the same uri, a later version
    kKill,       // its provider withdraws it (pubStatus canceled)
};
inline constexpr std::size_t kDedupKinds = 7;
std::string_view dedup_kind_name(DedupKind kind) noexcept;
// The same story again, with nothing new in it: exact, near and contained.
bool is_duplicate(DedupKind kind) noexcept;

// One record beside the article's own, about a copy that the decision concerns.
struct Notice {
    enum class Kind : std::uint8_t {
        kKill,      // `copy` is known in the cluster of an article that is withdrawn
        kElection,  // the deciding article takes the place of `copy` as the cluster's canonical one
    };
    Kind kind = Kind::kKill;
    std::string_view uri;  // of the copy
    Origin copy;           // its coordinates; timestamp_ms is unset
    // What is done to it: the article that withdraws, or the new canonical one. Mostly, but not
    // always, the deciding article: a copy that comes after the kill is told of it at once.
    std::string_view by_uri;
    Origin by;  // timestamp_ms is unset
};
std::string_view notice_kind_name(Notice::Kind kind) noexcept;

// A function of the journal's prefix alone; see stages/dedup.hpp.
struct Decision {
    DedupKind kind = DedupKind::kUnique;
    std::uint64_t cluster_id = 0;  // of the cluster's first article
    std::int32_t similarity = 0;   // 0-100; 0 for unique, and where words have no part in it
    std::int32_t containment = 0;  // 0-100: how much of the shorter one stands in the longer
    // The cluster's canonical article; empty for unique, and for the kill of a uri that is not
    // known.
    std::string_view of_uri;
    Origin of;            // its coordinates; of.timestamp_ms is unset
    bool killed = false;  // what it copies, or an earlier version of it, was withdrawn before
    std::uint32_t notices_omitted = 0;  // beyond dedup.notices_max
    std::span<const Notice> notices;
};

// ---- quotes
// ------------------------------------------------------------------------------------------

struct Span {  // half-open bytes of Article::body
    std::uint32_t start = 0;
    std::uint32_t end = 0;
    auto operator<=>(const Span&) const = default;
};

enum class QuoteType : std::uint8_t { kDirect, kMixed, kIndirect, kTranscript };
inline constexpr std::size_t kQuoteTypes = 4;
enum class Resolved : std::uint8_t { kNone, kExplicit, kPronoun, kTitle };
std::string_view quote_type_name(QuoteType type) noexcept;
std::string_view resolved_name(Resolved resolved) noexcept;

struct Quote {
    std::uint32_t statement = 0;  // fragments of one statement share it; from 0 in each article
    QuoteType type = QuoteType::kDirect;
    Span span;                     // the whole statement, marks included
    std::span<const Span> quoted;  // the segments in marks, marks excluded
    std::string_view speaker;      // full name; empty if unsure
    std::string_view role;         // empty if not said
    Span mention;                  // where the speaker is named; empty span if nowhere
    Resolved resolved = Resolved::kNone;
    Span cue;                     // "said"; empty span if none
    std::uint8_t confidence = 0;  // 0-100
};

// ---- topics
// ------------------------------------------------------------------------------------------

// A term that speaks for a topic.
struct TopicMatch {
    std::string_view rule;  // the rule's id, or the code in whose list of terms it stands
    Span span;              // bytes of the body, or of the headline
    bool in_headline = false;
    bool operator==(const TopicMatch&) const = default;
};

struct Topic {
    std::string_view code;                // IPTC Media Topic, eight digits: "11000000"
    std::string_view name;                // "politics"
    std::string_view creator;             // "newsmill/topics-rules@2"
    std::uint8_t confidence = 0;          // 0-100
    std::uint8_t relevance = 0;           // 0-100
    std::string_view scheme;              // what stands before the code in a uri
    std::string_view alias;               // what stands before ':' in a literal: "medtop"
    std::span<const TopicMatch> matches;  // only when asked for
};

// ---- route
// ---------------------------------------------------------------------------------------

enum class Channel : std::uint8_t { kMain, kDuplicates, kDeadLetters, kNotices, kNone };
inline constexpr int kChannels = 4;  // kNone is not published

struct Output {
    Channel channel = Channel::kNone;
    bool has_key = false;
    bool has_value = true;  // false: a tombstone
    std::string_view key;
    std::string_view value;
    std::span<const Header> headers;
};

// ---- The article and the batch
// -----------------------------------------------------------------------

struct Article {
    // Set by the source.
    Origin origin;
    std::string_view key;      // the Kafka key; empty if none
    std::string_view payload;  // the raw bytes
    bool has_key = false;
    bool has_payload = true;         // false: a Kafka tombstone (a null value)
    bool payload_padded = false;     // 64 bytes past the payload's end may be read
    bool payload_is_json = false;    // a line or element of a JSON file: never plain text
    bool payload_oversized = false;  // only the beginning: the whole is over the reader's limit
    std::span<const Header> headers;

    Verdict verdict;  // set once, by the stage that gives the article up; later stages skip it
    bool ok() const noexcept { return verdict.code == Code::kOk; }

    Fields raw;  // parse

    // normalize
    std::string_view uri;  // never empty on an ok article
    std::string_view headline;
    std::string_view body;       // paragraphs parted by exactly "\n\n"; no other control character
    bool body_is_ascii = false;  // then byte offsets are code point offsets
    std::string_view by;
    std::string_view located;   // the dateline's place
    std::string_view language;  // ISO 639-1, or ISO 639-3 where there is no two-letter code; "und"
    std::uint8_t language_confidence = 0;
    std::string_view language_declared;  // the input's, as a code; empty if unreadable or absent
    std::int64_t first_created_ms = kNoTime;
    std::int64_t version_created_ms = kNoTime;
    std::string_view published_raw;  // kept when the date can't be read
    std::uint32_t repairs = 0;       // bit set of Repair
    std::uint32_t version = 0;       // the provider's number of this version; 0 if none
    bool canceled = false;           // pubStatus says that the provider withdraws it

    Hash128 exact_hash;             // fingerprint
    std::string_view sketch;        // fingerprint: stages/fingerprint.hpp; empty if there is none
    Decision decision;              // dedup
    std::span<const Quote> quotes;  // quotes
    std::span<const Topic> topics;  // topics, strongest first
    std::string_view record;  // encode: the output value, one line of JSON without its newline
    Output output;            // route: what the sink publishes for this article
    std::span<const Output> notices;  // route: what it publishes after it, one for each notice
};

// What the journal says of one article: everything that a decision may depend on.
struct JournalEntry {
    Origin origin;  // id; timestamp_ms is not part of it
    Hash128 exact_hash;
    std::string_view sketch;          // as the fingerprint stage made it; the engine looks not in
    std::int64_t event_ms = kNoTime;  // the record's own time (Kafka's, else the date in it)
    std::int64_t version_created_ms = kNoTime;
    std::uint32_t version = 0;
    bool canceled = false;
    std::string_view uri;
    std::string_view source;  // the provider
};

// Memory that articles view and that must outlive them: a fetched message, a mapped file.
// Release runs in whichever thread returns the batch to its pool.
struct Pin {
    void* object = nullptr;
    void (*release)(void*) noexcept = nullptr;
};

struct BatchLimits {
    std::uint32_t articles_max = 256;
    std::size_t payload_bytes_max =
        1 << 20;  // a batch closes at this many; one larger article is alone in it
    std::size_t arena_bytes = 4 << 20;
};

class Batch {
   public:
    explicit Batch(const BatchLimits& limits);
    ~Batch();
    Batch(const Batch&) = delete;
    Batch& operator=(const Batch&) = delete;

    // The dense number that orders the world: 0, 1, 2, … in the order of issue.
    std::uint64_t sequence = 0;
    // The source's epoch at issue; batches of an older epoch than the sink's are dropped there.
    std::uint64_t epoch = 0;
    // The journal's place after the record that decided the batch; where it has none (no article of
    // it is good), the place that the journal had got to. -1: there is no journal.
    std::int64_t journal_position = -1;
    // Nanoseconds of the engine's clock at issue, for latency metrics only; no stage reads it.
    std::int64_t issued_ns = 0;

    std::vector<Article> articles;  // capacity articles_max, never reallocates
    Arena arena;
    const BatchLimits& limits() const noexcept { return limits_; }
    std::size_t payload_bytes() const noexcept { return payload_bytes_; }
    bool full() const noexcept;
    // Appends an article (headers and origin by the caller) and counts its bytes.
    Article& add(std::string_view payload);
    void pin(Pin pin) { pins_.push_back(pin); }
    // Releases the pins, the arena and the articles; keeps the capacities.
    void reset() noexcept;

   private:
    BatchLimits limits_;
    std::size_t payload_bytes_ = 0;
    std::vector<Pin> pins_;
};

}  // namespace newsmill
