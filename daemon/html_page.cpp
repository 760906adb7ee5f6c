#include "daemon/html_page.hpp"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace newsmill::embedded {
extern const std::string_view html_page_css;
}  // namespace newsmill::embedded

namespace newsmill {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;

std::string_view text_at(const element& root, const char* pointer) {
    std::string_view text;
    return root.at_pointer(pointer).get(text) == simdjson::SUCCESS ? text : std::string_view{};
}

std::int64_t number_at(const element& root, const char* pointer) {
    std::int64_t number = -1;
    return root.at_pointer(pointer).get(number) == simdjson::SUCCESS ? number : -1;
}

std::vector<element> items_at(const element& root, const char* pointer) {
    array items;
    if (root.at_pointer(pointer).get(items) != simdjson::SUCCESS) return {};
    return {items.begin(), items.end()};
}

void escape(std::string& out, std::string_view text) {
    for (const char c : text) {
        switch (c) {
            case '&': out += "&amp;"; break;
            case '<': out += "&lt;"; break;
            case '>': out += "&gt;"; break;
            case '"': out += "&quot;"; break;
            case '\'': out += "&#39;"; break;
            default: out += c;
        }
    }
}

// Words of ours that become a class or an attribute: only letters, digits and hyphens pass.
std::string safe_word(std::string_view word) {
    std::string out;
    for (const char c : word) {
        const bool good =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
        if (good) out += c;
    }
    return out;
}

std::string percent(std::int64_t number) { return std::to_string(number) + " %"; }

struct Statement {
    std::string_view type;
    std::string_view name;
    std::string_view role;
    std::string_view resolved;
    std::string_view text;
    std::string_view cue;
    std::int64_t confidence = 0;
    std::size_t number = 0;  // fragments of one statement share it; from 1
};

enum Flag : std::uint8_t { kSaid = 1, kCueWord = 2, kName = 4, kTopic = 8 };

// What is marked at each code point of a body.
struct MarkedBody {
    std::string_view text;
    std::vector<std::uint32_t> starts;     // byte of each code point, and the end
    std::vector<std::uint8_t> flags;       // of Flag
    std::vector<std::int32_t> statements;  // index, or -1

