#include "daemon/mill.hpp"

#include <algorithm>
#include <random>
#include <thread>
#include <utility>

#include "daemon/quote_lexicons.hpp"
#include "daemon/topic_files.hpp"
#include "pipeline/build_info.hpp"
#include "pipeline/log.hpp"
#include "stages/fingerprint.hpp"
#include "stages/normalize.hpp"
#include "stages/parse.hpp"
#include "stages/quotes.hpp"

namespace newsmill {
namespace {

// The largest window that the journal may ask for: what the ceiling leaves for it.
std::size_t capacity_max(const Config& config, const MemoryPlan& plan) {
    const auto own = static_cast<std::size_t>(config.dedup.capacity);
    const std::int64_t left = plan.bytes_max - plan.total_bytes + DedupStage::bytes_for(own);
    std::size_t low = own;  // fits, or the daemon does not start
    std::size_t high = static_cast<std::size_t>(dedup::kCapacityMax);
    while (low < high) {
        const std::size_t middle = low + (high - low + 1) / 2;
        if (DedupStage::bytes_for(middle) <= left) {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    return low;
}

DedupOptions dedup_options_of(const Config& config) {
    DedupOptions options;
    options.window_ms = config.dedup.window_ms;
    options.capacity = static_cast<std::size_t>(config.dedup.capacity);
    options.clock_jump_ms_max = config.dedup.clock_jump_ms_max;
    options.notices_max = static_cast<std::size_t>(config.dedup.notices_max);
    options.trust = config.dedup.sources.trust;
    options.match = match_options(config);
    return options;
}

ParseOptions parse_options(const Config& config) {
    ParseOptions options;
    switch (config.input.format) {
        case InputFormat::kAuto: options.format = ParseOptions::Format::kAuto; break;
        case InputFormat::kJson:
        case InputFormat::kNinjs: options.format = ParseOptions::Format::kJson; break;
        case InputFormat::kText: options.format = ParseOptions::Format::kText; break;
        case InputFormat::kXml: options.format = ParseOptions::Format::kXml; break;
        case InputFormat::kHtml: options.format = ParseOptions::Format::kHtml; break;
        case InputFormat::kWire: options.format = ParseOptions::Format::kWire; break;
    }
    for (auto& [field, pointers] : field_pointers(config)) options.fields[field] = pointers;
    options.passthrough = config.input.passthrough;
    options.markup.depth_max = static_cast<std::size_t>(config.input.markup_depth_max);
    options.markup.elements_max = static_cast<std::size_t>(config.input.markup_elements_max);
    options.article_bytes_max = static_cast<std::size_t>(config.input.article_bytes_max);
    return options;
}

NormalizeOptions normalize_options(const Config& config) {
    NormalizeOptions options;
    options.drop_boilerplate = config.normalize.drop_boilerplate;
    options.drop_repeated_headline = config.normalize.drop_repeated_headline;
    options.detect_language = config.normalize.detect_language;
    options.headline_chars_max = static_cast<std::size_t>(config.normalize.headline_chars_max);
    options.uri_bytes_max = static_cast<std::size_t>(config.normalize.uri_bytes_max);
    options.language_bytes_max = static_cast<std::size_t>(config.normalize.language_bytes_max);
    options.tracking_parameters = config.normalize.tracking_parameters;
    return options;
}

QuotesOptions quotes_options(const Config& config, std::shared_ptr<const LiveLexicons> lexicons) {
    QuotesOptions options;
    options.live = std::move(lexicons);
    options.confidence_min = static_cast<std::uint32_t>(config.quotes.confidence_min);
    options.transcripts = config.quotes.transcripts;
    options.memo_bytes = static_cast<std::size_t>(config.pipeline.memo_bytes);
    return options;
}

EncodeOptions encode_options(const Config& config, const std::string& config_hash) {
    EncodeOptions options;
    switch (config.output.profile) {
        case OutputProfile::kNinjs31Ext: options.profile = Profile::kNinjs31Ext; break;
        case OutputProfile::kNinjs31: options.profile = Profile::kNinjs31; break;
        case OutputProfile::kNinjs1: options.profile = Profile::kNinjs1; break;
    }
    options.run_id = config.run.id;
    options.mode = choice_name(config.run.mode);
    options.config_hash = config_hash;
    options.build = build_id();
    return options;
}

RouteOptions make_route_options(const Config& config, const std::string& config_hash,
                                Mill::Output output) {
    RouteOptions options;
    switch (config.output.duplicates) {
        case Duplicates::kAnnotate: options.duplicates = RouteOptions::Duplicates::kAnnotate; break;
        case Duplicates::kRoute: options.duplicates = RouteOptions::Duplicates::kRoute; break;
        case Duplicates::kDrop: options.duplicates = RouteOptions::Duplicates::kDrop; break;
    }
    options.for_files = output == Mill::Output::kFiles;
    options.encode = encode_options(config, config_hash);
    return options;
}

}  // namespace

MatchOptions match_options(const Config& config) {
    const auto& near = config.dedup.near;
    MatchOptions options;
    options.containment_min = static_cast<std::int32_t>(near.containment_min);
    options.few_containment_min = static_cast<std::int32_t>(near.few_containment_min);
    options.uneven_containment_min = static_cast<std::int32_t>(near.uneven_containment_min);
    options.figures_min = static_cast<std::int32_t>(near.figures_min);
    options.facts_min = static_cast<std::int32_t>(near.facts_min);
    return options;
}

Mill::Mill(const Config& config, std::string config_hash, Output output)
    : Mill(config, std::move(config_hash), output, nullptr) {}

Mill::Mill(const Config& config, std::string config_hash, const Mill& before)
    : Mill(config, std::move(config_hash), before.output_, before.dedup_) {}

Mill::Mill(const Config& config, std::string config_hash, Output output,
           std::shared_ptr<DedupStage> dedup)
    : config_(config),
      config_hash_(std::move(config_hash)),
      output_(output),
      topics_(topics_options(config)),
      live_topics_(std::make_shared<LiveTopics>(TopicsData{topics_.rules, topics_.model})),
      memory_(plan_memory(config, std::max(1u, std::thread::hardware_concurrency()),
                          index_bytes(config))),
      live_lexicons_(std::make_shared<LiveLexicons>(read_lexicons(config.quotes.lexicons))),
      dedup_(dedup != nullptr ? std::move(dedup) : std::make_shared<DedupStage>(dedup_options())),
      refused_(route_options()) {
    topics_.live = live_topics_;
}

void Mill::reload_files() {
    TopicsOptions read = topics_options(config_);
    auto lexicons = read_lexicons(config_.quotes.lexicons);
    live_topics_->replace({std::move(read.rules), std::move(read.model)});
    live_lexicons_->replace(std::move(lexicons));
}

DedupOptions Mill::dedup_options() const {
    DedupOptions options = dedup_options_of(config_);
    options.capacity_max = capacity_max(config_, memory_);
    return options;
}

RouteOptions Mill::route_options() const {
    return make_route_options(config_, config_hash_, output_);
}

StageChain Mill::front() const {
    StageChain chain;
    chain.push_back(std::make_unique<ParseStage>(parse_options(config_)));
    chain.push_back(std::make_unique<NormalizeStage>(normalize_options(config_)));
    chain.push_back(std::make_unique<FingerprintStage>());
    return chain;
}

StageChain Mill::back() const {
    StageChain chain;
    if (config_.quotes.enabled)
        chain.push_back(std::make_unique<QuotesStage>(quotes_options(config_, live_lexicons_)));
    if (config_.topics.enabled) chain.push_back(std::make_unique<TopicsStage>(topics_));
    chain.push_back(std::make_unique<EncodeStage>(encode_options(config_, config_hash_)));
    chain.push_back(std::make_unique<RouteStage>(route_options()));
    return chain;
}

PipelineParts Mill::parts(Consumer& consumer, Producer& producer, Journal* journal,
                          SnapshotStore* snapshots) {
    PipelineParts parts{
        consumer, producer, {}, [this] { return front(); }, [this] { return back(); }};
    if (!config_.dedup.enabled || journal == nullptr) return parts;
    parts.journal = {journal, dedup_.get(), dedup_.get(), snapshots, {}};
    if (snapshots == nullptr) return parts;
    FollowedState& state = parts.journal.state;
    state = restore_newest(*snapshots, *journal, *dedup_);
    for (const std::string& line : state.refused) log_warning("{}", line);
    if (state.restored) {
        log_info("{} is taken over: {} entries, journal position {}, state hash {:016x}, {} ms",
                 state.name, state.header.entries, state.header.position, state.header.state_hash,
                 state.took_ms);
    } else if (!state.refused.empty()) {
        log_warning("no snapshot is good: the whole journal is read");
    }
    return parts;
}

PipelineOptions Mill::pipeline_options() const {
    PipelineOptions options;
    options.lanes_front = static_cast<std::size_t>(memory_.lanes_front);
    options.lanes_back = static_cast<std::size_t>(memory_.lanes_back);
    options.pool_batches = static_cast<std::size_t>(memory_.pool_batches);
    options.batch.articles_max = static_cast<std::uint32_t>(config_.pipeline.batch_articles_max);
    options.batch.payload_bytes_max = static_cast<std::size_t>(config_.pipeline.batch_bytes_max);
    options.batch.arena_bytes = static_cast<std::size_t>(config_.pipeline.arena_bytes);
    options.source.batch_wait_ns = config_.pipeline.batch_wait_ms * kMillisecond;
    options.sink.commit_interval_ns = config_.output.kafka.commit_interval_ms * kMillisecond;
    // Half of the pool may wait for a commit while the other half is at work.
    options.sink.held_batches_max = std::max<std::size_t>(1, options.pool_batches / 2);
    options.sink.refuse = [this](Article& article, Arena& arena) {
        reject(article, Code::kOutputRejected, "sink",
               "the output topic refuses the record for good");
        refused_.route(article, arena);
    };
    options.runner.park_max_ns = config_.pipeline.park_ms_max * kMillisecond;
    options.journal.writer = random_writer();
    options.journal.change_settings = config_.dedup.settings == SettingsRule::kChange;
    options.journal.state_hash_interval_entries =
        static_cast<std::uint64_t>(config_.dedup.state_hash_interval_entries);
    options.journal.snapshot_interval_entries =
        static_cast<std::uint64_t>(config_.dedup.snapshot_interval_entries);
    options.journal.snapshot_drain_ns_max = config_.pipeline.drain_deadline_ms / 2 * kMillisecond;
    return options;
}

std::string journal_settings(const Config& config) {
    return DedupStage::settings_for(dedup_options_of(config));
}

std::int64_t index_bytes(const Config& config) {
    return DedupStage::bytes_for(static_cast<std::size_t>(config.dedup.capacity));
}

std::uint64_t random_writer() {
    std::random_device device;
    return static_cast<std::uint64_t>(device()) << 32 | device();
}

}  // namespace newsmill
