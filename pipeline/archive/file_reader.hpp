// Turns archives into records: files, directories (recursively, by name) and standard input, plain,
// gzip or zstd, as NDJSON, a JSON array, one or more JSON objects over several lines, or plain
// text.
//
// What a file is, is told by its bytes. "[" and then a value: an array, one record an element. "{":
// NDJSON if the first line holds a whole object, else a sequence of objects (`jq .`, or just one).
// Anything else: text, the whole file is one record. Lines stay lines where the first of them is
// broken: in *.ndjson and *.jsonl, and where a later line is a whole object. Blank lines are no
// records; a byte order mark at the start is dropped; CR LF ends a line as LF does.
//
// A file that is one document of several articles (a feed, a message of NewsML) gives a record an
// article, numbered from 1: see feed_splitter.hpp.
//
// Memory: records are views into blocks, which the records share by reference count; a record keeps
// its block alive for as long as it holds `block`. Nothing is written into a record or the 64 bytes
// behind it (which may be read, as simdjson does) once it was given. A record is copied only if it
// straddles two blocks. One record over `record_bytes_max` is never held: its first bytes are given
// with kOversized, the rest is passed over, and reading goes on behind it.
//
// Threads: one; bytes_read() may be called from any. Errors: a file that cannot be opened, is cut
// off or corrupt gives the records before the fault, then an entry in errors(), and the next file
// goes on. A cut JSON record is given with kCut (it may be whole but for its line break); a cut
// text is not given, since nobody could tell that it was cut.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/archive/byte_stream.hpp"
#include "pipeline/archive/feed_splitter.hpp"
#include "pipeline/archive/json_scanner.hpp"

namespace newsmill {

struct FileReaderLimits {
    std::size_t block_bytes = 1 << 20;        // of one read; a longer record gets a larger block
    std::size_t record_bytes_max = 16 << 20;  // decompressed
    std::size_t feed_bytes_max = 64 << 20;    // of a document that may hold several records
};

// Bytes that records view. Has kPaddingBytes more than its capacity.
class Block {
   public:
    static constexpr std::size_t kPaddingBytes = 64;

    explicit Block(std::size_t capacity)
        : capacity_(capacity),
          bytes_(std::make_unique_for_overwrite<char[]>(capacity + kPaddingBytes)) {}

    char* data() noexcept { return bytes_.get(); }
    std::string_view view(std::size_t size) const noexcept { return {bytes_.get(), size}; }
    std::size_t capacity() const noexcept { return capacity_; }

   private:
    std::size_t capacity_;
    std::unique_ptr<char[]> bytes_;
};

struct FileRecord {
    enum Flag : std::uint32_t {
        kOversized = 1u << 0,  // over record_bytes_max: `bytes` is only its beginning
        kCut = 1u << 1,        // the file ended (or broke) within it
    };

    std::string_view bytes;              // 64 more may be read
    std::shared_ptr<const Block> block;  // keeps `bytes` alive
    std::string_view file;               // the path; lives as long as the reader
    std::int64_t number = 0;             // NDJSON: the line; array or objects: the element; from 1
    std::uint64_t whole_bytes = 0;       // the record's true size, also if it is oversized
    std::uint32_t flags = 0;
    bool is_text = false;  // the whole file is one plain text, not a line or an element of JSON
};

struct FileError {
    std::string file;
    std::uint64_t position = 0;  // byte of the file (of the compressed one, if it is)
    std::string message;
};

class FileReader {
   public:
    enum class Pull : std::uint8_t { kRecord, kWait, kEnd };

    // Lists directories now, opens files when their turn comes. "-" is standard input. In
    // directories, names that begin with a dot and what is no regular file are passed over.
    explicit FileReader(const std::vector<std::string>& paths, FileReaderLimits limits = {});
    ~FileReader();
    FileReader(const FileReader&) = delete;
    FileReader& operator=(const FileReader&) = delete;

    // The next record; waits for a pipe. False at the end of the last file.
    bool next(FileRecord& record) { return pull(record, true) == Pull::kRecord; }
    // The same, but says kWait where next() would wait for a pipe.
    Pull try_next(FileRecord& record) { return pull(record, false); }

    const std::vector<FileError>& errors() const noexcept { return errors_; }
    const std::vector<std::string>& files() const noexcept { return files_; }
    // Bytes on disk of all regular files (compressed, if they are), and how many were used.
    std::uint64_t bytes_total() const noexcept { return bytes_total_; }
    std::uint64_t bytes_read() const noexcept;

   private:
    enum class Kind : std::uint8_t { kUnknown, kLines, kArray, kValues, kText };
    enum class Array : std::uint8_t { kOutside, kInside };

    void list(const std::string& path);
    void list_directory(const std::string& path);
    Pull pull(FileRecord& record, bool may_wait);
    Pull pull_whole(FileRecord& record, bool may_wait);
    bool may_be_feed(const FileRecord& record) const noexcept;
    void next_part(FileRecord& record);
    std::size_t record_bytes_max() const noexcept;
    bool open_next();
    void close_file();
    void report(std::string message, std::uint64_t position);
    bool fill(bool may_wait);
    void make_room();
    bool detect();
    Kind kind_of(std::string_view text) const noexcept;
    Kind kind_of_object(std::string_view text) const noexcept;
    bool split(FileRecord& record);
    bool begin_record();
    bool begin_element();
    bool find_end();
    void pass_over();
    bool give(FileRecord& record, std::size_t line_end_bytes);
    std::string_view window() const noexcept;

    const FileReaderLimits limits_;
    std::vector<std::string> files_;
    std::uint64_t bytes_total_ = 0;
    std::vector<FileError> errors_;

    // The open file.
    std::size_t file_ = 0;
    std::size_t next_file_ = 0;
    std::atomic<bool> open_{false};
    bool named_lines_ = false;  // *.ndjson, *.jsonl
    bool ended_ = false;        // the stream gives no more bytes
    bool cut_ = false;          // because it broke
    Kind kind_ = Kind::kUnknown;
    Array array_ = Array::kOutside;
    ByteStream stream_;
    std::atomic<std::uint64_t> bytes_before_{0};  // of the files before

    // The window: what was read and not yet split, [begin_, end_) of block_. What lies before
    // fresh_ belongs to records that were given.
    std::shared_ptr<Block> block_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
    std::size_t fresh_ = 0;
    bool given_ = false;  // a record was given since fresh_ was set

    // The record that is being looked for: it starts at begin_.
    bool in_record_ = false;
    std::size_t scanned_ = 0;  // bytes of it that were seen
    std::int64_t number_ = 0;
    JsonScanner scanner_;
    bool oversized_ = false;  // its beginning is in aside_, the rest is passed over
    FileRecord aside_;

    // The records that were read but not given: one that may be a feed, if nothing follows it in
    // its file, and the one behind it.
    std::optional<FileRecord> held_;
    std::optional<FileRecord> behind_;
    FeedSplitter feed_;  // of held_, while part_ < feed_.size()
    std::size_t part_ = 0;
    bool is_feed_ = false;
    bool markup_ = false;  // the open file is a text that begins with '<'
};

}  // namespace newsmill
