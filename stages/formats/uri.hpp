// URIs as records need them: RFC 3986, where feeds give IRIs, spaces and stray per cent signs.
#pragma once

#include <string_view>

#include "stages/formats/json_writer.hpp"

namespace newsmill {

// Writes `uri` as a JSON string in which every byte that a URI can't hold is per cent encoded.
// A valid URI is written as it is.
void write_uri(std::string_view uri, JsonWriter& out) noexcept;

}  // namespace newsmill
