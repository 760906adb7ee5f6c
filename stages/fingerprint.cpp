#include "stages/fingerprint.hpp"

#include <unicode/uchar.h>
// The hash state stands on the stack.
#define XXH_STATIC_LINKING_ONLY
#include <xxhash.h>

#include <algorithm>
#include <cstring>

#include "stages/formats/utf8.hpp"

namespace newsmill {
namespace {

constexpr char kHeadlineMark = '\x01';
constexpr char kUriMark = '\x02';

constexpr bool is_digit(unsigned char c) noexcept { return c >= '0' && c <= '9'; }

// The code point that stays for `c`, or 0 if it is dropped.
std::uint32_t fold_code_point(std::uint32_t c) noexcept {
    constexpr std::uint32_t kKept = U_GC_L_MASK | U_GC_M_MASK | U_GC_ND_MASK | U_GC_SC_MASK;
    const auto point = static_cast<UChar32>(c);
    if (c != '%' && (U_GET_GC_MASK(point) & kKept) == 0) return 0;
    // Variation selectors are marks by category and typography by use.
    if (u_hasBinaryProperty(point, UCHAR_DEFAULT_IGNORABLE_CODE_POINT)) return 0;
    return static_cast<std::uint32_t>(u_foldCase(point, U_FOLD_CASE_DEFAULT));
}

// Decodes one code point of valid UTF-8; a broken one reads as U+FFFD of one byte.
std::size_t decode(const unsigned char* at, std::size_t left, std::uint32_t& c) noexcept {
    if (at[0] >= 0xC0 && at[0] < 0xE0 && left >= 2) {
        c = (at[0] & 0x1Fu) << 6 | (at[1] & 0x3Fu);
        return 2;
    }
    if (at[0] >= 0xE0 && at[0] < 0xF0 && left >= 3) {
        c = (at[0] & 0x0Fu) << 12 | (at[1] & 0x3Fu) << 6 | (at[2] & 0x3Fu);
        return 3;
    }
    if (at[0] >= 0xF0 && at[0] < 0xF8 && left >= 4) {
        c = (at[0] & 0x07u) << 18 | (at[1] & 0x3Fu) << 12 | (at[2] & 0x3Fu) << 6 | (at[3] & 0x3Fu);
        return 4;
    }
    c = 0xFFFD;
    return 1;
}

}  // namespace

// Collects what is kept and hashes it block by block; a text that fits the block is hashed at
// once, which is faster and gives the same value.
class FingerprintStage::Stream {
   public:
    static constexpr std::size_t kBlockBytes = 16 << 10;

    // Room for at least `bytes` (at most kBlockBytes).
    char* reserve(std::size_t bytes) noexcept {
        if (size_ + bytes > kBlockBytes) flush();
        return block_ + size_;
    }
    void commit(const char* end) noexcept { size_ = static_cast<std::size_t>(end - block_); }
    std::size_t kept() const noexcept { return flushed_ + size_; }

    Hash128 finish() noexcept {
        XXH128_hash_t hash;
        if (flushed_ == 0) {
            hash = XXH3_128bits(block_, size_);
        } else {
            flush();
            hash = XXH3_128bits_digest(&state_);
        }
        return {hash.high64, hash.low64};
    }

   private:
    void flush() noexcept {
        if (flushed_ == 0) XXH3_128bits_reset(&state_);
        XXH3_128bits_update(&state_, block_, size_);
        flushed_ += size_;
        size_ = 0;
    }

    std::size_t size_ = 0;
    std::size_t flushed_ = 0;
    XXH3_state_t state_;
    char block_[kBlockBytes];
};

FingerprintStage::FingerprintStage() {
    for (std::uint32_t c = 0; c < kTableEnd; ++c) {
        folded_[c] = static_cast<std::uint16_t>(fold_code_point(c));
    }
    bytes_.fill(kSpecial);
    for (std::size_t c = 0; c < 0x80; ++c) {
        if (!is_digit(static_cast<unsigned char>(c))) {
            bytes_[c] = static_cast<std::uint8_t>(folded_[c]);
        }
    }
}

void FingerprintStage::process(Batch& batch) noexcept {
    for (Article& article : batch.articles) {
        if (!article.ok()) continue;
        const WordList& list = words_.read(article.body, article.body_is_ascii);
        sketcher_.make(list, sketch_);
        if (sketch_.count > 0) article.sketch = encode_sketch(sketch_, batch.arena);
        std::size_t kept = list.letters.size();
        if (list.letters_known) {
            const XXH128_hash_t hash = XXH3_128bits(list.letters.data(), kept);
            article.exact_hash = {hash.high64, hash.low64};
        } else {
            article.exact_hash = hash(article.body, kept);
        }
        if (kept > 0) continue;
        Stream stream;
        char* out = stream.reserve(1);
        *out++ = kHeadlineMark;
        stream.commit(out);
        feed(stream, article.headline);
        if (stream.kept() > 1) {
            article.exact_hash = stream.finish();
            continue;
        }
        Stream of_uri;
        char* mark = of_uri.reserve(1);
        *mark++ = kUriMark;
        of_uri.commit(mark);
        for (std::string_view uri = article.uri; !uri.empty();) {
            const std::string_view piece = uri.substr(0, Stream::kBlockBytes / 2);
            char* const to = of_uri.reserve(piece.size());
            of_uri.commit(to + piece.copy(to, piece.size()));
            uri.remove_prefix(piece.size());
        }
        article.exact_hash = of_uri.finish();
    }
}

Hash128 FingerprintStage::hash(std::string_view text, std::size_t& kept) const noexcept {
    Stream stream;
    feed(stream, text);
    kept = stream.kept();
    return stream.finish();
}

void FingerprintStage::feed(Stream& stream, std::string_view text) const noexcept {
    // A step reads at most kStepBytes. Folding makes a code point at most a byte longer for every
    // two, and a digit may bring a separator.
    constexpr std::size_t kStepBytes = 4096;
    const auto* at = reinterpret_cast<const unsigned char*>(text.data());
    const auto* const end = at + text.size();
    const unsigned char* after_digit = nullptr;  // one past the last digit, if it was kept last
    while (at < end) {
        const auto* const step_end =
            at + std::min<std::size_t>(kStepBytes, static_cast<std::size_t>(end - at));
        char* out = stream.reserve(2 * kStepBytes + 8);
        while (at < step_end) {
            // Letters and marks of ASCII, nearly all bytes of most texts, without a branch each.
            const char* const run = out;
            std::uint8_t kept = 0;
            while (at < step_end && (kept = bytes_[*at]) != kSpecial) {
                *out = static_cast<char>(kept);
                out += kept != 0 ? 1 : 0;
                ++at;
            }
            if (out != run) after_digit = nullptr;
            if (at >= step_end) break;
            if (is_digit(*at)) {
                if (after_digit != nullptr && after_digit != at) {
                    const bool point =
                        at - after_digit == 1 && (*after_digit == '.' || *after_digit == ',');
                    *out++ = point ? static_cast<char>(*after_digit) : ' ';
                }
                *out++ = static_cast<char>(*at);
                after_digit = ++at;
                continue;
            }
            std::uint32_t c;
            at += decode(at, static_cast<std::size_t>(end - at), c);
            c = c < kTableEnd ? folded_[c] : fold_code_point(c);
            if (c == 0) continue;
            out = append_code_point(out, c);
            after_digit = nullptr;
        }
        stream.commit(out);
    }
}

}  // namespace newsmill
