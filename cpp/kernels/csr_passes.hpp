#pragma once

// Forward and backward over CSR rows. The entries are taken one by one: gathers are no faster, and entries of the same
// column must meet in order.

#include "kernels/csr_rows.hpp"

namespace fastgd {
namespace {

// Outputs that share a walk through a row's entries.
constexpr int kCsrOutputs = 4;

template <class S, int kOutputs>
FASTGD_INLINE void csr_dots(const typename S::Row& row, const ForwardCall<typename S::Compute>& call, int output,
                            typename S::Compute* out) {
    using T = typename S::Compute;
    T chain[kOutputs][kChains] = {};
    const T* coef = call.coef + output * call.coef_stride;
    std::ptrdiff_t j = 0;
    for (; j + kChains <= row.count; j += kChains)
        for (int c = 0; c < kChains; ++c)
            for (int o = 0; o < kOutputs; ++o)
                chain[o][c] = scalar_fma(row.value[j + c], coef[o * call.coef_stride + row.column[j + c]], chain[o][c]);
    for (int c = 0; j + c < row.count; ++c)
        for (int o = 0; o < kOutputs; ++o)
            chain[o][c] = scalar_fma(row.value[j + c], coef[o * call.coef_stride + row.column[j + c]], chain[o][c]);
    for (int o = 0; o < kOutputs; ++o) {
        T& score = out[(output + o) * call.output_stride];
        score = (call.accumulate ? score : T(0)) + sum_chains(chain[o]);
    }
}

template <class S, int kOutputs>
FASTGD_INLINE int csr_dots_of_some(const typename S::Row& row, const ForwardCall<typename S::Compute>& call, int output,
                                   typename S::Compute* out) {
    if constexpr (kOutputs > 1) {
        if (call.n_outputs - output < kOutputs) return csr_dots_of_some<S, kOutputs - 1>(row, call, output, out);
    }
    csr_dots<S, kOutputs>(row, call, output, out);
    return kOutputs;
}

template <class S>
void csr_forward(const ForwardCall<typename S::Compute>& call) {
    for (std::ptrdiff_t r = 0; r < call.rows.count; ++r) {
        const typename S::Row row = csr_row<S>(call.rows, call.rows.row[r]);
        for (int o = 0; o < call.n_outputs;) o += csr_dots_of_some<S, kCsrOutputs>(row, call, o, call.out + r);
    }
}

template <class S>
void csr_backward(const BackwardCall<typename S::Compute>& call) {
    using T = typename S::Compute;
    for (std::ptrdiff_t r = 0; r < call.rows.count; ++r) {
        const typename S::Row row = csr_row<S>(call.rows, call.rows.row[r]);
        typename S::Row later{};
        if (call.rows.next != nullptr) later = csr_row<S>(call.rows, call.rows.next[r]);
        bool fetches = call.rows.next != nullptr;
        for (int o = 0; o < call.n_outputs; ++o) {
            const T d = call.dloss[o * call.dloss_stride + r];
            if (d == T(0)) continue;
            add_row<S>(row, d, call.grad + o * call.grad_stride, fetches ? &later : nullptr);
            fetches = false;
        }
    }
}

}  // namespace
}  // namespace fastgd
