#include "stages/formats/json_reader.hpp"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "pipeline/check.hpp"
#include "stages/formats/json_unescape.hpp"
#include "stages/formats/json_writer.hpp"

namespace newsmill {
namespace {

using Kind = JsonOutcome::Kind;
using Node = FieldMap::Node;

// A scalar that may become a field's value, or a part of it.
struct Item {
    std::string_view text;  // as written, without quotation marks, escapes not undone
    bool number = false;
    bool html = false;
    std::uint8_t score = 0;  // of renditions the lowest is taken
};

// An object that stands where a text is wanted: the best-named member is the text.
struct Composite {
    Item item;
    int rank = INT32_MAX;
    std::string_view role;
    std::string_view content_type;
};

// What a field has found so far: items_[first .. first + count).
struct Candidate {
    std::uint32_t rank = UINT32_MAX;
    std::uint32_t first = 0;
    std::uint32_t count = 0;
    bool html = false;
};

constexpr std::string_view kValueNames[] = {"value", "name",  "text",      "rendered", "main",
                                            "#text", "$date", "original",  "$oid",     "$t",
                                            "_",     "title", "full_name", "fullName", "code"};

bool takes_number(Field field) noexcept {
    switch (field) {
        case Field::kId:
        case Field::kUri:
        case Field::kHeadline:
        case Field::kPublished:
        case Field::kUpdated:
        case Field::kVersion:
        case Field::kUrgency:
        case Field::kSlugline: return true;
        default: return false;
    }
}

// Not JSON, yet what Python's json module and pandas write for a missing number; read as null.
bool is_python_number(std::string_view text) noexcept {
    return text == "NaN" || text == "Infinity" || text == "-Infinity";
}

// Nothing but white space, written as such or as an escape.
bool is_blank(std::string_view text) noexcept {
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == ' ') continue;
        if (text[i] != '\\' || i + 1 == text.size()) return false;
        ++i;
        if (text[i] != 'n' && text[i] != 't' && text[i] != 'r') return false;
    }
    return true;
}

// What Python's exporters write for nothing.
bool is_spelled_null(std::string_view text) noexcept {
    return text == "None" || text == "null" || text == "nan" || text == "NaN";
}

bool equal_folded(std::string_view text, std::string_view lower) noexcept {
    return text.size() == lower.size() &&
           std::equal(text.begin(), text.end(), lower.begin(),
                      [](char a, char b) { return (a | 0x20) == b; });
}

bool contains_folded(std::string_view text, std::string_view lower) noexcept {
    return std::search(text.begin(), text.end(), lower.begin(), lower.end(),
                       [](char a, char b) { return (a | 0x20) == b; }) != text.end();
}

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

// RFC 8259, section 6.
bool is_number(std::string_view text) noexcept {
    std::size_t i = text.starts_with('-') ? 1 : 0;
    const auto digits = [&] {
        const std::size_t start = i;
        while (i < text.size() && is_digit(text[i])) ++i;
        return i - start;
    };
    const std::size_t whole_start = i;
    const std::size_t whole = digits();
    if (whole == 0 || (whole > 1 && text[whole_start] == '0')) return false;
    if (i < text.size() && text[i] == '.') {
        ++i;
        if (digits() == 0) return false;
    }
    if (i < text.size() && (text[i] | 0x20) == 'e') {
        ++i;
        if (i < text.size() && (text[i] == '+' || text[i] == '-')) ++i;
        if (digits() == 0) return false;
    }
    return i == text.size();
}

constexpr std::uint8_t kLastScore = 255;

// Of a list of renditions (ninjs's bodies, headlines, infoSources) the lowest is taken.
std::uint8_t rendition_score(const Composite& composite, bool& html) noexcept {
    const std::string_view role = composite.role;
    html = html || contains_folded(composite.content_type, "html") ||
           contains_folded(composite.content_type, "xml") || contains_folded(role, "html");
    int score = html ? 8 : 0;
    if (equal_folded(role, "main") || equal_folded(role, "originator"))
        return static_cast<std::uint8_t>(score);
    if (role.empty() || contains_folded(role, "text") || contains_folded(role, "html") ||
        contains_folded(role, "body")) {
        return static_cast<std::uint8_t>(score + 1);
    }
    const bool lesser = contains_folded(role, "abstract") || contains_folded(role, "summary") ||
                        contains_folded(role, "caption") || contains_folded(role, "teaser");
    if (contains_folded(role, "credit")) return kLastScore;
    return static_cast<std::uint8_t>(score + (lesser ? 32 : 2));
}

}  // namespace

