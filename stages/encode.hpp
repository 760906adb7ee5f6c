// The encode stage: writes Article::record, one line of JSON (docs/record.md describes it field by
// field; docs/schema/newsmill-enrichment.schema.json checks it).
//
// Profiles: kNinjs31Ext is ninjs 3.1 with an `enrichment` member; kNinjs31 the same without,
// kNinjs1 is ninjs 1.6 (flat headline and body_text). All are valid by IPTC's own schemas. What is
// not known is left out, never empty. A record is a function of the article and the options alone.
//
// Offsets are code points of the published body, half-open. Ownership: records live in the batch's
// arena; the stage owns its options and scratch memory. Articles with a verdict get no record.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "pipeline/stage.hpp"
#include "stages/formats/text_scan.hpp"

namespace newsmill {

class JsonWriter;

enum class Profile : std::uint8_t { kNinjs31Ext, kNinjs31, kNinjs1 };

// "ninjs-3.1-ext", "ninjs-3.1", "ninjs-1.x"; false for any other name.
bool parse_profile(std::string_view name, Profile& profile) noexcept;
std::string_view profile_name(Profile profile) noexcept;

inline constexpr std::string_view kEnrichmentSchema = "urn:newsmill:schema:enrichment:1";
inline constexpr std::string_view kNoticeSchema = "urn:newsmill:schema:notice:1";

struct EncodeOptions {
    Profile profile = Profile::kNinjs31Ext;
    std::string run_id = "live";
    std::string mode = "live";  // or replay
    std::string config_hash = {};
    std::string build = {};
    std::string schema{kEnrichmentSchema};
};

class EncodeStage final : public Stage {
   public:
    explicit EncodeStage(EncodeOptions options = {});

    std::string_view name() const noexcept override { return "encode"; }
    void process(Batch& batch) noexcept override;

   private:
    void encode(Article& article, Arena& arena) noexcept;
    void write_ninjs3(const Article& article, JsonWriter& out) noexcept;
    void write_ninjs1(const Article& article, JsonWriter& out) noexcept;
    void write_body(const Article& article, JsonWriter& out) noexcept;
    void write_subjects(const Article& article, JsonWriter& out) noexcept;
    void write_people(const Article& article, JsonWriter& out, std::string_view member) noexcept;
    void write_alt_ids(const Article& article, JsonWriter& out) noexcept;
    void write_enrichment(const Article& article, JsonWriter& out) noexcept;
    void write_dedup(const Decision& decision, JsonWriter& out) noexcept;
    void write_language(const Article& article, JsonWriter& out) noexcept;
    void write_quote(const Article& article, const Quote& quote, JsonWriter& out) noexcept;
    void write_topics(const Article& article, JsonWriter& out) noexcept;
    void write_match(const Article& article, const TopicMatch& match, JsonWriter& out) noexcept;
    void write_selector(std::string_view body, Span span, JsonWriter& out) noexcept;
    void write_speaker(const Quote& quote, JsonWriter& out) noexcept;
    void write_places(Span span, JsonWriter& out) noexcept;

    EncodeOptions options_;
    CodePointIndex code_points_;
};

// The Kafka headers of a record: newsmill-run, -input (topic/partition@offset), -config, -schema,
// -dedup, then the producer's own (traceparent among them) but those that an earlier run of the
// mill left. In the arena; values of options are copied.
std::span<const Header> record_headers(const Article& article, const EncodeOptions& options,
                                       Arena& arena) noexcept;

// The value of a notice, one line of JSON without its newline, in the arena
// (docs/schema/newsmill-notice.schema.json). `article` is the deciding one.
std::string_view notice_line(const Article& article, const Notice& notice,
                             const EncodeOptions& options, Arena& arena) noexcept;

// As those of the deciding article's record, but -schema is the notice's, and -notice its type.
std::span<const Header> notice_headers(const Article& article, const Notice& notice,
                                       const EncodeOptions& options, Arena& arena) noexcept;

}  // namespace newsmill
