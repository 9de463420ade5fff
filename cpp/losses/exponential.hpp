#pragma once

#include "losses/loss.hpp"

namespace fastgd {
namespace {

// exp(-m), m = y raw: the loss of AdaBoost
struct Exponential {
    static constexpr LossInfo kInfo{"exponential", LossKind::binary, kInfinity};

    template <class T>
    static FASTGD_INLINE void eval(Vec<T> y, Vec<T> raw, T, Vec<T>& value, Vec<T>& deriv) {
        value = exp(neg(y * raw));
        deriv = neg(y) * value;
    }

    template <class T>
    static FASTGD_INLINE Vec<T> second(Vec<T> y, Vec<T> raw, T) {
        return exp(neg(y * raw));
    }
};

}  // namespace
}  // namespace fastgd