class JsonReader::Impl {
   public:
    Impl(const FieldPointers& overrides, bool passthrough)
        : map_(overrides), passthrough_(passthrough) {
        const auto error = simdjson::get_active_implementation()->create_dom_parser_implementation(
            kFirstCapacityBytes, 1, tokenizer_);
        NEWSMILL_CHECK(error == simdjson::SUCCESS, "no memory for the JSON tokenizer");
    }

    JsonOutcome read(std::string_view json, Arena& arena, Fields& fields) noexcept;

   private:
    static constexpr std::size_t kFirstCapacityBytes = 256 << 10;
    static constexpr std::uint32_t kEnvelopeRank = 10'000;  // above all ranks of one level
    static constexpr std::uint32_t kSummaryRank = 2000;     // of the field map
    static constexpr std::uint32_t kNoSchemeRank = kEnvelopeRank * (kJsonDepthMax + 1);

    bool tokenize(std::string_view json) noexcept;
    JsonOutcome unclosed_string() const noexcept;

    // Tokens. One past the last is at the end of the text, and reads as NUL.
    char peek() const noexcept { return at_ < tokens_ ? json_[starts_[at_]] : '\0'; }
    std::string_view token(std::uint32_t i) const noexcept;
    bool fail(std::string_view what) noexcept;

    // The walk; false after fail().
    bool value(Node node, Composite* parent, std::string_view name, int depth) noexcept;
    bool scalar(Node node, Composite* parent, std::string_view name) noexcept;
    bool object(Node node, Composite* composite, int depth) noexcept;
    bool array(Node node, int depth) noexcept;
    bool list(Node node, int depth) noexcept;
    std::uint32_t count_objects() const noexcept;
    bool element(Node node, Node leaf_node, int depth) noexcept;
    bool member_name(std::string_view& name) noexcept;

    void note(Composite& composite, std::string_view name, const Item& item) noexcept;
    void offer(Node node, std::uint32_t first, std::uint32_t count) noexcept;

    bool has(Field field) const noexcept {
        return candidates_[static_cast<std::size_t>(field)].count > 0;
    }
    std::string_view first_text(Field field) const noexcept;
    bool unpack_feed() noexcept;
    bool is_other_medium() const noexcept;
    void fill(Arena& arena, Fields& fields) noexcept;
    std::string_view text_of(const Candidate& candidate, Field field, Arena& arena) noexcept;
    bool select_rendition(Candidate& candidate) const noexcept;

    void write_passthrough(Arena& arena, Fields& fields) noexcept;
    bool pass_object(Node node, JsonWriter& out) noexcept;
    void skip() noexcept;
    std::string_view valid_token(std::uint32_t i) const noexcept;
    bool holds_winner(std::uint32_t first, std::uint32_t last) const noexcept;

    FieldMap map_;
    bool passthrough_;
    std::unique_ptr<simdjson::internal::dom_parser_implementation> tokenizer_;
    std::string_view json_;
    const std::uint32_t* starts_ = nullptr;
    std::uint32_t tokens_ = 0;
    std::uint32_t at_ = 0;
    JsonOutcome outcome_;
    std::uint32_t envelopes_ = 0;  // around the value at hand
    std::vector<Item> items_;
    using Candidates = std::array<Candidate, kFieldCount>;
    Candidates candidates_;
    // The only element of a list of articles, and how many elements such lists have.
    Candidates listed_candidates_;
    std::uint32_t listed_ = 0;
    bool in_list_ = false;
    char name_buffer_[64];
};

