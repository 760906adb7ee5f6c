// The whole engine, deterministic, one seed a world: daemons with random lanes over a faulty
// broker. Exactly once, in the order of each partition, equal to the inline run over the journal's
// order, and it ends. To see one seed: sim_tests --gtest_filter='Simulation.*' with
// NEWSMILL_SIM_SEED=N.

#include <gtest/gtest.h>

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "pipeline/archive/file_journal.hpp"
#include "pipeline/log.hpp"
#include "pipeline/pipeline.hpp"
#include "stages/dedup.hpp"
#include "tests/sim/sim_broker.hpp"
#include "tests/sim/sim_journal.hpp"

namespace newsmill::sim {
namespace {

constexpr std::uint64_t kStepsMax = 3'000'000;

std::uint64_t payload_hash(std::string_view payload) {
    std::uint64_t hash = 1469598103934665603ull;
    for (const char c : payload) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ull;
    return hash;
}

class SimFront final : public Stage {
   public:
    std::string_view name() const noexcept override { return "front"; }
    void process(Batch& batch) noexcept override {
        for (Article& article : batch.articles) {
            if (article.payload.starts_with("bad"))
                reject(article, Code::kParseJson, name(), "bad");
            const std::uint64_t hash = payload_hash(article.payload);
            article.exact_hash = {hash, hash};
            // What kills, updates and elections need, from the payload alone.
            constexpr std::string_view kUris[] = {"a", "b", "c", "d", "e", "f", "g", "h"};
            constexpr std::string_view kSources[] = {"wire", "paper", "blog", ""};
            article.uri = hash / 16 % 3 == 0 ? kUris[hash % 8] : article.payload;
            article.version = static_cast<std::uint32_t>(hash / 64 % 4);
            article.canceled = hash / 256 % 7 == 0;
            article.raw.source = kSources[hash / 2048 % 4];
        }
    }
};

std::string value_of(const Article& article) {
    if (!article.ok()) return std::string(article.payload);
    std::ostringstream out;
    out << article.payload << '|' << dedup_kind_name(article.decision.kind) << '|'
        << article.decision.cluster_id << '|' << article.decision.of_uri << '|'
        << article.decision.of.partition << '@' << article.decision.of.offset << '|'
        << article.decision.similarity << '|' << article.decision.killed;
    return out.str();
}

std::string value_of(const Notice& notice) {
    std::ostringstream out;
    out << notice_kind_name(notice.kind) << '|' << notice.uri << '|' << notice.copy.partition << '@'
        << notice.copy.offset << '|' << notice.by_uri << '|' << notice.by.partition << '@'
        << notice.by.offset;
    return out.str();
}

// All that is published for an article, in order: its own output, then its notices.
std::vector<std::string> parts_of(const Article& article) {
    std::vector<std::string> parts = {value_of(article)};
    for (const Notice& notice : article.decision.notices) parts.push_back(value_of(notice));
    return parts;
}

class SimBack final : public Stage {
   public:
    std::string_view name() const noexcept override { return "back"; }
    void process(Batch& batch) noexcept override {
        for (Article& article : batch.articles) {
            article.output.channel = article.ok() ? Channel::kMain : Channel::kDeadLetters;
            article.output.value = batch.arena.copy(value_of(article));
            const std::span<const Notice> notices = article.decision.notices;
            const std::span<Output> outputs = batch.arena.array<Output>(notices.size());
            for (std::size_t i = 0; i < notices.size(); ++i) {
                outputs[i].channel = Channel::kNotices;
                outputs[i].value = batch.arena.copy(value_of(notices[i]));
            }
            article.notices = outputs;
        }
    }
};

template <typename T>
StageChain chain() {
    StageChain stages;
    stages.push_back(std::make_unique<T>());
    return stages;
}

class SimClock final : public Clock {
   public:
    std::int64_t now_ns() const noexcept override { return now_ns_; }
    void advance(std::int64_t ns) { now_ns_ += ns; }

