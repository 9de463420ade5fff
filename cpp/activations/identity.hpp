#pragma once

#include "activations/activation.hpp"

namespace fastgd {
namespace {

// z
struct Identity {
    static constexpr ActivationInfo kInfo{"identity", Start::glorot};

    template <class T>
    static FASTGD_INLINE void eval(Vec<T> z, Vec<T>& value, Vec<T>& slope) {
        value = z;
        slope = set1<T>(T(1));
    }
};

}  // namespace
}  // namespace fastgd