    explicit MarkedBody(std::string_view body) : text(body) {
        for (std::uint32_t i = 0; i < body.size(); ++i) {
            if ((static_cast<unsigned char>(body[i]) & 0xC0) != 0x80) starts.push_back(i);
        }
        flags.assign(starts.size(), 0);
        statements.assign(starts.size(), -1);
        starts.push_back(static_cast<std::uint32_t>(body.size()));
    }
    // The span's bounds within the body, whatever the record says.
    std::pair<std::size_t, std::size_t> bounds(const element& span) const {
        const auto inside = [&](std::int64_t at) {
            return static_cast<std::size_t>(
                std::clamp<std::int64_t>(at, 0, static_cast<std::int64_t>(flags.size())));
        };
        const std::size_t start = inside(number_at(span, "/start"));
        return {start, std::max(start, inside(number_at(span, "/end")))};
    }
    void flag(const element& span, Flag value) {
        const auto [start, end] = bounds(span);
        for (std::size_t i = start; i < end; ++i) flags[i] |= value;
    }
};

std::vector<Statement> read_statements(const element& root, MarkedBody& body) {
    std::vector<Statement> statements;
    std::vector<std::string_view> ids;
    for (const element& quote : items_at(root, "/enrichment/quotes")) {
        Statement one;
        one.type = text_at(quote, "/type");
        one.name = text_at(quote, "/speaker/name");
        one.role = text_at(quote, "/speaker/role");
        one.resolved = text_at(quote, "/speaker/resolved");
        one.text = text_at(quote, "/selector/exact");
        one.cue = text_at(quote, "/cue/text");
        one.confidence = number_at(quote, "/confidence");
        // Fragments stand near each other, so few ids are looked at.
        const std::string_view id = text_at(quote, "/id");
        const std::size_t from = ids.size() > 32 ? ids.size() - 32 : 0;
        const auto same = std::find(ids.begin() + static_cast<std::ptrdiff_t>(from), ids.end(), id);
        one.number = static_cast<std::size_t>(same - ids.begin()) + 1;
        if (same == ids.end()) ids.push_back(id);
        element span;
        if (quote["selector"].get(span) == simdjson::SUCCESS) {
            const auto [start, end] = body.bounds(span);
            for (std::size_t i = start; i < end; ++i) {
                body.statements[i] = static_cast<std::int32_t>(statements.size());
            }
        }
        for (const element& part : items_at(quote, "/quoted")) body.flag(part, kSaid);
        if (quote["cue"].get(span) == simdjson::SUCCESS) body.flag(span, kCueWord);
        if (quote.at_pointer("/speaker/mention").get(span) == simdjson::SUCCESS) {
            body.flag(span, kName);
        }
        statements.push_back(one);
    }
    return statements;
}

// Their names with confidence and the terms that speak for them, which are marked in the body.
std::string topics_list(const element& root, MarkedBody& body) {
    std::string out;
    for (const element& subject : items_at(root, "/subjects")) {
        out += out.empty() ? "<ul class=\"facts\" aria-label=\"Topics\">\n<li>" : "<li>";
        escape(out, text_at(subject, "/name"));
        const std::int64_t confidence = number_at(subject, "/confidence");
        if (confidence >= 0) out += " " + percent(confidence);
        for (const element& topic : items_at(root, "/enrichment/topics")) {
            if (text_at(topic, "/literal") != text_at(subject, "/literal")) continue;
            std::vector<std::string_view> terms;
            for (const element& match : items_at(topic, "/matches")) {
                const std::string_view term = text_at(match, "/selector/exact");
                if (std::find(terms.begin(), terms.end(), term) == terms.end()) {
                    out += terms.empty() ? ": " : ", ";
                    escape(out, term);
                    terms.push_back(term);
                }
                element span;
                if (text_at(match, "/selector/field") == "bodies/0" &&
                    match["selector"].get(span) == simdjson::SUCCESS) {
                    body.flag(span, kTopic);
                }
            }
        }
        out += "</li>\n";
    }
    return out.empty() ? out : out + "</ul>\n";
}

std::string anchor(std::size_t article, char kind, std::size_t index) {
    return "a" + std::to_string(article) + kind + std::to_string(index + 1);
}

void open_flags(std::string& out, std::uint8_t flags) {
    if (flags == 0) return;
    constexpr std::array<std::pair<Flag, const char*>, 4> kNames = {
        {{kSaid, "said"}, {kCueWord, "cue"}, {kName, "name"}, {kTopic, "topic"}}};
    out += "<span class=\"";
    const char* parting = "";
    for (const auto& [flag, name] : kNames) {
        if ((flags & flag) == 0) continue;
        out.append(parting).append(name);
        parting = " ";
    }
    out += "\">";
}

// The body as paragraphs, with its marks. Each paragraph closes what it opens.
std::string marked_text(const MarkedBody& body, const std::vector<Statement>& statements,
                        std::size_t article) {
    std::string out;
    std::vector<bool> has_id(statements.size(), false);
    std::int32_t statement = -1;
    std::uint8_t flags = 0;
    bool in_paragraph = false;
    const auto close_flags = [&] {
        if (flags != 0) out += "</span>";
        flags = 0;
    };
    const auto close_statement = [&] {
        close_flags();
        if (statement < 0) return;
        const auto index = static_cast<std::size_t>(statement);
        out += "</mark><a class=\"who\" href=\"#" + anchor(article, 'r', index) + "\">" +
               std::to_string(statements[index].number) + " ";
        escape(out, statements[index].name.empty() ? "unknown" : statements[index].name);
        out += "</a>";
        statement = -1;
    };
    for (std::size_t i = 0; i < body.flags.size(); ++i) {
        const std::string_view c =
            body.text.substr(body.starts[i], body.starts[i + 1] - body.starts[i]);
        if (c == "\n") {
            if (i + 1 < body.flags.size() && body.text[body.starts[i + 1]] == '\n') {
                close_statement();
                if (in_paragraph) out += "</p>\n";
                in_paragraph = false;
            } else if (in_paragraph) {
                out += "\n";
            }
            continue;
        }
        if (!in_paragraph) out += "<p dir=\"auto\">";
        in_paragraph = true;
        if (body.statements[i] != statement) {
            close_statement();
            statement = body.statements[i];
            if (statement >= 0) {
                const auto index = static_cast<std::size_t>(statement);
                out += "<mark class=\"" + safe_word(statements[index].type) + "\"";
                if (!has_id[index]) out += " id=\"" + anchor(article, 'q', index) + "\"";
                has_id[index] = true;
                out += ">";
            }
        }
        if (body.flags[i] != flags) {
            close_flags();
            flags = body.flags[i];
            open_flags(out, flags);
        }
        escape(out, c);
    }
    close_statement();
    if (in_paragraph) out += "</p>\n";
    return out;
}

std::string statements_table(const std::vector<Statement>& statements, std::size_t article) {
    if (statements.empty()) return "<p class=\"facts\">No statements.</p>\n";
    std::string out =
        "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"Statements\">\n<table>"
        "<caption>Statements</caption>\n<thead><tr><th scope=\"col\">No.</th>"
        "<th scope=\"col\">Speaker</th><th scope=\"col\">Kind</th><th scope=\"col\">Sure</th>"
        "<th scope=\"col\">Words</th></tr></thead>\n<tbody>\n";
    for (std::size_t i = 0; i < statements.size(); ++i) {
        const Statement& one = statements[i];
        out += "<tr id=\"" + anchor(article, 'r', i) + "\"><td><a href=\"#" +
               anchor(article, 'q', i) + "\">" + std::to_string(one.number) + "</a></td><td>";
        escape(out, one.name.empty() ? "unknown" : one.name);
        if (!one.role.empty() && one.role != one.name) {
            out += ", ";
            escape(out, one.role);
        }
        if (one.resolved == "pronoun" || one.resolved == "title") {
            out += " (by " + safe_word(one.resolved) + ")";
        }
        out += "</td><td>" + safe_word(one.type);
        if (!one.cue.empty()) {
            out += ", <span class=\"cue\">";
            escape(out, one.cue);
            out += "</span>";
        }
        out += "</td><td>" + percent(one.confidence) + "</td><td dir=\"auto\">";
        escape(out, one.text);
        out += "</td></tr>\n";
    }
    return out + "</tbody></table></div>\n";
}

void add_fact(std::string& out, const char* name, std::string_view value) {
    if (value.empty()) return;
    if (!out.empty()) out += " · ";
    out += name;
    escape(out, value);
}

}  // namespace