   private:
    std::int64_t now_ns_ = 0;
};

struct Mutants {
    bool check_epoch = true;
    bool check_origin = true;
    bool right_place = true;  // after a snapshot; else a record is left out
};

// The window is longer than the input's time: an id that leaves it before the article is read again
// would be decided anew, and then differ from what the reference said first. docs/operations.md
// says so too.
DedupOptions dedup_options(const Mutants& mutants) {
    DedupOptions options;
    options.window_ms = 600'000;
    options.capacity = 1000;
    options.clock_jump_ms_max = 5000;
    options.trust = {"wire", "paper"};
    options.check_origin = mutants.check_origin;
    return options;
}

struct Daemon {
    Daemon(SimBroker& broker, const Clock& clock, const std::string& instance,
           std::uint64_t incarnation, const PipelineOptions& options, const Mutants& mutants,
           std::unique_ptr<Journal> its_journal, SimDisk& disk)
        : consumer(broker, instance, incarnation),
          producer(broker, "tx-" + instance),
          journal(std::move(its_journal)),
          snapshots(disk, broker),
          dedup(dedup_options(mutants)),
          pipeline({consumer, producer, journal_parts(mutants), chain<SimFront>, chain<SimBack>},
                   options, clock) {}

    JournalParts journal_parts(const Mutants& mutants) {
        JournalParts parts{journal.get(), &dedup, &dedup, &snapshots, {}};
        parts.state = restore_newest(snapshots, *journal, dedup);
        restored = parts.state.restored;
        refused = parts.state.refused.size();
        std::string_view left_out;
        while (restored && !mutants.right_place && journal->position() < journal->end_position() &&
               journal->poll(left_out) != Outcome::kOk) {
        }
        return parts;
    }

    bool done() {
        for (Agent* agent : pipeline.agents()) {
            if (agent->do_work() != Agent::Work::kDone) return false;
        }
        return true;
    }

    SimConsumer consumer;
    SimProducer producer;
    std::unique_ptr<Journal> journal;
    SimSnapshots snapshots;
    bool restored = false;
    std::uint64_t refused = 0;
    DedupStage dedup;
    Pipeline pipeline;
};

std::vector<std::vector<InputRecord>> make_input(Random& random) {
    std::vector<std::vector<InputRecord>> input(1 + random.below(4));
    std::int64_t now_ms = 1'000'000;
    for (auto& partition : input) {
        const std::uint64_t count = 40 + random.below(200);
        for (std::uint64_t i = 0; i < count; ++i) {
            now_ms += static_cast<std::int64_t>(random.below(300));
            std::string payload = random.one_in(12) ? "bad" : "text";
            partition.push_back({payload + std::to_string(random.below(250)), now_ms});
        }
    }
    return input;
}

class World {
   public:
    World(std::uint64_t seed, Mutants mutants, JournalKind kind = JournalKind::kBroker)
        : random_(seed),
          mutants_(mutants),
          kind_(kind),
          broker_(seed + 1, make_input(random_), Faults{}) {
        log_set_level(LogLevel::kOff);
        std::filesystem::remove_all(folder_);
    }
    ~World() {
        daemons_.clear();
        std::filesystem::remove_all(folder_);
    }

    // What a run went through, to see that the worlds are not idle ones.
    struct Tally {
        std::uint64_t steps = 0, faults = 0, commits = 0, aborts = 0, rewinds = 0, dropped = 0;
        std::uint64_t snapshots = 0, restored = 0, refused = 0, agreements = 0, disagreements = 0;
        std::uint64_t notices = 0, rebuilds = 0;
    };
    const Tally& tally() const { return tally_; }

