// What the tests on a real broker share: the broker, daemons as child processes, articles to feed,
// and the check that what a read_committed reader sees is right.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace newsmill::kafka_test {

// One Apache Kafka for all tests of this process, on a free port of loopback. Started by the first
// use.
class Broker {
   public:
    // The one that everything here talks to.
    static Broker& instance();
    // Kafka 3.9 beside it, for as long as the guard lives: librdkafka before 2.6.1 does SCRAM in a
    // way that Kafka 4 refuses.
    class Older {
       public:
        Older();
        ~Older();
        Older(const Older&) = delete;
        Older& operator=(const Older&) = delete;
    };
    ~Broker();
    const std::string& address() const { return address_; }
    // Listeners that ask for a client's certificate, and for a name and a password (see broker.sh).
    std::string tls_address() const { return "127.0.0.1:" + std::to_string(port_ + 2); }
    std::string sasl_address() const { return "127.0.0.1:" + std::to_string(port_ + 3); }
    // Of a key or a certificate: "ca.pem", "client.key".
    std::string tls_file(const std::string& name) const { return folder_ + "/tls/" + name; }
    void stop();   // SIGTERM
    void kill();   // SIGKILL
    void again();  // with the data that it has

   private:
    explicit Broker(const std::string& version);
    void script(const std::string& arguments);
    std::string folder_;
    int port_;
    std::string address_;
};

struct Topics {
    std::string in, out, dead, notices, journal, group;
};
// Fresh names, created with `partitions` each (the journal with one).
Topics make_topics(const std::string& name, int partitions);

// A `newsmill run` of these topics as a child process.
class Daemon {
   public:
    Daemon(const Topics& topics, const std::string& instance, std::vector<std::string> sets = {});
    // By a file alone, which write_config() wrote.
    struct File {
        std::string path;
    };
    Daemon(const File& config, const Topics& topics, const std::string& instance);
    ~Daemon();  // SIGKILL if it still runs
    Daemon(const Daemon&) = delete;
    Daemon& operator=(const Daemon&) = delete;

    void signal(int number);
    // The exit code, or -signal; -1000 if it still runs after `timeout_ms`.
    int wait(int timeout_ms);
    bool running();
    std::string log() const;     // what it has written so far
    double cpu_seconds() const;  // user and system, all threads

   private:
    void start(const Topics& topics, const std::string& instance, std::vector<std::string> line);

    pid_t pid_ = -1;
    int status_ = 0;
    std::string log_path_;
};

// A daemon under a service manager (docs/operations.md): an end with 75, "try again", is followed
// by a start with the same options.
class Service {
   public:
    Service(Topics topics, std::string instance, std::vector<std::string> sets = {});

    Daemon& daemon() { return *starts_.back(); }  // the last start
    const std::vector<std::unique_ptr<Daemon>>& starts() const { return starts_; }
    void start();
    void tend();              // starts it again if it has ended with 75
    void kill();              // SIGKILL
    int stop();               // SIGTERM; the exit code
    std::string log() const;  // of all its starts

   private:
    Topics topics_;
    std::string instance_;
    std::vector<std::string> sets_;
    std::vector<std::unique_ptr<Daemon>> starts_;
};

// A configuration of these topics as a file, at once: the settings of a Daemon, then `sets`.
void write_config(const Daemon::File& file, const Topics& topics, const std::string& instance,
                  const std::vector<std::string>& sets);

// Small but real articles: several shapes of JSON, quotations, copies in other clothes (one in
// six), and broken ones (one in fifty). The same seed, the same articles.
class ArticleMaker {
   public:
    explicit ArticleMaker(std::uint64_t seed) : random_(seed) {}
    std::string next();

   private:
    std::string pick(const std::vector<std::string>& from);
    std::mt19937_64 random_;
    std::uint64_t count_ = 0;
    std::vector<std::pair<std::string, std::string>> recent_;  // headline, body
};

// Writes `count` articles to the input topic, over its partitions.
void feed(const Topics& topics, ArticleMaker& maker, int count);

// The group has committed all of the input.
bool is_committed(const Topics& topics, int partitions);
// Waits until the group has committed all of the input. False on a timeout, or if `daemon` has
// ended.
bool wait_until_committed(const Topics& topics, int partitions, Daemon& daemon, int timeout_ms);
// The same of services, which are tended meanwhile.
bool wait_until_committed(const Topics& topics, int partitions,
                          const std::vector<Service*>& services, int timeout_ms);

// How a test ends: waits until all is committed, with `daemon` alive; stops it by SIGTERM, which
// must end it well; verifies. Empty if all holds; else what does not, with the daemon's log.
std::string finish(const Topics& topics, int partitions, Daemon& daemon,
                   const std::vector<std::string>& sets = {});
std::string finish(const Topics& topics, int partitions, Service& service);

// A folder that is empty now, for a daemon's files.
std::string fresh_folder(const std::string& name);

// Everything that must hold of the output, given the input and the journal: exactly once, in the
// order of each partition, and each value byte for byte what the inline run over the journal's
// order gives. Empty if all holds; else what does not.
std::string verify(const Topics& topics, const std::vector<std::string>& sets = {});
// The same where the daemon changed between configurations: each record must be what the one gives
// that it names.
std::string verify_each(const Topics& topics, const std::vector<std::vector<std::string>>& sets);

}  // namespace newsmill::kafka_test
