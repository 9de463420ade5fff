#pragma once

#include "kernels/kernel_table.hpp"
#include "kernels/prefetch.hpp"
#include "simd/vec.hpp"

namespace fastgd {
namespace {

// Tile shapes by the registers there are: accumulators, one vector a column and a broadcast must fit.
constexpr int kBackwardOutputs = kRegisters >= 32 ? 5 : 2;
constexpr int kBackwardWide = kRegisters >= 32 ? 8 : 4;
constexpr int kBackwardNarrow = kRegisters >= 32 ? 4 : 2;

// kOutputs x kVectors gradients stay in registers while all rows pass, in row order. `left` (0: whole vectors) is the
// number of columns in the last, partial vector.
template <class S, int kOutputs, int kVectors>
FASTGD_INLINE void backward_tile(const BackwardCall<typename S::Compute>& call, std::ptrdiff_t column, int output,
                                 int left) {
    using T = typename S::Compute;
    constexpr std::ptrdiff_t lanes = kLanes<T>;
    constexpr int kHalf = (kVectors + 1) / 2;
    T* grad = call.grad + output * call.grad_stride + column;
    const T* dloss = call.dloss + output * call.dloss_stride;
    Vec<T> g[kOutputs][kVectors];
    for (int o = 0; o < kOutputs; ++o)
        for (int v = 0; v < kVectors; ++v) g[o][v] = load(grad + o * call.grad_stride + v * lanes);
    const bool prefetches = call.rows.next != nullptr && output == 0;
    const std::byte* const* next = prefetches ? call.rows.next + fetched_by_forward(call.rows.count) : nullptr;
    for (std::ptrdiff_t r = 0; r < call.rows.count; ++r) {
        const std::byte* row = call.rows.row[r] + column * S::kBytes;
        if (prefetches)
            fetch_lines<S, kHalf>(next[r / 2] + (column + r % 2 * kHalf * lanes) * S::kBytes, call.rows.to_l2);
        Vec<T> x[kVectors];
        for (int v = 0; v < kVectors; ++v)
            x[v] = left != 0 ? S::load_partial(row, left) : S::load(row + v * lanes * S::kBytes);
        for (int o = 0; o < kOutputs; ++o) {
            const Vec<T> d = set1<T>(dloss[o * call.dloss_stride + r]);
            for (int v = 0; v < kVectors; ++v) g[o][v] = fma(d, x[v], g[o][v]);
        }
    }
    for (int o = 0; o < kOutputs; ++o)
        for (int v = 0; v < kVectors; ++v) store(grad + o * call.grad_stride + v * lanes, g[o][v]);
}

template <class S, int kOutputs, int kVectors>
FASTGD_INLINE int backward_outputs(const BackwardCall<typename S::Compute>& call, std::ptrdiff_t column, int output,
                                   int left) {
    if constexpr (kOutputs > 1) {
        if (call.n_outputs - output < kOutputs)
            return backward_outputs<S, kOutputs - 1, kVectors>(call, column, output, left);
    }
    backward_tile<S, kOutputs, kVectors>(call, column, output, left);
    return kOutputs;
}

// All outputs of a chunk of columns: the rows' chunk stays in L1 between them.
template <class S, int kOutputs, int kVectors>
FASTGD_INLINE void backward_chunk(const BackwardCall<typename S::Compute>& call, std::ptrdiff_t column, int left = 0) {
    for (int o = 0; o < call.n_outputs;) o += backward_outputs<S, kOutputs, kVectors>(call, column, o, left);
}

// A chunk as wide as columns are left, at most kVectors; the number of columns that it took.
template <class S, int kOutputs, int kVectors>
FASTGD_INLINE std::ptrdiff_t backward_widest(const BackwardCall<typename S::Compute>& call, std::ptrdiff_t column,
                                             std::ptrdiff_t n_vectors) {
    if constexpr (kVectors > 1) {
        if (n_vectors < kVectors) return backward_widest<S, kOutputs, kVectors - 1>(call, column, n_vectors);
    }
    backward_chunk<S, kOutputs, kVectors>(call, column);
    return kVectors * kLanes<typename S::Compute>;
}

// What is left for two chunks is halved: the multiply-adds of a single vector would wait for one another.
template <class S, int kOutputs, int kVectors>
FASTGD_INLINE void backward_columns(const BackwardCall<typename S::Compute>& call) {
    constexpr std::ptrdiff_t lanes = kLanes<typename S::Compute>;
    std::ptrdiff_t c = call.columns.begin;
    for (; c + 2 * kVectors * lanes <= call.columns.end; c += kVectors * lanes)
        backward_chunk<S, kOutputs, kVectors>(call, c);
    for (std::ptrdiff_t left = (call.columns.end - c) / lanes; left > 0; left = (call.columns.end - c) / lanes)
        c += backward_widest<S, kOutputs, kVectors>(call, c, left > kVectors ? (left + 1) / 2 : left);
    if (c < call.columns.end) backward_chunk<S, kOutputs, 1>(call, c, static_cast<int>(call.columns.end - c));
}

template <class S>
void backward(const BackwardCall<typename S::Compute>& call) {
    if (call.n_outputs == 1) {
        backward_columns<S, 1, kBackwardWide>(call);
    } else {
        backward_columns<S, kBackwardOutputs, kBackwardNarrow>(call);
    }
}

}  // namespace
}  // namespace fastgd
