#pragma once

#include "losses/loss.hpp"

namespace fastgd {
namespace {

// log cosh(raw - y), written as |r| + log((1 + exp(-2 |r|)) / 2) so that nothing overflows
struct LogCosh {
    static constexpr LossInfo kInfo{"log_cosh", LossKind::regression, 1.0};

    template <class T>
    static FASTGD_INLINE void eval(Vec<T> y, Vec<T> raw, T, Vec<T>& value, Vec<T>& deriv) {
        const Vec<T> r = raw - y;
        const Vec<T> a = abs(r);
        value = a + log1p(set1<T>(T(0.5)) * expm1(set1<T>(T(-2)) * a));
        deriv = tanh(r);
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
