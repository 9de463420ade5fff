#pragma once

// Plain stochastic descent on CSR rows, whose steps cost as much as the row has entries. With r = 1 - lr l2 a step on a
// row of derivative d is, for every coefficient w,
//
//     w <- soft(r w - lr d x, lr l1),
//
// and with w = c soft(v, u - met) it is c <- r c, v <- v - lr d / c x where x is not 0, u <- u + lr l1 / |c|:
// thresholds of steps that leave v alone add up. L. Bottou, "Stochastic gradient descent tricks", 2012, has the scale;
// B. Carpenter, "Lazy sparse stochastic gradient descent for regularized multinomial logistic regression", 2008, what
// waits for its row.

#include "kernels/csr_rows.hpp"
#include "kernels/row_loss.hpp"

namespace fastgd {
namespace {

// Rows between a row's use and its prefetch. Its offset has to be there before the row itself can be asked for.
constexpr std::ptrdiff_t kRowAhead = 8;
constexpr std::ptrdiff_t kOffsetAhead = 24;
// Below it coefficients would leave the range of float.
constexpr double kLeastScale = 1e-9;

// v nearer to 0 by what the norm has taken since it was last met.
template <class T>
FASTGD_INLINE T shrunk(T v, double by) {
    if (!(by > 0.0)) return v;
    const double size = v < T(0) ? -static_cast<double>(v) : static_cast<double>(v);
    const T left = size <= by ? T(0) : static_cast<T>(size - by);
    return v < T(0) ? -left : left;
}

template <class S>
void csr_settle(const PerSampleCall<typename S::Compute>& call, int m) {
    using T = typename S::Compute;
    Decay& decay = call.decay[m];
    for (int k = 0; k < call.n_outputs; ++k) {
        const std::ptrdiff_t first = (m * call.n_outputs + k) * call.coef_stride;
        T* w = call.coef + first;
        if (call.met != nullptr) {
            double* met = call.met + first;
            for (std::ptrdiff_t j = 0; j < call.n_features; ++j) {
                w[j] = shrunk(w[j], decay.shrink - met[j]);
                met[j] = 0.0;
            }
        }
        if (decay.scale == 1.0) continue;
        const T scale = static_cast<T>(decay.scale);
        for (std::ptrdiff_t j = 0; j < call.n_features; ++j) w[j] *= scale;
    }
    decay = {1.0, 0.0};
}

// The row's dot with v, of which it brings its part up to date where the norm is l1.
template <class S>
FASTGD_INLINE typename S::Compute meet(const typename S::Row& row, typename S::Compute* v, double* met, double shrink) {
    using T = typename S::Compute;
    for (std::ptrdiff_t j = 0; met != nullptr && j < row.count; ++j) {
        const auto at = static_cast<std::ptrdiff_t>(row.column[j]);
        v[at] = shrunk(v[at], shrink - met[at]);
        met[at] = shrink;
    }
    T chain[kChains] = {};
    std::ptrdiff_t j = 0;
    for (; j + kChains <= row.count; j += kChains)
        for (int c = 0; c < kChains; ++c) chain[c] = scalar_fma(row.value[j + c], v[row.column[j + c]], chain[c]);
    for (int c = 0; j + c < row.count; ++c) chain[c] = scalar_fma(row.value[j + c], v[row.column[j + c]], chain[c]);
    return sum_chains(chain);
}

// One model's step on the rows begin .. end.
template <class S>
FASTGD_INLINE void csr_step(const PerSampleCall<typename S::Compute>& call, std::ptrdiff_t batch, std::ptrdiff_t begin,
                            std::ptrdiff_t end, int m, bool fetches_later) {
    using T = typename S::Compute;
    Decay& decay = call.decay[m];
    double* met = call.l1[m] != T(0) ? call.met : nullptr;
    T* bias = call.intercept + m * call.intercept_stride;
    const std::ptrdiff_t first_score = std::ptrdiff_t{m} * call.n_outputs;
    const auto row_of = [&](std::ptrdiff_t i) { return csr_row<S>(call.rows, call.rows.row[i]); };
    for (std::ptrdiff_t i = begin; i < end; ++i) {
        const typename S::Row row = row_of(i);
        for (int k = 0; k < call.n_outputs; ++k) {
            const std::ptrdiff_t first = (first_score + k) * call.coef_stride;
            const T dot = meet<S>(row, call.coef + first, met != nullptr ? met + first : nullptr, decay.shrink);
            call.scores[(first_score + k) * call.stride + i - begin] =
                scalar_fma(static_cast<T>(decay.scale), dot, bias[k]);
        }
    }
    if (!evaluate_batch(call, begin, end, m)) return;
    const double lr = static_cast<double>(call.lr[batch * call.n_models + m]);
    const double before = decay.scale;
    decay.scale *= 1.0 - lr * static_cast<double>(call.l2[m]);
    if (!(decay.scale > kLeastScale) && decay.scale != before) csr_settle<S>(call, m);
    const T step = static_cast<T>(-lr / decay.scale);
    for (int k = 0; k < call.n_outputs; ++k) {
        const T* d = call.dloss + (first_score + k) * call.stride;
        T* v = call.coef + (first_score + k) * call.coef_stride;
        T sum = T(0);
        for (std::ptrdiff_t i = begin; i < end; ++i) {
            if (d[i - begin] == T(0)) continue;
            sum = sum + d[i - begin];
            const std::ptrdiff_t ahead = i + (end - begin) - 1 + kRowAhead;
            const bool fetches = fetches_later && k == 0 && ahead < call.rows.count;
            typename S::Row later{};
            if (fetches) later = row_of(ahead);
            add_row<S>(row_of(i), step * d[i - begin], v, fetches ? &later : nullptr);
        }
        if (call.fit_intercept) bias[k] = scalar_fnma(static_cast<T>(lr), sum, bias[k]);
    }
    if (met != nullptr) decay.shrink += lr * static_cast<double>(call.l1[m]) / decay.scale;
}

template <class S>
void csr_steps(const PerSampleCall<typename S::Compute>& call) {
    const std::ptrdiff_t n = call.rows.count;
    std::ptrdiff_t begin = 0;
    for (std::ptrdiff_t b = 0; b < call.n_batches; ++b) {
        const auto end = static_cast<std::ptrdiff_t>(call.batch_ends[b]);
        const std::ptrdiff_t ahead = (end - begin) - 1 + kOffsetAhead;
        for (std::ptrdiff_t i = begin; i < end && i + ahead < n; ++i) prefetch(call.rows.row[i + ahead]);
        for (int m = 0; m < call.n_models; ++m) csr_step<S>(call, b, begin, end, m, m == 0);
        begin = end;
    }
}

}  // namespace
}  // namespace fastgd
