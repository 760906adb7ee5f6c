// Text that was written in one encoding and read in another.
//
// Invalid UTF-8: what is no sequence is taken for bytes of cp1252 (the usual culprit); the two
// halves of a surrogate pair that were encoded one by one (CESU-8) become one character.
//
// Mojibake: UTF-8 that was read as cp1252 or latin1 and encoded again ("donâ€™t", "SÃ£o"), also
// twice over. The idea is ftfy's (R. Speer, 2012): a sequence of characters that stand for bytes of
// a valid UTF-8 sequence hardly ever occurs in real text. The exceptions are capital letters before
// a closing quotation mark or dash ("LIBERTÉ”") and French spacing ("liberté »"): such single
// sequences are repaired only if the text has others that leave no doubt.
#pragma once

#include <string>
#include <string_view>

namespace newsmill::normalize {

// Appends `text` as valid UTF-8.
void repair_utf8(std::string_view text, std::string& out);

// One layer. Appends the repaired text and says true, or leaves `out` alone and says false.
bool repair_mojibake(std::string_view text, std::string& out);

}  // namespace newsmill::normalize
