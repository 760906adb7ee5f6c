// The free tables of librdkafka's properties, looked at before any client is made.
#pragma once

#include "pipeline/config.hpp"

namespace newsmill {

// Adds an error, with its place, for each property of the client tables that librdkafka does not
// know or whose value it refuses. No connection is made. main's thread, before others start.
void check_client_properties(LoadedConfig& loaded);

}  // namespace newsmill
