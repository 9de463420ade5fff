#pragma once

#include "kernels/kernel_table.hpp"
#include "simd/vec.hpp"

namespace fastgd {
namespace {

// Tile shapes by the registers there are: accumulators, a vector or two of weights and a broadcast must fit. Where
// vectors are no registers at all, small tiles are as good, and soon compiled.
constexpr int kAffineRows = kRegisters >= 32 ? 8 : kRegisters >= 8 ? 6 : 2;
constexpr int kAffineVectors = kRegisters >= 32 ? 2 : 1;

// A scalar at any address.
template <class T>
FASTGD_INLINE T scalar_at(const T* p) {
    T value;
    __builtin_memcpy(&value, p, sizeof value);
    return value;
}

// kRows x kVectors units stay in registers while all inputs pass.
template <class T, int kRows, int kVectors>
FASTGD_INLINE void affine_tile(const AffineCall<T>& call, std::ptrdiff_t row, std::ptrdiff_t unit, const T* weight,
                               std::ptrdiff_t weight_stride) {
    constexpr int lanes = kLanes<T>;
    const std::ptrdiff_t out_stride = call.out_stride;
    const std::ptrdiff_t input_step = call.input_step;
    const T* x[kRows];
    for (int r = 0; r < kRows; ++r) x[r] = reinterpret_cast<const T*>(call.rows.row[row + r]);
    T* out = call.out + row * out_stride + unit;
    Vec<T> sum[kRows][kVectors];
    for (int v = 0; v < kVectors; ++v) {
        const Vec<T> start = call.bias != nullptr ? load(call.bias + unit + v * lanes) : zero<T>();
        for (int r = 0; r < kRows; ++r) sum[r][v] = call.accumulate ? load(out + r * out_stride + v * lanes) : start;
    }
    std::ptrdiff_t at = (call.begin - call.origin) * input_step;
    for (std::ptrdiff_t n = call.end - call.begin; n > 0; --n, at += input_step, weight += weight_stride) {
        Vec<T> w[kVectors];
        for (int v = 0; v < kVectors; ++v) w[v] = load(weight + v * lanes);
        for (int r = 0; r < kRows; ++r) {
            const Vec<T> input = set1<T>(scalar_at(x[r] + at));
            for (int v = 0; v < kVectors; ++v) sum[r][v] = fma(input, w[v], sum[r][v]);
        }
    }
    const T* factor = call.factor != nullptr ? call.factor + row * out_stride + unit : nullptr;
    for (int r = 0; r < kRows; ++r)
        for (int v = 0; v < kVectors; ++v) {
            const std::ptrdiff_t to = r * out_stride + v * lanes;
            store(out + to, factor != nullptr ? sum[r][v] * load(factor + to) : sum[r][v]);
        }
}

// As many rows as there are, in tiles of kRows, then of half as many.
template <class T, int kRows, int kVectors>
FASTGD_INLINE void affine_rows(const AffineCall<T>& call, std::ptrdiff_t row, std::ptrdiff_t unit, const T* weight,
                               std::ptrdiff_t weight_stride) {
    for (; row + kRows <= call.rows.count; row += kRows)
        affine_tile<T, kRows, kVectors>(call, row, unit, weight, weight_stride);
    if constexpr (kRows > 1) affine_rows<T, kRows / 2, kVectors>(call, row, unit, weight, weight_stride);
}

template <class T>
void affine(const AffineCall<T>& call) {
    constexpr int lanes = kLanes<T>;
    for (std::ptrdiff_t panel = call.first; panel < call.last; panel += kUnitPanel<T>) {
        const std::ptrdiff_t width = call.last - panel < kUnitPanel<T> ? call.last - panel : kUnitPanel<T>;
        const std::ptrdiff_t stride = call.weight_stride != 0 ? call.weight_stride : width;
        const T* weight = call.weight + panel / kUnitPanel<T> * call.panel_stride + call.begin * stride;
        std::ptrdiff_t unit = 0;
        for (; unit + kAffineVectors * lanes <= width; unit += kAffineVectors * lanes)
            affine_rows<T, kAffineRows, kAffineVectors>(call, 0, panel + unit, weight + unit, stride);
        if (unit < width) affine_rows<T, kAffineRows, 1>(call, 0, panel + unit, weight + unit, stride);
    }
}

}  // namespace
}  // namespace fastgd
