// Requests to the admin server: whatever comes is answered, and nothing changes without the token.
// The first byte says whether it came over the Unix socket; then drains and pauses are allowed.
#include <filesystem>

#include "daemon/admin_http.hpp"
#include "daemon/mill.hpp"
#include "pipeline/archive/file_consumer.hpp"
#include "pipeline/archive/stream_producer.hpp"
#include "pipeline/log.hpp"
#include "tests/fuzz/harness.hpp"

namespace {

using namespace newsmill;

struct Target {
    LoadedConfig loaded = load_config("", {});
    Mill mill{loaded.config, loaded.hash, Mill::Output::kFiles};
    FileConsumer consumer{{"/dev/null"}};
    StreamProducer producer{-1, nullptr};
    MemoryJournal journal;
    Pipeline pipeline{mill.parts(consumer, producer, &journal), mill.pipeline_options(),
                      steady_clock()};
    RecentRecords recent;
    AdminApi api{pipeline, &recent, steady_clock(), {"a-token-of-the-fuzzer", {}, false}, {}};

    Target() {
        log_set_level(LogLevel::kOff);
        api.set_setup(std::make_shared<AdminSetup>(
            AdminSetup{loaded, mill.memory(), std::make_shared<ArticleTrial>(mill)}));
    }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static Target target;
    if (size == 0) return 0;
    const bool trusted = data[0] == 'U';
    const ParsedRequest parsed = parse_request(fuzz::text_of(data + 1, size - 1), 1 << 16, trusted);
    if (!parsed.request) {
        NEWSMILL_CHECK(parsed.status == 0 || (parsed.status >= 400 && parsed.status < 500),
                       "a refusal has a status");
        return 0;
    }
    const AdminResponse response = target.api.handle(*parsed.request);
    NEWSMILL_CHECK(response.status >= 200 && response.status < 600, "an answer has a status");
    const bool has_token =
        parsed.request->authorization.find("a-token-of-the-fuzzer") != std::string::npos;
    NEWSMILL_CHECK(trusted || has_token || !target.pipeline.control().paused(),
                   "nobody pauses without the token");
    target.pipeline.control().set_paused(false);
    const HttpResponse out = http_response(response, 11, true, false);
    NEWSMILL_CHECK(out.body().size() == response.body.size(), "the body is whole");
    return 0;
}
