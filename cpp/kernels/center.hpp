#pragma once

#include "kernels/kernel_table.hpp"
#include "simd/vec.hpp"

namespace fastgd {
namespace {

template <class S>
void center(const CenterCall<typename S::Compute>& call) {
    using T = typename S::Compute;
    const Vec<T> scale = set1<T>(call.scale);
    for (std::ptrdiff_t r = 0; r < call.rows.count; ++r) {
        const std::byte* row = call.rows.row[r];
        T* out = call.out + r * call.out_stride - call.columns.begin;
        std::ptrdiff_t c = call.columns.begin;
        for (; c + kLanes<T> <= call.columns.end; c += kLanes<T>)
            store(out + c, (S::load(row + c * S::kBytes) - load(call.shift + c)) * scale);
        if (c < call.columns.end) {
            const int left = static_cast<int>(call.columns.end - c);
            const Vec<T> x = S::load_partial(row + c * S::kBytes, left) - load_partial(call.shift + c, left);
            store_partial(out + c, x * scale, left);
        }
    }
}

// The difference is taken in double. A plain loop, which the compiler turns into vectors of this ISA.
inline void center_to_float(const CenterCall<float>& call) {
    const std::ptrdiff_t n = call.columns.end - call.columns.begin;
    const float* __restrict shift = call.shift + call.columns.begin;
    const double scale = static_cast<double>(call.scale);
    for (std::ptrdiff_t r = 0; r < call.rows.count; ++r) {
        const std::byte* __restrict row = call.rows.row[r] + call.columns.begin * 8;
        float* __restrict out = call.out + r * call.out_stride;
        for (std::ptrdiff_t c = 0; c < n; ++c) {
            double x;
            __builtin_memcpy(&x, row + c * 8, sizeof x);
            out[c] = static_cast<float>((x - static_cast<double>(shift[c])) * scale);
        }
    }
}

}  // namespace
}  // namespace fastgd
