// must fail: exception specif|exception spec
// One article must not stop the line: process() is noexcept, and an override can't weaken that.
#include "pipeline/stage.hpp"

class Upper : public newsmill::Stage {
   public:
    std::string_view name() const noexcept override { return "upper"; }
#ifdef CONTROL
    void process(newsmill::Batch&) noexcept override {}
#else
    void process(newsmill::Batch&) override {}
#endif
};

Upper upper;
