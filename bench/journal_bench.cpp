// What the journal costs an article: its record's encoding and decoding, the journals in memory and
// in files (with and without flushes), and a snapshot of the state and its way back.
//
//     journal_bench [benchmark flags]
//
// Before it measures, it checks that a record comes back as it was, and that encoder and decoder do
// not allocate once they are warm. Items are entries; "flushed" writes to the folder that TMPDIR
// names (/tmp), so its number is that disk's.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <new>
#include <string>
#include <thread>
#include <vector>

#include "pipeline/archive/file_journal.hpp"
#include "pipeline/archive/snapshot_folder.hpp"
#include "pipeline/journal_record.hpp"
#include "stages/dedup.hpp"

namespace {
std::atomic<std::uint64_t> allocations{0};
}  // namespace

void* operator new(std::size_t size) {
    allocations.fetch_add(1, std::memory_order_relaxed);
    if (void* memory = std::malloc(size)) return memory;
    throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t /*size*/) noexcept { std::free(memory); }

namespace newsmill {
namespace {

constexpr std::size_t kBatch = 256;
constexpr std::size_t kSketchBytes = 450;
constexpr std::int64_t kStateEntries = 1'000'000;

std::uint64_t mix(std::uint64_t x) {
    x ^= x >> 31;
    x *= 0x9E3779B97F4A7C15u;
    x ^= x >> 29;
    return x * 0xBF58476D1CE4E5B9u;
}

// A batch's entries, with texts of their own.
struct Entries {
    explicit Entries(std::uint64_t first) {
        uris.reserve(kBatch);
        sketches.reserve(kBatch);
        for (std::size_t i = 0; i < kBatch; ++i) {
            const std::uint64_t n = first + i;
            uris.push_back("https://www.example-post.test/2026/11/24/story-" + std::to_string(n) +
                           "-in-the-town");
            std::string& sketch = sketches.emplace_back();
            while (sketch.size() < kSketchBytes) {
                const std::uint64_t bits = mix(n * 1000 + sketch.size());
                sketch.append(reinterpret_cast<const char*>(&bits), sizeof(bits));
            }
            JournalEntry& entry = entries.emplace_back();
            entry.origin.topic = "news.raw";
            entry.origin.partition = static_cast<std::int32_t>(n % 12);
            entry.origin.offset = static_cast<std::int64_t>(n);
            entry.exact_hash = {mix(n), mix(~n)};
            entry.event_ms = 1'764'000'000'000 + static_cast<std::int64_t>(n);
            entry.version_created_ms = entry.event_ms - 60'000;
            entry.uri = uris.back();
            entry.source = n % 3 == 0 ? "The Post" : "The Wire";
            entry.sketch = sketches.back();
        }
    }
    std::vector<std::string> uris;
    std::vector<std::string> sketches;
    std::vector<JournalEntry> entries;
};

void must(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "journal_bench: %s\n", what);
    std::exit(1);
}

std::string record_of(std::uint64_t first) {
    const Entries batch(first);
    JournalEncoder encoder;
    std::string bytes;
    encoder.encode(batch.entries, 1, 1, bytes);
    return bytes;
}

void verify() {
    const Entries batch(0);
    JournalEncoder encoder;
    JournalRecord record;
    std::string bytes;
    std::uint64_t before = 0;
    for (int i = 0; i < 3; ++i) {
        before = allocations.load();
        encoder.encode(batch.entries, 1, 1, bytes);
        must(decode_journal_record(bytes, record), "a record does not come back");
    }
    must(allocations.load() == before, "a warm encoder or decoder allocates");
    must(record.entries.size() == kBatch, "entries are missing");
    for (std::size_t i = 0; i < kBatch; ++i) {
        must(record.entries[i].uri == batch.entries[i].uri &&
                 record.entries[i].sketch == batch.entries[i].sketch &&
                 record.entries[i].exact_hash == batch.entries[i].exact_hash,
             "an entry is not what it was");
    }
}

void count(benchmark::State& state, std::size_t record_bytes) {
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kBatch));
    state.counters["bytes_per_entry"] = static_cast<double>(record_bytes) / kBatch;
}

void encode(benchmark::State& state) {
    const Entries batch(0);
    JournalEncoder encoder;
    std::string bytes;
    for (auto _ : state) {
        encoder.encode(batch.entries, 1, 1, bytes);
        benchmark::DoNotOptimize(bytes.data());
    }
    count(state, bytes.size());
}
BENCHMARK(encode);

void decode(benchmark::State& state) {
    const std::string bytes = record_of(0);
    JournalRecord record;
    for (auto _ : state) benchmark::DoNotOptimize(decode_journal_record(bytes, record));
    count(state, bytes.size());
}
BENCHMARK(decode);

