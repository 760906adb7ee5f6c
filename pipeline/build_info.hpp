// What this program was built from. Static text; any thread.
#pragma once

#include <span>
#include <string_view>

namespace newsmill {

struct LibraryVersion {
    std::string_view name;
    std::string_view version;
};

std::string_view build_version() noexcept;  // "0.1.0"
// The version with the commit where there was git at configure time: "0.1.0+4437ed7". It is
// enrichment.run.build: the same build makes the same records.
std::string_view build_id() noexcept;
std::string_view build_compiler() noexcept;  // "GNU 12.2.0"
std::string_view build_type() noexcept;      // "RelWithDebInfo"
std::span<const LibraryVersion> build_libraries() noexcept;

}  // namespace newsmill
