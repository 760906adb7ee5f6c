// The table behind find_entity(); see entities.hpp.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace newsmill::normalize {

struct EntityRow {
    std::string_view name;
    std::string_view characters;  // UTF-8, one or two code points
    bool legacy;
};

inline constexpr std::size_t kEntityCount = 2125;
extern const std::array<EntityRow, kEntityCount> kEntities;

}  // namespace newsmill::normalize
