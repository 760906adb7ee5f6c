// The fingerprint stage: a hash that two copies of a story share although they differ in
// typography: case, quotation marks, dashes, punctuation, spacing, line breaks.
//
// Algorithm, version 1 (kFingerprintVersion: daemons of one journal must agree on it):
//   XXH3, 128 bits, seed 0, of the body's letters, marks and digits in order, in UTF-8, where
//   - letters are folded by Unicode's simple case folding,
//   - everything else is dropped, and so words are joined, which makes "e-mail", "e mail" and
//     "email" one,
//   - but between two digits with something dropped between them one byte stays: the full stop
//     or comma if it was that alone, else a space. 1.5 %, 15 % and 1-5 % are different news.
//   - Currency signs and the per cent sign stay.
//   A body without any of these is replaced by the headline (preceded by a byte 01), a headline
//   without any by the uri (preceded by a byte 02): empty articles are no copies of each other.
//
// ASCII goes through one table a byte; the rest through ICU's properties (table below U+0600).
// No allocation an article. Threads: one instance a lane.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "pipeline/stage.hpp"
#include "stages/fingerprint/sketch.hpp"
#include "stages/fingerprint/words.hpp"

namespace newsmill {

inline constexpr int kFingerprintVersion = 1;

class FingerprintStage final : public Stage {
   public:
    FingerprintStage();

    std::string_view name() const noexcept override { return "fingerprint"; }
    void process(Batch& batch) noexcept override;

    // Of any text by the rules above; `kept` is how many bytes were hashed.
    Hash128 hash(std::string_view text, std::size_t& kept) const noexcept;

   private:
    static constexpr std::uint32_t kTableEnd = 0x600;  // Latin, Greek, Cyrillic, Armenian, Hebrew

    class Stream;
    void feed(Stream& stream, std::string_view text) const noexcept;

    static constexpr std::uint8_t kSpecial = 0xFF;

    WordReader words_;
    Sketcher sketcher_;
    Sketch sketch_;
    std::array<std::uint8_t, 256> bytes_;  // the byte to keep, 0 for none; kSpecial: look closer
    std::array<std::uint16_t, kTableEnd> folded_;  // the code point to keep, or 0
};

}  // namespace newsmill
