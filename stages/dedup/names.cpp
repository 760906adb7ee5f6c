#include "stages/dedup/names.hpp"

#include <xxhash.h>

namespace newsmill::dedup {

std::uint64_t Names::hash_of(std::string_view name) noexcept {
    return XXH3_64bits(name.data(), name.size());
}

}  // namespace newsmill::dedup
