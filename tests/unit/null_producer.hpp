// Takes everything and keeps nothing.
#pragma once

#include <vector>

#include "pipeline/sink.hpp"

namespace newsmill {

class NullProducer final : public Producer {
   public:
    Outcome begin() noexcept override { return Outcome::kOk; }
    Outcome send(const Article& /*article*/) noexcept override { return Outcome::kOk; }
    Outcome send_notice(const Article& /*article*/, const Output& /*notice*/) noexcept override {
        return Outcome::kOk;
    }
    Outcome send_positions(const std::vector<Position>& /*positions*/,
                           const GroupToken& /*token*/) noexcept override {
        return Outcome::kOk;
    }
    Outcome commit() noexcept override { return Outcome::kOk; }
    Outcome abort() noexcept override { return Outcome::kOk; }
};

}  // namespace newsmill
