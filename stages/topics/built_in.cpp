#include "stages/topics/rules.hpp"

namespace newsmill::embedded {
extern const std::string_view topics_de;
extern const std::string_view topics_en;
}  // namespace newsmill::embedded

namespace newsmill::topics {

std::vector<Pack> built_in_packs() {
    return {read_pack({"configs/topics/newsmill-en.topics", std::string(embedded::topics_en)}),
            read_pack({"configs/topics/newsmill-de.topics", std::string(embedded::topics_de)})};
}

}  // namespace newsmill::topics
