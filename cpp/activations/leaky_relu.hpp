#pragma once

#include "activations/activation.hpp"

namespace fastgd {
namespace {

// z above 0, z / 100 below, with the slope 1 / 100 at 0
struct LeakyRelu {
    static constexpr ActivationInfo kInfo{"leaky_relu", Start::he};

    template <class T>
    static FASTGD_INLINE void eval(Vec<T> z, Vec<T>& value, Vec<T>& slope) {
        const Vec<T> o = zero<T>();
        const Vec<T> leak = set1<T>(T(0.01));
        value = select(lt(z, o), leak * z, z);
        slope = select(lt(o, z), set1<T>(T(1)), leak);
    }
};

}  // namespace
}  // namespace fastgd
