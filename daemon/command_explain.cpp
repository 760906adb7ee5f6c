// `newsmill explain`: for one article, what it met among the earlier ones and why it was decided
// so. The earlier ones are those of files, or of the journal, whose sketches are enough.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>

#include "daemon/cli.hpp"
#include "daemon/fact_texts.hpp"
#include "daemon/fingerprinter.hpp"
#include "daemon/journal_reader.hpp"
#include "daemon/mill.hpp"
#include "pipeline/json_quote.hpp"
#include "pipeline/log.hpp"
#include "pipeline/start_error.hpp"

namespace newsmill {
namespace {

constexpr std::int64_t kForeverMs = 10'000LL * 366 * 24 * 3600 * 1000;
constexpr std::size_t kShown = 20;  // candidates, in the table

struct Args {
    ConfigArgs config;
    std::string article;
    std::vector<std::string> against;
    bool json = false;
};

// ---- The article, and those before it
// ----------------------------------------------------------------

// FILE, FILE:LINE or a uri.
struct Target {
    std::string file;       // empty: a uri
    std::int64_t line = 0;  // 0: the last article of the file
    std::string uri;
};

bool is_readable(const std::string& path) { return access(path.c_str(), R_OK) == 0; }

Target target_of(const std::string& text) {
    if (is_readable(text)) return {text, 0, {}};
    const std::size_t colon = text.rfind(':');
    if (colon != std::string::npos && colon + 1 < text.size() &&
        text.find_first_not_of("0123456789", colon + 1) == std::string::npos &&
        text.size() - colon < 18 && is_readable(text.substr(0, colon))) {
        return {text.substr(0, colon), std::stoll(text.substr(colon + 1)), {}};
    }
    return {{}, 0, text};
}

// Calls `visit` with each article of the files in order until it says false. The error, or empty.
using Visit = std::function<bool(Fingerprint& print)>;
std::string read_files(const std::vector<std::string>& paths, Fingerprinter& fingerprinter,
                       const Visit& visit) {
    FileReader reader(paths);
    for (FileRecord record; reader.next(record);) {
        Fingerprint print = fingerprinter.make(record);
        print.topic = record.file;
        print.entry.origin.offset = record.number;
        if (!visit(print)) return {};
    }
    if (reader.errors().empty()) return {};
    const FileError& error = reader.errors().front();
    return error.file + ": at byte " + std::to_string(error.position) + ": " + error.message;
}

class Explainer {
   public:
    Explainer(const Config& config, const Args& args, Mill& mill)
        : config_(config), args_(args), mill_(mill), fingerprinter_(mill.front()) {}

    // Finds the article and lets the window see what came before it. The error, or empty.
    std::string prepare();

    const Fingerprint& article() const { return *article_; }
    DedupStage::Explanation explanation;
    std::size_t window = 0;  // articles
    Decision decision;       // views batch_

    void decide();
    dedup::Identity identity(std::uint64_t number) { return mill_.dedup().identity(number); }
    // Which figures and names the article shares with a candidate; none if its text is not known.
    struct Facts {
        FactComparison figures;
        FactComparison names;
    };
    std::optional<Facts> facts(std::uint64_t number);

   private:
    std::string find_in_file(const Target& target);
    std::string find_uri(const std::string& uri);
    std::string feed_files(const std::vector<std::string>& paths, std::uint64_t before);
    std::string feed_journal(std::uint64_t before);
    bool from_journal() const { return args_.against.empty(); }
    void learn(const Fingerprint& print);

