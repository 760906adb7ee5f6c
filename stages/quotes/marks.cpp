#include "stages/quotes/marks.hpp"

#include <algorithm>

namespace newsmill {
namespace {

constexpr std::size_t kDepthMax = 8;

bool is_double(MarkFamily family) noexcept {
    return family == MarkFamily::kStraight || family == MarkFamily::kCurly ||
           family == MarkFamily::kTwoSingles;
}

// Writers and converters mix straight, curly and doubled single marks within a pair.
bool may_pair(MarkFamily open, MarkFamily close) noexcept {
    return open == close || (is_double(open) && is_double(close)) ||
           (is_single(open) && is_single(close));
}

bool space_or_end(std::string_view body, std::size_t at) noexcept {
    return at >= body.size() || body[at] == ' ' || body[at] == '\n';
}

// Whether the mark of either use opens, given the open mark of its family (if any).
bool opens(const Tokens& tokens, const Token& mark, const Token* open) noexcept {
    const std::string_view body = tokens.body();
    const bool is_open = open != nullptr;
    const bool space_before = mark.start == 0 || space_or_end(body, mark.start - 1);
    const bool space_after = space_or_end(body, mark.end);
    // "„…“"; and "“…“", where writers took the wrong one of two keys.
    if (tokens.is(mark, "“")) {
        return !is_open || (!tokens.is(*open, "„") && space_before && !space_after);
    }
    if (tokens.is(mark, "‘")) return !(is_open && tokens.is(*open, "‚"));
    if (tokens.is(mark, "«")) return !(is_open && tokens.is(*open, "»"));
    if (tokens.is(mark, "‹")) return !(is_open && tokens.is(*open, "›"));
    return !is_open && space_before && !space_after;
}

// A mark that by its neighbours can only close, where nothing is open, opens if a word is glued to
// it: "said:"Go.""
bool opens_glued(const Tokens& tokens, const Paragraph& paragraph, std::uint32_t at) noexcept {
    const Token& mark = tokens[at];
    if (is_single(mark.family) || at + 2 >= paragraph.last || at == paragraph.first) return false;
    const Token& next = tokens[at + 1];
    const bool alike =
        mark.family == MarkFamily::kStraight || mark.family == MarkFamily::kTwoSingles;
    return alike && next.kind == TokenKind::kWord && next.start == mark.end &&
           tokens[at - 1].kind != TokenKind::kNumber;
}

// "the workers' rights": an s, the mark, then a small letter, and a better closing mark later on.
bool is_plural_genitive(const Tokens& tokens, const Paragraph& paragraph,
                        std::uint32_t at) noexcept {
    const std::string_view body = tokens.body();
    const Token& mark = tokens[at];
    if (mark.start == 0 || body[mark.start - 1] != 's') return false;
    if (at + 1 >= paragraph.last || tokens[at + 1].kind != TokenKind::kWord ||
        tokens[at + 1].capital) {
        return false;
    }
    const std::uint32_t bound = std::min<std::uint32_t>(paragraph.last, at + 60);
    for (std::uint32_t i = at + 1; i < bound; ++i) {
        const Token& token = tokens[i];
        if (token.kind != TokenKind::kMark || !is_single(token.family)) continue;
        if (token.may_open && !token.may_close) return false;
        if (token.may_close) return true;
    }
    return false;
}

// "Smith added: “We go on.": a mark that is never closed, but what it opens is sure.
bool leads_to_end(const Tokens& tokens, std::uint32_t open) noexcept {
    const TokenKind before = tokens[open - 1].kind;
    const Token& next = tokens[open + 1];
    return (before == TokenKind::kColon || before == TokenKind::kComma) &&
           next.kind == TokenKind::kWord && next.capital;
}

}  // namespace

const std::vector<Segment>& MarkPairer::pair(const Tokens& tokens) noexcept {
    segments_.clear();
    carried_ = false;
    for (std::uint32_t i = 0; i < tokens.paragraphs().size(); ++i) pair_paragraph(tokens, i);
    return segments_;
}

void MarkPairer::pair_paragraph(const Tokens& tokens, std::uint32_t index) noexcept {
    const Paragraph& paragraph = tokens.paragraphs()[index];
    const std::size_t from = segments_.size();
    const bool carried = carried_;
    carried_ = false;
    if (!paragraph.has_mark) return;
    open_.clear();
    bool first_mark = true;
    bool continues = false;
    for (std::uint32_t i = paragraph.first; i < paragraph.last; ++i) {
        const Token& token = tokens[i];
        if (token.kind != TokenKind::kMark || (!token.may_open && !token.may_close)) continue;
        std::size_t depth = open_.size();
        while (depth > 0 && !may_pair(open_[depth - 1].family, token.family)) --depth;
        // What looks like a single mark inside of double ones is an apostrophe.
        if (is_single(token.family) && depth != open_.size()) depth = 0;
        bool opening = token.may_open && !token.may_close;
        if (token.may_open && token.may_close) {
            const Token* open = depth > 0 ? &tokens[open_[depth - 1].token] : nullptr;
            opening = opens(tokens, token, open);
        } else if (!opening && depth == 0 && !(first_mark && carried)) {
            opening = opens_glued(tokens, paragraph, i);
        }
        if (first_mark && carried && may_pair(carried_family_, token.family)) {
            if (opening && i == paragraph.first) {
                continues = true;
            } else if (!opening && !is_single(token.family)) {
                segments_.push_back({paragraph.first, i, index, false, true, true, false});
                first_mark = false;
                continue;
            }
        }
        if (!is_single(token.family)) first_mark = false;
        if (opening) {
            // A second opening mark of the same kind: the first one was never closed.
            if (depth > 0 && open_[depth - 1].family == token.family) open_.resize(depth - 1);
            if (open_.size() < kDepthMax) open_.push_back({i, token.family});
        } else if (depth > 0 &&
                   !(is_single(token.family) && is_plural_genitive(tokens, paragraph, i))) {
            close_at(i, depth - 1, index);
        }
    }
    finish_paragraph(tokens, index);
    keep_outermost(from);
    if (continues && segments_.size() > from && segments_[from].open == paragraph.first) {
        segments_[from].continues = true;
    }
}

void MarkPairer::close_at(std::uint32_t token, std::size_t depth,
                          std::uint32_t paragraph) noexcept {
    const Open open = open_[depth];
    open_.resize(depth);
    if (token > open.token + 1) {
        segments_.push_back(
            {open.token, token, paragraph, true, true, false, is_single(open.family)});
    }
}

// What is still open at the paragraph's end.
void MarkPairer::finish_paragraph(const Tokens& tokens, std::uint32_t index) noexcept {
    const Paragraph& paragraph = tokens.paragraphs()[index];
    const auto outer = std::find_if(open_.begin(), open_.end(),
                                    [](const Open& open) { return !is_single(open.family); });
    if (outer == open_.end() || outer->token + 2 >= paragraph.last) return;
    bool goes_on = false;
    if (index + 1 < tokens.paragraphs().size()) {
        const Paragraph& next = tokens.paragraphs()[index + 1];
        for (std::uint32_t i = next.first; i < next.last; ++i) {
            const Token& token = tokens[i];
            if (token.kind != TokenKind::kMark || is_single(token.family)) continue;
            const bool closes_first = token.may_close && !token.may_open;
            goes_on = may_pair(outer->family, token.family) && (i == next.first || closes_first);
            break;
        }
    }
    if (!goes_on && outer->token != paragraph.first && !leads_to_end(tokens, outer->token)) return;
    segments_.push_back({outer->token, paragraph.last, index, true, false, false, false});
    carried_ = goes_on;
    carried_family_ = outer->family;
}

void MarkPairer::keep_outermost(std::size_t from) noexcept {
    const auto first = segments_.begin() + static_cast<std::ptrdiff_t>(from);
    const auto before = [](const Segment& a, const Segment& b) {
        return a.open != b.open ? a.open < b.open : a.close > b.close;
    };
    // They come as they close: only nested ones are out of order.
    if (std::is_sorted(first, segments_.end(), before)) {
        const auto overlap = [](const Segment& a, const Segment& b) { return b.open < a.close; };
        if (std::adjacent_find(first, segments_.end(), overlap) == segments_.end()) return;
    } else {
        std::sort(first, segments_.end(), before);
    }
    std::size_t kept = from;
    std::uint32_t end = 0;
    for (std::size_t i = from; i < segments_.size(); ++i) {
        if (i > from && segments_[i].open < end) continue;
        end = segments_[i].close;
        segments_[kept++] = segments_[i];
    }
    segments_.resize(kept);
}

}  // namespace newsmill
