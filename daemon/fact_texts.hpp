// What the figures and names of a sketch are: sketches have hashes of them, and the text that one
// of two sketches was made of tells which they are.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "stages/fingerprint/sketch.hpp"

namespace newsmill {

// By the hashes that sketches have.
struct FactTexts {
    std::map<std::uint32_t, std::string> figures;
    std::map<std::uint32_t, std::string> names;
};
FactTexts fact_texts(std::string_view body);

struct FactComparison {
    std::vector<std::string> both;
    std::vector<std::string> here;  // in the text alone
    std::size_t there = 0;          // in the other alone; nobody knows what they are
};
// `texts`: figures or names of the text that `here` was sampled of.
FactComparison compare_facts(const FactSample& here, const FactSample& there,
                             const std::map<std::uint32_t, std::string>& texts);

}  // namespace newsmill
