// route: decides what the sink publishes for each article, and where: its record, the record of a
// duplicate, or its dead letter; and its notices, which no setting drops. The last stage, so that
// the sink's thread only sends.
//
// Key is the uri, so that all versions of a story meet in one partition; a notice has that of the
// copy that it is about; a dead letter keeps the key that it came with. When the output refuses an
// article's record, its dead letter goes in its place, and its notices still go. Results live in
// the batch's arena. Threads: one an instance.
#pragma once

#include <string_view>

#include "stages/dead_letter.hpp"
#include "stages/encode.hpp"

namespace newsmill {

struct RouteOptions {
    // Of exact, near and contained copies. What brings news is no duplicate: a text that contains
    // more, an update, a kill.
    enum class Duplicates : std::uint8_t { kAnnotate, kRoute, kDrop };
    Duplicates duplicates = Duplicates::kAnnotate;
    // For files: no headers, and a dead letter is one line of JSON instead of the input's bytes.
    bool for_files = false;
    EncodeOptions encode;  // for the headers: the same as the encode stage's
};

class RouteStage final : public Stage {
   public:
    explicit RouteStage(RouteOptions options);

    std::string_view name() const noexcept override { return "route"; }
    void process(Batch& batch) noexcept override;
    // One article: also for the sink, when the output has refused its record.
    void route(Article& article, Arena& arena) const noexcept;

   private:
    void route_notices(Article& article, Arena& arena) const noexcept;
    void route_dead_letter(Article& article, Arena& arena) const noexcept;

    RouteOptions options_;
};

}  // namespace newsmill
