#include "pipeline/archive/archiving_producer.hpp"

#include <utility>

namespace newsmill {

constexpr int kExitTryAgain = 75;

ArchivingProducer::ArchivingProducer(Producer& producer, ArchiveWriter& archive,
                                     bool skip_when_full)
    : producer_(producer), archive_(archive), skip_when_full_(skip_when_full) {}

void ArchivingProducer::count_in(Counter& archived, Counter& skipped) noexcept {
    archived_total_ = &archived;
    skipped_total_ = &skipped;
}

void ArchivingProducer::sent(const Batch& batch) noexcept {
    for (const Article& article : batch.articles) archive_.add(article, batch.journal_position);
    articles_ += batch.articles.size();
    producer_.sent(batch);
}

// Once a transaction, though the producer may be asked to commit it again and again.
bool ArchivingProducer::seal() noexcept {
    if (std::exchange(sealed_, true)) return true;
    const int wrong = archive_.seal();
    if (wrong == 0) return true;
    archive_.undo();
    if (!skip_when_full_) {
        failure_ = {kExitTryAgain, "archive: it can't be written: " + error_text(wrong) +
                                       "; nothing is committed that is not in it. Make room, or "
                                       "set output.archive.full = \"skip\""};
        return false;
    }
    skipped_ = true;
    if (const LogPass pass = full_gate_.try_pass()) {
        log_error("archive: it can't be written: {}; {} articles are missing in it{}",
                  error_text(wrong), articles_, pass.suffix());
    }
    return true;
}

// Before the positions: a failure after them could still be followed by a commit of the broker's.
Outcome ArchivingProducer::send_positions(const std::vector<Position>& positions,
                                          const GroupToken& token) noexcept {
    if (!seal()) return Outcome::kFailed;
    return producer_.send_positions(positions, token);
}

Outcome ArchivingProducer::commit() noexcept {
    const Outcome outcome = producer_.commit();
    if (outcome != Outcome::kOk) return outcome;
    archive_.confirm();
    Counter* total = skipped_ ? skipped_total_ : archived_total_;
    if (total != nullptr) total->add(articles_);
    sealed_ = skipped_ = false;
    articles_ = 0;
    return outcome;
}

Outcome ArchivingProducer::abort() noexcept {
    const Outcome outcome = producer_.abort();
    if (outcome != Outcome::kOk) return outcome;
    archive_.undo();
    sealed_ = skipped_ = false;
    articles_ = 0;
    return outcome;
}

Failure ArchivingProducer::failure() const {
    return failure_.exit_code != 0 ? failure_ : producer_.failure();
}

}  // namespace newsmill
