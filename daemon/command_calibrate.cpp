// `newsmill calibrate`: how well does the decision on near duplicates do on articles of which one
// knows what is a copy of what, and would another threshold do better?
#include <simdjson.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <set>
#include <unordered_map>

#include <unistd.h>

#include "daemon/cli.hpp"
#include "daemon/fingerprinter.hpp"
#include "daemon/mill.hpp"
#include "daemon/progress.hpp"
#include "pipeline/json_quote.hpp"
#include "stages/dedup/near_index.hpp"

namespace newsmill {
namespace {

using simdjson::dom::element;

struct Args {
    ConfigArgs config;
    std::string file;
    bool json = false;
};

// Thousandths of containment that are tried.
constexpr std::int32_t kThresholdMin = 100;
constexpr std::int32_t kThresholdMax = 900;
constexpr std::int32_t kThresholdStep = 50;

// ---- What the file says
// ------------------------------------------------------------------------------

struct Text {
    Fingerprint print;
    std::int64_t cluster = 0;
};

// An article and the earlier texts that it may be compared with.
struct Question {
    std::size_t text;        // index of the article
    std::int64_t only = -1;  // a pair: compared with this one alone; -1: with all before
    bool is_copy = false;
};

struct Cases {
    std::vector<Text> texts;
    std::vector<Question> questions;
    std::size_t pairs = 0;
    std::size_t unreadable = 0;
    std::string error;  // the line that is neither
};

class CaseReader {
   public:
    explicit CaseReader(Fingerprinter& fingerprinter) : fingerprinter_(fingerprinter) {}

    // False, and out.error, if the record is no pair and no line of a labelled set.
    bool add(const FileRecord& record, Cases& out);

   private:
    bool add_pair(const element& root, const FileRecord& record, Cases& out);
    bool add_line(const element& root, const FileRecord& record, Cases& out);
    void add_text(std::string_view payload, const FileRecord& record, std::int64_t cluster,
                  Cases& out);

    Fingerprinter& fingerprinter_;
    simdjson::dom::parser parser_;
    std::unordered_map<std::int64_t, bool> clusters_;
};

// As an article in JSON: an object as it is, a string as a body.
std::string article_of(const element& value) {
    std::string_view text;
    if (value.get(text) == simdjson::SUCCESS) return "{\"body\": " + json_quoted(text) + "}";
    return simdjson::to_string(value);
}

bool CaseReader::add(const FileRecord& record, Cases& out) {
    element root;
    if (parser_.parse(record.bytes.data(), record.bytes.size()).get(root) == simdjson::SUCCESS &&
        (add_pair(root, record, out) || add_line(root, record, out))) {
        return true;
    }
    out.error = std::string(record.file) + ":" + std::to_string(record.number) +
                ": neither a pair {\"a\", \"b\", \"duplicate\"} nor an article with a \"cluster\"";
    return false;
}

void CaseReader::add_text(std::string_view payload, const FileRecord& record, std::int64_t cluster,
                          Cases& out) {
    Text text{fingerprinter_.make(payload, record.file, record.number, true), cluster};
    if (!text.print.ok()) ++out.unreadable;
    out.texts.push_back(std::move(text));
}

bool CaseReader::add_pair(const element& root, const FileRecord& record, Cases& out) {
    element a, b;
    bool duplicate = false;
    if (root["a"].get(a) != simdjson::SUCCESS || root["b"].get(b) != simdjson::SUCCESS ||
        root["duplicate"].get(duplicate) != simdjson::SUCCESS) {
        return false;
    }
    const std::string first = article_of(a), second = article_of(b);
    const auto number = static_cast<std::int64_t>(out.texts.size());
    add_text(first, record, number, out);
    add_text(second, record, duplicate ? number : number + 1, out);
    out.questions.push_back({out.texts.size() - 1, number, duplicate});
    ++out.pairs;
    return true;
}

bool CaseReader::add_line(const element& root, const FileRecord& record, Cases& out) {
    std::int64_t cluster = 0;
    if (root["cluster"].get(cluster) != simdjson::SUCCESS) return false;
    add_text(record.bytes, record, cluster, out);
    const bool is_copy = !clusters_.try_emplace(cluster, true).second;
    out.questions.push_back({out.texts.size() - 1, -1, is_copy});
    return true;
}

// ---- What newsmill would say
// -------------------------------------------------------------------------

struct Met {
    std::int32_t containment;  // 1024ths
    std::int32_t score;        // the higher wins
    bool passes;               // but for the threshold
    bool right;
};

struct Score {
    std::int32_t threshold = 0;
    std::size_t right = 0;
    std::size_t wrong = 0;   // said to be copies of what they are no copies of
    std::size_t missed = 0;  // copies of which it was not said, or wrongly
    double precision() const { return right + wrong == 0 ? 1 : ratio(right, right + wrong); }
    double recall() const { return right + missed == 0 ? 1 : ratio(right, right + missed); }
    double f1() const {
        const double p = precision(), r = recall();
        return p + r == 0 ? 0 : 2 * p * r / (p + r);
    }
    static double ratio(std::size_t part, std::size_t whole) {
        return static_cast<double>(part) / static_cast<double>(whole);
    }
};

struct Vetoes {             // candidates above the threshold in use that the facts refused
    std::size_t right = 0;  // no copies
    std::size_t wrong = 0;  // copies
};

class Judge {
   public:
    explicit Judge(const MatchOptions& options) : in_use_(options.containment_min) {
        NearOptions near;
        near.match = options;
        near.match.containment_min = std::min(kThresholdMin, in_use_);
        index_ = std::make_unique<NearIndex>(near);
        std::set<std::int32_t> thresholds{in_use_};
        for (std::int32_t t = kThresholdMin; t <= kThresholdMax; t += kThresholdStep) {
            thresholds.insert(t);
        }
        for (const std::int32_t t : thresholds) scores.push_back({.threshold = t});
    }

