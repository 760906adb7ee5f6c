#include "stages/tagging/transcript.hpp"

#include <algorithm>

namespace newsmill {
namespace {

constexpr std::uint32_t kLineTokensMax = 32;
constexpr std::uint32_t kWordsMin = 3;

bool is_kind(const Tokens& tokens, std::uint32_t at, TokenKind kind) noexcept {
    return tokens[at].kind == kind;
}

}  // namespace

// The paragraph's head as a speaker's line.
TranscriptReader::Line TranscriptReader::speaker_line(const Tokens& tokens, std::uint32_t paragraph,
                                                      const People& people) const noexcept {
    Line line;
    const Paragraph& p = tokens.paragraphs()[paragraph];
    const std::uint32_t bound = std::min(p.last, p.first + kLineTokensMax);
    std::uint32_t colon = p.first;
    while (colon < bound && !is_kind(tokens, colon, TokenKind::kColon)) {
        const TokenKind kind = tokens[colon].kind;
        if (kind == TokenKind::kStop || kind == TokenKind::kMark || kind == TokenKind::kOther) {
            return line;
        }
        ++colon;
    }
    if (colon == p.first || colon >= bound) return line;
    line.words_first = colon + 1;
    line.inline_words = colon + 1 < p.last;
    const Token& first = tokens[p.first];
    const std::string_view head = tokens.text(first);
    if (colon == p.first + 1 && (head == "Q" || head == "A" || head == "F")) {
        line.trust = line.inline_words ? 1 : 0;
        return line;
    }
    if (!is_name_token(tokens, p.first) || first.has(kLabel)) return line;
    // The name: capital words up to a comma, a bracket or the colon.
    std::uint32_t end = p.first;
    bool upper = true;
    while (end < colon && tokens[end].kind == TokenKind::kWord) {
        const bool part =
            is_name_token(tokens, end) || (end > p.first && tokens[end].has(kParticle));
        if (!part || tokens[end].genitive) return line;
        upper = upper && tokens[end].upper;
        ++end;
    }
    const bool parted = end < colon;
    if (parted && !is_kind(tokens, end, TokenKind::kComma) &&
        !is_kind(tokens, end, TokenKind::kParen)) {
        return line;
    }
    const std::uint32_t words = end - p.first;
    if (words > 6) return line;
    line.speaker = phrase_ending(tokens, p.first, end - 1);
    if (line.speaker.kind != Mention::Kind::kName) {
        line.speaker = {Mention::Kind::kNoun,
                        {first.start, tokens[end - 1].end},
                        {first.start, tokens[end - 1].end},
                        p.first,
                        end,
                        Mention::Kind::kNone};
    }
    bool says_role = line.speaker.kind == Mention::Kind::kNoun || line.speaker.role.end != 0;
    if (parted && is_kind(tokens, end, TokenKind::kComma)) {
        bool verb = false;
        for (std::uint32_t i = end + 1; i < colon; ++i) {
            says_role = says_role || tokens[i].has(kTitle | kPerson);
            verb = verb || (tokens[i].has(kCue) && !tokens[i].capital && !tokens[i].has(kPerson));
        }
        if (verb || end + 1 >= colon) return Line{};
        const std::uint32_t from = tokens[end + 1].has(kDeterminer) ? end + 2 : end + 1;
        if (from < colon) line.speaker.role = {tokens[from].start, tokens[colon - 1].end};
    } else if (parted) {
        if (!is_kind(tokens, colon - 1, TokenKind::kParen)) return Line{};
        says_role = true;
    }
    const std::string_view name = tokens.text(line.speaker.span.start, line.speaker.span.end);
    const bool known = people.is_known(name) || line.speaker.gender != Mention::Kind::kNone;
    if (line.inline_words) {
        line.trust = (upper && first.upper) || (words >= 2 && (known || says_role)) ? 1 : 0;
    } else {
        line.trust =
            words >= 2 && (says_role || known) ? 2 : (words >= 2 || upper || known ? 1 : 0);
    }
    return line;
}

// Does the report itself speak here? Somebody named is said to have said something, or the
// paragraph is no prose. Later paragraphs of a turn must also sound like speech.
bool TranscriptReader::is_narration(const Tokens& tokens, std::uint32_t paragraph,
                                    bool first) const noexcept {
    const Paragraph& p = tokens.paragraphs()[paragraph];
    if (p.last == p.first) return true;
    const TokenKind end = tokens[p.last - 1].kind;
    const bool prose =
        end == TokenKind::kStop || end == TokenKind::kMark || end == TokenKind::kParen;
    if (first) return !prose && p.last - p.first < 8;
    if (!prose) return true;
    bool speech = false;
    for (std::uint32_t i = p.first; i < p.last; ++i) {
        speech = speech || tokens[i].has(kFirstPerson);
        if (i > p.first && tokens[i].has(kCue) && !tokens[i].capital &&
            is_name_token(tokens, i - 1)) {
            return true;
        }
    }
    return !speech;
}

const std::vector<Turn>& TranscriptReader::read(const Tokens& tokens,
                                                const People& people) noexcept {
    turns_.clear();
    lines_.clear();
    const auto& paragraphs = tokens.paragraphs();
    std::uint32_t candidates = 0;
    for (std::uint32_t i = 0; i < paragraphs.size(); ++i) {
        lines_.push_back(speaker_line(tokens, i, people));
        candidates += lines_.back().trust != 0;
    }
    std::uint32_t statement = 0;
    for (std::uint32_t i = 0; i < lines_.size(); ++i) {
        const Line& line = lines_[i];
        if (line.trust == 0 || (line.trust == 1 && candidates < 2)) continue;
        const std::size_t before = turns_.size();
        if (line.inline_words) {
            if (paragraphs[i].last - line.words_first >= kWordsMin) {
                turns_.push_back(
                    {i, line.words_first, paragraphs[i].last, statement, line.speaker});
            }
        } else {
            // A quotation in marks after the line is read as such, with the line as its lead.
            const bool marked = i + 1 < lines_.size() &&
                                paragraphs[i + 1].first < paragraphs[i + 1].last &&
                                is_kind(tokens, paragraphs[i + 1].first, TokenKind::kMark);
            if (marked) continue;
        }
        for (std::uint32_t j = i + 1; j < lines_.size() && lines_[j].trust == 0; ++j) {
            const bool first = turns_.size() == before;
            if (is_narration(tokens, j, first)) break;
            turns_.push_back({j, paragraphs[j].first, paragraphs[j].last, statement, line.speaker});
        }
        if (turns_.size() > before) ++statement;
    }
    return turns_;
}

}  // namespace newsmill
