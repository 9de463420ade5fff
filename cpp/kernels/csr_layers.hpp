#pragma once

// The first layer of a perceptron on CSR rows: every entry adds its multiple of a row of weights.

#include "kernels/csr_rows.hpp"

namespace fastgd {
namespace {

// Panels that share a walk through a row's entries: sums that do not wait for one another.
constexpr int kCsrPanels = kRegisters >= 32 ? 4 : 2;

template <class S, int kPanels, int kVectors>
FASTGD_INLINE void csr_affine_row(const AffineCall<typename S::Compute>& call, const typename S::Row& row,
                                  const typename S::Compute* weight, typename S::Compute* out,
                                  const typename S::Compute* bias) {
    using T = typename S::Compute;
    constexpr int lanes = kLanes<T>;
    Vec<T> sum[kPanels][kVectors];
    for (int p = 0; p < kPanels; ++p)
        for (int v = 0; v < kVectors; ++v) sum[p][v] = load(bias + p * kUnitPanel<T> + v * lanes);
    for (std::ptrdiff_t j = 0; j < row.count; ++j) {
        const Vec<T> x = set1<T>(row.value[j]);
        const T* w = weight + static_cast<std::ptrdiff_t>(row.column[j]) * (kVectors * lanes);
        for (int p = 0; p < kPanels; ++p)
            for (int v = 0; v < kVectors; ++v)
                sum[p][v] = fma(x, load(w + p * call.panel_stride + v * lanes), sum[p][v]);
    }
    for (int p = 0; p < kPanels; ++p)
        for (int v = 0; v < kVectors; ++v) store(out + p * kUnitPanel<T> + v * lanes, sum[p][v]);
}

template <class S>
void csr_affine(const AffineCall<typename S::Compute>& call) {
    using T = typename S::Compute;
    constexpr int wide = static_cast<int>(kUnitPanel<T>) / kLanes<T>;
    for (std::ptrdiff_t r = 0; r < call.rows.count; ++r) {
        const typename S::Row row = csr_row<S>(call.rows, call.rows.row[r]);
        T* out = call.out + r * call.out_stride;
        for (std::ptrdiff_t unit = call.first; unit < call.last;) {
            const T* weight = call.weight + unit / kUnitPanel<T> * call.panel_stride;
            const std::ptrdiff_t left = call.last - unit;
            if (left >= kCsrPanels * kUnitPanel<T>) {
                csr_affine_row<S, kCsrPanels, wide>(call, row, weight, out + unit, call.bias + unit);
                unit += kCsrPanels * kUnitPanel<T>;
            } else if (left >= kUnitPanel<T>) {
                csr_affine_row<S, 1, wide>(call, row, weight, out + unit, call.bias + unit);
                unit += kUnitPanel<T>;
            } else {
                csr_affine_row<S, 1, wide / 2>(call, row, weight, out + unit, call.bias + unit);
                unit = call.last;
            }
        }
    }
}

template <class S, int kVectors>
FASTGD_INLINE void csr_outer_panel(const OuterCall<typename S::Compute>& call) {
    using T = typename S::Compute;
    constexpr int lanes = kLanes<T>;
    for (std::ptrdiff_t r = 0; r < call.rows.count; ++r) {
        const typename S::Row row = csr_row<S>(call.rows, call.rows.row[r]);
        Vec<T> d[kVectors];
        for (int v = 0; v < kVectors; ++v) d[v] = load(call.delta + r * call.delta_stride + v * lanes);
        for (std::ptrdiff_t j = 0; j < row.count; ++j) {
            const Vec<T> x = set1<T>(row.value[j]);
            T* to = call.grad + static_cast<std::ptrdiff_t>(row.column[j]) * (kVectors * lanes);
            for (int v = 0; v < kVectors; ++v) store(to + v * lanes, fma(x, d[v], load(to + v * lanes)));
        }
    }
}

template <class S>
void csr_outer(const OuterCall<typename S::Compute>& call) {
    using T = typename S::Compute;
    constexpr int wide = static_cast<int>(kUnitPanel<T>) / kLanes<T>;
    if (call.width == kUnitPanel<T>)
        csr_outer_panel<S, wide>(call);
    else
        csr_outer_panel<S, wide / 2>(call);
}

}  // namespace
}  // namespace fastgd