    void judge(const Cases& cases, const Question& question);
    // Makes it an earlier one.
    void learn(const Cases& cases, std::size_t text);

    std::vector<Score> scores;
    Vetoes vetoes;

   private:
    std::vector<Met> meet(const Cases& cases, const Question& question);

    std::int32_t in_use_;
    std::unique_ptr<NearIndex> index_;
    std::unordered_map<std::uint64_t, std::size_t> exact_;  // the first text with these words
    std::vector<NearExplain> candidates_;
};

void Judge::learn(const Cases& cases, std::size_t text) {
    const Fingerprint& print = cases.texts[text].print;
    if (!print.ok()) return;
    exact_.try_emplace(print.entry.exact_hash.low, text);
    index_->insert(text, print.sketch, NearRole::kStory);
}

std::vector<Met> Judge::meet(const Cases& cases, const Question& question) {
    std::vector<Met> met;
    const Text& text = cases.texts[question.text];
    if (!text.print.ok()) return met;
    const auto allowed = [&](std::size_t other) {
        return question.only < 0 || static_cast<std::int64_t>(other) == question.only;
    };
    const auto right = [&](std::size_t other) {
        return cases.texts[other].cluster == text.cluster;
    };
    const auto exact = exact_.find(text.print.entry.exact_hash.low);
    if (exact != exact_.end() && allowed(exact->second)) {
        met.push_back({1024, 4096, true, right(exact->second)});
    }
    candidates_.clear();
    NearMatch best;
    index_->find(text.print.sketch, best, &candidates_);
    for (const NearExplain& one : candidates_) {
        const auto other = static_cast<std::size_t>(one.number);
        if (!allowed(other)) continue;
        const Overlap& words = one.comparison.words;
        met.push_back({words.containment, words.containment + words.similarity,
                       one.comparison.relation != Relation::kNone, right(other)});
    }
    return met;
}

void Judge::judge(const Cases& cases, const Question& question) {
    const std::vector<Met> met = meet(cases, question);
    for (Score& score : scores) {
        const Met* best = nullptr;
        for (const Met& one : met) {
            if (!one.passes || one.containment * 1000 < score.threshold * 1024) continue;
            if (best == nullptr || one.score > best->score) best = &one;
        }
        if (best != nullptr && best->right) {
            ++score.right;
            continue;
        }
        score.wrong += best != nullptr ? 1 : 0;
        score.missed += question.is_copy ? 1 : 0;
    }
    for (const Met& one : met) {
        if (one.passes || one.containment * 1000 < in_use_ * 1024) continue;
        ++(one.right ? vetoes.wrong : vetoes.right);
    }
}

// ---- Output
// -------------------------------------------------------------------------------------------

// The highest F1; of equals the one that is nearest to what is in use.
const Score& best_of(const std::vector<Score>& scores, std::int32_t in_use) {
    return *std::max_element(scores.begin(), scores.end(), [&](const Score& a, const Score& b) {
        if (a.f1() != b.f1()) return a.f1() < b.f1();
        return std::abs(a.threshold - in_use) > std::abs(b.threshold - in_use);
    });
}

std::string formatted(const char* format, auto... values) {
    char line[160];
    std::snprintf(line, sizeof line, format, values...);
    return line;
}

std::string table(const Cases& cases, const Judge& judge, std::int32_t in_use) {
    const Score& best = best_of(judge.scores, in_use);
    std::string out = " containment  precision  recall      F1     wrong    missed\n";
    for (const Score& score : judge.scores) {
        out +=
            formatted("%12.2f  %9.4f  %6.4f  %6.4f  %8zu  %8zu%s%s\n", score.threshold / 1000.0,
                      score.precision(), score.recall(), score.f1(), score.wrong, score.missed,
                      score.threshold == in_use ? "  in use" : "", &score == &best ? "  best" : "");
    }
    const std::size_t copies = static_cast<std::size_t>(
        std::count_if(cases.questions.begin(), cases.questions.end(),
                      [](const Question& question) { return question.is_copy; }));
    out += formatted("%zu %s, %zu of them copies", cases.questions.size(),
                     cases.pairs > 0 ? "pairs" : "articles", copies);
    if (cases.unreadable > 0) out += formatted("; %zu articles can't be read", cases.unreadable);
    out += formatted(
        "\nabove %.2f, figures, names and small samples refused %zu likenesses, %zu of them "
        "copies\n",
        in_use / 1000.0, judge.vetoes.right + judge.vetoes.wrong, judge.vetoes.wrong);
    out += formatted("best: dedup.near.containment_min = %d, F1 %.4f\n", best.threshold, best.f1());
    return out;
}

std::string as_json(const Cases& cases, const Judge& judge, std::int32_t in_use) {
    std::string rows;
    for (const Score& score : judge.scores) {
        rows += formatted(
            "%s{\"containment\": %.2f, \"precision\": %.5f, \"recall\": %.5f, \"f1\": %.5f, "
            "\"right\": %zu, \"wrong\": %zu, \"missed\": %zu}",
            rows.empty() ? "" : ", ", score.threshold / 1000.0, score.precision(), score.recall(),
            score.f1(), score.right, score.wrong, score.missed);
    }
    const Score& best = best_of(judge.scores, in_use);
    return formatted("{\"%s\": %zu, \"unreadable\": %zu, ", cases.pairs > 0 ? "pairs" : "articles",
                     cases.questions.size(), cases.unreadable) +
           "\"thresholds\": [" + rows + "], " +
           formatted("\"refused\": %zu, \"refusedCopies\": %zu, \"inUse\": %.2f, \"best\": %.2f}\n",
                     judge.vetoes.right + judge.vetoes.wrong, judge.vetoes.wrong, in_use / 1000.0,
                     best.threshold / 1000.0);
}

int calibrate(const Args& args) {
    const std::optional<LoadedConfig> loaded = load_config_or_say(args.config);
    if (!loaded) return kExitConfig;
    if (args.file != "-" && access(args.file.c_str(), R_OK) != 0) {
        say_error(args.file + ": " + std::strerror(errno));
        return kExitUsage;
    }
    const Mill mill(loaded->config, loaded->hash, Mill::Output::kFiles);
    Fingerprinter fingerprinter(mill.front());
    CaseReader reader(fingerprinter);
    Cases cases;
    FileReader file({args.file});
    for (FileRecord record; file.next(record);) {
        if (reader.add(record, cases)) continue;
        say_error(cases.error);
        return kExitUsage;
    }
    for (const FileError& error : file.errors()) {
        say_error(error.file + ": at byte " + std::to_string(error.position) + ": " +
                  error.message);
        return kExitUsage;
    }
    if (cases.questions.empty()) {
        say_error(args.file + ": no pairs and no articles");
        return kExitUsage;
    }
    const MatchOptions options = match_options(loaded->config);
    Judge judge(options);
    std::size_t learned = 0;
    for (const Question& question : cases.questions) {
        for (; learned < question.text; ++learned) judge.learn(cases, learned);
        judge.judge(cases, question);
    }
    const std::int32_t in_use = options.containment_min;
    const std::string out = args.json ? as_json(cases, judge, in_use) : table(cases, judge, in_use);
    return write_out(out) ? kExitOk : kExitTryAgain;
}

}  // namespace

Action command_calibrate(CLI::App& app) {
    auto args = std::make_shared<Args>();
    add_config_options(app, args->config, false);
    app.add_option("--pairs", args->file,
                   "NDJSON of pairs {\"a\": article or text, \"b\": …, \"duplicate\": true or "
                   "false}, or of articles with a \"cluster\" number, in the order of arrival")
        ->required()
        ->type_name("FILE");
    app.add_flag("--json", args->json, "As one JSON object");
    return [args] { return calibrate(*args); };
}

}  // namespace newsmill
