#pragma once

#include "kernels/kernel_table.hpp"

namespace fastgd {
namespace {

// lanes[(first + r) % kSumLanes] += line[r]; plain loops, which the compiler turns into vectors of this ISA.
template <class T, class U>
void add_line(const T* __restrict line, std::ptrdiff_t first, std::ptrdiff_t count, U* __restrict lanes) {
    for (; count >= kSumLanes; count -= kSumLanes, line += kSumLanes)
        for (std::ptrdiff_t j = 0; j < kSumLanes; ++j) lanes[j] += static_cast<U>(line[j]);
    U* lane = lanes + first % kSumLanes;
    for (std::ptrdiff_t r = 0; r < count; ++r) lane[r] += static_cast<U>(line[r]);
}

template <class T>
void lane_sums(const LaneSumsCall<T>& call) {
    for (std::ptrdiff_t m = 0; m < call.n_values; ++m)
        add_line(call.value + m * call.stride, call.first, call.count, call.value_lanes + m * kSumLanes);
    for (std::ptrdiff_t s = 0; s < call.n_dloss; ++s)
        add_line(call.dloss + s * call.stride, call.first, call.count, call.dloss_lanes + s * kSumLanes);
}

template <class U>
void add_lanes(const U* __restrict lanes, std::ptrdiff_t n_lines, U* __restrict totals) {
    for (std::ptrdiff_t i = 0; i < n_lines; ++i, lanes += kSumLanes) {
        U left[kSumLanes / 2];
        for (std::ptrdiff_t j = 0; j < kSumLanes / 2; ++j) left[j] = lanes[j] + lanes[j + kSumLanes / 2];
        for (std::ptrdiff_t half = kSumLanes / 4; half > 0; half /= 2)
            for (std::ptrdiff_t j = 0; j < half; ++j) left[j] += left[j + half];
        totals[i] = left[0];
    }
}

template <class T>
void lane_totals(const LaneTotalsCall<T>& call) {
    add_lanes(call.value_lanes, call.n_values, call.values);
    add_lanes(call.dloss_lanes, call.n_dloss, call.dloss);
}

}  // namespace
}  // namespace fastgd
