#include "stages/normalize/cleaner.hpp"

#include <unicode/bytestream.h>
#include <unicode/normalizer2.h>

#include <cstddef>

#include "stages/normalize/encoding.hpp"
#include "stages/normalize/entities.hpp"
#include "stages/normalize/markup.hpp"
#include "stages/normalize/scan.hpp"

namespace newsmill::normalize {
namespace {

constexpr std::uint32_t kSpaceIssues = kIssueSpace | kIssueBreaks;
constexpr std::uint32_t kCharacterIssues = kIssueControl | kIssueInvisible | kIssueSpace;
// What another round may still find in a text that a round has changed.
constexpr std::uint32_t kRoundIssues = kIssueEntity | kIssueTag | kIssueMojibake | kIssueControl |
                                       kIssueInvisible | kIssueSpace | kIssueBreaks | kIssueNfc;
constexpr std::uint32_t kAllIssues = ~0u;
constexpr int kMojibakeLayersMax = 4;
// One huge article must not keep its memory for ever.
constexpr std::size_t kBufferBytesKept = 4 << 20;

bool is_clean(std::uint32_t issues, Form form, bool html) noexcept {
    const bool newlines_matter = form == Form::kLine || html;
    if ((issues & kIssueNewline) != 0 && newlines_matter) return false;
    return (issues & ~kIssueNewline) == 0;
}

}  // namespace

template <typename Step>
void TextCleaner::apply(Step step) {
    next_.clear();
    step(std::string_view(current_), next_);
    current_.swap(next_);
}

bool TextCleaner::compose() {
    UErrorCode error = U_ZERO_ERROR;
    const icu::Normalizer2* nfc = icu::Normalizer2::getNFCInstance(error);
    if (U_FAILURE(error)) return false;
    const icu::StringPiece text(current_.data(), static_cast<std::int32_t>(current_.size()));
    if (nfc->isNormalizedUTF8(text, error) || U_FAILURE(error)) return false;
    next_.clear();
    icu::StringByteSink<std::string> sink(&next_);
    nfc->normalizeUTF8(0, text, sink, nullptr, error);
    if (U_FAILURE(error)) return false;
    current_.swap(next_);
    return true;
}

void TextCleaner::shape(Form form) {
    apply([&](std::string_view in, std::string& out) {
        if (form == Form::kLine) {
            shape_line(in, out);
        } else {
            shaper_.shape(in, out);
        }
    });
}

std::uint32_t TextCleaner::round(std::string_view text, Form form, bool html,
                                 std::uint32_t issues) {
    std::uint32_t repairs = 0;
    current_.clear();
    if ((issues & kIssueUtf8) != 0) {
        repair_utf8(text, current_);
        repairs |= kRepairControls;
    } else {
        current_.assign(text);
    }
    // Markup first: a decoded reference inside an attribute could break its tag. Then once more,
    // for the tags that were behind references.
    const auto strip = [&](std::string_view in, std::string& out) {
        if (strip_markup(in, html, out)) repairs |= kRepairMarkup;
        html = false;  // line ends that are left are meant
    };
    if (html || (issues & kIssueTag) != 0) apply(strip);
    if ((issues & kIssueEntity) != 0 || repairs != 0) {
        apply([&](std::string_view in, std::string& out) {
            if (decode_entities(in, out)) repairs |= kRepairEntities;
        });
        if ((repairs & kRepairEntities) != 0) apply(strip);
    }
    const bool rewritten = repairs != 0;
    if ((issues & kIssueMojibake) != 0 || rewritten) {
        for (int layer = 0; layer < kMojibakeLayersMax; ++layer) {
            next_.clear();
            if (!repair_mojibake(current_, next_)) break;
            current_.swap(next_);
            repairs |= kRepairMojibake;
        }
    }
    // What the repairs brought to light. (All of it is looked for again when all was asked for.)
    if (repairs != 0 && issues != kAllIssues) issues = scan_text(current_).issues;
    const std::uint32_t before = repairs;
    if ((issues & kCharacterIssues) != 0) {
        apply([&](std::string_view in, std::string& out) { repairs |= clean_characters(in, out); });
    }
    // A character that is gone may leave blanks side by side, or a letter beside its accent.
    if (repairs != before && issues != kAllIssues) issues = scan_text(current_).issues;
    if ((issues & (kSpaceIssues | kIssueNewline)) != 0) shape(form);
    if ((issues & kIssueNfc) != 0 && compose()) repairs |= kRepairNfc;
    return repairs;
}

Cleaned TextCleaner::clean(std::string_view text, Form form, bool html, Arena& arena) noexcept {
    const Scan scan = scan_text(text);
    if (is_clean(scan.issues, form, html)) return {text, 0, scan.ascii};
    std::uint32_t repairs = round(text, form, html, scan.issues);
    Scan now = scan_text(current_);
    for (int rounds = 1; rounds < kRoundsMax && (now.issues & kRoundIssues) != 0; ++rounds) {
        // Suspicions that the round has looked into and let stand are there again; a round that
        // changes nothing ends it.
        previous_.assign(current_);
        const std::uint32_t more = round(previous_, form, false, now.issues);
        if (current_ == previous_) break;
        repairs |= more;
        now = scan_text(current_);
    }
    if (current_ == text) return {text, 0, now.ascii};
    if ((scan.issues & (kSpaceIssues | kIssueNewline)) != 0) repairs |= kRepairSpace;
    const Cleaned cleaned{arena.copy(current_), repairs, now.ascii};
    trim_buffers();
    return cleaned;
}

Cleaned TextCleaner::clean_slowly(std::string_view text, Form form, bool html,
                                  Arena& arena) noexcept {
    std::uint32_t repairs = 0;
    previous_.assign(text);
    for (int rounds = 0; rounds < kRoundsMax; ++rounds) {
        repairs |= round(previous_, form, html && rounds == 0, kAllIssues);
        if (current_ == previous_) break;
        previous_.assign(current_);
    }
    bool ascii = true;
    for (const char c : current_) ascii &= static_cast<unsigned char>(c) < 0x80;
    return {arena.copy(current_), repairs, ascii};
}

void TextCleaner::trim_buffers() {
    for (std::string* buffer : {&current_, &next_, &previous_}) {
        if (buffer->capacity() > kBufferBytesKept) std::string().swap(*buffer);
    }
}

}  // namespace newsmill::normalize
