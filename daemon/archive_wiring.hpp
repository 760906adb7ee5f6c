// The archive that a configuration asks for. Blocking; throws StartError.
#pragma once

#include <memory>

#include "pipeline/archive/archive_writer.hpp"
#include "pipeline/archive/archiving_producer.hpp"
#include "pipeline/config.hpp"

namespace newsmill {

// Null if none is asked for.
std::unique_ptr<ArchiveWriter> open_archive(const Config& config);

// `producer`, behind the archive if there is one. Both outlive it.
class ArchivedOutput {
   public:
    ArchivedOutput(const Config& config, Producer& producer);
    Producer& producer() noexcept { return archiving_ ? *archiving_ : plain_; }
    // Before the start; without an archive there is nothing to count.
    void count_in(Metrics& metrics) noexcept;

   private:
    Producer& plain_;
    std::unique_ptr<ArchiveWriter> archive_;
    std::unique_ptr<ArchivingProducer> archiving_;
};

}  // namespace newsmill
