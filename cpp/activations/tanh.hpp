#pragma once

#include "activations/activation.hpp"

namespace fastgd {
namespace {

// tanh(z)
struct Tanh {
    static constexpr ActivationInfo kInfo{"tanh", Start::glorot};

    template <class T>
    static FASTGD_INLINE void eval(Vec<T> z, Vec<T>& value, Vec<T>& slope) {
        value = tanh(z);
        slope = fnma(value, value, set1<T>(T(1)));
    }
};

}  // namespace
}  // namespace fastgd
