#include "stages/topics/model.hpp"

#include <xxhash.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "stages/topics/features.hpp"
#include "stages/topics/taxonomy.hpp"

namespace newsmill::topics {
namespace {

constexpr std::string_view kLabelScheme = "urn:newsmill:label:";
// Of a text's words and pairs a model of its language knows about a third and more.
constexpr std::uint64_t kKnownPart = 8;
constexpr std::uint32_t kFree = ~std::uint32_t{0};

std::uint64_t isqrt(std::uint64_t value) noexcept {
    std::uint64_t root = 0;
    for (std::uint64_t bit = std::uint64_t{1} << 31; bit != 0; bit >>= 1) {
        if ((root | bit) * (root | bit) <= value) root |= bit;
    }
    return root;
}

template <typename Number>
Number load(const char* at) noexcept {
    Number number;
    std::memcpy(&number, at, sizeof number);
    return number;
}

}  // namespace

ModelLabel label_of(std::string_view text) {
    std::string_view wanted = text;
    if (wanted.starts_with("medtop:")) wanted.remove_prefix(7);
    if (wanted.starts_with(kMediaTopicScheme)) wanted.remove_prefix(kMediaTopicScheme.size());
    const MediaTopic* topic = find_media_topic(wanted);
    if (topic == nullptr) topic = find_media_topic_named(wanted);
    if (topic != nullptr) {
        return {std::string(text), std::string(kMediaTopicScheme), std::string(kMediaTopicAlias),
                std::string(topic->code), std::string(topic->name)};
    }
    return {std::string(text), std::string(kLabelScheme), "label", std::string(text),
            std::string(text)};
}

std::uint64_t model_checksum(std::string_view bytes) noexcept {
    ModelHeader header;
    std::memcpy(&header, bytes.data(), sizeof header);
    header.checksum = 0;
    const std::uint64_t first = XXH3_64bits(&header, sizeof header);
    bytes.remove_prefix(sizeof header);
    return XXH3_64bits_withSeed(bytes.data(), bytes.size(), first);
}

std::shared_ptr<const Model> Model::open(std::shared_ptr<const void> keeper, std::string_view bytes,
                                         std::string_view file) {
    const auto fail = [&](const std::string& why) {
        throw ModelError(std::string(file) + ": " + why);
    };
    std::shared_ptr<Model> model(new Model);
    ModelHeader& header = model->header_;
    if (bytes.size() < sizeof header)
        fail("no topic model: it has only " + std::to_string(bytes.size()) + " bytes");
    std::memcpy(&header, bytes.data(), sizeof header);
    if (header.magic != kModelMagic) fail("no topic model: it does not begin with NMTOPICS");
    if (header.version != kModelVersion) {
        fail("a topic model of version " + std::to_string(header.version) +
             "; this newsmill reads version " + std::to_string(kModelVersion));
    }
    if (header.bytes != bytes.size()) {
        fail("damaged: it has " + std::to_string(bytes.size()) + " bytes of " +
             std::to_string(header.bytes));
    }
    if (model_checksum(bytes) != header.checksum) fail("damaged: the checksum does not fit");
    // Whole, as it was written; the sizes are checked all the same, since they are trusted below.
    model->slot_bytes_ = model_slot_bytes(header.label_count);
    const std::uint64_t slots_end =
        header.slots_at + std::uint64_t{header.slot_count} * model->slot_bytes_;
    if (header.label_count < 1 || header.label_count > kModelLabelsMax ||
        !std::has_single_bit(header.slot_count) || header.labels_at > header.tables_at ||
        header.tables_at + 4 * (kModelCounts + kModelExps) > header.slots_at ||
        slots_end > bytes.size() || header.score_divisor == 0) {
        fail("damaged: its sizes contradict each other");
    }
    std::string_view labels = bytes.substr(header.labels_at, header.tables_at - header.labels_at);
    for (std::uint32_t i = 0; i < header.label_count; ++i) {
        const auto end = labels.find('\0');
        if (end == labels.npos) fail("damaged: it has too few labels");
        model->labels_.push_back(label_of(labels.substr(0, end)));
        labels.remove_prefix(end + 1);
    }
    const char* tables = bytes.data() + header.tables_at;
    std::memcpy(model->tf_.data(), tables, sizeof model->tf_);
    std::memcpy(model->exps_.data(), tables + sizeof model->tf_, sizeof model->exps_);
    model->slots_ = bytes.data() + header.slots_at;
    model->name_ = std::string(header.name.data(), strnlen(header.name.data(), header.name.size()));
    model->keeper_ = std::move(keeper);
    return model;
}

std::uint32_t Model::find(std::uint64_t feature) const noexcept {
    const std::uint32_t mask = header_.slot_count - 1;
    const auto check = static_cast<std::uint32_t>(feature >> 32) | 1u;
    std::uint32_t at = static_cast<std::uint32_t>(feature) & mask;
    // The table is at most half full; a full one, which none is, would be looked through once.
    for (std::uint32_t probes = 0; probes <= mask; ++probes, at = (at + 1) & mask) {
        const auto found = load<std::uint32_t>(slot(at));
        if (found == check) return at;
        if (found == 0) return kFree;
    }
    return kFree;
}

void Model::count(std::string_view text, Scratch& scratch, Known& known) const noexcept {
    for_each_feature(text, [&](std::uint64_t feature) {
        const std::uint32_t at = find(feature);
        ++known.all;
        if (at == kFree) return;
        ++known.known;
        std::uint8_t& count = scratch.counts[at];
        if (count == 0) scratch.slots.push_back(at);
        if (count + 1u < kModelCounts) ++count;
    });
}

bool Model::classify(std::string_view headline, std::string_view body, Scratch& scratch,
                     std::span<std::uint8_t> percent) const noexcept {
    const std::size_t labels = labels_.size();
    std::fill(percent.begin(), percent.end(), std::uint8_t{0});
    scratch.counts.resize(header_.slot_count);
    scratch.sums.assign(labels, 0);
    scratch.slots.clear();
    Known known;
    count(headline, scratch, known);
    count(body, scratch, known);
    std::uint64_t norm = 0;
    for (const std::uint32_t index : scratch.slots) {
        const char* at = slot(index);
        const auto idf = load<std::uint16_t>(at + 4);
        // In 1/256: the value of a feature is below 2^14.
        const std::uint64_t value = std::uint64_t{idf} * tf_[scratch.counts[index]] >> 8;
        scratch.counts[index] = 0;
        norm += value * value;
        for (std::size_t k = 0; k < labels; ++k) {
            scratch.sums[k] +=
                static_cast<std::int64_t>(value) * load<std::int16_t>(at + 6 + 2 * k);
        }
    }
    if (known.known == 0 || known.known < known.all / kKnownPart) return false;
    const auto length = static_cast<std::int64_t>(std::max<std::uint64_t>(1, isqrt(norm)));
    std::int64_t best = INT64_MIN;
    for (std::int64_t& sum : scratch.sums) {
        sum = sum * static_cast<std::int64_t>(kModelExpStep) / length / header_.score_divisor;
        best = std::max(best, sum);
    }
    std::uint64_t total = 0;
    for (std::int64_t& sum : scratch.sums) {
        const auto below = static_cast<std::uint64_t>(best - sum);
        sum = below < kModelExps ? exps_[below] : 0;
        total += static_cast<std::uint64_t>(sum);
    }
    for (std::size_t k = 0; k < labels; ++k) {
        const auto part = static_cast<std::uint64_t>(scratch.sums[k]);
        percent[k] = static_cast<std::uint8_t>((200 * part + total) / (2 * total));
    }
    return true;
}

}  // namespace newsmill::topics
