// `newsmill topics`: check rule packs, show why a text has its topics, run the cases that stand in
// a pack, and train a model.
#include <simdjson.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <functional>
#include <memory>
#include <set>

#include "daemon/cli.hpp"
#include "daemon/mill.hpp"
#include "daemon/topic_files.hpp"
#include "pipeline/archive/file_reader.hpp"
#include "pipeline/json_quote.hpp"
#include "pipeline/log.hpp"
#include "pipeline/start_error.hpp"
#include "stages/topics/trainer.hpp"

namespace newsmill {
namespace {

struct Args {
    ConfigArgs config;
    std::vector<std::string> files;
    std::vector<std::string> packs;
    std::string model;
    std::string out;
    topics::TrainOptions train;
    bool json = false;
};

int fail(const std::string& message, int code = kExitUsage) {
    say_error(message);
    return code;
}

std::string plural(std::size_t count, std::string_view what) {
    return std::to_string(count) + " " + std::string(what) + (count == 1 ? "" : "s");
}

// ---- lint ------------------------------------------------------------------------------------

std::string issue_json(const topics::PackIssue& issue) {
    return "{\"file\": " + json_quoted(issue.pack) + ", \"line\": " + std::to_string(issue.line) +
           ", \"column\": " + std::to_string(issue.column) +
           ", \"severity\": " + (issue.is_warning ? "\"warning\"" : "\"error\"") +
           ", \"message\": " + json_quoted(issue.message) + "}\n";
}

int lint(const Args& args) {
    std::vector<topics::Pack> packs =
        args.files.empty() ? topics::built_in_packs() : read_packs(args.files);
    std::string out;
    bool good = true;
    for (const topics::Pack& pack : packs) {
        for (const topics::PackIssue& issue : pack.issues) {
            out += args.json ? issue_json(issue) : to_string(issue) + "\n";
        }
        good &= pack.ok();
        if (args.json || !pack.ok()) continue;
        out += pack.file + ": good: " + plural(pack.topics.size(), "topic") + ", " +
               plural(pack.terms.size(), "term") + ", " + plural(pack.rules.size(), "rule") +
               ", language " + pack.language + "\n";
    }
    if (good) topics::Rules::compile(packs);  // what only all of them together can break
    if (!write_out(out)) return kExitTryAgain;
    return good ? kExitOk : kExitConfig;
}

// ---- match -----------------------------------------------------------------------------------

// Articles of files, as the front stages leave them, one at a time.
std::string each_article(const Config& config, const std::vector<std::string>& paths,
                         const std::function<void(Batch&, const FileRecord&)>& visit) {
    Config plain = config;
    plain.dedup.enabled = false;
    plain.topics = {};
    Mill mill(plain, "", Mill::Output::kFiles);
    const StageChain front = mill.front();
    BatchLimits limits;
    limits.articles_max = 1;
    Batch batch(limits);
    FileReader reader(paths);
    for (FileRecord record; reader.next(record);) {
        batch.reset();
        Article& article = batch.add(record.bytes);
        article.payload_padded = true;
        article.payload_oversized = (record.flags & FileRecord::kOversized) != 0;
        article.payload_is_json = !record.is_text;
        article.origin.topic = record.file;
        article.origin.offset = record.number;
        for (const auto& stage : front) stage->process(batch);
        visit(batch, record);
    }
    if (reader.errors().empty()) return {};
    const FileError& error = reader.errors().front();
    return error.file + ": at byte " + std::to_string(error.position) + ": " + error.message;
}

std::string_view words_of(const Article& article, const TopicMatch& match) {
    return (match.in_headline ? article.headline : article.body)
        .substr(match.span.start, match.span.end - match.span.start);
}

std::string padded(std::string text, std::size_t width) {
    if (text.size() < width) text.append(width - text.size(), ' ');
    return text;
}

std::string match_text(const Article& article, std::string_view file) {
    std::string out = std::string(file) + ":" + std::to_string(article.origin.offset) + ": " +
                      std::string(article.headline) + "\n";
    if (!article.ok()) return out + "  " + std::string(article.verdict.message) + "\n";
    if (article.topics.empty()) out += "  no topic\n";
    for (const Topic& topic : article.topics) {
        out += "  " + std::string(topic.alias) + ":" + std::string(topic.code) + " " +
               std::string(topic.name) + "   confidence " + std::to_string(topic.confidence) +
               ", relevance " + std::to_string(topic.relevance) + ", by " +
               std::string(topic.creator) + "\n";
        for (const TopicMatch& match : topic.matches) {
            const std::string where = (match.in_headline ? "headline " : "body ") +
                                      std::to_string(match.span.start) + "-" +
                                      std::to_string(match.span.end);
            out += "      " + padded(where, 20) +
                   padded(std::string(words_of(article, match)), 28) + " " +
                   std::string(match.rule) + "\n";
        }
    }
    return out;
}

std::string match_json(const Article& article, std::string_view file) {
    std::string out = "{\"file\": " + json_quoted(file) +
                      ", \"line\": " + std::to_string(article.origin.offset) +
                      ", \"headline\": " + json_quoted(article.headline) + ", \"topics\": [";
    bool first = true;
    for (const Topic& topic : article.topics) {
        out += std::string(first ? "" : ", ") +
               "{\"uri\": " + json_quoted(std::string(topic.scheme) + std::string(topic.code)) +
               ", \"name\": " + json_quoted(topic.name) +
               ", \"confidence\": " + std::to_string(topic.confidence) +
               ", \"relevance\": " + std::to_string(topic.relevance) +
               ", \"creator\": " + json_quoted(topic.creator) + ", \"matches\": [";
        first = false;
        for (std::size_t i = 0; i < topic.matches.size(); ++i) {
            const TopicMatch& match = topic.matches[i];
            out += std::string(i == 0 ? "" : ", ") + "{\"rule\": " + json_quoted(match.rule) +
                   ", \"field\": " + (match.in_headline ? "\"headline\"" : "\"body\"") +
                   ", \"start\": " + std::to_string(match.span.start) +
                   ", \"end\": " + std::to_string(match.span.end) +
                   ", \"text\": " + json_quoted(words_of(article, match)) + "}";
        }
        out += "]}";
    }
    return out + "]}\n";
}

std::optional<TopicsOptions> options_of(const Args& args) {
    std::optional<LoadedConfig> loaded = load_config_or_say(args.config);
    if (!loaded) return std::nullopt;
    Config config = loaded->config;
    for (const std::string& pack : args.packs) config.topics.packs.push_back(pack);
    if (!args.model.empty()) config.topics.model = args.model;
    return topics_options(config);
}

int match(const Args& args) {
    std::optional<TopicsOptions> options = options_of(args);
    if (!options) return kExitConfig;
    options->matches_max = 1000;
    TopicsStage stage(*options);
    const std::optional<LoadedConfig> loaded = load_config_or_say(args.config);
    bool written = true;
    const std::string wrong =
        each_article(loaded->config, args.files, [&](Batch& batch, const FileRecord& record) {
            stage.process(batch);
            const Article& article = batch.articles[0];
            written = written && write_out(args.json ? match_json(article, record.file)
                                                     : match_text(article, record.file));
        });
    if (!wrong.empty()) return fail(wrong);
    return written ? kExitOk : kExitTryAgain;
}

// ---- test ------------------------------------------------------------------------------------

// The cases of a pack; "HEADLINE | BODY", or all of it is body.
std::string run_case(const topics::PackTest& test, const topics::Pack& pack, TopicsStage& stage) {
    Batch batch{BatchLimits{}};
    Article& article = batch.add("");
    const std::string_view text = test.text;
    const auto bar = text.find(" | ");
    article.headline = bar == text.npos ? std::string_view{} : text.substr(0, bar);
    article.body = bar == text.npos ? text : text.substr(bar + 3);
    article.language = pack.language;
    stage.process(batch);
    std::string found;
    std::set<std::string_view> codes;
    for (const Topic& topic : article.topics) {
        codes.insert(topic.code);
        found += (found.empty() ? "" : ", ") + std::string(topic.code);
    }
    for (const std::string& code : test.codes) {
        if (codes.contains(code) == test.absent) {
            return pack.file + ":" + std::to_string(test.line) + ": " +
                   (test.absent ? "has " : "lacks ") + code +
                   "; found: " + (found.empty() ? "nothing" : found) + "\n";
        }
    }
    return {};
}

int run_tests(const Args& args) {
    const std::vector<topics::Pack> packs =
        args.files.empty() ? topics::built_in_packs() : read_packs(args.files);
    TopicsOptions options;
    options.topics_max = 50;
    try {
        options.rules = topics::Rules::compile(packs);
    } catch (const topics::PackError& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return kExitConfig;
    }
    TopicsStage stage(options);
    std::size_t count = 0;
    std::size_t bad = 0;
    for (const topics::Pack& pack : packs) {
        for (const topics::PackTest& test : pack.tests) {
            const std::string wrong = run_case(test, pack, stage);
            ++count;
            bad += wrong.empty() ? 0 : 1;
            if (!write_out(wrong)) return kExitTryAgain;
        }
    }
    if (!write_out(plural(count, "case") + ", " + std::to_string(bad) + " wrong\n")) {
        return kExitTryAgain;
    }
    return bad == 0 ? kExitOk : kExitDeadLetters;
}

// ---- train -----------------------------------------------------------------------------------

// The labels of a line: "labels": ["…"], or "label": "…".
std::vector<std::string> labels_in(std::string_view json, simdjson::dom::parser& parser) {
    std::vector<std::string> labels;
    simdjson::dom::element root;
    if (parser.parse(json.data(), json.size()).get(root) != simdjson::SUCCESS) return labels;
    for (const char* name : {"labels", "label"}) {
        simdjson::dom::element found;
        if (root[name].get(found) != simdjson::SUCCESS) continue;
        std::string_view text;
        if (found.get(text) == simdjson::SUCCESS) labels.emplace_back(text);
        simdjson::dom::array list;
        if (found.get(list) != simdjson::SUCCESS) continue;
        for (const simdjson::dom::element item : list) {
            if (item.get(text) == simdjson::SUCCESS) labels.emplace_back(text);
        }
    }
    std::sort(labels.begin(), labels.end());
    labels.erase(std::unique(labels.begin(), labels.end()), labels.end());
    return labels;
}

int train(const Args& args) {
    const std::optional<LoadedConfig> loaded = load_config_or_say(args.config);
    if (!loaded) return kExitConfig;
    std::vector<topics::LabelledArticle> articles;
    std::size_t skipped = 0;
    simdjson::dom::parser parser;
    const std::string wrong =
        each_article(loaded->config, args.files, [&](Batch& batch, const FileRecord& record) {
            const Article& article = batch.articles[0];
            std::vector<std::string> labels = labels_in(record.bytes, parser);
            if (!article.ok() || labels.empty()) {
                ++skipped;
                return;
            }
            articles.push_back(
                {std::string(article.headline), std::string(article.body), std::move(labels)});
        });
    if (!wrong.empty()) return fail(wrong);
    topics::TrainResult result;
    try {
        result = topics::train_model(articles, args.train);
    } catch (const std::invalid_argument& error) {
        return fail(error.what());
    }
    // Under its name once it is whole: a daemon may be told to load it at any time.
    const std::string part = args.out + ".part";
    std::ofstream out(part, std::ios::binary | std::ios::trunc);
    out << result.bytes;
    out.close();
    if (!out) return fail(part + ": " + std::strerror(errno));
    open_model(part);  // what can't be opened must not look like a success
    if (std::rename(part.c_str(), args.out.c_str()) != 0) {
        return fail(args.out + ": " + std::strerror(errno));
    }
    char accuracy[128];
    std::snprintf(accuracy, sizeof accuracy, "%.4f of held-out articles right, temperature %.2f",
                  result.fold_accuracy, result.temperature);
    const std::string text =
        args.out + ": " + plural(result.articles, "article") + ", " +
        plural(result.labels, "label") + ", " + plural(result.features, "feature") + ", " +
        std::to_string(result.bytes.size()) + " bytes; " + accuracy +
        (skipped == 0 ? ""
                      : "; passed over " + plural(skipped, "line") + " without text or label") +
        "\n";
    return write_out(text) ? kExitOk : kExitTryAgain;
}

CLI::App* declare_train(CLI::App& app, Args& args) {
    CLI::App* train_app = app.add_subcommand("train", "Train a model on labelled articles");
    add_config_options(*train_app, args.config, false);
    train_app
        ->add_option(
            "LABELLED", args.files,
            "NDJSON: articles, each with \"labels\", a list of codes, names or other words")
        ->required()
        ->type_name("");
    train_app->add_option("-o,--out", args.out, "Where to write the model")
        ->required()
        ->type_name("FILE");
    train_app->add_option("--name", args.train.name, "Its name, the creator of its topics")
        ->capture_default_str();
    train_app->add_option("--epochs", args.train.epochs, "Passes over the articles")
        ->check(CLI::Range(1, 1000))
        ->capture_default_str();
    train_app->add_option("--step", args.train.step, "Size of the first step")
        ->check(CLI::Range(0.001, 100.0))
        ->capture_default_str();
    train_app->add_option("--l2", args.train.l2, "Pull of weights to zero")
        ->check(CLI::Range(0.0, 1.0))
        ->capture_default_str();
    train_app->add_option("--folds", args.train.folds, "Held-out parts; 0: none is measured")
        ->check(CLI::Range(0, 100))
        ->capture_default_str();
    return train_app;
}

}  // namespace

Action command_topics(CLI::App& app) {
    auto args = std::make_shared<Args>();
    app.require_subcommand(1);

    CLI::App* lint_app =
        app.add_subcommand("lint", "Check rule packs; without a file those that are built in");
    lint_app->add_option("PACK", args->files, "Packs, or folders of them")->type_name("");
    lint_app->add_flag("--json", args->json, "One JSON object a mistake");

    CLI::App* match_app =
        app.add_subcommand("match", "Show the topics of articles, and which terms speak for them");
    add_config_options(*match_app, args->config, false);
    match_app->add_option("FILE", args->files, "Articles; - is standard input")
        ->required()
        ->type_name("");
    match_app->add_option("--pack", args->packs, "Use this rule pack too")->type_name("FILE");
    match_app->add_option("--model", args->model, "Use this model")->type_name("FILE");
    match_app->add_flag("--json", args->json, "One JSON object an article");

    CLI::App* test_app = app.add_subcommand("test", "Run the cases that stand in rule packs");
    test_app->add_option("PACK", args->files, "Packs, or folders of them; else those built in")
        ->type_name("");

    declare_train(app, *args);

    return [args, lint_app, match_app, test_app] {
        log_set_level(LogLevel::kWarning);
        try {
            if (lint_app->parsed()) return lint(*args);
            if (match_app->parsed()) return match(*args);
            if (test_app->parsed()) return run_tests(*args);
            return train(*args);
        } catch (const StartError& error) {
            return fail(error.what(), error.exit_code());
        }
    };
}

}  // namespace newsmill
