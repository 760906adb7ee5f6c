// What the fuzz targets share. A target is a file NAME_fuzz.cpp with LLVMFuzzerTestOneInput; inputs
// to begin with lie in corpus/NAME/. Under clang, libFuzzer drives it (`./mill fuzz`); else
// replay_main.cpp runs the inputs once, as a test.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "pipeline/check.hpp"
#include "stages/encode.hpp"
#include "stages/fingerprint.hpp"
#include "stages/formats/utf8.hpp"
#include "stages/normalize.hpp"
#include "stages/parse.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace newsmill::fuzz {

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) noexcept {
    return {reinterpret_cast<const char*>(data), size};
}

// One article through the stages that read and write it; whatever it is, what comes out is whole.
class Reading {
   public:
    explicit Reading(ParseOptions options)
        : parse_(std::move(options)), batch_({.articles_max = 1}) {}

    void read(std::string_view payload) {
        batch_.reset();
        batch_.add(payload);
        parse_.process(batch_);
        check_views(batch_.articles[0].raw);
        normalize_.process(batch_);
        fingerprint_.process(batch_);
        encode_.process(batch_);
        const Article& article = batch_.articles[0];
        if (!article.ok()) {
            NEWSMILL_CHECK(!article.verdict.message.empty(), "a verdict has a message");
            return;
        }
        NEWSMILL_CHECK(is_valid_utf8(article.record), "a record is UTF-8");
        NEWSMILL_CHECK(article.canceled || !article.headline.empty() || !article.body.empty(),
                       "a record has text");
        Fields fields;
        Arena arena(1 << 16);
        NEWSMILL_CHECK(json_.read(article.record, arena, fields).kind == JsonOutcome::Kind::kRead,
                       "a record is JSON");
        NEWSMILL_CHECK(article.record.find('\n') == std::string_view::npos, "a record is a line");
    }

   private:
    // Reads every byte that a field views: a sanitizer sees what is not there.
    static void check_views(const Fields& raw) {
        unsigned sum = 0;
        for (const std::string_view one : {raw.id,          raw.uri,       raw.url,
                                           raw.headline,    raw.body,      raw.by,
                                           raw.located,     raw.language,  raw.source,
                                           raw.published,   raw.updated,   raw.version,
                                           raw.pub_status,  raw.urgency,   raw.ednote,
                                           raw.slugline,    raw.copyright, raw.copyright_notice,
                                           raw.usage_terms, raw.embargoed, raw.passthrough}) {
            for (const char c : one) sum += static_cast<unsigned char>(c);
        }
        [[maybe_unused]] static volatile unsigned kept;
        kept = sum;
    }

    ParseStage parse_;
    NormalizeStage normalize_;
    FingerprintStage fingerprint_;
    EncodeStage encode_;
    JsonReader json_{{}, false};
    Batch batch_;
};

}  // namespace newsmill::fuzz
