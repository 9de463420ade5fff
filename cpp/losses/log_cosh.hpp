#pragma once

#include "losses/loss.hpp"

namespace fastgd {
namespace {

// log cosh(r), r = raw - y: near 0 as -log(1 - tanh(r)^2) / 2, so that nothing cancels, elsewhere as
// |r| + log((1 + exp(-2 |r|)) / 2), so that nothing overflows
struct LogCosh {
    static constexpr LossInfo kInfo{"log_cosh", LossKind::regression, 1.0};

    template <class T>
    static FASTGD_INLINE void eval(Vec<T> y, Vec<T> raw, T, Vec<T>& value, Vec<T>& deriv) {
        const Vec<T> r = raw - y;
        const Vec<T> a = abs(r);
        const Vec<T> half = set1<T>(T(0.5));
        const Vec<T> decay = expm1(set1<T>(T(-2)) * a);
        const Vec<T> tanh_a = neg(decay) / (set1<T>(T(2)) + decay);
        const Mask<T> near = lt(a, set1<T>(T(0.75)));
        const Vec<T> logarithm = log1p(select(near, neg(tanh_a * tanh_a), half * decay));
        value = select(near, neg(half) * logarithm, a + logarithm);
        deriv = select(lt(r, zero<T>()), neg(tanh_a), tanh_a);
    }

    template <class T>
    static FASTGD_INLINE Vec<T> second(Vec<T> y, Vec<T> raw, T) {
        // 1 - tanh^2 would cancel.
        const Vec<T> t = exp_nonpositive(set1<T>(T(-2)) * abs(raw - y));
        const Vec<T> cosh = set1<T>(T(1)) + t;
        return set1<T>(T(4)) * t / (cosh * cosh);
    }
};

}  // namespace
}  // namespace fastgd
