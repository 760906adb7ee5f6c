// Rule packs of any text: what is read and compiles tags an article without a fault.
#include "stages/topics.hpp"

#include <string>
#include <vector>

#include "tests/fuzz/harness.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace newsmill;
    static Batch batch({.articles_max = 1});
    const topics::Pack pack =
        topics::read_pack({"fuzz.topics", std::string(fuzz::text_of(data, size))});
    if (!pack.ok()) {
        NEWSMILL_CHECK(!pack.issues.empty(), "a pack that is refused says why");
        return 0;
    }
    TopicsOptions options;
    options.confidence_min = 0;
    try {
        options.rules = topics::Rules::compile({pack});
    } catch (const topics::PackError&) {
        return 0;
    }
    TopicsStage stage(options);
    batch.reset();
    Article& article = batch.add("x");
    article.headline = "Council votes on bridge and budget";
    article.body = "The city council approved the budget for the bridge.\n\nThe mayor spoke.";
    article.language = "en";
    stage.process(batch);
    for (const Topic& topic : article.topics) {
        NEWSMILL_CHECK(topic.confidence <= 100 && topic.relevance <= 100, "per cent");
    }
    return 0;
}
