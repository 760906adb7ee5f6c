#include "stages/formats/field_map.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <stdexcept>

namespace newsmill {
namespace {

struct FieldName {
    std::string_view name;
    Field field;
    bool html = false;
    std::uint16_t rank_base = 0;  // of one field's several lists, one comes wholly after another
};

constexpr FieldName kFieldNames[] = {
    {"id", Field::kId},
    {"uri", Field::kUri},
    {"url", Field::kUrl},
    {"headline", Field::kHeadline},
    {"body", Field::kBody},
    {"body_html", Field::kBody, true, 1000},
    {"summary", Field::kBody, false, 2000},
    {"by", Field::kBy},
    {"located", Field::kLocated},
    {"language", Field::kLanguage},
    {"source", Field::kSource},
    {"published", Field::kPublished},
    {"updated", Field::kUpdated},
    {"version", Field::kVersion},
    {"pub_status", Field::kPubStatus},
    {"urgency", Field::kUrgency},
    {"ednote", Field::kEdnote},
    {"slugline", Field::kSlugline},
    {"copyright", Field::kCopyright},
    {"copyright_notice", Field::kCopyrightNotice},
    {"usage_terms", Field::kUsageTerms},
    {"embargoed", Field::kEmbargoed},
    {"medium", Field::kMedium},
};

// Members that hold a whole article: answers of search engines and APIs, change events.
constexpr const char* kEnvelopes[] = {"item",    "data",      "article",  "story",
                                      "_source", "doc",       "document", "attributes",
                                      "payload", "news_item", "response"};

// Members whose array holds articles: JSON Feed, NewsAPI, search engines, agencies' APIs.
constexpr const char* kLists[] = {"items", "item", "articles", "entries", "results",
                                  "docs",  "data", "stories",  "hits",    "response"};

std::optional<FieldName> field_name(std::string_view name) {
    for (const FieldName& known : kFieldNames) {
        if (known.name == name) return known;
    }
    return std::nullopt;
}

std::string unescape_pointer_part(std::string_view part) {
    std::string name;
    for (std::size_t i = 0; i < part.size(); ++i) {
        if (part[i] == '~' && i + 1 < part.size() && (part[i + 1] == '0' || part[i + 1] == '1')) {
            name += part[++i] == '0' ? '~' : '/';
        } else {
            name += part[i];
        }
    }
    return name;
}

std::vector<std::string> split_pointer(std::string_view pointer) {
    const bool rfc6901 = pointer.starts_with('/');
    const char separator = rfc6901 ? '/' : '.';
    if (rfc6901) pointer.remove_prefix(1);
    std::vector<std::string> parts;
    while (true) {
        const std::size_t end = std::min(pointer.find(separator), pointer.size());
        const std::string_view part = pointer.substr(0, end);
        parts.push_back(rfc6901 ? unescape_pointer_part(part) : std::string(part));
        if (end == pointer.size()) return parts;
        pointer.remove_prefix(end + 1);
    }
}

}  // namespace

// Loose names; see the header. ninjs 1.x-3.1 (its lists of objects are read by the reader), the
// exports of news-please, newspaper3k, trafilatura, Webhose, NewsAPI, Event Registry and the
// Guardian, schema.org's NewsArticle, JSON Feed, WordPress.
const FieldPointers& default_field_pointers() {
    static const FieldPointers kDefaults = {
        {"id",
         {"id", "uuid", "_id", "article_id", "identifier", "item_id", "doc_id", "guid", "urn"}},
        {"uri",
         {"uri", "guid", "urn", "url", "link", "@id", "canonical_url", "canonical_link",
          "permalink", "web_url", "article_url", "source_link", "href", "thread.url"}},
        {"url",
         {"url", "link", "canonical_url", "canonical_link", "permalink", "web_url", "article_url",
          "thread.url"}},
        {"headline",
         {"headlines", "headline", "title", "title_page", "title_rss", "web_title",
          "fields.headline", "thread.title"}},
        {"body",
         {"bodies", "body_text", "maintext", "text", "body", "content_original", "content",
          "article_body", "content_text", "full_text", "plain_text", "raw_text", "article_text",
          "article", "story", "fields.body_text", "paragraphs", "news"}},
        {"body_html",
         {"body_html", "body_xhtml", "body_html5", "body_richhtml5", "content_html",
          "content:encoded", "html", "fields.body", "body_nitf", "article_html"}},
        {"summary",
         {"description_text", "description", "descriptions", "summary", "abstract", "excerpt",
          "snippet", "lead", "teaser", "description_html", "fields.trail_text"}},
        {"by",
         {"by", "byline", "author", "authors", "creator", "dc:creator", "fields.byline", "writers",
          "journalists", "thread.author"}},
        {"located", {"located", "dateline", "dateline_location"}},
        {"language",
         {"language", "lang", "in_language", "dc:language", "language_code", "locale", "languages",
          "fields.lang"}},
        {"source",
         {"info_sources", "info_source", "source", "source_domain", "thread.site", "provider",
          "publisher", "news_outlet", "outlet", "source_name", "site_name", "site", "domain",
          "hostname", "publication", "newspaper", "media_name", "fields.publication"}},
        {"published", {"published",      "date_publish",     "first_created",
                       "date_published", "published_at",     "publish_date",
                       "published_date", "publication_date", "web_publication_date",
                       "date_time_pub",  "pub_date",         "dc:date",
                       "date",           "date_time",        "datetime",
                       "created_at",     "created",          "timestamp",
                       "raw_date",       "thread.published", "version_created"}},
        {"updated",
         {"version_created", "updated", "date_modify", "date_modified", "updated_at", "modified",
          "modified_at", "last_modified", "last_updated", "fields.last_modified"}},
        {"version", {"version", "revision", "version_number"}},
        {"pub_status", {"pub_status"}},
        {"urgency", {"urgency"}},
        {"ednote", {"ednote", "editor_note", "editorial_note"}},
        {"slugline", {"slugline"}},
        {"copyright", {"copyright_holder", "copyright", "rights", "dc:rights"}},
        {"copyright_notice", {"copyright_notice"}},
        {"usage_terms", {"usage_terms"}},
        {"embargoed", {"embargoed", "embargoed_until", "embargo"}},
        {"medium", {"type"}},
    };
    return kDefaults;
}

FieldMap::FieldMap(const FieldPointers& overrides) {
    add_node();
    for (const auto& [field, pointers] : overrides) {
        if (!field_name(field)) throw std::invalid_argument("unknown article field: " + field);
        add(field, pointers);
    }
    for (const auto& [field, pointers] : default_field_pointers()) {
        if (!overrides.contains(field)) add(field, pointers);
    }
    for (const char* const name : kEnvelopes) {
        // Pointers into a member say better what is in it.
        const Node node = child(kRoot, name);
        nodes_[index(node)].envelope = !has_children(node);
    }
    for (const char* const name : kLists) {
        const Node node = child(kRoot, name);
        nodes_[index(node)].list = leaves(node).empty();
    }
}

FieldMap::Node FieldMap::add_node() {
    TreeNode& node = nodes_.emplace_back();
    node.buckets.fill(-1);
    return static_cast<Node>(nodes_.size() - 1);
}

void FieldMap::add(const std::string& field, const std::vector<std::string>& pointers) {
    const FieldName known = *field_name(field);
    std::uint16_t rank = known.rank_base;
    for (const std::string& pointer : pointers) {
        Node node = kRoot;
        for (const std::string& name : split_pointer(pointer)) {
            if (name.empty() || name.size() > kNameBytesMax) {
                throw std::invalid_argument("bad JSON pointer for the article field " + field +
                                            ": '" + pointer + "'");
            }
            node = child(node, name);
        }
        nodes_[index(node)].leaves.push_back({known.field, known.html, rank++});
    }
}

FieldMap::Node FieldMap::child(Node node, const std::string& name) {
    const Node found = find(node, name);
    if (found != kNone) return found;
    std::string folded(name.size(), '\0');
    folded.resize(fold(name, folded.data()));
    const Node added = add_node();
    TreeNode& parent = nodes_[index(node)];
    const std::size_t at = bucket(folded);
    parent.edges.push_back({folded, added, parent.buckets[at]});
    parent.buckets[at] = static_cast<std::int16_t>(parent.edges.size() - 1);
    return added;
}

FieldMap::Node FieldMap::find(Node node, std::string_view name) const noexcept {
    if (name.size() > kNameBytesMax) return kNone;
    char buffer[kNameBytesMax];
    const std::string_view folded(buffer, fold(name, buffer));
    const TreeNode& parent = nodes_[index(node)];
    std::int16_t at = parent.buckets[bucket(folded)];
    while (at >= 0) {
        const Edge& edge = parent.edges[static_cast<std::size_t>(at)];
        if (edge.folded == folded) return edge.child;
        at = edge.next;
    }
    return kNone;
}

FieldMap::Node FieldMap::find(Node node, std::size_t array_index) const noexcept {
    char digits[20];
    const char* end = std::to_chars(digits, digits + sizeof digits, array_index).ptr;
    return find(node, std::string_view(digits, static_cast<std::size_t>(end - digits)));
}

std::size_t FieldMap::fold(std::string_view name, char* out) noexcept {
    std::size_t size = 0;
    for (const char c : name) {
        // A leading one makes another name: _id, _source.
        if ((c == '_' || c == '-') && size > 0) continue;
        out[size++] = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
    }
    return size;
}

std::size_t FieldMap::bucket(std::string_view folded) noexcept {
    if (folded.empty()) return 0;
    const auto first = static_cast<unsigned char>(folded.front());
    const auto last = static_cast<unsigned char>(folded.back());
    return (folded.size() * 7 + first * 3 + last * 5) % kBuckets;
}

}  // namespace newsmill