bool JsonReader::Impl::tokenize(std::string_view json) noexcept {
    json_ = json;
    at_ = tokens_ = 0;
    outcome_ = {};
    if (json.size() > tokenizer_->capacity()) {
        const std::size_t capacity = std::max(json.size(), 2 * tokenizer_->capacity());
        NEWSMILL_CHECK(tokenizer_->set_capacity(capacity) == simdjson::SUCCESS,
                       "no memory for the JSON tokenizer");
    }
    const auto error = tokenizer_->stage1(reinterpret_cast<const std::uint8_t*>(json.data()),
                                          json.size(), simdjson::stage1_mode::regular);
    starts_ = tokenizer_->structural_indexes.get();
    switch (error) {
        case simdjson::SUCCESS: tokens_ = tokenizer_->n_structural_indexes; return true;
        case simdjson::EMPTY: return fail("no JSON value");
        case simdjson::UTF8_ERROR: outcome_.kind = Kind::kBadUtf8; return false;
        case simdjson::UNESCAPED_CHARS: outcome_.kind = Kind::kRawControls; return false;
        case simdjson::UNCLOSED_STRING: outcome_ = unclosed_string(); return false;
        default: return fail("not JSON");
    }
}

// The tokenizer says only that a string is open at the end: find where it began.
JsonOutcome JsonReader::Impl::unclosed_string() const noexcept {
    std::size_t start = 0;
    bool inside = false;
    for (std::size_t i = 0; i < json_.size(); ++i) {
        if (inside && json_[i] == '\\') {
            ++i;
        } else if (json_[i] == '"') {
            inside = !inside;
            start = i;
        }
    }
    return {Kind::kError, start, "cut off inside the string that begins"};
}

std::string_view JsonReader::Impl::token(std::uint32_t i) const noexcept {
    const std::size_t start = starts_[i];
    std::size_t end = i + 1 < tokens_ ? starts_[i + 1] : json_.size();
    while (end > start + 1 && (json_[end - 1] == ' ' || json_[end - 1] == '\n' ||
                               json_[end - 1] == '\r' || json_[end - 1] == '\t')) {
        --end;
    }
    return json_.substr(start, end - start);
}

bool JsonReader::Impl::fail(std::string_view what) noexcept {
    const bool cut_off = at_ >= tokens_ && tokens_ > 0;
    outcome_.kind = Kind::kError;
    outcome_.offset = at_ < tokens_ ? starts_[at_] : json_.size();
    outcome_.what = cut_off ? "cut off" : what;
    return false;
}

JsonOutcome JsonReader::Impl::read(std::string_view json, Arena& arena, Fields& fields) noexcept {
    if (!tokenize(json)) return outcome_;
    items_.clear();
    candidates_.fill({});
    listed_candidates_.fill({});
    listed_ = 0;
    in_list_ = false;
    envelopes_ = 0;
    const bool is_object = peek() == '{';
    if (!value(is_object ? FieldMap::kRoot : FieldMap::kNone, nullptr, {}, 0)) return outcome_;
    if (at_ < tokens_) {
        fail("text after the end of the JSON value");
        return outcome_;
    }
    if (!is_object) return {Kind::kNotAnObject, 0, {}};
    if (!unpack_feed()) return {Kind::kSeveral, 0, {}};
    if (is_other_medium()) return {Kind::kNotText, 0, {}};
    fill(arena, fields);
    if (passthrough_) write_passthrough(arena, fields);
    return outcome_;
}

bool JsonReader::Impl::value(Node node, Composite* parent, std::string_view name,
                             int depth) noexcept {
    const char first = peek();
    if (first != '{' && first != '[') return scalar(node, parent, name);
    if (depth >= kJsonDepthMax) return fail("nested too deeply");
    if (first == '[') {
        return node != FieldMap::kNone && map_.is_list(node) ? list(node, depth + 1)
                                                             : array(node, depth + 1);
    }
    if (node != FieldMap::kNone && map_.is_envelope(node)) {
        ++envelopes_;
        const bool good = object(FieldMap::kRoot, nullptr, depth + 1);
        --envelopes_;
        return good;
    }
    if (node == FieldMap::kNone || map_.leaves(node).empty())
        return object(node, nullptr, depth + 1);
    Composite composite;
    if (!object(node, &composite, depth + 1)) return false;
    if (composite.rank == INT32_MAX) return true;
    composite.item.score = rendition_score(composite, composite.item.html);
    items_.push_back(composite.item);
    offer(node, static_cast<std::uint32_t>(items_.size() - 1), 1);
    return true;
}

