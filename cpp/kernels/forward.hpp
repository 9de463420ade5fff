#pragma once

#include "kernels/kernel_table.hpp"
#include "simd/vec.hpp"

namespace fastgd {
namespace {

// Outputs a tile holds at once: four rows each need an accumulator, and the registers must hold them all.
constexpr int kForwardOutputs = kRegisters >= 32 ? 5 : 1;

template <class S>
FASTGD_INLINE void prefetch_row(const std::byte* row, Columns columns) {
    for (std::ptrdiff_t b = columns.begin * S::kBytes; b < columns.end * S::kBytes; b += 64) prefetch_l2(row + b);
}

// The dots of four rows with kOutputs coefficient rows over one panel, in column order.
template <class S, int kOutputs>
FASTGD_INLINE void forward_tile(const std::byte* const* row, Columns panel, const ForwardCall<typename S::Compute>& call,
                                int output, typename S::Compute* out) {
    using T = typename S::Compute;
    constexpr std::ptrdiff_t lanes = kLanes<T>;
    const T* coef = call.coef + output * call.coef_stride;
    const std::byte* const x[kRowTile] = {row[0], row[1], row[2], row[3]};
    Vec<T> sum[kOutputs][kRowTile];
    for (int o = 0; o < kOutputs; ++o)
        for (int r = 0; r < kRowTile; ++r) sum[o][r] = zero<T>();
    std::ptrdiff_t c = panel.begin;
    for (; c + lanes <= panel.end; c += lanes) {
        Vec<T> w[kOutputs];
        for (int o = 0; o < kOutputs; ++o) w[o] = load(coef + o * call.coef_stride + c);
        for (int r = 0; r < kRowTile; ++r) {
            const Vec<T> v = S::load(x[r] + c * S::kBytes);
            for (int o = 0; o < kOutputs; ++o) sum[o][r] = fma(v, w[o], sum[o][r]);
        }
    }
    if (c < panel.end) {
        const int left = static_cast<int>(panel.end - c);
        for (int r = 0; r < kRowTile; ++r) {
            const Vec<T> v = S::load_partial(x[r] + c * S::kBytes, left);
            for (int o = 0; o < kOutputs; ++o) sum[o][r] = fma(v, load(coef + o * call.coef_stride + c), sum[o][r]);
        }
    }
    for (int o = 0; o < kOutputs; ++o) {
        T dots[kRowTile];
        reduce_add4(sum[o][0], sum[o][1], sum[o][2], sum[o][3], dots);
        T* to = out + (output + o) * call.output_stride;
        if (call.accumulate)
            for (int r = 0; r < kRowTile; ++r) dots[r] += to[r];
        for (int r = 0; r < kRowTile; ++r) to[r] = dots[r];
    }
}

template <class S, int kOutputs>
FASTGD_INLINE int forward_outputs(const std::byte* const* row, Columns panel,
                                  const ForwardCall<typename S::Compute>& call, int output,
                                  typename S::Compute* out) {
    if constexpr (kOutputs > 1) {
        if (call.n_outputs - output < kOutputs)
            return forward_outputs<S, kOutputs - 1>(row, panel, call, output, out);
    }
    forward_tile<S, kOutputs>(row, panel, call, output, out);
    return kOutputs;
}

template <class S>
FASTGD_INLINE void forward_rows(std::ptrdiff_t first, Columns panel, const ForwardCall<typename S::Compute>& call) {
    const std::ptrdiff_t ahead = (call.rows.n_next + 1) / 2;
    for (std::ptrdiff_t i = first / 2; i < first / 2 + 2 && i < ahead; ++i) prefetch_row<S>(call.rows.next[i], panel);
    typename S::Compute* out = call.out + (panel.begin - call.columns.begin) / kPanel * call.panel_stride + first;
    for (int o = 0; o < call.n_outputs;)
        o += forward_outputs<S, kForwardOutputs>(call.rows.row + first, panel, call, o, out);
}

// The score of a row needs its panels in order; beyond that the order of loops is free. With few outputs a row is
// walked from end to end, as memory likes it; with many, a panel of coefficients stays in L1 for all rows.
template <class S>
void forward(const ForwardCall<typename S::Compute>& call) {
    constexpr std::ptrdiff_t kSmallCoef = 12 * 1024;
    const std::ptrdiff_t begin = call.columns.begin;
    const std::ptrdiff_t end = call.columns.end;
    const auto panel_at = [&](std::ptrdiff_t c) { return Columns{c, c + kPanel < end ? c + kPanel : end}; };
    if (call.n_outputs * (end - begin) * static_cast<std::ptrdiff_t>(sizeof(typename S::Compute)) <= kSmallCoef) {
        for (std::ptrdiff_t r = 0; r < call.rows.count; r += kRowTile)
            for (std::ptrdiff_t c = begin; c < end; c += kPanel) forward_rows<S>(r, panel_at(c), call);
    } else {
        for (std::ptrdiff_t c = begin; c < end; c += kPanel)
            for (std::ptrdiff_t r = 0; r < call.rows.count; r += kRowTile) forward_rows<S>(r, panel_at(c), call);
    }
}

}  // namespace
}  // namespace fastgd
