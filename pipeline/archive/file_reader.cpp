#include "pipeline/archive/file_reader.hpp"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "pipeline/check.hpp"

namespace newsmill {

namespace {

// What is kept of a record that is too large: enough to see what it was.
constexpr std::size_t kOversizedKeptBytes = 64 << 10;

// How far to look for what kind of file it is.
constexpr std::size_t kDetectBytes = 1 << 20;

constexpr std::string_view kBom = "\xef\xbb\xbf";

std::size_t skip_blank(std::string_view text, std::size_t at = 0) noexcept {
    while (at < text.size() && is_json_blank(text[at])) ++at;
    return at;
}

bool is_blank(std::string_view text) noexcept { return skip_blank(text) == text.size(); }

std::string_view first_line(std::string_view text) noexcept {
    return text.substr(0, text.find('\n'));
}

// One JSON object and nothing else.
bool is_whole_object(std::string_view line) noexcept {
    const std::string_view text = line.substr(skip_blank(line));
    if (!text.starts_with('{')) return false;
    JsonScanner scanner;
    const std::size_t end = scanner.feed(text);
    return scanner.done() && !scanner.broken() && is_blank(text.substr(end));
}

bool has_object_line(std::string_view text) noexcept {
    while (!text.empty()) {
        const std::string_view line = first_line(text);
        if (is_whole_object(line)) return true;
        text.remove_prefix(std::min(text.size(), line.size() + 1));
    }
    return false;
}

// "[" is a bracket of JSON, not of a text such as "[UPDATE] Storm reaches the coast".
bool begins_array(std::string_view text) noexcept {
    const std::string_view rest = text.substr(skip_blank(text, 1));
    if (rest.empty()) return true;
    return std::string_view("{[]\"-0123456789").find(rest[0]) != std::string_view::npos ||
           rest.starts_with("null") || rest.starts_with("true") || rest.starts_with("false");
}

// "{" is a brace of JSON, not of RTF.
bool begins_object(std::string_view text) noexcept {
    const std::size_t at = skip_blank(text, 1);
    return at == text.size() || text[at] == '"' || text[at] == '}';
}

// XML, HTML, the control characters of a wire, or an e-mail.
bool begins_document(std::string_view text) noexcept {
    if (text[0] == '\x01' || text[0] == '\x16') return true;
    // An e-mail may hold an object on a line; it is one mail all the same.
    for (const std::string_view header : {"Delivered-To:", "Received:", "Return-Path:"}) {
        if (text.starts_with(header)) return true;
    }
    if (text[0] != '<' || text.size() < 2) return false;
    const char second = text[1];
    return second == '?' || second == '!' || (second >= 'a' && second <= 'z') ||
           (second >= 'A' && second <= 'Z');
}

bool has_line_name(std::string_view path) noexcept {
    for (const std::string_view packed : {".gz", ".zst"}) {
        if (path.ends_with(packed)) path.remove_suffix(packed.size());
    }
    return path.ends_with(".ndjson") || path.ends_with(".jsonl");
}

}  // namespace

FileReader::FileReader(const std::vector<std::string>& paths, FileReaderLimits limits)
    : limits_(limits) {
    NEWSMILL_CHECK(limits.block_bytes > 0 && limits.record_bytes_max > 0, "limits are positive");
    for (const std::string& path : paths) list(path);
}

FileReader::~FileReader() = default;

// ---- Files ------------------------------------------------------------------------------------

void FileReader::list(const std::string& path) {
    std::error_code error;
    if (path != "-" && std::filesystem::is_directory(path, error)) {
        list_directory(path);
        return;
    }
    files_.push_back(path);
    if (path == "-" || !std::filesystem::is_regular_file(path, error)) return;
    const auto bytes = std::filesystem::file_size(path, error);
    if (!error) bytes_total_ += bytes;
}

void FileReader::list_directory(const std::string& path) {
    std::error_code error;
    std::vector<std::filesystem::directory_entry> entries;
    for (std::filesystem::directory_iterator at(path, error), end; !error && at != end;
         at.increment(error)) {
        if (!at->path().filename().native().starts_with('.')) entries.push_back(*at);
    }
    if (error) errors_.push_back({path, 0, "cannot list: " + error.message()});
    std::sort(entries.begin(), entries.end());
    for (const auto& entry : entries) {
        std::error_code ignored;
        // A linked directory could lead back here.
        if (entry.is_directory(ignored)) {
            if (!entry.is_symlink(ignored)) list_directory(entry.path().native());
        } else if (entry.is_regular_file(ignored)) {
            list(entry.path().native());
        }
    }
}

std::uint64_t FileReader::bytes_read() const noexcept {
    return bytes_before_.load(std::memory_order_relaxed) +  // a progress bar: orders nothing
           (open_.load(std::memory_order_relaxed) ? stream_.position() : 0);
}

void FileReader::report(std::string message, std::uint64_t position) {
    errors_.push_back({files_[file_], position, std::move(message)});
}

bool FileReader::open_next() {
    while (next_file_ < files_.size()) {
        file_ = next_file_++;
        if (!stream_.open(files_[file_])) {
            report(stream_.error(), 0);
            continue;
        }
        open_.store(true, std::memory_order_relaxed);
        named_lines_ = has_line_name(files_[file_]);
        ended_ = cut_ = in_record_ = oversized_ = false;
        kind_ = Kind::kUnknown;
        array_ = Array::kOutside;
        number_ = 0;
        begin_ = end_;
        return true;
    }
    return false;
}

void FileReader::close_file() {
    if (cut_) {
        report(stream_.error(), stream_.position());
    } else if (kind_ == Kind::kArray && array_ == Array::kInside) {
        report("the file ends within its JSON array", stream_.position());
    }
    open_.store(false, std::memory_order_relaxed);
    bytes_before_.store(bytes_before_.load(std::memory_order_relaxed) + stream_.position(),
                        std::memory_order_relaxed);
    stream_.close();
}

// ---- The window -------------------------------------------------------------------------------

std::string_view FileReader::window() const noexcept {
    return block_ == nullptr ? std::string_view{}
                             : std::string_view{block_->data() + begin_, end_ - begin_};
}

// Makes room behind the window, without touching what given records may look at.
void FileReader::make_room() {
    const std::size_t tail = end_ - begin_;
    const std::size_t room_min = std::max<std::size_t>(limits_.block_bytes / 8, 1);
    if (block_ != nullptr) {
        if (!given_ && block_->capacity() - end_ >= room_min) return;
        const std::size_t at = given_ ? end_ + Block::kPaddingBytes : fresh_;
        if (at + tail + room_min <= block_->capacity()) {
            std::memmove(block_->data() + at, block_->data() + begin_, tail);
            begin_ = fresh_ = at;
            end_ = at + tail;
            given_ = false;
            return;
        }
    }
    // Twice the tail: a record that grows through many reads is copied a constant number of times.
    auto larger = std::make_shared<Block>(std::max(limits_.block_bytes, 2 * tail));
    if (tail > 0) std::memcpy(larger->data(), block_->data() + begin_, tail);
    block_ = std::move(larger);
    begin_ = fresh_ = 0;
    end_ = tail;
    given_ = false;
}

// Reads more. False: it would have to wait.
bool FileReader::fill(bool may_wait) {
    make_room();
    std::size_t got = 0;
    const auto status =
        stream_.read(block_->data() + end_, block_->capacity() - end_, may_wait, got);
    end_ += got;
    std::memset(block_->data() + end_, 0, Block::kPaddingBytes);
    ended_ = status == ByteStream::Status::kEnd || status == ByteStream::Status::kError;
    cut_ = status == ByteStream::Status::kError;
    return status != ByteStream::Status::kWait;
}

// ---- What kind of file ------------------------------------------------------------------------

// kUnknown: more bytes are needed. `text` begins with a brace.
FileReader::Kind FileReader::kind_of_object(std::string_view text) const noexcept {
    const std::string_view line = first_line(text);
    const bool whole_line = line.size() < text.size() || ended_;
    // A first line as long as this is no indented JSON.
    if (!whole_line) return text.size() < kDetectBytes ? Kind::kUnknown : Kind::kLines;
    JsonScanner scanner;
    const std::size_t end = scanner.feed(line);
    if (scanner.done()) return is_blank(line.substr(end)) ? Kind::kLines : Kind::kValues;

    // The object is open at the line's end: indented JSON, or a broken first line. It is broken if
    // a string is open, or if the next line's brace cannot stand where it stands.
    JsonScanner with_break;
    with_break.feed(text.substr(0, line.size() + 1));
    if (with_break.broken()) return Kind::kLines;
    const std::size_t next = skip_blank(text, line.size());
    if (next == text.size() && !ended_ && text.size() < kDetectBytes) return Kind::kUnknown;
    const std::size_t last = line.find_last_not_of(" \t\r");
    const bool may_open = std::string_view("[,:").find(line[last]) != std::string_view::npos;
    return next < text.size() && text[next] == '{' && !may_open ? Kind::kLines : Kind::kValues;
}

FileReader::Kind FileReader::kind_of(std::string_view text) const noexcept {
    const bool last_look = ended_ || text.size() >= kDetectBytes;
    const std::string_view seen = text.substr(skip_blank(text));
    if (seen.empty()) return last_look ? Kind::kLines : Kind::kUnknown;
    // The byte behind the bracket tells; wait for it.
    if (is_blank(seen.substr(1)) && !last_look) return Kind::kUnknown;
    if (seen[0] == '[' && begins_array(seen)) {
        const std::size_t inner = skip_blank(seen, 1);
        const bool of_objects = inner < seen.size() && seen[inner] == '{';
        return named_lines_ && !of_objects ? Kind::kLines : Kind::kArray;
    }
    if (named_lines_) return Kind::kLines;
    if (seen[0] == '{' && begins_object(seen)) return kind_of_object(seen);
    // A page may hold objects on lines of their own, in its scripts; a message of a wire none.
    if (begins_document(seen)) return last_look ? Kind::kText : Kind::kUnknown;
    if (has_object_line(text)) return Kind::kLines;
    return last_look ? Kind::kText : Kind::kUnknown;
}

// False: more bytes are needed.
bool FileReader::detect() {
    std::string_view text = window();
    if (text.size() < kBom.size() && !ended_) return false;
    if (text.starts_with(kBom)) text.remove_prefix(kBom.size());
    kind_ = kind_of(text);
    if (kind_ == Kind::kUnknown) return false;
    begin_ = end_ - text.size();
    const std::size_t first = skip_blank(text);
    markup_ = first < text.size() && text[first] == '<';
    return true;
}

// ---- Records ----------------------------------------------------------------------------------

// Goes to the first byte of the next value. False: not in this window.
bool FileReader::begin_element() {
    for (; begin_ < end_; ++begin_) {
        const char c = window()[0];
        if (is_json_blank(c) || c == ',' || c == '\x1e') continue;  // RS: RFC 7464
        if (kind_ == Kind::kValues) return true;
        if (array_ == Array::kInside) {
            if (c != ']') return true;
            array_ = Array::kOutside;
        } else if (c == '[') {
            array_ = Array::kInside;
        } else {
            const std::uint64_t ahead = stream_.compressed() ? 0 : end_ - begin_;
            report("other text follows the JSON array", stream_.position() - ahead);
            begin_ = end_;
            ended_ = true;
        }
    }
    return false;
}

bool FileReader::begin_record() {
    const bool elements = kind_ == Kind::kArray || kind_ == Kind::kValues;
    if (elements ? !begin_element() : begin_ == end_) return false;
    ++number_;
    in_record_ = true;
    scanned_ = 0;
    scanner_.reset();
    return true;
}

// Looks at the bytes that were not seen yet. True: the record is scanned_ long.
bool FileReader::find_end() {
    const std::string_view text = window();
    if (kind_ == Kind::kLines) {
        const std::size_t line_end = text.find('\n', scanned_);
        scanned_ = std::min(line_end, text.size());
        return line_end != std::string_view::npos;
    }
    if (kind_ == Kind::kText) {
        scanned_ = text.size();
        return false;
    }
    scanned_ += scanner_.feed(text.substr(scanned_));
    return scanner_.done();
}

// A document in markup may be a feed of many articles.
std::size_t FileReader::record_bytes_max() const noexcept {
    return kind_ == Kind::kText && markup_
               ? std::max(limits_.record_bytes_max, limits_.feed_bytes_max)
               : limits_.record_bytes_max;
}

// The record is too large: keeps its beginning and forgets the rest of the window.
void FileReader::pass_over() {
    if (!oversized_) {
        const std::size_t kept = std::min(kOversizedKeptBytes, limits_.record_bytes_max);
        aside_ = {window().substr(0, kept), block_, files_[file_], number_, 0, 0};
        oversized_ = true;
        given_ = true;
    }
    aside_.whole_bytes += scanned_;
    begin_ += scanned_;
    scanned_ = 0;
}

// False: there is nothing to give (a blank line).
bool FileReader::give(FileRecord& record, std::size_t line_end_bytes) {
    std::string_view bytes = window().substr(0, scanned_);
    if (oversized_ || bytes.size() > record_bytes_max()) {
        pass_over();
        record = std::move(aside_);
        record.flags = FileRecord::kOversized;
        oversized_ = false;
    } else {
        begin_ += scanned_;
        if (kind_ == Kind::kLines && bytes.ends_with('\r')) bytes.remove_suffix(1);
        if (is_blank(bytes)) {
            begin_ += line_end_bytes;
            return false;
        }
        if (record.block != block_) record.block = block_;
        record.bytes = bytes;
        record.file = files_[file_];
        record.number = number_;
        record.whole_bytes = bytes.size();
        record.flags = 0;
        record.is_text = kind_ == Kind::kText;
        given_ = true;
    }
    begin_ += line_end_bytes;
    const bool elements = kind_ == Kind::kArray || kind_ == Kind::kValues;
    const bool open_ended = begin_ == end_ && ended_ && line_end_bytes == 0;
    if (open_ended && (cut_ || (elements && !scanner_.done()))) record.flags |= FileRecord::kCut;
    return !(kind_ == Kind::kText && cut_);
}

// False: the window holds no whole record. When the file has ended: there are no more.
bool FileReader::split(FileRecord& record) {
    while (true) {
        if (!in_record_ && !begin_record()) return false;
        const bool found = find_end();
        if (!found && !ended_) {
            if (oversized_ || scanned_ > record_bytes_max()) pass_over();
            return false;
        }
        in_record_ = false;
        if (give(record, found && kind_ == Kind::kLines ? 1 : 0)) return true;
    }
}

FileReader::Pull FileReader::pull_whole(FileRecord& record, bool may_wait) {
    while (true) {
        if (!open_.load(std::memory_order_relaxed) && !open_next()) return Pull::kEnd;
        if (kind_ != Kind::kUnknown || detect()) {
            if (split(record)) return Pull::kRecord;
            if (ended_) {
                close_file();
                continue;
            }
        }
        if (!fill(may_wait)) return Pull::kWait;
    }
}

// ---- Feeds ------------------------------------------------------------------------------------

bool FileReader::may_be_feed(const FileRecord& record) const noexcept {
    return record.number == 1 && record.flags == 0 &&
           (record.is_text || record.bytes.starts_with('{'));
}

void FileReader::next_part(FileRecord& record) {
    const std::size_t bytes = feed_.part_bytes(part_);
    auto block = std::make_shared<Block>(bytes);
    feed_.write(part_, block->data());
    std::memset(block->data() + bytes, 0, Block::kPaddingBytes);
    record = *held_;
    record.bytes = {block->data(), bytes};
    record.block = std::move(block);
    record.number = static_cast<std::int64_t>(++part_);
    record.whole_bytes = bytes;
    if (part_ == feed_.size()) {
        is_feed_ = false;
        held_.reset();
    }
}

FileReader::Pull FileReader::pull(FileRecord& record, bool may_wait) {
    if (is_feed_) {
        next_part(record);
        return Pull::kRecord;
    }
    if (!held_) {
        if (behind_) {
            record = std::move(*behind_);
            behind_.reset();
        } else if (const Pull got = pull_whole(record, may_wait); got != Pull::kRecord) {
            return got;
        }
        if (!may_be_feed(record) || !feed_.split(record.bytes)) return Pull::kRecord;
        held_ = record;
    }
    // Lines that look like feeds stay lines: their numbers would meet those of a feed's articles.
    if (!held_->is_text && !behind_) {
        FileRecord next;
        const Pull got = pull_whole(next, may_wait);
        if (got == Pull::kWait) return got;
        if (got == Pull::kRecord) behind_ = std::move(next);
    }
    if (behind_ && behind_->file.data() == held_->file.data()) {
        record = std::move(*held_);
        held_.reset();
        return Pull::kRecord;
    }
    is_feed_ = true;
    part_ = 0;
    next_part(record);
    return Pull::kRecord;
}

}  // namespace newsmill
