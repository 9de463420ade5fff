#pragma once

#include "losses/loss.hpp"

namespace fastgd {
namespace {

// max(0, -m), m = y raw; a row on the boundary counts as wrong, or nothing could be learnt from zero
struct Perceptron {
    static constexpr LossInfo kInfo{"perceptron", LossKind::binary, 0.0};

    template <class T>
    static FASTGD_INLINE void eval(Vec<T> y, Vec<T> raw, T, Vec<T>& value, Vec<T>& deriv) {
        const Vec<T> m = y * raw;
        value = positive_part(neg(m));
        deriv = select(le(m, zero<T>()), neg(y), zero<T>());
    }
};

}  // namespace
}  // namespace fastgd
