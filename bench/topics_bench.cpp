// How fast topics are found, on one core.
//
//     topics_bench [ARTICLES [PACK…]]
//
// ARTICLES is any archive that newsmill reads, else the demo's samples, many times; all of it is
// held in memory, parsed and normalized.
// Prints, as MB of headline and body a second (CPU time, best of five):
//   words     cutting into words alone
//   rules     the built-in packs, or the named ones
//   +1000     the same with 1,000 more rules, made of words of the articles (not of the samples)
//   hostile   made-up texts that are meant to be slow, and how much slower a byte of them is
// First it checks that an instance that has seen all articles says the same as a fresh one.
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "pipeline/archive/file_reader.hpp"
#include "stages/normalize.hpp"
#include "stages/parse.hpp"
#include "stages/topics.hpp"
#include "stages/topics/taxonomy.hpp"
#include "stages/topics/words.hpp"

namespace newsmill::bench {
namespace {

struct Text {
    std::string headline;
    std::string body;
};

std::vector<Text> read_articles(const std::string& path) {
    ParseStage parse{ParseOptions{}};
    NormalizeStage normalize{NormalizeOptions{}};
    FileReader reader({path});
    std::vector<Text> texts;
    Batch batch{BatchLimits{}};
    for (FileRecord record; reader.next(record);) {
        batch.reset();
        Article& article = batch.add(record.bytes);
        article.payload_padded = true;
        article.payload_is_json = !record.is_text;
        parse.process(batch);
        normalize.process(batch);
        if (!article.ok() || article.language != "en") continue;
        texts.push_back({std::string(article.headline), std::string(article.body)});
    }
    return texts;
}

// CPU time of this thread: others on the machine count as little as they can.
double now_s() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

double seconds_of(const std::function<void()>& work, int times = 5) {
    double best = 1e9;
    for (int i = 0; i < times; ++i) {
        const double start = now_s();
        work();
        best = std::min(best, now_s() - start);
    }
    return best;
}

std::size_t bytes_of(const std::vector<Text>& texts) {
    std::size_t bytes = 0;
    for (const Text& text : texts) bytes += text.headline.size() + text.body.size();
    return bytes;
}

// Through the whole stage, in batches as the mill makes them.
class Tagger {
   public:
    explicit Tagger(std::shared_ptr<const topics::Rules> rules) : stage_(options(rules)) {}

    std::uint64_t tag(const std::vector<Text>& texts) {
        std::uint64_t sum = 0;
        for (std::size_t at = 0; at < texts.size();) {
            batch_.reset();
            for (; at < texts.size() && !batch_.full(); ++at) {
                Article& article = batch_.add(texts[at].body);
                article.headline = texts[at].headline;
                article.body = texts[at].body;
                article.language = "en";
            }
            stage_.process(batch_);
            for (const Article& article : batch_.articles) sum = sum * 31 + hash(article);
        }
        return sum;
    }

   private:
    static TopicsOptions options(std::shared_ptr<const topics::Rules> rules) {
        TopicsOptions options;
        options.rules = std::move(rules);
        return options;
    }
    static std::uint64_t hash(const Article& article) {
        std::uint64_t sum = article.topics.size();
        for (const Topic& topic : article.topics) {
            sum = sum * 1000003 + topic.confidence * 101u + topics::hash_of(topic.code);
        }
        return sum;
    }

