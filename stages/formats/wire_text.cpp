#include "stages/formats/wire_text.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace newsmill {
namespace {

constexpr char kSoh = '\x01', kStx = '\x02', kEtx = '\x03', kEot = '\x04', kSyn = '\x16';
constexpr std::string_view kSpace = " \t\r\n\f\v";

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }
bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
bool is_letter(char c) noexcept { return lower(c) >= 'a' && lower(c) <= 'z'; }

std::string_view trim(std::string_view text) noexcept {
    const std::size_t first = text.find_first_not_of(kSpace);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

bool starts_folded(std::string_view text, std::string_view lower_start) noexcept {
    if (text.size() < lower_start.size()) return false;
    return std::equal(lower_start.begin(), lower_start.end(), text.begin(),
                      [](char a, char b) { return a == lower(b); });
}

std::string_view cut_line(std::string_view& text) noexcept {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
}

std::string_view cut_word(std::string_view& text) noexcept {
    text = trim(text);
    const std::size_t end = std::min(text.find_first_of(kSpace), text.size());
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(end);
    return word;
}

// The parts of a message.
struct Frame {
    std::string_view header;  // SOH to STX
    std::string_view text;    // STX to ETX
    std::string_view footer;  // ETX to EOT
};

std::string_view skip_sync(std::string_view text) noexcept {
    while (!text.empty() &&
           (text.front() == kSyn || kSpace.find(text.front()) != std::string_view::npos)) {
        text.remove_prefix(1);
    }
    return text;
}

Frame frame_of(std::string_view text) noexcept {
    text = skip_sync(text);
    text.remove_prefix(1);  // SOH
    Frame frame;
    const std::size_t stx = std::min(text.find(kStx), text.size());
    frame.header = text.substr(0, stx);
    text.remove_prefix(std::min(stx + 1, text.size()));
    const std::size_t etx = std::min(text.find(kEtx), text.size());
    frame.text = text.substr(0, etx);
    text.remove_prefix(std::min(etx + 1, text.size()));
    frame.footer = text.substr(0, std::min(text.find(kEot), text.size()));
    return frame;
}

// ---- Dates

constexpr std::array<std::string_view, 12> kMonths = {"jan", "feb", "mar", "apr", "may", "jun",
                                                      "jul", "aug", "sep", "oct", "nov", "dec"};

int month_number(std::string_view word) noexcept {
    for (std::size_t i = 0; i < kMonths.size(); ++i) {
        if (starts_folded(word, kMonths[i])) return static_cast<int>(i) + 1;
    }
    return 0;
}

int two_digits(std::string_view text, std::size_t at) noexcept {
    if (at + 2 > text.size() || !is_digit(text[at]) || !is_digit(text[at + 1])) return -1;
    return (text[at] - '0') * 10 + text[at + 1] - '0';
}

std::string_view write_date(int year, int month, int day, int hour, int minute,
                            Arena& arena) noexcept {
    if (year < 0 || month <= 0 || day <= 0 || hour < 0 || minute < 0) return {};
    constexpr std::string_view kForm = "2000-00-00T00:00:00Z";
    char* const out = arena.alloc(kForm.size());
    kForm.copy(out, kForm.size());
    const auto put = [&](std::size_t at, int value) {
        out[at] = static_cast<char>('0' + value / 10);
        out[at + 1] = static_cast<char>('0' + value % 10);
    };
    if (year >= 70) put(0, 19);
    put(2, year);
    put(5, month);
    put(8, day);
    put(11, hour);
    put(14, minute);
    return {out, kForm.size()};
}

// "131137 GMT Nov 13": day and time, month and year.
std::string_view iptc_date(std::string_view footer, Arena& arena) noexcept {
    const std::string_view stamp = cut_word(footer);
    if (stamp.size() < 6) return {};
    std::string_view word = cut_word(footer);
    if (month_number(word) == 0) word = cut_word(footer);  // a zone; IPTC 7901 knows GMT alone
    const std::string_view year = cut_word(footer);
    return write_date(two_digits(year, year.size() >= 4 ? 2 : 0), month_number(word),
                      two_digits(stamp, 0), two_digits(stamp, 2), two_digits(stamp, 4), arena);
}

// "AP-WF-11-13-13 1509GMT": month, day, year, time.
std::string_view anpa_date(std::string_view footer, Arena& arena) noexcept {
    for (std::size_t at = 0; at + 13 <= footer.size(); ++at) {
        const bool shape = two_digits(footer, at) >= 0 && footer[at + 2] == '-' &&
                           two_digits(footer, at + 3) >= 0 && footer[at + 5] == '-' &&
                           two_digits(footer, at + 6) >= 0 && footer[at + 8] == ' ';
        if (!shape) continue;
        return write_date(two_digits(footer, at + 6), two_digits(footer, at),
                          two_digits(footer, at + 3), two_digits(footer, at + 9),
                          two_digits(footer, at + 11), arena);
    }
    return {};
}

// ---- Text

bool is_byline(std::string_view line) noexcept {
    for (const std::string_view start : {"by ", "von ", "par ", "por ", "di "}) {
        if (starts_folded(line, start)) return true;
    }
    return false;
}

// Joins the lines of paragraphs; an empty line or an indented one begins the next.
class Story {
   public:
    explicit Story(std::string& out) : out_(out) { out_.clear(); }

    void line(std::string_view line) {
        const std::string_view text = trim(line);
        if (text.empty()) {
            open_ = false;
            return;
        }
        if (line.starts_with("  ") || line.starts_with('\t')) open_ = false;
        if (!out_.empty()) out_.append(open_ ? " " : "\n\n");
        for (const char c : text) {
            // Framing that is left over; tabs part the cells of tables.
            if (static_cast<unsigned char>(c) >= 0x20 || c == '\t') out_.push_back(c);
        }
        open_ = true;
    }
    void end_paragraph() { open_ = false; }

   private:
    std::string& out_;
    bool open_ = false;
};

// ---- IPTC 7901

bool is_divider(std::string_view line) noexcept {
    line = trim(line);
    return line.size() >= 5 && line.find_first_not_of("* ") == std::string_view::npos;
}

// Where dpa's notebook begins: a heading of it, or the row of stars before what is not for
// publication.
bool begins_notebook(std::string_view line, std::string_view rest) noexcept {
    if (line.starts_with("# ")) {
        const std::string_view title = line.substr(2);
        for (const std::string_view word : {"notebook", "dpa notebook", "notizblock",
                                            "dpa notizblock", "dpa-notizblock", "dpa-notebook"}) {
            if (starts_folded(title, word)) return true;
        }
    }
    if (!is_divider(line)) return false;
    const std::string_view next = cut_line(rest);
    return starts_folded(next, "the following information is not") ||
           starts_folded(next, "die folgenden informationen sind nicht");
}

// "dpa wsz jln npr": the initials of the desk at the end.
bool is_signature(std::string_view line) noexcept {
    constexpr std::size_t kBytesMax = 40;
    line = trim(line);
    return line.size() <= kBytesMax &&
           (line.starts_with("dpa ") || line.starts_with("dpa/") || line.starts_with("dpa-"));
}

std::string_view known_service(std::string_view text) noexcept {
    for (const std::string_view name :
         {"dpa",     "AFP",      "APA",    "SDA",    "ATS", "ANP", "EFE", "Belga",
          "Reuters", "ANSA",     "NTB",    "Ritzau", "STT", "PAP", "CTK", "Lusa",
          "TASS",    "Interfax", "Xinhua", "AAP",    "AP",  "PA"}) {
        const auto at = std::search(text.begin(), text.end(), name.begin(), name.end(),
                                    [](char a, char b) { return lower(a) == lower(b); });
        if (at == text.end()) continue;
        const bool starts = at == text.begin() || !is_letter(at[-1]);
        const auto end = at + static_cast<long>(name.size());
        if (starts && (end == text.end() || !is_letter(*end))) return name;
    }
    return {};
}

void read_iptc_header(std::string_view header, Arena& arena, Fields& fields) {
    static_cast<void>(arena);
    std::string_view line = cut_line(header);
    fields.source = known_service(line);
    fields.id = cut_word(line);
    // Older headers part the service from its number.
    std::string_view word = cut_word(line);
    for (int i = 0; i < 2 && word.size() != 1; ++i) word = cut_word(line);
    if (word.size() == 1 && is_digit(word[0])) fields.urgency = word;
    while (!header.empty()) {
        std::string_view slug = trim(cut_line(header));
        if (slug.empty()) continue;
        while (slug.ends_with('/')) slug.remove_suffix(1);
        fields.slugline = slug;
        return;
    }
}

// The headline and bylines: the lines up to one that ends in "=", or a first line that an empty
// line follows. Returns what is left.
std::string_view read_iptc_head(std::string_view text, std::string& scratch, Arena& arena,
                                Fields& fields) {
    constexpr int kHeadLinesMax = 6;
    while (!text.empty() && trim(text.substr(0, text.find('\n'))).empty()) cut_line(text);
    std::string_view rest = text;
    int lines = 0;
    bool closed = false;
    for (std::string_view probe = text; lines < kHeadLinesMax && !probe.empty();) {
        const std::string_view line = trim(cut_line(probe));
        if (line.empty()) break;
        ++lines;
        if (line.ends_with('=')) {
            closed = true;
            rest = probe;
            break;
        }
    }
    const std::string_view first = text.substr(0, text.find('\n'));
    if (!closed) {
        std::string_view after = text;
        cut_line(after);
        const bool alone = trim(after.substr(0, after.find('\n'))).empty();
        if (!alone || first.starts_with("  ") || trim(first).ends_with('.')) return text;
        lines = 1;
        rest = after;
    }
    scratch.clear();
    for (int i = 0; i < lines; ++i) {
        std::string_view line = trim(cut_line(text));
        while (line.ends_with('=')) line = trim(line.substr(0, line.size() - 1));
        if (i > 0 && is_byline(line)) {
            fields.by = line;
            continue;
        }
        if (!scratch.empty()) scratch.push_back(' ');
        scratch.append(line);
    }
    fields.headline = arena.copy(scratch);
    return rest;
}

void read_iptc7901(const Frame& frame, std::string& scratch, Arena& arena, Fields& fields) {
    read_iptc_header(frame.header, arena, fields);
    std::string_view text = read_iptc_head(frame.text, scratch, arena, fields);
    Story story(scratch);
    while (!text.empty()) {
        const std::string_view here = text;
        const std::string_view line = cut_line(text);
        if (begins_notebook(line, text)) {
            fields.ednote = trim(here);
            break;
        }
        if (is_signature(line) && trim(text).empty()) break;
        story.line(line);
    }
    fields.body = arena.copy(scratch);
    fields.published = iptc_date(frame.footer, arena);
    fields.updated = fields.published;
    if (fields.source.empty()) fields.source = known_service(fields.body.substr(0, 120));
}

// ---- ANPA 1312

// The form of a line without its ends: "^" before, "<" or "=" behind.
std::string_view strip_marks(std::string_view line) noexcept {
    line = trim(line);
    while (line.starts_with('^')) line.remove_prefix(1);
    while (line.ends_with('<') || line.ends_with('=')) line = trim(line.substr(0, line.size() - 1));
    return line;
}

// ``…'' and " _ " as what they stand for; in place of the text in `out`.
std::string_view typography(std::string_view text, std::string& out, Arena& arena) {
    out.clear();
    for (std::size_t i = 0; i < text.size(); ++i) {
        const std::string_view rest = text.substr(i);
        if (rest.starts_with("``") || rest.starts_with("''")) {
            out.push_back('"');
            ++i;
        } else if (rest.starts_with(" _ ")) {
            out.append(" \xE2\x80\x94 ");
            i += 2;
        } else {
            out.push_back(text[i]);
        }
    }
    return arena.copy(out);
}

void read_anpa_header(std::string_view header, Fields& fields) {
    cut_line(header);
    const std::string_view line = trim(cut_line(header));
    if (line.empty()) return;
    // Flash, bulletin, urgent, regular, deferred.
    constexpr std::string_view kPriorities = "fburd";
    const std::size_t priority = kPriorities.find(line[0]);
    constexpr std::string_view kUrgencies = "12345";
    if (priority != std::string_view::npos) fields.urgency = kUrgencies.substr(priority, 1);
}

// "BC-LT--Argentina-Cancer Beauty,466" without the count of words.
std::string_view without_count(std::string_view slug) noexcept {
    const std::size_t comma = slug.rfind(',');
    if (comma == std::string_view::npos) return slug;
    const std::string_view tail = trim(slug.substr(comma + 1));
    return std::all_of(tail.begin(), tail.end(), is_digit) ? trim(slug.substr(0, comma)) : slug;
}

// Of the lines with "^" the first is the slug; of the others, what is none of these is the
// headline, a second one a summary.
void read_anpa_mark(std::string_view line, Fields& fields) {
    const bool names = trim(line).ends_with('=');
    const std::string_view text = strip_marks(line);
    if (text.empty() || text == "END") return;
    if (fields.slugline.empty()) {
        fields.slugline = without_count(text);
    } else if (starts_folded(text, "eds:") || starts_folded(text, "eds.")) {
        fields.ednote = text;
    } else if (starts_folded(text, "ap photo") || starts_folded(text, "photo ") ||
               starts_folded(text, "ap graphic") || starts_folded(text, "ap video")) {
        return;
    } else if (names) {
        if (fields.by.empty() && is_byline(text)) fields.by = text;
    } else if (fields.headline.empty()) {
        fields.headline = text;
    }
}

void read_anpa(const Frame& frame, std::string& scratch, Arena& arena, Fields& fields) {
    read_anpa_header(frame.header, fields);
    std::string_view text = frame.text;
    Story story(scratch);
    while (!text.empty()) {
        std::string_view line = cut_line(text);
        if (trim(line).starts_with('^')) {
            read_anpa_mark(line, fields);
            continue;
        }
        // "<" ends a line that is not to be joined with the next.
        const bool hard = trim(line).ends_with('<');
        if (hard) line = line.substr(0, line.rfind('<'));
        story.line(line);
        if (hard) story.end_paragraph();
    }
    const std::string_view body = arena.copy(scratch);
    fields.body = typography(body, scratch, arena);
    if (fields.headline.empty()) fields.headline = fields.slugline;
    fields.headline = typography(fields.headline, scratch, arena);
    fields.published = anpa_date(frame.footer, arena);
    fields.updated = fields.published;
    std::string_view footer = trim(frame.footer);
    const std::size_t dash = footer.find('-');
    if (dash != std::string_view::npos && dash <= 8) fields.source = footer.substr(0, dash);
}

bool is_anpa(const Frame& frame) noexcept {
    return frame.header.substr(0, frame.header.find('\n')).find('\x1f') != std::string_view::npos ||
           trim(frame.text).starts_with('^');
}

}  // namespace

