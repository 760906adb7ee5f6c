#include "tests/kafka/harness.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <stdexcept>
#include <thread>

#include "daemon/mill.hpp"
#include "pipeline/kafka/cluster.hpp"

namespace newsmill::kafka_test {
namespace {

using namespace std::chrono_literals;

const std::string kSource = NEWSMILL_SOURCE_DIR;
const std::string kBinary = NEWSMILL_BINARY_DIR;

std::string work_folder() { return kSource + "/build/kafka"; }

bool port_is_free(int port) {
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const bool free = bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
    close(fd);
    return free;
}

// Of a run of four, as broker.sh wants them.
int free_ports() {
    for (int port = 19092; port < 19992; port += 4) {
        bool free = true;
        for (int i = 0; i < 4; ++i) free = free && port_is_free(port + i);
        if (free) return port;
    }
    throw std::runtime_error("no free ports");
}

std::vector<std::string> settings(const Topics& topics, const std::string& instance) {
    const std::string brokers = Broker::instance().address();
    return {"input.kafka.brokers=" + brokers,
            "input.kafka.topics=[\"" + topics.in + "\"]",
            "input.kafka.group=" + topics.group,
            "input.kafka.instance=" + instance,
            "input.kafka.session_timeout_ms=6000",
            "input.kafka.heartbeat_interval_ms=500",
            "output.kafka.topic=" + topics.out,
            "output.kafka.dead_letter_topic=" + topics.dead,
            "output.kafka.commit_interval_ms=100",
            "dedup.journal=kafka",
            "dedup.kafka.topic=" + topics.journal,
            "output.kafka.notices_topic=" + topics.notices,
            "admin.enabled=false"};
}

}  // namespace

// ---- Broker
// ------------------------------------------------------------------------------------------

namespace {
std::unique_ptr<Broker> older;
}  // namespace

Broker& Broker::instance() {
    if (older != nullptr) return *older;
    static Broker broker("");
    return broker;
}

Broker::Older::Older() { older.reset(new Broker("3.9.1")); }
Broker::Older::~Older() { older.reset(); }

Broker::Broker(const std::string& version)
    : folder_(work_folder() + "/broker" + version + "-" + std::to_string(getpid())),
      port_(free_ports()),
      address_("127.0.0.1:" + std::to_string(port_)) {
    const std::string lib = work_folder() + "/lib" + version;
    script("jars " + lib + " " + version);
    script("start " + folder_ + " " + std::to_string(port_) + " " + lib + " secure");
}

Broker::~Broker() {
    script("stop " + folder_);
    script("wipe " + folder_);
}

void Broker::stop() { script("stop " + folder_); }
void Broker::kill() { script("kill " + folder_); }
void Broker::again() { script("again " + folder_); }

void Broker::script(const std::string& arguments) {
    const std::string command = "sh " + kSource + "/tests/kafka/broker.sh " + arguments;
    if (std::system(command.c_str()) != 0) throw std::runtime_error("failed: " + command);
}

Topics make_topics(const std::string& name, int partitions) {
    const std::string& brokers = Broker::instance().address();
    Topics topics{name + ".in",      name + ".out",     name + ".dead",
                  name + ".notices", name + ".journal", name};
    for (const std::string& topic : {topics.in, topics.out, topics.dead, topics.notices}) {
        kafka::ensure_topic(brokers, topic, partitions, {{"max.message.bytes", "10485760"}}, {},
                            30'000);
    }
    kafka::ensure_topic(brokers, topics.journal, 1, {}, {}, 30'000);
    return topics;
}

// ---- Daemon
// ------------------------------------------------------------------------------------------

Daemon::Daemon(const Topics& topics, const std::string& instance, std::vector<std::string> sets) {
    std::vector<std::string> line = {"-c", kSource + "/tests/kafka/empty.toml"};
    std::vector<std::string> all = settings(topics, instance);
    all.insert(all.end(), sets.begin(), sets.end());
    for (const std::string& set : all) {
        line.emplace_back("--set");
        line.push_back(set);
    }
    start(topics, instance, std::move(line));
}

Daemon::Daemon(const File& config, const Topics& topics, const std::string& instance) {
    start(topics, instance, {"-c", config.path});
}

void Daemon::start(const Topics& topics, const std::string& instance,
                   std::vector<std::string> line) {
    static int number = 0;
    log_path_ = work_folder() + "/" + topics.group + "-" + instance + "-" +
                std::to_string(getpid()) + "-" + std::to_string(++number) + ".log";
    std::vector<std::string> arguments = {kBinary + "/bin/newsmill", "run"};
    arguments.insert(arguments.end(), line.begin(), line.end());
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    pid_ = fork();
    if (pid_ != 0) return;
    const int fd = open(log_path_.c_str(), O_CREAT | O_WRONLY | O_APPEND, 0644);
    dup2(fd, STDOUT_FILENO);
    dup2(fd, STDERR_FILENO);
    execv(argv[0], argv.data());
    _exit(127);
}

Daemon::~Daemon() {
    if (!running()) return;
    signal(SIGKILL);
    wait(10'000);
}

void Daemon::signal(int number) {
    if (pid_ > 0) ::kill(pid_, number);
}

int Daemon::wait(int timeout_ms) {
    for (int waited = 0; running(); waited += 10) {
        if (waited > timeout_ms) return -1000;
        std::this_thread::sleep_for(10ms);
    }
    return WIFEXITED(status_) ? WEXITSTATUS(status_) : -WTERMSIG(status_);
}

bool Daemon::running() {
    if (pid_ <= 0) return false;
    if (waitpid(pid_, &status_, WNOHANG) == 0) return true;
    pid_ = -1;
    return false;
}

Service::Service(Topics topics, std::string instance, std::vector<std::string> sets)
    : topics_(std::move(topics)), instance_(std::move(instance)), sets_(std::move(sets)) {
    start();
}

void Service::start() { starts_.push_back(std::make_unique<Daemon>(topics_, instance_, sets_)); }

void Service::tend() {
    constexpr int kTryAgain = 75;
    if (daemon().running() || daemon().wait(0) != kTryAgain) return;
    fmt::print("  '{}' ended with {} and is started again\n", instance_, kTryAgain);
    start();
}

void Service::kill() {
    daemon().signal(SIGKILL);
    daemon().wait(10'000);
}

int Service::stop() {
    tend();
    daemon().signal(SIGTERM);
    return daemon().wait(60'000);
}

std::string Service::log() const {
    std::string text;
    for (const auto& daemon : starts_) text += daemon->log();
    return text;
}

std::string Daemon::log() const {
    std::ifstream file(log_path_);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
}

double Daemon::cpu_seconds() const {
    std::ifstream file("/proc/" + std::to_string(pid_) + "/stat");
    std::string line;
    std::getline(file, line);
    std::istringstream fields(line.substr(line.rfind(')') + 2));
    std::string skipped;
    for (int i = 0; i < 11; ++i) fields >> skipped;
    double user = 0;
    double system = 0;
    fields >> user >> system;
    return (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

void write_config(const Daemon::File& file, const Topics& topics, const std::string& instance,
                  const std::vector<std::string>& sets) {
    std::map<std::string, std::string> values;  // the last one wins
    std::vector<std::string> all = settings(topics, instance);
    all.insert(all.end(), sets.begin(), sets.end());
    for (const std::string& set : all)
        values[set.substr(0, set.find('='))] = set.substr(set.find('=') + 1);
    {
        std::ofstream out(file.path + ".new");
        for (const auto& [key, value] : values) {
            const bool plain = value == "true" || value == "false" || value.front() == '[' ||
                               value.find_first_not_of("0123456789") == std::string::npos;
            out << key << " = " << (plain ? value : '"' + value + '"') << '\n';
        }
    }
    std::filesystem::rename(file.path + ".new", file.path);
}

// ---- Articles
// ----------------------------------------------------------------------------------------

std::string ArticleMaker::pick(const std::vector<std::string>& from) {
    return from[random_() % from.size()];
}

std::string ArticleMaker::next() {
    static const std::vector<std::string> kNames = {
        "Ada Brandt", "Tomas Okafor", "Lena Voss", "Mira Castellan", "Jonas Ek", "Rui Tavares"};
    static const std::vector<std::string> kTitles = {
        "finance minister", "police chief", "head coach",
        "chief executive",  "mayor",        "union leader"};
    static const std::vector<std::string> kThings = {"budget",   "harbour", "school", "railway",
                                                     "hospital", "league",  "bank",   "election",
                                                     "bridge",   "forest"};
    static const std::vector<std::string> kVerbs = {"will open",   "was closed",   "is delayed",
                                                    "has grown",   "needs repair", "won approval",
                                                    "lost support"};
    const std::uint64_t number = count_++;
    if (number % 50 == 7)
        return pick({"{\"title\": \"cut off", "not json at all", "[1, 2, 3]", "{}"});
    std::string headline;
    std::string body;
    if (!recent_.empty() && random_() % 6 == 0) {
        std::tie(headline, body) = recent_[random_() % recent_.size()];
        if (random_() % 2 == 0) body = "  " + body + " \\n";  // in other clothes
    } else {
        headline = fmt::format("{} {} {}", pick(kThings), pick(kVerbs), number);
        const int paragraphs = 3 + static_cast<int>(random_() % 5);
        for (int i = 0; i < paragraphs; ++i) {
            body += fmt::format(
                "The {} of district {} {} this week, officials said. \\\"We know that the {} "
                "{},\\\" "
                "said {}, the {}.\\n\\n",
                pick(kThings), random_() % 1000, pick(kVerbs), pick(kThings), pick(kVerbs),
                pick(kNames), pick(kTitles));
        }
        recent_.emplace_back(headline, body);
        if (recent_.size() > 500) recent_.erase(recent_.begin());
    }
    const std::string url = fmt::format("https://desk.example/{}?utm_source=feed", number);
    switch (number % 3) {
        case 0:
            return fmt::format(
                R"({{"title": "{}", "text": "{}", "url": "{}", "published": "2026-03-0{}"}})",
                headline, body, url, 1 + number % 9);
        case 1:
            return fmt::format(
                R"({{"headline": "{}", "body": "{}", "uri": "{}", "language": "english"}})",
                headline, body, url);
        default:
            return fmt::format(R"({{"headline": "{}", "body_html": "<p>{}</p>", "guid": "{}"}})",
                               headline, body, url);
    }
}

void feed(const Topics& topics, ArticleMaker& maker, int count) {
    kafka::Writer writer(Broker::instance().address());
    for (int i = 0; i < count; ++i) {
        kafka::Record record;
        record.value = maker.next();
        record.key = "k" + std::to_string(i);
        record.headers = {{"traceparent", "00-" + std::to_string(i)}};
        writer.write(topics.in, record);
    }
    if (!writer.flush(60'000)) throw std::runtime_error("could not feed the input topic");
}

bool is_committed(const Topics& topics, int partitions) {
    const kafka::Lag lag =
        kafka::group_lag(Broker::instance().address(), topics.group, topics.in, partitions);
    return lag.end > 0 && lag.committed >= lag.end;
}

bool wait_until_committed(const Topics& topics, int partitions, Daemon& daemon, int timeout_ms) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms);
    while (daemon.running() && std::chrono::steady_clock::now() < until) {
        if (is_committed(topics, partitions)) return true;
        std::this_thread::sleep_for(100ms);
    }
    return false;
}

bool wait_until_committed(const Topics& topics, int partitions,
                          const std::vector<Service*>& services, int timeout_ms) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms);
    while (std::chrono::steady_clock::now() < until) {
        for (Service* service : services) service->tend();
        if (is_committed(topics, partitions)) return true;
        std::this_thread::sleep_for(100ms);
    }
    return false;
}

std::string fresh_folder(const std::string& name) {
    const std::string folder = work_folder() + "/" + name + "-" + std::to_string(getpid());
    std::filesystem::remove_all(folder);
    std::filesystem::create_directories(folder);
    return folder;
}

constexpr int kCommitTimeoutMs = 180'000;

std::string finish(const Topics& topics, int partitions, Service& service) {
    if (!wait_until_committed(topics, partitions, {&service}, kCommitTimeoutMs))
        return "not all is committed: " + service.log();
    if (const int code = service.stop(); code != 0)
        return "ends with " + std::to_string(code) + ": " + service.log();
    return verify(topics);
}

std::string finish(const Topics& topics, int partitions, Daemon& daemon,
                   const std::vector<std::string>& sets) {
    if (!wait_until_committed(topics, partitions, daemon, kCommitTimeoutMs) || !daemon.running())
        return "not all is committed: " + daemon.log();
    daemon.signal(SIGTERM);
    if (const int code = daemon.wait(40'000); code != 0)
        return "ends with " + std::to_string(code) + ": " + daemon.log();
    return verify(topics, sets);
}

// ---- Verification
// ------------------------------------------------------------------------------------

namespace {

using Id = std::pair<std::int32_t, std::int64_t>;

std::map<Id, kafka::Record> read_input(const Topics& topics) {
    std::map<Id, kafka::Record> input;
    kafka::read_topic(Broker::instance().address(), topics.in, 2'000,
                      [&](const kafka::Record& record) {
                          input[{record.partition, record.offset}] = record;
                          return true;
                      });
    return input;
}

// All stages in one thread, batch by batch.
class InlineRun {
   public:
    explicit InlineRun(const LoadedConfig& loaded)
        : mill_(loaded.config, loaded.hash, Mill::Output::kKafka),
          front_(mill_.front()),
          back_(mill_.back()) {}

    void front(Batch& batch) { run(front_, batch); }
    void decide(Batch& batch, const std::vector<JournalEntry>& entries) {
        mill_.dedup().apply(entries);
        mill_.dedup().process(batch);
    }
    void back(Batch& batch) { run(back_, batch); }
    bool adopt(std::string_view settings_of_journal) {
        return mill_.dedup().adopt(settings_of_journal);
    }

   private:
    static void run(const StageChain& chain, Batch& batch) {
        for (const auto& stage : chain) stage->process(batch);
    }
    Mill mill_;
    StageChain front_;
    StageChain back_;
};

void add(Batch& batch, const Topics& topics, const kafka::Record& record) {
    Article& article = batch.add(*record.value);
    article.origin = {topics.in, record.partition, record.offset, record.timestamp_ms};
}

bool equal(const JournalEntry& a, const JournalEntry& b) {
    return a.exact_hash == b.exact_hash && a.sketch == b.sketch && a.uri == b.uri &&
           a.source == b.source && a.event_ms == b.event_ms && a.version == b.version &&
           a.version_created_ms == b.version_created_ms && a.canceled == b.canceled;
}

// What the journal's order gives for an article.
struct Expected {
    std::string value;
    std::vector<std::string> notices;
};

// By id; articles that are not in the journal are bad.
std::map<Id, Expected> reference(const Topics& topics, const LoadedConfig& loaded,
                                 const std::map<Id, kafka::Record>& input, std::string& wrong) {
    std::map<Id, Expected> values;
    InlineRun run(loaded);
    kafka::read_topic(
        Broker::instance().address(), topics.journal, 2'000, [&](const kafka::Record& bytes) {
            JournalRecord record;
            if (!decode_journal_record(*bytes.value, record)) {
                wrong += "a journal record is damaged; ";
                return true;
            }
            if (record.kind == JournalRecordKind::kSettings && record.change &&
                !run.adopt(record.settings)) {
                wrong += "settings of the journal are refused; ";
            }
            if (record.kind != JournalRecordKind::kEntries) return true;
            BatchLimits limits;
            limits.articles_max = static_cast<std::uint32_t>(record.entries.size());
            Batch batch(limits);
            for (const JournalEntry& entry : record.entries) {
                add(batch, topics, input.at({entry.origin.partition, entry.origin.offset}));
            }
            run.front(batch);
            for (std::size_t i = 0; i < record.entries.size(); ++i) {
                const JournalEntry mine = journal_entry(batch.articles[i]);
                if (!equal(mine, record.entries[i])) {
                    wrong += "a journal entry is not what its article gives; ";
                }
            }
            run.decide(batch, record.entries);
            run.back(batch);
            for (const Article& article : batch.articles) {
                const auto [it, first] =
                    values.try_emplace({article.origin.partition, article.origin.offset});
                if (!first) continue;
                it->second.value = article.output.value;
                for (const Output& notice : article.notices)
                    it->second.notices.emplace_back(notice.value);
            }
            return true;
        });
    return values;
}

struct Seen {
    std::set<Id> ids;
    std::map<std::pair<std::int32_t, std::int32_t>, std::int64_t> last;  // output, input partition
    std::string wrong;
    int wrongs = 0;

    void say(const std::string& what) {
        if (++wrongs <= 5) wrong += what + "; ";
    }
    void note(std::int32_t out_partition, const Id& id) {
        if (!ids.insert(id).second) say(fmt::format("{}@{} twice", id.first, id.second));
        const auto [at, first] = last.try_emplace({out_partition, id.first}, id.second);
        if (!first && at->second > id.second) {
            say(fmt::format("{}@{} after @{}", id.first, id.second, at->second));
        }
        at->second = id.second;
    }
};

// "topic/partition@offset"
Id id_of(std::string_view text) {
    const std::size_t slash = text.rfind('/');
    const std::size_t at = text.rfind('@');
    return {std::stoi(std::string(text.substr(slash + 1, at - slash - 1))),
            std::stoll(std::string(text.substr(at + 1)))};
}

// What is expected of an article, by the hash of the configuration that published it.
using References = std::map<std::string, std::map<Id, Expected>, std::less<>>;

// Each article's notices once, whatever their order: their keys spread them over partitions.
std::size_t verify_notices(const Topics& topics, const References& references, Seen& seen) {
    std::map<Id, std::vector<std::string>> notices;
    std::map<Id, std::string> config;
    std::size_t count = 0;
    kafka::read_topic(Broker::instance().address(), topics.notices, 2'000,
                      [&](const kafka::Record& record) {
                          const Id id = id_of(record.header("newsmill-input"));
                          notices[id].push_back(*record.value);
                          config[id] = record.header("newsmill-config");
                          ++count;
                          return true;
                      });
    for (const auto& [id, any] : references.begin()->second) {
        std::vector<std::string>& got = notices[id];
        const auto by_config = references.find(config[id]);
        Expected article = by_config == references.end() ? any : by_config->second.at(id);
        std::sort(got.begin(), got.end());
        std::sort(article.notices.begin(), article.notices.end());
        if (got == article.notices) continue;
        seen.say(fmt::format("{}@{} has {} notices, the reference {}, or others", id.first,
                             id.second, got.size(), article.notices.size()));
    }
    return count;
}

}  // namespace

// Around the first byte that differs, of both.
std::string first_difference(std::string_view expected, std::string_view got) {
    const auto at = static_cast<std::size_t>(
        std::mismatch(expected.begin(), expected.end(), got.begin(), got.end()).first -
        expected.begin());
    const std::size_t from = at - std::min<std::size_t>(at, 40);
    return fmt::format("'{}' is '{}'", expected.substr(from, 160),
                       got.substr(std::min(from, got.size()), 160));
}

std::string verify(const Topics& topics, const std::vector<std::string>& sets) {
    return verify_each(topics, {sets});
}

std::string verify_each(const Topics& topics, const std::vector<std::vector<std::string>>& sets) {
    const std::string& brokers = Broker::instance().address();
    const std::map<Id, kafka::Record> input = read_input(topics);
    Seen seen;
    References references;
    for (const std::vector<std::string>& some : sets) {
        std::vector<std::string> all = settings(topics, "reference");
        all.insert(all.end(), some.begin(), some.end());
        const LoadedConfig loaded = load_config("", all);
        if (!loaded.ok()) return to_string(loaded.errors.front());
        if (references.contains(loaded.hash)) continue;
        references[loaded.hash] = reference(topics, loaded, input, seen.wrong);
    }
    const std::map<Id, Expected>& expected = references.begin()->second;
    std::size_t duplicates = 0;
    kafka::read_topic(brokers, topics.out, 2'000, [&](const kafka::Record& record) {
        const Id id = id_of(record.header("newsmill-input"));
        seen.note(record.partition, id);
        const auto by_config = references.find(record.header("newsmill-config"));
        const auto& wanted = by_config == references.end() ? expected : by_config->second;
        const auto it = wanted.find(id);
        if (it == wanted.end() || it->second.value != record.value) {
            seen.say(fmt::format("{}@{} is not what the reference gives: {}", id.first, id.second,
                                 it == wanted.end()
                                     ? std::string("nothing")
                                     : first_difference(it->second.value, *record.value)));
        }
        const std::string_view decision = record.header("newsmill-dedup");
        const bool copy = decision == "exact" || decision == "near" || decision == "contained";
        duplicates += copy ? 1 : 0;
        return true;
    });
    std::size_t dead = 0;
    kafka::read_topic(brokers, topics.dead, 2'000, [&](const kafka::Record& record) {
        const Id id{std::stoi(std::string(record.header("__newsmill.errors.partition"))),
                    std::stoll(std::string(record.header("__newsmill.errors.offset")))};
        seen.note(record.partition + 1000, id);
        ++dead;
        const kafka::Record& original = input.at(id);
        if (original.value != record.value || original.key != record.key) {
            seen.say(fmt::format("dead letter {}@{} is not its input", id.first, id.second));
        }
        if (expected.contains(id)) seen.say("a good article is a dead letter");
        return true;
    });
    const std::size_t notices = verify_notices(topics, references, seen);
    if (seen.ids.size() != input.size()) {
        seen.say(fmt::format("{} of {} articles are missing", input.size() - seen.ids.size(),
                             input.size()));
    }
    fmt::print(
        "  {} articles: {} records, {} of them duplicates, {} notices, {} dead letters: {}\n",
        input.size(), seen.ids.size() - dead, duplicates, notices, dead,
        seen.wrong.empty() ? "all right" : seen.wrong);
    return seen.wrong;
}

}  // namespace newsmill::kafka_test
