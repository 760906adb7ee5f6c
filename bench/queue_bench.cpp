// The hand-off between two threads: ours beside the queues that one would take instead.
//
//     queue_bench [--jsonl=FILE] [benchmark flags]      FILE gets one JSON line a measurement
//
// One producer and one consumer, each pinned to a CPU of its own; the same payload, capacity and
// way of waiting for all; every queue must first deliver a dense sequence. Three questions:
//   numbers   8-byte items, one way: what the queue itself costs
//   batches   batch pointers in a circle, pool to consumer and back, as the mill's lanes use it
//   latency   one item there and back through two queues
// "lanes" is over how many queues the two threads go in turn (source and gatherer do that).
#include <benchmark/benchmark.h>
#include <pthread.h>
#include <readerwriterqueue.h>
#include <sched.h>
#include <tbb/concurrent_queue.h>

#include <concurrentqueue/concurrentqueue.h>
#include <algorithm>
#include <atomic>
#include <boost/lockfree/spsc_queue.hpp>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <fstream>
#include <iostream>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "pipeline/batch.hpp"
#include "pipeline/queue.hpp"

namespace newsmill {
namespace {

constexpr std::size_t kCapacity = 1024;
constexpr std::uint64_t kItems = 500'000;
constexpr std::uint64_t kBatches = 200'000;
constexpr std::uint64_t kRounds = 10'000;
constexpr int kRepetitions = 11;
constexpr std::size_t kPool = 64;

void pause() noexcept {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
}

// How all wait: 1, 2, 4, 8, then 16 pauses between two looks, and now and then others may run. Who
// looks without a pause takes the line away from the one it waits for, at each look: that punishes
// the queue with the fastest look, and says nothing of the queue.
class Backoff {
   public:
    void wait() noexcept {
        for (std::uint32_t i = 0; i < pauses_; ++i) pause();
        pauses_ = std::min(2 * pauses_, kPausesMax);
        if (++looks_ % 256 == 0) ::sched_yield();
    }

   private:
    static constexpr std::uint32_t kPausesMax = 16;
    std::uint32_t pauses_ = 1;
    std::uint32_t looks_ = 0;
};

// The CPUs that the process may use, as they were at the start: a thread inherits its maker's pin.
const cpu_set_t kAllowedCpus = [] {
    cpu_set_t allowed;
    CPU_ZERO(&allowed);
    ::sched_getaffinity(0, sizeof allowed, &allowed);
    return allowed;
}();

// Puts this thread on the nth of them; does nothing if there is no such one.
void pin(int nth) noexcept {
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
        if (!CPU_ISSET(cpu, &kAllowedCpus) || nth-- > 0) continue;
        cpu_set_t one;
        CPU_ZERO(&one);
        CPU_SET(cpu, &one);
        ::pthread_setaffinity_np(::pthread_self(), sizeof one, &one);
        return;
    }
}

// ---- The queues: try_push and try_pop of a trivially copyable T -------------------------------

template <typename T>
struct Newsmill {
    SpscQueue<T> queue{kCapacity};
    bool try_push(T item) { return queue.try_push(std::move(item)); }
    bool try_pop(T& item) { return queue.try_pop(item); }
};

template <typename T>
struct BoostSpsc {
    boost::lockfree::spsc_queue<T, boost::lockfree::capacity<kCapacity>> queue;
    bool try_push(T item) { return queue.push(item); }
    bool try_pop(T& item) { return queue.pop(item); }
};

template <typename T>
struct ReaderWriter {
    moodycamel::ReaderWriterQueue<T> queue{kCapacity};
    bool try_push(T item) { return queue.try_enqueue(item); }  // never allocates
    bool try_pop(T& item) { return queue.try_dequeue(item); }
};

template <typename T>
struct Concurrent {
    moodycamel::ConcurrentQueue<T> queue{kCapacity, 1, 0};
    moodycamel::ProducerToken producer{queue};
    moodycamel::ConsumerToken consumer{queue};
    bool try_push(T item) { return queue.try_enqueue(producer, item); }  // never allocates
    bool try_pop(T& item) { return queue.try_dequeue(consumer, item); }
};

template <typename T>
struct Tbb {
    tbb::concurrent_bounded_queue<T> queue;
    Tbb() { queue.set_capacity(kCapacity); }
    bool try_push(T item) { return queue.try_push(item); }
    bool try_pop(T& item) { return queue.try_pop(item); }
};

// The textbook's queue; it sleeps and wakes instead of spinning.
template <typename T>
struct MutexCondvar {
    std::mutex mutex;
    std::condition_variable not_full;
    std::condition_variable not_empty;
    std::vector<T> ring = std::vector<T>(kCapacity);
    std::size_t head = 0;
    std::size_t count = 0;

