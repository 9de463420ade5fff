#pragma once

#include "losses/loss.hpp"

namespace fastgd {
namespace {

// Half the gamma deviance with log link, up to a constant in y: raw + y exp(-raw)
struct Gamma {
    static constexpr LossInfo kInfo{"gamma", LossKind::regression, kInfinity};

    template <class T>
    static FASTGD_INLINE void eval(Vec<T> y, Vec<T> raw, T, Vec<T>& value, Vec<T>& deriv) {
        const Vec<T> ratio = scaled_exp(y, neg(raw));
        value = raw + ratio;
        deriv = set1<T>(T(1)) - ratio;
    }

    template <class T>
    static FASTGD_INLINE Vec<T> second(Vec<T> y, Vec<T> raw, T) {
        return scaled_exp(y, neg(raw));
    }
};

}  // namespace
}  // namespace fastgd
