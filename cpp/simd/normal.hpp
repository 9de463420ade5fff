#pragma once

// The standard normal distribution over the virtual vector. With x = |z| / sqrt(2) its lower tail is
//   Phi(-|z|) = exp(-x^2) q(x) / (2 + 4 x),   q(x) = (1 + 2 x) exp(x^2) erfc(x),
// and q varies between 1 and 1.2 only, so that a polynomial in t = (x - k) / (x + k) gives it to the last bits over the
// whole range in which exp(-x^2) is not 0: M. M. Shepherd and J. G. Laframboise, "Chebyshev approximation of
// (1 + 2x) exp(x^2) erfc x in 0 <= x < infinity", Mathematics of Computation 36, 1981. The coefficients here are
// interpolations at Chebyshev nodes in 50 digits, with relative errors of 2^-30 (float, k = 3) and 2^-58 (double,
// k = 3.75). Below |z| = 1, where an error of q would count most, Phi(-|z|) is 1/2 less Taylor's series of the rest,
// |z| p(z^2). Errors in ulp at most, float | double: the lower tail 3.9 | 3.9, the density 3.5 | 2.5.

#include "simd/math.hpp"
#include "simd/vec.hpp"

namespace fastgd {
namespace {

template <class T>
struct TailPolynomial;

template <>
struct TailPolynomial<float> {
    static constexpr float kCenter = 3.0F;
    static constexpr int kDegree = 13;
    static constexpr float kNear[] = {0.398942292F,   -0.066490382F,    0.00997355673F,  -0.00118732825F,
                                      0.00011543469F, -9.44465592e-06F, 6.65969367e-07F, -4.12266736e-08F};
    static constexpr float kCoef[kDegree + 1] = {1.253008F,     -0.13562112F,    -0.04756238F,   0.12964539F,
                                                 -0.11927173F,  0.06830605F,     -0.023787022F,  0.0025299483F,
                                                 0.0019488629F, -0.00074280164F, -0.0001826748F, 3.5634515e-05F};
};

template <>
struct TailPolynomial<double> {
    static constexpr double kCenter = 3.75;
    static constexpr int kDegree = 25;
    static constexpr double kNear[] = {0x1.9884533d43651p-2,   -0x1.1058377e2cee0p-4,  0x1.46d04297691dap-7,
                                       -0x1.37403f6ba1100p-10, 0x1.e42b0d5216fc8p-14,  -0x1.3ce8fac15e2c4p-17,
                                       0x1.658a2177b2739p-21,  -0x1.62226a4aabe03p-25, 0x1.3878b823c4d4ep-29,
                                       -0x1.f107e1883d947p-34, 0x1.67c1700ad73d2p-38,  -0x1.ddc738b863ab4p-43,
                                       0x1.25098c9a0d57fp-47,  -0x1.4df215a78901cp-52};
    static constexpr double kCoef[kDegree + 1] = {
        0x1.3ccda0b5d5dc2p+0,  -0x1.1f367683f89a7p-3,  0x1.d5f29481596c2p-9,   0x1.510169d096820p-4,
        -0x1.bda9309a27bdap-4, 0x1.7a14188a99c7cp-4,   -0x1.e0d0fa6e28960p-5,  0x1.d0b0037da7358p-6,
        -0x1.3f603c2bbee97p-7, 0x1.cc3a0e50fcd7fp-10,  0x1.33fb1d1502b40p-12,  -0x1.303fa4af46391p-12,
        0x1.b14551a4cafb2p-15, 0x1.778caaee21353p-16,  -0x1.80143d25934a5p-17, -0x1.05b171a5364f7p-20,
        0x1.d752841b89653p-20, -0x1.ce179013f6883p-25, -0x1.1a8b11af503efp-22, 0x1.39c750a393018p-26,
        0x1.5f6cf4be694c6p-25, 0x1.a54d5bc370666p-33,  -0x1.5b6445fecfd7cp-28, -0x1.10b7474af9eb2p-30};
};

// What of the distribution lies below z, and its density there.
template <class T>
struct Normal {
    Vec<T> below;
    Vec<T> density;
};

template <class T>
FASTGD_INLINE Normal<T> standard_normal(Vec<T> z) {
    using P = TailPolynomial<T>;
    const Vec<T> one = set1<T>(T(1));
    const Vec<T> half = set1<T>(T(0.5));
    // exp(-z^2 / 2): the square's rounding error would count as many times as the square is large.
    const Vec<T> square = z * z;
    const Vec<T> lost = fma(z, z, neg(square));
    const Vec<T> exponential = exp_nonpositive(neg(half * square), neg(half * lost));
    const Vec<T> size = abs(z);
    const Vec<T> center = set1<T>(static_cast<T>(P::kCenter * 1.41421356237309504880));
    const Vec<T> t = (size - center) / (size + center);
    const Vec<T> t2 = t * t;
    const Vec<T> t4 = t2 * t2;
    // The last two steps one after the other: what is rounded before them counts little.
    const T* c = P::kCoef;
    Vec<T> rest = zero<T>();
    for (int at = P::kDegree - 3; at >= 2; at -= 4) {
        const Vec<T> low = fma(set1<T>(c[at + 1]), t, set1<T>(c[at]));
        const Vec<T> high = fma(set1<T>(c[at + 3]), t, set1<T>(c[at + 2]));
        rest = fma(rest, t4, fma(high, t2, low));
    }
    const Vec<T> slope = fma(rest, t, set1<T>(c[1]));
    const Vec<T> q = fma(slope, t, set1<T>(c[0]));
    const Vec<T> four_roots = set1<T>(static_cast<T>(2.82842712474619009760));
    const Vec<T> below = fma(four_roots, size, set1<T>(T(2)));
    const Vec<T> ratio = q / below;
    // What rounding took from the ratio, times `below`; 1 / below is near the ratio, as q is near 1.
    const Vec<T> lost_of_q = fma(slope, t, set1<T>(c[0]) - q);
    const Vec<T> lost_of_below = fma(four_roots, size, set1<T>(T(2)) - below);
    const Vec<T> lost_of_ratio = fnma(ratio, lost_of_below, fnma(ratio, below, q) + lost_of_q);
    const Vec<T> product = exponential * ratio;
    const Vec<T> lost_of_product = fma(exponential, ratio, neg(product));
    const Vec<T> tail = product + fma(exponential, lost_of_ratio * ratio, lost_of_product);
    Vec<T> p = zero<T>();
    for (int at = sizeof P::kNear / sizeof(T) - 1; at >= 0; --at) p = fma(p, square, set1<T>(P::kNear[at]));
    // |z| is infinite where t is none; NaN stays.
    const Vec<T> far = select(eq(exponential, zero<T>()), zero<T>(), tail);
    const Vec<T> lower = select(lt(size, one), fnma(size, p, half), far);
    return {select(lt(zero<T>(), z), one - lower, lower),
            exponential * set1<T>(static_cast<T>(0.39894228040143267794))};
}

}  // namespace
}  // namespace fastgd
