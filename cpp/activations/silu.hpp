#pragma once

#include "activations/activation.hpp"

namespace fastgd {
namespace {

// z / (1 + exp(-z)): Elfwing, Uchibe and Doya 2018
struct Silu {
    static constexpr ActivationInfo kInfo{"silu", Start::he};

    template <class T>
    static FASTGD_INLINE void eval(Vec<T> z, Vec<T>& value, Vec<T>& slope) {
        const Vec<T> one = set1<T>(T(1));
        const Vec<T> s = sigmoid(z);
        value = z * s;
        slope = s * fma(z, one - s, one);
    }
};

}  // namespace
}  // namespace fastgd
