// Fingerprint and decision together, one core, documents a second: normalized texts go through
// FingerprintStage and DedupStage while the window holds a million other articles.
//
//   neardup_bench [SET.ndjson]       texts from lines {"title", "body"}; else made-up ones
//   NEWSMILL_BENCH_WINDOW=10000000   articles in the window
//   NEWSMILL_BENCH_REFERENCE=PATH    a program that is run as `PATH run SET.ndjson OUT` and prints
//                                    "all N docs/s": its speed is measured between the rounds
//
// The answers are checked first: of made-up texts every copy must be found and no other; of a set,
// at least one copy. CPU time, the median of five rounds; the window is whole before each.
#include <fmt/core.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "stages/dedup.hpp"
#include "stages/fingerprint.hpp"
#include "stages/normalize.hpp"
#include "stages/parse.hpp"

namespace newsmill {
namespace {

constexpr std::size_t kBatchArticles = 256;
constexpr int kRounds = 5;

double cpu_seconds() {
    timespec now{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

// Every third text is an edited copy of an earlier one.
std::vector<std::string> made_up_lines(std::size_t count) {
    std::mt19937_64 random(1);
    std::vector<std::string> words(8'000);
    for (std::string& word : words) {
        for (auto left = 2 + random() % 8; left > 0; --left) {
            word += static_cast<char>('a' + random() % 26);
        }
    }
    std::vector<std::vector<std::string>> texts;
    std::vector<std::string> lines;
    for (std::size_t i = 0; i < count; ++i) {
        std::vector<std::string> text;
        if (i % 3 == 2) {
            text = texts[i - 2];
            for (int edits = 0; edits < 8; ++edits) {
                text[random() % text.size()] = words[random() % words.size()];
            }
        } else {
            for (int n = 0; n < 380; ++n) {
                text.push_back(words[random() % words.size()]);
                if (random() % 30 == 0) text.back() = std::to_string(random() % 9'999);
                if (random() % 15 == 0) text.back()[0] &= '_';
                if (n % 17 == 16) text.back() += '.';
            }
        }
        texts.push_back(text);
        std::string body;
        for (const std::string& word : text) body.append(word).append(" ");
        lines.push_back(R"({"title": "Made up", "body": ")" + body + "\"}");
    }
    return lines;
}

std::vector<std::string> lines_of(const char* path) {
    std::vector<std::string> lines;
    std::FILE* file = std::fopen(path, "rb");
    if (file == nullptr) return lines;
    std::string line;
    for (int c = std::getc(file); c != EOF; c = std::getc(file)) {
        if (c != '\n') {
            line.push_back(static_cast<char>(c));
            continue;
        }
        lines.push_back(std::move(line));
        line.clear();
    }
    std::fclose(file);
    return lines;
}

class Window {
   public:
    explicit Window(std::size_t articles) : dedup_(options(articles)), articles_(articles) {}

    // Articles that nothing is like, until the window is full of them.
    void fill() {
        while (filled_ < articles_) add_record();
    }
    DedupStage& dedup() { return dedup_; }

   private:
    static DedupOptions options(std::size_t articles) {
        DedupOptions options;
        options.capacity = articles + 200'000;
        options.window_ms = INT64_C(1) << 50;
        return options;
    }
    void add_record() {
        std::vector<std::string> sketches(kBatchArticles), uris(kBatchArticles);
        std::vector<JournalEntry> record(kBatchArticles);
        for (std::size_t i = 0; i < kBatchArticles; ++i) {
            Sketch sketch;
            sketch.shingles = 400;
            sketch.count = kSketchHashes;
            for (std::uint32_t& hash : sketch.hashes)
                hash = static_cast<std::uint32_t>(random_() >> 34);
            std::sort(sketch.hashes.begin(), sketch.hashes.end());
            append_sketch(sketch, sketches[i]);
            uris[i] = "https://www.example.com/world/2026/11/24/story-about-something-" +
                      std::to_string(filled_ + i);
            record[i].origin = {"window", 0, static_cast<std::int64_t>(filled_ + i), kNoTime};
            record[i].exact_hash = {random_(), random_()};
            record[i].event_ms = 1;
            record[i].sketch = sketches[i];
            record[i].uri = uris[i];
        }
        dedup_.apply(record);
        filled_ += kBatchArticles;
    }

    DedupStage dedup_;
    std::size_t articles_;
    std::size_t filled_ = 0;
    std::mt19937_64 random_{2};
};

struct Texts {
    explicit Texts(const std::vector<std::string>& lines) {
        ParseStage parse{ParseOptions{}};
        NormalizeStage normalize{NormalizeOptions{}};
        for (std::size_t i = 0; i < lines.size(); i += kBatchArticles) {
            const std::size_t end = std::min(i + kBatchArticles, lines.size());
            BatchLimits limits;
            limits.articles_max = kBatchArticles;
            limits.payload_bytes_max = std::size_t{1} << 30;
            Batch& batch = *batches.emplace_back(std::make_unique<Batch>(limits));
            for (std::size_t k = i; k < end; ++k) {
                Article& article = batch.add(lines[k]);
                article.origin = {"set", 0, static_cast<std::int64_t>(k), kNoTime};
                article.payload_is_json = true;
            }
            parse.process(batch);
            normalize.process(batch);
            for (const Article& article : batch.articles) bytes += article.body.size();
            articles += batch.articles.size();
        }
    }
    std::vector<std::unique_ptr<Batch>> batches;
    std::size_t articles = 0;
    std::size_t bytes = 0;
};

struct Round {
    double fingerprint_s = 0;
    double decide_s = 0;
    std::size_t copies = 0;
};

// The articles of a round have coordinates of their own, or they would be known.
Round run_round(Texts& texts, FingerprintStage& fingerprint, DedupStage& dedup, int round) {
    Round out;
    std::vector<JournalEntry> record;
    for (const auto& batch : texts.batches) {
        for (Article& article : batch->articles) article.origin.partition = round;
        const double start = cpu_seconds();
        fingerprint.process(*batch);
        const double middle = cpu_seconds();
        record.clear();
        for (const Article& article : batch->articles) {
            if (!article.ok()) continue;
            JournalEntry& entry = record.emplace_back();
            entry.origin = article.origin;
            entry.exact_hash = article.exact_hash;
            entry.sketch = article.sketch;
            entry.event_ms = 1;
            entry.uri = article.uri;
        }
        dedup.apply(record);
        dedup.process(*batch);
        out.decide_s += cpu_seconds() - middle;
        out.fingerprint_s += middle - start;
        for (const Article& article : batch->articles) {
            out.copies += article.decision.kind != DedupKind::kUnique ? 1 : 0;
        }
    }
    return out;
}

// Documents a second, or 0.
double run_reference(const char* program, const char* set) {
    const std::string command = fmt::format("'{}' run '{}' /dev/null", program, set);
    std::FILE* out = popen(command.c_str(), "r");
    if (out == nullptr) return 0;
    std::string text;
    for (int c = std::getc(out); c != EOF; c = std::getc(out)) text.push_back(static_cast<char>(c));
    pclose(out);
    const std::size_t at = text.rfind("| all ");
    return at == std::string::npos ? 0 : std::strtod(text.c_str() + at + 6, nullptr);
}

int bench(const char* set) {
    const char* const wanted = std::getenv("NEWSMILL_BENCH_WINDOW");
    const std::size_t window = wanted == nullptr ? 1'000'000 : std::strtoull(wanted, nullptr, 10);
    const char* const reference = std::getenv("NEWSMILL_BENCH_REFERENCE");
    const std::vector<std::string> lines = set == nullptr ? made_up_lines(12'000) : lines_of(set);
    if (lines.empty()) {
        fmt::print(stderr, "neardup_bench: nothing to read in {}\n", set);
        return 1;
    }
    Texts texts(lines);
    FingerprintStage fingerprint;
    std::vector<double> rates, references, fingerprints, decisions;
    std::size_t bytes_each = 0;
    for (int round = 0; round < kRounds; ++round) {
        Window filled(window);
        filled.fill();
        bytes_each = filled.dedup().bytes() / filled.dedup().size();
        const Round result = run_round(texts, fingerprint, filled.dedup(), round);
        const std::size_t copies = lines.size() / 3;
        if (set == nullptr ? result.copies != copies : result.copies == 0) {
            fmt::print(stderr, "neardup_bench: {} copies found of {}\n", result.copies, copies);
            return 1;
        }
        const auto articles = static_cast<double>(texts.articles);
        rates.push_back(articles / (result.fingerprint_s + result.decide_s));
        fingerprints.push_back(static_cast<double>(texts.bytes) / result.fingerprint_s / 1e6);
        decisions.push_back(articles / result.decide_s);
        if (reference != nullptr && set != nullptr) {
            references.push_back(run_reference(reference, set));
        }
    }
    fmt::print("{} texts of {} B, {} articles in the window, {} B/article in memory\n",
               texts.articles, texts.bytes / texts.articles, window, bytes_each);
    fmt::print("fingerprint {:.0f} MB/s, decision {:.0f}/s, together {:.0f} documents/s\n",
               median(fingerprints), median(decisions), median(rates));
    if (!references.empty()) {
        fmt::print("reference {:.0f} documents/s: {:.2f} times its speed\n", median(references),
                   median(rates) / median(references));
    }
    return 0;
}

}  // namespace
}  // namespace newsmill

int main(int argc, char** argv) { return newsmill::bench(argc > 1 ? argv[1] : nullptr); }
