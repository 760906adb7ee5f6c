// The normalizer: turns the fields that a provider sent into the ones that newsmill works with and
// publishes. It reads Article::raw, payload and origin, and fills the article's "normalize" block.
//
// It never rewords. Headline and body come out as valid UTF-8 in NFC, without markup, character
// references, mojibake, controls and invisible characters; the headline is one line, the body
// paragraphs parted by exactly "\n\n". Typographic quotes, dashes and words stay as they stand.
// A repeated headline, a byline and marked boilerplate go; see normalize/furniture.hpp.
//
// A clean body stays a view of the input (one scan, no copy); what had to change lives in the
// batch's arena. Errors: an article without a headline and a body is rejected with NO_TEXT, unless
// it is a withdrawal (pubStatus canceled).
// Threads: one at a time; instances share only constant tables.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/stage.hpp"

namespace newsmill {

struct NormalizeOptions {
    bool drop_boilerplate = true;           // advertising, links to other stories, credits, bylines
    bool drop_repeated_headline = true;     // at the start of the body
    bool detect_language = true;            // else the declared language is taken as it is
    std::size_t language_bytes_max = 2048;  // CLD2 looks at so much of a text
    std::size_t headline_chars_max = 1000;  // code points; a longer one is cut at a word
    std::size_t uri_bytes_max = 4096;       // a longer one is replaced by the payload's hash
    // Query parameters that say how a reader came, not what is read. '*' at the end: a prefix; with
    // '=': the whole parameter. Case does not matter.
    std::vector<std::string> tracking_parameters = {"utm_*",
                                                    "fbclid",
                                                    "gclid",
                                                    "dclid",
                                                    "gbraid",
                                                    "wbraid",
                                                    "msclkid",
                                                    "yclid",
                                                    "twclid",
                                                    "igshid",
                                                    "mc_cid",
                                                    "mc_eid",
                                                    "_ga",
                                                    "_gl",
                                                    "_hsenc",
                                                    "_hsmi",
                                                    "mkt_tok",
                                                    "cmpid",
                                                    "WT.*",
                                                    "ns_*",
                                                    "xtor",
                                                    "at_medium",
                                                    "at_campaign",
                                                    "ocid",
                                                    "ftag",
                                                    "ncid",
                                                    "ito",
                                                    "partner",
                                                    "smid",
                                                    "smtyp",
                                                    "guccounter",
                                                    "guce_referrer",
                                                    "guce_referrer_sig",
                                                    "hp",
                                                    "pgtype",
                                                    "clickSource",
                                                    "action=click",
                                                    "__twitter_impression"};
};

class NormalizeStage final : public Stage {
   public:
    explicit NormalizeStage(const NormalizeOptions& options = {});
    ~NormalizeStage() override;

    std::string_view name() const noexcept override { return "normalize"; }
    Order order() const noexcept override { return Order::kAny; }
    void process(Batch& batch) noexcept override;

   private:
    class Worker;
    std::unique_ptr<Worker> worker_;
};

}  // namespace newsmill