// Appends and reads back, `ahead` records on their way at a time.
void there_and_back(benchmark::State& state, Journal& journal, int ahead) {
    const std::string bytes = record_of(0);
    std::string_view record;
    for (auto _ : state) {
        for (int i = 0; i < ahead; ++i) must(journal.append(bytes) == Outcome::kOk, "append fails");
        for (int i = 0; i < ahead;) {
            if (journal.poll(record) == Outcome::kOk) {
                ++i;
            } else {
                std::this_thread::yield();
            }
        }
    }
    state.SetItemsProcessed(state.iterations() * ahead * static_cast<std::int64_t>(kBatch));
}

std::string folder(const char* name) {
    return (std::filesystem::temp_directory_path() / name).string() + std::to_string(getpid());
}

void memory_journal(benchmark::State& state) {
    MemoryJournal journal;
    there_and_back(state, journal, 1);
}
BENCHMARK(memory_journal);

void file_journal(benchmark::State& state, bool flushed) {
    const std::string path = folder("newsmill_journal_bench");
    std::filesystem::remove_all(path);
    {
        FileJournalOptions options;
        options.path = path;
        options.sync = flushed;
        options.sync_interval_ms = 0;
        FileJournal journal(options);
        there_and_back(state, journal, static_cast<int>(state.range(0)));
    }
    std::filesystem::remove_all(path);
}
BENCHMARK_CAPTURE(file_journal, unflushed, false)->Arg(1)->UseRealTime();
BENCHMARK_CAPTURE(file_journal, flushed, true)->Arg(1)->Arg(16)->UseRealTime();

DedupOptions dedup_options() {
    DedupOptions options;
    options.capacity = kStateEntries;
    return options;
}

// A window of a million articles, made once.
DedupStage& full_state() {
    static std::unique_ptr<DedupStage> stage = [] {
        auto made = std::make_unique<DedupStage>(dedup_options());
        made->adopt(made->settings_wanted());
        for (std::uint64_t n = 0; n < kStateEntries; n += kBatch) made->apply(Entries(n).entries);
        return made;
    }();
    return *stage;
}

SnapshotHeader header_of(const DedupStage& stage) {
    SnapshotHeader header;
    header.settings = stage.settings_wanted();
    header.state_hash = stage.state_hash();
    header.entries = kStateEntries;
    return header;
}

void write(SnapshotStore& store, DedupStage& stage, benchmark::State& state) {
    SnapshotWriter writer(store);
    std::int64_t longest_ns = 0;
    const auto timed = [&](auto step) {
        const auto from = std::chrono::steady_clock::now();
        step();
        longest_ns =
            std::max<std::int64_t>(longest_ns, (std::chrono::steady_clock::now() - from).count());
    };
    timed([&] { writer.begin(header_of(stage), stage); });
    while (writer.active()) {
        Agent::Work work = Agent::Work::kIdle;
        timed([&] { work = writer.step(stage); });
        if (work == Agent::Work::kIdle) std::this_thread::sleep_for(std::chrono::microseconds(200));
    }
    must(store.state() == SnapshotStore::State::kDone, "a snapshot is not written");
    state.counters["MB"] = static_cast<double>(writer.bytes()) / 1e6;
    state.counters["longest_step_us"] = static_cast<double>(longest_ns) / 1e3;
}

void snapshot_write(benchmark::State& state) {
    const std::string path = folder("newsmill_snapshot_bench");
    DedupStage& stage = full_state();
    {
        SnapshotFolder store(path);
        for (auto _ : state) write(store, stage, state);
    }
    std::filesystem::remove_all(path);
    state.SetItemsProcessed(state.iterations() * kStateEntries);
}
BENCHMARK(snapshot_write)->Iterations(2)->UseRealTime()->Unit(benchmark::kMillisecond);

void snapshot_restore(benchmark::State& state) {
    const std::string path = folder("newsmill_snapshot_bench");
    DedupStage& stage = full_state();
    {
        SnapshotFolder store(path);
        write(store, stage, state);
        const auto fresh = std::make_unique<DedupStage>(dedup_options());
        for (auto _ : state) {
            fresh->reset();
            const auto reader = store.open(store.names().front());
            const std::string wrong = read_snapshot(
                *reader,
                [&](const SnapshotHeader& header) {
                    return fresh->adopt(header.settings) ? std::string() : "settings";
                },
                [&](std::string_view chunk) {
                    return fresh->restore(chunk) ? std::string() : "chunk";
                });
            must(wrong.empty() && fresh->finish_restore(), "a snapshot does not come back");
        }
        must(fresh->state_hash() == stage.state_hash(), "another state comes back");
    }
    std::filesystem::remove_all(path);
    state.SetItemsProcessed(state.iterations() * kStateEntries);
}
BENCHMARK(snapshot_restore)->Iterations(2)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace newsmill

int main(int argc, char** argv) {
    newsmill::verify();
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
    benchmark::RunSpecifiedBenchmarks();
    return 0;
}
