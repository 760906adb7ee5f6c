// A lane: one agent that runs neighbouring parallel stages, fused, over every n-th batch.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "pipeline/agent.hpp"
#include "pipeline/stage.hpp"

namespace newsmill {

class LaneAgent final : public Agent {
   public:
    LaneAgent(std::string name, std::vector<std::unique_ptr<Stage>> stages, Control& control,
              Link& in, Link& out)
        : name_(std::move(name)),
          stages_(std::move(stages)),
          control_(control),
          in_(in),
          out_(out) {}

    std::string_view name() const noexcept override { return name_; }

    Work do_work() noexcept override {
        if (done_) return Work::kDone;
        Batch* batch = in_.pop();
        if (batch == nullptr) {
            if (!in_.drained() && !control_.failed()) return Work::kIdle;
            out_.close();
            done_ = true;
            return Work::kDone;
        }
        for (const auto& stage : stages_) stage->process(*batch);
        out_.push(batch);
        return Work::kBusy;
    }

   private:
    std::string name_;
    std::vector<std::unique_ptr<Stage>> stages_;
    Control& control_;
    Link& in_;
    Link& out_;
    bool done_ = false;
};

}  // namespace newsmill
