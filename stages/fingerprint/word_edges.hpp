// Where the words of a text begin and end: the first pass of WordReader, over blocks of 64 bytes.
//
// A byte of a word is an ASCII letter or digit, or any byte beyond ASCII. Edges are written by
// turns, a word's first byte and the one past its last, ascending.
//
// There are four ways to the same answer: AVX-512 with VBMI2 and AVX2 with BMI, chosen when the
// program runs on such a processor; SSE2, which every x86-64 has; and plain C++ for all others.
// Pure; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace newsmill {

inline constexpr std::size_t kEdgeBlock = 64;

// `text` goes on with kEdgeBlock zero bytes; `edges` has room for size + kEdgeBlock. The number of
// edges, which is even. Where '$' and '%' stand is added to `symbols`.
using FindWordEdges = std::size_t (*)(const char* text, std::size_t size, std::uint32_t* edges,
                                      std::vector<std::uint32_t>& symbols);

std::size_t find_word_edges(const char* text, std::size_t size, std::uint32_t* edges,
                            std::vector<std::uint32_t>& symbols);
std::size_t find_word_edges_plainly(const char* text, std::size_t size, std::uint32_t* edges,
                                    std::vector<std::uint32_t>& symbols);
// Those that this processor can do, the fastest first.
std::span<const FindWordEdges> word_edges_here() noexcept;

}  // namespace newsmill
