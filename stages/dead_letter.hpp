// Dead letters: what becomes of an article with a verdict. Its key, bytes and headers go on
// unchanged; the reason stands beside them, as Kafka headers `__newsmill.errors.*` or, for files,
// in one line of JSON that holds all of it:
//
//   {"key":"…","value":"…","headers":[{"name":"…","value":"…"}],"errors":{"topic":"…",
//    "partition":0,"offset":1,"timestamp":"…","stage":"parse","code":"PARSE_JSON","message":"…",
//    "attempts":1,"replays":0,"build":"…","config":"…","at":"…"}}
//
// For files `errors` has `file` and `line` in place of topic, partition and offset. Bytes that are
// no UTF-8 stand in `key_base64` and `value_base64`. What is not known is left out; an absent
// `value` is a tombstone.
//
// A dead letter that was sent again and failed again counts on: its old error headers are replaced,
// and `replays` is one more than theirs. Results live in the arena. Pure, any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "pipeline/batch.hpp"

namespace newsmill {

struct DeadLetterContext {
    std::string_view build = {};
    std::string_view config_hash = {};
    std::int64_t at_ms = kNoTime;  // when it failed, by the caller's clock
    std::int32_t attempts = 1;
    // Of a dead letter that is shown again: its own code and count. Else they are the article's.
    std::string_view code = {};
    std::int64_t replays = -1;
};

// Without a newline.
std::string_view dead_letter_line(const Article& article, const DeadLetterContext& context,
                                  Arena& arena) noexcept;

// The producer's headers, then
// __newsmill.errors.{topic,partition,offset,timestamp,stage,code,message,
// attempts,replays,build,config,at}.
std::span<const Header> dead_letter_headers(const Article& article,
                                            const DeadLetterContext& context,
                                            Arena& arena) noexcept;

}  // namespace newsmill
