#pragma once

#include "losses/loss.hpp"

namespace fastgd {
namespace {

// Softmax cross-entropy: log sum_k exp(s_k) - s_y
struct Multinomial {
    // The largest eigenvalue of diag(p) - p p^T.
    static constexpr LossInfo kInfo{"multinomial", LossKind::multiclass, 0.5};

    template <class T, class S>
    static FASTGD_INLINE void eval(const S& scores, Vec<T> y, T, Vec<T>& value) {
        const int n_classes = scores.n_classes;
        Vec<T> top = scores.raw(0);
        for (int k = 1; k < n_classes; ++k) top = max(top, scores.raw(k));
        const Vec<T> one = set1<T>(T(1));
        // The others' sum by itself: where it is small, 1 + others or p - 1 would lose it.
        Vec<T> others = zero<T>();
        Vec<T> own = zero<T>();
        for (int k = 0; k < n_classes; ++k) {
            const Vec<T> s = scores.raw(k) - top;
            const Mask<T> mine = eq(y, set1<T>(T(k)));
            own = select(mine, s, own);
            const Vec<T> e = exp_nonpositive(s);
            others = select(mine, others, others + e);
            scores.set_scratch(k, e);
        }
        const Vec<T> own_power = exp_nonpositive(own);
        value = log1p(others + (own_power - one)) - own;
        const Vec<T> share = one / (others + own_power);
        for (int k = 0; k < n_classes; ++k)
            scores.set_deriv(k, select(eq(y, set1<T>(T(k))), neg(others), scores.scratch(k)) * share);
    }

    // H u = p (u - p^T u), p the softmax of the scores
    template <class T, class S>
    static FASTGD_INLINE void hessian_product(const S& scores, Vec<T>, T) {
        Vec<T> top = scores.raw(0);
        for (int k = 1; k < scores.n_classes; ++k) top = max(top, scores.raw(k));
        Vec<T> sum = zero<T>();
        Vec<T> dot = zero<T>();
        for (int k = 0; k < scores.n_classes; ++k) {
            const Vec<T> e = exp_nonpositive(scores.raw(k) - top);
            sum = sum + e;
            dot = fma(e, scores.direction(k), dot);
            scores.set_scratch(k, e);
        }
        const Vec<T> share = set1<T>(T(1)) / sum;
        const Vec<T> mean = dot * share;
        for (int k = 0; k < scores.n_classes; ++k)
            scores.set_deriv(k, scores.scratch(k) * share * (scores.direction(k) - mean));
    }
};

}  // namespace
}  // namespace fastgd
