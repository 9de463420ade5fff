#pragma once

#include "losses/loss.hpp"

namespace fastgd {
namespace {

// (raw - y)^2 / 2
struct SquaredError {
    static constexpr LossInfo kInfo{"squared_error", LossKind::regression, 1.0};

    template <class T>
    static FASTGD_INLINE void eval(Vec<T> y, Vec<T> raw, T, Vec<T>& value, Vec<T>& deriv) {
        deriv = raw - y;
        value = set1<T>(T(0.5)) * deriv * deriv;
    }

    template <class T>
    static FASTGD_INLINE Vec<T> second(Vec<T>, Vec<T>, T) {
        return set1<T>(T(1));
    }
};

}  // namespace
}  // namespace fastgd
