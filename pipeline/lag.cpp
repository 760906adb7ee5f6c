#include "pipeline/lag.hpp"

#include <simdjson.h>

#include <algorithm>

#include "pipeline/batch.hpp"

namespace newsmill {

std::vector<PartitionLag> LagReader::read(const std::vector<PartitionState>& partitions,
                                          const std::vector<Position>& committed,
                                          std::int64_t unix_ms) {
    std::vector<PartitionLag> lags;
    std::map<Id, std::int64_t> caught_up_ms;
    for (const PartitionState& state : partitions) {
        const auto done =
            std::find_if(committed.begin(), committed.end(), [&state](const Position& p) {
                return p.partition == state.partition && p.topic == state.topic;
            });
        PartitionLag lag{state.topic, state.partition, state.start_offset, state.end_offset};
        std::int64_t newest_ms = kNoTime;
        if (done != committed.end() && done->next_offset >= lag.position) {
            lag.position = done->next_offset;
            newest_ms = done->timestamp_ms;
        }
        const Id id(state.topic, state.partition);
        const auto before = caught_up_ms_.find(id);
        std::int64_t since_ms = before == caught_up_ms_.end() ? kNoTime : before->second;
        if (lag.position >= 0 && lag.end_offset >= 0) {
            // The end is a second old, the position is not.
            lag.records = std::max<std::int64_t>(0, lag.end_offset - lag.position);
            if (lag.records == 0) since_ms = unix_ms;
            since_ms = std::max(since_ms, newest_ms);
            if (since_ms != kNoTime) lag.ms = std::max<std::int64_t>(0, unix_ms - since_ms);
        }
        if (lag.records == 0) {
            caught_up_ms[id] = unix_ms;
        } else if (before != caught_up_ms_.end()) {
            caught_up_ms.insert(*before);
        }
        lags.push_back(std::move(lag));
    }
    caught_up_ms_ = std::move(caught_up_ms);  // of partitions that are still ours
    return lags;
}

std::vector<PartitionState> read_statistics(std::string_view json) {
    namespace dom = simdjson::dom;
    std::vector<PartitionState> states;
    dom::parser parser;
    dom::element root;
    dom::object topics;
    if (json.empty() ||
        parser.parse(simdjson::padded_string(json)).get(root) != simdjson::SUCCESS ||
        root["topics"].get(topics) != simdjson::SUCCESS)
        return states;
    for (const dom::key_value_pair topic : topics) {
        dom::object partitions;
        if (topic.value["partitions"].get(partitions) != simdjson::SUCCESS) continue;
        for (const dom::key_value_pair one : partitions) {
            bool desired = false;
            std::int64_t number = -1;
            if (one.value["desired"].get(desired) != simdjson::SUCCESS || !desired ||
                one.value["partition"].get(number) != simdjson::SUCCESS || number < 0)
                continue;
            PartitionState state{std::string(topic.key), static_cast<std::int32_t>(number)};
            std::int64_t end = -1;
            std::int64_t start = -1;
            // ls_offset is what a read_committed reader can reach; negative: not known yet.
            if (one.value["ls_offset"].get(end) == simdjson::SUCCESS) {
                state.end_offset = std::max<std::int64_t>(end, -1);
            }
            if (one.value["committed_offset"].get(start) == simdjson::SUCCESS) {
                state.start_offset = std::max<std::int64_t>(start, -1);
            }
            states.push_back(std::move(state));
        }
    }
    return states;
}

}  // namespace newsmill
