#include "stages/quotes/remembered.hpp"

#include <cstdint>
#include <cstring>
#include <type_traits>

namespace newsmill {
namespace {

static_assert(std::is_trivially_copyable_v<Quote>);

struct Sizes {
    std::uint32_t quotes = 0, spans = 0, letters = 0;
};

Sizes sizes_of(std::span<const Quote> quotes) noexcept {
    Sizes sizes;
    sizes.quotes = static_cast<std::uint32_t>(quotes.size());
    for (const Quote& quote : quotes) {
        sizes.spans += static_cast<std::uint32_t>(quote.quoted.size());
        sizes.letters += static_cast<std::uint32_t>(quote.speaker.size() + quote.role.size());
    }
    return sizes;
}

char* put(char* out, const void* from, std::size_t bytes) noexcept {
    if (bytes != 0) std::memcpy(out, from, bytes);
    return out + bytes;
}

const char* take(const char* from, void* to, std::size_t bytes) noexcept {
    if (bytes != 0) std::memcpy(to, from, bytes);
    return from + bytes;
}

}  // namespace

std::size_t packed_bytes(std::span<const Quote> quotes) noexcept {
    const Sizes sizes = sizes_of(quotes);
    return sizeof sizes + sizes.quotes * sizeof(Quote) + sizes.spans * sizeof(Span) + sizes.letters;
}

void pack(std::span<const Quote> quotes, char* out) noexcept {
    const Sizes sizes = sizes_of(quotes);
    out = put(out, &sizes, sizeof sizes);
    out = put(out, quotes.data(), quotes.size_bytes());
    for (const Quote& quote : quotes) {
        out = put(out, quote.quoted.data(), quote.quoted.size_bytes());
    }
    for (const Quote& quote : quotes) {
        out = put(out, quote.speaker.data(), quote.speaker.size());
        out = put(out, quote.role.data(), quote.role.size());
    }
}

// The views in the structs have their sizes still: what they view comes in the same order.
std::span<const Quote> unpack_quotes(std::string_view packed, Arena& arena) noexcept {
    Sizes sizes;
    const char* from = take(packed.data(), &sizes, sizeof sizes);
    if (sizes.quotes == 0) return {};
    const std::span<Quote> quotes = arena.array<Quote>(sizes.quotes);
    const std::span<Span> spans = arena.array<Span>(sizes.spans);
    char* letters = arena.alloc(sizes.letters);
    from = take(from, quotes.data(), quotes.size_bytes());
    from = take(from, spans.data(), spans.size_bytes());
    take(from, letters, sizes.letters);
    std::size_t next_span = 0;
    const auto next_letters = [&letters](std::string_view& view) {
        view = view.empty() ? std::string_view() : std::string_view(letters, view.size());
        letters += view.size();
    };
    for (Quote& quote : quotes) {
        const std::size_t count = quote.quoted.size();
        quote.quoted = spans.subspan(next_span, count);
        next_span += count;
        next_letters(quote.speaker);
        next_letters(quote.role);
    }
    return quotes;
}

}  // namespace newsmill