    // Empty if all holds; else what does not.
    std::string run() {
        // A journal that one process has to itself has one daemon.
        const std::size_t daemons = kind_ == JournalKind::kBroker ? 1 + random_.below(3) : 1;
        for (std::size_t i = 0; i < daemons; ++i) start("d" + std::to_string(i));
        std::uint64_t faults_left = 5 + random_.below(40);
        std::uint64_t steps = 0;
        for (; !broker_.all_committed(); ++steps) {
            if (steps > kStepsMax) return "does not end";
            if (faults_left > 0 && random_.one_in(150)) {
                fault();
                if (--faults_left == 0) broker_.stop_faults();
            }
            if (const std::string wrong = step(); !wrong.empty()) return wrong;
        }
        broker_.stop_faults();
        tally_.steps = steps;
        for (auto& [name, daemon] : daemons_) daemon->pipeline.control().request_stop();
        for (auto& zombie : zombies_) end(zombie);
        zombies_.clear();
        draining_ = true;
        for (; !daemons_.empty(); ++steps) {
            if (steps > kStepsMax + 200'000) return "does not drain";
            step();
        }
        if (tally_.disagreements > 0) return "daemons disagree";
        return check();
    }

   private:
    PipelineOptions options() {
        PipelineOptions o;
        o.lanes_front = 1 + random_.below(3);
        o.lanes_back = 1 + random_.below(3);
        o.pool_batches = 2 + random_.below(8);
        o.batch.articles_max = static_cast<std::uint32_t>(1 + random_.below(7));
        o.batch.arena_bytes = 4096;
        o.sink.held_batches_max = 1 + random_.below(o.pool_batches);
        o.sink.commit_interval_ns = static_cast<std::int64_t>(1 + random_.below(50)) * kMillisecond;
        o.sink.check_epoch = mutants_.check_epoch;
        o.journal.writer = ++incarnation_;
        o.journal.state_hash_interval_entries = 10 + random_.below(50);
        o.journal.snapshot_interval_entries = 5 + random_.below(100);
        return o;
    }

    void start(const std::string& instance) {
        const PipelineOptions o = options();
        SimDisk& disk = disks_[instance];
        if (random_.one_in(8)) disk.damage(random_);
        daemons_[instance] = std::make_unique<Daemon>(broker_, clock_, instance, incarnation_, o,
                                                      mutants_, open_journal(), disk);
        tally_.restored += daemons_[instance]->restored ? 1 : 0;
        tally_.refused += daemons_[instance]->refused;
    }

    std::unique_ptr<Journal> open_journal() {
        switch (kind_) {
            case JournalKind::kFile: return std::make_unique<FileJournal>(file_options());
            case JournalKind::kMemory: return std::make_unique<RecordedJournal>(recorded_);
            case JournalKind::kBroker: break;
        }
        return std::make_unique<SimJournal>(broker_);
    }

    FileJournalOptions file_options() const {
        FileJournalOptions o;
        o.path = folder_;
        o.segment_bytes = 5000;
        o.sync = false;  // a thread of its own would not be the seed's
        return o;
    }

    // The process is gone, and its last write is half done.
    void crash(std::unique_ptr<Daemon>& daemon) {
        end(daemon);
        if (kind_ != JournalKind::kFile || random_.one_in(2)) return;
        std::string newest;
        for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
            if (entry.path().extension() == ".nmj")
                newest = std::max(newest, entry.path().string());
        }
        std::ofstream(newest, std::ios::binary | std::ios::app)
            << std::string(1 + random_.below(40), static_cast<char>(random_.below(256)));
    }

    void end(std::unique_ptr<Daemon>& daemon) {
        const Metrics& metrics = daemon->pipeline.metrics();
        tally_.snapshots += metrics.snapshots_written.get();
        tally_.agreements += metrics.journal_agreements.get();
        tally_.disagreements += metrics.journal_disagreements.get();
        daemon.reset();
    }

    void fault() {
        ++tally_.faults;
        if (daemons_.empty()) return start("d0");
        auto it = daemons_.begin();
        std::advance(it, static_cast<std::ptrdiff_t>(random_.below(daemons_.size())));
        const std::string name = it->first;
        std::uint64_t what = random_.below(6);
        // In memory a journal does not outlive its daemon; in files it has one at a time.
        if (kind_ == JournalKind::kFile && what >= 2 && what < 5) what = 0;
        if (kind_ == JournalKind::kMemory && what < 5) what = 1;
        switch (what) {
            case 0:  // crash and restart: the same instance, a new incarnation
                crash(it->second);
                start(name);
                break;
            case 1:  // the coordinator takes it for dead, though it lives
                broker_.expire(name);
                break;
            case 2:  // a zombie: the old one runs on beside its successor
                twins_ = true;
                zombies_.push_back(std::move(it->second));
                start(name);
                break;
            case 3:  // another daemon joins
                if (daemons_.size() < 4) start("d" + std::to_string(10 + incarnation_));
                break;
            case 4:  // one is told to stop; it drains and leaves
                if (daemons_.size() > 1) it->second->pipeline.control().request_stop();
                break;
            case 5:  // it is given other lanes and another pool, in place
                it->second->pipeline.request_handover();
                break;
        }
    }

    void add_tally(const Metrics& metrics) {
        tally_.commits += metrics.commits.get();
        tally_.aborts += metrics.aborts.get();
        tally_.rewinds += metrics.rewinds.get();
        tally_.dropped += metrics.batches_dropped.get();
    }

