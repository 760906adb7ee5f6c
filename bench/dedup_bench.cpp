// Decisions a second with a full window: DedupStage::apply and process, on synthetic sketches, as
// the journal's thread does it. Two thirds of the articles are new, the rest near copies, exact
// copies and updates of articles anywhere in the window. The answers are checked first.
//
//   dedup_bench            a window of 1,000,000 articles
//   NEWSMILL_BENCH_WINDOW=10000000 dedup_bench
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdlib>
#include <deque>
#include <random>
#include <string>
#include <vector>

#include "stages/dedup.hpp"
#include "stages/fingerprint/sketch.hpp"

namespace newsmill {
namespace {

constexpr std::size_t kRecordEntries = 256;

std::size_t window_articles() {
    const char* const text = std::getenv("NEWSMILL_BENCH_WINDOW");
    return text == nullptr ? 1'000'000 : std::strtoull(text, nullptr, 10);
}

// Any article, from its number alone.
class Articles {
   public:
    enum class Kind : std::uint8_t { kNew, kNear, kExact, kUpdate };
    struct Article {
        Kind kind = Kind::kNew;
        std::uint64_t of = 0;
        std::string uri;
        std::string sketch;
    };

    explicit Articles(std::size_t window) : window_(window) {}

    Kind kind_of(std::uint64_t number) const {
        const std::uint64_t draw = mix(number) % 30;
        if (number < 1000 || draw >= 10) return Kind::kNew;
        return draw < 6 ? Kind::kNear : draw < 8 ? Kind::kExact : Kind::kUpdate;
    }
    // A new article from the last half window before it, so that it has not left yet.
    std::uint64_t of(std::uint64_t number) const {
        const std::uint64_t reach = std::min<std::uint64_t>(number - 1, window_ / 2);
        std::uint64_t other = number - 1 - mix(number ^ 0xA5A5) % reach;
        while (kind_of(other) != Kind::kNew) --other;
        return other;
    }

    void make(std::uint64_t number, Article& out) const {
        out.kind = kind_of(number);
        out.of = out.kind == Kind::kNew ? number : of(number);
        out.uri = "https://www.example.com/world/2026/11/24/story-about-something-";
        out.uri += std::to_string(out.kind == Kind::kUpdate ? out.of : number);
        sketch(out.of, out.kind == Kind::kNear ? number : 0, out.sketch);
    }
    static Hash128 hash(std::uint64_t number) { return {mix(number), mix(number + 77)}; }

   private:
    static std::uint64_t mix(std::uint64_t x) {
        x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9ull;
        x = (x ^ x >> 27) * 0x94D049BB133111EBull;
        return x ^ x >> 31;
    }
    // The smallest 64 hashes of some 400 shingles; one in ten is another one in a near copy.
    void sketch(std::uint64_t story, std::uint64_t edit, std::string& out) const {
        Sketch sketch;
        sketch.shingles = 400;
        sketch.count = kSketchHashes;
        for (std::size_t i = 0; i < kSketchHashes; ++i) {
            const std::uint64_t seed = edit != 0 && mix(edit + i) % 10 == 0 ? edit : story;
            sketch.hashes[i] = static_cast<std::uint32_t>(mix(seed * 64 + i) >> 35);
        }
        std::sort(sketch.hashes.begin(), sketch.hashes.end());
        for (std::size_t i = 1; i < kSketchHashes; ++i) {
            sketch.hashes[i] = std::max(sketch.hashes[i], sketch.hashes[i - 1] + 1);
        }
        for (FactSample* facts : {&sketch.figures, &sketch.names}) {
            facts->count = 12;
            for (std::size_t i = 0; i < 12; ++i) {
                facts->set(
                    i, static_cast<std::uint32_t>(i * 1'000'000 + mix(story * 16 + i) % 1'000'000));
            }
        }
        out.clear();
        append_sketch(sketch, out);
    }