    TopicsStage stage_;
    Batch batch_{BatchLimits{}};
};

void check(const std::vector<Text>& texts, const std::shared_ptr<const topics::Rules>& rules) {
    Tagger used(rules);
    const std::uint64_t once = used.tag(texts);
    if (once == used.tag(texts)) return;
    std::fputs("the second pass differs from the first\n", stderr);
    std::exit(1);
}

// 1,000 rules of words that two articles or more have, as a newsroom would write them.
std::string more_rules(const std::vector<Text>& texts) {
    std::mt19937 random(7);
    std::map<std::string, std::set<std::size_t>> found;
    for (std::size_t i = 0; i < std::min<std::size_t>(texts.size(), 2000); ++i) {
        topics::for_each_word(texts[i].body, [&](std::string_view word, std::size_t, bool) {
            if (word.size() > 4) found[topics::lower_case(word)].insert(i);
        });
    }
    std::vector<std::string> words;
    for (const auto& [word, articles] : found) {
        if (articles.size() > 1) words.push_back(word);
    }
    const auto word = [&] { return words[random() % words.size()]; };
    std::string pack = "pack more\n";
    const auto& all = topics::media_topics();
    std::size_t rule = 0;
    for (std::size_t t = 0; rule < 1000; ++t) {
        pack += "topic " + std::string(all[t].code) + "\n";
        for (int i = 0; i < 2; ++i, ++rule) {
            pack += "rule r" + std::to_string(rule) + " 50%: (and (or (title any/stemming \"" +
                    word() + " " + word() + " " + word() + "\") (body adj \"" + word() + " " +
                    word() + "\") (body adj/stemming \"" + word() + " " + word() +
                    "\") (or/count>=3 (text_content any \"" + word() + " " + word() +
                    "\"))) (not (title any \"summary schedule\")))\n";
        }
    }
    return pack;
}

// ---- Hostile texts ---------------------------------------------------------------------------

struct Hostile {
    std::string name;
    std::string text;
};

std::string repeated(const std::function<std::string(std::size_t)>& piece, std::size_t bytes) {
    std::string text;
    for (std::size_t i = 0; text.size() < bytes; ++i) text += piece(i);
    return text;
}

std::vector<Hostile> hostile_texts(const std::vector<topics::Pack>& packs) {
    constexpr std::size_t kBytes = 4 << 20;
    std::mt19937 random(11);
    std::vector<std::string> terms;
    for (const auto& pack : packs) {
        for (const auto& term : pack.terms) {
            if (pack.language == "en") terms.push_back(term.text);
        }
    }
    std::vector<std::string> words;
    for (const std::string& term : terms) {
        topics::for_each_word(
            term, [&](std::string_view w, std::size_t, bool) { words.emplace_back(w); });
    }
    const auto letters = [&](std::size_t length) {
        std::string word;
        for (std::size_t i = 0; i < length; ++i) word += static_cast<char>('a' + random() % 26);
        return word;
    };
    const char* suffixes[] = {"ing", "ed", "ations", "fulness", "ers", "ly", "ies"};
    return {
        {"random letters, 6", repeated([&](std::size_t) { return letters(6) + " "; }, kBytes)},
        {"random letters, 3", repeated([&](std::size_t) { return letters(3) + " "; }, kBytes)},
        {"numbers", repeated([](std::size_t i) { return std::to_string(i) + " "; }, kBytes)},
        {"one letter words", repeated([&](std::size_t) { return letters(1) + " "; }, kBytes)},
        {"one word", std::string(kBytes, 'a')},
        {"blanks", std::string(kBytes, ' ')},
        {"apostrophes", std::string(kBytes, '\'')},
        {"it's it's", repeated([](std::size_t) { return "it's "; }, kBytes)},
        {"dots", repeated([](std::size_t) { return "a.b."; }, kBytes)},
        {"curly marks", repeated([](std::size_t) { return "“a” "; }, kBytes)},
        {"umlauts",
         repeated([](std::size_t i) { return "ÄÖÜ" + std::to_string(i) + " "; }, kBytes)},
        {"terms",
         repeated([&](std::size_t) { return terms[random() % terms.size()] + " "; }, kBytes)},
        {"words of terms",
         repeated([&](std::size_t) { return words[random() % words.size()] + " "; }, kBytes)},
        {"one term", repeated([](std::size_t) { return "prime minister "; }, kBytes)},
        {"first words of phrases", repeated([](std::size_t) { return "stock new car "; }, kBytes)},
        {"unseen inflections", repeated(
                                   [&](std::size_t) {
                                       return words[random() % words.size()].substr(0, 4) +
                                              letters(3) + suffixes[random() % 7] + " ";
                                   },
                                   kBytes)},
        {"short unseen inflections", repeated(
                                         [&](std::size_t) {
                                             return words[random() % words.size()].substr(0, 4) +
                                                    letters(2) + "s ";
                                         },
                                         kBytes)},
        {"long unseen words", repeated([&](std::size_t) { return letters(30) + " "; }, kBytes)},
    };
}

void measure_more(const std::vector<Text>& texts, std::vector<topics::Pack> packs, double alone) {
    const double megabytes = static_cast<double>(bytes_of(texts)) / 1e6;
    packs.push_back(topics::read_pack({"more.topics", more_rules(texts)}));
    Tagger more(topics::Rules::compile(packs));
    const double with_more = seconds_of([&] { more.tag(texts); });
    std::printf("+1000    %7.0f MB/s, %+.0f %% time\n", megabytes / with_more,
                100 * (with_more / alone - 1));
}

void run(const std::vector<Text>& texts, const std::vector<topics::Pack>& packs, bool are_many) {
    const double megabytes = static_cast<double>(bytes_of(texts)) / 1e6;
    const auto rules = topics::Rules::compile(packs);
    check(texts, rules);
    std::uint64_t words = 0;
    const double cut = seconds_of([&] {
        words = 0;
        for (const Text& text : texts) {
            topics::for_each_word(text.body, [&](std::string_view word, std::size_t, bool gap) {
                words += word.size() + (gap ? 1 : 0);
            });
        }
    });
    std::printf("%zu articles, %.1f MB\n", texts.size(), megabytes);
    std::printf("words    %7.0f MB/s\n", megabytes / cut);
    Tagger plain(rules);
    const double alone = seconds_of([&] { plain.tag(texts); });
    std::printf("rules    %7.0f MB/s\n", megabytes / alone);
    if (are_many) measure_more(texts, packs, alone);
    for (const Hostile& hostile : hostile_texts(packs)) {
        const std::vector<Text> one = {{"", hostile.text}};
        Tagger fresh(rules);
        const double took = seconds_of([&] { fresh.tag(one); }, 3);
        const double per_byte = took / static_cast<double>(hostile.text.size());
        const double usual = alone / (megabytes * 1e6);
        std::printf("hostile  %7.0f MB/s, %4.1f times the time of a byte: %s\n", 1e-6 / per_byte,
                    per_byte / usual, hostile.name.c_str());
    }
}

}  // namespace
}  // namespace newsmill::bench

int main(int argc, char** argv) {
    std::vector<newsmill::topics::Pack> packs;
    for (int i = 2; i < argc; ++i) {
        std::FILE* file = std::fopen(argv[i], "rb");
        if (file == nullptr) {
            std::perror(argv[i]);
            return 2;
        }
        std::string text;
        char block[65536];
        for (std::size_t n = 0; (n = std::fread(block, 1, sizeof block, file)) > 0;) {
            text.append(block, n);
        }
        std::fclose(file);
        packs.push_back(newsmill::topics::read_pack({argv[i], text}));
    }
    if (packs.empty()) packs = newsmill::topics::built_in_packs();
    const char* samples = NEWSMILL_SOURCE_DIR "/daemon/samples/articles.ndjson";
    auto texts = newsmill::bench::read_articles(argc > 1 ? argv[1] : samples);
    const auto few = texts;
    while (argc < 2 && texts.size() < 5000) texts.insert(texts.end(), few.begin(), few.end());
    newsmill::bench::run(texts, packs, argc > 1);
    return 0;
}
