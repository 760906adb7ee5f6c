#include "pipeline/archive/file_consumer.hpp"

#include <utility>

namespace newsmill {
namespace {

using BlockPin = std::shared_ptr<const Block>;

void release_block(void* pin) noexcept { delete static_cast<BlockPin*>(pin); }

}  // namespace

FileConsumer::FileConsumer(const std::vector<std::string>& paths, FileReaderLimits limits)
    : reader_(paths, limits) {}

Consumer::Event FileConsumer::poll(Batch* batch) noexcept {
    if (!std::exchange(assigned_, true)) return Event::kAssigned;
    if (batch == nullptr) return Event::kNone;
    if (batch->articles.empty()) pinned_ = nullptr;
    bool any = false;
    FileRecord record;
    while (!batch->full()) {
        const FileReader::Pull pull = reader_.try_next(record);
        if (pull == FileReader::Pull::kEnd && !any) return Event::kEnd;
        if (pull != FileReader::Pull::kRecord) break;
        any = true;
        add(*batch, std::move(record));
    }
    return any ? Event::kArticles : Event::kNone;
}

void FileConsumer::add(Batch& batch, FileRecord record) {
    Article& article = batch.add(record.bytes);
    article.payload_padded = true;
    article.payload_oversized = (record.flags & FileRecord::kOversized) != 0;
    article.payload_is_json = !record.is_text;
    article.origin.topic = record.file;
    article.origin.offset = record.number;
    // A pin a block, not an article: most records of a batch share one.
    if (record.block.get() == pinned_) return;
    pinned_ = record.block.get();
    batch.pin({new BlockPin(std::move(record.block)), release_block});
}

}  // namespace newsmill
