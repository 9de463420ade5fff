#pragma once

// What the loss files share. A loss sees (y, raw) and never X; its lanes are rows.
//
// Scalar losses (regression, binary):
//   eval<T>(y, raw, param, value, deriv): one score a lane; binary y is -1 or +1.
//   second<T>(y, raw, param): the second derivative; on a jump of it, its value on either side.
// Multi-class losses:
//   eval<T>(scores, y, param, value): y holds class indices; see Scores below.
//   hessian_product<T>(scores, y, param): the Hessian in the scores times a direction; see DirectedScores below.
// A loss of curvature 0 is piecewise linear and has no second derivative to write.

#include <cstddef>

#include "fastgd/loss_info.hpp"
#include "simd/math.hpp"
#include "simd/vec.hpp"

namespace fastgd {
namespace {

constexpr double kInfinity = __builtin_huge_val();

// -1 where x < 0, +1 where x > 0, 0 at 0.
template <class T>
FASTGD_INLINE Vec<T> sign(Vec<T> x) {
    const Vec<T> o = zero<T>();
    return select(lt(o, x), set1<T>(T(1)), select(lt(x, o), set1<T>(T(-1)), o));
}

template <class T>
FASTGD_INLINE Vec<T> positive_part(Vec<T> x) {
    return max(x, zero<T>());
}

// y exp(x), also where exp(x) alone overflows or vanishes.
template <class T>
FASTGD_INLINE Vec<T> scaled_exp(Vec<T> y, Vec<T> x) {
    const Vec<T> root = exp(set1<T>(T(0.5)) * x);
    // Blended, because 0 * inf would be NaN.
    return select(eq(y, zero<T>()), zero<T>(), y * root * root);
}

// The scores of as many rows as `lanes` says: those of class k are one vector, `stride` elements after class k - 1.
// The derivatives' memory serves as scratch until set_deriv has written it.
template <class T, class Lanes>
struct Scores {
    const T* raw_scores;
    T* derivs;
    std::ptrdiff_t stride;
    int n_classes;
    Lanes lanes;
    Mask<T> present;
    Vec<T> factor;

    FASTGD_INLINE Vec<T> raw(int k) const { return lanes.load(raw_scores + k * stride); }
    FASTGD_INLINE Vec<T> scratch(int k) const { return lanes.load(derivs + k * stride); }
    FASTGD_INLINE void set_scratch(int k, Vec<T> v) const { lanes.store(derivs + k * stride, v); }
    // A row of weight 0 is absent: blended, because 0 * inf would be NaN.
    FASTGD_INLINE void set_deriv(int k, Vec<T> v) const {
        lanes.store(derivs + k * stride, select(present, v * factor, zero<T>()));
    }
};

// The same with a direction u, a number a score, and the product with it in the derivatives' place.
template <class T, class Lanes>
struct DirectedScores : Scores<T, Lanes> {
    const T* directions;

    FASTGD_INLINE Vec<T> direction(int k) const { return this->lanes.load(directions + k * this->stride); }
};

template <class T, class S>
FASTGD_INLINE Vec<T> own_score(const S& scores, Vec<T> y) {
    Vec<T> own = zero<T>();
    for (int k = 0; k < scores.n_classes; ++k) own = select(eq(y, set1<T>(T(k))), scores.raw(k), own);
    return own;
}

}  // namespace
}  // namespace fastgd
