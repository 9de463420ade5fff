#pragma once

#include "kernels/kernel_table.hpp"
#include "kernels/prefetch.hpp"
#include "simd/four.hpp"
#include "simd/vec.hpp"

namespace fastgd {
namespace {

static_assert(kRowTile == 4);

// Outputs a tile holds at once: four rows each need an accumulator, and the registers must hold them all.
constexpr int kForwardOutputs = kRegisters >= 32 ? 5 : 1;

// The dots of four rows with kOutputs coefficient rows over the columns of a panel or of several, panel by panel in
// column order. Fetches two of the rows wanted next where `next` is not null.
template <class S, int kOutputs>
FASTGD_INLINE void forward_tile(const std::byte* const* row, const std::byte* const* next, Columns columns,
                                const ForwardCall<typename S::Compute>& call, int output, typename S::Compute* out) {
    using T = typename S::Compute;
    constexpr std::ptrdiff_t lanes = kLanes<T>;
    const T* coef = call.coef + output * call.coef_stride;
    const std::ptrdiff_t coef_stride = call.coef_stride;
    const std::byte* const x[kRowTile] = {row[0], row[1], row[2], row[3]};
    // Between panels the scores stay here: through memory each panel would wait for the one before to be written.
    Four<T> score[kOutputs];
    T* to[kOutputs];
    for (int o = 0; o < kOutputs; ++o) {
        to[o] = out + (output + o) * call.output_stride;
        score[o] = call.accumulate ? Four<T>::load(to[o]) : Four<T>{};
    }
    for (std::ptrdiff_t begin = columns.begin; begin < columns.end; begin += kPanel) {
        const std::ptrdiff_t end = begin + kPanel < columns.end ? begin + kPanel : columns.end;
        Vec<T> sum[kOutputs][kRowTile];
        for (int o = 0; o < kOutputs; ++o)
            for (int r = 0; r < kRowTile; ++r) sum[o][r] = zero<T>();
        std::ptrdiff_t c = begin;
        for (; c + lanes <= end; c += lanes) {
            if (next != nullptr && starts_line<S>(c)) {
                fetch(next[0] + c * S::kBytes, call.rows.to_l2);
                fetch(next[1] + c * S::kBytes, call.rows.to_l2);
            }
            Vec<T> w[kOutputs];
            for (int o = 0; o < kOutputs; ++o) w[o] = load(coef + o * coef_stride + c);
            for (int r = 0; r < kRowTile; ++r) {
                const Vec<T> v = S::load(x[r] + c * S::kBytes);
                for (int o = 0; o < kOutputs; ++o) sum[o][r] = fma(v, w[o], sum[o][r]);
            }
        }
        if (c < end) {
            const int left = static_cast<int>(end - c);
            for (int r = 0; r < kRowTile; ++r) {
                const Vec<T> v = S::load_partial(x[r] + c * S::kBytes, left);
                for (int o = 0; o < kOutputs; ++o) sum[o][r] = fma(v, load(coef + o * coef_stride + c), sum[o][r]);
            }
        }
        for (int o = 0; o < kOutputs; ++o) {
            T dots[kRowTile];
            reduce_add4(sum[o][0], sum[o][1], sum[o][2], sum[o][3], dots);
            score[o] = Four<T>::load(dots) + score[o];
        }
    }
    for (int o = 0; o < kOutputs; ++o) score[o].store(to[o]);
}

template <class S, int kOutputs>
FASTGD_INLINE int forward_outputs(const std::byte* const* row, const std::byte* const* next, Columns panel,
                                  const ForwardCall<typename S::Compute>& call, int output, typename S::Compute* out) {
    if constexpr (kOutputs > 1) {
        if (call.n_outputs - output < kOutputs)
            return forward_outputs<S, kOutputs - 1>(row, next, panel, call, output, out);
    }
    forward_tile<S, kOutputs>(row, next, panel, call, output, out);
    return kOutputs;
}

template <class S>
FASTGD_INLINE void forward_rows(std::ptrdiff_t first, Columns columns, const ForwardCall<typename S::Compute>& call) {
    const std::byte* const* next = call.rows.next != nullptr ? call.rows.next + first / 2 : nullptr;
    typename S::Compute* out = call.out + (columns.begin - call.columns.begin) / kPanel * call.panel_stride + first;
    for (int o = 0; o < call.n_outputs; next = nullptr)
        o += forward_outputs<S, kForwardOutputs>(call.rows.row + first, next, columns, call, o, out);
}

// The score of a row needs its panels in order; beyond that the order of loops is free. With few outputs a row is
// walked from end to end, as memory likes it; with many, a panel of coefficients stays in L1 for all rows.
template <class S>
void forward(const ForwardCall<typename S::Compute>& call) {
    using T = typename S::Compute;
    constexpr std::ptrdiff_t kSmallCoef = 12 * 1024;
    const std::ptrdiff_t end = call.columns.end;
    if (call.n_outputs == 1 && call.accumulate) {
        for (std::ptrdiff_t r = 0; r < call.rows.count; r += kRowTile) {
            const std::byte* const* next = call.rows.next != nullptr ? call.rows.next + r / 2 : nullptr;
            forward_tile<S, 1>(call.rows.row + r, next, call.columns, call, 0, call.out + r);
        }
    } else if (call.accumulate &&
               call.n_outputs * (end - call.columns.begin) * std::ptrdiff_t{sizeof(T)} <= kSmallCoef) {
        for (std::ptrdiff_t r = 0; r < call.rows.count; r += kRowTile) forward_rows<S>(r, call.columns, call);
    } else {
        for (std::ptrdiff_t c = call.columns.begin; c < end; c += kPanel)
            for (std::ptrdiff_t r = 0; r < call.rows.count; r += kRowTile)
                forward_rows<S>(r, {c, c + kPanel < end ? c + kPanel : end}, call);
    }
}

}  // namespace
}  // namespace fastgd