std::string HtmlPage::head() {
    return "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
           "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
           "<meta http-equiv=\"Content-Security-Policy\" "
           "content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
           "<title>newsmill: articles with their statements and topics</title>\n<style>\n" +
           std::string(embedded::html_page_css) +
           "</style>\n</head>\n<body>\n<header>\n<h1>Articles with their statements and "
           "topics</h1>\n"
           "<p class=\"key\"><mark class=\"direct\">direct</mark> <mark "
           "class=\"mixed\">mixed</mark> "
           "<mark class=\"indirect\">indirect</mark> <mark class=\"transcript\">transcript</mark> "
           "<span class=\"said\">in marks</span> <span class=\"name\">speaker</span> "
           "<span class=\"cue\">cue</span> <span class=\"topic\">topic</span></p>\n</header>\n"
           "<main>\n";
}

std::string HtmlPage::foot() const {
    const std::string none = articles_ == 0 ? "<p>No articles.</p>\n" : "";
    return none + "</main>\n</body>\n</html>\n";
}

std::string HtmlPage::article(std::string_view record) {
    const std::size_t number = ++articles_;
    simdjson::dom::parser parser;
    element root;
    if (parser.parse(simdjson::padded_string(record)).get(root) != simdjson::SUCCESS) {
        return "<article><p>A record that can't be read.</p></article>\n";
    }
    MarkedBody body(text_at(root, "/bodies/0/value"));
    const std::vector<Statement> statements = read_statements(root, body);
    const std::string topics = topics_list(root, body);
    const std::string heading = "a" + std::to_string(number);
    std::string out = "<article aria-labelledby=\"" + heading + "\"";
    const std::string language = safe_word(text_at(root, "/language"));
    if (!language.empty()) out += " lang=\"" + language + "\"";
    out += ">\n<h2 dir=\"auto\" id=\"" + heading + "\">";
    const std::string_view headline = text_at(root, "/headlines/0/value");
    escape(out, headline.empty() ? "(no headline)" : headline);
    out += "</h2>\n";
    std::string facts;
    add_fact(facts, "", text_at(root, "/by"));
    add_fact(facts, "", text_at(root, "/infoSources/0/name"));
    add_fact(facts, "", text_at(root, "/versionCreated"));
    add_fact(facts, "", text_at(root, "/enrichment/dedup/decision"));
    add_fact(facts, "", text_at(root, "/uri"));
    out += "<p class=\"facts\">" + facts + "</p>\n" + topics;
    out += marked_text(body, statements, number);
    out += statements_table(statements, number);
    return out + "</article>\n";
}

}  // namespace newsmill
