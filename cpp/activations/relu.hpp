#pragma once

#include "activations/activation.hpp"

namespace fastgd {
namespace {

// max(0, z), with the slope 0 at 0
struct Relu {
    static constexpr ActivationInfo kInfo{"relu", Start::he};

    template <class T>
    static FASTGD_INLINE void eval(Vec<T> z, Vec<T>& value, Vec<T>& slope) {
        const Vec<T> o = zero<T>();
        value = select(lt(z, o), o, z);
        slope = select(lt(o, z), set1<T>(T(1)), o);
    }
};

}  // namespace
}  // namespace fastgd
