// A lane: one agent that runs neighbouring parallel stages, fused, over every n-th batch.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "pipeline/agent.hpp"
#include "pipeline/metrics.hpp"
#include "pipeline/stage.hpp"

namespace newsmill {

class LaneAgent final : public Agent {
   public:
    // `group` names all lanes of the same stages; meters are `metrics`'s.
    LaneAgent(std::string name, std::string_view group, std::vector<std::unique_ptr<Stage>> stages,
              Control& control, const Clock& clock, Link& in, Link& out, Metrics& metrics)
        : name_(std::move(name)),
          stages_(std::move(stages)),
          control_(control),
          clock_(clock),
          in_(in),
          out_(out) {
        for (const auto& stage : stages_) meters_.push_back(&metrics.stage(stage->name(), group));
    }

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
        std::int64_t before_ns = clock_.now_ns();
        for (std::size_t i = 0; i < stages_.size(); ++i) {
            stages_[i]->process(*batch);
            const std::int64_t now_ns = clock_.now_ns();
            meters_[i]->count(batch->articles.size(), now_ns - before_ns);
            before_ns = now_ns;
        }
        out_.push(batch);
        return Work::kBusy;
    }

   private:
    std::string name_;
    std::vector<std::unique_ptr<Stage>> stages_;
    std::vector<StageMeter*> meters_;  // of the stage at the same place
    Control& control_;
    const Clock& clock_;
    Link& in_;
    Link& out_;
    bool done_ = false;
};

}  // namespace newsmill
