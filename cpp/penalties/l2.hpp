#pragma once

#include "simd/vec.hpp"

namespace fastgd {
namespace {

// strength / 2 * ||w||^2, added to the gradient
struct L2 {
    template <class T>
    static FASTGD_INLINE Vec<T> gradient(Vec<T> w, Vec<T> g, Vec<T> strength) {
        return fma(strength, w, g);
    }
};

}  // namespace
}  // namespace fastgd
