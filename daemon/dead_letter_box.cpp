#include "daemon/dead_letter_box.hpp"

#include <fmt/format.h>
#include <simdjson.h>
#include <unistd.h>
#include <xxhash.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <thread>
#include <unordered_map>
#include <unordered_set>

#include "daemon/cli.hpp"
#include "daemon/kafka_wiring.hpp"
#include "pipeline/archive/durable_file.hpp"
#include "pipeline/archive/record_source.hpp"
#include "pipeline/json_quote.hpp"
#include "pipeline/kafka/cluster.hpp"
#include "pipeline/kafka/topic_source.hpp"
#include "pipeline/kafka/transactional_writer.hpp"
#include "pipeline/start_error.hpp"
#include "stages/dead_letter.hpp"
#include "stages/normalize/dates.hpp"

namespace newsmill {
namespace {

constexpr std::string_view kErrorPrefix = "__newsmill.errors.";
constexpr std::uint64_t kLettersInTransactionMax = 500;
constexpr std::size_t kBytesInTransactionMax = 16 << 20;
constexpr int kTimeoutMs = 30'000;

template <typename Number>
Number number_of(std::string_view text, Number otherwise) {
    Number number{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc() && end == text.data() + text.size() ? number : otherwise;
}

std::int64_t time_of(std::string_view text) { return normalize::parse_date_ms(text, "en-GB"); }

void set_error(std::string_view name, std::string_view value, DeadLetter& letter) {
    if (name == "topic" || name == "file") {
        letter.topic = value;
    } else if (name == "partition") {
        letter.partition = number_of<std::int32_t>(value, -1);
    } else if (name == "offset" || name == "line") {
        letter.offset = number_of<std::int64_t>(value, 0);
    } else if (name == "timestamp") {
        letter.timestamp_ms = time_of(value);
    } else if (name == "at") {
        letter.at_ms = time_of(value);
    } else if (name == "stage") {
        letter.stage = value;
    } else if (name == "code") {
        letter.code = value;
    } else if (name == "message") {
        letter.message = value;
    } else if (name == "replays") {
        letter.replays = number_of<std::int64_t>(value, 0);
    } else if (name == "build") {
        letter.build = value;
    } else if (name == "config") {
        letter.config_hash = value;
    } else if (name == "value_bytes") {
        letter.is_cut = true;
    }
}

DeadLetter letter_of(const SourceRecord& record) {
    DeadLetter letter;
    letter.box_partition = record.origin.partition;
    letter.box_offset = record.origin.offset;
    letter.id = fmt::format("{}@{}", record.origin.partition, record.origin.offset);
    if (record.has_key) letter.key = record.key;
    if (record.has_value) letter.value = record.value;
    for (const Header& header : record.headers) {
        if (header.name.starts_with(kErrorPrefix)) {
            set_error(header.name.substr(kErrorPrefix.size()), header.value, letter);
        } else {
            letter.headers.emplace_back(header.name, header.value);
        }
    }
    if (letter.at_ms == kNoTime) letter.at_ms = record.origin.timestamp_ms;
    return letter;
}

// ---- Lines of a file
// ------------------------------------------------------------------------------

std::string from_base64(std::string_view text) {
    std::string bytes;
    std::uint32_t word = 0;
    int bits = 0;
    for (const char c : text) {
        constexpr std::string_view kDigits =
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        const std::size_t digit = kDigits.find(c);
        if (digit == kDigits.npos) break;
        word = word << 6 | static_cast<std::uint32_t>(digit);
        bits += 6;
        if (bits < 8) continue;
        bits -= 8;
        bytes.push_back(static_cast<char>(word >> bits));
    }
    return bytes;
}

using simdjson::dom::element;

std::optional<std::string> bytes_at(const element& object, std::string_view name) {
    std::string_view text;
    if (object[name].get(text) == simdjson::SUCCESS) return std::string(text);
    if (object[std::string(name) + "_base64"].get(text) == simdjson::SUCCESS)
        return from_base64(text);
    return std::nullopt;
}

// False: no dead letter.
bool letter_of_line(simdjson::dom::parser& parser, std::string_view line, DeadLetter& letter) {
    element root;
    simdjson::dom::object errors;
    if (parser.parse(line.data(), line.size()).get(root) != simdjson::SUCCESS ||
        root["errors"].get(errors) != simdjson::SUCCESS) {
        return false;
    }
    letter = {};
    letter.key = bytes_at(root, "key");
    letter.value = bytes_at(root, "value");
    for (const auto& [name, value] : errors) {
        std::string_view text;
        std::int64_t number = 0;
        if (value.get(text) == simdjson::SUCCESS) {
            set_error(name, text, letter);
        } else if (value.get(number) == simdjson::SUCCESS) {
            set_error(name, std::to_string(number), letter);
        }
    }
    simdjson::dom::array headers;
    if (root["headers"].get(headers) == simdjson::SUCCESS) {
        for (const element& header : headers) {
            letter.headers.emplace_back(bytes_at(header, "name").value_or(""),
                                        bytes_at(header, "value").value_or(""));
        }
    }
    return !letter.code.empty();
}

// ---- The topic
// ------------------------------------------------------------------------------

void read_all(RecordSource& source, const std::function<bool(const SourceRecord&)>& each) {
    SourceRecord record;
    for (;;) {
        switch (source.next(record)) {
            case RecordSource::Pull::kRecord:
                if (!each(record)) return;
                break;
            case RecordSource::Pull::kWait:
                std::this_thread::sleep_for(std::chrono::milliseconds(2));
                break;
            case RecordSource::Pull::kEnd: return;
            case RecordSource::Pull::kFailed: {
                const Failure failure = source.failure();
                throw StartError(failure.exit_code, failure.message);
            }
        }
    }
}

kafka::TopicSourceOptions source_options(const Config& config, const std::string& topic) {
    kafka::TopicSourceOptions options;
    options.brokers = output_brokers(config);
    options.properties = output_reader_properties(config);
    options.topics = {topic};
    return options;
}

// The key of each letter that is handled, and how.
std::unordered_map<std::string, std::string> read_handled(const Config& config,
                                                          const std::string& topic) {
    std::unordered_map<std::string, std::string> handled;
    const kafka::TopicSourceOptions options = source_options(config, topic);
    if (kafka::topic_partitions(options.brokers, topic, options.properties, kTimeoutMs) == 0)
        return handled;
    kafka::TopicSource source(options);
    source.open(0, {});
    read_all(source, [&](const SourceRecord& record) {
        handled[std::string(record.key)] = record.value;
        return true;
    });
    return handled;
}

// Keeps for each partition the first letter that is not handled.
class Waiting {
   public:
    void note(const DeadLetter& letter, bool handled) {
        const auto [it, first] =
            waiting_.try_emplace(letter.box_partition, State{letter.box_offset, false});
        if (it->second.stopped) return;
        it->second.next = handled ? letter.box_offset + 1 : letter.box_offset;
        it->second.stopped = !handled;
    }
    std::vector<Position> positions(const std::string& topic) const {
        std::vector<Position> all;
        for (const auto& [partition, state] : waiting_)
            all.push_back({topic, partition, state.next, {}});
        return all;
    }

   private:
    struct State {
        std::int64_t next;
        bool stopped;
    };
    std::map<std::int32_t, State> waiting_;
};

kafka::Record record_of(const DeadLetter& letter, bool same_topic) {
    kafka::Record record;
    record.key = letter.key;
    record.value = letter.value;
    if (same_topic) record.partition = letter.partition;
    if (letter.timestamp_ms != kNoTime) record.timestamp_ms = letter.timestamp_ms;
    record.headers = letter.headers;
    // The mill counts on from it, if the article fails again.
    record.headers.emplace_back(std::string(kErrorPrefix) + "replays",
                                std::to_string(letter.replays));
    return record;
}

std::size_t bytes_of(const DeadLetter& letter) { return letter.value ? letter.value->size() : 0; }

// Transactions of many letters, each with a note that it is handled.
class Mover {
   public:
    Mover(const Config& config, const std::string& handled_topic)
        : config_(config),
          topic_(handled_topic),
          group_(config.output.kafka.transactional_prefix + "-dlq"),
          writer_(output_brokers(config), group_, properties(config), kTimeoutMs) {}

    // `to` null: it is only noted.
    void move(const DeadLetter& letter, const std::string& key, std::string_view what,
              const std::string* to, const std::string& named) {
        if (letters_ == 0) writer_.begin();
        if (to != nullptr) writer_.write(*to, record_of(letter, named.empty()));
        kafka::Record note;
        note.key = key;
        note.value = what;
        writer_.write(topic_, note);
        bytes_ += bytes_of(letter);
        if (++letters_ >= kLettersInTransactionMax || bytes_ >= kBytesInTransactionMax) commit({});
    }
    void finish(const std::vector<Position>& positions) {
        if (letters_ == 0) {
            if (positions.empty()) return;
            writer_.begin();
        }
        commit(positions);
    }

   private:
    static kafka::Properties properties(const Config& config) {
        kafka::Properties all = config.output.kafka.client;
        all["message.max.bytes"] = std::to_string(config.output.kafka.message_bytes_max);
        return all;
    }
    void commit(const std::vector<Position>& positions) {
        writer_.commit(positions, group_);
        letters_ = 0;
        bytes_ = 0;
    }

    const Config& config_;
    std::string topic_;
    std::string group_;
    kafka::TransactionalWriter writer_;
    std::uint64_t letters_ = 0;
    std::size_t bytes_ = 0;
};

void ensure_handled_topic(const Config& config, const std::string& topic) {
    kafka::ensure_topic(output_brokers(config), topic, 1, {{"cleanup.policy", "compact"}},
                        config.output.kafka.client, kTimeoutMs);
}

}  // namespace

// ---- The box
// ------------------------------------------------------------------------------

bool DeadLetterFilter::matches(const DeadLetter& letter) const {
    const auto among = [](const std::vector<std::string>& list, const std::string& text) {
        return list.empty() || std::find(list.begin(), list.end(), text) != list.end();
    };
    const bool in_time =
        (from_ms == INT64_MIN && to_ms == INT64_MAX) ||
        (letter.at_ms != kNoTime && letter.at_ms >= from_ms && letter.at_ms < to_ms);
    return among(ids, letter.id) && among(codes, letter.code) &&
           (stage.empty() || stage == letter.stage) && in_time &&
           (with_handled || letter.handled.empty());
}

DeadLetterBox::DeadLetterBox(const Config& config, std::string file)
    : config_(config), file_(std::move(file)) {}

std::string DeadLetterBox::handled_topic() const {
    return config_.output.kafka.dead_letter_topic + ".handled";
}

// Of a file: what is in the line, so that the same letter in another file is the same.
std::string DeadLetterBox::note_key(const DeadLetter& letter) const {
    if (file_.empty()) return letter.id;
    const std::string text = letter.topic + "\n" + std::to_string(letter.offset) + "\n" +
                             letter.code + "\n" + letter.value.value_or("");
    return fmt::format("file {:016x}", XXH3_64bits(text.data(), text.size()));
}

void DeadLetterBox::visit(const DeadLetterFilter& filter, const Visit& each) const {
    if (file_.empty()) {
        visit_topic(filter, each);
    } else {
        visit_file(filter, each);
    }
}

void DeadLetterBox::visit_topic(const DeadLetterFilter& filter, const Visit& each) const {
    const std::unordered_map<std::string, std::string> handled =
        read_handled(config_, handled_topic());
    kafka::TopicSource source(source_options(config_, config_.output.kafka.dead_letter_topic));
    source.open(0, {});
    read_all(source, [&](const SourceRecord& record) {
        DeadLetter letter = letter_of(record);
        if (const auto it = handled.find(letter.id); it != handled.end())
            letter.handled = it->second;
        return !filter.matches(letter) || each(letter);
    });
}

void DeadLetterBox::visit_file(const DeadLetterFilter& filter, const Visit& each) const {
    const std::unique_ptr<RecordSource> source = make_file_source({file_}, {});
    source->open(0, {});
    simdjson::dom::parser parser;
    read_all(*source, [&](const SourceRecord& record) {
        DeadLetter letter;
        if (!letter_of_line(parser, record.value, letter)) return true;
        letter.id = std::to_string(record.origin.offset);
        return !filter.matches(letter) || each(letter);
    });
    for (const FileError& error : source->errors())
        throw StartError(kExitTryAgain, error.file + ": " + error.message);
}

std::vector<DeadLetter> DeadLetterBox::list(const DeadLetterFilter& filter,
                                            std::size_t letters_max) const {
    std::vector<DeadLetter> letters;
    visit(filter, [&](DeadLetter& letter) {
        letters.push_back(std::move(letter));
        return letters.size() < letters_max;
    });
    return letters;
}

std::optional<DeadLetter> DeadLetterBox::show(const std::string& id) const {
    DeadLetterFilter filter;
    filter.ids = {id};
    filter.with_handled = true;
    std::vector<DeadLetter> letters = list(filter, 1);
    if (letters.empty()) return std::nullopt;
    return std::move(letters.front());
}

// A letter that was cut: the whole still stands in its topic, unless that has let go of it.
bool DeadLetterBox::make_whole(DeadLetter& letter) const {
    if (!letter.is_cut) return true;
    if (letter.partition < 0) return false;
    kafka::TopicSourceOptions options;
    options.brokers = config_.input.kafka.brokers;
    options.properties = input_properties(config_);
    options.topics = {letter.topic};
    options.offsets = {{letter.partition, letter.offset, letter.offset + 1}};
    kafka::TopicSource source(std::move(options));
    source.open(0, {});
    bool found = false;
    read_all(source, [&](const SourceRecord& record) {
        letter.value = record.value;
        found = true;
        return false;
    });
    letter.is_cut = !found;
    return found;
}

DeadLetterOutcome DeadLetterBox::replay(const DeadLetterFilter& filter,
                                        const ReplayOptions& options, const Visit& each) const {
    DeadLetterOutcome outcome;
    std::optional<Mover> mover;
    std::unordered_map<std::string, std::string> handled_lines;
    if (!options.dry_run) {
        ensure_handled_topic(config_, handled_topic());
        mover.emplace(config_, handled_topic());
        // After the mover, which has settled what a killed one left open.
        if (!file_.empty()) handled_lines = read_handled(config_, handled_topic());
    }
    Waiting waiting;
    DeadLetterFilter all;
    all.with_handled = true;
    visit(all, [&](DeadLetter& letter) {
        const std::string key = note_key(letter);
        if (handled_lines.contains(key)) letter.handled = "replayed";
        const std::string& to = options.topic.empty() ? letter.topic : options.topic;
        bool done = !letter.handled.empty();
        if (filter.matches(letter) && !done) {
            ++outcome.matched;
            const bool homeless = options.topic.empty() && letter.partition < 0;
            if (homeless) {
                ++outcome.homeless;
            } else if (letter.replays >= options.replays_max) {
                ++outcome.held_back;
            } else if (!make_whole(letter)) {
                ++outcome.lost;
            } else {
                ++outcome.done;
                done = true;
                if (mover) mover->move(letter, key, "replayed", &to, options.topic);
                if (each) each(letter);
            }
        }
        if (file_.empty()) waiting.note(letter, done);
        return true;
    });
    if (mover) mover->finish(waiting.positions(config_.output.kafka.dead_letter_topic));
    return outcome;
}

DeadLetterOutcome DeadLetterBox::discard(const DeadLetterFilter& filter, bool dry_run,
                                         const Visit& each) const {
    DeadLetterOutcome outcome;
    std::optional<Mover> mover;
    if (!dry_run && file_.empty()) {
        ensure_handled_topic(config_, handled_topic());
        mover.emplace(config_, handled_topic());
    }
    Waiting waiting;
    DeadLetterFilter all;
    all.with_handled = true;
    visit(all, [&](DeadLetter& letter) {
        bool done = !letter.handled.empty();
        if (filter.matches(letter) && !done) {
            ++outcome.matched;
            ++outcome.done;
            done = true;
            if (each) each(letter);
            if (mover) mover->move(letter, letter.id, "discarded", nullptr, {});
        }
        if (file_.empty()) waiting.note(letter, done);
        return true;
    });
    if (mover) mover->finish(waiting.positions(config_.output.kafka.dead_letter_topic));
    if (!dry_run && !file_.empty() && outcome.done > 0) discard_in_file(filter);
    return outcome;
}

// Another name first: whatever happens, the file is the old one or the new one.
void DeadLetterBox::discard_in_file(const DeadLetterFilter& filter) const {
    const std::string temporary = file_ + ".new";
    std::ifstream in(file_, std::ios::binary);
    std::ofstream out(temporary, std::ios::binary | std::ios::trunc);
    simdjson::dom::parser parser;
    std::string line;
    for (std::int64_t number = 1; std::getline(in, line); ++number) {
        DeadLetter letter;
        if (letter_of_line(parser, line, letter)) {
            letter.id = std::to_string(number);
            if (filter.matches(letter)) continue;
        }
        out << line << '\n';
    }
    out.close();
    const bool synced = [&] {
        const FileDescriptor file = open_file(temporary, 0);
        return file && ::fsync(file.get()) == 0;
    }();
    if (!out || !synced || std::rename(temporary.c_str(), file_.c_str()) != 0)
        throw StartError(kExitTryAgain, file_ + ": it can't be written anew");
}

std::string dead_letter_json(const DeadLetter& letter) {
    Arena arena(1 << 16);
    Article article;
    std::vector<Header> headers;
    for (const auto& [name, value] : letter.headers) headers.push_back({name, value});
    article.headers = headers;
    article.has_key = letter.key.has_value();
    if (letter.key) article.key = *letter.key;
    article.has_payload = letter.value.has_value();
    if (letter.value) article.payload = *letter.value;
    article.origin = {letter.topic, letter.partition, letter.offset, letter.timestamp_ms};
    article.verdict = {Code::kFormat, letter.stage, letter.message};
    DeadLetterContext context{letter.build, letter.config_hash, letter.at_ms, 1};
    context.code = letter.code;
    context.replays = letter.replays;
    std::string line = "{\"id\":" + json_quoted(letter.id);
    if (!letter.handled.empty()) line += ",\"handled\":" + json_quoted(letter.handled);
    return line + "," + std::string(dead_letter_line(article, context, arena).substr(1));
}

}  // namespace newsmill
