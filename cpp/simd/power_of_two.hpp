#pragma once

// For instruction sets that cannot scale by a power of two in one operation.

#include "simd/vec.hpp"

namespace fastgd {
namespace {

// a 2^n, rounded once, for integral n and normal a near 1. Two normal factors reach what one cannot; the first product
// is exact, so a denormal result is as right as a normal one.
template <class T, int kMantissaBits>
FASTGD_INLINE Vec<T> times_power_of_two_in_halves(Vec<T> a, Vec<T> n, T twice_bias) {
    // Adding 1.5 * 2^mantissa leaves an integer in the low bits; the rest is shifted out.
    const T shift = T(1.5) * static_cast<T>(LaneInt<T>(1) << kMantissaBits);
    const IVec<T> exponent = as_int(n + set1<T>(shift + twice_bias));
    const IVec<T> half = shift_right<1>(exponent);
    return a * as_float(shift_left<kMantissaBits>(half)) * as_float(shift_left<kMantissaBits>(exponent - half));
}

FASTGD_INLINE Vec<float> times_power_of_two(Vec<float> a, Vec<float> n) {
    return times_power_of_two_in_halves<float, 23>(a, n, 2 * 127);
}
FASTGD_INLINE Vec<double> times_power_of_two(Vec<double> a, Vec<double> n) {
    return times_power_of_two_in_halves<double, 52>(a, n, 2 * 1023);
}

}  // namespace
}  // namespace fastgd