    const Config& config_;
    const Args& args_;
    Mill& mill_;
    Fingerprinter fingerprinter_;
    std::optional<Fingerprint> article_;
    FactTexts texts_;
    Batch batch_{BatchLimits{}};
};

void Explainer::learn(const Fingerprint& print) {
    if (!print.ok()) return;
    const JournalEntry entry = print.journal_entry();
    mill_.dedup().apply({&entry, 1});
}

std::string Explainer::feed_files(const std::vector<std::string>& paths, std::uint64_t before) {
    std::uint64_t seen = 0;
    return read_files(paths, fingerprinter_, [&](Fingerprint& print) {
        if (seen++ == before) return false;
        // The article itself may stand in there as well.
        const bool same = print.topic == article_->topic &&
                          print.entry.origin.offset == article_->entry.origin.offset;
        if (!same) learn(print);
        return true;
    });
}

std::string Explainer::feed_journal(std::uint64_t before) {
    std::uint64_t seen = 0;
    JournalSummary summary;
    return read_journal(
        config_, &mill_.dedup(), false,
        [&](const JournalRecord& record) {
            if (record.kind != JournalRecordKind::kEntries) return true;
            // What stands in one record is decided together: its earlier entries come first.
            for (const JournalEntry& entry : record.entries) {
                if (seen++ != before) continue;
                const auto count = static_cast<std::size_t>(&entry - record.entries.data());
                mill_.dedup().apply(std::span(record.entries).first(count));
                return false;
            }
            return true;
        },
        summary);
}

std::string Explainer::find_in_file(const Target& target) {
    std::uint64_t seen = 0, before = 0;
    std::string wrong = read_files({target.file}, fingerprinter_, [&](Fingerprint& print) {
        if (target.line == 0 || print.entry.origin.offset == target.line || !print.ok()) {
            before = seen;
            article_ = print;
        }
        ++seen;
        return target.line == 0 || !article_ || article_->entry.origin.offset != target.line;
    });
    if (!wrong.empty()) return wrong;
    if (!article_ || (target.line != 0 && article_->entry.origin.offset != target.line)) {
        return target.file + ": no article " + (target.line == 0 ? "in it" : "at this line");
    }
    if (!article_->ok()) return target.file + ": " + article_->message;
    if (!args_.against.empty()) return feed_files(args_.against, UINT64_MAX);
    // A file of one article is compared with the journal, if there is one.
    if (before == 0 && journal_readable(config_).empty() && !args_.config.file.empty()) {
        return feed_journal(UINT64_MAX);
    }
    return feed_files({target.file}, before);
}

std::string Explainer::find_uri(const std::string& uri) {
    std::uint64_t seen = 0, before = 0;
    std::string wrong;
    if (from_journal() && args_.config.file.empty()) {
        return "'" + uri +
               "' is no file that can be read; a uri needs --against FILE, or -c FILE " +
               "for its journal";
    }
    if (from_journal()) {
        JournalSummary summary;
        wrong = read_journal(
            config_, nullptr, false,
            [&](const JournalRecord& record) {
                if (record.kind != JournalRecordKind::kEntries) return true;
                for (const JournalEntry& entry : record.entries) {
                    if (entry.uri == uri) {
                        article_ = Fingerprint::of(entry);
                        before = seen;
                    }
                    ++seen;
                }
                return true;
            },
            summary);
    } else {
        wrong = read_files(args_.against, fingerprinter_, [&](Fingerprint& print) {
            if (print.ok() && print.uri == uri) {
                article_ = print;
                before = seen;
            }
            ++seen;
            return true;
        });
    }
    if (!wrong.empty()) return wrong;
    if (!article_) {
        return "'" + uri + "' is neither a file that can be read nor the uri of an article " +
               (from_journal() ? "in the journal" : "in these files");
    }
    return from_journal() ? feed_journal(before) : feed_files(args_.against, before);
}

std::string Explainer::prepare() {
    const Target target = target_of(args_.article);
    std::string wrong = target.file.empty() ? find_uri(target.uri) : find_in_file(target);
    if (!wrong.empty()) return wrong;
    window = mill_.dedup().size();
    return {};
}

void Explainer::decide() {
    const JournalEntry entry = article_->journal_entry();
    explanation = mill_.dedup().explain(entry);
    mill_.dedup().apply({&entry, 1});
    Article& article = batch_.add({});
    article.origin = entry.origin;
    mill_.dedup().process(batch_);
    decision = article.decision;
}

std::optional<Explainer::Facts> Explainer::facts(std::uint64_t number) {
    Sketch here, there;
    if (article_->body.empty() || !decode_sketch(article_->sketch, here) ||
        !decode_sketch(mill_.dedup().sketch(number), there)) {
        return std::nullopt;
    }
    if (texts_.figures.empty() && texts_.names.empty()) texts_ = fact_texts(article_->body);
    return Facts{compare_facts(here.figures, there.figures, texts_.figures),
                 compare_facts(here.names, there.names, texts_.names)};
}

// ---- Why
// -----------------------------------------------------------------------------------------------

std::string place(std::string_view topic, std::int32_t partition, std::int64_t offset) {
    if (partition < 0) return std::string(topic) + ":" + std::to_string(offset);
    return std::string(topic) + " [" + std::to_string(partition) + "] at " + std::to_string(offset);
}

std::string reason(const Explainer& one) {
    const DedupStage::Explanation& e = one.explanation;
    switch (one.decision.kind) {
        case DedupKind::kKill: return "its provider withdraws it";
        case DedupKind::kUpdate:
            return "the same uri, and a higher version or a later versionCreated";
        case DedupKind::kExact: return "the same words, but for case, marks and spacing";
        default: break;
    }
    for (const NearExplain& candidate : e.candidates) {
        if (e.near.relation != Relation::kNone && candidate.number == e.near.number) {
            return candidate.comparison.reason;
        }
    }
    if (one.article().sketch.empty()) return "it has too few words to be compared";
    if (e.candidates.empty()) return "no article of the window shares enough of its hashes";
    return std::string("of the likeliest candidate: ") + e.candidates.front().comparison.reason;
}

const char* relation_name(Relation relation) {
    switch (relation) {
        case Relation::kNone: return "no";
        case Relation::kNear: return "near";
        case Relation::kContained: return "contained";
        case Relation::kContains: return "contains";
    }
    return "";
}

double ratio(std::int64_t part, std::int64_t whole) {
    return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

std::string formatted(const char* format, auto... values) {
    char line[200];
    std::snprintf(line, sizeof line, format, values...);
    return line;
}

// ---- Output
// --------------------------------------------------------------------------------------------

std::string facts_text(const FactOverlap& facts) {
    if (facts.facts == 0) return "-";
    return formatted("%d, %.2f", facts.facts, ratio(facts.common, facts.weight));
}

std::string joined(const std::vector<std::string>& words) {
    std::string out;
    for (const std::string& word : words) out += (out.empty() ? "" : " ") + word;
    return words.empty() ? "none" : out;
}

// Of the one that it was decided by, or else the likeliest.
std::string facts_of_best(Explainer& one) {
    const DedupStage::Explanation& e = one.explanation;
    if (e.candidates.empty()) return {};
    const bool found = e.near.relation != Relation::kNone;
    const auto facts = one.facts(found ? e.near.number : e.candidates.front().number);
    if (!facts) return {};
    const auto line = [](const char* what, const FactComparison& of) {
        return std::string(what) + "in both: " + joined(of.both) +
               "; only here: " + joined(of.here) + formatted("; only there: %zu\n", of.there);
    };
    return line("figures     ", facts->figures) + line("names       ", facts->names);
}

std::string candidates_text(Explainer& one) {
    const auto& candidates = one.explanation.candidates;
    std::string out = formatted(
        "\n%zu candidate%s among %zu articles%s\n", candidates.size(),
        candidates.size() == 1 ? "" : "s", one.window,
        candidates.empty() ? "" : "; facts: how many, and how much of their weight is common");
    if (candidates.empty()) return out;
    out += "  hits  common  containment  similarity   figures     names  decision\n";
    for (std::size_t i = 0; i < std::min(candidates.size(), kShown); ++i) {
        const Comparison& c = candidates[i].comparison;
        const dedup::Identity who = one.identity(candidates[i].number);
        const bool best = one.explanation.near.relation != Relation::kNone &&
                          candidates[i].number == one.explanation.near.number;
        out += formatted("%6d  %3d/%-3d %11.2f %11.2f  %8s  %8s  %s: %s%s\n", candidates[i].hits,
                         c.words.common, std::min(c.words.later, c.words.earlier),
                         c.words.containment / 1024.0, c.words.similarity / 1024.0,
                         facts_text(c.figures).c_str(), facts_text(c.names).c_str(),
                         relation_name(c.relation), c.reason, best ? "  <- best" : "");
        out += "        " + std::string(who.uri) + "  " +
               place(who.topic, who.partition, who.offset) + "\n";
    }
    if (candidates.size() > kShown) {
        out += formatted("  … and %zu more; --json shows all\n", candidates.size() - kShown);
    }
    return out;
}

std::string text(Explainer& one) {
    const Fingerprint& article = one.article();
    const Origin& origin = article.entry.origin;
    const Decision& decision = one.decision;
    std::string out = "article     " + article.uri + "  " +
                      place(article.topic, origin.partition, origin.offset) + "\n";
    if (!article.headline.empty()) out += "            " + article.headline + "\n";
    out += "decision    " + std::string(dedup_kind_name(decision.kind));
    if (decision.of.offset >= 0 && !decision.of.topic.empty()) {
        out += " of " + std::string(decision.of_uri) + "  " +
               place(decision.of.topic, decision.of.partition, decision.of.offset);
    }
    out += "\n";
    if (decision.similarity > 0) {
        out += formatted("            similarity %d, containment %d\n", decision.similarity,
                         decision.containment);
    }
    out += "why         " + reason(one) + "\n";
    const auto line = [&](const char* what, std::uint64_t number) {
        if (number == dedup::kNoNumber) return;
        const dedup::Identity who = one.identity(number);
        out += std::string(what) + std::string(who.uri) + "  " +
               place(who.topic, who.partition, who.offset) + "\n";
    };
    line("same words  ", one.explanation.exact);
    line("same uri    ", one.explanation.version);
    return out + facts_of_best(one) + candidates_text(one);
}

std::string identity_json(std::string_view uri, std::string_view topic, std::int32_t partition,
                          std::int64_t offset) {
    return "{\"uri\": " + json_quoted(uri) + ", \"input\": {\"" +
           (partition < 0 ? "file" : "topic") + "\": " + json_quoted(topic) +
           (partition < 0 ? ", \"line\": "
                          : ", \"partition\": " + std::to_string(partition) + ", \"offset\": ") +
           std::to_string(offset) + "}}";
}

std::string list_json(const std::vector<std::string>& words) {
    std::string out;
    for (const std::string& word : words) out += (out.empty() ? "" : ", ") + json_quoted(word);
    return "[" + out + "]";
}

std::string facts_json(const FactOverlap& facts, const FactComparison* texts) {
    return formatted("{\"count\": %d, \"common\": %.4f", facts.facts,
                     ratio(facts.common, facts.weight)) +
           (texts == nullptr ? std::string()
                             : ", \"both\": " + list_json(texts->both) +
                                   ", \"onlyHere\": " + list_json(texts->here) +
                                   formatted(", \"onlyThere\": %zu", texts->there)) +
           "}";
}

std::string candidate_json(Explainer& one, const NearExplain& candidate) {
    const Comparison& c = candidate.comparison;
    const auto facts = one.facts(candidate.number);
    const dedup::Identity who = one.identity(candidate.number);
    return "{\"of\": " + identity_json(who.uri, who.topic, who.partition, who.offset) +
           formatted(", \"hits\": %d, \"common\": %d, \"hashes\": [%d, %d], ", candidate.hits,
                     c.words.common, c.words.later, c.words.earlier) +
           formatted("\"containment\": %.4f, \"similarity\": %.4f, ", c.words.containment / 1024.0,
                     c.words.similarity / 1024.0) +
           "\"figures\": " + facts_json(c.figures, facts ? &facts->figures : nullptr) +
           ", \"names\": " + facts_json(c.names, facts ? &facts->names : nullptr) +
           ", \"relation\": " + json_quoted(relation_name(c.relation)) +
           ", \"reason\": " + json_quoted(c.reason) + "}";
}

std::string json(Explainer& one) {
    const Fingerprint& article = one.article();
    const Origin& origin = article.entry.origin;
    const Decision& decision = one.decision;
    std::string candidates;
    for (const NearExplain& candidate : one.explanation.candidates) {
        candidates += (candidates.empty() ? "" : ", ") + candidate_json(one, candidate);
    }
    const bool has_of = !decision.of.topic.empty();
    return "{\"article\": " +
           identity_json(article.uri, article.topic, origin.partition, origin.offset) +
           ", \"decision\": " + json_quoted(dedup_kind_name(decision.kind)) +
           (has_of ? ", \"of\": " + identity_json(decision.of_uri, decision.of.topic,
                                                  decision.of.partition, decision.of.offset)
                   : std::string()) +
           formatted(", \"similarity\": %d, \"containment\": %d, ", decision.similarity,
                     decision.containment) +
           "\"reason\": " + json_quoted(reason(one)) +
           formatted(", \"window\": %zu, ", one.window) + "\"candidates\": [" + candidates + "]}\n";
}

int explain(const Args& args) {
    const std::optional<LoadedConfig> loaded = load_config_or_say(args.config);
    if (!loaded) return kExitConfig;
    for (const std::string& path : args.against) {
        if (path == "-" || is_readable(path)) continue;
        say_error(path + ": " + std::strerror(errno));
        return kExitUsage;
    }
    log_set_level(LogLevel::kWarning);
    Config config = loaded->config;
    // Files hold articles of all times in any order, as for `enrich`; a journal has its own
    // settings.
    if (!loaded->origins.contains("dedup.window_ms")) config.dedup.window_ms = kForeverMs;
    Mill mill(config, loaded->hash, Mill::Output::kFiles);
    Explainer explainer(config, args, mill);
    if (const std::string wrong = explainer.prepare(); !wrong.empty()) {
        say_error(wrong);
        return kExitUsage;
    }
    explainer.decide();
    return write_out(args.json ? json(explainer) : text(explainer)) ? kExitOk : kExitTryAgain;
}

}  // namespace

Action command_explain(CLI::App& app) {
    auto args = std::make_shared<Args>();
    add_config_options(app, args->config, false);
    app.add_option("ARTICLE", args->article,
                   "FILE (its last article), FILE:LINE, or the uri of an article of --against or "
                   "of the configuration's journal")
        ->required()
        ->type_name("");
    app.add_option("--against", args->against,
                   "Files with the earlier articles; else those before it in FILE, or in the "
                   "journal")
        ->type_name("FILE");
    app.add_flag("--json", args->json, "As one JSON object, with all candidates");
    return [args] {
        try {
            return explain(*args);
        } catch (const StartError& error) {
            say_error(error.what());
            return error.exit_code();
        }
    };
}

}  // namespace newsmill