    std::string step() {
        broker_.tick();
        clock_.advance(static_cast<std::int64_t>(random_.below(kMillisecond)));
        if (!zombies_.empty() && random_.one_in(3)) {
            Daemon& zombie = *zombies_[random_.below(zombies_.size())];
            const auto& agents = zombie.pipeline.agents();
            agents[random_.below(agents.size())]->do_work();
            return {};
        }
        if (daemons_.empty()) {
            start("d0");
            return {};
        }
        auto it = daemons_.begin();
        std::advance(it, static_cast<std::ptrdiff_t>(random_.below(daemons_.size())));
        Pipeline& pipeline = it->second->pipeline;
        const auto& agents = pipeline.agents();
        Agent* agent = agents[random_.below(agents.size())];
        if (agent->do_work() != Agent::Work::kDone) return {};
        if (pipeline.control().failed()) {
            // Only a twin of the same name may end a daemon: whoever joined last, or began the
            // newest producer epoch, fences the other. Its supervisor starts it again.
            if (!twins_) return "fails: " + pipeline.control().failure().message;
            const std::string name = it->first;
            end(it->second);
            if (draining_) {
                daemons_.erase(it);
            } else {
                start(name);
            }
            return {};
        }
        if (it->second->done()) {
            if (pipeline.handed_over()) {
                pipeline.rebuild(chain<SimFront>, chain<SimBack>, options());
                ++tally_.rebuilds;
                return {};
            }
            add_tally(pipeline.metrics());
            end(it->second);
            daemons_.erase(it);
        }
        return {};
    }

    // All records, in order.
    std::vector<std::string> journal() const {
        if (kind_ == JournalKind::kBroker) return broker_.journal();
        if (kind_ == JournalKind::kMemory) return recorded_;
        FileJournalOptions o = file_options();
        o.read_only = true;
        FileJournal file(o);
        std::vector<std::string> records;
        std::string_view record;
        while (file.poll(record) == Outcome::kOk) records.emplace_back(record);
        return records;
    }

    // What the inline run over the journal's order says of each article.
    std::map<std::pair<std::int32_t, std::int64_t>, std::vector<std::string>> reference() const {
        std::map<std::pair<std::int32_t, std::int64_t>, std::vector<std::string>> values;
        DedupStage dedup(dedup_options({}));
        Batch batch({});
        SimFront front;
        for (const std::string& bytes : journal()) {
            JournalRecord record;
            EXPECT_TRUE(decode_journal_record(bytes, record));
            if (record.kind != JournalRecordKind::kEntries) continue;
            for (const JournalEntry& entry : record.entries) {
                batch.reset();
                const auto& input =
                    broker_.input()[static_cast<std::size_t>(entry.origin.partition)];
                Article& article =
                    batch.add(input[static_cast<std::size_t>(entry.origin.offset)].payload);
                article.origin = entry.origin;
                front.process(batch);
                dedup.apply({&entry, 1});
                dedup.process(batch);
                values.try_emplace({entry.origin.partition, entry.origin.offset},
                                   parts_of(article));
            }
        }
        return values;
    }

    std::string check() {
        std::ostringstream wrong;
        const auto expected = reference();
        std::map<std::pair<std::int32_t, std::int64_t>, std::size_t> seen;  // parts so far
        std::map<std::int32_t, std::int64_t> last;
        for (const OutputRecord& record : broker_.committed_output()) {
            const std::pair<std::int32_t, std::int64_t> id{record.partition, record.offset};
            tally_.notices += record.part > 0 ? 1 : 0;
            if (seen[id]++ != record.part) wrong << "twice, or a part is missing; ";
            const auto [at, first] = last.try_emplace(record.partition, record.offset);
            if (!first && record.offset < at->second) wrong << "out of order; ";
            at->second = record.offset;
            const auto it = expected.find(id);
            const std::string& payload = broker_
                                             .input()[static_cast<std::size_t>(id.first)]
                                                     [static_cast<std::size_t>(id.second)]
                                             .payload;
            const std::vector<std::string> want =
                it == expected.end() ? std::vector<std::string>{payload} : it->second;
            if (record.part >= want.size() || record.value != want[record.part])
                wrong << record.value << " is not wanted; ";
        }
        for (const auto& [id, parts] : expected) {
            const auto it = seen.find(id);
            if (it != seen.end() && it->second != parts.size()) wrong << "a notice is missing; ";
        }
        std::size_t total = 0;
        for (const auto& partition : broker_.input()) total += partition.size();
        if (seen.size() != total) wrong << total - seen.size() << " missing; ";
        return wrong.str();
    }

