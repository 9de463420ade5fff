#pragma once

#include "kernels/kernel_table.hpp"
#include "simd/vec.hpp"

namespace fastgd {
namespace {

// Directions outside of vectors would read each line again from where the last one left it.
template <class T>
void combine(const CombineCall<T>& call) {
    const std::ptrdiff_t distance = call.n_lines * call.stride;
    for (std::ptrdiff_t k = 0; k < call.n_lines; ++k)
        for (std::ptrdiff_t r = 0; r < call.count; r += kLanes<T>) {
            const std::ptrdiff_t at = k * call.stride + r;
            Vec<T> sum = load(call.lines + at);
            for (std::ptrdiff_t j = 0; j < call.n_directions; ++j)
                sum = fma(set1<T>(call.coordinates[j]), load(call.lines + (j + 1) * distance + at), sum);
            store(call.out + k * call.out_stride + r, sum);
        }
}

}  // namespace
}  // namespace fastgd
