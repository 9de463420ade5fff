#pragma once

#include "losses/loss.hpp"

namespace fastgd {
namespace {

// Half the Poisson deviance with log link, up to a constant in y: exp(raw) - y raw
struct Poisson {
    static constexpr LossInfo kInfo{"poisson", LossKind::regression, kInfinity};

    template <class T>
    static FASTGD_INLINE void eval(Vec<T> y, Vec<T> raw, T, Vec<T>& value, Vec<T>& deriv) {
        const Vec<T> mean = exp(raw);
        value = fnma(y, raw, mean);
        deriv = mean - y;
    }

    template <class T>
    static FASTGD_INLINE Vec<T> second(Vec<T>, Vec<T> raw, T) {
        return exp(raw);
    }
};

}  // namespace
}  // namespace fastgd