bool JsonReader::Impl::scalar(Node node, Composite* parent, std::string_view name) noexcept {
    if (at_ >= tokens_) return fail("cut off");
    const std::string_view text = token(at_);
    Item item;
    switch (text[0]) {
        case '"':
            item.text = text.substr(1, text.size() - 2);
            if (!escapes_are_valid(item.text)) return fail("bad escape in the string that begins");
            break;
        case 't':
        case 'f':
        case 'n':
            if (text != "true" && text != "false" && text != "null")
                return fail("not a JSON value");
            ++at_;
            return true;
        default:
            if (is_python_number(text)) {
                ++at_;
                return true;
            }
            if (!is_number(text)) return fail("not a JSON value");
            item.text = text;
            item.number = true;
    }
    ++at_;
    if (is_blank(item.text)) return true;
    if (parent != nullptr) note(*parent, name, item);
    if (node == FieldMap::kNone || map_.leaves(node).empty()) return true;
    items_.push_back(item);
    offer(node, static_cast<std::uint32_t>(items_.size() - 1), 1);
    return true;
}

bool JsonReader::Impl::member_name(std::string_view& name) noexcept {
    if (peek() != '"') return fail("no member name");
    const std::string_view text = token(at_);
    name = text.substr(1, text.size() - 2);
    if (!escapes_are_valid(name)) return fail("bad escape in the string that begins");
    ++at_;
    if (peek() != ':') return fail("no colon after a member name");
    ++at_;
    if (name.find('\\') != std::string_view::npos) {
        // Rare. A name that is too long for the buffer is none of ours.
        name = name.size() <= sizeof name_buffer_
                   ? std::string_view(name_buffer_, unescape_json(name, name_buffer_))
                   : std::string_view();
    }
    return true;
}

bool JsonReader::Impl::object(Node node, Composite* composite, int depth) noexcept {
    ++at_;
    if (peek() == '}') {
        ++at_;
        return true;
    }
    while (true) {
        std::string_view name;
        if (!member_name(name)) return false;
        const Node child = node == FieldMap::kNone ? FieldMap::kNone : map_.find(node, name);
        if (!value(child, composite, name, depth)) return false;
        const char next = peek();
        if (next != ',' && next != '}') return fail("no comma or brace after a member");
        ++at_;
        if (next == '}') return true;
    }
}

bool JsonReader::Impl::array(Node node, int depth) noexcept {
    const bool mapped = node != FieldMap::kNone;
    const bool has_children = mapped && map_.has_children(node);
    const bool has_leaves = mapped && !map_.leaves(node).empty();
    const auto first = static_cast<std::uint32_t>(items_.size());
    ++at_;
    if (peek() == ']') {
        ++at_;
        return true;
    }
    for (std::size_t i = 0;; ++i) {
        const Node child = has_children ? map_.find(node, i) : FieldMap::kNone;
        if (!element(child, has_leaves ? node : FieldMap::kNone, depth)) return false;
        const char next = peek();
        if (next != ',' && next != ']') return fail("no comma or bracket after an element");
        ++at_;
        if (next == ']') break;
    }
    if (has_leaves) offer(node, first, static_cast<std::uint32_t>(items_.size()) - first);
    return true;
}

// Objects among the elements of the array at hand.
std::uint32_t JsonReader::Impl::count_objects() const noexcept {
    std::uint32_t objects = 0;
    int depth = 0;
    for (std::uint32_t i = at_; i < tokens_; ++i) {
        const char c = json_[starts_[i]];
        if (c == '{' && depth == 1) ++objects;
        if (c == '{' || c == '[') ++depth;
        if ((c == '}' || c == ']') && --depth == 0) break;
    }
    return objects;
}

