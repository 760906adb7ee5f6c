// A trained classifier of topics: a linear model over hashed words and pairs of words.
//
// Features are the words of headline and body (stages/topics/words.hpp) and pairs of neighbours,
// weighted by (1 + ln count) * idf and normed to length 1; each label has a weight a feature, and
// softmax at a temperature fitted on held-out folds makes percentages of the sums, so that of the
// articles with 70 about seven in ten are right. All in integers: daemons agree to the bit.
//
// A model is one block of bytes, made by train_model() (stages/topics/trainer.hpp), to be read or
// mapped into memory: a header with magic, version, sizes and an XXH3 checksum, the labels, tables,
// and one open-addressed table of features. Nothing is parsed but the labels.
//
// Immutable once open, so that threads share it; a Scratch belongs to one. Errors: open() throws
// ModelError with one clear line for anything that is not a whole model of a known version.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace newsmill::topics {

class ModelError : public std::runtime_error {
   public:
    using std::runtime_error::runtime_error;
};

inline constexpr std::size_t kModelLabelsMax = 256;
inline constexpr std::uint32_t kModelVersion = 1;

struct ModelLabel {
    std::string text;    // as in the training data
    std::string scheme;  // what stands before the code in a uri
    std::string alias;
    std::string code;
    std::string name;
};

// A label's topic: a code or a name of IPTC Media Topics, with or without "medtop:"; anything else
// is a topic of the scheme "urn:newsmill:label:".
ModelLabel label_of(std::string_view text);

// The bytes of a model before its labels, little-endian.
struct ModelHeader {
    std::array<char, 8> magic;
    std::uint32_t version;
    std::uint32_t label_count;
    std::uint64_t checksum;  // XXH3 of all bytes behind the header, and of the header with 0 here
    std::uint64_t bytes;     // of the whole model
    std::uint32_t labels_at;
    std::uint32_t tables_at;  // kModelCounts tf weights, then kModelExps exponentials, u32 each
    std::uint32_t slots_at;
    std::uint32_t slot_count;  // a power of two
    std::uint32_t score_divisor;
    std::uint32_t article_count;  // it was trained on
    std::array<char, 32> name;
};
static_assert(sizeof(ModelHeader) == 88);

inline constexpr std::array<char, 8> kModelMagic = {'N', 'M', 'T', 'O', 'P', 'I', 'C', 'S'};
inline constexpr std::size_t kModelCounts = 64;
inline constexpr std::size_t kModelExps = 1024;   // exp(-i / 64), of 2^20
inline constexpr std::size_t kModelExpStep = 64;  // per unit

// A slot of the table: a check of 32 bits (0: free), the idf in 1/256, a weight a label; 2-byte
// units, 4 + 2 + 2 * labels bytes rounded up to a multiple of 4.
constexpr std::size_t model_slot_bytes(std::size_t labels) noexcept {
    return (6 + 2 * labels + 3) / 4 * 4;
}

class Model {
   public:
    // `keeper` keeps `bytes` where they are; `file` is for messages.
    static std::shared_ptr<const Model> open(std::shared_ptr<const void> keeper,
                                             std::string_view bytes, std::string_view file);

    std::string_view name() const noexcept { return name_; }
    std::uint32_t article_count() const noexcept { return header_.article_count; }
    std::size_t feature_slots() const noexcept { return header_.slot_count; }
    const std::vector<ModelLabel>& labels() const noexcept { return labels_; }

    struct Scratch {
        std::vector<std::uint8_t> counts;  // by slot
        std::vector<std::uint32_t> slots;  // met
        std::vector<std::int64_t> sums;
    };
    // The percentage of each label, in the order of labels(); their sum is about 100. False, and
    // all 0, if the model knows too little of the text: it is in another language, say.
    bool classify(std::string_view headline, std::string_view body, Scratch& scratch,
                  std::span<std::uint8_t> percent) const noexcept;

   private:
    Model() = default;
    std::uint32_t find(std::uint64_t feature) const noexcept;
    // How many features the text has, and how many of them the model knows.
    struct Known {
        std::uint64_t known = 0;
        std::uint64_t all = 0;
    };
    void count(std::string_view text, Scratch& scratch, Known& known) const noexcept;
    const char* slot(std::uint32_t index) const noexcept {
        return slots_ + std::size_t{index} * slot_bytes_;
    }

    std::shared_ptr<const void> keeper_;
    ModelHeader header_{};
    std::string name_;
    std::vector<ModelLabel> labels_;
    std::array<std::uint32_t, kModelCounts> tf_{};
    std::array<std::uint32_t, kModelExps> exps_{};
    const char* slots_ = nullptr;
    std::size_t slot_bytes_ = 0;
};

std::uint64_t model_checksum(std::string_view bytes) noexcept;

}  // namespace newsmill::topics
