#include "stages/route.hpp"

#include <utility>

namespace newsmill {

RouteStage::RouteStage(RouteOptions options) : options_(std::move(options)) {}

void RouteStage::process(Batch& batch) noexcept {
    for (Article& article : batch.articles) route(article, batch.arena);
}

void RouteStage::route(Article& article, Arena& arena) const noexcept {
    if (!article.ok()) {
        route_dead_letter(article, arena);
        return;
    }
    Output& output = article.output;
    output.channel = Channel::kMain;
    if (is_duplicate(article.decision.kind)) {
        if (options_.duplicates == RouteOptions::Duplicates::kRoute)
            output.channel = Channel::kDuplicates;
        if (options_.duplicates == RouteOptions::Duplicates::kDrop) output.channel = Channel::kNone;
    }
    output.has_key = true;
    output.key = article.uri;
    output.value = article.record;
    if (!options_.for_files) output.headers = record_headers(article, options_.encode, arena);
    route_notices(article, arena);
}

void RouteStage::route_notices(Article& article, Arena& arena) const noexcept {
    const std::span<const Notice> notices = article.decision.notices;
    const std::span<Output> outputs = arena.array<Output>(notices.size());
    for (std::size_t i = 0; i < notices.size(); ++i) {
        Output& output = outputs[i];
        output.channel = Channel::kNotices;
        output.has_key = true;
        output.key = notices[i].uri;
        output.value = notice_line(article, notices[i], options_.encode, arena);
        if (!options_.for_files) {
            output.headers = notice_headers(article, notices[i], options_.encode, arena);
        }
    }
    article.notices = outputs;
}

void RouteStage::route_dead_letter(Article& article, Arena& arena) const noexcept {
    const DeadLetterContext context{options_.encode.build, options_.encode.config_hash, kNoTime, 1};
    Output& output = article.output;
    output.channel = Channel::kDeadLetters;
    if (options_.for_files) {
        output.value = dead_letter_line(article, context, arena);
        return;
    }
    output.has_key = article.has_key;
    output.key = article.key;
    output.has_value = article.has_payload;
    output.value = article.payload;
    output.headers = dead_letter_headers(article, context, arena);
}

}  // namespace newsmill