// An array that holds articles, or else something of no interest.
bool JsonReader::Impl::list(Node node, int depth) noexcept {
    const std::uint32_t objects = in_list_ ? 0 : count_objects();
    if (objects == 0) return array(node, depth);
    listed_ += objects;
    if (listed_ > 1) return array(FieldMap::kNone, depth);
    in_list_ = true;
    std::swap(candidates_, listed_candidates_);
    ++envelopes_;
    ++at_;
    bool good = true;
    while (good) {
        good = peek() == '{' && depth < kJsonDepthMax ? object(FieldMap::kRoot, nullptr, depth + 1)
                                                      : value(FieldMap::kNone, nullptr, {}, depth);
        if (!good) break;
        const char next = peek();
        if (next != ',' && next != ']') good = fail("no comma or bracket after an element");
        if (good) ++at_;
        if (next == ']') break;
    }
    --envelopes_;
    std::swap(candidates_, listed_candidates_);
    in_list_ = false;
    return good;
}

std::string_view JsonReader::Impl::first_text(Field field) const noexcept {
    const Candidate& candidate = candidates_[static_cast<std::size_t>(field)];
    return candidate.count == 0 ? std::string_view() : items_[candidate.first].text;
}

// Puts the only article of a feed in the place of the feed. False: there are several.
bool JsonReader::Impl::unpack_feed() noexcept {
    if (listed_ == 0) return true;
    const bool json_feed =
        first_text(Field::kVersion).find("jsonfeed.org") != std::string_view::npos;
    if (!json_feed && (has(Field::kHeadline) || has(Field::kBody))) return true;
    if (listed_ > 1) return false;
    if (json_feed) {
        // The title of a feed is the name of who makes it.
        candidates_[static_cast<std::size_t>(Field::kSource)] =
            candidates_[static_cast<std::size_t>(Field::kHeadline)];
    }
    for (const Field field :
         {Field::kLanguage, Field::kBy, Field::kSource, Field::kCopyright, Field::kUsageTerms}) {
        const auto i = static_cast<std::size_t>(field);
        if (listed_candidates_[i].count == 0) listed_candidates_[i] = candidates_[i];
    }
    candidates_ = listed_candidates_;
    return true;
}

// ninjs says what an item is made of. Other providers use the word for other things: only what has
// ninjs's status, or no text but a summary, is taken at its word.
bool JsonReader::Impl::is_other_medium() const noexcept {
    const std::string_view medium = first_text(Field::kMedium);
    bool other = false;
    for (const std::string_view name :
         {"picture", "photo", "graphic", "audio", "video", "image", "animation"}) {
        other = other || equal_folded(medium, name);
    }
    if (!other) return false;
    const Candidate& body = candidates_[static_cast<std::size_t>(Field::kBody)];
    const std::uint32_t rank = body.rank % kEnvelopeRank;
    return has(Field::kPubStatus) || body.count == 0 || rank >= kSummaryRank;
}

// One element of an array: `child` is its own place in the map, `list` the array's.
bool JsonReader::Impl::element(Node child, Node list, int depth) noexcept {
    const char first = peek();
    if (list == FieldMap::kNone || child != FieldMap::kNone || first == '[') {
        return value(child, nullptr, {}, depth);
    }
    Composite composite;
    if (first == '{') {
        if (depth >= kJsonDepthMax) return fail("nested too deeply");
        if (!object(FieldMap::kNone, &composite, depth + 1)) return false;
        if (composite.rank == INT32_MAX) return true;
        composite.item.score = rendition_score(composite, composite.item.html);
    } else {
        if (!scalar(FieldMap::kNone, &composite, kValueNames[0])) return false;
        if (composite.rank == INT32_MAX || composite.item.number) return true;
        composite.item.score = 1;
    }
    items_.push_back(composite.item);
    return true;
}

void JsonReader::Impl::note(Composite& composite, std::string_view name,
                            const Item& item) noexcept {
    if (equal_folded(name, "role")) composite.role = item.text;
    if (equal_folded(name, "contenttype") || equal_folded(name, "mimetype")) {
        composite.content_type = item.text;
    }
    for (int rank = 0; rank < static_cast<int>(std::size(kValueNames)); ++rank) {
        if (name != kValueNames[rank]) continue;
        if (rank < composite.rank) {
            composite.rank = rank;
            composite.item = item;
        }
        return;
    }
}

