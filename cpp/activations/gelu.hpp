#pragma once

#include "activations/activation.hpp"
#include "simd/normal.hpp"

namespace fastgd {
namespace {

// z Phi(z), Phi the standard normal distribution: Hendrycks and Gimpel 2016
struct Gelu {
    static constexpr ActivationInfo kInfo{"gelu", Start::he};

    template <class T>
    static FASTGD_INLINE void eval(Vec<T> z, Vec<T>& value, Vec<T>& slope) {
        const Normal<T> normal = standard_normal(z);
        value = z * normal.below;
        slope = fma(z, normal.density, normal.below);
    }
};

}  // namespace
}  // namespace fastgd
