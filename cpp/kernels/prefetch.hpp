#pragma once

#include <cstddef>

#include "kernels/kernel_table.hpp"
#include "simd/vec.hpp"

namespace fastgd {
namespace {

// The rows wanted next come into cache half in the forward pass and half in the backward pass, a line a step: a burst
// of prefetches would wait for itself. Each is complete for tiles of kRowTile rows: two rows in one pass, two in the
// other.
constexpr std::ptrdiff_t fetched_by_forward(std::ptrdiff_t count) {
    return (count + kRowTile - 1) / kRowTile * (kRowTile / 2);
}

// Whether column c, counted from where a line starts, is the first of a line.
template <class S>
constexpr bool starts_line(std::ptrdiff_t c) {
    return c * S::kBytes % 64 == 0;
}

FASTGD_INLINE void fetch(const std::byte* p, bool to_l2) {
    if (to_l2)
        prefetch_far(p);
    else
        prefetch(p);
}

// GCC takes a function that only prefetches for one without effect, and drops the call unless it is inlined first.
template <class S, int kVectors>
FASTGD_INLINE void fetch_lines(const std::byte* p, bool to_l2) {
    constexpr std::ptrdiff_t lanes = kLanes<typename S::Compute>;
    for (int v = 0; v < kVectors; ++v)
        if (starts_line<S>(v * lanes)) fetch(p + v * lanes * S::kBytes, to_l2);
}

}  // namespace
}  // namespace fastgd