void JsonReader::Impl::offer(Node node, std::uint32_t first, std::uint32_t count) noexcept {
    for (const FieldMap::Leaf& leaf : map_.leaves(node)) {
        Candidate& best = candidates_[static_cast<std::size_t>(leaf.field)];
        std::uint32_t rank = leaf.rank + envelopes_ * kEnvelopeRank;
        if (count == 0) continue;
        const Item& item = items_[first];
        if (count == 1) {
            if (item.number && !takes_number(leaf.field)) continue;
            if (is_spelled_null(item.text) && leaf.field != Field::kHeadline) continue;
            // A uri without a scheme is some id: any other pointer's value is better.
            if (leaf.field == Field::kUri && item.text.find(':') == std::string_view::npos) {
                rank += kNoSchemeRank;
            }
        }
        if (rank < best.rank) best = {rank, first, count, leaf.html};
    }
}

// Narrows a list of renditions to the best one; false if it is no such list but parts of a text.
bool JsonReader::Impl::select_rendition(Candidate& candidate) const noexcept {
    const auto begin = items_.begin() + candidate.first;
    const auto end = begin + candidate.count;
    const bool parts = std::all_of(begin, end, [](const Item& item) { return item.score == 1; });
    if (parts) return false;
    const auto best = std::min_element(
        begin, end, [](const Item& a, const Item& b) { return a.score < b.score; });
    candidate.first = static_cast<std::uint32_t>(best - items_.begin());
    candidate.count = 1;
    return true;
}

std::string_view JsonReader::Impl::text_of(const Candidate& candidate, Field field,
                                           Arena& arena) noexcept {
    if (candidate.count == 1) return unescape_json(items_[candidate.first].text, arena);
    const std::string_view glue = field == Field::kBy           ? ", "
                                  : field == Field::kUsageTerms ? " "
                                                                : "\n\n";
    std::size_t size = 0;
    for (std::uint32_t i = 0; i < candidate.count; ++i) {
        size += items_[candidate.first + i].text.size() + glue.size();
    }
    char* const start = arena.alloc(size);
    char* out = start;
    for (std::uint32_t i = 0; i < candidate.count; ++i) {
        if (i > 0) {
            std::memcpy(out, glue.data(), glue.size());
            out += glue.size();
        }
        out += unescape_json(items_[candidate.first + i].text, out);
    }
    arena.shrink(out, start + size);
    return {start, static_cast<std::size_t>(out - start)};
}

void JsonReader::Impl::fill(Arena& arena, Fields& fields) noexcept {
    const auto take = [&](Field field) -> std::string_view {
        Candidate& candidate = candidates_[static_cast<std::size_t>(field)];
        if (candidate.count == 0) return {};
        if (candidate.count > 1 && field != Field::kBy) {
            const bool rendition = select_rendition(candidate);
            const bool joined = field == Field::kBody || field == Field::kUsageTerms;
            if (!rendition && !joined) candidate.count = 1;
        }
        return text_of(candidate, field, arena);
    };
    fields.id = take(Field::kId);
    fields.uri = take(Field::kUri);
    fields.url = take(Field::kUrl);
    if (fields.url == fields.uri) fields.url = {};
    fields.headline = take(Field::kHeadline);
    fields.body = take(Field::kBody);
    const Candidate& body = candidates_[static_cast<std::size_t>(Field::kBody)];
    fields.body_is_html = body.count > 0 && (body.html || items_[body.first].html);
    fields.by = take(Field::kBy);
    fields.located = take(Field::kLocated);
    fields.language = take(Field::kLanguage);
    fields.source = take(Field::kSource);
    fields.published = take(Field::kPublished);
    fields.updated = take(Field::kUpdated);
    fields.version = take(Field::kVersion);
    fields.pub_status = take(Field::kPubStatus);
    fields.urgency = take(Field::kUrgency);
    fields.ednote = take(Field::kEdnote);
    fields.slugline = take(Field::kSlugline);
    fields.copyright = take(Field::kCopyright);
    fields.copyright_notice = take(Field::kCopyrightNotice);
    fields.usage_terms = take(Field::kUsageTerms);
    fields.embargoed = take(Field::kEmbargoed);
}

// ---- Members that no field took. The text is known to be valid by now.

