#include "daemon/article_trial.hpp"

#include <utility>

#include "daemon/json_text.hpp"
#include "pipeline/clock.hpp"

namespace newsmill {
namespace {

constexpr BatchLimits kLimits = {
    .articles_max = 1, .payload_bytes_max = 1 << 20, .arena_bytes = 256 << 10};

}  // namespace

ArticleTrial::ArticleTrial(const Mill& mill) : stages_(mill.front()), batch_(kLimits) {
    for (auto& stage : mill.back()) stages_.push_back(std::move(stage));
}

std::string ArticleTrial::run(std::string_view article) {
    batch_.reset();
    Article& one = batch_.add(article);
    one.origin = {"admin", -1, 1, kNoTime};
    JsonText times;
    times.begin('{');
    for (const auto& stage : stages_) {
        const std::int64_t before_ns = steady_clock().now_ns();
        stage->process(batch_);
        times.member(stage->name(), (steady_clock().now_ns() - before_ns) / 1000);
    }
    times.end('}');
    JsonText json;
    json.begin('{');
    if (one.ok()) {
        json.key("record");
        json.raw(one.record);
    } else {
        json.begin("dead_letter", '{');
        json.member("code", code_name(one.verdict.code));
        json.member("stage", one.verdict.stage);
        json.member("message", one.verdict.message);
        json.end('}');
    }
    json.key("stages");
    json.raw(times.take());
    json.end('}');
    batch_.reset();
    return json.take();
}

}  // namespace newsmill
