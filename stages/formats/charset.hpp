// Text in an encoding that its document names, as UTF-8. Names and mappings are the WHATWG's where
// they differ from the registered ones ("iso-8859-1" is read as cp1252); ICU converts the rest.
#pragma once

#include <string_view>

#include "pipeline/batch.hpp"

namespace newsmill {

// False: the encoding is not known, or is one that a document of bytes can't be in; `text` is left
// as it was. Else `text` is UTF-8 in the arena; what has no meaning became U+FFFD.
bool decode_charset(std::string_view bytes, std::string_view encoding, Arena& arena,
                    std::string_view& text) noexcept;

}  // namespace newsmill
