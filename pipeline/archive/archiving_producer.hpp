// Puts an archive before a producer: what a transaction has published of is in the archive before
// the transaction is committed, and is taken out again if it is aborted.
//
// Threads: the sink's. Errors: an archive that can't be written ends the daemon with 75 before the
// commit; with `skip` it is an error line (at most one in ten seconds), the articles are counted as
// missing, and the next transaction tries again.
#pragma once

#include <cstdint>

#include "pipeline/archive/archive_writer.hpp"
#include "pipeline/log.hpp"
#include "pipeline/sink.hpp"

namespace newsmill {

class ArchivingProducer final : public Producer {
   public:
    // Both outlive it.
    ArchivingProducer(Producer& producer, ArchiveWriter& archive, bool skip_when_full);
    // Where it counts; before the start.
    void count_in(Counter& archived, Counter& skipped) noexcept;

    Outcome begin() noexcept override { return producer_.begin(); }
    Outcome send(const Article& article) noexcept override { return producer_.send(article); }
    Outcome send_notice(const Article& article, const Output& notice) noexcept override {
        return producer_.send_notice(article, notice);
    }
    void sent(const Batch& batch) noexcept override;
    Outcome send_positions(const std::vector<Position>& positions,
                           const GroupToken& token) noexcept override;
    Outcome commit() noexcept override;
    Outcome abort() noexcept override;
    bool refuses(const Article& article) const noexcept override {
        return producer_.refuses(article);
    }
    bool refuses_notices(const Article& article) const noexcept override {
        return producer_.refuses_notices(article);
    }
    Failure failure() const override;
    void set_waker(Parker* parker) noexcept override { producer_.set_waker(parker); }
    void close() noexcept override { producer_.close(); }

   private:
    bool seal() noexcept;

    Producer& producer_;
    ArchiveWriter& archive_;
    bool skip_when_full_;
    bool sealed_ = false;
    std::uint64_t articles_ = 0;  // of the open transaction
    bool skipped_ = false;        // it is not in the archive
    LogGate full_gate_;
    Counter* archived_total_ = nullptr;
    Counter* skipped_total_ = nullptr;
    Failure failure_;
};

}  // namespace newsmill
