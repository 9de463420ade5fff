#pragma once

#include "kernels/kernel_table.hpp"
#include "kernels/prefetch.hpp"
#include "kernels/row_loss.hpp"
#include "penalties/l1.hpp"
#include "penalties/l2.hpp"
#include "simd/vec.hpp"

namespace fastgd {
namespace {

template <class T>
struct RowStep {
    T dloss;
    T lr;
    T l2;
    T threshold;
};

// One to be fetched, and where to.
struct LaterRow {
    const std::byte* row;
    bool to_l2;
};

// w -= lr (dloss x + l2 w), soft-thresholded: what the mini-batch kernels and `update` do to a batch of one row, to
// the bit.
template <class T, bool kPenalised>
FASTGD_INLINE Vec<T> row_update(Vec<T> w, Vec<T> x, const RowStep<T>& step) {
    Vec<T> g = set1<T>(step.dloss) * x;
    if (kPenalised && step.l2 != T(0)) g = L2::gradient(w, g, set1<T>(step.l2));
    w = fnma(set1<T>(step.lr), g, w);
    if (kPenalised && step.threshold != T(0)) w = L1::proximal(w, set1<T>(step.threshold));
    return w;
}

// Updates w by row x and returns base + the dots of the updated w with row x_next, panel by panel, in one sweep.
template <class S, bool kUpdate, bool kPenalised>
FASTGD_INLINE typename S::Compute step_and_dot(const std::byte* x, const std::byte* x_next, const LaterRow& later,
                                               typename S::Compute* w, std::ptrdiff_t n_features,
                                               const RowStep<typename S::Compute>& step, typename S::Compute base) {
    using T = typename S::Compute;
    constexpr std::ptrdiff_t lanes = kLanes<T>;
    T score = base;
    for (std::ptrdiff_t begin = 0; begin < n_features; begin += kPanel) {
        const std::ptrdiff_t end = begin + kPanel < n_features ? begin + kPanel : n_features;
        Vec<T> sum = zero<T>();
        std::ptrdiff_t c = begin;
        for (; c + lanes <= end; c += lanes) {
            if (starts_line<S>(c)) fetch(later.row + c * S::kBytes, later.to_l2);
            Vec<T> v = load(w + c);
            if constexpr (kUpdate) {
                v = row_update<T, kPenalised>(v, S::load(x + c * S::kBytes), step);
                store(w + c, v);
            }
            sum = fma(S::load(x_next + c * S::kBytes), v, sum);
        }
        if (c < end) {
            const int left = static_cast<int>(end - c);
            Vec<T> v = load(w + c);
            if constexpr (kUpdate) {
                v = row_update<T, kPenalised>(v, S::load_partial(x + c * S::kBytes, left), step);
                store(w + c, v);
            }
            sum = fma(S::load_partial(x_next + c * S::kBytes, left), v, sum);
        }
        score = score + reduce_add(sum);
    }
    return score;
}

template <class S>
void per_sample(const PerSampleCall<typename S::Compute>& call) {
    using T = typename S::Compute;
    constexpr std::ptrdiff_t kAheadBytes = 16 * 1024;
    const std::ptrdiff_t ahead = 2 + kAheadBytes / (call.n_features * S::kBytes + 64);
    const std::ptrdiff_t n = call.rows.count;
    // Each step waits for the one before: a short row for its first lines, most of all.
    constexpr std::ptrdiff_t kLongRow = 1024;
    const bool to_l2 = call.rows.to_l2 && call.n_features * S::kBytes >= kLongRow;
    const std::byte* row0 = call.rows.row[0];
    for (int m = 0; m < call.n_models; ++m)
        for (int k = 0; k < call.n_outputs; ++k)
            call.scores[m * call.n_outputs + k] = step_and_dot<S, false, false>(
                row0, row0, {row0, to_l2}, call.coef + (m * call.n_outputs + k) * call.coef_stride, call.n_features, {},
                call.intercept[m * call.intercept_stride + k]);
    RowLoss<T> loss(call);
    for (std::ptrdiff_t i = 0; i < n; ++i) {
        const std::byte* x = call.rows.row[i];
        const std::byte* x_next = call.rows.row[i + 1 < n ? i + 1 : i];
        const LaterRow later{call.rows.row[i + ahead < n ? i + ahead : i], to_l2};
        for (int m = 0; m < call.n_models; ++m) {
            T* scores = call.scores + m * call.n_outputs;
            const bool present = loss.evaluate(i, m, scores);
            RowStep<T> step{T(0), call.lr[i * call.n_models + m], call.l2[m], T(0)};
            step.threshold = step.lr * call.l1[m];
            const bool penalised = step.l2 != T(0) || call.l1[m] != T(0);
            for (int k = 0; k < call.n_outputs; ++k) {
                const int row = m * call.n_outputs + k;
                T* w = call.coef + row * call.coef_stride;
                step.dloss = call.dloss[row];
                T& bias = call.intercept[m * call.intercept_stride + k];
                if (!present) {
                    scores[k] = step_and_dot<S, false, false>(x, x_next, later, w, call.n_features, step, bias);
                    continue;
                }
                if (call.fit_intercept) bias = scalar_fnma(step.lr, step.dloss, bias);
                scores[k] = penalised ? step_and_dot<S, true, true>(x, x_next, later, w, call.n_features, step, bias)
                                      : step_and_dot<S, true, false>(x, x_next, later, w, call.n_features, step, bias);
            }
        }
    }
}

}  // namespace
}  // namespace fastgd