void JsonReader::Impl::write_passthrough(Arena& arena, Fields& fields) noexcept {
    JsonWriter out(arena, json_.size() + 2);
    at_ = 0;
    const bool any = pass_object(FieldMap::kRoot, out);
    if (!any) out.rewind({0, false});
    fields.passthrough = out.finish();
}

// Skips one value.
void JsonReader::Impl::skip() noexcept {
    int depth = 0;
    do {
        const char c = peek();
        if (c == '{' || c == '[') ++depth;
        if (c == '}' || c == ']') --depth;
        ++at_;
    } while (depth > 0);
}

std::string_view JsonReader::Impl::valid_token(std::uint32_t i) const noexcept {
    const std::string_view text = token(i);
    return is_python_number(text) ? "null" : text;
}

bool JsonReader::Impl::holds_winner(std::uint32_t first, std::uint32_t last) const noexcept {
    const char* const begin = json_.data() + starts_[first];
    const char* const end = json_.data() + starts_[last] + token(last).size();
    for (const Candidate& candidate : candidates_) {
        for (std::uint32_t i = 0; i < candidate.count; ++i) {
            const char* const at = items_[candidate.first + i].text.data();
            if (at >= begin && at < end) return true;
        }
    }
    return false;
}

// Writes the object at hand without the members that fields took; false if none is left.
bool JsonReader::Impl::pass_object(Node node, JsonWriter& out) noexcept {
    bool any = false;
    out.open_object();
    ++at_;
    while (peek() != '}') {
        if (peek() == ',') ++at_;
        const std::string_view quoted_name = token(at_);
        std::string_view name;
        member_name(name);
        const Node child = map_.find(node, name);
        const JsonWriter::Mark mark = out.mark();
        out.key(quoted_name.substr(1, quoted_name.size() - 2));
        const std::uint32_t first = at_;
        const bool mapped = child != FieldMap::kNone;
        const bool envelope = mapped && map_.is_envelope(child);
        if (mapped && (envelope || map_.leaves(child).empty()) && peek() == '{') {
            if (pass_object(envelope ? FieldMap::kRoot : child, out)) {
                any = true;
            } else {
                out.rewind(mark);
            }
            continue;
        }
        skip();
        if (mapped && holds_winner(first, at_ - 1)) {
            out.rewind(mark);
            continue;
        }
        any = true;
        out.raw(valid_token(first));
        for (std::uint32_t i = first + 1; i < at_; ++i) out.append(valid_token(i));
    }
    ++at_;
    out.close_object();
    return any;
}

JsonReader::JsonReader(const FieldPointers& overrides, bool passthrough)
    : impl_(std::make_unique<Impl>(overrides, passthrough)) {}

JsonReader::~JsonReader() = default;

JsonOutcome JsonReader::read(std::string_view json, Arena& arena, Fields& fields) noexcept {
    return impl_->read(json, arena, fields);
}

std::string_view escape_raw_controls(std::string_view json, Arena& arena) noexcept {
    const auto controls = static_cast<std::size_t>(std::count_if(
        json.begin(), json.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; }));
    const std::size_t room = json.size() + 5 * controls;
    char* const first = arena.alloc(room);
    char* out = first;
    bool inside = false;
    for (std::size_t i = 0; i < json.size(); ++i) {
        const char c = json[i];
        if (inside && static_cast<unsigned char>(c) < 0x20) {
            constexpr char kHex[] = "0123456789abcdef";
            const char escape[6] = {'\\', 'u', '0', '0', kHex[(c >> 4) & 0xF], kHex[c & 0xF]};
            std::memcpy(out, escape, sizeof escape);
            out += sizeof escape;
            continue;
        }
        if (inside && c == '\\' && i + 1 < json.size()) {
            // A backslash before a raw control: the control alone is meant.
            if (static_cast<unsigned char>(json[i + 1]) < 0x20) continue;
            *out++ = c;
            *out++ = json[++i];
            continue;
        }
        if (c == '"') inside = !inside;
        *out++ = c;
    }
    arena.shrink(out, first + room);
    return {first, static_cast<std::size_t>(out - first)};
}

}  // namespace newsmill