    Random random_;
    Mutants mutants_;
    JournalKind kind_;
    Tally tally_;
    SimBroker broker_;
    SimClock clock_;
    // In memory where that is possible: a disk makes thousands of small files slow.
    const std::string folder_ = (access("/dev/shm", W_OK) == 0 ? "/dev/shm/" : testing::TempDir()) +
                                "newsmill_sim_journal_" + std::to_string(getpid());
    std::vector<std::string> recorded_;     // the journal in memory
    std::map<std::string, SimDisk> disks_;  // of each instance
    std::uint64_t incarnation_ = 0;
    bool twins_ = false;     // a zombie has run beside its successor
    bool draining_ = false;  // all is committed: daemons end and are not started again
    std::map<std::string, std::unique_ptr<Daemon>> daemons_;
    std::vector<std::unique_ptr<Daemon>> zombies_;
};

unsigned long long ull(std::uint64_t n) { return n; }

std::uint64_t seeds() {
    const char* text = std::getenv("NEWSMILL_SIM_SEEDS");
    return text == nullptr ? 1000 : std::strtoull(text, nullptr, 10);
}

void add(World::Tally& sum, const World::Tally& tally) {
    sum.steps += tally.steps;
    sum.faults += tally.faults;
    sum.commits += tally.commits;
    sum.aborts += tally.aborts;
    sum.rewinds += tally.rewinds;
    sum.notices += tally.notices;
    sum.rebuilds += tally.rebuilds;
    sum.dropped += tally.dropped;
    sum.snapshots += tally.snapshots;
    sum.restored += tally.restored;
    sum.refused += tally.refused;
    sum.agreements += tally.agreements;
}

void print_journal(const World::Tally& sum) {
    std::printf("%llu snapshots, %llu restored from, %llu refused; %llu state hashes agree\n",
                ull(sum.snapshots), ull(sum.restored), ull(sum.refused), ull(sum.agreements));
}

TEST(Simulation, exactly_once_in_order_equal_to_the_reference_and_ends) {
    if (const char* seed = std::getenv("NEWSMILL_SIM_SEED")) {
        EXPECT_EQ(World(std::strtoull(seed, nullptr, 10), {}).run(), "");
        return;
    }
    World::Tally sum;
    for (std::uint64_t seed = 1; seed <= seeds(); ++seed) {
        World world(seed, {});
        ASSERT_EQ(world.run(), "") << "seed " << seed;
        add(sum, world.tally());
    }
    // The daemons that crashed took their counts with them.
    std::printf(
        "%llu seeds: %llu steps, %llu faults; of the daemons that ended well: %llu commits, "
        "%llu aborts, %llu rewinds, %llu batches dropped, %llu rebuilds in place\n",
        ull(seeds()), ull(sum.steps), ull(sum.faults), ull(sum.commits), ull(sum.aborts),
        ull(sum.rewinds), ull(sum.dropped), ull(sum.rebuilds));
    print_journal(sum);
    EXPECT_GT(sum.aborts, seeds() / 2);
    EXPECT_GT(sum.rewinds, seeds() / 4);
    EXPECT_GT(sum.dropped, seeds());
    EXPECT_GT(sum.notices, 10 * seeds());
    EXPECT_GT(sum.snapshots, seeds() * 10);
    EXPECT_GT(sum.restored, seeds() * 2);
    EXPECT_GT(sum.refused, seeds() / 8);
    EXPECT_GT(sum.agreements, seeds() * 10);
    EXPECT_GT(sum.rebuilds, seeds());
}

TEST(Simulation, journals_of_all_kinds_behave_alike) {
    for (const JournalKind kind : {JournalKind::kFile, JournalKind::kMemory}) {
        World::Tally sum;
        for (std::uint64_t seed = 1; seed <= seeds() / 5; ++seed) {
            World world(seed, {}, kind);
            ASSERT_EQ(world.run(), "") << "seed " << seed;
            add(sum, world.tally());
        }
        print_journal(sum);
        EXPECT_GT(sum.agreements, seeds() / 5);
        EXPECT_EQ(sum.restored > seeds() / 5, kind == JournalKind::kFile);
    }
}

// The simulator is worth something only if it can fail: take a safeguard out and it must see it.
std::uint64_t first_red(Mutants mutants) {
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
        const std::string wrong = World(seed, mutants).run();
        if (wrong.empty()) continue;
        std::printf("seed %llu: %s\n", ull(seed), wrong.substr(0, 200).c_str());
        return seed;
    }
    return 0;
}

TEST(Mutants, without_epochs_articles_are_published_twice_or_lost) {
    EXPECT_NE(first_red({.check_epoch = false}), 0u);
}

TEST(Mutants, a_record_left_out_after_a_snapshot_is_seen) {
    EXPECT_NE(first_red({.right_place = false}), 0u);
}

TEST(Mutants, without_the_origin_check_an_article_is_a_duplicate_of_itself) {
    EXPECT_NE(first_red({.check_origin = false}), 0u);
}

}  // namespace
}  // namespace newsmill::sim
