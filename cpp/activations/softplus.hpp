#pragma once

#include "activations/activation.hpp"

namespace fastgd {
namespace {

// log(1 + exp(z))
struct Softplus {
    static constexpr ActivationInfo kInfo{"softplus", Start::he};

    template <class T>
    static FASTGD_INLINE void eval(Vec<T> z, Vec<T>& value, Vec<T>& slope) {
        value = softplus(z);
        slope = sigmoid(z);
    }
};

}  // namespace
}  // namespace fastgd
