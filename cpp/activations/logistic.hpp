#pragma once

#include "activations/activation.hpp"

namespace fastgd {
namespace {

// 1 / (1 + exp(-z))
struct Logistic {
    static constexpr ActivationInfo kInfo{"logistic", Start::glorot};

    template <class T>
    static FASTGD_INLINE void eval(Vec<T> z, Vec<T>& value, Vec<T>& slope) {
        value = sigmoid(z);
        slope = value * (set1<T>(T(1)) - value);
    }
};

}  // namespace
}  // namespace fastgd
