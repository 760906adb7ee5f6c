#include "pipeline/archive/feed_splitter.hpp"

#include <algorithm>
#include <array>

#include "pipeline/archive/json_scanner.hpp"

namespace newsmill {
namespace {

constexpr std::string_view kBom = "\xef\xbb\xbf";

bool is_blank(char c) noexcept { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

std::size_t skip_blank(std::string_view text, std::size_t at) noexcept {
    while (at < text.size() && is_blank(text[at])) ++at;
    return at;
}

// ---- XML

std::string_view local_name(std::string_view name) noexcept {
    const std::size_t colon = name.find(':');
    return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

struct Article {
    std::string_view name;
    std::string_view parent;  // empty: any
};

// As stages/formats/document_reader.cpp has them.
constexpr Article kArticles[] = {{"newsItem", ""},      {"packageItem", ""},  {"conceptItem", ""},
                                 {"knowledgeItem", ""}, {"planningItem", ""}, {"NewsItem", ""},
                                 {"nitf", ""},          {"item", "channel"},  {"item", "RDF"},
                                 {"item", "rss"},       {"entry", "feed"},    {"RBNews", ""}};

bool is_article(std::string_view name, std::string_view parent) noexcept {
    name = local_name(name);
    for (const Article& one : kArticles) {
        if (one.name == name && (one.parent.empty() || one.parent == local_name(parent))) {
            return true;
        }
    }
    return false;
}

// A tag of an XML document, with its place in it.
struct Tag {
    enum class Kind : std::uint8_t { kOpen, kClose, kEmpty, kEnd, kBroken };
    Kind kind = Kind::kEnd;
    std::string_view name;
    std::size_t begin = 0;
    std::size_t end = 0;  // one past '>'
};

// Gives tags in order; passes over comments, CDATA, instructions and the doctype.
class TagScanner {
   public:
    explicit TagScanner(std::string_view text) noexcept : text_(text) {}

    Tag next() noexcept {
        while (true) {
            at_ = text_.find('<', at_);
            if (at_ == std::string_view::npos) return {};
            const std::string_view rest = text_.substr(at_);
            std::string_view ends;
            if (rest.starts_with("<!--")) {
                ends = "-->";
            } else if (rest.starts_with("<![CDATA[")) {
                ends = "]]>";
            } else if (rest.starts_with("<?")) {
                ends = "?>";
            } else if (rest.starts_with("<!")) {
                if (!skip_doctype()) return broken();
                continue;
            } else {
                return tag();
            }
            const std::size_t end = text_.find(ends, at_);
            if (end == std::string_view::npos) return broken();
            at_ = end + ends.size();
        }
    }

   private:
    static Tag broken() noexcept { return {Tag::Kind::kBroken, {}, 0, 0}; }

    bool skip_doctype() noexcept {
        int brackets = 0;
        for (; at_ < text_.size(); ++at_) {
            const char c = text_[at_];
            if (c == '[') ++brackets;
            if (c == ']') --brackets;
            if (c == '>' && brackets <= 0) {
                ++at_;
                return true;
            }
        }
        return false;
    }

    Tag tag() noexcept {
        Tag found;
        found.begin = at_;
        std::size_t name = at_ + 1;
        const bool closing = name < text_.size() && text_[name] == '/';
        if (closing) ++name;
        char quote = '\0';
        for (std::size_t i = name; i < text_.size(); ++i) {
            const char c = text_[i];
            if (quote != '\0') {
                if (c == quote) quote = '\0';
            } else if (c == '"' || c == '\'') {
                quote = c;
            } else if (c == '<') {
                return broken();
            } else if (c == '>') {
                at_ = found.end = i + 1;
                found.name = text_.substr(name, i - name);
                found.name = found.name.substr(
                    0, std::min(found.name.find_first_of(" \t\r\n/"), found.name.size()));
                found.kind = closing               ? Tag::Kind::kClose
                             : text_[i - 1] == '/' ? Tag::Kind::kEmpty
                                                   : Tag::Kind::kOpen;
                return found;
            }
        }
        return broken();
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

constexpr std::size_t kLevelsMax = 5;  // of envelopes around articles

// ---- JSON

constexpr std::string_view kLists[] = {"items", "item", "articles", "entries", "results",
                                       "docs",  "data", "stories",  "hits",    "response"};

bool is_list_name(std::string_view name) noexcept {
    return std::find(std::begin(kLists), std::end(kLists), name) != std::end(kLists);
}

bool is_story_name(std::string_view name) noexcept {
    for (const std::string_view one : {"headline", "headlines", "body", "bodies", "body_text",
                                       "body_html", "maintext", "text", "content"}) {
        if (name == one) return true;
    }
    return false;
}

// The end of the JSON value at `at`, or npos.
std::size_t value_end(std::string_view text, std::size_t at) noexcept {
    const char first = at < text.size() ? text[at] : '\0';
    if (first == '"') {
        for (std::size_t i = at + 1; i < text.size(); ++i) {
            if (text[i] == '\\') {
                ++i;
            } else if (text[i] == '"') {
                return i + 1;
            }
        }
        return std::string_view::npos;
    }
    if (first == '{' || first == '[') {
        JsonScanner scanner;
        const std::size_t end = scanner.feed(text.substr(at));
        return scanner.done() && !scanner.broken() ? at + end : std::string_view::npos;
    }
    const std::size_t end = text.find_first_of(",]} \t\r\n", at);
    return end == at ? std::string_view::npos : end;
}

// The members of the object at `at`; `visit(name, value begin, value end)` says whether to go on.
// False: broken.
template <typename Visit>
bool each_member(std::string_view text, std::size_t at, Visit visit) {
    at = skip_blank(text, at + 1);
    while (at < text.size() && text[at] == '"') {
        const std::size_t name_end = value_end(text, at);
        if (name_end == std::string_view::npos) return false;
        const std::string_view name = text.substr(at + 1, name_end - at - 2);
        at = skip_blank(text, name_end);
        if (at >= text.size() || text[at] != ':') return false;
        at = skip_blank(text, at + 1);
        const std::size_t end = value_end(text, at);
        if (end == std::string_view::npos) return false;
        if (!visit(name, at, end)) return true;
        at = skip_blank(text, end);
        if (at < text.size() && text[at] == ',') at = skip_blank(text, at + 1);
    }
    return at < text.size() && text[at] == '}';
}

// ---- Wire

constexpr char kSoh = '\x01', kSyn = '\x16';

}  // namespace

bool FeedSplitter::split(std::string_view document) {
    articles_.clear();
    before_ = after_ = {};
    std::string_view text = document;
    if (text.starts_with(kBom)) text.remove_prefix(kBom.size());
    const std::size_t at = skip_blank(text, 0);
    if (at == text.size()) return false;
    switch (text[at]) {
        case '<': return split_xml(document);
        case '{': return split_json(document);
        case kSoh:
        case kSyn: return split_wire(document);
        default: return false;
    }
}

// What stands around the articles. What stands between them (in most feeds nothing) goes.
bool FeedSplitter::frame(std::string_view document) {
    if (articles_.size() < 2) return false;
    const char* const end = articles_.back().data() + articles_.back().size();
    before_ = document.substr(0, static_cast<std::size_t>(articles_[0].data() - document.data()));
    after_ = document.substr(static_cast<std::size_t>(end - document.data()));
    return before_.size() + after_.size() <= kFrameBytesMax;
}

bool FeedSplitter::split_xml(std::string_view document) {
    TagScanner tags(document);
    std::array<std::string_view, kLevelsMax> open;
    std::size_t depth = 0, article_depth = 0, begin = 0;
    bool inside = false;
    while (true) {
        const Tag tag = tags.next();
        switch (tag.kind) {
            case Tag::Kind::kEnd: return depth == 0 && frame(document);
            case Tag::Kind::kBroken: return false;
            case Tag::Kind::kOpen:
                if (!inside && depth < kLevelsMax) {
                    open[depth] = tag.name;
                    if (is_article(tag.name, depth == 0 ? std::string_view() : open[depth - 1])) {
                        inside = true;
                        article_depth = depth;
                        begin = tag.begin;
                    }
                }
                ++depth;
                break;
            case Tag::Kind::kClose:
                if (depth == 0) return false;
                --depth;
                if (inside && depth == article_depth) {
                    articles_.push_back(document.substr(begin, tag.end - begin));
                    inside = false;
                }
                break;
            case Tag::Kind::kEmpty: break;
        }
    }
}

// The array of several objects under a name that means articles, at most four objects down. An
// object that has a story of its own is an article, whatever else it lists.
bool FeedSplitter::split_json(std::string_view document) {
    constexpr int kLevels = 4;
    std::size_t at = document.find('{');
    for (int level = 0; level < kLevels; ++level) {
        std::size_t list = 0, inner = 0;
        bool story = false, title = false, json_feed = false;
        const bool whole = each_member(
            document, at, [&](std::string_view name, std::size_t begin, std::size_t end) {
                story = story || is_story_name(name);
                title = title || name == "title";
                const std::string_view value = document.substr(begin, end - begin);
                json_feed = json_feed || value.find("jsonfeed.org/version") < 16;
                if (!is_list_name(name)) return true;
                if (document[begin] == '[' && list == 0) list = begin;
                if (document[begin] == '{' && inner == 0) inner = begin;
                return true;
            });
        if (!whole || story || (title && !json_feed)) return false;
        if (list == 0) {
            if (inner == 0) return false;
            at = inner;
            continue;
        }
        std::size_t element = skip_blank(document, list + 1);
        while (element < document.size() && document[element] == '{') {
            const std::size_t end = value_end(document, element);
            if (end == std::string_view::npos) return false;
            articles_.push_back(document.substr(element, end - element));
            element = skip_blank(document, end);
            if (element < document.size() && document[element] == ',') {
                element = skip_blank(document, element + 1);
            }
        }
        return element < document.size() && document[element] == ']' && frame(document);
    }
    return false;
}

// Messages begin with SOH, some with SYN before it.
bool FeedSplitter::split_wire(std::string_view document) {
    std::size_t begin = 0;
    for (std::size_t soh = document.find(kSoh); soh != std::string_view::npos;) {
        const std::size_t next = document.find(kSoh, soh + 1);
        std::size_t end = std::min(next, document.size());
        while (next != std::string_view::npos && end > soh + 1 && document[end - 1] == kSyn) --end;
        articles_.push_back(document.substr(begin, end - begin));
        begin = end;
        soh = next;
    }
    return articles_.size() > 1;
}

void FeedSplitter::write(std::size_t i, char* to) const noexcept {
    to = std::copy(before_.begin(), before_.end(), to);
    to = std::copy(articles_[i].begin(), articles_[i].end(), to);
    std::copy(after_.begin(), after_.end(), to);
}

}  // namespace newsmill
