#include "pipeline/metrics.hpp"

#include <algorithm>
#include <numeric>

namespace newsmill {

std::size_t TimeHistogram::range_of(std::int64_t ns) noexcept {
    return static_cast<std::size_t>(std::lower_bound(kBoundsNs.begin(), kBoundsNs.end(), ns) -
                                    kBoundsNs.begin());
}

TimeHistogram::View TimeHistogram::view() const noexcept {
    View view;
    for (std::size_t i = 0; i < kRanges; ++i) view.ranges[i] = ranges_[i].get();
    view.sum_ns = sum_ns_.get();
    return view;
}

std::uint64_t TimeHistogram::View::count() const noexcept {
    return std::accumulate(ranges.begin(), ranges.end(), std::uint64_t{0});
}

TimeHistogram::View TimeHistogram::View::since(const View& before) const noexcept {
    View difference;
    for (std::size_t i = 0; i < kRanges; ++i) {
        difference.ranges[i] = ranges[i] - std::min(before.ranges[i], ranges[i]);
    }
    difference.sum_ns = sum_ns - std::min(before.sum_ns, sum_ns);
    return difference;
}

double TimeHistogram::View::quantile_s(double part) const noexcept {
    const std::uint64_t total = count();
    if (total == 0) return -1;
    const double wanted = part * static_cast<double>(total);
    double seen = 0;
    for (std::size_t i = 0; i < kRanges; ++i) {
        const auto here = static_cast<double>(ranges[i]);
        if (here == 0 || seen + here < wanted) {
            seen += here;
            continue;
        }
        const double low = i == 0 ? 0 : static_cast<double>(kBoundsNs[i - 1]);
        // Of a range without an end all that is known is where it begins.
        const double high = i < kBoundsNs.size() ? static_cast<double>(kBoundsNs[i]) : low;
        return (low + (high - low) * (wanted - seen) / here) / 1e9;
    }
    return static_cast<double>(kBoundsNs.back()) / 1e9;
}

namespace {

template <typename Meter>
Meter& meter_of(std::vector<std::unique_ptr<Meter>>& meters, std::string_view name,
                std::string_view group) {
    for (const auto& known : meters) {
        if (known->name == name) return *known;
    }
    meters.push_back(std::make_unique<Meter>());
    meters.back()->name = name;
    meters.back()->group = group;
    return *meters.back();
}

template <typename Meter>
std::vector<const Meter*> pointers_to(const std::vector<std::unique_ptr<Meter>>& meters) {
    std::vector<const Meter*> pointers;
    for (const auto& meter : meters) pointers.push_back(meter.get());
    return pointers;
}

}  // namespace

AgentMeter& Metrics::agent(std::string_view name, std::string_view group) {
    const std::lock_guard lock(mutex_);
    return meter_of(agents_, name, group);
}

StageMeter& Metrics::stage(std::string_view name, std::string_view group) {
    const std::lock_guard lock(mutex_);
    return meter_of(stages_, name, group);
}

std::vector<const AgentMeter*> Metrics::agents() const {
    const std::lock_guard lock(mutex_);
    return pointers_to(agents_);
}

std::vector<const StageMeter*> Metrics::stages() const {
    const std::lock_guard lock(mutex_);
    return pointers_to(stages_);
}

}  // namespace newsmill