    std::size_t window_;
};

class Feed {
   public:
    explicit Feed(const Articles& articles) : articles_(articles), made_(kRecordEntries) {}

    std::span<const JournalEntry> next() {
        entries_.clear();
        for (Articles::Article& made : made_) {
            articles_.make(number_, made);
            JournalEntry& entry = entries_.emplace_back();
            entry.origin = {"news.raw", static_cast<std::int32_t>(number_ % 12),
                            static_cast<std::int64_t>(number_ / 12), kNoTime};
            const bool exact = made.kind == Articles::Kind::kExact;
            entry.exact_hash = Articles::hash(exact ? made.of : number_);
            entry.event_ms = static_cast<std::int64_t>(number_);
            entry.version =
                made.kind == Articles::Kind::kUpdate ? static_cast<std::uint32_t>(number_) : 1;
            entry.uri = made.uri;
            entry.sketch = made.sketch;
            ++number_;
        }
        return entries_;
    }
    const std::vector<Articles::Article>& made() const { return made_; }

   private:
    const Articles& articles_;
    std::uint64_t number_ = 1;
    std::vector<Articles::Article> made_;
    std::vector<JournalEntry> entries_;
};

class Mill {
   public:
    explicit Mill(std::size_t window)
        : articles_(window), feed_(articles_), dedup_(options(window)), batch_(limits()) {
        for (std::size_t n = 0; n < window + window / 10; n += kRecordEntries) {
            dedup_.apply(feed_.next());
        }
    }
    std::span<const JournalEntry> next() { return feed_.next(); }
    void decide(std::span<const JournalEntry> record) {
        dedup_.apply(record);
        batch_.reset();
        for (const JournalEntry& entry : record) batch_.add("x").origin = entry.origin;
        dedup_.process(batch_);
    }
    // How many decisions are not what the article was made as, of a thousand.
    std::size_t wrong_of_thousand() const {
        std::size_t wrong = 0;
        for (std::size_t i = 0; i < kRecordEntries; ++i) {
            constexpr DedupKind kKinds[] = {DedupKind::kUnique, DedupKind::kNear, DedupKind::kExact,
                                            DedupKind::kUpdate};
            const auto kind = static_cast<std::size_t>(feed_.made()[i].kind);
            wrong += batch_.articles[i].decision.kind != kKinds[kind] ? 1 : 0;
        }
        return wrong * 1000 / kRecordEntries;
    }
    std::size_t bytes_each() const { return dedup_.bytes() / dedup_.size(); }

   private:
    static DedupOptions options(std::size_t window) {
        DedupOptions options;
        options.capacity = window;
        options.window_ms = INT64_C(1) << 50;
        return options;
    }
    static BatchLimits limits() {
        BatchLimits limits;
        limits.articles_max = kRecordEntries;
        return limits;
    }

    Articles articles_;
    Feed feed_;
    DedupStage dedup_;
    Batch batch_;
};

Mill& mill() {
    static Mill mill(window_articles());
    return mill;
}

void Decide(benchmark::State& state) {
    Mill& dedup = mill();
    std::size_t wrong = 0;
    for (int i = 0; i < 8; ++i) {
        dedup.decide(dedup.next());
        wrong = std::max(wrong, dedup.wrong_of_thousand());
    }
    if (wrong > 10) state.SkipWithError("the decisions are wrong");
    // Articles are made beforehand: some records at a time.
    for (auto _ : state) {
        state.PauseTiming();
        const std::span<const JournalEntry> record = dedup.next();
        state.ResumeTiming();
        dedup.decide(record);
    }
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kRecordEntries));
    state.counters["B/article"] = static_cast<double>(dedup.bytes_each());
    state.counters["wrong_of_1000"] = static_cast<double>(wrong);
}
BENCHMARK(Decide)->Iterations(2000);

}  // namespace
}  // namespace newsmill

BENCHMARK_MAIN();
