// Where in a provider's JSON each field of an article is found: a list of pointers a field, best
// first, compiled into a tree that is walked along with the document.
//
// A pointer is RFC 6901 (`/thread/site`, `/items/0/title`) or dotted (`thread.site`, for names
// without a dot). Names are compared without regard to ASCII case, `_` and `-`: versionCreated,
// versioncreated and version_created are one name, since providers and ninjs's own versions differ
// in nothing else.
//
// An article may stand one level deeper, as the `item`, `data`, `_source`, … of an envelope: such
// a member's value is walked from the root again, and gives way to what the envelope itself says.
// Or it is the only element of an `items`, `articles`, … of a feed or an answer of an API.
//
// Immutable once built; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace newsmill {

// The slots of Fields that a pointer can fill, named in the configuration as in Fields.
// body_html is the body if it is HTML; summary is the body if there is no other.
enum class Field : std::uint8_t {
    kId,
    kUri,
    kUrl,
    kHeadline,
    kBody,
    kBy,
    kLocated,
    kLanguage,
    kSource,
    kPublished,
    kUpdated,
    kVersion,
    kPubStatus,
    kUrgency,
    kEdnote,
    kSlugline,
    kCopyright,
    kCopyrightNotice,
    kUsageTerms,
    kEmbargoed,
    kMedium,  // ninjs's type; no slot of Fields
    kCount
};
inline constexpr std::size_t kFieldCount = static_cast<std::size_t>(Field::kCount);

using FieldPointers = std::map<std::string, std::vector<std::string>>;

// The built-in pointers of every field.
const FieldPointers& default_field_pointers();

class FieldMap {
   public:
    struct Leaf {
        Field field;
        bool html;           // the text there is HTML
        std::uint16_t rank;  // the lower, the better
    };
    using Node = std::int32_t;
    static constexpr Node kNone = -1;
    static constexpr Node kRoot = 0;

    // The defaults, with the lists of `overrides` in place of theirs. Throws
    // std::invalid_argument for an unknown field or an empty pointer.
    explicit FieldMap(const FieldPointers& overrides = {});

    // The child of `node` for a member (unescaped name), or kNone.
    Node find(Node node, std::string_view name) const noexcept;
    Node find(Node node, std::size_t array_index) const noexcept;

    const std::vector<Leaf>& leaves(Node node) const noexcept { return nodes_[index(node)].leaves; }
    bool is_envelope(Node node) const noexcept { return nodes_[index(node)].envelope; }
    // Its array holds articles, if it holds objects.
    bool is_list(Node node) const noexcept { return nodes_[index(node)].list; }
    bool has_children(Node node) const noexcept { return !nodes_[index(node)].edges.empty(); }

   private:
    static constexpr std::size_t kNameBytesMax = 64;  // of a member's name; longer is unknown
    static constexpr std::size_t kBuckets = 64;
    struct Edge {
        std::string folded;
        Node child;
        std::int16_t next;  // in the bucket; -1 ends
    };
    struct TreeNode {
        std::vector<Edge> edges;
        std::array<std::int16_t, kBuckets> buckets;
        std::vector<Leaf> leaves;
        bool envelope = false;
        bool list = false;
    };

    static std::size_t index(Node node) noexcept { return static_cast<std::size_t>(node); }
    static std::size_t fold(std::string_view name, char* out) noexcept;
    static std::size_t bucket(std::string_view folded) noexcept;
    void add(const std::string& field, const std::vector<std::string>& pointers);
    Node add_node();
    Node child(Node node, const std::string& name);

    std::vector<TreeNode> nodes_;
};

}  // namespace newsmill