bool is_wire_text(std::string_view text) noexcept { return skip_sync(text).starts_with(kSoh); }

void read_wire_text(std::string_view text, std::string& scratch, Arena& arena,
                    Fields& fields) noexcept {
    const Frame frame = frame_of(text);
    if (is_anpa(frame)) {
        read_anpa(frame, scratch, arena, fields);
    } else {
        read_iptc7901(frame, scratch, arena, fields);
    }
}

bool is_mail(std::string_view text) noexcept {
    constexpr int kLinesMax = 8;
    text = text.substr(std::min(text.find_first_not_of(kSpace), text.size()));
    int headers = 0;
    bool transport = false;
    for (int i = 0; i < kLinesMax && !text.empty(); ++i) {
        const std::string_view line = cut_line(text);
        if (line.starts_with(' ') || line.starts_with('\t')) continue;
        const std::size_t colon = line.find(':');
        if (colon == std::string_view::npos || colon == 0) break;
        const bool name =
            std::all_of(line.begin(), line.begin() + static_cast<long>(colon),
                        [](char c) { return is_letter(c) || c == '-' || is_digit(c); });
        if (!name) break;
        ++headers;
        for (const std::string_view one :
             {"received:", "delivered-to:", "return-path:", "message-id:", "mime-version:",
              "x-received:", "dkim-signature:"}) {
            transport = transport || starts_folded(line, one);
        }
    }
    return headers >= 2 && transport;
}

}  // namespace newsmill
