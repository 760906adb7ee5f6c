// Parts a file that holds several articles into documents of one article each: a NewsML-G2 message,
// an RSS or Atom feed, a JSON Feed, an API's answer, messages of a wire one after the other.
//
// Each part is the whole document without the other articles: the text before the first, one
// article, the text after the last. So a part stands for itself: namespaces, the feed's language
// and the encoding's declaration are in it, it can be sent to Kafka, and it is the same article
// wherever it is read. Nothing is parsed beyond where elements begin and end; what is broken is not
// split, and left to whoever reads the document.
//
// Memory: views of the document; a part is written into a buffer of the caller's. Threads: one.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace newsmill {

class FeedSplitter {
   public:
    // The text around the articles that goes into every part; a document with more is not split.
    static constexpr std::size_t kFrameBytesMax = 64 << 10;

    // Looks at a document. True: it holds several articles, which `document` must outlive.
    bool split(std::string_view document);

    std::size_t size() const noexcept { return articles_.size(); }
    std::size_t part_bytes(std::size_t i) const noexcept {
        return before_.size() + articles_[i].size() + after_.size();
    }
    // Writes part `i`; there is room for part_bytes(i).
    void write(std::size_t i, char* to) const noexcept;

   private:
    bool split_xml(std::string_view document);
    bool split_json(std::string_view document);
    bool split_wire(std::string_view document);
    bool frame(std::string_view document);

    std::string_view before_;
    std::string_view after_;
    std::vector<std::string_view> articles_;
};

}  // namespace newsmill