    bool try_push(T item) {
        {
            std::unique_lock lock(mutex);
            not_full.wait(lock, [this] { return count < kCapacity; });
            ring[(head + count++) % kCapacity] = item;
        }
        not_empty.notify_one();
        return true;
    }
    bool try_pop(T& item) {
        {
            std::unique_lock lock(mutex);
            not_empty.wait(lock, [this] { return count > 0; });
            item = ring[head];
            head = (head + 1) % kCapacity;
            --count;
        }
        not_full.notify_one();
        return true;
    }
};

template <typename Queue, typename T>
void push(Queue& queue, T item) {
    for (Backoff backoff; !queue.try_push(item);) backoff.wait();
}

template <typename T, typename Queue>
T pop(Queue& queue) {
    T item{};
    for (Backoff backoff; !queue.try_pop(item);) backoff.wait();
    return item;
}

// ---- The measurements -------------------------------------------------------------------------

// Runs both, each on its CPU, and returns the seconds until both are done; the threads and their
// memory are there before the clock starts. The consumer is copied into its thread: what it reads
// in its loop must not lie on the producer's stack, beside what the producer writes.
template <typename Producer, typename Consumer>
double run_pair(Producer producer, Consumer consumer) {
    std::atomic<bool> ready{false};
    std::thread other([&ready, consumer]() mutable {
        pin(1);
        ready.store(true, std::memory_order_release);
        consumer();
    });
    while (!ready.load(std::memory_order_acquire)) ::sched_yield();  // it starts on our CPU
    const auto start = std::chrono::steady_clock::now();
    producer();
    other.join();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// The queues that the two threads go over in turn.
template <typename Queue>
class Lanes {
   public:
    explicit Lanes(std::size_t count) {
        for (std::size_t i = 0; i < count; ++i) {
            owned_.push_back(std::make_unique<Queue>());
            lanes_.push_back(owned_.back().get());
        }
    }
    // A walk over them, to be held by one thread.
    auto walk() const {
        return [lanes = lanes_, at = std::size_t{0}]() mutable -> Queue& {
            Queue& queue = *lanes[at];
            if (++at == lanes.size()) at = 0;
            return queue;
        };
    }

   private:
    std::vector<std::unique_ptr<Queue>> owned_;
    std::vector<Queue*> lanes_;
};

// Returns the seconds, or a negative number if an item was lost, doubled or out of order.
template <template <typename> class Queue>
double move_numbers(std::size_t lane_count, std::uint64_t items) {
    const Lanes<Queue<std::uint64_t>> lanes(lane_count);
    std::uint64_t wrong = 0;
    const double seconds = run_pair(
        [lane = lanes.walk(), items]() mutable {
            for (std::uint64_t i = 0; i < items; ++i) push(lane(), i);
        },
        [lane = lanes.walk(), items, &wrong]() mutable {
            std::uint64_t bad = 0;
            for (std::uint64_t i = 0; i < items; ++i) bad += pop<std::uint64_t>(lane()) != i;
            wrong = bad;
        });
    return wrong == 0 ? seconds : -1;
}

template <template <typename> class Queue>
double move_batches(std::size_t lane_count, std::uint64_t batches) {
    static const auto pool = [] {
        std::vector<std::unique_ptr<Batch>> made;
        for (std::size_t i = 0; i < kPool; ++i) {
            made.push_back(std::make_unique<Batch>(BatchLimits{1, 64, 64}));
        }
        return made;
    }();
    const Lanes<Queue<Batch*>> lanes(lane_count);
    const auto free = std::make_unique<Queue<Batch*>>();
    for (const auto& batch : pool) push(*free, batch.get());
    std::uint64_t wrong = 0;
    const double seconds = run_pair(
        [lane = lanes.walk(), back = free.get(), batches]() mutable {
            for (std::uint64_t i = 0; i < batches; ++i) {
                Batch* batch = pop<Batch*>(*back);
                batch->sequence = i;
                push(lane(), batch);
            }
        },
        [lane = lanes.walk(), back = free.get(), batches, &wrong]() mutable {
            std::uint64_t bad = 0;
            for (std::uint64_t i = 0; i < batches; ++i) {
                Batch* batch = pop<Batch*>(lane());
                bad += batch->sequence != i;
                push(*back, batch);
            }
            wrong = bad;
        });
    return wrong == 0 ? seconds : -1;
}

template <template <typename> class Queue>
double bounce(std::size_t /*lane_count*/, std::uint64_t rounds) {
    const auto there = std::make_unique<Queue<std::uint64_t>>();
    const auto back = std::make_unique<Queue<std::uint64_t>>();
    std::uint64_t wrong = 0;
    const double seconds = run_pair(
        [&there = *there, &back = *back, rounds, &wrong] {
            std::uint64_t bad = 0;
            for (std::uint64_t i = 0; i < rounds; ++i) {
                push(there, i);
                bad += pop<std::uint64_t>(back) != i;
            }
            wrong = bad;
        },
        [&there = *there, &back = *back, rounds] {
            for (std::uint64_t i = 0; i < rounds; ++i) push(back, pop<std::uint64_t>(there));
        });
    return wrong == 0 ? seconds : -1;
}

using Measure = double (*)(std::size_t lane_count, std::uint64_t count);

// Verify, then time: the first run counts for the answer alone. All are checked.
void measure(benchmark::State& state, Measure run, std::uint64_t count, bool& verified) {
    const auto lanes = static_cast<std::size_t>(state.range(0));
    if (!verified && run(lanes, count) < 0) {
        state.SkipWithError("the sequence is broken");
        return;
    }
    verified = true;
    double total = 0;
    for (auto _ : state) {
        const double seconds = run(lanes, count);
        if (seconds < 0) {
            state.SkipWithError("the sequence is broken");
            break;
        }
        state.SetIterationTime(seconds);
        total += seconds;
    }
    const double items = static_cast<double>(state.iterations()) * static_cast<double>(count);
    state.counters["ns_per_item"] = total * 1e9 / items;
    state.counters["items_per_s"] = items / total;
}

double best(const std::vector<double>& values) {
    return *std::min_element(values.begin(), values.end());
}

void add(const std::string& name, Measure run, std::uint64_t count, std::int64_t lanes) {
    auto verified = std::make_shared<bool>(false);
    benchmark::RegisterBenchmark(
        name.c_str(), [=](benchmark::State& state) { measure(state, run, count, *verified); })
        ->ArgName("lanes")
        ->Arg(lanes)
        ->UseManualTime()
        ->Unit(benchmark::kMillisecond)
        ->Iterations(1)
        ->Repetitions(kRepetitions)
        ->ComputeStatistics("best", best)
        ->ReportAggregatesOnly();
}

template <template <typename> class Queue>
void add_queue(const std::string& name) {
    add("numbers/" + name, move_numbers<Queue>, kItems, 1);
    add("numbers/" + name, move_numbers<Queue>, kItems, 4);
    add("batches/" + name, move_batches<Queue>, kBatches, 1);
    add("batches/" + name, move_batches<Queue>, kBatches, 4);
    add("latency/" + name, bounce<Queue>, kRounds, 1);
}

// ---- Results ----------------------------------------------------------------------------------

std::string cpu_model() {
    std::ifstream in("/proc/cpuinfo");
    for (std::string line; std::getline(in, line);) {
        const std::size_t colon = line.find(": ");
        if (line.starts_with("model name") && colon != std::string::npos) {
            return line.substr(colon + 2);
        }
    }
    return "unknown";
}

// The console's table, and one JSON line for every median.
class Reporter : public benchmark::ConsoleReporter {
   public:
    explicit Reporter(const std::string& path) : ConsoleReporter(OO_Tabular) {
        if (!path.empty()) out_.open(path, std::ios::app);
    }

    void ReportRuns(const std::vector<Run>& runs) override {
        ConsoleReporter::ReportRuns(runs);
        for (const Run& run : runs) {
            if (!out_.is_open() || run.aggregate_name != "median") continue;
            const std::string& name = run.run_name.function_name;
            const std::size_t slash = name.find('/');
            const std::string& args = run.run_name.args;  // "lanes:4"
            out_ << R"({"bench":"queue","measure":")" << name.substr(0, slash) << R"(","queue":")"
                 << name.substr(slash + 1) << R"(","lanes":)" << args.substr(args.find(':') + 1)
                 << R"(,"ns_per_item_median":)" << run.counters.at("ns_per_item").value
                 << R"(,"ns_per_item_best":)" << counter_of(runs, run, "best")
                 << R"(,"repetitions":)" << run.repetitions << R"(,"cpu":")" << cpu_model()
                 << R"(","cpus":)" << std::thread::hardware_concurrency() << "}\n"
                 << std::flush;
        }
    }

   private:
    static double counter_of(const std::vector<Run>& runs, const Run& like, const char* aggregate) {
        for (const Run& run : runs) {
            if (run.aggregate_name == aggregate && run.run_name.str() == like.run_name.str()) {
                return run.counters.at("ns_per_item").value;
            }
        }
        return 0;
    }

    std::ofstream out_;
};

}  // namespace
}  // namespace newsmill

int main(int argc, char** argv) {
    using namespace newsmill;
    std::string jsonl;
    std::vector<char*> arguments;
    // In turn and not one after the other: a noisy minute then hits all alike.
    std::string interleave = "--benchmark_enable_random_interleaving=true";
    for (int i = 0; i < argc; ++i) {
        const std::string argument = argv[i];
        if (argument.starts_with("--jsonl=")) {
            jsonl = argument.substr(argument.find('=') + 1);
        } else {
            arguments.push_back(argv[i]);
        }
    }
    arguments.insert(arguments.begin() + 1, interleave.data());
    int count = static_cast<int>(arguments.size());
    benchmark::Initialize(&count, arguments.data());
    if (benchmark::ReportUnrecognizedArguments(count, arguments.data())) return 2;

    add_queue<Newsmill>("newsmill");
    add_queue<BoostSpsc>("boost_spsc");
    add_queue<ReaderWriter>("moodycamel_readerwriter");
    add_queue<Concurrent>("moodycamel_concurrent");
    add_queue<Tbb>("tbb_bounded");
    add_queue<MutexCondvar>("mutex_condvar");
    pin(0);
    Reporter reporter(jsonl);
    benchmark::RunSpecifiedBenchmarks(&reporter);
    return 0;
}
