#include "daemon/archive_wiring.hpp"

#include "pipeline/log.hpp"

namespace newsmill {

std::unique_ptr<ArchiveWriter> open_archive(const Config& config) {
    const auto& archive = config.output.archive;
    if (archive.path.empty()) return nullptr;
    ArchiveWriterOptions options;
    options.path = archive.path;
    options.segment_bytes = archive.segment_bytes;
    options.level = static_cast<int>(archive.level);
    options.sync = archive.sync == ArchiveSync::kCommit;
    if (archive.keep_ms > 0) options.keep_ms = archive.keep_ms;
    if (archive.keep_bytes > 0) options.keep_bytes = archive.keep_bytes;
    auto writer = std::make_unique<ArchiveWriter>(std::move(options));
    log_info("archive: '{}' holds {} records", archive.path, writer->records());
    return writer;
}

ArchivedOutput::ArchivedOutput(const Config& config, Producer& producer)
    : plain_(producer), archive_(open_archive(config)) {
    if (archive_ == nullptr) return;
    archiving_ = std::make_unique<ArchivingProducer>(
        producer, *archive_, config.output.archive.full == ArchiveFull::kSkip);
}

void ArchivedOutput::count_in(Metrics& metrics) noexcept {
    if (archiving_) archiving_->count_in(metrics.archived, metrics.archive_skipped);
}

}  // namespace newsmill
