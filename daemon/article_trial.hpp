// One article through the stages of a running daemon, beside its pipeline: what would become of it?
// Nothing is published and no duplicate is looked for, so the state of the daemon stays as it is.
//
// Threads: made by main's, then one, the admin server's. Errors: none; a bad article has a verdict.
#pragma once

#include <string>
#include <string_view>

#include "daemon/mill.hpp"
#include "pipeline/batch.hpp"

namespace newsmill {

class ArticleTrial {
   public:
    explicit ArticleTrial(const Mill& mill);
    // {"record": …} or {"dead_letter": {"code", "stage", "message"}}, and "stages": microseconds.
    std::string run(std::string_view article);

   private:
    StageChain stages_;
    Batch batch_;
};

}  // namespace newsmill
