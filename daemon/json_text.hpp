// JSON in the making: `JsonText json; json.begin('{'); json.member("a", 1); json.end('}');`. Commas
// and quotes are its business, the nesting is the caller's. Threads: one.
#pragma once

#include <fmt/format.h>

#include <cmath>
#include <concepts>
#include <string>
#include <string_view>

#include "pipeline/json_quote.hpp"

namespace newsmill {

class JsonText {
   public:
    void begin(char bracket) {
        part();
        out_ += bracket;
        first_ = true;
    }
    void begin(std::string_view name, char bracket) {
        key(name);
        out_ += bracket;
        first_ = true;
        after_key_ = false;
    }
    void end(char bracket) {
        out_ += bracket;
        first_ = false;
    }
    void key(std::string_view name) {
        part();
        append_json_quoted(out_, name);
        out_ += ':';
        after_key_ = true;
    }
    void value(std::string_view text) {
        part();
        append_json_quoted(out_, text);
    }
    void value(const char* text) { value(std::string_view(text)); }
    void value(bool yes) { raw(yes ? "true" : "false"); }
    void value(std::integral auto number) { raw(std::to_string(number)); }
    // Rounded to thousandths; what is no number is null.
    void value(double number) {
        raw(std::isfinite(number) ? fmt::format("{}", std::round(number * 1000) / 1000) : "null");
    }
    // JSON as it stands; empty is null.
    void raw(std::string_view json) {
        part();
        out_ += json.empty() ? "null" : json;
    }
    template <typename Value>
    void member(std::string_view name, const Value& of) {
        key(name);
        value(of);
    }
    std::string take() { return std::move(out_); }

   private:
    void part() {
        if (!first_ && !after_key_) out_ += ',';
        first_ = after_key_ = false;
    }
    std::string out_;
    bool first_ = true;
    bool after_key_ = false;
};

}  // namespace newsmill
